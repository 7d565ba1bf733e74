"""The parts of which loaders are made."""
