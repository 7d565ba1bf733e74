"""Programs in files."""

from __future__ import annotations

import json
from os import fspath
from pathlib import Path
from typing import Any

from wengert import Tensor, _core, empty
from wengert.tape._record import Tape, _Structure

_KEY = "wengert.tape.python"  # how arguments and results are put together


class _Unknown(Exception):
    """A part of a tree that files have no word for."""


def _encode(tree: Any) -> Any:
    if isinstance(tree, Tensor):
        return "tensor"
    if type(tree) in (tuple, list):
        return {type(tree).__name__: [_encode(child) for child in tree]}
    if type(tree) is dict and all(type(key) is str for key in tree):
        return {"dict": [[key, _encode(child)] for key, child in tree.items()]}
    if tree is None or type(tree) in (bool, int, float, str):
        return {"value": tree}
    raise _Unknown


def _decode(data: Any) -> Any:
    """The tree, with a tensor wherever there was one."""
    if data == "tensor":
        return empty(0)
    if not isinstance(data, dict) or len(data) != 1:
        raise ValueError("load: the structure of arguments or results is damaged")
    ((kind, value),) = data.items()
    if kind == "value" and (value is None or isinstance(value, bool | int | float | str)):
        return value
    if kind in ("tuple", "list") and isinstance(value, list):
        return (tuple if kind == "tuple" else list)(map(_decode, value))
    if (
        kind == "dict"
        and isinstance(value, list)
        and all(isinstance(e, list) and len(e) == 2 and isinstance(e[0], str) for e in value)
    ):
        return {key: _decode(child) for key, child in value}
    raise ValueError("load: the structure of arguments or results is damaged")


def save(tape: Tape, path: str | Path) -> None:
    """See :meth:`Tape.save`."""
    parts = (tape._arguments, tape._results)
    try:
        trees = [_encode(part.filled(part.tensors)) for part in parts]
        metadata = {_KEY: json.dumps(trees)}
    except _Unknown:
        metadata = {}
    tape._program.save(fspath(path), metadata)


def load_tape(path: str | Path) -> Tape:
    """Reads a program that :meth:`Tape.save` has written.

    It takes and returns what the recorded function did; where that was something else than numbers,
    texts, tuples, lists and dictionaries, it takes tensors in their order and returns a tuple. Its
    states are new tensors, which ``states`` gives; random numbers come from the default generator.
    Learning rates are changed by :meth:`Tape.set_number`.

    Loading runs no code: the file names operations, and everything in it is checked. Raises
    ValueError, which says what is wrong, for a file that is damaged or of another version.
    """
    program, metadata = _core._load_tape(fspath(path))
    counts = len(program.arguments()), len(program.results())
    trees: list[Any] = [(tuple(empty(0) for _ in range(n))) for n in counts]
    trees[0] = (trees[0], {})
    if _KEY in metadata:
        try:
            data = json.loads(metadata[_KEY])
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, list) or len(data) != 2:
            raise ValueError("load: the structure of arguments or results is damaged")
        trees = [_decode(tree) for tree in data]
        call = trees[0]
        if not isinstance(call, tuple) or len(call) != 2 or type(call[0]) is not tuple:
            raise ValueError("load: the structure of arguments is damaged")
    arguments, results = map(_Structure, trees)
    if (len(arguments.tensors), len(results.tensors)) != counts:
        raise ValueError(
            f"load: the program takes {counts[0]} tensors and returns {counts[1]}, but the "
            f"structures have {len(arguments.tensors)} and {len(results.tensors)}"
        )
    return Tape(program, arguments, results)
