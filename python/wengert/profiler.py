"""Where time goes: operations, their gradients and modules, with bytes and share of peak."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any

from wengert._profile_schedule import ProfilerAction, schedule, tensorboard_trace_handler
from wengert.autograd import profiler as _profiler
from wengert.autograd.profiler import record_function
from wengert.autograd.profiler_util import DeviceType, EventList, ModuleList

__all__ = [
    "DeviceType",
    "ProfilerAction",
    "ProfilerActivity",
    "kineto_available",
    "profile",
    "record_function",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]


class ProfilerActivity(IntEnum):
    """What a profiler can look at."""

    CPU = 0
    XPU = 1
    CUDA = 2
    HPU = 3
    MTIA = 4
    PrivateUse1 = 5


_RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


class profile:
    """Records what this thread runs between `start` and `stop`, or in a with-block.

    Args:
        activities: ``ProfilerActivity.CPU``, the default, must be among them or none is recorded.
        schedule: from the number of a step to a `ProfilerAction`; see `schedule`. Without one,
            everything is recorded.
        on_trace_ready: called with the profile at the end of every recording.
        record_shapes, profile_memory, with_stack, with_flops, with_modules: see
            `wengert.autograd.profiler.profile`.
        acc_events: keeps the events of all recordings, not only of the last.
        experimental_config, execution_trace_observer, use_cuda, custom_trace_id_callback,
            post_processing_timeout_s: as in PyTorch; those of other devices have no effect.

    Example:
        >>> with wg.profiler.profile(with_modules=True) as prof:
        ...     model(x).sum().backward()
        >>> print(prof.key_averages().table(sort_by="self_cpu_time_total", row_limit=10))
        >>> print(prof.modules())
        >>> prof.export_chrome_trace("trace.json")
    """

    def __init__(
        self,
        *,
        activities: Iterable[Any] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[..., Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: bool | None = None,
        custom_trace_id_callback: Callable[[], str] | None = None,
        post_processing_timeout_s: float | None = None,
    ) -> None:
        asked = supported_activities() if activities is None else list(activities)
        names = {a for item in asked for a in (item if isinstance(item, dict) else (item,))}
        self.activities = {a for a in names if isinstance(a, ProfilerActivity)}
        if not self.activities:
            raise AssertionError("No valid profiler activities found")
        if use_cuda is not None:
            warnings.warn(
                "profile: use_cuda is deprecated; use activities", FutureWarning, stacklevel=2
            )
        self.schedule = schedule or (lambda step: ProfilerAction.RECORD)
        self.record_steps = schedule is not None
        self.on_trace_ready = on_trace_ready
        self.record_shapes = record_shapes
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_flops = with_flops
        self.with_modules = with_modules
        self.experimental_config = experimental_config
        self.execution_trace_observer = execution_trace_observer
        self.acc_events = acc_events
        self.custom_trace_id_callback = custom_trace_id_callback
        self.post_processing_timeout_s = post_processing_timeout_s
        self.profiler: _profiler.profile | None = None
        self.step_num = 0
        self.current_action = self.schedule(0)
        self.preset_metadata: dict[str, str] = {}
        self._metadata: dict[str, str] = {}
        self._earlier: list[Any] = []  # the events of recordings before the last
        self._step_range: record_function | None = None

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        self.stop()

    # ---- steps -----------------------------------------------------------------------------

    def start(self) -> None:
        """Begins with the current step."""
        self._transit(ProfilerAction.NONE, self.current_action)
        self._begin_step()

    def stop(self) -> None:
        """Ends; a recording that runs is handed to ``on_trace_ready``."""
        if self.profiler is None and not self.record_steps:
            raise AssertionError("Profiler must be initialized before stopping trace")
        self._end_step()
        self._transit(self.current_action, None)

    def step(self) -> None:
        """The next step begins."""
        self._end_step()
        before = self.current_action
        self.step_num += 1
        self.current_action = self.schedule(self.step_num)
        self._transit(before, self.current_action)
        self._begin_step()

    def _begin_step(self) -> None:
        if self.record_steps:
            self._step_range = record_function(f"ProfilerStep#{self.step_num}")
            self._step_range.__enter__()

    def _end_step(self) -> None:
        if self._step_range is not None:
            self._step_range.__exit__(None, None, None)
            self._step_range = None

    def _transit(self, before: ProfilerAction, now: ProfilerAction | None) -> None:
        idle = (ProfilerAction.NONE, ProfilerAction.WARMUP)
        active = (ProfilerAction.WARMUP, ProfilerAction.RECORD)
        if before in active and now in idle and now is not before:
            warnings.warn(f"Incorrect schedule: {before.name} followed by {now.name}", stacklevel=4)
        running = self.profiler is not None and self.profiler._running
        saves = before is ProfilerAction.RECORD_AND_SAVE or now is None
        if running and before in _RECORDING and (saves or now in idle):
            self.stop_trace()
            running = False
            if saves:
                self._trace_ready()
        if now is ProfilerAction.WARMUP and before is not now:
            self.prepare_trace()
        if now in _RECORDING and before is not ProfilerAction.RECORD and not running:
            if before is not ProfilerAction.WARMUP or self.profiler is None:
                self.prepare_trace()
            self.start_trace()

    def _trace_ready(self) -> None:
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def prepare_trace(self) -> None:
        """Makes ready for a recording, which replaces the one before."""
        if self.profiler is not None:
            self.profiler._stop()
            if self.acc_events:
                self._earlier += self.profiler.function_events
        self.profiler = _profiler.profile(
            record_shapes=self.record_shapes,
            with_flops=self.with_flops,
            profile_memory=self.profile_memory,
            with_stack=self.with_stack,
            with_modules=self.with_modules,
            custom_trace_id_callback=self.custom_trace_id_callback,
        )
        self.profiler._metadata = self._metadata = dict(self.preset_metadata)

    def start_trace(self) -> None:
        """Begins a recording."""
        if self.profiler is None:
            raise AssertionError("Profiler must be initialized before starting trace")
        self.profiler.__enter__()
        if ProfilerActivity.CPU not in self.activities:
            self.profiler.toggle_collection_dynamic(False, self.activities)

    def stop_trace(self) -> None:
        """Ends the recording."""
        self._recorded("stopping trace").__exit__(None, None, None)

    # ---- what was recorded -----------------------------------------------------------------

    def _recorded(self, purpose: str) -> _profiler.profile:
        if self.profiler is None:
            raise AssertionError(f"Profiler must be initialized before {purpose}")
        return self.profiler

    def events(self) -> EventList:
        """The events of the last recording, in the order in which they began."""
        last = self._recorded("accessing events")
        if not self._earlier:
            return last.function_events
        return last._list([*self._earlier, *last.function_events])

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """The events of one name together; see `EventList.key_averages`."""
        self._recorded("getting key averages")
        return self.events().key_averages(
            group_by_input_shape, group_by_stack_n, group_by_overload_name
        )

    def modules(self) -> ModuleList:
        """What belongs to each module that was called, forward and backward. Needs
        with_modules=True."""
        return self._recorded("grouping by module").modules()

    def join(self) -> Any:
        """A with-block in which another thread takes part in the recording, which must not stop
        before the block ends."""
        return self._recorded("joining it").join()

    def export_chrome_trace(self, path: str, use_python_export: bool = False) -> None:
        """Writes Trace Event JSON, for Perfetto or chrome://tracing; compressed if the path ends
        in ".gz"."""
        self._recorded("exporting chrome trace").export_chrome_trace(path)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Writes stacks for flame graphs. Needs with_stack=True."""
        self._recorded("exporting stacks").export_stacks(path, metric)

    def export_memory_timeline(self, path: str, device: str | None = None) -> None:
        """Not available: allocations are known by event, not by tensor."""
        raise NotImplementedError(
            "export_memory_timeline: wengert knows what each event allocated, not of which kind; "
            "use profile_memory=True and the column CPU Mem"
        )

    def toggle_collection_dynamic(self, enable: bool, activities: Iterable[Any]) -> None:
        """Stops recording, or begins again, without ending the recording."""
        if self.profiler is not None and ProfilerActivity.CPU in activities:
            self.profiler.toggle_collection_dynamic(enable, activities)

    # ---- notes in the trace ----------------------------------------------------------------

    def add_metadata(self, key: str, value: str) -> None:
        """Puts a text into the trace of the recording."""
        self._metadata[key] = json.dumps(value)

    def add_metadata_json(self, key: str, value: str) -> None:
        """Puts a JSON value into the trace of the recording."""
        self._metadata[key] = _checked_json("add_metadata_json", value)

    def preset_metadata_json(self, key: str, value: str) -> None:
        """Puts a JSON value into the traces of all recordings that begin later."""
        self.preset_metadata[key] = _checked_json("preset_metadata_json", value)

    def set_custom_trace_id_callback(self, callback: Callable[[], str]) -> None:
        """``callback`` names the recordings that begin later."""
        self.custom_trace_id_callback = callback

    def get_trace_id(self) -> str | None:
        """The name of the recording."""
        return None if self.profiler is None else self.profiler.trace_id


def _checked_json(op: str, value: str) -> str:
    try:
        json.loads(value)
    except json.JSONDecodeError as error:
        raise ValueError(f"{op}: expected a text in JSON, got {value!r}: {error}") from None
    return value


def kineto_available() -> bool:
    """False: there is no such library here."""
    return False


def supported_activities() -> set[ProfilerActivity]:
    """What `profile` can look at."""
    return {ProfilerActivity.CPU}
