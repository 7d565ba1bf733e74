"""Recurrent layers.

Sources: Elman, Cognitive Science 14 (1990); Hochreiter and Schmidhuber, Neural Computation 9
(1997); Cho et al., EMNLP 2014; Sak et al., arXiv:1402.1128 (projections).
"""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable

import wengert
from wengert import Tensor, _core
from wengert import _ops as _C
from wengert.nn import init
from wengert.nn.module import Module
from wengert.nn.parameter import Parameter
from wengert.nn.utils.rnn import PackedSequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """What `RNN`, `LSTM` and `GRU` have in common: parameters, checks and options.

    Parameters of layer k: weight_ih_lk (gates * hidden, in), weight_hh_lk (gates * hidden, out),
    with ``bias`` bias_ih_lk and bias_hh_lk (gates * hidden), with ``proj_size`` weight_hr_lk
    (out, hidden); those of the other direction end in _reverse. All begin as
    U(-1 / sqrt(hidden), 1 / sqrt(hidden)).

    Args:
        mode: "LSTM", "GRU", "RNN_TANH" or "RNN_RELU".
        input_size, hidden_size: features of the input and of the state.
        num_layers: layers on top of each other.
        batch_first: batches are (N, steps, features) instead of (steps, N, features).
        dropout: probability of zeroing an output between layers, in training.
        bidirectional: a second set of layers takes the last step first.
        proj_size: size to which an LSTM's state is projected; 0: it is not.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: object = None,
        dtype: wengert.dtype | None = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        if not isinstance(dropout, numbers.Number) or isinstance(dropout, bool):
            raise ValueError(f"dropout should be a number in [0, 1], but is {dropout!r}")
        if not 0 <= dropout <= 1:
            raise ValueError(f"dropout should be a number in [0, 1], but is {dropout!r}")
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"dropout={dropout} stands between layers and has no effect with num_layers=1",
                stacklevel=3,
            )
        for name, value, kind in (
            ("bias", bias, bool),
            ("batch_first", batch_first, bool),
            ("input_size", input_size, int),
            ("hidden_size", hidden_size, int),
        ):
            if not isinstance(value, kind):
                raise TypeError(
                    f"{name} should be of type {kind.__name__}, got: {type(value).__name__}"
                )
        for name, value in (
            ("input_size", input_size),
            ("hidden_size", hidden_size),
            ("num_layers", num_layers),
        ):
            if value <= 0:
                raise ValueError(f"{name} must be greater than zero, but is {value}")
        if not 0 <= proj_size < hidden_size:
            raise ValueError(
                f"proj_size must be from 0 to less than hidden_size={hidden_size}, but is "
                f"{proj_size}"
            )
        if mode not in _GATES:
            raise ValueError(f"mode must be one of {', '.join(_GATES)}, but is {mode!r}")

        rows, out = _GATES[mode] * hidden_size, proj_size or hidden_size
        directions = 2 if bidirectional else 1
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            width = input_size if layer == 0 else out * directions
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width)}
            shapes["weight_hh"] = (rows, out)
            if bias:
                shapes["bias_ih"] = shapes["bias_hh"] = (rows,)
            if proj_size:
                shapes["weight_hr"] = (out, hidden_size)
            for end in ("", "_reverse")[:directions]:
                names = {f"{name}_l{layer}{end}": shape for name, shape in shapes.items()}
                for name, shape in names.items():
                    data = wengert.empty(shape, device=device, dtype=dtype)
                    setattr(self, name, Parameter(data))
                self._all_weights.append(list(names))
        self.reset_parameters()

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name, None) for name in self._flat_weights_names]

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Does nothing: parameters need not stand together in memory."""

    def reset_parameters(self) -> None:
        """Draws new initial values."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raises where the input has not the dtype, dimensions and features of this layer."""
        # Another parameter has the dtype, too, of a weight that is computed whenever it is read.
        own = self._parameters.get(self._all_weights[0][0])
        dtype = (next(self.parameters()) if own is None else own).dtype
        if input.dtype != dtype and _core._autocast_dtype() is None:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}); convert "
                "one with to()"
            )
        dims = 3 if batch_sizes is None else 2
        if input.ndim != dims:
            raise RuntimeError(f"input must have {dims} dimensions, got {input.ndim}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{input.size(-1)}"
            )

    def get_expected_hidden_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """The shape of the hidden states for this input."""
        if batch_sizes is not None:
            batch = int(batch_sizes[0])
        else:
            batch = input.size(0 if self.batch_first else 1)
        states = self.num_layers * (2 if self.bidirectional else 1)
        return states, batch, self.proj_size or self.hidden_size

    def check_hidden_size(
        self,
        hx: Tensor,
        expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:
        """Raises RuntimeError where the shape of the state is another."""
        if tuple(hx.shape) != tuple(expected_hidden_size):
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raises where input and first states do not fit together."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The states with the sequences in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    def _states(self, hx: Any, f: Callable[[Tensor], Tensor]) -> Any:
        # f of the state; of each of an LSTM's two.
        return f(hx)

    def _check_state_dims(self, hx: Any, dims: int) -> None:
        if hx.ndim != dims:
            raise RuntimeError(
                f"For {'batched 3-D' if dims == 3 else 'unbatched 2-D'} input, hx should also be "
                f"{dims}-D but got {hx.ndim}-D tensor"
            )

    def _run(self, kernel: Callable[..., Any], input: Any, hx: Any) -> tuple[Any, Any]:
        """The output for every step and the last states."""
        packed = isinstance(input, PackedSequence)
        batch_sizes = sizes = sorted_indices = unsorted_indices = None
        single, batch_dim = False, 0 if self.batch_first else 1
        if packed:
            input, batch_sizes, sorted_indices, unsorted_indices = input
            sizes = batch_sizes.tolist()
        else:
            if input.ndim not in (2, 3):
                raise ValueError(
                    f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.ndim}D "
                    "instead"
                )
            single = input.ndim == 2
            if hx is not None:
                self._check_state_dims(hx, input.ndim)
            if single:
                input = input.unsqueeze(batch_dim)
                if hx is not None:
                    hx = self._states(hx, lambda h: h.unsqueeze(1))
        if hx is None:
            self.check_input(input, batch_sizes)
            first: Any = ()
        else:
            hx = self.permute_hidden(hx, sorted_indices)
            self.check_forward_args(input, hx, batch_sizes)
            first = hx if self.mode == "LSTM" else (hx,)
        output, *last = kernel(
            input,
            sizes,
            first,
            self._flat_weights,
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
            self.batch_first,
        )
        hidden = tuple(last) if self.mode == "LSTM" else last[0]
        if packed:
            assert batch_sizes is not None
            output = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
        elif single:
            output = output.squeeze(batch_dim)
            hidden = self._states(hidden, lambda h: h.squeeze(1))
        return output, self.permute_hidden(hidden, unsorted_indices)

    def extra_repr(self) -> str:
        s = f"{self.input_size}, {self.hidden_size}"
        if self.proj_size != 0:
            s += f", proj_size={self.proj_size}"
        if self.num_layers != 1:
            s += f", num_layers={self.num_layers}"
        if self.bias is not True:
            s += f", bias={self.bias}"
        if self.batch_first is not False:
            s += f", batch_first={self.batch_first}"
        if self.dropout != 0:
            s += f", dropout={self.dropout}"
        if self.bidirectional is not False:
            s += f", bidirectional={self.bidirectional}"
        return s


def _without_projection(kwargs: dict) -> None:
    if "proj_size" in kwargs:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """h_t = f(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh) with f = tanh or relu.

    ``RNN(input_size, hidden_size, num_layers=1, nonlinearity="tanh", ...)``; the other arguments
    are those of `RNNBase`, without ``mode`` and ``proj_size``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _without_projection(kwargs)
        if len(args) > 3:
            nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__("RNN_" + nonlinearity.upper(), *args, **kwargs)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """The output for every step and the last states, from (steps, N, in), (steps, in) or a
        PackedSequence, and first states (layers * directions, N, hidden); None: zeros."""
        return self._run(_C._rnn_tanh if self.mode == "RNN_TANH" else _C._rnn_relu, input, hx)


class LSTM(RNNBase):
    """c_t = f * c_(t-1) + i * g and h_t = o * tanh(c_t).

    The gates i, f, o are sigmoids and g is the tanh of W_ih x_t + b_ih + W_hh h_(t-1) + b_hh, whose
    rows stand in the order i, f, g, o. With ``proj_size`` h_t is multiplied by W_hr.

    ``LSTM(input_size, hidden_size, num_layers=1, ...)``: the arguments of `RNNBase` without
    ``mode``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """The shape of the cell states for this input."""
        states, batch, _ = self.get_expected_hidden_size(input, batch_sizes)
        return states, batch, self.hidden_size

    def check_forward_args(
        self, input: Tensor, hidden: tuple[Tensor, Tensor], batch_sizes: Tensor | None
    ) -> None:
        """Raises where input and first states do not fit together."""
        self.check_input(input, batch_sizes)
        for i, size in enumerate((self.get_expected_hidden_size, self.get_expected_cell_size)):
            msg = f"Expected hidden[{i}] size {{}}, got {{}}"
            self.check_hidden_size(hidden[i], size(input, batch_sizes), msg)

    def permute_hidden(
        self, hx: tuple[Tensor, Tensor], permutation: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The states with the sequences in another order."""
        if permutation is None:
            return hx
        return hx[0].index_select(1, permutation), hx[1].index_select(1, permutation)

    def _states(self, hx: Any, f: Callable[[Tensor], Tensor]) -> Any:
        return f(hx[0]), f(hx[1])

    def _check_state_dims(self, hx: Any, dims: int) -> None:
        h, c = hx[0], hx[1]
        if h.ndim != dims or c.ndim != dims:
            raise RuntimeError(
                f"For {'batched 3-D' if dims == 3 else 'unbatched 2-D'} input, hx and cx should "
                f"also be {dims}-D but got ({h.ndim}-D, {c.ndim}-D) tensors"
            )

    def forward(
        self, input: Any, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        """The output for every step and the last states (h, c), from (steps, N, in), (steps, in)
        or a PackedSequence, and first states (h, c), each (layers * directions, N, features);
        None: zeros."""
        output, (h, c) = self._run(_C._lstm, input, hx)
        if self.proj_size and _core._autocast_dtype() is not None:
            # Products make the outputs; the cells keep the dtype they began with.
            first = input.data if hx is None else hx[1]
            c = c.to(first.dtype)
        return output, (h, c)


class GRU(RNNBase):
    """h_t = (1 - z) * n + z * h_(t-1) with n = tanh(W_in x + b_in + r * (W_hn h_(t-1) + b_hn)).

    r and z are sigmoids; the rows of the weights stand in the order r, z, n.

    ``GRU(input_size, hidden_size, num_layers=1, ...)``: the arguments of `RNNBase` without ``mode``
    and ``proj_size``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _without_projection(kwargs)
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """The output for every step and the last states, from (steps, N, in), (steps, in) or a
        PackedSequence, and first states (layers * directions, N, hidden); None: zeros."""
        return self._run(_C._gru, input, hx)


class RNNCellBase(Module):
    """What the cells have in common: weight_ih (gates * hidden, in), weight_hh
    (gates * hidden, hidden) and with ``bias`` bias_ih and bias_hh (gates * hidden).

    All begin as U(-1 / sqrt(hidden), 1 / sqrt(hidden)).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: object = None,
        dtype: wengert.dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size

        def parameter(*shape: int) -> Parameter:
            return Parameter(wengert.empty(shape, device=device, dtype=dtype))

        self.weight_ih = parameter(rows, input_size)
        self.weight_hh = parameter(rows, hidden_size)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, parameter(rows) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws new initial values."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        s = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            s += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            s += f", nonlinearity={self.nonlinearity}"
        return s

    def _check_dims(self, what: str, t: Tensor) -> None:
        if t.ndim not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected {what} to be 1D or 2D, got {t.ndim}D instead"
            )

    def _weights(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _zeros(self, input: Tensor) -> Tensor:
        return input.new_zeros((*input.shape[:-1], self.hidden_size))

    def _step(self, kernel: Callable[..., Tensor], input: Tensor, hx: Tensor | None) -> Tensor:
        self._check_dims("input", input)
        if hx is None:
            hx = self._zeros(input)
        self._check_dims("hidden", hx)
        if input.ndim == 2:
            return kernel(input, hx, *self._weights())
        return kernel(input.unsqueeze(0), hx.unsqueeze(0), *self._weights()).squeeze(0)


class RNNCell(RNNCellBase):
    """h' = f(W_ih x + b_ih + W_hh h + b_hh) with f = tanh or relu, one step of `RNN`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: object = None,
        dtype: wengert.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The state (N, hidden) or (hidden) after an input (N, in) or (in); hx None: zeros."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        kernel = _C.rnn_tanh_cell if self.nonlinearity == "tanh" else _C.rnn_relu_cell
        return self._step(kernel, input, hx)


class LSTMCell(RNNCellBase):
    """One step of `LSTM`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: object = None,
        dtype: wengert.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """The states (h, c), each (N, hidden) or (hidden), after an input (N, in) or (in); hx
        None: zeros."""
        self._check_dims("input", input)
        if hx is None:
            zeros = self._zeros(input)
            hx = (zeros, zeros)
        for i, value in enumerate(hx):
            self._check_dims(f"hx[{i}]", value)
        if input.ndim == 2:
            h, c = _C.lstm_cell(input, hx, *self._weights())
            return h, c
        hx = (hx[0].unsqueeze(0), hx[1].unsqueeze(0))
        h, c = _C.lstm_cell(input.unsqueeze(0), hx, *self._weights())
        return h.squeeze(0), c.squeeze(0)


class GRUCell(RNNCellBase):
    """One step of `GRU`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: object = None,
        dtype: wengert.dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The state (N, hidden) or (hidden) after an input (N, in) or (in); hx None: zeros."""
        return self._step(_C.gru_cell, input, hx)
