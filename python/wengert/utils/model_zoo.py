"""The older name of `wengert.hub.load_state_dict_from_url`."""

from wengert.hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]
