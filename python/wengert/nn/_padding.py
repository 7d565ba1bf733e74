"""Padding, with the signature of ``torch.nn.functional``."""

from __future__ import annotations

from collections.abc import Sequence

from wengert import Tensor
from wengert import _ops as _C


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Pads the last dimensions: ``pad`` lists (before, after) from the last one backwards.

    Modes: "constant" (any dimensions, negative amounts cut off), "reflect", "replicate" and
    "circular" (the last one to three of them, the leading ones being batch and channels).
    """
    if len(pad) % 2:
        raise RuntimeError(f"pad: Padding length must be divisible by 2, got {len(pad)} amounts")
    if mode != "constant" and value is not None and value != 0:
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    return _C.pad(input, pad, mode, 0.0 if value is None else value)
