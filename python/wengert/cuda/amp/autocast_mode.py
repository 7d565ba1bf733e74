"""`autocast` and the decorators of custom functions under the name of PyTorch's file."""

from wengert.cuda.amp import autocast, custom_bwd, custom_fwd

__all__ = ["autocast", "custom_bwd", "custom_fwd"]
