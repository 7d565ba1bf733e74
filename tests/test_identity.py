"""One Python object per tensor, and no memory that stays behind (design D8)."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

import wengert as wg


class Named(wg.Tensor):
    pass


def named(values, requires_grad=True):
    return wg.Tensor._make_subclass(Named, wg.tensor(values), requires_grad)


class Mark:
    """Something whose death can be seen."""


@pytest.fixture(autouse=True)
def _no_garbage():
    gc.collect()
    return


# ---- identity -----------------------------------------------------------------------------


def test_the_gradient_is_one_object():
    x = wg.ones(3, requires_grad=True)
    (x * 2).sum().backward()
    assert x.grad is x.grad
    g = wg.zeros(3)
    x.grad = g
    assert x.grad is g


def test_leaves_of_the_graph_are_the_users_objects():
    x = named([1.0])
    y = x * 2
    assert y.grad_fn.next_functions[0][0].variable is x
    seen = []
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t))
    y.backward()
    assert seen == [x]
    assert seen[0] is x


def test_class_and_attributes_survive_in_the_graph():
    x = named([1.0])
    x.label = "weights"
    y = x * 2
    del x
    gc.collect()
    back = y.grad_fn.next_functions[0][0].variable
    assert type(back) is Named
    assert back.label == "weights"
    assert back.requires_grad
    assert back is y.grad_fn.next_functions[0][0].variable
    y.backward()
    assert back.grad.tolist() == [2.0]


def test_attributes_of_plain_tensors_survive():
    x = wg.ones(1, requires_grad=True)
    x.label = [1]
    y = x * 2
    label = x.label
    for _ in range(3):
        del x
        gc.collect()
        x = y.grad_fn.next_functions[0][0].variable
        assert x.label is label


def test_class_and_attributes_survive_as_a_gradient():
    x = wg.ones(2, requires_grad=True)
    g = named([1.0, 2.0], False)
    g.label = "kept"
    x.grad = g
    del g
    gc.collect()
    assert type(x.grad) is Named
    assert x.grad.label == "kept"


def test_attributes_survive_in_saved_tensors():
    class Square(wg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            seen.append((type(x), x.label))
            return 2 * x * g

    seen = []
    x = named([3.0])
    x.label = "a"
    y = Square.apply(x)
    del x
    gc.collect()
    y.backward()
    assert seen == [(Named, "a")]


def test_what_is_kept_dies_with_the_tensor():
    mark = Mark()
    alive = weakref.ref(mark)
    x = named([1.0])
    x.mark = mark
    y = x * 2
    del x, mark
    gc.collect()
    assert alive() is not None
    del y
    gc.collect()
    assert alive() is None


def test_plain_objects_are_made_anew():
    y = wg.ones(1, requires_grad=True) * 2
    leaf = y.grad_fn.next_functions[0][0].variable
    assert type(leaf) is wg.Tensor
    assert leaf.__dict__ == {}


# ---- cycles -------------------------------------------------------------------------------


def collected(make) -> bool:
    """Whether what make() has built, marked by an object, is garbage and is found to be."""
    mark = Mark()
    alive = weakref.ref(mark)
    make(mark)
    del mark
    gc.collect()
    return alive() is None


def test_cycle_through_an_attribute():
    def make(mark):
        x = wg.ones(1)
        x.me = x
        x.mark = mark

    assert collected(make)


def test_cycle_through_an_attribute_of_a_tensor_in_a_graph():
    def make(mark):
        x = wg.ones(1, requires_grad=True)
        y = x * 2
        y.mark = mark
        y.me = y

    assert collected(make)


def test_hook_of_a_leaf_that_holds_the_leaf():
    def make(mark):
        x = wg.ones(1, requires_grad=True)
        x.register_hook(lambda g: (x, mark) and None)

    assert collected(make)


def test_post_accumulate_hook_that_holds_the_leaf():
    def make(mark):
        x = wg.ones(1, requires_grad=True)
        x.register_post_accumulate_grad_hook(lambda t: (x, mark) and None)
        (x * 2).backward()

    assert collected(make)


def test_hook_of_an_output_that_holds_it():
    def make(mark):
        y = wg.ones(1, requires_grad=True) * 2
        y.register_hook(lambda g: (y, mark) and None)

    assert collected(make)


def test_hook_of_a_node_that_holds_the_output():
    def make(mark):
        y = wg.ones(1, requires_grad=True) * 2
        y.grad_fn.register_hook(lambda a, b: (y, mark) and None)
        z = wg.ones(1, requires_grad=True) * 2
        z.grad_fn.register_prehook(lambda a: (z, mark) and None)

    assert collected(make)


def test_hook_deep_in_the_graph_that_holds_the_result():
    def make(mark):
        holder = []
        y = wg.ones(1, requires_grad=True) * 2
        y.register_hook(lambda g: (holder, mark) and None)
        for _ in range(10):
            y = y.exp() * 2
        holder.append(y)
        del y

    assert collected(make)


def test_hook_in_a_branch_that_holds_the_result():
    def make(mark):
        x = wg.ones(1, requires_grad=True)
        a = x * 2
        a.register_hook(lambda g: (holder, mark) and None)
        holder = [a.exp() + (x * 3).exp().exp(), (x * 4) + 1]
        del a

    assert collected(make)


class Keep(wg.autograd.Function):
    """Leaves whatever it is given on its context."""

    @staticmethod
    def forward(ctx, x, mark):
        ctx.mark = mark
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2, None


def test_context_that_holds_its_output():
    class Own(Keep):
        @staticmethod
        def forward(ctx, x, mark):
            ctx.mark = mark
            ctx.y = x * 2
            return ctx.y

    def make(mark):
        Own.apply(wg.ones(1, requires_grad=True), mark)

    assert collected(make)


def test_context_that_holds_what_was_computed_from_its_output():
    def make(mark):
        y = Keep.apply(wg.ones(1, requires_grad=True), mark)
        z = (y * 3).exp()
        y.grad_fn._context().z = z

    assert collected(make)


def test_context_that_holds_its_input():
    def make(mark):
        x = wg.ones(1, requires_grad=True)
        y = Keep.apply(x * 2, mark)
        y.grad_fn._context().x = x
        x.y = y

    assert collected(make)


def test_nothing_alive_is_cleared():
    x = wg.ones(1, requires_grad=True)
    seen = []
    y = x * 2
    y.register_hook(lambda g: seen.append(y.tolist()))
    gc.collect()
    gc.collect()
    y.backward()
    assert seen == [[2.0]]
    z = Keep.apply(x, y)
    z.grad_fn._context().z = z
    node = z.grad_fn
    del z
    gc.collect()
    assert node._context().z.tolist() == [2.0]
    node._context().z = None


# ---- leaks --------------------------------------------------------------------------------


def steady(step, repetitions: int = 30) -> None:
    """step() leaves as many blocks as it has found."""
    for _ in range(3):
        step()
    gc.collect()
    before = wg.memory_stats()["live_blocks"]
    for _ in range(repetitions):
        step()
    gc.collect()
    assert wg.memory_stats()["live_blocks"] == before


def test_training_does_not_leak():
    w = wg.ones(3, 3, requires_grad=True)

    def step():
        x = wg.ones(2, 3)
        y = (x @ w).tanh().sum()
        y.backward()
        with wg.no_grad():
            w.sub_(w.grad * 0.1)
        w.grad = None

    steady(step)


def test_hooks_and_functions_do_not_leak():
    x = wg.ones(2, requires_grad=True)

    def step():
        y = Keep.apply(x, None)
        y.register_hook(lambda g: g * 2)
        y.me = y
        handle = x.register_hook(lambda g: g)
        y.sum().backward()
        handle.remove()
        x.grad = None

    steady(step)


def test_errors_do_not_leak():
    x = wg.ones(2, requires_grad=True)

    def fail(g):
        raise KeyError("hook")

    def step():
        y = x * 2
        y.register_hook(fail)
        with pytest.raises(KeyError):
            (y * 3).sum().backward()
        with pytest.raises((ValueError, RuntimeError)):
            wg.ones(2, 3) @ wg.ones(2, 3)
        with pytest.raises(TypeError):
            wg.exp("a")

    steady(step)


def test_create_graph_does_not_leak():
    def step():
        x = wg.ones(2, requires_grad=True)
        (g,) = wg.autograd.grad((x**3).sum(), x, create_graph=True)
        g.sum().backward()

    steady(step)


def test_views_and_indexing_do_not_leak():
    x = wg.ones(4, 4, requires_grad=True)

    def step():
        y = x * 1
        y[0] *= 2
        y[wg.tensor([1, 2])] = 0.0
        y.t()[1:, ::-1].sum().backward()
        x.grad = None

    steady(step)


# ---- threads ------------------------------------------------------------------------------


def run_threads(work, n: int = 4) -> None:
    errors = []

    def guarded():
        try:
            work()
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=guarded) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors, errors


def test_objects_from_several_threads():
    x = named([1.0])
    x.label = "a"
    y = x * 2
    del x

    def work():
        for _ in range(200):
            leaf = y.grad_fn.next_functions[0][0].variable
            assert type(leaf) is Named
            assert leaf.label == "a"

    run_threads(work)


def test_graphs_freed_on_other_threads():
    def step():
        graphs = []
        for _ in range(20):
            x = named([1.0])
            x.mark = Mark()
            y = Keep.apply(x, x.mark)
            y.register_hook(lambda g: g)
            graphs.append(y)
        del x, y

        def free():
            while graphs:
                try:
                    graphs.pop().sum().backward()
                except IndexError:
                    return

        run_threads(free)

    steady(step, 5)
