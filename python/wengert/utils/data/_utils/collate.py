"""Making one batch of several samples."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

import wengert
from wengert import Tensor

Types = type | tuple[type, ...]
TEXT = "SaUO"  # kinds of NumPy arrays that no tensor can hold: strings and objects


def _rebuilt_mapping(like: Any, items: Callable[[], dict]) -> Any:
    """A mapping of the type of ``like`` with other values, a dict where that cannot be made."""
    try:
        if isinstance(like, MutableMapping):
            made = copy.copy(like)  # keeps what a subclass holds beside the items
            made.update(items())
            return made
        return type(like)(items())
    except TypeError:
        return items()


def _rebuilt_sequence(like: Any, items: Callable[[], Iterable]) -> Any:
    """A sequence of the type of ``like`` with other items, a list where that cannot be made."""
    try:
        if isinstance(like, MutableSequence):
            made = copy.copy(like)
            for i, item in enumerate(items()):
                made[i] = item
            return made
        return type(like)(list(items()))
    except TypeError:
        return list(items())


def default_convert(data: Any) -> Any:
    """Makes tensors of the NumPy arrays and numbers in nested sequences and mappings."""
    kind = type(data)
    if isinstance(data, Tensor):
        return data
    if kind.__module__ == "numpy" and kind.__name__ not in ("str_", "bytes_"):
        if kind is np.ndarray and any(c in TEXT for c in data.dtype.str):
            return data
        return wengert.as_tensor(data)
    if isinstance(data, Mapping):
        return _rebuilt_mapping(data, lambda: {k: default_convert(data[k]) for k in data})
    if isinstance(data, tuple):
        items = [default_convert(d) for d in data]
        return kind(*items) if hasattr(data, "_fields") else items
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _rebuilt_sequence(data, lambda: map(default_convert, data))
    return data


def collate(batch: Any, *, collate_fn_map: dict[Types, Callable[..., Any]] | None = None) -> Any:
    """Makes one batch of a list of samples.

    Args:
        collate_fn_map: for types of samples, functions ``f(batch, collate_fn_map=...)``; the exact
            type goes before the first entry that the sample is an instance of. Mappings,
            namedtuples and sequences not named there are collated item by item.

    Raises RuntimeError for sequences of different lengths, TypeError for samples of other types.
    """
    first = batch[0]
    kind: Any = type(first)
    if collate_fn_map is not None:
        if kind in collate_fn_map:
            return collate_fn_map[kind](batch, collate_fn_map=collate_fn_map)
        for types in collate_fn_map:
            if isinstance(first, types):
                return collate_fn_map[types](batch, collate_fn_map=collate_fn_map)

    def inner(samples: Any) -> Any:
        return collate(samples, collate_fn_map=collate_fn_map)

    if isinstance(first, Mapping):
        return _rebuilt_mapping(first, lambda: {k: inner([d[k] for d in batch]) for k in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return kind(*map(inner, zip(*batch)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = list(zip(*batch, strict=True))
        if isinstance(first, tuple):
            return [inner(column) for column in columns]
        return _rebuilt_sequence(first, lambda: map(inner, columns))
    raise TypeError(_refusal(kind))


def _refusal(kind: Any) -> str:
    return (
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {kind}"
    )


def collate_tensor_fn(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    """Stacks tensors along a new first dimension."""
    return wengert.stack(list(batch), 0)


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    """Stacks arrays as tensors."""
    if any(c in TEXT for c in batch[0].dtype.str):
        raise TypeError(_refusal(batch[0].dtype))
    return collate([wengert.as_tensor(b) for b in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    """One tensor of NumPy's numbers, which keeps their type."""
    return wengert.as_tensor(np.asarray(batch))


def collate_float_fn(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    """One float64 tensor of numbers."""
    return wengert.tensor(batch, dtype=wengert.float64)


def collate_int_fn(batch: Any, *, collate_fn_map: Any = None) -> Tensor:
    """One tensor of integers or truth values."""
    return wengert.tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    """Strings as they are."""
    return batch


default_collate_fn_map: dict[Types, Callable[..., Any]] = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}
_original = dict(default_collate_fn_map)


def is_original() -> bool:
    """Whether `default_collate` does what it did at first."""
    return default_collate_fn_map == _original


def default_collate(batch: Any) -> Any:
    """Stacks tensors, arrays and numbers along a new first dimension; of sequences and mappings of
    samples, makes such of batches; strings stay a list.

    Other types are added to ``default_collate_fn_map``, for which see `collate`.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
