"""The contract between operations, graph and Python: cases where bad input once did damage."""

from __future__ import annotations

import gc
import weakref

import pytest

import wengert as wg
from wengert import _core


def leaf(*values: float) -> wg.Tensor:
    return wg.tensor(list(values), dtype=wg.float64, requires_grad=True)


# ---- recording ----------------------------------------------------------------------------


def test_saves_beyond_the_inputs_are_left_out() -> None:
    for _ in range(200):
        x = leaf(1, 2, 3)
        y = x[wg.tensor([2, 0])]
        y.sum().backward()
        assert x.grad.tolist() == [1, 0, 1]


def test_second_derivative_of_an_in_place_operation_that_saves_its_input() -> None:
    x = leaf(2, 3)
    y = x * 1.0
    y.square_()
    y.square_()
    (g,) = wg.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = wg.autograd.grad(g.sum(), x)
    assert g.tolist() == [32, 108]
    assert h.tolist() == [48, 108]


def test_a_node_can_have_more_than_65535_outputs() -> None:
    n = 70000
    x = wg.ones(n, requires_grad=True)
    parts = x.unbind(0)
    (parts[0] + 2 * parts[n - 1]).backward()
    assert x.grad[0].item() == 1 and x.grad[n - 1].item() == 2 and x.grad.sum().item() == 3


# ---- views --------------------------------------------------------------------------------


def test_a_view_takes_part_in_the_history_its_base_got_later() -> None:
    w = leaf(2)
    base = wg.zeros(4, dtype=wg.float64)
    view = base[:2]
    base.add_(w)
    assert view.requires_grad
    view.sum().backward()
    assert w.grad.tolist() == [2]


def test_a_view_of_another_view_sees_its_change() -> None:
    w = leaf(3)
    base = wg.ones(4, dtype=wg.float64)
    a, b = base[:2], base[1:]
    a.mul_(w)
    b.sum().backward()
    assert w.grad.tolist() == [1]


def test_a_retained_gradient_follows_the_view_to_its_new_node() -> None:
    x = leaf(1, 2, 3)
    y = x * 2
    view = y[:2]
    view.retain_grad()
    z = view * 3
    y.mul_(2)
    assert view.grad_fn is not None
    del view
    z.sum().backward()
    assert x.grad.tolist() == [6, 6, 0]


def test_a_retained_gradient_is_forgotten_with_the_history() -> None:
    x = leaf(1, 2)
    y = x * 2
    y.retain_grad()
    z = y * 3
    y.detach_()
    del y
    z.sum().backward()
    assert x.grad.tolist() == [6, 6]


def test_a_view_whose_base_was_replaced_is_not_changed_in_place() -> None:
    base = wg.zeros(10)
    view = base[5:]
    base.data = wg.zeros(2)
    w = wg.ones(5, requires_grad=True)
    with pytest.raises(RuntimeError, match="replaced"):
        view.add_(w)
    assert view.tolist() == [0] * 5


# ---- memory that overlaps -----------------------------------------------------------------


def test_a_tensor_can_be_permuted_into_itself() -> None:
    x = wg.arange(4.0)
    x[wg.tensor([1, 2, 3, 0])] = x
    assert x.tolist() == [3, 0, 1, 2]


def test_operands_under_another_name_of_the_memory_are_read_first() -> None:
    x = wg.arange(6.0)
    x.data[1:].copy_(x[:-1])
    assert x.tolist() == [0, 0, 1, 2, 3, 4]
    np = pytest.importorskip("numpy")
    array = np.arange(6.0)
    a, b = wg.from_numpy(array), wg.from_numpy(array[:-1])
    a[1:].add_(b)
    assert a.tolist() == [0, 1, 3, 5, 7, 9]


def test_data_keeps_the_protection_of_memory() -> None:
    np = pytest.importorskip("numpy")
    array = np.ones(3, dtype=np.float32)
    array.flags.writeable = False
    x = wg.zeros(3)
    x.data = wg.from_numpy(array)
    with pytest.raises(RuntimeError, match="read-only"):
        x.add_(1)
    g = wg.ones(4, requires_grad=True)
    read_only = np.ones(4, dtype=np.float32)
    read_only.flags.writeable = False
    g.grad = wg.from_numpy(read_only)
    with pytest.raises(RuntimeError, match="read-only"):
        g[1:].sum().backward()
    assert read_only.tolist() == [1] * 4


def test_a_gradient_that_is_its_own_seed() -> None:
    w = wg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    x = wg.tensor([[1.0, 1.0], [0.0, 1.0]])
    w.grad = wg.tensor([[1.0, 2.0], [3.0, 4.0]])
    expected = w.grad + x.T @ w.grad
    (x @ w).backward(w.grad)
    assert w.grad.tolist() == expected.tolist()


def test_data_assigned_to_itself_does_not_grow() -> None:
    p = wg.zeros(3)
    for _ in range(100):
        p.data = p.data
    before = _core.memory_stats()["live_blocks"]
    for _ in range(10000):
        p.data = p.data
    assert _core.memory_stats()["live_blocks"] < before + 1000


# ---- shapes -------------------------------------------------------------------------------


def test_sixteen_dimensions_are_the_most() -> None:
    x = wg.zeros((1,) * 16)
    with pytest.raises(RuntimeError, match="16"):
        x.unsqueeze(0)
    with pytest.raises(RuntimeError, match="16"):
        wg.stack([x, x])
    with pytest.raises(RuntimeError, match="16"):
        wg.zeros((2,) * 10)[wg.zeros((1,) * 8, dtype=wg.int64)]
    with pytest.raises(IndexError):
        wg.zeros(3)[(wg.tensor([0, 0]),) * 100]


def test_numbers_of_elements_must_fit() -> None:
    with pytest.raises((RuntimeError, MemoryError, RuntimeError)):
        wg.ones(1, 1).expand(2**40, 2**40)
    with pytest.raises(RuntimeError):
        _core.ops._split_with_sizes(wg.zeros(5), (2**63 - 1, 2**63 - 1, 7))


def test_scattering_into_a_number_checks_the_source() -> None:
    with pytest.raises(RuntimeError):
        wg.tensor(0.0).scatter_add(0, wg.zeros(1000, dtype=wg.int64), wg.ones(1))


# ---- hooks and nodes ----------------------------------------------------------------------


def test_a_hook_must_keep_the_shape() -> None:
    x = leaf(1, 2)
    y = x.exp()
    y.register_hook(lambda g: wg.ones(1000000, dtype=wg.float64))
    with pytest.raises(RuntimeError, match="shape"):
        y.sum().backward()


def test_a_hook_may_register_another() -> None:
    x = wg.ones(8, requires_grad=True)
    parts = x.unbind(0)
    seen = []

    def hook(g: wg.Tensor) -> None:
        for p in parts[1:]:
            p.register_hook(lambda g: seen.append(1) and None)

    parts[0].register_hook(hook)
    sum(parts).backward()
    assert x.grad.tolist() == [1] * 8


def test_a_node_applied_to_another_shape_reads_nothing_beyond() -> None:
    y = leaf(1, 2).exp()
    with pytest.raises((RuntimeError, ValueError)):
        y.grad_fn(wg.ones(1000000, dtype=wg.float64))


def test_a_custom_function_cannot_change_a_leaf() -> None:
    class Double(wg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    with pytest.raises(RuntimeError, match="leaf"):
        Double.apply(leaf(1, 2))
    x = leaf(1, 2)
    z = x * 1.0
    Double.apply(z).sum().backward()
    assert x.grad.tolist() == [2, 2]


# ---- modes --------------------------------------------------------------------------------


def test_modes_that_end_in_another_order_do_no_harm() -> None:
    a, b = wg.inference_mode(), wg.autograd.detect_anomaly()
    a.__enter__()
    b.__enter__()
    a.__exit__(None, None, None)
    b.__exit__(None, None, None)
    assert not wg.is_inference_mode_enabled() and not _core.is_anomaly_enabled()
    x = leaf(2)
    (x * x).sum().backward()
    assert x.grad.tolist() == [4]


# ---- Python objects -----------------------------------------------------------------------


class Named(wg.Tensor):
    made = 0

    def __new__(cls, data=None):
        Named.made += 1
        return wg.Tensor._make_subclass(cls, wg.zeros(2) if data is None else data, True)


def test_a_subclass_with_a_constructor_comes_back() -> None:
    x = Named(wg.ones(2))
    x.note = notes = ["kept"]
    x.grad = wg.ones(2)
    y = x * 2
    made = Named.made
    dead = weakref.ref(x)
    del x
    gc.collect()
    assert dead() is None
    back = y.grad_fn.next_functions[0][0].variable
    assert type(back) is Named and back.note is notes and back.tolist() == [1, 1]
    assert Named.made == made


def test_empty_objects_are_refused() -> None:
    nothing = wg.Tensor.__new__(wg.Tensor)
    x = wg.zeros(2)
    for action in (
        lambda: x + nothing,
        lambda: x[nothing],
        lambda: x.__setitem__(0, nothing),
        lambda: wg.exp(nothing),
    ):
        with pytest.raises((ValueError, TypeError)):
            action()


def test_arguments_that_hardly_anybody_gives() -> None:
    x, y = wg.ones(2), wg.zeros(2)
    assert _core.ops.add_(other=y, input=x) is x
    with pytest.raises((TypeError, UnicodeEncodeError)):
        wg.add(x, **{"\ud800": 1})
    with pytest.raises(OverflowError):
        x + 2**63


def test_data_that_changes_while_it_is_read() -> None:
    data: list = []

    class Grows:
        def __float__(self) -> float:
            data.extend([1.0] * 1000)
            return 1.0

    data.extend([Grows(), 2.0])
    with pytest.raises(ValueError):
        _core.from_sequence(data, None)


# ---- memory that runs out -----------------------------------------------------------------


def test_programs_may_catch_either_error_when_memory_runs_out() -> None:
    for error in (MemoryError, RuntimeError, wg.OutOfMemoryError, wg.cuda.OutOfMemoryError):
        with pytest.raises(error, match="memory"):
            wg.empty(2**40, 2**40)


def test_nothing_is_left_behind_when_memory_runs_out() -> None:
    base = wg.ones(1 << 16, requires_grad=True) * 1.0

    stats = _core.memory_stats()["allocated"]
    _core.set_memory_limit(stats)
    try:
        attempts_done = 0
        for f in (base.exp, base.square_):
            with pytest.raises(MemoryError):
                f()
            attempts_done += 1
    finally:
        _core.set_memory_limit(0)
    assert attempts_done == 2
    gc.collect()
    assert _core.memory_stats()["allocated"] <= stats + 4096
    assert base[0].item() == 1
