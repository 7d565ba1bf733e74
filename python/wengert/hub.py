"""Models and weights from elsewhere: files by their address, models from folders of this machine.

Files are downloaded into a cache. Code is not: a model's folder must be there already.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlparse
from urllib.request import Request, urlopen

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


def _show(done: int, total: int | None) -> None:
    megabytes = f"{done / 2**20:.1f}"
    share = f" of {total / 2**20:.1f} MB, {100 * done // max(total, 1)} %" if total else " MB"
    print(f"\r{megabytes}{share}", end="", file=sys.stderr, flush=True)


def download_url_to_file(
    url: str, dst: str, hash_prefix: str | None = None, progress: bool = True
) -> None:
    """Downloads what is at an address (``https://``, ``file://``, ...) into the file ``dst``.

    Args:
        hash_prefix: what the SHA-256 of the contents must begin with.
        progress: show on stderr how far it is.

    Raises RuntimeError where the hash differs, and what `urllib.request.urlopen` raises; there is
    no file then.
    """
    dst = os.path.expanduser(dst)
    folder = os.path.dirname(dst) or "."
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"hub.download_url_to_file: the folder {folder} does not exist")
    with urlopen(Request(url, headers={"User-Agent": "wengert.hub"})) as source:
        length = source.headers.get("Content-Length")
        total = int(length) if length else None
        digest = hashlib.sha256()
        handle, partial = tempfile.mkstemp(dir=folder, suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as target:
                done = 0
                while block := source.read(1 << 17):
                    target.write(block)
                    digest.update(block)
                    done += len(block)
                    if progress:
                        _show(done, total)
            if progress:
                print(file=sys.stderr)
            if hash_prefix is not None and not digest.hexdigest().startswith(hash_prefix):
                raise RuntimeError(
                    f"hub.download_url_to_file: expected a file from {url} whose SHA-256 begins "
                    f"with {hash_prefix}, but it is {digest.hexdigest()}"
                )
            os.chmod(partial, 0o644)
            os.replace(partial, dst)
        except BaseException:
            os.unlink(partial)
            raise


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> Any:
    """`wengert.load` of the file at an address, downloaded unless it is in the cache.

    Args:
        model_dir: the folder of the cache; by default ``checkpoints`` in `get_dir`.
        check_hash: the file's name ends in ``-<hash>.<ext>``, with the first digits of the SHA-256
            of its contents, which are compared after a download.
        file_name: its name in the cache; by default that of the address.

    Raises what `download_url_to_file` and `wengert.load` raise.
    """
    from wengert import load

    folder = os.path.join(get_dir(), "checkpoints") if model_dir is None else model_dir
    os.makedirs(folder, exist_ok=True)
    name = file_name or os.path.basename(urlparse(url).path)
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        found = re.search(r"-([a-f0-9]*)\.", name) if check_hash else None
        if progress:
            print(f"Downloading {url} to {path}", file=sys.stderr)
        download_url_to_file(url, path, found.group(1) if found else None, progress)
    return load(path, map_location, weights_only=weights_only)


def _module(repo_or_dir: str, source: str) -> ModuleType:
    if source not in ("github", "local"):
        raise ValueError(f"hub: expected the source 'github' or 'local', got {source!r}")
    if source == "github":
        raise NotImplementedError(
            f"hub: wengert downloads no code; clone {repo_or_dir!r} yourself and load it with "
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
