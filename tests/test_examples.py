"""Each example and the benchmark program run briefly, in a process of their own."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import idx
import numpy as np
import pytest

import wengert as wg
from wengert import viz

ROOT = Path(__file__).resolve().parent.parent
TRAIN_NEEDS = ("PIL", "matplotlib", "sklearn", "tqdm")
can_train = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in TRAIN_NEEDS),
    reason=f"needs {', '.join(TRAIN_NEEDS)}",
)


def run(*arguments: object, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def train(*arguments: object) -> str:
    return run(ROOT / "examples/train_digits.py", *arguments)


def test_accuracy(output: str) -> float:
    return float(re.search(r"test accuracy ([\d.]+)%", output)[1])


test_accuracy.__test__ = False


def validation_loss(output: str) -> float:
    return float(re.search(r"^validation loss ([\d.]+)", output, re.MULTILINE)[1])


def test_three_variables_shows_values_and_gradients(tmp_path: Path) -> None:
    drawn = tmp_path / "graph.dot"
    out = run(ROOT / "examples/three_variables.py", "1.5", "-2", "0.5", "--draw", drawn)
    # f = (xy + z) x at (1.5, -2, 0.5): xy = -3, s = -2.5, f = -3.75
    assert re.search(r"f = -3\.75 +mul\(s, x\) +d/ds = 1\.5 +d/dx = -2\.5\n", out)
    assert re.search(r"df/dx +-5\.5 +-5\.5\n", out)
    assert re.search(r"df/dy +2\.25 +2\.25\n", out)
    assert re.search(r"df/dz +1\.5 +1\.5\n", out)
    assert drawn.read_text().count("->") == 6


def test_dynamic_graph_learns_and_agrees_with_finite_differences() -> None:
    out = run(ROOT / "examples/dynamic_graph.py", "--steps", 200)
    assert out.count("gradients agree with finite differences") == 2
    # A guess is right half the time.
    assert float(re.search(r"trees of depth 6: ([\d.]+)% right", out)[1]) > 90
    assert "sqrt(2) = 1.4142136" in out


@can_train
def test_train_digits_writes_its_files_and_a_resumed_run_ends_alike(tmp_path: Path) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    short = ("--model", "mlp", "--epochs", 4, "--threads", 1)
    out = train(*short, "--out", whole)
    assert test_accuracy(out) > 80
    for name in ("curve.png", "mistakes.png"):
        assert (whole / name).read_bytes().startswith(b"\x89PNG")

    train(*short, "--out", halves, "--stop-after", 2)
    train("--resume", halves / "checkpoint.safetensors", "--threads", 1, "--out", halves)
    expected = wg.load(whole / "model.safetensors")
    resumed = wg.load(halves / "model.safetensors")
    assert expected.keys() == resumed.keys()
    for name in expected:
        np.testing.assert_array_equal(expected[name].numpy(), resumed[name].numpy())


@can_train
@pytest.mark.parametrize("packed", [False, True])
def test_train_digits_reads_idx_files(tmp_path: Path, packed: bool) -> None:
    idx.write_digits(tmp_path, packed)
    out = train(
        "--model",
        "mlp",
        "--epochs",
        8,
        "--batch-size",
        32,
        "--data",
        tmp_path,
        "--threads",
        1,
        "--out",
        tmp_path / "out",
    )
    assert f"of {idx.TEST} wrong" in out
    assert test_accuracy(out) > 80


@can_train
def test_resnet_trains_and_writes_its_files(tmp_path: Path) -> None:
    small = ("--width", 4, "--epochs", 3, "--threads", 1, "--out", tmp_path)
    out = run(ROOT / "examples/resnet.py", *small)
    assert test_accuracy(out) > 15
    assert (tmp_path / "resnet.png").read_bytes().startswith(b"\x89PNG")
    assert "0.weight" in wg.load(tmp_path / "model.safetensors")


@can_train
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_char_lm_learns_and_writes(cell: str) -> None:
    small = ("--epochs", 3, "--width", 128, "--layers", 1, "--length", 200, "--threads", 1)
    out = run(ROOT / "examples/char_lm.py", "--cell", cell, *small)
    assert validation_loss(out) < 2.2
    assert len(out.split("\n", 3)[3].rsplit("\nvalidation loss", 1)[0]) == 200


@can_train
def test_gpt_learns_and_writes(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("".join(f"{k} and {k + 1} make {2 * k + 1}\n" for k in range(2000)))
    small = ("--width", 64, "--layers", 2, "--span", 64, "--length", 100, "--threads", 1)
    assert validation_loss(run(ROOT / "examples/gpt.py", *small, "--steps", 150)) < 2.5
    out = run(ROOT / "examples/gpt.py", *small, "--steps", 100, "--data", text)
    assert validation_loss(out) < 1.5
    assert " and " in out


@can_train
@pytest.mark.parametrize("attention", ["additive", "multiplicative"])
def test_seq2seq_translates_dates_it_has_not_seen(tmp_path: Path, attention: str) -> None:
    picture = tmp_path / "attention.png"
    small = ("--steps", 200, "--threads", 1, "--picture", picture)
    out = run(ROOT / "examples/seq2seq.py", "--attention", attention, *small)
    assert float(re.search(r"([\d.]+)% of 1000 unseen dates right", out)[1]) > 60
    assert float(re.search(r"last loss ([\d.]+)", out)[1]) < 0.3
    assert picture.read_bytes().startswith(b"\x89PNG")


@can_train
def test_vae_learns_and_draws(tmp_path: Path) -> None:
    out = run(ROOT / "examples/vae.py", "--epochs", 25, "--threads", 1, "--out", tmp_path)
    # The best description that ignores the image takes about 34 nats.
    assert float(re.search(r"test bound ([\d.]+) nats", out)[1]) < 31
    assert (tmp_path / "vae.png").read_bytes().startswith(b"\x89PNG")
    assert "encoder.0.weight" in wg.load(tmp_path / "model.safetensors")


@can_train
@pytest.mark.slow
@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_train_digits_reaches_its_accuracy(tmp_path: Path, model: str) -> None:
    assert test_accuracy(train("--model", model, "--out", tmp_path)) >= 98


@can_train
def test_tree_lstm_learns_negation_and_reads_bracketed_trees(tmp_path: Path) -> None:
    program = ROOT / "examples/tree_lstm.py"
    out = run(program, "--width", 32, "--lr", 0.01, "--threads", 1, "--out", tmp_path)
    # A word alone tells a third of the labels.
    assert test_accuracy(out) > 90
    assert float(re.search(r"the batch differ by (\S+)", out)[1]) < 1e-5
    assert (tmp_path / "tree.png").read_bytes().startswith(b"\x89PNG")

    trees = "(4 (3 Good) (4 (2 and) (4 new)))\n(0 (2 not) (3 Good))\n"
    for name in ("train.txt", "test.txt"):
        (tmp_path / name).write_text(20 * trees)
    small = ("--width", 16, "--lr", 0.02, "--batch-size", 4, "--dropout", 0)
    out = run(program, *small, "--data", tmp_path, "--out", tmp_path)
    assert test_accuracy(out) == 100
    assert "4 (labelled 4)  good and new" in out


@can_train
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_tagger_learns_from_endings_and_reads_conllu(tmp_path: Path, suffix: str) -> None:
    small = ("--width", 16, "--batch-size", 8, "--lr", 0.02, "--threads", 1, "--out", tmp_path)
    program = ROOT / "examples/tagger.py"
    if not suffix:
        out = run(program, *small, "--epochs", 1)
        # The ending of an invented word is all that can be known of it.
        assert float(re.search(r"not seen in training ([\d.]+)%", out)[1]) > 90
        assert (tmp_path / "tags.png").read_bytes().startswith(b"\x89PNG")

    rows = ["1\tShe\tshe\tPRON", "2-3\tdidn't\t_\t_", "2\tdid\tdo\tAUX", "3\tn't\tnot\tPART"]
    sentence = "\n".join(["# text = She didn't", *rows, "3.1\tgo\tgo\tVERB", "4\tgo\tgo\tVERB"])
    text = f"{sentence}\n\n" * 40
    packed = gzip.compress(text.encode()) if suffix else text.encode()
    for split in ("train", "test"):
        (tmp_path / f"en-ud-{split}.conllu{suffix}").write_bytes(packed)
    out = run(program, *small, "--data", tmp_path, "--epochs", 8)
    assert test_accuracy(out) == 100
    assert "She/PRON did/AUX n't/PART go/VERB\n" in out


@can_train
def test_reinforce_learns_to_keep_the_pole_up(tmp_path: Path) -> None:
    short = ("--updates", 40, "--episodes", 16, "--threads", 1, "--out", tmp_path)
    out = run(ROOT / "examples/reinforce.py", *short)
    first, last = map(float, re.search(r"return (\d+) at first, ([\d.]+) of 500", out).groups())
    assert last > max(100, 3 * first)
    assert (tmp_path / "return.png").read_bytes().startswith(b"\x89PNG")


@can_train
def test_transfer_learns_new_classes_and_keeps_the_old(tmp_path: Path) -> None:
    short = ("--steps", 60, "--new-steps", 60, "--shots", 2, 10, "--threads", 1, "--out", tmp_path)
    out = run(ROOT / "examples/transfer.py", *short)
    # A guess is right a fifth of the time.
    assert test_accuracy(out) > 60
    before, after = re.search(r"0 to 4: ([\d.]+)%[^$]+still ([\d.]+)%", out).groups()
    assert before == after
    assert float(after) > 80
    assert (tmp_path / "transfer.png").read_bytes().startswith(b"\x89PNG")


@can_train
def test_hessian_agrees_with_scipy(tmp_path: Path) -> None:
    out = run(ROOT / "examples/hessian.py", "--descent", 50, "--out", tmp_path)
    assert re.search(r"Rosenbrock: \[1\.0, 1\.0\] after \d+ Newton steps", out)
    gaps = [float(gap) for gap in re.findall(r"differs? .*by (\S+)\n", out)]
    assert len(gaps) == 3
    assert max(gaps) < 1e-7
    ours, found = re.findall(r"(?:loss|finds) ([\d.]+)", out)
    assert abs(float(ours) - float(found)) < 1e-11
    assert (tmp_path / "hessian.png").read_bytes().startswith(b"\x89PNG")


@can_train
@pytest.mark.parametrize("method", ["adjoint", "direct"])
def test_neural_ode_learns_by_two_gradients_that_agree(tmp_path: Path, method: str) -> None:
    short = ("--method", method, "--iterations", 200, "--threads", 1, "--out", tmp_path)
    out = run(ROOT / "examples/neural_ode.py", *short)
    gaps = [float(gap) for gap in re.findall(r"the gradients differ by (\S+)\n", out)]
    assert gaps[-1] < 1e-8
    # Of fourth order: half the step, a sixteenth of the error.
    assert all(10 < large / small < 25 for large, small in pairwise(gaps))
    # That of the network as it begins is 3.8.
    assert float(re.search(r"error of the path ([\d.]+)", out)[1]) < 1.5
    assert (tmp_path / "spiral.png").read_bytes().startswith(b"\x89PNG")


def test_viz_shows_a_graph() -> None:
    x = wg.tensor(2.0, requires_grad=True)
    y = x * x * 3.0
    root, square = viz.graph(y, {"x": x})[-1], viz.graph(y, {"x": x})[-2]
    assert (root.op, square.op) == ("mul", "mul")
    assert root.value.item() == 12
    assert [i.derivative for i in root.inputs if i.node] == [3]
    assert [(i.node.name, i.derivative) for i in square.inputs] == [("x", 2), ("x", 2)]
    assert [n.name for n in viz.graph(x, {"x": x})] == ["x"]


def test_viz_leaves_out_what_is_no_scalar_or_was_released() -> None:
    w = wg.ones((2, 3), requires_grad=True)
    y = (w * 2.0).sum()
    assert all(i.derivative is None for node in viz.graph(y) for i in node.inputs)
    assert "float32 (2, 3)" in viz.text(y, {"w": w})

    x = wg.tensor(2.0, requires_grad=True)
    z = x * x
    z.backward()
    node = viz.graph(z, {"x": x})[-1]
    assert [(i.node.name, i.derivative) for i in node.inputs] == [("x", None), ("x", None)]


def test_viz_walks_deep_graphs() -> None:
    x = wg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(20000):
        y = y + x
    assert len(viz.graph(y)) == 20001


def test_viz_draws_and_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = wg.tensor(2.0, requires_grad=True)
    y = x * x
    viz.draw(y, tmp_path / "graph.txt", {"x": x})
    assert (tmp_path / "graph.txt").read_text() == viz.text(y, {"x": x})
    with pytest.raises(ValueError, match="suffix"):
        viz.draw(y, tmp_path / "graph")
    with pytest.raises(ValueError, match="does not require a gradient"):
        viz.text(x.detach())
    if shutil.which("dot"):
        viz.draw(y, tmp_path / "graph.svg", {"x": x})
        assert "<svg" in (tmp_path / "graph.svg").read_text()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="Graphviz"):
        viz.draw(y, tmp_path / "graph.svg")


@pytest.mark.slow
def test_benchmarks_report_every_peer_that_is_installed(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    out = run(
        "-m",
        "benchmarks",
        "--quick",
        "--cases",
        "add_4x4,three*,gemm_f32_64",
        "--peers",
        "wengert,numpy",
        "--json",
        path,
    )
    assert re.search(r"\| add_4x4 +\|.* ns", out)
    seconds = json.loads(path.read_text())["seconds"]
    assert seconds.keys() == {"add_4x4", "three_variables", "gemm_f32_64"}
    assert set(seconds["gemm_f32_64"]) == {"wengert", "numpy"}
    assert set(seconds["three_variables"]) == {"wengert"}
    for peers in seconds.values():
        for times in peers.values():
            assert 0 < times["min"] <= times["median"] < 1
