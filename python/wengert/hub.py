"""Models and weights from elsewhere: from folders and files of this machine.

Nothing is downloaded: what a program names by its address must be in the cache already.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn
from urllib.parse import unquote, urlparse

__all__ = [
    "download_url_to_file",
    "get_dir",
    "help",
    "list",
    "load",
    "load_state_dict_from_url",
    "set_dir",
]

_dir: str | None = None


def get_dir() -> str:
    """The folder of what was loaded: set by `set_dir`, else ``$WENGERT_HOME/hub``, else
    ``~/.cache/wengert/hub`` (or below ``$XDG_CACHE_HOME``)."""
    if _dir is not None:
        return _dir
    home = os.environ.get("WENGERT_HOME")
    if home is None:
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
        home = os.path.join(cache, "wengert")
    return os.path.join(os.path.expanduser(home), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Sets the folder that `get_dir` returns."""
    global _dir
    _dir = os.path.expanduser(os.fspath(d))


def download_url_to_file(
    url: str, dst: str, hash_prefix: str | None = None, progress: bool = True
) -> NoReturn:
    """Raises NotImplementedError: nothing is downloaded."""
    raise NotImplementedError(
        f"hub.download_url_to_file: wengert downloads nothing; put {url} at {dst} yourself"
    )


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> Any:
    """`wengert.load` of the file that the address names: itself for ``file://``, otherwise the one
    of its name in ``model_dir`` (by default ``checkpoints`` in `get_dir`).

    Raises FileNotFoundError if it is not there: nothing is downloaded.
    """
    from wengert import load

    parts = urlparse(url)
    folder = os.path.join(get_dir(), "checkpoints") if model_dir is None else model_dir
    path = os.path.join(folder, file_name or os.path.basename(parts.path))
    if parts.scheme in ("", "file"):
        path = unquote(parts.path)
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"hub: {path} does not exist, and wengert downloads nothing; get {url}, and save its "
            "tensors there with wengert.save or as safetensors"
        )
    return load(path, map_location, weights_only=weights_only)


def _module(repo_or_dir: str, source: str) -> ModuleType:
    if source not in ("github", "local"):
        raise ValueError(f"hub: expected the source 'github' or 'local', got {source!r}")
    if source == "github":
        raise NotImplementedError(
            f"hub: wengert downloads nothing; clone {repo_or_dir!r} yourself and load it with "
            "source='local'"
        )
    path = Path(repo_or_dir, "hubconf.py")
    if not path.is_file():
        raise FileNotFoundError(f"hub: {path} does not exist")
    spec = importlib.util.spec_from_file_location("hubconf", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"hub: {path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, repo_or_dir)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(repo_or_dir)
    return module


def _entry(module: ModuleType, name: str) -> Any:
    entry = getattr(module, name, None)
    if not callable(entry):
        raise RuntimeError(f"hub: {module.__file__} has no callable {name!r}")
    return entry


def list(
    github: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: Any = "check",
    verbose: bool = True,
) -> Any:
    """The names of what a folder's ``hubconf.py`` offers."""
    module = _module(github, "local" if os.path.isdir(github) else "github")
    return [n for n in dir(module) if n[0] != "_" and callable(getattr(module, n))]


def help(
    github: str,
    model: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: Any = "check",
) -> Any:
    """The documentation of what a folder's ``hubconf.py`` offers."""
    module = _module(github, "local" if os.path.isdir(github) else "github")
    return _entry(module, model).__doc__


def load(
    repo_or_dir: str,
    model: str,
    *args: Any,
    source: str = "github",
    trust_repo: Any = "check",
    force_reload: bool = False,
    verbose: bool = True,
    skip_validation: bool = False,
    **kwargs: Any,
) -> Any:
    """``model(*args, **kwargs)`` of a folder's ``hubconf.py``, which is run; source must be
    "local"."""
    return _entry(_module(repo_or_dir, source), model)(*args, **kwargs)
