"""OpenMP: not used, wengert has threads of its own."""


def is_available() -> bool:
    """False: wengert has threads of its own."""
    return False
