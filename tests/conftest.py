"""What several test files share."""

from __future__ import annotations

import gc
import importlib.util

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the comparisons with PyTorch where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        skip = pytest.mark.skip(reason="PyTorch is not installed")
        for item in items:
            if item.get_closest_marker("torch"):
                item.add_marker(skip)


def pytest_collection_finish() -> None:
    """Leaves what was imported and collected out of the garbage collections of the tests."""
    gc.collect()
    gc.freeze()
