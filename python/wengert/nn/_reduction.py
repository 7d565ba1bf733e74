"""How the losses of elements become one."""

from __future__ import annotations

from wengert import Tensor


def legacy_reduction(size_average: bool | None, reduce: bool | None) -> str:
    """The ``reduction`` that the two older arguments stand for (each None meaning True)."""
    if reduce is False:
        return "none"
    return "sum" if size_average is False else "mean"


def checked_reduction(
    op: str, size_average: bool | None, reduce: bool | None, reduction: str
) -> str:
    """``reduction``, or what the older arguments say instead."""
    if size_average is not None or reduce is not None:
        import warnings

        reduction = legacy_reduction(size_average, reduce)
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use "
            f"reduction='{reduction}' instead.",
            stacklevel=3,
        )
    elif reduction not in ("mean", "sum", "none"):
        raise ValueError(
            f"{op}: {reduction} is not a valid value for reduction; use 'mean', 'sum' or 'none'"
        )
    return reduction


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """The mean, the sum or the losses themselves."""
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss
