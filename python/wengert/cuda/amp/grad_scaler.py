"""`GradScaler` under the name of PyTorch's file."""

from wengert.cuda.amp import GradScaler

__all__ = ["GradScaler"]
