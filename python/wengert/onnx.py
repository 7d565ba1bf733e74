"""The exchange format ONNX: not written yet."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["export", "is_in_onnx_export"]


def export(model: Any, args: Any = (), f: Any = None, **kwargs: Any) -> NoReturn:
    """Raises NotImplementedError."""
    raise NotImplementedError(
        "onnx.export: wengert does not write ONNX files; save the model's state_dict() with "
        "wengert.save (a safetensors file), load it where the exporter is, and export there"
    )


def is_in_onnx_export() -> bool:
    """False: there is no exporter."""
    return False
