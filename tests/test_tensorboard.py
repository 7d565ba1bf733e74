"""What SummaryWriter writes, read back by TensorBoard's own reader and compared with PyTorch's."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wengert as wg
from wengert import nn

pytest.importorskip("tensorboard")
image_module = pytest.importorskip("PIL.Image")

from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader  # noqa: E402

from wengert.utils.tensorboard import SummaryWriter  # noqa: E402

RNG = np.random.default_rng(0)
IMAGE = RNG.random((3, 5, 7)).astype(np.float32)
BATCH = (RNG.random((5, 3, 4, 6)) * 255).astype(np.uint8)
VALUES = RNG.standard_normal(500)
GUESSES = RNG.permutation(100) / 100


def events(folder: Path) -> dict[str, list[Any]]:
    """The events of a folder and those inside it, but for the header of each file."""
    found: dict[str, list[Any]] = {}
    for path in sorted(folder.rglob("events.out.tfevents.*")):
        listed = found.setdefault(str(path.parent.relative_to(folder)), [])
        listed += [
            e for e in LegacyEventFileLoader(str(path)).Load() if not e.HasField("file_version")
        ]
    return found


def write_all(writer: Any, library: Any) -> None:
    """Everything that both libraries write in the same way."""
    t = library.from_numpy
    writer.add_scalar("loss/train", 0.25, 3)
    writer.add_scalar("loss/tensor", library.tensor([1.5]), 4, walltime=12.5)
    writer.add_scalar("new", 2, 1, new_style=True)
    writer.add_scalar("double", 0.1, 1, double_precision=True)
    writer.add_scalar("new double", 0.1, 1, new_style=True, double_precision=True)
    writer.add_scalars("both/ways", {"a": 1.0, "b": library.tensor(2.0)}, 7)
    writer.add_histogram("normal", t(VALUES), 1)
    writer.add_histogram("integers", np.arange(10), 2)
    writer.add_histogram("bins", VALUES, 2, bins="auto")
    writer.add_histogram("ten", VALUES, 2, bins=10)
    writer.add_histogram("ones", np.ones(4), 2)
    writer.add_histogram_raw("raw", 0.0, 1.0, 3, 2.0, 1.5, [0.5, 1.0], [1, 2], 3)
    writer.add_image("chw", t(IMAGE), 1)
    writer.add_image("hwc", IMAGE.transpose(1, 2, 0), 1, dataformats="HWC")
    writer.add_image("hw", t(IMAGE[0].copy()), 1, dataformats="HW")
    writer.add_image("gray", t(IMAGE[:1].copy()), 1)
    writer.add_images("nchw", t(BATCH), 1)
    writer.add_images("nhwc", np.ascontiguousarray(BATCH.transpose(0, 2, 3, 1)), 1, None, "NHWC")
    writer.add_text("note", "*hello*", 5)
    labels, guesses = np.arange(100) % 2, GUESSES
    writer.add_pr_curve("pr", labels, guesses, 1)
    writer.add_pr_curve("weighted", labels, guesses, 1, num_thresholds=10, weights=guesses)
    ten = [library.tensor([float(i), 1.0, 2.0]) for i in range(6)]
    writer.add_pr_curve_raw("pr_raw", *ten, global_step=2, num_thresholds=3)
    writer.add_audio("sound", t(np.sin(np.arange(50)).astype(np.float32)), 1, sample_rate=8000)
    writer.add_hparams(
        {"lr": 0.1, "kind": "adam", "warm": True, "n": 3, "none": None},
        {"accuracy": 0.9, "loss": library.tensor(0.1)},
        {"kind": ["adam", "sgd"]},
        run_name="run",
        global_step=2,
    )


def test_numbers_are_read_back(tmp_path):
    with SummaryWriter(tmp_path, filename_suffix=".test") as writer:
        for step in range(5):
            writer.add_scalar("loss", wg.tensor(1.0 / (step + 1)), step)
        assert writer.get_logdir() == str(tmp_path)
    assert all(p.name.endswith(".test") for p in tmp_path.iterdir())
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(tmp_path))
    reader.Reload()
    seen = [(e.step, e.value) for e in reader.Scalars("loss")]
    assert seen == [(i, pytest.approx(1 / (i + 1))) for i in range(5)]


def described(event: Any) -> Any:
    """An event without its time; images as pixels, for encoders may differ."""
    values = []
    for value in event.summary.value:
        if value.HasField("image"):
            png = value.image.encoded_image_string
            pixels = np.asarray(image_module.open(io.BytesIO(png))).tolist()
            value.image.encoded_image_string = b""
            values.append((str(value), pixels))
        else:
            values.append((str(value), None))
    return event.step, values


@pytest.mark.torch
def test_events_are_those_of_pytorch(tmp_path):
    import torch
    from torch.utils.tensorboard import SummaryWriter as Theirs

    for library, kind, name in ((torch, Theirs, "theirs"), (wg, SummaryWriter, "ours")):
        writer = kind(str(tmp_path / name))
        write_all(writer, library)
        writer.close()
    ours, theirs = events(tmp_path / "ours"), events(tmp_path / "theirs")
    assert sorted(ours) == sorted(theirs)
    for folder, listed in theirs.items():
        assert len(ours[folder]) == len(listed)
        for a, b in zip(ours[folder], listed):
            assert described(a) == described(b)
    assert ours["."][1].wall_time == 12.5


def test_figures_become_images(tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    with SummaryWriter(tmp_path) as writer:
        figures = [pyplot.figure(figsize=(2, 1), dpi=50) for _ in range(2)]
        writer.add_figure("one", figures[0], 1, close=False)
        writer.add_figure("two", figures, 2)
    assert not pyplot.get_fignums()
    one, two = (e.summary.value[0].image for e in events(tmp_path)["."])
    assert (one.width, one.height, two.width, two.height) == (100, 50, 200, 50)


def test_a_graph_shows_operations_and_parameters(tmp_path):
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, wg.randn(5, 3))
        with pytest.raises(ValueError, match="input"):
            writer.add_graph(model)
        with pytest.raises(RuntimeError, match="recorded no operation"):
            writer.add_graph(nn.Identity(), wg.ones(2, dtype=wg.int64))
    (event,) = events(tmp_path)["."]
    nodes = {n.name: n for n in GraphDef.FromString(event.graph_def).node}
    assert {"0/weight", "0/bias", "2/weight", "2/bias", "input_0", "output_0"} <= set(nodes)
    assert all(i in nodes for n in nodes.values() for i in n.input)
    last = nodes[nodes["output_0"].input[0]]
    assert {"2/weight", "2/bias"} <= set(last.input)


def test_embeddings_are_files_for_the_projector(tmp_path):
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    points = wg.randn(5, 3)
    with SummaryWriter(tmp_path) as writer:
        writer.add_embedding(points, list("abcde"), wg.rand(5, 3, 4, 6), 2, "first/one")
        writer.add_embedding(points, [[1, "x"]] * 5, metadata_header=["n", "c"])
        with pytest.raises(AssertionError):
            writer.add_embedding(points, ["too few"])
    config = ProjectorConfig()
    text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), config)
    first, second = config.embeddings
    assert first.tensor_name == "first/one:00002"
    assert np.loadtxt(tmp_path / first.tensor_path) == pytest.approx(points.numpy())
    assert (tmp_path / first.metadata_path).read_text().split() == list("abcde")
    assert image_module.open(tmp_path / first.sprite.image_path).size == (18, 12)
    assert (tmp_path / second.metadata_path).read_text().splitlines()[0] == "n\tc"


def test_purge_and_reopening(tmp_path):
    writer = SummaryWriter(tmp_path, purge_step=3)
    writer.add_scalar("a", 1.0, 3)
    writer.close()
    writer.add_scalar("a", 2.0, 4)
    writer.flush()
    writer.close()
    listed = events(tmp_path)["."]
    assert [e.session_log.status for e in listed if e.HasField("session_log")] == [1]
    assert [e.step for e in listed if e.HasField("summary")] == [3, 4]


def test_wrong_use_is_an_error(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(AssertionError, match="one number"):
            writer.add_scalar("a", wg.ones(2))
        with pytest.raises(TypeError, match="str"):
            writer.add_scalar("a", "text")
        with pytest.raises(ValueError, match="no element"):
            writer.add_histogram("a", wg.ones(0))
        with pytest.raises(AssertionError, match="CHW"):
            writer.add_image("a", wg.ones(3, 3))
        with pytest.raises(AssertionError):
            writer.add_image("a", wg.ones(3, 3), dataformats="XY")
        with pytest.raises(TypeError, match="dict"):
            writer.add_hparams([], {})
        with pytest.raises(ValueError, match="list"):
            writer.add_hparams({"a": [1]}, {})
    assert "." not in events(tmp_path) or not events(tmp_path)["."]
