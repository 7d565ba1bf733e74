"""Softmax over many classes, the rare ones in clusters of their own."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence

import wengert
from wengert import Tensor
from wengert.nn import functional as F
from wengert.nn.container import ModuleList, Sequential
from wengert.nn.linear import Linear
from wengert.nn.module import Module

_ASMoutput = namedtuple("_ASMoutput", ["output", "loss"])


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-softmax for classes sorted by falling frequency (Grave et al., 2017).

    The head scores the most frequent classes and the clusters; cluster i scores the classes from
    ``cutoffs[i]`` on, through ``in_features / div_value^(i + 1)`` features.

    Args:
        in_features: features of the input (N, in_features) or (in_features).
        n_classes: classes in all.
        cutoffs: the first class of each cluster, increasing.
        div_value: by how much the clusters' features shrink.
        head_bias: gives the head a bias.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: object = None,
        dtype: wengert.dtype | None = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            any(int(c) != c for c in cutoffs)
            or cutoffs != sorted(set(cutoffs))
            or cutoffs[0] <= 0
            or cutoffs[-1] > n_classes - 1
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                f"order, where each value is between 1 and n_classes-1, got {cutoffs}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            hidden = int(in_features // div_value ** (i + 1))
            size = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, bias=False, device=device, dtype=dtype),
                    Linear(hidden, size, bias=False, device=device, dtype=dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        self.head.reset_parameters()
        for cluster in self.tail.children():
            for layer in cluster.children():
                layer.reset_parameters()

    def forward(self, input: Tensor, target: Tensor) -> _ASMoutput:
        """The log-probabilities of the targets, and minus their mean."""
        if target.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if input.ndim != target.ndim + 1 or input.shape[:-1] != target.shape:
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension, got shapes "
                f"{tuple(input.shape)} and {tuple(target.shape)}"
            )
        x, t = (input, target) if target.ndim else (input.unsqueeze(0), target.unsqueeze(0))
        if t.numel() and not bool(((t >= 0) & (t < self.n_classes)).all()):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{t.min().item()}, {t.max().item()}] were found."
            )
        # The column of the head that a target belongs to: its own, or its cluster's.
        column = t
        parts = []
        for i in range(self.n_clusters):
            low, high = self.cutoffs[i], self.cutoffs[i + 1]
            rows = ((t >= low) & (t < high)).nonzero().squeeze(1)
            if rows.numel() == 0:
                continue
            inside = F.log_softmax(self.tail[i](x.index_select(0, rows)), 1)
            own = inside.gather(1, (t.index_select(0, rows) - low).unsqueeze(1)).squeeze(1)
            parts.append((rows, own))
            column = column.index_fill(0, rows, self.shortlist_size + i)
        output = F.log_softmax(self.head(x), 1).gather(1, column.unsqueeze(1)).squeeze(1)
        for rows, own in parts:
            output = output.index_add(0, rows, own)
        loss = (-output).mean()
        return _ASMoutput(output if target.ndim else output.squeeze(0), loss)

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes, (N, n_classes) for (N, in_features)."""
        head = F.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for i in range(self.n_clusters):
            inside = F.log_softmax(self.tail[i](input), 1)
            parts.append(inside + head[:, self.shortlist_size + i].unsqueeze(1))
        return wengert.cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row of (N, in_features)."""
        head = self.head(input)
        best = head.argmax(1)
        # Only rows whose best column is a cluster need the log-probabilities of all classes.
        rows = (best >= self.shortlist_size).nonzero().squeeze(1)
        if rows.numel() == 0:
            return best
        return best.index_copy(0, rows, self.log_prob(input.index_select(0, rows)).argmax(1))
