"""Passes that put products together: bounds of their errors, and what stays as it was."""

from __future__ import annotations

import contextlib
import copy
import random

import pytest
from test_tape import bits

import wengert as wg
from wengert import nn, optim
from wengert.nn import functional as F

EPS = {wg.float32: 2.0**-23, wg.float64: 2.0**-52}


def names(tape, kind="operation"):
    return [
        s.name
        for i, s in enumerate(tape.steps)
        if s.kind == kind and not tape._program.is_unused(i)
    ]


def within(got, a, b, k, bias=None):
    """Whether `got` is a @ b + bias up to the bound that the passes promise."""
    a, b = a.double(), b.double()
    exact, size = a @ b, a.abs() @ b.abs()
    if bias is not None:
        exact, size, k = exact + bias.double(), size + bias.double().abs(), k + 1
    # float64 itself has no exact result to be compared with, but one of the same bound.
    room = 2 if got.dtype == wg.float64 else 1
    return bool(((got.double() - exact).abs() <= room * k * EPS[got.dtype] * size + 1e-300).all())


def spread(*shape, dtype=wg.float32):
    """Numbers of many sizes, whose products cancel."""
    return (wg.randn(*shape) * wg.exp(wg.randn(*shape) * 3)).to(dtype)


# ---- products of a loop ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("rows", [1, 3])
def test_products_with_one_weight_are_one(rows, dtype):
    wg.manual_seed(0)
    w, v, b = (spread(*s, dtype=dtype) for s in ((70, 9), (9, 70), (9,)))
    xs = spread(12, rows, 70, dtype=dtype)

    def f(xs):
        return [y for x in xs for y in (x @ w, F.linear(x, v, b))]

    tape = wg.record(f, xs)
    hoisted = wg.tape.hoist_products(tape)
    assert names(tape).count("mm") == names(tape).count("linear") == 12
    assert names(hoisted).count("mm") == names(hoisted).count("linear") == 1
    assert "cat" not in names(hoisted)  # the rows lie under each other
    for program in (tape, hoisted):
        made = program(xs)
        for x, y, z in zip(xs, made[::2], made[1::2]):
            assert within(y, x, w, 70)
            assert within(z, x, v.t(), 70, b)


def test_inputs_from_several_places():
    w = wg.randn(6, 4)
    given = wg.randn(2, 6), wg.randn(3, 6), wg.randn(2, 1, 6)

    def f(a, b, c):
        return F.linear(a, w.t()), F.linear(b, w.t()), F.linear(c.exp(), w.t())

    hoisted = wg.tape.hoist_products(wg.record(f, *given))
    assert names(hoisted).count("linear") == names(hoisted).count("cat") == 1
    for got, want in zip(hoisted(*given), f(*given)):
        assert got.shape == want.shape and wg.allclose(got, want, atol=1e-5)


def test_results_do_not_share_what_others_change():
    w, xs = wg.randn(5, 5), wg.randn(3, 2, 5)

    def f(xs):
        a, b, c = (x @ w for x in xs)
        b.mul_(2)
        return a, b, c

    hoisted = wg.tape.hoist_products(wg.record(f, xs))
    assert names(hoisted).count("mm") == 1
    first = hoisted(xs)
    kept = [bits(t) for t in first]
    for got, want in zip(first, f(xs)):
        assert wg.allclose(got, want, atol=1e-5)
    places = {t.untyped_storage().data_ptr() for t in first}
    assert len(places) == 3
    hoisted(xs * 2)
    assert [bits(t) for t in first] == kept


def test_products_that_need_each_other_stay():
    w, v, x = wg.randn(4, 4), wg.randn(4, 4), wg.randn(2, 4)
    for f in (
        lambda x: wg.tanh(wg.tanh(x @ w) @ w),
        lambda x: (x @ w, (x + 1) @ v),
        lambda x: (x @ w, x.double() @ w.double()),
    ):
        tape = wg.record(f, x)
        assert wg.tape.hoist_products(tape) is tape
    # One that another has made in between is none of the first's kind.
    other = wg.record(lambda x: (x @ w, (x + 1) @ w, wg.tanh(x @ w) @ w), x)
    hoisted = wg.tape.hoist_products(other)
    assert names(hoisted).count("mm") == 2
    many = wg.randn(64, 4)
    tape = wg.record(lambda x: (x @ w, (x + 1) @ w), many)
    assert wg.tape.hoist_products(tape) is tape
    assert wg.tape.hoist_products(tape, max_rows=65) is not tape


def test_a_weight_that_changes_on_the_way_keeps_its_products_apart():
    w, x = wg.randn(4, 4), wg.randn(2, 4)

    def f(x):
        a = x @ w
        w.mul_(0.5)
        return a, (x + 1) @ w

    tape = wg.record(f, x)
    assert wg.tape.hoist_products(tape) is tape


# ---- gradients ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("kept", [False, True])
def test_gradients_of_a_weight_are_one_product(kept, dtype):
    wg.manual_seed(1)
    w = spread(30, 7, dtype=dtype).requires_grad_()
    v, b = (spread(*s, dtype=dtype).requires_grad_() for s in ((7, 30), (7,)))
    xs, gs = spread(20, 2, 30, dtype=dtype), spread(20, 2, 7, dtype=dtype)
    leaves = (w, v, b)

    def f(xs, gs):
        for p in leaves:
            p.grad = wg.ones_like(p) if kept else None
        total = sum(((x @ w) * g).sum() + (F.linear(x, v, b) * g).sum() for x, g in zip(xs, gs))
        total.backward()
        return total.detach()

    tape = wg.record(f, xs, gs)
    hoisted = wg.tape.hoist_products(tape)
    assert names(tape, "rule").count("mm") == names(tape, "rule").count("linear") == 20
    assert not {"mm", "linear"}.intersection(names(hoisted, "rule"))
    assert names(hoisted).count("mm") == 3 and names(hoisted).count("linear") == 1
    rows, of = xs.reshape(40, 30), gs.reshape(40, 7)
    for program in (tape, hoisted):
        program(xs, gs)
        if kept:
            assert wg.allclose(w.grad - 1, rows.t() @ of, rtol=1e-3, atol=1e-1)
            continue
        assert within(w.grad, rows.t(), of, 40)
        assert within(v.grad, of.t(), rows, 40)
        ones = wg.ones(1, 40, dtype=dtype)
        assert within(b.grad.unsqueeze(0), ones, of, 40)


class ByHand(nn.Module):
    def __init__(self):
        super().__init__()
        self.of_input, self.of_state = nn.Linear(5, 16), nn.Linear(16, 16, bias=False)
        self.out, self.dropout = nn.Linear(16, 3), nn.Dropout(0.2)

    def forward(self, xs):
        h, made = wg.zeros(xs.shape[1], 16), []
        for x in xs:
            h = self.dropout(wg.tanh(self.of_input(x) + self.of_state(h)))
            made.append(self.out(h))
        return wg.stack(made)


class OfCells(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell, self.out = cell, nn.Linear(cell.hidden_size, 3)
        self.dropout = nn.Dropout(0.2)

    def forward(self, xs):
        state, made = None, []
        for x in xs:
            state = self.cell(self.dropout(x), state)
            made.append(self.out(state[0] if isinstance(state, tuple) else state))
        return wg.stack(made)


MODELS = {
    "by hand": ByHand,
    "lstm": lambda: OfCells(nn.LSTMCell(5, 16)),
    "gru": lambda: OfCells(nn.GRUCell(5, 16)),
    "rnn": lambda: OfCells(nn.RNNCell(5, 16, bias=False)),
    "relu": lambda: OfCells(nn.RNNCell(5, 16, nonlinearity="relu")),
}


def training_step(model, optimizer):
    def step(xs, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(xs).reshape(-1, 3), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("name", MODELS)
def test_training_goes_on_as_before(name, batch, tmp_path):
    wg.manual_seed(2)
    model = MODELS[name]()
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    step = training_step(model, optimizer)
    batches = [(wg.randn(8, batch, 5), wg.randint(0, 3, (8 * batch,))) for _ in range(20)]
    step(*batches[0])
    tape = wg.record(step, *batches[0])
    before = [bits(t) for t in tape.states]
    hoisted = wg.tape.hoist_products(tape)
    assert [bits(t) for t in tape.states] == before
    rules = names(hoisted, "rule")
    assert "linear" not in rules and rules.count("recurrent_layer") == (name != "by hand")
    tape.save(tmp_path / "tape")
    hoisted.save(tmp_path / "hoisted")
    losses = []
    for path, lr in (("tape", 1e-2), ("hoisted", 1e-2), ("tape", 1e-3), ("hoisted", 1e-3)):
        program = wg.load_tape(tmp_path / path)
        program.set_number([s.name for s in program.steps].index("adam_step"), "lr", lr)
        wg.manual_seed(3)  # for the dropout
        losses.append([program(*b).item() for b in batches])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert losses[2] == pytest.approx(losses[3], rel=1e-4)
    assert abs(losses[0][-1] - losses[2][-1]) > 1e-3
    # The program itself, too: its learning rate is still that of the optimizer.
    optimizer.param_groups[0]["lr"] = 1e-3
    wg.manual_seed(3)
    assert [hoisted(*b).item() for b in batches] == losses[3]


def test_cells_are_a_layer():
    wg.manual_seed(4)
    xs = wg.randn(9, 2, 6)
    for cell, layer in ((nn.LSTMCell, nn.LSTM), (nn.GRUCell, nn.GRU), (nn.RNNCell, nn.RNN)):
        one, whole = cell(6, 10), layer(6, 10)
        for p, q in zip(one.parameters(), whole.parameters()):
            q.data.copy_(p)

        def f(xs, of=one):
            state, made = None, []
            for x in xs:
                state = of(x, state)
                made.append(state[0] if isinstance(state, tuple) else state)
            return made

        with wg.no_grad():
            hoisted = wg.tape.hoist_products(wg.record(f, xs))
            assert names(hoisted).count("recurrent_layer") == 1
            assert [bits(h) for h in hoisted(xs)] == [bits(h) for h in whole(xs)[0]]


@pytest.mark.parametrize("make", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
def test_cells_of_bfloat16_stay_cells(make):
    """A layer keeps what its cells round between each other."""
    wg.manual_seed(4)
    cell, xs = make(6, 10).bfloat16(), wg.randn(5, 18, 6).bfloat16()

    def f(xs):
        cell.zero_grad()
        state = None
        for x in xs:
            state = cell(x, state)
        h = state[0] if isinstance(state, tuple) else state
        h.float().square().sum().backward()
        return h.detach()

    want = [bits(f(xs)), *(bits(p.grad) for p in cell.parameters())]
    hoisted = wg.tape.hoist_products(wg.record(f, xs))
    assert [bits(hoisted(xs)), *(bits(p.grad) for p in cell.parameters())] == want


def gradients_of(program, cell, *arguments):
    program(*arguments)
    return [p.grad.clone() for p in cell.parameters()]


@pytest.mark.parametrize("make", [nn.LSTMCell, nn.GRUCell, nn.RNNCell])
@pytest.mark.parametrize("what", ["last", "all", "cells", "input", "twice", "kept", "given"])
def test_gradients_of_cells(make, what):
    """Whatever is looked at on the way: what cannot be put together stays apart and right."""
    wg.manual_seed(5)
    cell = make(4, 6).double()
    lstm = make is nn.LSTMCell
    xs, h_0 = wg.randn(5, 2, 4, dtype=wg.float64), wg.randn(2, 6, dtype=wg.float64)
    leaves = [xs.requires_grad_(what == "input"), h_0.requires_grad_(what == "input")]

    def f(xs, h_0):
        for p in (*cell.parameters(), *leaves):
            p.grad = wg.ones_like(p) if what == "kept" and p is not xs and p is not h_0 else None
        total, made = 0, []
        for n in range(2 if what == "twice" else 1):
            h, c = h_0 * (n + 1), wg.zeros_like(h_0)
            for x in xs:
                if lstm:
                    h, c = cell(x, (h, c))
                else:
                    h = cell(x, h)
                made.append(h.detach())
                if what == "all":
                    total = total + (h * h).sum() + h.sum()
                if what == "cells":
                    total = total + (c if lstm else h).sin().sum()
            total = total + h.square().sum()
        total.backward()
        return [total.detach(), *(made if what == "given" else ())]

    tape = wg.record(f, xs, h_0)
    hoisted = wg.tape.hoist_products(tape)
    if what in ("last", "all", "input", "given"):
        assert names(hoisted, "rule").count("recurrent_layer") == 1
    for _ in range(2):
        values = []
        for program in (tape, hoisted):
            results = program(xs, h_0)
            grads = [p.grad.clone() for p in (*cell.parameters(), *leaves) if p.grad is not None]
            values.append([*results, *grads])
        assert len(values[0]) == 5 + 2 * (what == "input") + 5 * (what == "given")
        for a, b in zip(*values):
            assert wg.allclose(a, b, rtol=1e-12, atol=1e-13)


BETWEEN = {
    "as it is": lambda h, c, k: (h, c),
    "h + k": lambda h, c, k: (h + k, c),
    "h.add_(k)": lambda h, c, k: (h.add_(k), c),
    "c + k": lambda h, c, k: (h, c + k),
    "c.add_(k)": lambda h, c, k: (h, c.add_(k)),
    "another c": lambda h, c, k: (h, k),
    "c.detach()": lambda h, c, k: (h, c.detach()),
    "h.detach()": lambda h, c, k: (h.detach(), c),
    "exchanged": lambda h, c, k: (c, h),
}


@pytest.mark.parametrize(
    ("make", "between"),
    [(nn.LSTMCell, b) for b in BETWEEN]
    + [(cell, b) for cell in (nn.GRUCell, nn.RNNCell) for b in BETWEEN if b.startswith("h")],
)
def test_states_may_be_changed_between_cells(make, between):
    """Additions pass the gradient on as it is: it does not tell that the state is another."""
    wg.manual_seed(10)
    lstm = make is nn.LSTMCell
    cell = make(3, 4).double()
    xs, k = wg.randn(4, 2, 3, dtype=wg.float64), wg.randn(2, 4, dtype=wg.float64)

    def f(xs):
        cell.zero_grad()
        state, total = None, 0
        for x in xs:
            state = cell(x, state)
            total = total + ((state[0] if lstm else state) + 1).square().sum()
            h, c = BETWEEN[between](*(state if lstm else (state, None)), k)
            state = (h, c) if lstm else h
        total.backward()
        return total.detach()

    tape = wg.record(f, xs)
    hoisted = wg.tape.hoist_products(tape)
    rules = names(hoisted, "rule").count("recurrent_layer")
    assert rules == (1 if between == "as it is" else 4)
    for a, b in zip(gradients_of(hoisted, cell, xs), gradients_of(tape, cell, xs)):
        assert wg.allclose(a, b, rtol=1e-12, atol=1e-13)


def test_steps_with_other_attributes_are_looked_at():
    wg.manual_seed(9)
    cell, x = nn.GRUCell(3, 4), wg.randn(1, 3)

    def f(x):
        cell(x, wg.zeros(1, 4)).sum().backward()

    f(x)
    tape = wg.record(f, x)
    steps = {(s.kind, s.name): i for i, s in enumerate(tape.steps)}
    forward, rule = steps["operation", "recurrent_layer"], steps["rule", "recurrent_layer"]
    weights = list(cell.parameters())
    given = [wg.randn(2, 3), *weights, None, wg.zeros(1, 4), None]
    with wg.no_grad():
        made = tape._program.apply(forward, given, {"count": 2})
        assert made[0].shape == (2, 4)
        saved = [*given, made[0], made[3], made[4], made[5]]
        grads = tape._program.apply(rule, [None, wg.ones(1, 4), *[None] * 4, *saved], {"count": 2})
        assert grads[1].shape == weights[0].shape
        for step, tensors, attributes in (
            (forward, given, {"count": 3}),
            (forward, given, {"steps": 2}),
            (forward, given[:-1], {"count": 2}),
            (rule, [None, wg.ones(2, 4), *[None] * 4, *saved], {"count": 2}),
            (rule, [None, wg.ones(1, 4), *[None] * 4, *saved[:-1], None], {"count": 2}),
            (rule, [None, wg.ones(1, 4), *[None] * 4, *saved[:-1], made[0][:1]], {"count": 2}),
            (rule, [None, wg.ones(1, 4), *[None] * 4, None, *saved[1:]], {"count": 2}),
        ):
            with pytest.raises(ValueError):
                tape._program.apply(step, tensors, attributes)


def test_values_that_were_read_are_still_checked():
    w, xs = wg.randn(4, 4), wg.randn(3, 2, 4)

    def f(xs):
        total = wg.zeros(2, 4)
        for x in xs:
            if x[0, 0] > 100:
                total = total + 1
            total = total + x @ w
        return total

    hoisted = wg.tape.hoist_products(wg.record(f, xs))
    assert names(hoisted).count("mm") == 1
    assert wg.allclose(hoisted(xs), f(xs), atol=1e-5)
    with pytest.raises(RuntimeError, match="a value that was read is another"):
        hoisted(xs + 1000)


def a_program(seed):
    """A function of products, cells and changes in place, and the leaves whose gradients it takes.

    What it does follows from the seed alone.
    """
    choose = random.Random(seed)
    plan = [
        (choose.choice("mltaxrsc"), *choose.choices(range(100), k=4))
        for _ in range(choose.randrange(4, 25))
    ]
    trains, keeps = choose.random() < 0.6, choose.random() < 0.3
    real = {"dtype": wg.float64}
    weights = [wg.randn(4, 4, **real).requires_grad_() for _ in range(3)]
    biases = [wg.randn(4, **real).requires_grad_() for _ in range(2)]
    rnn, lstm = nn.RNNCell(4, 4, **real), nn.LSTMCell(4, 4, **real)
    leaves = [*weights, *biases, *rnn.parameters(), *lstm.parameters()]

    def f(x, y):
        for p in leaves:
            p.grad = wg.ones_like(p) if keeps else None
        made, state = [x[0], x[1], y], None
        for kind, a, b, w, c in plan:
            u, v, m = made[a % len(made)], made[b % len(made)], weights[w % 3]
            if kind == "r":
                made.append(rnn(u, v))
            elif kind == "s":
                state = lstm(u, state)
                made.append(state[b % 2])
            elif kind == "l":
                made.append(F.linear(u, m, biases[c % 2]))
            elif kind in "mc":
                made.append(u @ m if kind == "m" else (u @ m).mul_(0.5))
            else:
                made.append(wg.tanh(u) if kind == "t" else u + v if kind == "a" else u * v)
        total = sum((q * q).mean() for q in made[-6:])
        if trains:
            total.backward()
        return total.detach(), *(q.detach() for q in made[-3:])

    return f, leaves, trains


@pytest.mark.parametrize("seed", range(60))
def test_programs_at_random_give_the_same(seed, tmp_path):
    wg.manual_seed(seed)
    f, leaves, trains = a_program(seed)
    rows = 1 + seed % 2
    give = lambda: (wg.randn(2, rows, 4, dtype=wg.float64), wg.randn(rows, 4, dtype=wg.float64))  # noqa: E731
    with contextlib.nullcontext() if trains else wg.no_grad():
        arguments = give()
        f(*arguments)
        tape = wg.record(f, *arguments)
        other = wg.tape.hoist_products(tape)
        other.save(tmp_path / "tape")
        assert names(wg.load_tape(tmp_path / "tape")) == names(other)
        programs = [tape, other] if trains else [tape, other, wg.tape.merge_products(other)]
        for _ in range(2):
            arguments = give()
            results = []
            for program in programs:
                values = [t.clone() for t in program(*arguments)]
                results.append(values + [p.grad.clone() for p in leaves if p.grad is not None])
            for result in results[1:]:
                assert len(result) == len(results[0])
                for a, b in zip(result, results[0]):
                    assert wg.allclose(a, b, rtol=1e-9, atol=1e-9)


# ---- products of one input, and sums of products ------------------------------------------------


@pytest.mark.parametrize("rows", [(), (1,), (1, 1), (3,), (2, 3)])
def test_products_of_one_input_are_one(rows, tmp_path):
    wg.manual_seed(6)
    a, b, c = nn.Linear(20, 8), nn.Linear(20, 12), nn.Linear(20, 8)
    u, v = wg.randn(20, 5), wg.randn(20, 6)
    x = wg.randn(*rows, 20)

    def f(x):
        flat = x.reshape(-1, 20)
        return [t.exp() for t in (a(x), b(x), c(x), flat @ u, flat @ v)]

    with wg.no_grad():
        tape = wg.record(f, x)
        merged = wg.tape.merge_products(tape, max_rows=6)
        assert names(merged).count("linear") == names(merged).count("mm") == 1
        assert len(merged.states) == 3
        merged.save(tmp_path / "merged")
        loaded = wg.load_tape(tmp_path / "merged")
        for program in (merged, loaded):
            for got, want in zip(program(x), f(x)):
                assert got.shape == want.shape and wg.allclose(got, want, atol=1e-5)
        if rows in ((), (1,), (1, 1)):
            assert "copy" not in names(merged, "change")
        else:
            assert wg.tape.merge_products(tape) is tape


@pytest.mark.parametrize("dtype", EPS)
def test_a_sum_of_products_is_one_product(dtype):
    wg.manual_seed(7)
    a, h = spread(1, 30, dtype=dtype), spread(1, 40, dtype=dtype)
    w, v, b, c = (spread(*s, dtype=dtype) for s in ((9, 30), (9, 40), (9,), (9,)))
    for biases in ((), (b,), (b, c)):

        def f(a, h, biases=biases):
            return F.linear(a, w, *biases[:1]) + F.linear(h, v, *biases[1:])

        tape = wg.record(f, a, h)
        merged = wg.tape.merge_products(tape)
        assert names(merged).count("linear") == 1 and "add" not in names(merged)
        x, weight = wg.cat([a, h], 1), wg.cat([w, v], 1).t()
        terms = [t.unsqueeze(0) for t in biases]
        both = wg.cat([x, *(wg.ones(1, 1, dtype=dtype) for _ in terms)], 1)
        under = wg.cat([weight, *terms])
        for program in (tape, merged):
            assert within(program(a, h), both, under, 72)
    tape = wg.record(lambda a, h: a @ w.t() + h @ v.t(), a, h)
    merged = wg.tape.merge_products(tape)
    assert within(merged(a, h), wg.cat([a, h], 1), wg.cat([w, v], 1).t(), 72)


def test_gates_become_one_product():
    wg.manual_seed(8)
    layers = [nn.Linear(10, 10) for _ in range(8)]

    def cell(x, h, c):
        i, f, g, o = (layers[k](x) + layers[4 + k](h) for k in range(4))
        c = wg.sigmoid(f) * c + wg.sigmoid(i) * wg.tanh(g)
        return wg.sigmoid(o) * wg.tanh(c), c

    given = [wg.randn(1, 10) for _ in range(3)]
    with wg.no_grad():
        merged = wg.tape.merge_products(wg.record(cell, *given))
        assert names(merged).count("linear") == names(merged).count("cat") == 1
        for got, want in zip(merged(*given), cell(*given)):
            assert wg.allclose(got, want, atol=1e-6)


def test_what_is_not_merged():
    w, v, x = wg.randn(4, 4), wg.randn(4, 4), wg.randn(1, 4)
    for f in (
        lambda x: (x @ w, (x + 1) @ v),
        lambda x: x @ w + 1,
        lambda x: (x @ w).exp() + x @ w @ v,
    ):
        tape = wg.record(f, x)
        assert wg.tape.merge_products(tape) is tape
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 3))
    other = copy.deepcopy(model)
    optimizer = optim.SGD([*model.parameters(), *other.parameters()], lr=0.1)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x) + other(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    arguments = x, wg.zeros(1, dtype=wg.int64)
    step(*arguments)
    tape = wg.record(step, *arguments)
    merged = wg.tape.merge_products(tape)
    assert names(merged) == names(tape)


def test_the_merged_weights_are_those_of_now():
    a, b, x = nn.Linear(4, 4), nn.Linear(4, 4), wg.randn(1, 4)
    with wg.no_grad():
        merged = wg.tape.merge_products(wg.record(lambda x: (a(x), b(x)), x))
        before = [bits(t) for t in merged(x)]
        a.weight.mul_(2)
        assert [bits(t) for t in merged(x)] == before
