"""Which of the names that programs use have cases, and what became of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field

import harness

_ONE_PROCESS = "one process on one machine"
# What names begin with that are left out on purpose, and why.
LEFT_OUT = {
    "torch.distributed": _ONE_PROCESS,
    "torch.nn.parallel.DistributedDataParallel": _ONE_PROCESS,
    "torch.onnx.": "an exporter of its own size; NotImplementedError names the way by PyTorch",
}


@dataclass
class Name:
    """One name: by how many programs it is used, and its cases."""

    name: str
    programs: int
    cases: list[harness.Case] = field(default_factory=list)

    @property
    def is_left_out(self) -> bool:
        return self.why_left_out is not None

    @property
    def why_left_out(self) -> str | None:
        return next((why for start, why in LEFT_OUT.items() if self.name.startswith(start)), None)


def read_names() -> list[Name]:
    """The names of names.csv, most used first, with the cases of each."""
    with open(harness.HERE / "names.csv", newline="") as file:
        names = {r["name"]: Name(r["name"], int(r["programs"])) for r in csv.DictReader(file)}
    for case in harness.all_cases():
        for name in case.all_names:
            if name in names:
                names[name].cases.append(case)
    return list(names.values())
