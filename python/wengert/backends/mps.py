"""Apple's GPUs: not used."""


def is_available() -> bool:
    """False: wengert is a CPU engine."""
    return False


def is_built() -> bool:
    """False: wengert is a CPU engine."""
    return False


def is_macos_or_newer(major: int, minor: int) -> bool:
    """False: there is no such device."""
    return False


def is_macos13_or_newer(minor: int = 0) -> bool:
    """False: there is no such device."""
    return False
