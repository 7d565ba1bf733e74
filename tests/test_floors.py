"""Includes point down the floors of the house (docs/engine.md)."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "csrc"
FLOORS = [
    {"runtime"},
    {"kernels"},
    {"tensor"},
    {"autograd"},
    {"ops"},
    {"io"},
    {"tape"},
    {"nn", "optim", "data"},
    {"capi"},
    {"bindings"},
]
LEVEL = {folder: level for level, floor in enumerate(FLOORS) for folder in floor}


def test_every_folder_has_a_floor():
    assert {p.name for p in ROOT.iterdir()} - {"include"} <= set(LEVEL)


def test_includes_point_down():
    upwards, seen = [], 0
    for file in ROOT.rglob("*.*"):
        level = LEVEL.get(file.relative_to(ROOT).parts[0])
        if level is None:
            continue
        for included in re.findall(r'#include "(\w+)/[\w/]+\.h"', file.read_text()):
            seen += included in LEVEL
            if LEVEL.get(included, -1) > level:
                upwards.append(f"{file.relative_to(ROOT)} includes {included}")
    assert seen > 100
    assert upwards == []


def test_public_headers_include_public_headers_only():
    for header in (ROOT / "include").rglob("*.h"):
        for included in re.findall(r'#include "([^"]+)"', header.read_text()):
            assert (ROOT / "include" / included).is_file(), f"{header.name} includes {included}"
