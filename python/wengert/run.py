"""Runs a program written for PyTorch: ``python -m wengert.run script.py arguments...``

``import torch`` and its submodules are answered with wengert's modules, ``torchvision`` with
`wengert.vision`; the program is otherwise run as ``python`` runs it. ``-m module`` and ``-c code``
are understood too. A program may call `install` itself before it imports torch.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any, NoReturn

VERSION = "2.13.0"  # of PyTorch, whose names and meanings wengert follows

# Names that stand elsewhere in wengert, the longest first.
_NAMES = (
    ("torch.nn.modules.utils", "wengert.nn._tuples"),
    ("torch.nn.modules", "wengert.nn"),
    ("torch", "wengert"),
    ("torchvision", "wengert.vision"),
)


def _home(name: str) -> str | None:
    """The name of wengert's module for one of PyTorch's; None for other modules."""
    for theirs, ours in _NAMES:
        if name == theirs or name.startswith(theirs + "."):
            return ours + name[len(theirs) :]
    return None


class _Torch(ModuleType):
    """The module that programs see as ``torch``: the package `wengert`, with a version that can be
    compared with PyTorch's."""

    def __init__(self) -> None:
        import wengert
        from wengert.torch_version import TorchVersion

        super().__init__("torch", wengert.__doc__)
        self.__dict__.update(
            (n, v) for n, v in vars(wengert).items() if not (n[:2] == "__" and n[-2:] == "__")
        )
        self.__file__ = wengert.__file__
        self.__path__: list[str] = []  # its submodules are found by their names alone
        self.__version__ = TorchVersion(f"{VERSION}+wengert")

    def __getattr__(self, name: str) -> Any:
        import wengert

        try:
            value = getattr(wengert, name)
        except AttributeError:
            raise AttributeError(
                f"torch.{name} is not available in wengert", name=name, obj=self
            ) from None
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        import wengert

        return sorted({*self.__dict__, *dir(wengert)})


class _Modules(ModuleType):
    """``torch.nn.modules``, where PyTorch defines what `wengert.nn` has."""

    def __init__(self) -> None:
        super().__init__("torch.nn.modules")
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        from wengert import nn
        from wengert.nn import _tuples

        return _tuples if name == "utils" else getattr(nn, name)


class _Loader(Loader):
    """Gives a module that is loaded already another name."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = getattr(module, "__spec__", None)
        self._loader = getattr(module, "__loader__", None)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        if self._spec is not None:  # what the import system has just replaced
            module.__spec__ = self._spec
            module.__loader__ = self._loader


class _Finder(MetaPathFinder):
    """Finds wengert's modules under PyTorch's names."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        home = _home(fullname)
        if home is None:
            return None
        try:
            made = {"torch": _Torch, "torch.nn.modules": _Modules}.get(fullname)
            module = import_module(home) if made is None else made()
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if _home(missing) is None and not (home + ".").startswith(missing + "."):
                raise  # something that wengert's module needs
            if _only_asked():
                return None
            # With wengert's name, so that `from torch import name`, too, shows the message.
            raise ModuleNotFoundError(
                f"{fullname} is not available in wengert", name=home
            ) from None
        spec = ModuleSpec(fullname, _Loader(module), origin=getattr(module, "__file__", None))
        if hasattr(module, "__path__"):
            spec.submodule_search_locations = list(module.__path__)
        return spec


class _Missing(MetaPathFinder):
    """Comes last: says of what was looked for in vain that wengert does not have it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.startswith("wengert.") and not _only_asked():
            vision, _, rest = fullname.removeprefix("wengert.").partition(".")
            name = "torch" + fullname.removeprefix("wengert")
            if vision == "vision":
                name = f"torchvision.{rest}".rstrip(".")
            # With this name `from torch.nn import name`, too, shows the message.
            raise ModuleNotFoundError(f"{name} is not available in wengert", name=name)
        return None


def _only_asked() -> bool:
    """Whether the program asks if there is a module (`importlib.util.find_spec`), and does not
    import it."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_filename != __file__ and "importlib" not in code.co_filename:
            return False
        if code.co_name == "find_spec" and "util" in code.co_filename:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


class _Again:
    """Travels to processes that this one starts, and installs the names there on arrival."""

    def __reduce__(self) -> Any:
        return install, ()


def _follow_processes() -> None:
    """Makes processes that `multiprocessing` starts anew answer PyTorch's names too."""
    from multiprocessing import spawn

    before = spawn.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        data = before(name)
        data["wengert.run"] = _Again()
        return data

    spawn.get_preparation_data = get_preparation_data


def install() -> None:
    """Lets ``import torch`` and ``import torchvision`` find wengert, in this process and in those
    that `multiprocessing` starts from it. Calling it again changes nothing.

    Raises RuntimeError if PyTorch itself is imported already.
    """
    if any(isinstance(f, _Finder) for f in sys.meta_path):
        return
    for name in ("torch", "torchvision"):
        if name in sys.modules:
            raise RuntimeError(
                f"run.install: {name} is imported already; call install() before the first import"
            )
    sys.meta_path.insert(0, _Finder())
    sys.meta_path.append(_Missing())
    import_module("torch.nn.modules")  # programs use it without importing it
    _follow_processes()


# ---- running a program ----------------------------------------------------------------------


def _main_module(**values: Any) -> ModuleType:
    """A new module ``__main__``, in the place of this program's own."""
    import builtins

    module = ModuleType("__main__")
    vars(module).update(__builtins__=builtins, **values)
    sys.modules["__main__"] = module
    return module


def _report(error: BaseException) -> NoReturn:
    """Shows an error that the program did not catch, without the frames that are not its own."""
    traceback = error.__traceback__
    while traceback is not None and _is_ours(traceback.tb_frame.f_code):
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    sys.excepthook(type(error), error, traceback)
    raise SystemExit(1)


def _is_ours(code: CodeType) -> bool:
    return code.co_filename == __file__ or "runpy" in os.path.basename(code.co_filename)


def _execute(code: CodeType, module: ModuleType) -> None:
    try:
        exec(code, vars(module))
    except Exception as error:
        _report(error)


def _run_code(text: str) -> None:
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = ""
    module = _main_module()
    try:
        code = compile(text, "<string>", "exec")
    except SyntaxError as error:
        _report(error)
    _execute(code, module)


def _run_module(name: str) -> None:
    import runpy

    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except ImportError as error:
        if error.__traceback__ is not None and str(error).startswith(f"No module named {name}"):
            sys.stderr.write(f"{sys.executable}: {error}\n")
            raise SystemExit(1) from None
        _report(error)
    except Exception as error:
        _report(error)


def _run_path(path: str) -> None:
    import runpy
    from importlib.machinery import SourceFileLoader

    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):
        if not getattr(sys.flags, "safe_path", False):
            sys.path.pop(0)
        try:
            runpy.run_path(os.path.abspath(path), run_name="__main__")
        except Exception as error:
            _report(error)
        return
    file = os.path.abspath(path)
    try:
        with io.open_code(file) as source:
            text = source.read()
    except OSError as error:
        sys.stderr.write(
            f"{sys.executable}: can't open file {file!r}: [Errno {error.errno}] {error.strerror}\n"
        )
        raise SystemExit(2) from None
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    loader = SourceFileLoader("__main__", file)
    module = _main_module(__file__=file, __loader__=loader, __cached__=None)
    try:
        code = compile(text, file, "exec")
    except (SyntaxError, ValueError) as error:
        _report(error)
    _execute(code, module)


_USAGE = """\
usage: python -m wengert.run [script.py | -m module | -c code] [arguments...]

Runs a program written for PyTorch on wengert."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the program that the command line names.

    Args:
        arguments: what follows the program's name; None takes that of the process.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in ("-h", "--help"):
        print(_USAGE)
        return
    needed = 2 if given[:1] in (["-m"], ["-c"]) else 1
    if len(given) < needed or (needed == 1 and given[0].startswith("-")):
        sys.stderr.write(_USAGE + "\n")
        raise SystemExit(2)
    install()
    if given[0] == "-c":
        sys.argv[:] = ["-c", *given[2:]]
        _run_code(given[1])
    elif given[0] == "-m":
        sys.argv[:] = given[1:]
        _run_module(given[1])
    else:
        sys.argv[:] = given
        _run_path(given[0])


if __name__ == "__main__":
    # The module as others import it, so that its state exists once and __main__ is the program's.
    from wengert import run

    run.main()
