"""The events of a profile, and what is made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from wengert.autograd._profile_rows import DeviceType, ModuleAvg, ModuleList, Times
from wengert.autograd._profile_table import events_table

__all__ = [
    "DeviceType",
    "EventList",
    "FunctionEvent",
    "FunctionEventAvg",
    "Interval",
    "ModuleAvg",
    "ModuleList",
]

_OPERATION, _BACKWARD, _RANGE, _MODULE = range(4)
# As PyTorch numbers them: operations, nodes of the backward pass, ranges of users.
_SCOPES = {_OPERATION: 0, _BACKWARD: 1, _RANGE: 7, _MODULE: 7}


class Interval:
    """From ``start`` to ``end``, in microseconds since the profile began."""

    def __init__(self, start: float, end: float) -> None:
        self.start = start
        self.end = end

    def elapsed_us(self) -> float:
        """How long it is."""
        return self.end - self.start


class FunctionEvent(Times):
    """One call of an operation, run of a node, or range.

    Attributes:
        name: "mm", "add_" (in place), "MmBackward0" (as ``grad_fn.name()``), "AccumulateGrad", or
            a range's name.
        time_range: an `Interval`; ``thread``: 1 is the thread that began the profile.
        cpu_parent, cpu_children: by nesting, calls of modules left out.
        module: the name of the innermost module call around it, or "".
        sequence_nr: the number of the backward node made or run, or -1.
        forward: of a backward node, the event of the call that recorded it, where it was seen.
        bytes: in the tensors read and written. flops: of products, or 0 where not known.
        stack: Python frames, innermost first, as "file(line): function".
    """

    count = 1

    def __init__(self, id: int, values: tuple, began: float = 0.0) -> None:
        (name, kind, thread, begin, end, node, _, _, bytes, flops, flops64, allocated) = values[:12]
        self.id = id
        self.trace_name = name
        self.name = "ProfilerStep*" if name.startswith("ProfilerStep#") else name
        self.kind = kind
        self.thread = thread
        self.fwd_thread: int | None = None
        self.time_range = Interval(began + begin / 1e3, began + end / 1e3)
        self.sequence_nr = node or -1
        self.bytes = bytes
        self.flops = flops
        self.flops64 = flops64
        self.cpu_memory_usage = allocated
        self.input_shapes = [list(shape) for _, shape in values[12]]
        self.input_dtypes = [dtype for dtype, _ in values[12]]
        self.stack = values[13].split("\n") if values[13] else []
        self.scope = _SCOPES[kind]
        self.is_user_annotation = kind == _RANGE
        self.cpu_parent: FunctionEvent | None = None
        self.cpu_children: list[FunctionEvent] = []
        self.forward: FunctionEvent | None = None
        self.module = ""
        self.kernels: list[Any] = []

    @property
    def key(self) -> str:
        return self.name

    @property
    def cpu_time_total(self) -> float:  # type: ignore[override]
        return self.time_range.elapsed_us()

    @property
    def self_cpu_time_total(self) -> float:  # type: ignore[override]
        return self.cpu_time_total - sum(c.cpu_time_total for c in self.cpu_children)

    @property
    def self_cpu_memory_usage(self) -> int:
        return self.cpu_memory_usage - sum(c.cpu_memory_usage for c in self.cpu_children)

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent id={self.id} name={self.name} thread={self.thread} "
            f"cpu_time={self.cpu_time_str} start_us={self.time_range.start:.3f} "
            f"end_us={self.time_range.end:.3f} cpu_children={[c.id for c in self.cpu_children]} "
            f"input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage} "
            f"seq_nr={self.sequence_nr}>"
        )


class FunctionEventAvg(Times):
    """Events of one name together; ``count`` of them."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.count = 0
        self.cpu_time_total = 0.0
        self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = 0
        self.self_cpu_memory_usage = 0
        self.bytes = 0
        self.flops = 0
        self.flops64 = 0
        self.input_shapes: Any = None
        self.stack: Any = None
        self.scope: int | None = None
        self.cpu_children: Any = None
        self.cpu_parent: Any = None
        self.is_user_annotation: bool | None = None

    def add(self, other: Any) -> FunctionEventAvg:
        """Takes in an event, or another row."""
        if self.key is None:
            self.key = other.key
            self.cpu_parent = other.cpu_parent
            self.cpu_children = other.cpu_children
            self.input_shapes = other.input_shapes
            self.stack = other.stack
            self.scope = other.scope
            self.is_user_annotation = other.is_user_annotation
        for name in (
            "count",
            "cpu_time_total",
            "self_cpu_time_total",
            "cpu_memory_usage",
            "self_cpu_memory_usage",
            "bytes",
            "flops",
            "flops64",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    __iadd__ = add

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str}  self_cuda_time=0.000us cuda_time=0.000us "
            f"input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage} "
            "cuda_memory_usage=0>"
        )


class EventList(list):
    """Events in the order in which they began, or rows of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._profile_memory: bool = kwargs.pop("profile_memory", False)
        self._with_flops: bool = kwargs.pop("with_flops", False)
        self._trace: Callable[[], str] | None = kwargs.pop("trace", None)
        super().__init__(*args, **kwargs)

    def __str__(self) -> str:
        return self.table()

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all events without those inside them."""
        return sum(e.self_cpu_time_total for e in self)

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int | None = 75,
        max_name_column_width: int | None = 55,
        max_shapes_column_width: int | None = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """A row for each event, those with most of the attribute ``sort_by`` first.

        Args:
            row_limit: at most so many rows; -1: all.
            top_level_events_only: leaves out what happened inside others.
            time_unit: "s", "ms" or "us"; None: what fits.
        """
        return events_table(
            self,
            sort_by,
            row_limit,
            max_src_column_width,
            max_name_column_width,
            max_shapes_column_width,
            header,
            top_level_events_only,
            self._profile_memory,
            self._with_flops,
            time_unit,
        )

    def key_averages(
        self,
        group_by_input_shapes: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """A `FunctionEventAvg` for each name or, where asked for, each name and shapes of inputs or
        innermost frames of the stack. Calls of modules are left out."""
        rows: defaultdict[tuple, FunctionEventAvg] = defaultdict(FunctionEventAvg)
        for e in self:
            if getattr(e, "kind", None) == _MODULE:
                continue
            shapes = str(e.input_shapes) if group_by_input_shapes else ""
            stack = tuple(e.stack[:group_by_stack_n]) if group_by_stack_n > 0 else ()
            rows[e.key, e.is_user_annotation, shapes, stack].add(e)
        for row in rows.values():
            if not group_by_input_shapes:
                row.input_shapes = ""
            row.stack = row.stack[:group_by_stack_n] if group_by_stack_n > 0 else []
        return EventList(
            rows.values(), profile_memory=self._profile_memory, with_flops=self._with_flops
        )

    def total_average(self) -> FunctionEventAvg:
        """All events as one row, called "Total"."""
        total = FunctionEventAvg()
        for e in self:
            total += e
        total.key = "Total"
        return total

    def export_chrome_trace(self, path: str) -> None:
        """Writes the profile's Trace Event JSON, for Perfetto or chrome://tracing."""
        if self._trace is None:
            raise RuntimeError(
                "export_chrome_trace: expected the events of a profile, but these are rows or a "
                "part of them; call it on the profile"
            )
        write_text(path, self._trace())

    def supported_export_stacks_metrics(self) -> list[str]:
        """What `export_stacks` can count."""
        devices = ("cpu", "cuda", "xpu", "privateuse1")
        return [f"self_{d}_time_total" for d in devices]

    def export_stacks(self, path: str, metric: str) -> None:
        """Writes a line "outermost;...;innermost microseconds" for each stack, as programs that
        draw flame graphs read them."""
        if metric not in self.supported_export_stacks_metrics():
            raise ValueError(f"metric should be one of: {self.supported_export_stacks_metrics()!s}")
        blanks = str.maketrans(" ;\t\n", "____")
        sums: defaultdict[str, float] = defaultdict(float)
        for e in self:
            value = getattr(e, metric, 0)
            if e.stack and value > 0:
                sums[";".join(frame.translate(blanks) for frame in reversed(e.stack))] += value
        with open(path, "w") as f:
            f.writelines(f"{stack} {int(us)}\n" for stack, us in sums.items() if us >= 1)


def write_text(path: str, text: str) -> None:
    """Writes a file, compressed if its name ends in ".gz"."""
    if str(path).endswith(".gz"):
        import gzip

        with gzip.open(path, "wt", encoding="utf-8") as f:
            f.write(text)
    else:
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


def events_of(values: Iterable[tuple], began: float = 0.0) -> list[FunctionEvent]:
    """The events of a profile, linked, in the order in which they began."""
    values = list(values)
    events = [FunctionEvent(i + 1, v, began) for i, v in enumerate(values)]
    for e, v in zip(events, values, strict=True):
        parent, forward = v[6], v[7]
        if forward >= 0:
            e.forward = events[forward]
            e.fwd_thread = e.forward.thread
        while parent >= 0:
            p = events[parent]
            if p.kind != _MODULE:
                if e.kind != _MODULE:
                    e.cpu_parent = p
                    p.cpu_children.append(e)
                e.module = e.module or p.module
                break
            e.module = e.module or p.name
            parent = values[parent][6]
    for e in events:
        if e.forward is not None:
            e.module = e.forward.module
    return sorted(events, key=lambda e: e.time_range.start)
