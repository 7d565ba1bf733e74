"""`wengert.amp` for the device type "cuda", which does not exist: both are disabled."""

from __future__ import annotations

from typing import Any

from wengert import amp, float16
from wengert._tensor import dtype as _dtype


class autocast(amp.autocast):
    """`wengert.amp.autocast("cuda", ...)`."""

    def __init__(
        self, enabled: bool = True, dtype: _dtype = float16, cache_enabled: bool = True
    ) -> None:
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(amp.GradScaler):
    """`wengert.amp.GradScaler("cuda", ...)`."""

    def __init__(
        self,
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )


def custom_fwd(fwd: Any = None, *, cast_inputs: _dtype | None = None) -> Any:
    """`wengert.amp.custom_fwd` for the device type "cuda"."""
    return amp.custom_fwd(fwd, device_type="cuda", cast_inputs=cast_inputs)


def custom_bwd(bwd: Any) -> Any:
    """`wengert.amp.custom_bwd` for the device type "cuda"."""
    return amp.custom_bwd(bwd, device_type="cuda")
