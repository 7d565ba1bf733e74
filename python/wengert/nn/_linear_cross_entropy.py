"""Cross entropy of linearly transformed inputs, whole or in chunks of the batch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import wengert
from wengert import Tensor
from wengert.autograd import Function, grad
from wengert.nn._linear import linear
from wengert.nn._losses import cross_entropy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal


@dataclass
class LinearCrossEntropyOptions:
    """How :func:`linear_cross_entropy` goes through the batch in chunks.

    Args:
        allow_retain_graph: accepted; several backward passes always work.
        batch_chunk_size: rows in a chunk; None: as ``chunking_method`` says.
        chunking_method: "auto", "aspect_ratio:r" (chunks whose logits have about r times as many
            elements as their inputs would with as many rows as features), or None for one chunk.
        acc_policy: accepted; gradients are added up in the dtype of their tensors.
        acc_dtype: accepted, as ``acc_policy``.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: Literal["accurate", "balanced", "compact", "auto"] = "auto"
    acc_dtype: wengert.dtype | None = None

    def __post_init__(self) -> None:
        size = self.batch_chunk_size
        if size is not None and (not isinstance(size, int) or size <= 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size}")
        self._ratio()
        if self.acc_policy not in ("accurate", "balanced", "compact", "auto"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.acc_dtype is not None and not self.acc_dtype.is_floating_point:
            raise ValueError(
                f"acc_dtype must be None or a floating point dtype, got {self.acc_dtype}"
            )

    def _ratio(self) -> float:
        """How large a chunk's logits are, in units of in_features * classes; 0: no chunks."""
        method = self.chunking_method
        if method is None:
            return 0.0
        if method == "auto":
            return 2.0
        name, _, number = method.partition(":")
        if name != "aspect_ratio" or not number.isdigit() or int(number) == 0:
            raise ValueError(f"invalid chunking_method: {method!r}")
        return float(number)

    def chunk_size(self, rows: int, in_features: int) -> int:
        """Rows that are computed together, of ``rows``."""
        if self.batch_chunk_size is not None:
            return self.batch_chunk_size
        ratio = self._ratio()
        return max(int(in_features / ratio), 1) if ratio else max(rows, 1)


class _Chunked(Function):
    """The losses of all rows; only the logits of one chunk are in memory at a time. In backward
    they are computed again."""

    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        linear_weight: Tensor,
        linear_bias: Tensor | None,
        loss: Any,
        size: int,
    ) -> Tensor:
        ctx.save_for_backward(input, linear_weight, linear_bias)
        ctx.loss, ctx.size = loss, size
        chunks = range(0, input.shape[0], size)
        return wengert.cat(
            [loss(linear(input[i : i + size], linear_weight, linear_bias), i) for i in chunks]
            or [input.new_zeros(0)]
        )

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple:
        saved = ctx.saved_tensors
        again = wengert.is_grad_enabled()
        wanted = [k for k in range(3) if ctx.needs_input_grad[k]]
        totals: list[Any] = [None] * 5
        rows: list[Tensor] = []
        with wengert.enable_grad():
            for i in range(0, saved[0].shape[0], ctx.size):
                part = saved[0][i : i + ctx.size]
                # Aliases, so that the derivatives of this chunk can be told from those before.
                given: list[Any] = [
                    t if t is None else (t.view_as(t) if again else t.detach().requires_grad_())
                    for t in (part, *saved[1:])
                ]
                for k in wanted:
                    if not given[k].requires_grad:
                        given[k].requires_grad_()
                loss = ctx.loss(linear(*given), i)
                found = grad(
                    loss,
                    [given[k] for k in wanted],
                    grads[0][i : i + ctx.size],
                    create_graph=again,
                )
                for k, g in zip(wanted, found, strict=True):
                    if k == 0:
                        rows.append(g)
                    else:
                        totals[k] = g if totals[k] is None else totals[k] + g
        if 0 in wanted:
            totals[0] = wengert.cat(rows) if rows else wengert.zeros_like(saved[0])
        return tuple(totals)


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> Tensor:
    """:func:`cross_entropy` of ``linear(input, linear_weight, linear_bias)``.

    Args:
        input: (in_features) or (N, in_features).
        linear_weight: (C, in_features), or (C, d1, ..., in_features) for several losses a sample.
        target: class indices (), (N) or (N, d1, ...), or probabilities of the logits' shape.
        linear_bias: of the shape of ``linear_weight`` without its last dimension.
        weight: a factor for each of the C classes.
        ignore_index: a class index that does not count; None: -100.
        options: computes the logits of a few rows at a time, for class indices, one loss a sample
            and no label smoothing; otherwise it is ignored with a warning.
    """
    if input.ndim not in (1, 2):
        raise RuntimeError(
            f"linear_cross_entropy: expected an input of 1 or 2 dimensions, got {input.ndim}"
        )
    if linear_weight.ndim < 2:
        raise RuntimeError(
            "linear_cross_entropy: expected a linear_weight of at least 2 "
            f"dimensions, got {linear_weight.ndim}"
        )
    features = input.shape[-1]
    if features != linear_weight.shape[-1]:
        raise RuntimeError(
            f"linear_cross_entropy: expected a linear_weight of {features} columns, as the input "
            f"has, got {linear_weight.shape[-1]}"
        )
    outputs = tuple(linear_weight.shape[:-1])
    if linear_bias is not None and tuple(linear_bias.shape) != outputs:
        raise RuntimeError(
            f"linear_cross_entropy: expected a linear_bias of shape {outputs}, got "
            f"{tuple(linear_bias.shape)}"
        )
    if len(outputs) > 1 and input.ndim == 1:
        raise RuntimeError(
            "linear_cross_entropy: expected an input (N, in_features) for a "
            "linear_weight of more than 2 dimensions"
        )
    shape = (*input.shape[:-1], *outputs)
    if tuple(target.shape) == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    ignored = -100 if ignore_index is None else ignore_index
    if options is not None:
        if (
            len(outputs) == 1
            and reduction in ("mean", "sum", "none")
            and label_smoothing == 0.0
            and target.dtype is wengert.int64
        ):
            return _in_chunks(
                input, linear_weight, target, linear_bias, weight, reduction, ignored, options
            )
        import warnings

        warnings.warn(
            "linear_cross_entropy: options are ignored; chunks need class indices (int64), one "
            "loss for each sample, a known reduction and no label_smoothing",
            stacklevel=2,
        )
    if len(outputs) > 1:
        linear_weight = linear_weight.reshape(math.prod(outputs), features)
        if linear_bias is not None:
            linear_bias = linear_bias.reshape(-1)
    logits = linear(input, linear_weight, linear_bias).reshape(shape)
    return cross_entropy(
        logits,
        target,
        weight,
        ignore_index=ignored,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )


def _in_chunks(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    linear_bias: Tensor | None,
    weight: Tensor | None,
    reduction: str,
    ignored: int,
    options: LinearCrossEntropyOptions,
) -> Tensor:
    single = input.ndim == 1
    if single:
        input, target = input.unsqueeze(0), target.unsqueeze(0)
    rows = input.shape[0]
    if tuple(target.shape) != (rows,):
        raise RuntimeError(
            f"linear_cross_entropy: expected {rows} class indices, got shape {tuple(target.shape)}"
        )
    size = options.chunk_size(rows, input.shape[1])

    def loss(logits: Tensor, begin: int) -> Tensor:
        part = target[begin : begin + size]
        return cross_entropy(logits, part, weight, ignore_index=ignored, reduction="none")

    losses = _Chunked.apply(input, linear_weight, linear_bias, loss, size)
    if reduction == "none":
        return losses.squeeze(0) if single else losses
    total = losses.sum()
    if reduction == "sum":
        return total
    used = target != ignored
    if weight is None:
        return total / used.sum()
    # Ignored targets may be out of bounds.
    return total / (weight[wengert.where(used, target, 0)] * used).sum()
