"""Writes the C++ program that trains the rows of the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from table import NAMES, Row

HERE = Path(__file__).parent
FILES = 4  # compiled side by side

_ROW = """\
namespace row_{number} {{
{before}
void run(cpp_parity::Run& run) {{
  {inputs}
  const auto make = [] {{ return {make}; }};
  const auto call = [&](auto& model) {{
    (void)model;
    return cpp_parity::flat({call});
  }};
  {{
    manual_seed(run.kSeed);
    auto model = make();
    run.note_initial(model);
    const std::vector<Tensor> parameters = model.parameters();
    {optimizer}
  }}
  manual_seed(run.kOtherSeed);
  auto model = make();
  run.take_over(model, [&] {{ return call(model); }});
  {copy}
}}
}}  // namespace row_{number}
"""

_TRAINED = """\
auto optimizer = {optimizer};
    {scheduler}
    run.train(model, {{[&] {{ return call(model); }}, [&] {{ optimizer.zero_grad(); }},
                      [&] {{ {before_step} optimizer.step(); {step} }}, {steps}}});"""
_UNTRAINED = "run.train(model, {{[&] {{ return call(model); }}, [] {{}}, [] {{}}, {steps}}});"

_CMAKE = """\
cmake_minimum_required(VERSION 3.22)
project(cpp_parity LANGUAGES CXX)
find_package(wengert REQUIRED)
file(GLOB sources "*.cpp")
add_executable(cpp_parity ${sources})
target_compile_options(cpp_parity PRIVATE -O1 -Wall -Wextra)
target_precompile_headers(cpp_parity PRIVATE in_cpp.h)
target_link_libraries(cpp_parity PRIVATE wengert::wengert)
"""

_MAIN = """\
// Trains every row in both dtypes: cpp_parity FOLDER
#include <iostream>

#include "in_cpp.h"

{declarations}
namespace {{
const cpp_parity::NamedRow rows[] = {{
{rows}
}};
}}

int main(int, char** arguments) {{
  for (const auto& row : rows) {{
    for (const auto dtype : {{wengert::DType::float32, wengert::DType::float64}}) {{
      const std::string name = std::string(row.name) + "." + wengert::name_of(dtype);
      try {{
        wengert::set_default_dtype(dtype);
        cpp_parity::Run run(std::string(arguments[1]) + "/" + name + ".");
        row.run(run);
        run.save();
      }} catch (const std::exception& e) {{
        std::cout << name << ": " << e.what() << std::endl;
      }}
    }}
  }}
}}
"""


def _source(number: int, row: Row, trained: bool) -> str:
    inputs = [
        f'[[maybe_unused]] const Tensor {n} = run.input("{n}");' for n in NAMES[: len(row.inputs)]
    ]
    optimizer = _UNTRAINED.format(steps=row.steps)
    if trained:
        has = bool(row.cpp_scheduler)
        optimizer = _TRAINED.format(
            optimizer=row.cpp_optimizer,
            scheduler=f"auto scheduler = {row.cpp_scheduler};" if has else "",
            before_step=row.cpp_step,
            step="scheduler.step();" if has else "",
            steps=row.steps,
        )
    return _ROW.format(
        number=number,
        before=row.cpp_before,
        inputs="\n  ".join(inputs),
        make=row.cpp,
        call=row.cpp_call,
        optimizer=optimizer,
        copy="run.evaluate_copy(model, call);" if row.is_of_library else "",
    )


def write(folder: Path, rows: Sequence[tuple[Row, bool]]) -> None:
    """Writes the project; each row comes with whether it has parameters to train."""
    (folder / "CMakeLists.txt").write_text(_CMAKE)
    for name in ("in_cpp.h", "in_cpp.cpp"):
        (folder / name).write_text((HERE / name).read_text())
    numbered = list(enumerate(rows))
    for k in range(FILES):
        parts = [_source(i, *row) for i, row in numbered[k::FILES]]
        (folder / f"rows_{k}.cpp").write_text(
            '#include "in_cpp.h"\n\nusing namespace wengert;\n'
            "namespace F = wengert::nn::functional;\n\n" + "\n".join(parts)
        )
    (folder / "main.cpp").write_text(
        _MAIN.format(
            declarations="\n".join(
                f"namespace row_{i} {{ void run(cpp_parity::Run& run); }}" for i, _ in numbered
            ),
            rows="\n".join(f'    {{"{row.name}", row_{i}::run}},' for i, (row, _) in numbered),
        )
    )
