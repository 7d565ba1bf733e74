"""Variable: what PyTorch called a tensor that can carry gradients, before all tensors could."""

from __future__ import annotations

from .._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _VariableType(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableType):
    """``Variable(data)`` is an alias of the tensor ``data``; every tensor is a Variable."""

    def __new__(  # type: ignore[misc]
        cls, data: Any = None, requires_grad: bool = False, volatile: Any = None
    ) -> Tensor:
        if not isinstance(data, Tensor):
            raise TypeError(
                f"Variable: expected a tensor, got {type(data).__name__}; make one with "
                "wengert.tensor"
            )
        return data.detach().requires_grad_(requires_grad)
