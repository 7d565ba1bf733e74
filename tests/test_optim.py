"""Optimizers: steps against PyTorch's and by hand, groups, state, hooks."""

import copy
import inspect
import math
import pickle

import numpy as np
import pytest

import wengert as wg

SETTINGS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.5, "amsgrad": True}),
    ("RMSprop", {"lr": 0.1}),
    ("RMSprop", {"lr": 0.1, "momentum": 0.9, "centered": True, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.5, "maximize": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.2, "weight_decay": 0.1, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.1, "initial_accumulator_value": 0.5, "maximize": True}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.1, "betas": (0.9, 0.8), "weight_decay": 0.1}),
    ("Rprop", {"lr": 0.1, "step_sizes": (0.01, 0.3)}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "t0": 2}),
]

SHAPES = [(3, 2), (4,), ()]


def gradient(i, step):
    """A gradient as nested lists; None now and then: parameter 1 has none in some steps."""
    if i == 1 and step in (0, 3):
        return None
    numbers = [((7 * k + 3 * step + 5 * i) % 11 - 5) / 4 for k in range(6)]
    return {0: [numbers[:2], numbers[2:4], numbers[4:]], 1: numbers[:4], 2: numbers[0]}[i]


def parameters(lib):
    params = []
    for i, shape in enumerate(SHAPES):
        p = lib.nn.Parameter(lib.ones(shape, dtype=lib.float64) * (i + 1))
        params.append(p)
    return params


def train(lib, params, optimizer, steps, begin=0):
    path = []
    for step in range(begin, begin + steps):
        optimizer.zero_grad()
        for i, p in enumerate(params):
            g = gradient(i, step)
            if g is not None:
                p.grad = lib.tensor(g, dtype=lib.float64)
        optimizer.step()
        path.append([p.tolist() for p in params])
    return path


def flat(x):
    if isinstance(x, (list, tuple)):
        return [v for y in x for v in flat(y)]
    return [x]


def assert_same_state(ours, theirs):
    assert list(ours["state"]) == list(theirs["state"])
    for key, state in theirs["state"].items():
        assert list(ours["state"][key]) == list(state)
        for name, value in state.items():
            mine = ours["state"][key][name]
            assert str(mine.dtype).split(".")[-1] == str(value.dtype).split(".")[-1]
            assert tuple(mine.shape) == tuple(value.shape)
            assert flat(mine.tolist()) == pytest.approx(flat(value.tolist()), rel=1e-9)


@pytest.mark.torch
@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_same_path_and_state_as_torch(name, options):
    torch = pytest.importorskip("torch")
    results = []
    for lib in (wg, torch):
        params = parameters(lib)
        optimizer = getattr(lib.optim, name)(params, **options)
        results.append((train(lib, params, optimizer, 6), optimizer.state_dict()))
    assert flat(results[0][0]) == pytest.approx(flat(results[1][0]), rel=1e-9)
    assert results[0][1]["param_groups"] == results[1][1]["param_groups"]
    assert_same_state(results[0][1], results[1][1])


@pytest.mark.torch
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("float64", 1e-12)])
@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_twenty_steps_of_random_gradients_as_in_torch(name, options, dtype, tolerance):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    shapes = [(37, 21), (129,), (), (3, 4, 5)]
    start = [torch.randn(s, dtype=torch.float64) for s in shapes]
    gradients = [[torch.randn(s, dtype=torch.float64) for s in shapes] for _ in range(20)]
    ends = []
    for lib in (wg, torch):

        def convert(t, lib=lib):
            return lib.tensor(t.tolist(), dtype=getattr(lib, dtype))

        params = [lib.nn.Parameter(convert(t)) for t in start]
        optimizer = getattr(lib.optim, name)(params, **options)
        for step in gradients:
            for p, g in zip(params, step, strict=True):
                p.grad = convert(g)
            optimizer.step()
        ends.append(flat([p.tolist() for p in params]))
    assert ends[0] == pytest.approx(ends[1], rel=tolerance, abs=tolerance)


@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_strides_do_not_matter(name, options):
    ends = []
    for strided in (False, True):
        numbers = wg.arange(12, dtype=wg.float64).reshape(3, 4) / 5 - 1
        start = numbers.t().contiguous().t() if strided else numbers.clone()
        p = wg.nn.Parameter(start)
        optimizer = getattr(wg.optim, name)([p], **options)
        for k in range(3):
            p.grad = (numbers * (k - 1.5)).clone()
            optimizer.step()
        ends.append(p.tolist())
    assert ends[0] == ends[1]


def foreign_state(saved, lib):
    """A state_dict with its tensors turned into those of another library."""

    def convert(v):
        if hasattr(v, "detach"):
            return lib.from_numpy(v.detach().numpy().copy())
        if isinstance(v, dict):
            return {k: convert(x) for k, x in v.items()}
        return [convert(x) for x in v] if isinstance(v, list) else v

    return convert(saved)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "options"),
    [
        *SETTINGS,
        ("Adafactor", {"lr": 0.1}),
        ("LBFGS", {"lr": 0.1, "max_iter": 4, "line_search_fn": "strong_wolfe"}),
    ],
)
def test_goes_on_from_a_state_that_torch_made(name, options):
    torch = pytest.importorskip("torch")

    def run(lib, params, optimizer, steps):
        def closure():
            optimizer.zero_grad()
            loss = sum(((p - 3) ** 2 + (2 * p).sin()).sum() for p in params)
            loss.backward()
            return loss

        for _ in range(steps):
            optimizer.step(closure)

    theirs = parameters(torch)
    first = getattr(torch.optim, name)(theirs, **options)
    run(torch, theirs, first, 4)
    ours = [wg.nn.Parameter(wg.from_numpy(p.detach().numpy().copy())) for p in theirs]
    second = getattr(wg.optim, name)(ours, lr=7.0)
    second.load_state_dict(foreign_state(first.state_dict(), wg))
    # And back, at once.
    copies = [torch.nn.Parameter(p.detach().clone()) for p in theirs]
    third = getattr(torch.optim, name)(copies, lr=7.0)
    third.load_state_dict(foreign_state(second.state_dict(), torch))
    run(torch, theirs, first, 4)
    run(wg, ours, second, 4)
    run(torch, copies, third, 4)
    for p, q, r in zip(ours, theirs, copies, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), 1e-9)
        np.testing.assert_allclose(r.detach().numpy(), q.detach().numpy(), 1e-9)
    assert set(second.param_groups[0]) == set(first.param_groups[0])


DIFFERENTIABLE = [
    (name, options | {"eps": 0.1} if "eps" in inspect.signature(cls).parameters else options)
    for name, options in SETTINGS
    if name not in ("Rprop",) and (cls := getattr(wg.optim, name))
]


@pytest.mark.parametrize(("name", "options"), DIFFERENTIABLE)
def test_derivatives_flow_through_recorded_steps(name, options):
    shapes = [(2, 2), (3,)]

    def end(*tensors):
        params = [t * 1.0 for t in tensors[:2]]
        optimizer = getattr(wg.optim, name)(params, differentiable=True, **options)
        for k in range(3):
            for p, g in zip(params, tensors[2 + 2 * (k % 2) :], strict=False):
                p.grad = g * (1.0 + k)
            optimizer.step()
        return sum((p * p).sum() for p in params)

    wg.manual_seed(0)
    tensors = [wg.randn(*s, dtype=wg.float64, requires_grad=True) for s in shapes * 3]
    if options.get("momentum") and name == "SGD":
        # As in PyTorch, the first momentum is not recorded.
        grads = wg.autograd.grad(end(*tensors), tensors)
        assert all(g.isfinite().all() for g in grads)
        return
    assert wg.autograd.gradcheck(end, tensors, atol=1e-4)


@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_recorded_steps_are_the_others(name, options):
    ends = []
    for differentiable in (False, True):
        params = [wg.nn.Parameter(p.detach()) for p in parameters(wg)]
        if differentiable:
            params = [p * 1.0 for p in params]
        optimizer = getattr(wg.optim, name)(params, differentiable=differentiable, **options)
        ends.append(flat(train(wg, params, optimizer, 6)))
    # One number of NAdam's is kept in float32, which rounds it in another place.
    assert ends[0] == pytest.approx(ends[1], rel=1e-7 if name == "NAdam" else 1e-9)


@pytest.mark.torch
@pytest.mark.parametrize("maximize", [False, True])
def test_sparse_adam_moves_what_the_gradient_names(maximize):
    torch = pytest.importorskip("torch")
    options = {"lr": 0.1, "betas": (0.7, 0.8), "eps": 1e-3, "maximize": maximize}
    rng = np.random.default_rng(0)
    start = rng.standard_normal((6, 3))
    theirs, ours = torch.tensor(start, requires_grad=True), wg.tensor(start, requires_grad=True)
    first = torch.optim.SparseAdam([theirs], **options)
    second = wg.optim.SparseAdam([ours], **options)
    for rows in ([0, 3], [3, 5], [1], [0, 3]):
        values = rng.standard_normal((len(rows), 3))
        theirs.grad = torch.sparse_coo_tensor(
            torch.tensor([rows]), torch.tensor(values), (6, 3), is_coalesced=True
        )
        first.step()
        with wg.no_grad():
            second._update(ours, (wg.tensor(rows),), wg.tensor(values), second.param_groups[0])
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), 1e-12)
    assert_same_state_but_steps(second.state_dict(), first.state_dict())


def assert_same_state_but_steps(ours, theirs):
    for key, state in theirs["state"].items():
        assert list(ours["state"][key]) == list(state)
        assert ours["state"][key]["step"] == state["step"]
        for name in ("exp_avg", "exp_avg_sq"):
            mine = ours["state"][key][name].numpy()
            np.testing.assert_allclose(mine, state[name].numpy(), 1e-12)


def test_muon_makes_singular_values_alike():
    wg.manual_seed(0)
    for shape in ((40, 8), (8, 40), (16, 16)):
        p = wg.nn.Parameter(wg.zeros(shape))
        p.grad = wg.randn(*shape) * 100
        wg.optim.Muon([p], lr=1.0, momentum=0.0, weight_decay=0.0, adjust_lr_fn="original").step()
        scale = math.sqrt(max(1, shape[0] / shape[1]))
        values = np.linalg.svd(p.detach().numpy(), compute_uv=False) / scale
        assert values.min() > 0.6 and values.max() < 1.3


def test_lbfgs_finds_the_minimum_of_rosenbrock():
    x = wg.tensor([-1.2, 1.0], dtype=wg.float64, requires_grad=True)
    optimizer = wg.optim.LBFGS([x], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        loss.backward()
        return loss

    first = optimizer.step(closure)
    assert first.item() == pytest.approx(24.2)
    assert x.tolist() == pytest.approx([1, 1], abs=1e-4)
    again = pickle.loads(pickle.dumps(optimizer))
    assert again.param_groups[0]["line_search_fn"] == "strong_wolfe"
    assert again._params[0].tolist() == x.tolist()


def test_adafactor_takes_parameters_without_elements():
    p = wg.nn.Parameter(wg.zeros(2, 0))
    p.grad = wg.zeros(2, 0)
    wg.optim.Adafactor([p]).step()
    assert p.shape == (2, 0)


def test_half_precision_of_every_elementwise_optimizer():
    for name, options in SETTINGS:
        for dtype in (wg.float16, wg.bfloat16):
            p = wg.nn.Parameter(wg.ones(3, dtype=dtype))
            q = wg.nn.Parameter(wg.ones(3))
            for t in (p, q):
                optimizer = getattr(wg.optim, name)([t], **options)
                for _ in range(3):
                    t.grad = wg.full_like(t, 0.5)
                    optimizer.step()
            assert p.dtype == dtype
            assert p.tolist() == pytest.approx(q.tolist(), rel=0.03), name


def test_numbers_kept_as_python_numbers_become_tensors():
    p = wg.nn.Parameter(wg.ones(2))
    p.grad = wg.ones(2)
    optimizer = wg.optim.ASGD([p], lr=0.5)
    optimizer.state[p].update(step=3.0, eta=0.25, mu=1.0)
    optimizer.step()
    assert optimizer.state[p]["step"].item() == 4.0
    assert p.tolist() == pytest.approx([0.75, 0.75], abs=1e-3)


def test_hooks_of_all_optimizers_reach_old_and_new_ones():
    from wengert.optim.optimizer import (
        register_optimizer_step_post_hook,
        register_optimizer_step_pre_hook,
    )

    def make():
        p = wg.nn.Parameter(wg.zeros(1))
        p.grad = wg.ones(1)
        return wg.optim.SGD([p])

    old, seen = make(), []
    handles = [
        register_optimizer_step_pre_hook(lambda o, a, k: seen.append(("before", o))),
        register_optimizer_step_post_hook(lambda o, a, k: seen.append(("after", o))),
    ]
    new = make()
    for optimizer in (old, new):
        optimizer.step()
    for handle in handles:
        handle.remove()
    for optimizer in (old, new):
        optimizer.step()
        optimizer.step()
        assert "step" not in optimizer.__dict__  # nobody watches any more
    assert seen == [(when, o) for o in (old, new) for when in ("before", "after")]


def test_half_precision_and_complex_parameters():
    for dtype in (wg.float16, wg.bfloat16):
        p = wg.nn.Parameter(wg.ones(3, dtype=dtype))
        optimizer = wg.optim.SGD([p], lr=0.5, momentum=0.5)
        for expected in (0.5, -0.25):
            p.grad = wg.ones(3, dtype=dtype)
            optimizer.step()
            assert p.tolist() == [expected] * 3 and p.dtype == dtype
    p = wg.nn.Parameter(wg.tensor([1 + 2j, 3j]))
    p.grad = wg.tensor([2 + 4j, -2 + 0j])
    wg.optim.SGD([p], lr=0.5).step()
    assert p.tolist() == [0j, 1 + 3j]


def test_a_step_that_cannot_be_made_changes_nothing():
    from wengert._core import adam_step, sgd_step

    p, q, g = wg.ones(2), wg.ones(3), wg.ones(2)
    rest = (0.1, 0.0, 0.0, 0.0, False, False)
    for error, params, grads in (
        (RuntimeError, [p, q], [g, g]),
        (RuntimeError, [p, p.double()], [g, g]),
        (ValueError, [p, q], [g]),
        (TypeError, [p, None], [g, g]),
        (TypeError, p, [g]),
        (TypeError, [wg.ones(2, dtype=wg.int64)], [wg.ones(2, dtype=wg.int64)]),
        (RuntimeError, [p, wg.ones(1).expand(2)], [g, g]),
    ):
        with pytest.raises(error, match="sgd_step: "):
            sgd_step(params, grads, ([],), rest)
    with pytest.raises(TypeError, match="4 arguments"):
        sgd_step([p], [g])
    with pytest.raises(TypeError, match="a tuple of 1 lists"):
        sgd_step([p], [g], (), rest)
    with pytest.raises(TypeError, match="6 options, but got 5"):
        sgd_step([p], [g], ([],), rest[1:])
    with pytest.raises(TypeError):
        sgd_step([p], [g], ([],), ("x", *rest[1:]))
    state = [wg.zeros(2)], [wg.zeros(2)], [], [wg.tensor(0)]
    with pytest.raises(RuntimeError, match="steps"):
        adam_step([p], [g], state, (0.1, (0.9, 0.99), 0.0, 0.0, False, False, False))
    assert p.tolist() == [1, 1]


def test_a_step_is_not_recorded_but_seen():
    p = wg.nn.Parameter(wg.ones(2))
    loss = (p * p).sum()
    p.grad = wg.ones(2)
    version = p._version
    wg.optim.Adam([p]).step()
    assert p._version == version + 1 and p.is_leaf and p.requires_grad
    with pytest.raises(RuntimeError, match="in place"):
        loss.backward()


@pytest.mark.torch
@pytest.mark.parametrize("order", [0.0, 0.5, 1.0, 2.0, 3.0, float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_norm_of_gradients_as_in_torch(order, dtype):
    torch = pytest.importorskip("torch")
    from wengert._core import grad_norm, scale_

    torch.manual_seed(0)
    theirs = [torch.randn(s, dtype=getattr(torch, dtype)) for s in ((50, 401), (7,), ())]
    theirs.append(torch.zeros(3, dtype=theirs[0].dtype))
    ours = [wg.tensor(t.tolist(), dtype=getattr(wg, dtype)) for t in theirs]
    expected = torch.nn.utils.get_total_norm(theirs, order)
    norm = grad_norm(ours, order)
    assert norm.item() == pytest.approx(expected.item(), rel=1e-5)
    assert str(norm.dtype).split(".")[-1] == str(expected.dtype).split(".")[-1]
    scale_(ours, 0.5)
    for t, u in zip(ours, theirs, strict=True):
        assert flat(t.tolist()) == pytest.approx(flat((u * 0.5).tolist()))


def test_norm_finds_nan_and_infinity():
    from wengert._core import grad_norm

    for bad in (float("nan"), float("inf")):
        for order in (1.0, 2.0, float("inf")):
            norm = grad_norm([wg.ones(40000), wg.tensor([1.0, bad, 2.0])], order).item()
            assert norm == bad or (norm != norm and bad != bad)


def test_steps_by_hand():
    p = wg.nn.Parameter(wg.tensor([1.0], dtype=wg.float64))
    optimizer = wg.optim.SGD([p], lr=0.5, momentum=0.5, dampening=0.5)
    for expected in (1 - 0.5 * 2, 0 - 0.5 * (0.5 * 2 + 0.5 * 2)):
        p.grad = wg.tensor([2.0], dtype=wg.float64)
        optimizer.step()
        assert p.item() == pytest.approx(expected)
    p = wg.nn.Parameter(wg.tensor([1.0], dtype=wg.float64))
    optimizer = wg.optim.AdamW([p], lr=0.1, weight_decay=0.5, eps=0.0)
    p.grad = wg.tensor([-3.0], dtype=wg.float64)
    optimizer.step()
    # The first step of Adam is lr times the sign of the gradient.
    assert p.item() == pytest.approx(1 * (1 - 0.05) + 0.1)


@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_state_takes_up_where_it_ended(name, options):
    make = getattr(wg.optim, name)
    through = parameters(wg)
    path = train(wg, through, make(through, **options), 6)
    params = parameters(wg)
    first = make(params, **options)
    train(wg, params, first, 3)
    saved = pickle.loads(pickle.dumps(first.state_dict()))
    second = make(params, **{**options, "lr": 9.0})
    second.load_state_dict(saved)
    assert second.param_groups[0]["lr"] == options["lr"]
    rest = train(wg, params, second, 3, begin=3)
    # Loading gives the numbers of these two the dtype of the parameter, as in PyTorch.
    exact = name not in ("NAdam", "ASGD")
    assert flat(rest) == pytest.approx(flat(path[3:]), rel=1e-12 if exact else 1e-7)


def test_load_casts_to_the_parameter_but_not_steps():
    p = wg.nn.Parameter(wg.ones(2, dtype=wg.float64))
    optimizer = wg.optim.Adam([p])
    p.grad = wg.ones(2, dtype=wg.float64)
    optimizer.step()
    q = wg.nn.Parameter(wg.ones(2))
    other = wg.optim.Adam([q])
    other.load_state_dict(optimizer.state_dict())
    state = other.state_dict()["state"][0]
    assert state["exp_avg"].dtype == wg.float32
    assert state["step"].dtype == wg.float32 and state["step"].shape == ()


def test_loading_shares_tensors_as_pytorch_does():
    p, q = (wg.nn.Parameter(wg.ones(2)) for _ in range(2))
    first, second = (wg.optim.SGD([t], lr=0.1, momentum=0.9) for t in (p, q))
    p.grad = wg.ones(2)
    first.step()
    second.load_state_dict(first.state_dict())
    assert second.state[q]["momentum_buffer"] is first.state[p]["momentum_buffer"]


def test_load_checks_the_groups():
    params = parameters(wg)
    optimizer = wg.optim.SGD(params)
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict(wg.optim.SGD([{"params": [p]} for p in params]).state_dict())
    with pytest.raises(ValueError, match="doesn't match the size"):
        optimizer.load_state_dict(wg.optim.SGD(params[:1]).state_dict())


def test_groups_have_their_own_options():
    a, b = wg.nn.Parameter(wg.zeros(1)), wg.nn.Parameter(wg.zeros(1))
    optimizer = wg.optim.SGD([{"params": a}, {"params": [b], "lr": 2.0}], lr=1.0)
    a.grad, b.grad = wg.ones(1), wg.ones(1)
    optimizer.step()
    assert (a.item(), b.item()) == (-1.0, -2.0)
    assert [g["params"] for g in optimizer.state_dict()["param_groups"]] == [[0], [1]]


def test_named_parameters():
    layer = wg.nn.Linear(2, 3)
    optimizer = wg.optim.Adam(layer.named_parameters())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]


def test_add_param_group_checks():
    p = wg.nn.Parameter(wg.zeros(1))
    with pytest.raises(TypeError, match="iterable of Tensors or dicts"):
        wg.optim.SGD(p)
    with pytest.raises(ValueError, match="empty parameter list"):
        wg.optim.SGD([])
    with pytest.raises(TypeError, match="ordering of tensors in sets"):
        wg.optim.SGD([{"params": {p}}])
    with pytest.raises(TypeError, match="can only optimize Tensors"):
        wg.optim.SGD([3.0])
    with pytest.raises(ValueError, match="non-leaf"):
        wg.optim.SGD([p * 2])
    with pytest.warns(UserWarning, match="duplicate"):
        wg.optim.SGD([p, p])
    optimizer = wg.optim.SGD([p])
    with pytest.raises(ValueError, match="more than one parameter group"):
        optimizer.add_param_group({"params": [p]})


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda p: wg.optim.SGD(p, lr=-1.0), "Invalid learning rate: -1.0"),
        (lambda p: wg.optim.SGD(p, nesterov=True), "Nesterov momentum requires"),
        (lambda p: wg.optim.SGD(p, momentum=-1.0), "Invalid momentum value: -1.0"),
        (lambda p: wg.optim.Adam(p, betas=(0.9, 1.0)), "Invalid beta parameter at index 1: 1.0"),
        (lambda p: wg.optim.Adam(p, eps=-1.0), "Invalid epsilon value: -1.0"),
        (lambda p: wg.optim.RMSprop(p, alpha=-1.0), "Invalid alpha value: -1.0"),
        (lambda p: wg.optim.Adagrad(p, lr_decay=-1.0), "Invalid lr_decay value: -1.0"),
    ],
)
def test_options_are_checked(make, text):
    with pytest.raises(ValueError, match=text):
        make([wg.nn.Parameter(wg.zeros(1))])


def test_lists_are_gathered_once_until_something_changes():
    params = parameters(wg)
    optimizer = wg.optim.Adam(params, lr=0.1)
    calls = []
    gather = optimizer._gather
    optimizer._gather = lambda *args: calls.append(1) or gather(*args)

    def step(without=None):
        for i, p in enumerate(params):
            p.grad = None if i == without else wg.ones_like(p)
        optimizer.step()

    step()
    step()
    assert len(calls) == 1
    step(without=1)
    step(without=1)
    assert len(calls) == 2
    params[0] = optimizer.param_groups[0]["params"][0] = wg.nn.Parameter(wg.zeros(2))
    step()
    assert len(calls) == 3 and optimizer.state_dict()["state"][0]["step"].item() == 1
    optimizer.state[params[0]]["exp_avg"] = wg.full((2,), 5.0)
    step()
    assert len(calls) == 4
    assert optimizer.state[params[0]]["exp_avg"].tolist() == pytest.approx([4.6, 4.6])


def test_state_that_was_seen_may_be_replaced_at_any_time():
    p = wg.nn.Parameter(wg.zeros(1))
    optimizer = wg.optim.SGD([p], lr=1.0, momentum=0.5)
    held = optimizer.state
    for expected in (-1.0, -2.0):
        p.grad = wg.ones(1)
        optimizer.step()
        assert p.item() == expected
        del held[p]["momentum_buffer"]


def test_momentum_may_be_switched_on():
    p = wg.nn.Parameter(wg.zeros(1))
    optimizer = wg.optim.SGD([p], lr=1.0)
    p.grad = wg.ones(1)
    optimizer.step()
    assert optimizer.state_dict()["state"] == {}
    optimizer.param_groups[0]["momentum"] = 0.5
    optimizer.step()
    optimizer.step()
    assert p.item() == -1 - 1 - 1.5


def test_tensor_rate():
    p = wg.nn.Parameter(wg.zeros(1))
    optimizer = wg.optim.Adam([p], lr=wg.tensor(0.5), eps=0.0)
    p.grad = wg.ones(1)
    optimizer.step()
    assert p.item() == pytest.approx(-0.5)
    with pytest.raises(ValueError, match="1-element"):
        wg.optim.Adam([p], lr=wg.ones(2))


def test_closure_runs_with_gradients_enabled():
    p = wg.nn.Parameter(wg.ones(1))
    optimizer = wg.optim.SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with wg.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 1.0 and p.item() == 0.5


def test_zero_grad():
    p = wg.nn.Parameter(wg.ones(2))
    optimizer = wg.optim.SGD([p])
    p.grad = wg.ones(2)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    optimizer.zero_grad()
    assert p.grad is None


def test_step_hooks():
    p = wg.nn.Parameter(wg.zeros(1))
    optimizer = wg.optim.SGD([p], lr=1.0)
    p.grad = wg.ones(1)
    seen = []
    before = optimizer.register_step_pre_hook(lambda o, a, k: seen.append(("pre", o, p.item())))
    after = optimizer.register_step_post_hook(lambda o, a, k: seen.append(("post", o, p.item())))
    optimizer.step()
    assert seen == [("pre", optimizer, 0.0), ("post", optimizer, -1.0)]
    before.remove()
    after.remove()
    optimizer.step()
    assert len(seen) == 2 and p.item() == -2


def test_own_optimizers():
    class Signs(wg.optim.Optimizer):
        def __init__(self, params, lr=1.0):
            super().__init__(params, {"lr": lr})

        @wg.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    state["count"] = state.get("count", 0) + 1
                    p.add_(p.grad.sign(), alpha=-group["lr"])

    p = wg.nn.Parameter(wg.zeros(2))
    optimizer = Signs([p])
    p.grad = wg.tensor([3.0, -2.0])
    optimizer.step()
    assert p.tolist() == [-1, 1] and optimizer.state_dict()["state"] == {0: {"count": 1}}


def test_copy_and_pickle():
    params = parameters(wg)
    optimizer = wg.optim.Adam(params, lr=0.1)
    train(wg, params, optimizer, 2)
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert_same_state(twin.state_dict(), optimizer.state_dict())
        own = twin.param_groups[0]["params"]
        assert own[0] is not params[0]
        path = train(wg, own, twin, 1, begin=2)
        assert path[0] != [p.tolist() for p in params]


def test_text_lists_the_options():
    text = repr(wg.optim.SGD([wg.nn.Parameter(wg.zeros(1))], lr=0.25))
    assert text.startswith("SGD (\nParameter Group 0\n") and "\n    lr: 0.25\n" in text


@pytest.mark.parametrize("eps", [0.0, 1e-8])
def test_adam_steps_of_any_magnitude(eps):
    # Every pair of a mean and a mean square; with infinite and zero quotients among them.
    values = [0.0, 1e-30, 1e-19, 1e-8, 0.3, 7.0, 1e10, 1e19, math.inf, math.nan]
    m, v = (np.repeat(values, 10), np.tile(values, 10))
    p = wg.nn.Parameter(wg.zeros(100))
    p.grad = wg.zeros(100)
    optimizer = wg.optim.Adam([p], lr=1.0, betas=(0.5, 0.5), eps=eps)
    optimizer.step()
    state = optimizer.state[p]
    state["exp_avg"].copy_(wg.from_numpy(m))
    state["exp_avg_sq"].copy_(wg.from_numpy(v))
    with wg.no_grad():
        p.zero_()
    optimizer.step()
    m, v = m.astype(np.float32).astype(np.float64), v.astype(np.float32).astype(np.float64)
    with np.errstate(all="ignore"):
        wanted = -(0.5 * m / 0.75) / (np.sqrt(0.5 * v / 0.75) + eps)
    wanted[np.abs(wanted) < 2.0**-126] = 0
    with np.errstate(over="ignore"):
        wanted = wanted.astype(np.float32)
    np.testing.assert_allclose(p.detach().numpy(), wanted, rtol=5e-7, atol=0)


def test_means_of_idle_parameters_fade_to_zero():
    p = wg.nn.Parameter(wg.ones(40))
    p.grad = wg.full((40,), 1e-36)
    optimizer = wg.optim.Adam([p], betas=(0.5, 0.5))
    optimizer.step()
    p.grad.zero_()
    for _ in range(40):
        optimizer.step()
    # Without denormal numbers in between, in which each step would take many times as long.
    assert (optimizer.state[p]["exp_avg"] == 0).all()


def test_adagrad_makes_state_that_is_missing():
    p = wg.nn.Parameter(wg.ones(2))
    p.grad = wg.ones(2)
    optimizer = wg.optim.Adagrad([p], lr=0.5, initial_accumulator_value=3.0)
    optimizer.state.clear()
    optimizer.step()
    assert p.tolist() == pytest.approx([0.75, 0.75])
