"""``python -m wengert``: what a build script or a bug report asks for."""

from __future__ import annotations

import argparse

import wengert
from wengert import _config


def main(arguments: list[str] | None = None) -> None:
    """Prints the one answer asked for.

    Args:
        arguments: the command line without the program's name; ``None`` takes that of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m wengert", description=wengert.__doc__)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--version", action="store_true", help="the version of the package")
    asked.add_argument("--config", action="store_true", help="processor, kernels, BLAS, threads")
    asked.add_argument("--cmake-dir", action="store_true", help="the value for wengert_DIR")
    asked.add_argument("--include-dir", action="store_true", help="the folder of the C++ headers")
    options = parser.parse_args(arguments)
    if options.version:
        print(wengert.__version__)
    elif options.config:
        print(wengert.show_config())
    elif options.cmake_dir:
        print(_config.cmake_dir())
    else:
        print(_config.include_dir())


if __name__ == "__main__":
    main()
