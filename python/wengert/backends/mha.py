"""The switch of PyTorch's fused attention for inference: settable, without effect."""

_fastpath = True


def get_fastpath_enabled() -> bool:
    """What set_fastpath_enabled has set."""
    return _fastpath


def set_fastpath_enabled(value: bool) -> None:
    """Sets a switch without effect."""
    global _fastpath
    _fastpath = bool(value)
