"""Recurrent networks as functions of padded or of packed sequences."""

from __future__ import annotations

from collections.abc import Callable

from . import _core
from ._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["gru", "lstm", "rnn_relu", "rnn_tanh"]

_OPTIONS = ("params", "has_biases", "num_layers", "dropout", "train", "bidirectional")
_PADDED = ("input", "hx", *_OPTIONS, "batch_first")
_PACKED = ("data", "batch_sizes", "hx", *_OPTIONS)


def _sequence(name: str, states: str) -> Callable[..., tuple[Tensor, ...]]:
    kernel = getattr(_core.ops, "_" + name)

    def function(*args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        # Of both forms, only the packed one has parameters as its fourth argument.
        packed = "batch_sizes" in kwargs or (len(args) > 3 and isinstance(args[3], (list, tuple)))
        names = _PACKED if packed else _PADDED
        given = dict(zip(names, args))
        if len(args) > len(names) or given.keys() & kwargs.keys() or {*given, *kwargs} != {*names}:
            raise TypeError(
                f"{name}: expected {name}({', '.join(_PADDED)}) or {name}({', '.join(_PACKED)}), "
                f"but got {len(args)} arguments and {sorted(kwargs)}"
            )
        given.update(kwargs)
        if isinstance(given["hx"], Tensor):
            given["hx"] = (given["hx"],)
        if packed:
            given["input"] = given.pop("data")
            given["batch_sizes"] = given["batch_sizes"].tolist()
        else:
            given["batch_sizes"] = None
        return kernel(**given)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{name}({", ".join(_PADDED)})
    {name}({", ".join(_PACKED)})

    The outputs of the last layer for every step, and the last states of every layer.

    Args:
        input: (steps, N, in), or (N, steps, in) with ``batch_first``.
        data: the rows of all steps of packed sequences, ``batch_sizes`` of them.
        hx: the first states: {states}, each (num_layers * directions, N, features).
        params: for each layer and direction w_ih, w_hh, with ``has_biases`` b_ih and b_hh, and
            for an LSTM whose outputs are projected w_hr.
        dropout: probability of zeroing an output between layers when ``train``.
    """
    return function


lstm = _sequence("lstm", "(h, c)")
gru = _sequence("gru", "h")
rnn_tanh = _sequence("rnn_tanh", "h")
rnn_relu = _sequence("rnn_relu", "h")
