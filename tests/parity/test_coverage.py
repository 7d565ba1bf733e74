"""Every name that programs use often has cases, and docs/coverage.md is about these cases."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import coverage

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"


def wanted(least: int) -> list[coverage.Name]:
    return [n for n in coverage.read_names() if n.programs >= least and not n.left_out]


def test_names_used_by_five_programs_have_cases():
    assert [n.name for n in wanted(5) if not n.cases] == []


def test_most_names_used_by_two_programs_have_cases():
    names = wanted(2)
    missing = [n.name for n in names if not n.cases]
    assert len(missing) <= 0.05 * len(names), missing


def test_the_page_is_about_these_cases():
    rows = dict(re.findall(r"^\| `(.*)` \| \d+ \| (\d+) \|", PAGE.read_text(), re.M))
    cases = {n.name.replace("|", "\\|"): str(len(n.cases)) for n in coverage.read_names()}
    assert {k: rows.get(k) for k, v in cases.items() if rows.get(k) != v} == {}, (
        "run tools/make_coverage.py"
    )
