"""Devices: there is one, the CPU."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class device:
    """Where a tensor lives; always the CPU.

    Raises RuntimeError for any other device: wengert is a CPU engine.
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: object = "cpu", index: int | None = None) -> None:
        if isinstance(type, device):
            name, index = type.type, type.index
        else:
            name, _, number = str(type).partition(":")
            if number:
                index = int(number)
        if name != "cpu":
            raise RuntimeError(
                f"device: {name!r} does not exist; wengert is a CPU engine, use device('cpu')"
            )
        self.type = name
        self.index = index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple:
        return device, (self.type, self.index)

    def __call__(self, function: Any) -> Any:
        """As a decorator: tensors are made on this device anyway."""
        return function

    def __enter__(self) -> device:
        return self

    def __exit__(self, *exc: object) -> None:
        pass


cpu_device = device("cpu")
