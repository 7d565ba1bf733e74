"""Utilities beside the models themselves."""
