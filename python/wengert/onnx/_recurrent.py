"""Recurrent layers and cells."""

from __future__ import annotations

from wengert import float32, float64
from wengert.onnx._call import Call, translates
from wengert.onnx._graph import UnsupportedError
from wengert.onnx._sizes import Size

# By the number of the cell: ONNX's operation, and where its gates stand in wengert's order.
_CELLS = (("LSTM", (0, 3, 1, 2)), ("GRU", (1, 0, 2)), ("RNN", (0,)), ("RNN", (0,)))
_X, _W_IH, _W_HH, _B_IH, _B_HH, _W_HR, _H_0, _C_0 = range(8)


@translates("recurrent_layer")
def _layer(c: Call) -> list[str | None]:
    """One layer in one direction; x and the states are rows, those of the first step first."""
    g = c.graph
    op, gates = _CELLS[c["cell"]]
    if c["sizes"]:
        raise UnsupportedError(
            "sequences of several lengths (pack_padded_sequence) are not written"
        )
    if c.has(_W_HR):
        raise UnsupportedError("ONNX has no LSTM with a projection (proj_size)")
    count, batch = c["count"], c["batch"]
    inputs = c.array(_X).shape[1]
    sums, hidden = c.array(_W_HH).shape
    assert isinstance(sums, int) and isinstance(hidden, int) and not isinstance(inputs, Size)
    given_dtype = c.out.dtype
    dtype = given_dtype if given_dtype in (float32, float64) else float32
    rows = [[gate * hidden + i for gate in gates for i in range(hidden)]]
    order = g.constant(rows)  # of two dimensions: what is taken gets the one for directions

    def taken(i: int) -> str:
        return g.add("Gather", c.as_dtype(i, dtype), order, axis=0)

    bias = None
    if c.has(_B_IH) or c.has(_B_HH):
        zeros = g.constant([[0.0] * sums], dtype)
        parts = [taken(i) if c.has(i) else zeros for i in (_B_IH, _B_HH)]
        bias = g.add("Concat", *parts, axis=1)

    def state(i: int) -> str | None:
        if not c.has(i):
            return None
        return g.add("Unsqueeze", c.as_dtype(i, dtype), g.constant([0]))

    attributes: dict[str, object] = {"hidden_size": hidden}
    if c["reverse"]:
        attributes["direction"] = "reverse"
    if op == "GRU":
        attributes["linear_before_reset"] = 1
    if op == "RNN":
        attributes["activations"] = ["Tanh" if c["cell"] == 2 else "Relu"]
    x = g.reshape(c.as_dtype(_X, dtype), c.array(_X).shape, [count, batch, inputs])
    given = [x, taken(_W_IH), taken(_W_HH), bias, None, state(_H_0)]
    is_lstm = op == "LSTM"
    if is_lstm:
        given.append(state(_C_0))
    made = g.nodes_of(op, given, 3 if is_lstm else 2, **attributes)
    states = g.add("Reshape", made[0], g.constant([-1, hidden]))
    last = [g.add("Squeeze", m, g.constant([0])) for m in made[1:]]
    if dtype != given_dtype:
        states, *last = (g.cast(m, given_dtype) for m in (states, *last))
    return [states, last[0], last[1] if is_lstm else None, None, None, None]
