"""Exported models give in ONNX Runtime what they give here, for other sizes too."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx_rows
import pytest
from onnx_rows import LAYERS, N

import wengert as wg
from wengert import nn
from wengert.nn import functional as F
from wengert.utils._pytree import tree_flatten

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")

ROWS = {**LAYERS, **onnx_rows.FUNCTIONS, **onnx_rows.MODELS}


def tensors_of(tree: Any) -> list[wg.Tensor]:
    return [leaf for leaf in tree_flatten(tree)[0] if isinstance(leaf, wg.Tensor)]


def session(program: Any) -> Any:
    onnx.checker.check_model(program.model_proto, full_check=True)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return ort.InferenceSession(
        program.model_proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(session: Any, args: Any) -> list[np.ndarray]:
    names = [i.name for i in session.get_inputs()]
    # An input that no result depends on is still one of the model.
    return session.run(None, dict(zip(names, (t.numpy() for t in tensors_of(args)), strict=True)))


def compare(
    session: Any, model: Callable, args: tuple, rtol: float = 1e-4, atol: float = 1e-5
) -> None:
    copies = [a.clone() if isinstance(a, wg.Tensor) else a for a in args]
    with wg.no_grad():
        want = tensors_of(model(*copies))
    got = run(session, args)
    assert len(got) == len(want)
    for g, w in zip(got, want):
        assert g.dtype == w.numpy().dtype
        np.testing.assert_allclose(g, w.numpy(), rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", ROWS)
def test_results_are_those_of_eager_mode(name: str):
    row = ROWS[name]
    wg.manual_seed(0)
    model = row.make()
    if isinstance(model, nn.Module):
        model.eval()
    args = row.arguments(2, 5)
    s = session(wg.onnx.export(model, args, dynamic_shapes=row.axes, **row.options))
    for sizes in ((2, 5), (5, 4), (3, 7), (1, 5)):
        if name == "puts_by_mask" and sizes[0] == 1:
            continue  # it names two rows
        if sizes[0] == 1 and name in ("parts", "indexing", "products", "moments"):
            continue  # they name two rows, or divide by none
        compare(s, model, row.arguments(*sizes), row.rtol, row.atol)


def test_static_shapes_are_those_of_the_examples():
    x = wg.randn(2, 3)
    program = wg.onnx.export(nn.Linear(3, 4), (x,))
    (given,), (made,) = program.model_proto.graph.input, program.model_proto.graph.output
    assert [d.dim_value for d in given.type.tensor_type.shape.dim] == [2, 3]
    assert [d.dim_value for d in made.type.tensor_type.shape.dim] == [2, 4]
    assert not [n for n in program.model_proto.graph.node if n.op_type == "Shape"]


# ---- arguments and names -----------------------------------------------------------------------


def test_weights_have_the_names_and_values_of_the_state_dict():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), onnx_rows.trained(nn.BatchNorm2d(4)), nn.Flatten()
    ).eval()
    program = wg.onnx.export(model, wg.randn(1, 3, 4, 4))
    held = {t.name: onnx.numpy_helper.to_array(t) for t in program.model_proto.graph.initializer}
    state = model.state_dict()
    state.pop("1.num_batches_tracked")
    for name, value in state.items():
        assert np.array_equal(held[name], value.numpy())


def test_tied_weights_are_written_once():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.head = nn.Embedding(9, 4), nn.Linear(4, 9, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, x: wg.Tensor) -> wg.Tensor:
            return self.head(self.embed(x))

    program = wg.onnx.export(Tied(), wg.tensor([[1, 2]]))
    assert "embed.weight" in [t.name for t in program.model_proto.graph.initializer]
    assert "head.weight" not in [t.name for t in program.model_proto.graph.initializer]


class Several(nn.Module):
    """Arguments and results in structures, and numbers beside them."""

    def forward(self, x: wg.Tensor, pair: Any, scale: float = 2.0, *, bias: Any = None) -> Any:
        first, second = pair
        return {"sum": x + first, "rest": [second * scale, x if bias is None else x + bias, 3]}


def several(n: int = 2) -> tuple:
    return wg.randn(n, 3), (wg.randn(n, 3), wg.randn(n, 3)), 3.0


def names_of(values: Any) -> list[str]:
    return [v.name for v in values]


def test_inputs_and_outputs_have_names():
    graph = wg.onnx.export(Several(), several(), kwargs={"bias": wg.ones(3)}).model_proto.graph
    assert names_of(graph.input) == ["x", "pair_0", "pair_1", "bias"]
    assert names_of(graph.output) == ["output_0", "output_1", "output_2"]
    graph = wg.onnx.export(
        Several(), several(), input_names=["a", "mul"], output_names=["add"]
    ).model_proto.graph
    assert names_of(graph.input) == ["a", "mul", "pair_1"]
    assert names_of(graph.output) == ["add", "output_1", "output_2"]


@pytest.mark.parametrize(
    "dynamic",
    [
        {"dynamic_axes": {"x": {0: "n"}, "pair_0": {0: "n"}, "pair_1": {0: "n"}}},
        {"dynamic_axes": {"x": [0], "pair_0": [0], "pair_1": [0]}},
        {"dynamic_shapes": {"x": {0: "n"}, "pair": ({0: "n"}, {0: "n"})}},
        {"dynamic_shapes": ({0: "n"}, ("n", None), {-2: "n"})},
    ],
)
def test_ways_to_say_which_axes_are_dynamic(dynamic: Any):
    program = wg.onnx.export(Several(), several(), **dynamic)
    for n in (1, 2, 5):
        compare(session(program), Several(), several(n))
    names = [v.type.tensor_type.shape.dim[0].dim_param for v in program.model_proto.graph.output]
    assert len(set(names)) == 1 and names[0]


def test_dynamic_axes_that_do_not_fit():
    model, args = Several(), several()
    with pytest.raises(ValueError, match=r"axis 2 of input x, whose shape is \(2, 3\)"):
        wg.onnx.export(model, args, dynamic_axes={"x": {2: "n"}})
    with pytest.raises(ValueError, match=r"size n is \[2, 3\]"):
        wg.onnx.export(model, args, dynamic_axes={"x": {0: "n", 1: "n"}})
    with pytest.raises(ValueError, match=r"names \['z'\]"):
        wg.onnx.export(model, args, dynamic_shapes={"z": {0: "n"}})
    with pytest.raises(ValueError, match="describes 1 tensors"):
        wg.onnx.export(model, args, dynamic_shapes=({0: "n"},))
    with pytest.raises(ValueError, match="5 input_names for 3 tensors"):
        wg.onnx.export(model, args, input_names=list("abcde"))
    with pytest.raises(ValueError, match="4 output_names for 3 tensors"):
        wg.onnx.export(model, args, output_names=list("abcd"))


def test_results_that_depend_on_products_of_sizes():
    def f(x: wg.Tensor, y: wg.Tensor) -> Any:
        pairs = (x[:, None] + y[None]).reshape(-1, 3)
        return pairs, wg.arange(x.shape[0] * y.shape[0] + 1), wg.zeros(pairs.shape[0] + 2)

    program = wg.onnx.export(
        f, (wg.randn(2, 3), wg.randn(4, 3)), dynamic_axes={"x": {0: "a"}, "y": {0: "b"}}
    )
    for a, b in ((2, 4), (1, 1), (3, 7)):
        compare(session(program), f, (wg.randn(a, 3), wg.randn(b, 3)))


# ---- files and versions ------------------------------------------------------------------------


@pytest.mark.parametrize("opset", [18, 20, 23, None])
def test_versions_of_the_operations(opset: int | None):
    model, x = nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.LayerNorm(4)), wg.randn(2, 3)
    program = wg.onnx.export(model, x, opset_version=opset)
    assert program.model_proto.opset_import[0].version == (opset or 20)
    compare(session(program), model, (x,))


def test_the_newest_version_is_valid():
    newest = onnx.defs.onnx_opset_version()
    for name in ("TransformerEncoderLayer", "LSTM", "Conv2d of any size", "GroupNorm"):
        row = LAYERS[name]
        program = wg.onnx.export(row.make(), row.arguments(2, 5), opset_version=newest)
        onnx.checker.check_model(program.model_proto, full_check=True)
    with pytest.raises(ValueError, match=f"from 18 to {newest}"):
        wg.onnx.export(nn.ReLU(), wg.ones(1), opset_version=newest + 1)


def test_files(tmp_path: Path):
    model, x = nn.Linear(30, 40), wg.randn(2, 30)
    assert isinstance(wg.onnx.export(model, (x,), tmp_path / "a.onnx"), wg.onnx.ONNXProgram)
    program = wg.onnx.export(model, x, str(tmp_path / "b.onnx"), external_data=True)
    program.save(tmp_path / "b.onnx", external_data=True)  # once more, over the first
    assert (tmp_path / "b.onnx.data").stat().st_size < 2 * 4 * 31 * 40
    for name in ("a.onnx", "b.onnx"):
        s = ort.InferenceSession(tmp_path / name, providers=["CPUExecutionProvider"])
        compare(s, model, (x,))


def test_weights_as_inputs():
    model, x = nn.Linear(3, 4), wg.randn(2, 3)
    weights = {"weight": model.weight.detach().numpy(), "bias": model.bias.detach().numpy()}
    with wg.no_grad():
        want = model(x).numpy()
    program = wg.onnx.export(model, x, export_params=False)
    assert names_of(program.model_proto.graph.input) == ["input", "weight", "bias"]
    (got,) = session(program).run(None, {"input": x.numpy(), **weights})
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    program = wg.onnx.export(model, x, keep_initializers_as_inputs=True)
    assert names_of(program.model_proto.graph.input) == ["input", "weight", "bias"]
    (got,) = session(program).run(None, {"input": x.numpy()})
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_a_recorded_program_can_be_written():
    model, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh()), wg.randn(2, 3)
    with wg.no_grad():
        tape = wg.record(model, x)
    compare(session(wg.onnx.export(tape)), model, (x,))
    with pytest.raises(ValueError, match="give the function itself"):
        wg.onnx.export(tape, dynamic_axes={"input": [0]})


def test_verbose_prints_the_program(capsys: pytest.CaptureFixture):
    wg.onnx.export(nn.ReLU(), wg.ones(2), verbose=True)
    assert "relu(x0)" in capsys.readouterr().out


def test_arguments_that_only_pytorch_has():
    wg.onnx.export(nn.ReLU(), wg.ones(2), do_constant_folding=False, optimize=True, verify=False)
    with pytest.raises(NotImplementedError, match="custom_translation_table"):
        wg.onnx.export(nn.ReLU(), wg.ones(2), custom_translation_table={1: 2})
    with pytest.raises(TypeError, match="unknown argument 'opset'"):
        wg.onnx.export(nn.ReLU(), wg.ones(2), opset=18)


# ---- modes -------------------------------------------------------------------------------------


def test_models_are_recorded_in_eval_mode():
    seen = []

    class Watched(nn.Dropout):
        def forward(self, x: wg.Tensor) -> wg.Tensor:
            seen.append((self.training, wg.onnx.is_in_onnx_export(), wg.is_grad_enabled()))
            return super().forward(x)

    model = nn.Sequential(Watched(), nn.Dropout().eval())
    wg.onnx.export(model, wg.ones(2))
    assert seen == [(False, True, False)]
    assert not wg.onnx.is_in_onnx_export()
    assert [m.training for m in model.modules()] == [True, True, False]
    with pytest.raises(RuntimeError, match=r"dropout at test_onnx.py.*draws random numbers"):
        wg.onnx.export(model, wg.ones(2), training=wg.onnx.TrainingMode.TRAINING)
    with pytest.raises(RuntimeError, match="dropout"):
        wg.onnx.export(model, wg.ones(2), training=wg.onnx.TrainingMode.PRESERVE)


def test_examples_are_left_as_they_are():
    x = wg.ones(2, 4)
    wg.onnx.export(onnx_rows.changes_argument, x, dynamic_shapes=(N,))
    assert x.equal(wg.ones(2, 4))


# ---- what is not written -----------------------------------------------------------------------


def counts(x: wg.Tensor) -> wg.Tensor:
    return x.nonzero()


def branches(x: wg.Tensor) -> wg.Tensor:
    return x if x.sum() > 0 else -x


class Counter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", wg.zeros(()))

    def forward(self, x: wg.Tensor) -> wg.Tensor:
        self.count += 1
        return x + self.count


def puts(x: wg.Tensor) -> wg.Tensor:
    y = x.clone()
    y[x > 0] = 2.0
    return y


def unrolls(x: wg.Tensor) -> wg.Tensor:
    return sum(row.tanh() for row in x)


def differentiates(x: wg.Tensor) -> wg.Tensor:
    with wg.enable_grad():
        return wg.func.grad(lambda t: (t**3).sum())(x)


REFUSED: dict[str, tuple[Any, dict, str]] = {
    "random numbers": (lambda x: x + wg.rand(3), {}, "draws random numbers"),
    "values that are read": (branches, {}, r"at test_onnx.py:\d+ .*depends on its arguments"),
    "boolean masks as indices": (puts, {}, "reading a value at test_onnx.py"),
    "counts of values": (counts, {}, r"reading a value at test_onnx.py"),
    "state": (Counter(), {}, "ONNX models have no state"),
    "loops over a dynamic axis": (unrolls, {"dynamic_axes": {"x": [0]}}, "make .*static"),
    "no translation": (lambda x: wg.linalg.inv(x + wg.eye(3)), {}, "no translation"),
    "complex numbers": (
        lambda x: wg.fft.fft(x).abs(),
        {},
        r"fft_complex at test_onnx.py.*no translation",
    ),
    "running products": (lambda x: x.cumprod(0), {}, r"cumprod at .*running sums"),
    "another order of products": (
        lambda x: x.T @ x @ x.T if len(x) > 3 else x.T @ (x @ x.T),
        {"dynamic_axes": {"x": [0]}},
        "other ones for other sizes|make the axis static",
    ),
    "indices of adaptive maxima": (
        lambda x: F.adaptive_max_pool2d(x[None], 2, return_indices=True),
        {},
        "a result cannot",
    ),
    "gradients": (differentiates, {}, "takes gradients"),
    "changed diagonals": (lambda x: (x.T @ x).fill_diagonal_(0), {}, "change a copy"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_written_says_where(name: str):
    model, options, text = REFUSED[name]
    with pytest.raises(RuntimeError, match=text):
        wg.onnx.export(model, wg.ones(3, 3), **options)


def test_the_package_onnx_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    for name in list(sys.modules):
        if name.split(".")[0] == "onnx" or name.startswith("wengert.onnx."):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "wengert\[onnx\]"'):
        wg.onnx.export(nn.ReLU(), wg.ones(2))
