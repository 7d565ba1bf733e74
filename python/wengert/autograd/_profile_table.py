"""Profiles as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

_WIDTH = 12
_GAP = "  "


def time_text(us: float, unit: str | None = None) -> str:
    """A time given in microseconds, in the unit ("us", "ms" or "s") or one that fits."""
    if unit == "s" or (unit is None and us >= 1e6):
        return f"{us / 1e6:.3f}s"
    if unit == "ms" or (unit is None and us >= 1e3):
        return f"{us / 1e3:.3f}ms"
    return f"{us:.3f}us"


def memory_text(n: int) -> str:
    """A number of bytes in a unit that fits."""
    for size, unit in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if abs(n) >= size:
            return f"{n / size:.2f} {unit}"
    return f"{n} B"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "0.00%"


def _flops_unit(most: int) -> tuple[float, str]:
    for scale, unit in ((1e12, "TFLOPs"), (1e9, "GFLOPs"), (1e6, "MFLOPs"), (1e3, "KFLOPs")):
        if most >= scale:
            return scale, unit
    return 1.0, "FLOPs"


def _shortened(text: str, width: int | None) -> str:
    return text if width is None or len(text) <= width else text[: max(width - 3, 0)] + "..."


def rate_cells(event: Any) -> list[str]:
    """GB/s, GFLOP/s and the share of peak of an event or a row of them."""
    ns = event.cpu_time_total * 1e3
    if ns <= 0:
        return ["--", "--", "--"]
    share = event.share_of_peak
    return [
        f"{event.bytes / ns:.2f}" if event.bytes else "--",
        f"{event.flops / ns:.2f}" if event.flops else "--",
        f"{100 * share:.2f}%" if event.bytes or event.flops else "--",
    ]


class Table:
    """Columns under headings, each at the right of its width."""

    def __init__(self) -> None:
        self._columns: list[tuple[str, int]] = []
        self._rows: list[list[str]] = []

    def column(self, name: str, width: int = _WIDTH) -> None:
        """Adds a column."""
        self._columns.append((name, max(width, len(name))))

    def row(self, cells: Iterable[str]) -> None:
        """Adds a row: a text for every column."""
        self._rows.append(list(cells))

    def text(self, header: Sequence[str] = (), footer: Sequence[str] = ()) -> str:
        """The table, between lines of text."""
        rule = _GAP.join("-" * width for _, width in self._columns) + _GAP

        def line(cells: Iterable[str]) -> str:
            pairs = zip(cells, self._columns, strict=True)
            return _GAP.join(f"{cell:>{width}}" for cell, (_, width) in pairs) + _GAP

        lines = ["=" * (len(rule) - len(_GAP)), *header] if header else []
        lines += [rule, line(name for name, _ in self._columns), rule]
        lines += [line(row) for row in self._rows]
        return "\n".join([*lines, rule, *footer]) + "\n"


def events_table(
    events: Any,
    sort_by: str | None,
    row_limit: int,
    max_src_column_width: int | None,
    max_name_column_width: int | None,
    max_shapes_column_width: int | None,
    header: str | None,
    top_level_events_only: bool,
    profile_memory: bool,
    with_flops: bool,
    time_unit: str | None,
) -> str:
    """The text of `EventList.table`."""
    if not events:
        return ""
    shown = [e for e in events if not (top_level_events_only and e.cpu_parent is not None)]
    if sort_by is not None:
        shown.sort(key=lambda e: getattr(e, sort_by), reverse=True)
    if row_limit >= 0:
        shown = shown[:row_limit]
    total = events.self_cpu_time_total
    with_shapes = any(e.input_shapes for e in events)
    with_stack = any(e.stack for e in events)
    scale, unit = _flops_unit(max((e.flops for e in events), default=0))

    def width(texts: Iterable[str], limit: int | None, least: int) -> int:
        longest = max((len(t) for t in texts), default=0) + 4
        return max(longest if limit is None else min(longest, limit), least)

    table = Table()
    name_width = width((e.key for e in events), max_name_column_width, 0)
    table.column("Name", name_width)
    for name in ("Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"):
        table.column(name)
    if profile_memory:
        table.column("CPU Mem")
        table.column("Self CPU Mem")
    table.column("# of Calls")
    if with_shapes:
        texts = (str(e.input_shapes) for e in events)
        table.column("Input Shapes", width(texts, max_shapes_column_width, _WIDTH))
    if with_stack:
        texts = (e.stack[0] if e.stack else "" for e in events)
        table.column("Source Location", width(texts, max_src_column_width, _WIDTH))
    if with_flops:
        table.column("Total " + unit)
    for name in ("Bytes", "GB/s", "GFLOP/s", "Share of peak"):
        table.column(name)
    for e in shown:
        cells = [
            _shortened(e.key, max_name_column_width),
            _percent(e.self_cpu_time_total, total),
            time_text(e.self_cpu_time_total, time_unit),
            _percent(e.cpu_time_total, total),
            time_text(e.cpu_time_total, time_unit),
            time_text(e.cpu_time, time_unit),
        ]
        if profile_memory:
            cells += [memory_text(e.cpu_memory_usage), memory_text(e.self_cpu_memory_usage)]
        cells.append(str(e.count))
        if with_shapes:
            cells.append(_shortened(str(e.input_shapes), max_shapes_column_width))
        if with_stack:
            cells.append(_shortened(e.stack[0] if e.stack else "", max_src_column_width))
        if with_flops:
            cells.append(f"{e.flops / scale:.3f}" if e.flops else "--")
        table.row([*cells, memory_text(e.bytes), *rate_cells(e)])
    above = [] if header is None else [header]
    if top_level_events_only:
        above.append("This report only display top-level ops statistics")
    return table.text(above, [f"Self CPU time total: {time_text(total, time_unit)}"])


def modules_table(rows: Any) -> str:
    """The text of a list of modules."""
    if not rows:
        return ""
    table = Table()
    table.column("Module", max(len(r.name) for r in rows))
    for name in ("# of Calls", "Forward", "Backward", "Bytes", "GB/s", "GFLOP/s", "Share of peak"):
        table.column(name)
    for r in rows:
        times = [time_text(r.forward_time), time_text(r.backward_time)]
        table.row([r.name, str(r.count), *times, memory_text(r.bytes), *rate_cells(r)])
    return table.text()
