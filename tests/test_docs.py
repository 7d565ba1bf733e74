"""The programs in README.md and docs run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import cmake_build
import pytest

from wengert import _config

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["README.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]


def programs(page: str) -> str:
    """The blocks of a page behind one another, each on the lines on which it stands."""
    lines: list[str] = []
    inside = False
    for line in (ROOT / page).read_text().splitlines():
        if line.startswith("```"):
            inside = line == "```python"
            line = ""
        lines.append(line if inside else "")
    return "\n".join(lines)


@pytest.mark.parametrize("page", [p for p in PAGES if programs(p).strip()])
def test_programs_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(programs(page), page, "exec"), {"__name__": "__main__"})


def compiled_programs() -> list[object]:
    """The C and C++ blocks that have a main, each with its page, language and first line."""
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text()
        for block in re.finditer(r"^```(c|cpp)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            if "int main(" in block[2]:
                line = text[: block.start(2)].count("\n") + 1
                place = f"{page}:{line}"
                found.append(pytest.param(place, block[1], block[2], id=place))
    return found


@pytest.mark.parametrize(("place", "language", "code"), compiled_programs())
def test_compiled_programs_run(place, language, code, tmp_path, monkeypatch):
    if not _config.include_dir().is_dir():
        pytest.skip("the headers are not installed")
    if reason := cmake_build.unavailable():
        pytest.skip(reason)
    page, line = place.split(":")
    source = tmp_path / f"program.{language}"
    source.write_text(f'#line {line} "{page}"\n{code}')
    compiler, standard = {
        "c": (os.environ.get("CC", "cc"), "-std=c99"),
        "cpp": (os.environ.get("CXX", "c++"), "-std=c++20"),
    }[language]
    library = _config.library_dir()
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    include = ["-I", _config.include_dir()]
    link = ["-L", library, "-lwengert", f"-Wl,-rpath,{library}", "-pthread"]
    program = tmp_path / "program"
    cmake_build.run(compiler, standard, *warnings, *include, source, "-o", program, *link)
    # What the page's programs in Python have saved.
    if "load_value(" in code or "_tape_load(" in code:
        monkeypatch.chdir(tmp_path)
        exec(compile(programs(page), page, "exec"), {"__name__": "__main__"})
    done = subprocess.run([program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # A comment behind what is printed says what it is.
    expected = re.findall(r"<< \"\\n\";  // ([\d. ]+)$", code, re.MULTILINE)
    expected += re.findall(r"\\n\".*\); /\* ([\d. ]+) \*/$", code, re.MULTILINE)
    assert done.stdout.split("\n")[: len(expected)] == expected
    if least := re.search(r"// more than ([\d.]+)$", code, re.MULTILINE):
        assert float(done.stdout.split()[0]) > float(least[1])


def test_there_are_compiled_programs():
    places = [p.id for p in compiled_programs()]
    assert sum(place.startswith("docs/cpp.md") for place in places) == 10
    assert any(place.startswith("README.md") for place in places)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target
