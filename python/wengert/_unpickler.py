"""A reader of pickles that are not trusted: a pickle is a program, and this one runs none of it.

Of the instructions of protocols 2 to 5 those are known that build plain values. A name of a class
or function is handed to `find`, which answers with a plain value or a `Builder` of our own; nothing
is imported, and nothing but a Builder is ever called. What a pickle may build is bounded by its
size: it cannot multiply what it has by repeating a call, nor hang in the hash of a nested key.
"""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable

from ._device import device
from ._tensor import Size, Tensor, dtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

# A key with more parts than this is refused: hashing nested tuples takes time and stack.
_LARGEST_KEY = 100
_KEYS = (type(None), bool, float, complex, str, bytes, dtype, device)


class UnpicklingError(pickle.UnpicklingError, ValueError):
    """A file holds what loading does not build, or is damaged."""


def damaged(what: str) -> UnpicklingError:
    """The error for a pickle that no pickler writes."""
    return UnpicklingError(f"load: the file's pickle is damaged: {what}")


class Builder:
    """A function of ours that makes a value from the arguments in a pickle."""

    def __init__(self, name: str, make: Callable[..., Any]) -> None:
        self.name = name
        self.make = make

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Builder is not copied")


class Unfinished:
    """A value whose contents come after it in the pickle; `set_state` completes it."""

    value: Any = None

    def set_state(self, state: Any) -> None:
        raise damaged("a value's state comes twice or where it has none")


def check_key(key: Any) -> None:
    """Refuses keys that cannot be hashed in a moment, or whose class would do it."""
    waiting, seen = [key], 0
    while waiting:
        part = waiting.pop()
        seen += 1
        kind = type(part)
        if kind in (tuple, frozenset, Size) and seen + len(part) <= _LARGEST_KEY:
            waiting.extend(part)
        elif kind is int and part.bit_length() <= 4096:
            pass
        elif kind not in _KEYS and not isinstance(part, Tensor) and kind.__module__ != "numpy":
            raise damaged(f"a {kind.__name__} is too large or not fit to be a key")
        if seen > _LARGEST_KEY:
            raise damaged(f"a key of a dict or an item of a set has over {_LARGEST_KEY} parts")


_END = object()  # marks a place on the stack


class Reader:
    """Runs the instructions of one pickle.

    Args:
        data: the bytes in which the pickle stands, from `at` on; `at` is then behind it.
        find: the meaning of a module's name and a name in it.
        persistent: the meaning of a persistent id.
    """

    def __init__(
        self,
        data: bytes,
        find: Callable[[str, str], Any],
        persistent: Callable[[Any], Any],
        at: int = 0,
    ) -> None:
        self.data = data
        self.at = at
        self._find = find
        self._persistent = persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._credit = len(data)

    def spend(self, n: int) -> None:
        """Counts copied elements; a pickle may copy no more than it holds."""
        self._credit -= n
        if self._credit < 0:
            raise damaged("it makes far more than it holds")

    def load(self) -> Any:
        """The value that the pickle describes.

        Raises UnpicklingError (also a ValueError) for whatever is wrong with it.
        """
        try:
            while True:
                code = self._take(1)[0]
                if code == 0x2E:  # STOP
                    break
                step = _STEPS.get(code)
                if step is None:
                    raise damaged(f"instruction {bytes([code])!r} is not one that torch.save uses")
                step(self)
            if len(self._stack) != 1 or self._stack[0] is _END:
                raise damaged("it does not end with one value")
            return finished(self._stack[0])
        except UnpicklingError:
            raise
        except (IndexError, KeyError):
            raise damaged("it refers to a value that is not there") from None
        except (TypeError, ValueError, OverflowError, AttributeError, struct.error) as e:
            raise damaged(str(e)) from None

    # ---- bytes and stack ----

    def _take(self, n: int) -> bytes:
        piece = self.data[self.at : self.at + n]
        if len(piece) != n:
            raise damaged("it was cut off")
        self.at += n
        return piece

    def _number(self, n: int) -> int:
        return int.from_bytes(self._take(n), "little")

    def _line(self) -> str:
        end = self.data.find(b"\n", self.at, self.at + 1000)
        if end < 0:
            raise damaged("a name does not end")
        text = self.data[self.at : end].decode()
        self.at = end + 1
        return text

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _END:
            raise damaged("a value is missing")
        return value

    def _pop_items(self) -> list[Any]:
        """What stands above the last mark."""
        stack = self._stack
        at = len(stack) - 1
        while stack[at] is not _END:
            at -= 1
            if at < 0:
                raise damaged("a mark is missing")
        items = [finished(v) for v in stack[at + 1 :]]
        del stack[at:]
        return items

    # ---- instructions ----

    def _proto(self) -> None:
        if not 2 <= self._number(1) <= 5:
            raise damaged("its protocol is not 2, 3, 4 or 5")

    def _global(self) -> None:
        module = self._line()
        self._push(self._find(module, self._line()))

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise damaged("the name of a class is no text")
        self._push(self._find(module, name))

    def _call(self) -> None:
        arguments, builder = self._pop(), self._pop()
        if type(arguments) is not tuple:
            raise damaged("the arguments of a call are no tuple")
        if not isinstance(builder, Builder):
            raise damaged(f"a {type(builder).__name__} is called")
        self.spend(len(arguments))
        self._push(builder.make(self, *arguments))

    def _build(self) -> None:
        state = finished(self._pop())
        target = self._stack[-1]
        if isinstance(target, Unfinished):
            target.set_state(state)
        elif type(target) is OrderedDict and type(state) is dict and set(state) <= {"_metadata"}:
            target.__dict__.update(state)  # versions of the modules of a state dict
        else:
            raise damaged(f"a {type(target).__name__} is given a state")

    def _append(self) -> None:
        value = finished(self._pop())
        self._list().append(value)

    def _appends(self) -> None:
        items = self._pop_items()
        self._list().extend(items)

    def _list(self) -> list[Any]:
        target = self._stack[-1]
        if type(target) is not list:
            raise damaged("items are added to something else than a list")
        return target

    def _set_item(self) -> None:
        value, key = finished(self._pop()), finished(self._pop())
        self._set_pairs([key, value])

    def _set_items(self) -> None:
        self._set_pairs(self._pop_items())

    def _set_pairs(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) not in (dict, OrderedDict, Counter) or len(items) % 2:
            raise damaged("pairs are added to something else than a dict")
        for key, value in zip(items[::2], items[1::2]):
            check_key(key)
            target[key] = value

    def _add_items(self) -> None:
        items = self._pop_items()
        target = self._stack[-1]
        if type(target) is not set:
            raise damaged("items are added to something else than a set")
        for item in items:
            check_key(item)
            target.add(item)

    def _frozenset(self) -> None:
        items = self._pop_items()
        for item in items:
            check_key(item)
        self._push(frozenset(items))

    def _dict(self) -> None:
        items = self._pop_items()
        self._push({})
        self._set_pairs(items)

    def _tuple_of(self, n: int) -> None:
        items = [finished(self._pop()) for _ in range(n)]
        self._push(tuple(reversed(items)))

    def _put(self, index: int) -> None:
        if self._stack[-1] is _END:
            raise damaged("a value is missing")
        self._memo[index] = self._stack[-1]

    def _get(self, index: int) -> None:
        self._push(self._memo[index])

    def _long(self, n: int) -> None:
        self._push(int.from_bytes(self._take(n), "little", signed=True))

    def _text(self, n: int) -> None:
        self._push(self._take(n).decode("utf-8", "surrogatepass"))

    def _persid(self) -> None:
        self._push(self._persistent(self._pop()))


def finished(value: Any) -> Any:
    """A value as it goes into a container."""
    if isinstance(value, Unfinished):
        if value.value is None:
            raise damaged("a value is used before its state came")
        return value.value
    if value is _END:
        raise damaged("a value is missing")
    return value


def _skip_frame(r: Reader) -> None:
    r._number(8)


_STEPS: dict[int, Callable[[Reader], None]] = {
    ord(code): step
    for code, step in {
        "\x80": Reader._proto,
        "\x95": _skip_frame,
        "(": lambda r: r._stack.append(_END),
        "0": lambda r: r._stack.pop() and None,
        "1": lambda r: r._pop_items() and None,
        "2": lambda r: r._push(r._stack[-1]),
        "N": lambda r: r._push(None),
        "\x88": lambda r: r._push(True),
        "\x89": lambda r: r._push(False),
        "K": lambda r: r._push(r._number(1)),
        "M": lambda r: r._push(r._number(2)),
        "J": lambda r: r._long(4),
        "\x8a": lambda r: r._long(r._number(1)),
        "\x8b": lambda r: r._long(r._number(4)),
        "G": lambda r: r._push(struct.unpack(">d", r._take(8))[0]),
        "X": lambda r: r._text(r._number(4)),
        "\x8c": lambda r: r._text(r._number(1)),
        "\x8d": lambda r: r._text(r._number(8)),
        "B": lambda r: r._push(r._take(r._number(4))),
        "C": lambda r: r._push(r._take(r._number(1))),
        "\x8e": lambda r: r._push(r._take(r._number(8))),
        "\x96": lambda r: r._push(bytearray(r._take(r._number(8)))),
        "]": lambda r: r._push([]),
        "a": Reader._append,
        "e": Reader._appends,
        "l": lambda r: r._push(r._pop_items()),
        "}": lambda r: r._push({}),
        "s": Reader._set_item,
        "u": Reader._set_items,
        "d": Reader._dict,
        ")": lambda r: r._push(()),
        "\x85": lambda r: r._tuple_of(1),
        "\x86": lambda r: r._tuple_of(2),
        "\x87": lambda r: r._tuple_of(3),
        "t": lambda r: r._push(tuple(r._pop_items())),
        "\x8f": lambda r: r._push(set()),
        "\x90": Reader._add_items,
        "\x91": Reader._frozenset,
        "q": lambda r: r._put(r._number(1)),
        "r": lambda r: r._put(r._number(4)),
        "\x94": lambda r: r._put(len(r._memo)),
        "h": lambda r: r._get(r._number(1)),
        "j": lambda r: r._get(r._number(4)),
        "c": Reader._global,
        "\x93": Reader._stack_global,
        "R": Reader._call,
        "\x81": Reader._call,
        "b": Reader._build,
        "Q": Reader._persid,
    }.items()
}
