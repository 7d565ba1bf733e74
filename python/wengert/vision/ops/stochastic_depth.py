"""Residual branches left out at random (Huang et al., 2016, arXiv:1603.09382)."""

from __future__ import annotations

from wengert import Tensor, nn


def stochastic_depth(input: Tensor, p: float, mode: str, training: bool = True) -> Tensor:
    """Zeroes the whole input ("batch") or each row of it ("row") with probability p, and divides
    what stays by 1 - p; the input itself where not training.

    Raises:
        ValueError: p is not in [0, 1], or the mode is another.
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"stochastic_depth: expected p between 0 and 1, but got {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"stochastic_depth: expected the mode 'batch' or 'row', but got {mode!r}")
    if not training or p == 0.0:
        return input
    stays = 1.0 - p
    rows = input.shape[0] if mode == "row" else 1
    mask = input.new_empty([rows] + [1] * (input.ndim - 1)).bernoulli_(stays)
    if stays > 0.0:
        mask.div_(stays)
    return input * mask


class StochasticDepth(nn.Module):
    """`stochastic_depth` while training."""

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:
        return stochastic_depth(input, self.p, self.mode, self.training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, mode={self.mode})"
