"""Linear maps, with the signatures of ``torch.nn.functional``."""

from __future__ import annotations

from wengert import Tensor
from wengert import _ops as _C

linear = _C.linear
quantize_weight = _C.quantize_weight
quantized_linear = _C.quantized_linear


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_k = x1^T W_k x2 + b_k, for x1 (*, n1), x2 (*, n2), weight (out, n1, n2)."""
    if (
        input1.shape[:-1] != input2.shape[:-1]
        or input1.shape[-1] != weight.shape[1]
        or input2.shape[-1] != weight.shape[2]
    ):
        raise RuntimeError(
            f"bilinear: expected inputs (*, {weight.shape[1]}) and (*, {weight.shape[2]}) that "
            f"agree in *, got {tuple(input1.shape)} and {tuple(input2.shape)}"
        )
    out, n1, n2 = weight.shape
    a = input1.reshape(-1, n1)
    b = input2.reshape(-1, n2)
    left = (a @ weight.permute(1, 0, 2).reshape(n1, out * n2)).reshape(-1, out, n2)
    y = (left * b.unsqueeze(1)).sum(-1).reshape([*input1.shape[:-1], out])
    return y if bias is None else y + bias
