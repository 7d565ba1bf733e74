"""Names that programs look for where PyTorch has its compiled parts."""

from .linalg import LinAlgError as _LinAlgError

__all__ = ["_LinAlgError"]
