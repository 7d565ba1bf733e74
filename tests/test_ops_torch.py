"""Values and gradients against PyTorch, for the rows that it has under the same name."""

from __future__ import annotations

import importlib.util

import numpy as np
import op_rows as rows
import pytest
from op_rows import DETERMINISTIC, Case, Differentiated

import wengert as wg

pytestmark = pytest.mark.torch

if importlib.util.find_spec("torch"):
    import torch

    PLACES = (torch, torch.Tensor, torch.nn.functional, torch.special, torch.linalg)
else:
    PLACES = ()

OTHER = {
    "_unique": "another function of that name",
    "embedding_bag": "PyTorch leaves further outputs empty where it has no need of them",
    "max_unpool1d": "takes the sizes of the output, not of windows",
    "max_unpool2d": "takes the sizes of the output, not of windows",
    "max_unpool3d": "takes the sizes of the output, not of windows",
    "hardsigmoid": "PyTorch rounds its derivative, 1 / 6, to float32",
}


def found(case: Case):
    # torch.kl_div and a few others are older functions with other defaults than functional.kl_div.
    places = (torch.nn.functional, *PLACES) if PLACES and case.row.flags & rows.NN else PLACES
    return next((getattr(p, case.row.name) for p in places if hasattr(p, case.row.name)), None)


def convert(value):
    """Arguments for PyTorch."""
    if isinstance(value, wg.Tensor):
        t = torch.from_numpy(value.detach().numpy().copy())
        return t.requires_grad_() if t.is_floating_point() else t
    if isinstance(value, wg.dtype):
        return getattr(torch, value.name)
    if isinstance(value, dict):
        return {k: convert(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(convert(v) for v in value)
    return value


def leaves(value) -> list:
    if isinstance(value, dict):
        return leaves(list(value.values()))
    if isinstance(value, (tuple, list)):
        return [t for v in value for t in leaves(v)]
    return [value] if isinstance(value, torch.Tensor) and value.is_floating_point() else []


def float_outputs(value) -> list:
    many = value if isinstance(value, (tuple, list)) else [value]
    return [t for t in many if isinstance(t, torch.Tensor) and t.is_floating_point()]


@pytest.mark.parametrize(
    "case", [c for c in DETERMINISTIC if c.row.name not in OTHER and found(c)], ids=lambda c: c.id
)
def test_like_torch(case: Case):
    call = Differentiated(case)
    args, kwargs = convert((call.args, call.kwargs))
    if case.row.flags & rows.NN:  # PyTorch keeps places for arguments it no longer uses
        names = [p.split("=")[0].strip() for p in case.row.signature.split(",")]
        args, kwargs = args[:2], {**dict(zip(names[2:], args[2:])), **kwargs}
    try:
        theirs = found(case)(*args, **kwargs)
    except (TypeError, RuntimeError) as e:
        pytest.skip(f"PyTorch does not take these arguments: {e}")
    x = call.inputs()
    tensors = list(call.all)
    for i, t in zip(call.where, x, strict=True):
        tensors[i] = t
    own_args, own_kwargs = rows.replace_leaves((call.args, call.kwargs), tensors)
    ours = case.row.function(*own_args, **own_kwargs)
    many = list(theirs) if isinstance(theirs, (tuple, list)) else [theirs]
    for a, b in zip(rows.results(ours), many, strict=True):
        if not isinstance(b, torch.Tensor):
            assert a == b or str(a).split(".")[-1] == str(b).split(".")[-1]
            continue
        assert str(a.dtype).split(".")[-1] == str(b.dtype).split(".")[-1]
        single = b.dtype == torch.float32
        value = b.detach().resolve_conj().numpy()
        rows.assert_same(a, value, 1e-5 if single else 1e-8, 1e-6 if single else 1e-9)

    y = [t for t in rows.tensors_of(ours) if rows.is_float(t)]
    their_y = float_outputs(theirs)
    used = [i for i, t in enumerate(their_y) if t.requires_grad]
    assert {i for i, t in enumerate(y) if t.requires_grad} <= set(used)
    if not used:
        return
    c = call.direction(y)
    got = call.gradients(y, x, c)
    try:
        want = torch.autograd.grad(
            [their_y[i] for i in used],
            leaves((args, kwargs)),
            [torch.from_numpy(c[i].numpy()) for i in used],
            allow_unused=True,
        )
    except RuntimeError as e:
        pytest.skip(f"PyTorch has no such derivative: {e}")
    for g, w in zip(got, want, strict=True):
        rows.assert_same(
            g, np.zeros(g.shape) if w is None else w.detach().numpy(force=True), 1e-8, 1e-9
        )
