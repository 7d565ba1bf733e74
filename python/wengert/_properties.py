"""Methods of Tensor in the form of functions, as PyTorch has them."""

from __future__ import annotations

from ._tensor import Tensor

__all__ = [
    "detach",
    "is_complex",
    "is_floating_point",
    "is_inference",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "numel",
    "t",
]


def _checked(name: str, input: Tensor) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}: argument 'input' must be Tensor, but got {type(input).__name__}")
    return input


def detach(input: Tensor) -> Tensor:
    """A view of ``input`` without its history."""
    return _checked("detach", input).detach()


def is_complex(input: Tensor) -> bool:
    """Whether the dtype is complex."""
    return _checked("is_complex", input).is_complex()


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is float16, bfloat16, float32 or float64."""
    return _checked("is_floating_point", input).is_floating_point()


def is_inference(input: Tensor) -> bool:
    """Whether the tensor was made in inference mode."""
    return _checked("is_inference", input).is_inference()


def is_nonzero(input: Tensor) -> bool:
    """Whether the one element of ``input`` is not zero.

    Raises:
        RuntimeError: ``input`` has no element, or more than one.
    """
    if input.numel() != 1:
        raise RuntimeError(
            f"is_nonzero: expected one element, but the shape is {tuple(input.shape)}; "
            "use any() or all()"
        )
    return bool(input.item() != 0)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have one shape."""
    return input.shape == other.shape


def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers."""
    return _checked("is_signed", input).is_signed()


def numel(input: Tensor) -> int:
    """The number of elements."""
    return _checked("numel", input).numel()


def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; a vector or a number itself."""
    return _checked("t", input).t()
