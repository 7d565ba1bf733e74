"""Where time goes, as PyTorch's older profiler has it."""

from __future__ import annotations

import functools
import json
import warnings
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from wengert import _core
from wengert.autograd._profile_stack import stack_text
from wengert.autograd.profiler_util import (
    EventList,
    FunctionEvent,
    FunctionEventAvg,
    ModuleAvg,
    ModuleList,
    events_of,
    write_text,
)

__all__ = ["EventList", "FunctionEvent", "emit_itt", "emit_nvtx", "profile", "record_function"]


class record_function:
    """A with-block or decorator that names a part of a program in the profiles that are on.

    ``args`` are accepted, and not recorded.
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args
        self._ranges: list[Any] = []

    def __enter__(self) -> record_function:
        if not isinstance(self.name, str):
            raise RuntimeError(
                f"record_function: expected a name of type str, got {type(self.name).__name__}"
            )
        self._ranges.append(_core._profile_range(self.name))
        return self

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        range = self._ranges.pop()
        if range is not None:
            range.end()

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return func(*args, **kwargs)

        return wrapped


class profile:
    """Records the operations, backward nodes and ranges of its with-block on this thread.

    Args:
        enabled: without, the block runs as if there were no profile.
        record_shapes: keeps the shapes of inputs.
        with_flops: shows floating point operations in tables, and keeps shapes. They are always
            counted.
        profile_memory: keeps what each event allocated and did not free. It is asked of the
            allocator, and so includes other threads.
        with_stack: keeps the Python frames of every operation; some microseconds each.
        with_modules: calls of modules are events, for `modules`.
        acc_events, experimental_config, custom_trace_id_callback, post_processing_timeout_s,
            activity_filters, use_kineto: accepted for PyTorch's sake.

    Example:
        >>> with wg.autograd.profiler.profile() as prof:
        ...     y = wg.ones(100, 100) @ wg.ones(100, 100)
        >>> print(prof.key_averages().table(sort_by="self_cpu_time_total"))
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: str | None = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
        experimental_config: Any = None,
        acc_events: bool = False,
        custom_trace_id_callback: Callable[[], str] | None = None,
        post_processing_timeout_s: float | None = None,
        activity_filters: dict[Any, set[str]] | None = None,
    ) -> None:
        self.enabled = enabled
        if not enabled:
            return
        if use_cuda:
            warnings.warn(
                "profile: use_cuda is deprecated, and there is no CUDA here",
                FutureWarning,
                stacklevel=2,
            )
        if use_device is not None and use_device != "cpu":
            warnings.warn(f"profile: there is no device {use_device} here", stacklevel=2)
        if not use_cpu:
            raise AssertionError("profile: expected use_cpu=True; there are no other devices")
        self.record_shapes = record_shapes
        self.with_flops = with_flops
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_modules = with_modules
        self.acc_events = acc_events
        self.custom_trace_id_callback = custom_trace_id_callback
        self.trace_id = ""
        self.entered = False
        self._running = False
        self._profile: Any = None
        self._events: EventList | None = None
        self._metadata: dict[str, str] = {}

    def __enter__(self) -> profile | None:
        if not self.enabled:
            return None
        if self.entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        self.entered = True
        self._start()
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        if self.enabled:
            self._stop()

    def _start(self) -> None:
        import uuid

        from wengert.nn._profiled_calls import watch_modules
        from wengert.optim._hooks import watch_all_steps

        own_id = self.custom_trace_id_callback
        self.trace_id = own_id() if own_id else uuid.uuid4().hex.upper()
        watch_all_steps()
        if self.with_modules:
            watch_modules(1)
        where = stack_text if self.with_stack else None
        self._profile = _core._Profile(
            self.record_shapes or self.with_flops, self.profile_memory, where
        )
        self._running = True

    def _stop(self) -> None:
        if not self._running:
            return
        self._profile.stop()
        self._running = False
        if self.with_modules:
            from wengert.nn._profiled_calls import watch_modules

            watch_modules(-1)

    def __repr__(self) -> str:
        if not self.enabled or not self._finished():
            return "<unfinished wengert.autograd.profile>"
        return repr(self.function_events)

    def __str__(self) -> str:
        if not self.enabled or not self._finished():
            return "<unfinished wengert.autograd.profile>"
        return str(self.function_events)

    def _finished(self) -> bool:
        return self._profile is not None and not self._running

    # ---- what was recorded -----------------------------------------------------------------

    @property
    def function_events(self) -> EventList:
        """The events, in the order in which they began; none while the profile runs."""
        if not self._finished():
            return self._list([])
        if self._events is None:
            self._events = self._list(events_of(self._profile.events()))
        return self._events

    def _list(self, events: Iterable[FunctionEvent]) -> EventList:
        return EventList(
            events,
            profile_memory=self.profile_memory,
            with_flops=self.with_flops,
            trace=self._trace,
        )

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int | None = 75,
        max_name_column_width: int | None = 55,
        max_shapes_column_width: int | None = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
    ) -> str:
        """A row for every event; see `EventList.table`."""
        return self.function_events.table(
            sort_by,
            row_limit,
            max_src_column_width,
            max_name_column_width,
            max_shapes_column_width,
            header,
            top_level_events_only,
        )

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """The events of one name together; see `EventList.key_averages`."""
        return self.function_events.key_averages(
            group_by_input_shape, group_by_stack_n, group_by_overload_name
        )

    def total_average(self) -> FunctionEventAvg:
        """All events together."""
        return self.function_events.total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """The time in all events, in microseconds."""
        return self.function_events.self_cpu_time_total

    def modules(self) -> ModuleList:
        """What belongs to each module that was called, forward and backward."""
        if not self.with_modules:
            raise AssertionError("modules() requires with_modules=True")
        if not self._finished():
            return ModuleList()
        return ModuleList(ModuleAvg(row) for row in self._profile.modules())

    def join(self) -> Any:
        """A with-block in which another thread takes part in the profile, which must not stop
        before the block ends."""
        return _Joined(self._profile)

    def _trace(self, metadata: dict[str, str] | None = None) -> str:
        facts = {
            "trace_id": json.dumps(self.trace_id),
            "record_shapes": json.dumps(int(self.record_shapes)),
            "profile_memory": json.dumps(int(self.profile_memory)),
            "with_stack": json.dumps(int(self.with_stack)),
            "with_modules": json.dumps(int(self.with_modules)),
            **self._metadata,
            **(metadata or {}),
        }
        return self._profile.chrome_trace(list(facts.items()))

    def export_chrome_trace(
        self, path: str, metadata: Any = None, use_python_export: bool = False
    ) -> None:
        """Writes Trace Event JSON, for Perfetto or chrome://tracing; compressed if the path ends
        in ".gz". ``metadata``: further entries at its top level."""
        if not self._finished():
            raise AttributeError("export_chrome_trace: the profile has not finished")
        extra = {k: json.dumps(v) for k, v in (metadata or {}).items()}
        write_text(path, self._trace(extra))

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Writes stacks for flame graphs; see `EventList.export_stacks`."""
        if not self.with_stack:
            raise AssertionError("export_stacks() requires with_stack=True")
        self.function_events.export_stacks(path, metric)

    def toggle_collection_dynamic(self, enabled: bool, activities: Iterable[Any]) -> None:
        """Stops recording, or begins again, within the block."""
        if self._running:
            self._profile.pause(not enabled)


class _Joined:
    """Another thread's part in a profile."""

    def __init__(self, running: Any) -> None:
        self._running = running
        self._scope: Any = None

    def __enter__(self) -> None:
        self._scope = self._running.join()

    def __exit__(self, *exc: object) -> None:
        self._scope = None


class _Marks:
    """Marks for a profiler of another vendor: NotImplementedError unless enabled=False."""

    def __init__(self, enabled: bool = True, record_shapes: bool = False) -> None:
        if enabled:
            _refuse(f"autograd.profiler.{type(self).__name__}")

    def __enter__(self) -> _Marks:
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        pass


class emit_nvtx(_Marks):
    __doc__ = _Marks.__doc__


class emit_itt(_Marks):
    __doc__ = _Marks.__doc__


def _refuse(name: str) -> NoReturn:
    raise NotImplementedError(f"{name}: there is no such tool here; use wengert.profiler.profile")
