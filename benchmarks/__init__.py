"""The same cases for wengert and its peers, in turn, in one run: `python -m benchmarks`."""
