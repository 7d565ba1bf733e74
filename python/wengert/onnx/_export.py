"""Writing a model."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import wengert
from wengert import Tensor
from wengert.nn import Module
from wengert.onnx._arguments import Arguments
from wengert.tape import Tape
from wengert.tape._record import recorded

_OLDEST, _DEFAULT = 18, 20
_LARGEST_FILE = 2**31 - 2**20  # of a message of Protocol Buffers
_exporting = False


class TrainingMode(enum.IntEnum):
    """In which mode a model is recorded: ``PRESERVE`` leaves it as it is."""

    EVAL = 0
    PRESERVE = 1
    TRAINING = 2


class ONNXProgram:
    """An exported model.

    Attributes:
        model_proto: the model as the package ``onnx`` holds it.
    """

    def __init__(self, model_proto: Any) -> None:
        self.model_proto = model_proto

    def save(self, destination: str | os.PathLike, *, external_data: bool | None = None) -> None:
        """Writes the model into a file.

        With external_data the weights lie beside it, in a file whose name ends with ``.data``; by
        default they do where one file cannot hold them (2 GiB).
        """
        import onnx

        if external_data is None:
            external_data = self.model_proto.ByteSize() > _LARGEST_FILE
        path = os.fspath(destination)
        if not external_data:
            onnx.save(self.model_proto, path)
            return
        if os.path.exists(path + ".data"):
            os.remove(path + ".data")  # it would be appended to
        copy = onnx.ModelProto()
        copy.CopyFrom(self.model_proto)
        onnx.save(
            copy, path, save_as_external_data=True, all_tensors_to_one_file=True,
            location=os.path.basename(path) + ".data",
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<ONNXProgram of {len(self.model_proto.graph.node)} nodes>"


def is_in_onnx_export() -> bool:
    """Whether a model is being recorded for :func:`export`."""
    return _exporting


def export(
    model: Callable | Tape,
    args: Any = (),
    f: str | os.PathLike | None = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    verbose: bool | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    opset_version: int | None = None,
    dynamo: bool = True,
    external_data: bool | None = None,
    dynamic_shapes: Any = None,
    export_params: bool = True,
    keep_initializers_as_inputs: bool = False,
    dynamic_axes: Mapping[str, Any] | None = None,
    training: int = TrainingMode.EVAL,
    **others: Any,
) -> ONNXProgram:
    """Writes a model as an ONNX file, and returns it.

    The model runs with the examples, without gradients, and the operations that it does are
    written. Parameters and buffers keep the names they have in ``state_dict()``.

    Args:
        model: a module, a function of tensors, or what :func:`wengert.record` returns.
        args: example arguments: a tensor, or a tuple of tensors, numbers, and tuples, lists and
            dictionaries of them. What is not a tensor becomes a part of the model.
        f: the file; None: only the result is returned.
        kwargs: examples of arguments by name.
        verbose: print the recorded program.
        input_names, output_names: names of the tensors among arguments and results, from left to
            right; otherwise those of the function's parameters, and ``output``.
        opset_version: of ONNX's operations, from 18 to the newest of the package ``onnx``; 20.
        external_data: the weights are written into a file of their own; None: if they must be.
        dynamic_axes: the axes whose sizes may be others than in the examples: for a name, a
            dictionary from axes to names of sizes, or a list of axes. Axes of one name have one
            size; those without a name have that of their number.
        dynamic_shapes: the same by the function's parameters: a dictionary, or a tuple with an
            entry for each tensor: None, or a dictionary from axes to names.
        export_params: False: parameters and buffers are inputs of the graph.
        keep_initializers_as_inputs: they are inputs with default values.
        training: :class:`TrainingMode`.
        dynamo: without effect.
        others: what else ``torch.onnx.export`` takes; ``optimize`` and the like have no effect.

    Raises NotImplementedError for translations of one's own, functions and reports; RuntimeError
    for an operation that is not written as ONNX, with the line that called it;
    ValueError for names or axes that do not fit; ImportError without the package ``onnx``.
    """
    from wengert.onnx._graph import Graph
    from wengert.onnx._model import Finished, Weights, numbered, weights_as_inputs
    from wengert.onnx._recordings import combined, record_all
    from wengert.onnx._sizes import Symbols
    from wengert.onnx._translate import Translator

    _check_others(others)
    opset = _checked_opset(opset_version)
    symbols: list[str] = []
    if isinstance(model, Tape):
        if dynamic_axes or dynamic_shapes:
            raise ValueError(
                "onnx.export: a recorded program has the sizes that it was recorded with; give the "
                "function itself for dynamic axes"
            )
        program = combined([model], Symbols(()))
        names = numbered(input_names, "input", len(model.arguments))
    else:
        forward = model.forward if isinstance(model, Module) else model
        arguments = Arguments(forward, args, kwargs or {}, input_names)
        axes = arguments.dynamic(dynamic_axes, dynamic_shapes)
        symbols, names = list(axes), arguments.names

        def record(tensors: list[Tensor]) -> Tape:
            given, named = arguments.filled(tensors)
            return _recorded(model, given, named, training)

        program = record_all(record, arguments.tensors, list(axes.values()))
    if verbose:
        print(program.tape)
    graph = Graph(program.symbols, opset)
    inputs = [graph.unique(name) for name in names]
    count = sum(v is not None for v in program.results)
    outputs = [graph.unique(name) for name in numbered(output_names, "output", count)]
    weights = Weights(graph, model if isinstance(model, Module) else None)
    results = Translator(program, graph, inputs, weights.name_of).run()
    finished = Finished(graph, program, symbols)
    proto = finished.model(inputs, outputs, results, dynamic_axes or {})
    if keep_initializers_as_inputs or not export_params:
        weights_as_inputs(proto, weights.named, keep_initializers_as_inputs, export_params)
    made = ONNXProgram(proto)
    if f is not None:
        made.save(f, external_data=external_data)
    return made


# PyTorch's arguments that change nothing here, and those that ask for what there is not.
_WITHOUT_EFFECT = (
    "artifacts_dir",
    "autograd_inlining",
    "do_constant_folding",
    "operator_export_type",
    "optimize",
)
_NOT_THERE = (
    "custom_opsets",
    "custom_translation_table",
    "dump_exported_program",
    "export_modules_as_functions",
    "profile",
    "report",
    "verify",
)


def _check_others(others: dict[str, Any]) -> None:
    for name, value in others.items():
        if name in _NOT_THERE:
            if value:
                raise NotImplementedError(f"onnx.export: {name} is not available; leave it out")
        elif name not in _WITHOUT_EFFECT:
            raise TypeError(f"onnx.export: unknown argument {name!r}")


def _checked_opset(version: int | None) -> int:
    import onnx

    newest = onnx.defs.onnx_opset_version()
    opset = _DEFAULT if version is None else int(version)
    if not _OLDEST <= opset <= newest:
        raise ValueError(
            f"onnx.export: opset_version must be from {_OLDEST} to {newest}, the newest that the "
            f"installed onnx knows, but is {opset}"
        )
    return opset


def _recorded(model: Callable, args: tuple, kwargs: dict[str, Any], training: int) -> Tape:
    """The model's program in the mode that is asked for."""
    global _exporting
    modules = list(model.modules()) if isinstance(model, Module) else []
    modes = [m.training for m in modules]
    if isinstance(model, Module) and training != TrainingMode.PRESERVE:
        model.train(training == TrainingMode.TRAINING)
    _exporting = True
    try:
        with wengert.no_grad():
            return recorded(model, args, kwargs, host_constants=True)[0]
    finally:
        _exporting = False
        for m, mode in zip(modules, modes):
            m.training = mode
