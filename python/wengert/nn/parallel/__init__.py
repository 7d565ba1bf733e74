"""Several devices: there is one, so everything goes to the module itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager

from wengert import Tensor
from wengert._device import device
from wengert.nn.module import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = [
    "DataParallel",
    "DistributedDataParallel",
    "data_parallel",
    "gather",
    "parallel_apply",
    "replicate",
    "scatter",
]


def _check_devices(op: str, devices: Any) -> None:
    for d in () if devices is None else devices:
        if not (isinstance(d, (str, device)) and device(d).type == "cpu"):
            raise RuntimeError(f"{op}: wengert is a CPU engine and has no device {d!r}")


class DataParallel(Module):
    """Hands its inputs to ``module``: there is one device.

    Args:
        module: the module.
        device_ids, output_device: have no effect; devices that do not exist are errors.
        dim: the dimension of the batch; has no effect.
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        _check_devices("DataParallel", device_ids)
        self.module = module
        self.device_ids: list[Any] = []
        self.output_device = output_device
        self.dim = dim

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """Hands its inputs to ``module``: there is one process, whose gradients are all there are.

    Args:
        module: the module.
        device_ids: devices that do not exist are errors; None, or none of them, is right here.
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
        broadcast_buffers: bool | None = None,
        init_sync: bool = True,
        process_group: Any = None,
        bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False,
        check_reduction: bool = False,
        gradient_as_bucket_view: bool = False,
        static_graph: bool = False,
        delay_all_reduce_named_params: Any = None,
        param_to_hook_all_reduce: Any = None,
        mixed_precision: Any = None,
        device_mesh: Any = None,
        skip_all_reduce_unused_params: bool = False,
        bucket_cap_mb_list: list[int] | None = None,
        batched_grad_copy: bool = False,
        forward_sync_buffers: bool | None = None,
    ) -> None:
        super().__init__()
        _check_devices("DistributedDataParallel", device_ids)
        if not any(p.requires_grad for p in module.parameters()):
            raise RuntimeError(
                "DistributedDataParallel: the module has no parameter that requires a gradient; "
                "use it as it is"
            )
        self.module = module
        self.device_ids = None
        self.output_device = output_device
        self.dim = dim
        self.find_unused_parameters = find_unused_parameters
        self.require_backward_grad_sync = True

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """A with-block without effect: there is nothing to bring together."""
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Sequence[Any] | None = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: Any = None,
) -> Any:
    """``module(*inputs, **module_kwargs)``; inputs that are no tuple are one input."""
    _check_devices("data_parallel", device_ids)
    arguments = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*arguments, **(module_kwargs or {}))


def scatter(inputs: Any, target_gpus: Sequence[Any], dim: int = 0) -> list[Any]:
    """Tensors within ``inputs`` in as many chunks along ``dim`` as there are targets, each of which
    must be the CPU; other values are repeated."""
    _check_devices("scatter", target_gpus)

    def parts(value: Any) -> list[Any]:
        if isinstance(value, Tensor):
            return list(value.chunk(len(target_gpus), dim))
        if isinstance(value, tuple) and value:
            rows = zip(*map(parts, value))
            return [type(value)(*r) if hasattr(value, "_fields") else r for r in rows]
        if isinstance(value, list) and value:
            return [list(row) for row in zip(*map(parts, value))]
        if isinstance(value, dict) and value:
            columns = zip(*map(parts, value.values()))
            return [type(value)(zip(value.keys(), column)) for column in columns]
        return [value] * len(target_gpus)

    return parts(inputs)


def gather(outputs: Any, target_device: Any, dim: int = 0) -> Any:
    """Results of one structure brought together: tensors are joined along ``dim``."""
    import wengert

    _check_devices("gather", [target_device])
    first = outputs[0]
    if isinstance(first, Tensor):
        if all(t.ndim == 0 for t in outputs):
            return wengert.stack(list(outputs))
        return wengert.cat(list(outputs), dim)
    if first is None:
        return None
    if isinstance(first, dict):
        return type(first)((k, gather([o[k] for o in outputs], target_device, dim)) for k in first)
    joined = [gather(column, target_device, dim) for column in zip(*outputs)]
    return type(first)(*joined) if hasattr(first, "_fields") else type(first)(joined)


def replicate(network: Module, devices: Sequence[Any], detach: bool = False) -> list[Module]:
    """The module once for each device, each of which must be the CPU."""
    _check_devices("replicate", devices)
    return [network] * len(devices)


def parallel_apply(
    modules: Sequence[Module],
    inputs: Sequence[Any],
    kwargs_tup: Sequence[dict[str, Any]] | None = None,
    devices: Sequence[Any] | None = None,
) -> list[Any]:
    """Each module's result on its inputs, one after the other."""
    if len(modules) != len(inputs):
        raise AssertionError(
            f"parallel_apply: {len(modules)} modules need as many inputs, got {len(inputs)}"
        )
    given = kwargs_tup or ({},) * len(modules)
    return [
        m(*(i if isinstance(i, (list, tuple)) else (i,)), **k)
        for m, i, k in zip(modules, inputs, given)
    ]
