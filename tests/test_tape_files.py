"""Programs in files: what is loaded gives the bits of what was saved, or is refused."""

from __future__ import annotations

import json
import random
import struct

import op_rows
import pytest
import test_tape
from op_rows import Case
from test_tape import MODELS, OPTIMIZERS, bits, make_step

import wengert as wg
from wengert import nn, optim
from wengert.nn import functional as F


def all_bits(tensors) -> list[bytes]:
    return [bits(t) for t in tensors]


def trained(make, optimizer=OPTIMIZERS["adam"]):
    """A recorded training step that was run once, and what makes its arguments."""
    wg.manual_seed(3)
    model, batch = make()
    step = make_step(model, optimizer(model.parameters()))
    step(*batch())
    return wg.record(step, *batch()), batch


def run(tape: wg.tape.Tape, batches: list) -> list[bytes]:
    wg.manual_seed(11)
    found = [bits(tape(*b)) for b in batches]
    found += all_bits(tape.states)
    return found + [bits(t.grad) for t in tape.states if t.is_leaf and t.grad is not None]


@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_training_steps_go_on_from_a_file(make, tmp_path):
    tape, batch = trained(make)
    path = tmp_path / "step.safetensors"
    tape.save(path)
    loaded = wg.load_tape(path)
    batches = [batch() for _ in range(3)]
    assert run(tape, batches) == run(loaded, batches)
    # What was loaded can be saved as it is now.
    loaded.save(path)
    again = wg.tape.load(path)
    assert run(loaded, batches) == run(again, batches)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer, tmp_path):
    tape, batch = trained(test_tape.mlp, OPTIMIZERS[optimizer])
    tape.save(tmp_path / "step")
    batches = [batch() for _ in range(3)]
    assert run(wg.load_tape(tmp_path / "step"), batches) == run(tape, batches)


def test_states_have_names(tmp_path):
    tape, _ = trained(test_tape.mlp)
    tape.save(tmp_path / "step")
    tensors = wg.load_safetensors(tmp_path / "step") if hasattr(wg, "load_safetensors") else None
    loaded = wg.load_tape(tmp_path / "step")
    names = loaded._program.state_names()
    assert {"0.weight", "3.bias", "0.weight.exp_avg", "3.bias.step"} <= set(names)
    assert tensors is None or set(names) <= set(tensors)


def test_learning_rates_can_be_changed(tmp_path):
    wg.manual_seed(0)
    model, batch = test_tape.mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    step = make_step(model, optimizer)
    arguments = batch()
    tape = wg.record(step, *arguments)
    tape.save(tmp_path / "step")
    loaded = wg.load_tape(tmp_path / "step")
    (at,) = (i for i, s in enumerate(loaded.steps) if "lr" in s.attributes)
    assert loaded.number(at, "lr") == 0.1
    loaded.set_number(at, "lr", 0.0)
    before = all_bits(loaded.states)
    loaded(*arguments)
    assert all_bits(loaded.states) == before
    optimizer.param_groups[0]["lr"] = 0.02
    loaded.set_number(at, "lr", 0.02)
    assert run(tape, [arguments]) == run(loaded, [arguments])
    with pytest.raises(ValueError, match="no number"):
        loaded.set_number(at, "rate", 0.0)


def test_arguments_and_results_keep_their_structure(tmp_path):
    weight = wg.randn(3, 3)

    def f(x, *, pairs, scale, name):
        return {"y": x @ weight * scale, name: [pairs[0] + pairs[1], None, 3]}

    call = {"pairs": (wg.ones(2), wg.ones(2)), "scale": 2.0, "name": "sum"}
    tape = wg.record(f, wg.randn(4, 3), **call)
    tape.save(tmp_path / "f")
    loaded = wg.load_tape(tmp_path / "f")
    x = wg.randn(4, 3)
    a, b = tape(x, **call), loaded(x, **call)
    assert a["y"].tolist() == b["y"].tolist() and a["sum"][1:] == b["sum"][1:] == [None, 3]
    with pytest.raises(RuntimeError, match="other arguments"):
        loaded(x, **{**call, "scale": 3.0})


def test_layouts_views_and_values_that_were_read(tmp_path):
    base = wg.randn(6, 8)
    states = (
        base.t(),
        base[1:4, ::2],
        wg.randn(2, 3, 4, 4).contiguous(memory_format=wg.channels_last),
        wg.randn(3, dtype=wg.complex128),
        wg.randn(4) > 0,
    )

    def f(x):
        y = sum(s.sum() for s in states)
        if base[0, 0].item() > -100:
            y = y + x.sum()
        base.mul_(0.5)
        return y.real

    x = wg.randn(5)
    tape = wg.record(f, x)
    tape.save(tmp_path / "f")
    loaded = wg.load_tape(tmp_path / "f")
    with pytest.raises(RuntimeError, match="read is another"):
        loaded(x)
    assert all_bits([t.contiguous() for t in loaded.states]) == all_bits(
        [t.contiguous() for t in tape.states]
    )
    assert [t.stride() for t in loaded.states] == [t.stride() for t in tape.states]


def test_gradients_that_are_added_to(tmp_path):
    w = wg.randn(4, requires_grad=True)
    w.grad = wg.ones(4)

    def f(x):
        (w * x).sum().backward()
        return w.grad.sum()

    x = wg.randn(4)
    tape = wg.record(f, x)
    tape.save(tmp_path / "f")
    loaded = wg.load_tape(tmp_path / "f")
    assert run(tape, [(x,), (x,)]) == run(loaded, [(x,), (x,)])


def test_a_generator_of_its_own(tmp_path):
    generator = wg.Generator().manual_seed(5)
    tape = wg.record(lambda x: x + wg.rand(3, generator=generator), wg.zeros(3))
    tape.save(tmp_path / "f")
    loaded = wg.load_tape(tmp_path / "f")
    x = wg.zeros(3)
    assert [bits(tape(x)) for _ in range(3)] == [bits(loaded(x)) for _ in range(3)]


# ---- every operation ---------------------------------------------------------------------------


def recorded_case(case: Case):
    """A call of a row with the gradients of its floating point arguments, as a tape; or None."""
    args, kwargs = case.call_arguments()
    tensors = op_rows.leaves((args, kwargs))
    wanted = case in op_rows.DIFFERENTIABLE
    inputs = [t.detach().clone().requires_grad_(wanted and op_rows.is_float(t)) for t in tensors]

    def f(*inputs):
        a, k = op_rows.replace_leaves((args, kwargs), list(inputs))
        outputs = op_rows.tensors_of(case.row.function(*a, **k))
        roots = [o.sum() for o in outputs if op_rows.is_float(o) and o.requires_grad]
        leaves = [t for t in inputs if t.requires_grad]
        grads = wg.autograd.grad(roots, leaves, allow_unused=True) if roots else ()
        return [o.detach() for o in outputs] + [g for g in grads if g is not None]

    try:
        return wg.record(f, *inputs), inputs
    except Exception:
        return None


def outcome(tape, inputs) -> list[bytes] | str:
    """The results, or why it refuses: a value that the row has read is another now."""
    wg.manual_seed(1)
    try:
        return all_bits(tape(*[x.detach().clone().requires_grad_(x.requires_grad) for x in inputs]))
    except RuntimeError as e:
        if "was read is another now" in str(e):
            return str(e)
        raise


def test_every_operation_of_the_rows(tmp_path):
    """All that is recorded is loaded and run with the same bits."""
    ran = 0
    for case in op_rows.CASES:
        if (found := recorded_case(case)) is None:
            continue
        tape, inputs = found
        tape.save(tmp_path / "f")
        loaded = wg.load_tape(tmp_path / "f")
        assert outcome(tape, inputs) == outcome(loaded, inputs), case.id
        ran += 1
    assert ran > 950


@pytest.mark.parametrize(
    ("function", "dtype"),
    [
        (lambda x: x.cumsum(0), wg.complex64),
        (lambda x: x.cumprod(1), wg.complex128),
        (lambda x: wg.cumulative_trapezoid(x), wg.complex64),
        (lambda x: F.avg_pool2d(x[None], 2), wg.int64),
        (lambda x: F.interpolate(x[None, None], scale_factor=2, mode="bilinear"), wg.uint8),
        (lambda x: F.unfold(x[None, None], 2), wg.bool),
    ],
)
def test_operations_of_rare_dtypes(tmp_path, function, dtype):
    x = (wg.rand(6, 8) * 9).to(dtype)
    tape = wg.record(function, x)
    tape.save(tmp_path / "f")
    assert bits(wg.load_tape(tmp_path / "f")(x)) == bits(function(x))


# ---- damaged and hostile files -----------------------------------------------------------------


def split(path) -> tuple[dict, bytes]:
    """The program in a file, and a function that puts another in its place."""
    data = path.read_bytes()
    (n,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + n])
    return header, data[8 + n :]


def write(path, header: dict, body: bytes) -> None:
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def places(node, found=None):
    """Every (container, key) of a tree of JSON."""
    found = [] if found is None else found
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in entries:
        found.append((node, key))
        if isinstance(child, dict | list):
            places(child, found)
    return found


NUMBERS = (-1, 0, 1, 2, 3, 7, 64, 1 << 20, 1 << 31, 1 << 40, 1 << 62, -(1 << 62), 1.5, 1e300)


def mutate(program, rng: random.Random) -> None:
    container, key = rng.choice(places(program))
    value = container[key]
    other_container, other = rng.choice(places(program))
    kind = rng.randrange(6)
    if kind == 0 and isinstance(container, dict):
        del container[key]
    elif kind == 1 and isinstance(container, list):
        container.insert(key, value)
    elif kind == 2:
        container[key] = json.loads(json.dumps(other_container[other]))
    elif kind == 3 and isinstance(container, list):
        container.pop(key)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        container[key] = rng.choice((*NUMBERS, value + 1, value - 1, value * 2))
    elif isinstance(value, bool):
        container[key] = not value
    else:
        container[key] = rng.choice((None, True, -1, "", "float64", "int64", [], {}, [1], value))


def try_to_run(path, arguments) -> str:
    """Loads and runs it; what came of it. Only errors of these kinds may come."""
    try:
        tape = wg.load_tape(path)
    except ValueError:
        return "refused"
    try:
        tape(*arguments)
        return "ran"
    except (RuntimeError, ValueError, IndexError, TypeError, MemoryError, NotImplementedError):
        return "error"


def rare_operations():
    """A function of (3, 4, 5) and its gradient: what few models use."""
    grid, table = wg.rand(1, 2, 3, 2) * 2.2 - 1.1, wg.randn(6, 4, requires_grad=True)
    indices, offsets = wg.tensor([1, 5, 0, 2, 2]), wg.tensor([0, 2, 2])
    labels, lengths = wg.tensor([[1, 2], [3, 3], [4, 1], [2, 0]]), wg.tensor([2, 2, 2, 1])
    steps = wg.tensor([3, 3, 2, 3])
    long_rows = wg.randn(6, 4) * 3
    ld, pivots = wg.linalg.ldl_factor(wg.tensor([[0.0, 1.0], [1.0, 0.0]]))

    def f(x):
        image, square = x.reshape(1, 3, 4, 5), x[:, :, :4] + 4 * wg.eye(4)
        parts = [
            wg.fft.irfft(wg.fft.rfft(x, dim=-1), n=5, dim=-1) * wg.fft.fft(x).real,
            F.grid_sample(image, grid, align_corners=False),
            F.grid_sample(
                image, grid, mode="bicubic", padding_mode="reflection", align_corners=True
            ),
            F.ctc_loss(x.log_softmax(-1), labels, steps, lengths),
            F.embedding(indices, long_rows, max_norm=1.0),
            F.embedding_bag(indices, table, offsets),
            F.embedding_bag(indices, table, offsets, mode="max"),
            F.fractional_max_pool2d(image, 2, output_size=2),
            wg.cdist(x, x.flip(1)),
            wg.linalg.solve(square, x),
            wg.linalg.lu(square)[1],
            wg.linalg.lstsq(square, x).solution,
            wg.linalg.ldl_solve(ld, pivots, x[0, :2].detach()),
            x.as_strided((3, 2), (4, 1), 5),
            wg.poisson(x.exp()),
            wg._standard_gamma(x.exp()),
            wg._sample_dirichlet(x.exp()),
            wg.multinomial(x[0].exp(), 2).float(),
            wg.randperm(5).float(),
            wg.histc(x.detach(), 4),
            wg.searchsorted(x.detach().sort().values, x.detach()).float(),
        ]
        loss = sum((p * p).sum() for p in parts)
        grads = wg.autograd.grad(loss, (x, table))
        return [p.detach() for p in parts] + list(grads)

    return f, (wg.randn(3, 4, 5, requires_grad=True),)


def test_rare_operations_keep_their_bits(tmp_path):
    wg.manual_seed(1)
    f, arguments = rare_operations()
    tape = wg.record(f, *arguments)
    tape.save(tmp_path / "f")
    found = {}
    for name, run_it in (("f", f), ("tape", tape), ("file", wg.load_tape(tmp_path / "f"))):
        wg.manual_seed(2)
        found[name] = all_bits(run_it(*arguments)) + all_bits(run_it(*arguments))
    assert found["f"] == found["tape"] == found["file"]


def test_elements_are_looked_at_when_a_program_runs(tmp_path):
    """Labels, lengths, positions and pivots of a hostile file."""
    wg.manual_seed(1)
    f, arguments = rare_operations()
    wg.record(f, *arguments).save(tmp_path / "f")
    tape = wg.load_tape(tmp_path / "f")
    refused = 0
    for state in tape.states:
        if state.is_floating_point():
            continue
        kept = state.clone()
        for value in (-1, 3, 7, 1 << 20, -(1 << 31)):
            for place in range(state.numel()):
                state.view(-1)[place] = value
                try:
                    tape(*arguments)
                except (IndexError, RuntimeError):
                    refused += 1
                state.copy_(kept)
    assert refused > 50
    tape(*arguments)


class Loop(nn.Module):
    """Cells in a loop, and products of one input at each of its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.dropout = nn.LSTMCell(3, 5), nn.Dropout(0.2)
        self.readout, self.gate = nn.Linear(5, 4), nn.Linear(5, 4)

    def forward(self, xs):
        state, made = None, []
        for x in xs:
            state = self.cell(self.dropout(x), state)
            made.append(self.readout(state[0]) * self.gate(state[0]).sigmoid())
        return wg.cat(made)


def small_step(kind: str):
    wg.manual_seed(0)
    if kind == "rare":
        f, arguments = rare_operations()
        return wg.record(f, *arguments), arguments
    if kind == "net":
        model = nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Dropout(0.1), nn.Linear(18, 3),
        )  # fmt: skip
        arguments = wg.randn(2, 1, 8, 8), wg.randint(0, 3, (2,))
    elif kind in ("hoisted", "merged"):
        model = Loop()
        arguments = wg.randn(4, 1, 3), wg.randint(0, 4, (4,))
    elif kind == "sequence":
        model = test_tape.Recurrent(nn.LSTM)
        arguments = wg.randint(0, 11, (2, 3)), wg.randint(0, 4, (2,))
        model(arguments[0])
    else:
        model = test_tape.Transformer()
        arguments = wg.randint(0, 13, (1, 4)), wg.randint(0, 13, (4,))
    step = make_step(model, optim.Adam(model.parameters(), lr=1e-2))
    step(*arguments)
    if kind == "merged":
        with wg.no_grad():
            return wg.tape.merge_products(wg.record(model, arguments[0])), arguments[:1]
    tape = wg.record(step, *arguments)
    return wg.tape.hoist_products(tape) if kind == "hoisted" else tape, arguments


@pytest.mark.parametrize("kind", ["hoisted", "merged"])
def test_joined_products_keep_their_bits(kind, tmp_path):
    tape, arguments = small_step(kind)
    tape.save(tmp_path / "f")
    loaded = wg.load_tape(tmp_path / "f")
    names = [s.name for s in loaded.steps]
    assert names.count("recurrent_layer") == (2 if kind == "hoisted" else 4)
    assert names.count("linear") == (2 if kind == "hoisted" else 4)
    found = []
    with wg.set_grad_enabled(kind == "hoisted"):
        for program in (tape, loaded):
            wg.manual_seed(4)
            found.append([bits(program(*arguments)) for _ in range(3)] + all_bits(program.states))
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["net", "sequence", "hoisted", "merged", "attention", "rare"])
def test_changed_programs_are_refused_or_run(kind, tmp_path):
    tape, arguments = small_step(kind)
    path = tmp_path / "step"
    tape.save(path)
    header, body = split(path)
    text = header["__metadata__"]["wengert.tape"]
    rng = random.Random(5)
    seen = {"refused": 0, "error": 0, "ran": 0}
    for _ in range(300):
        program = json.loads(text)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            mutate(program, rng)
        header["__metadata__"]["wengert.tape"] = json.dumps(program)
        write(path, header, body)
        with wg.set_grad_enabled(kind != "merged"):
            seen[try_to_run(path, arguments)] += 1
    assert seen["refused"] > 100 and seen["ran"] > 10


@pytest.mark.parametrize("kind", ["net", "hoisted"])
def test_changed_bytes_are_refused_or_run(kind, tmp_path):
    tape, arguments = small_step(kind)
    path = tmp_path / "step"
    tape.save(path)
    whole = path.read_bytes()
    rng = random.Random(6)
    for i in range(300):
        data = bytearray(whole)
        if i % 10 == 0:
            data = data[: rng.randrange(len(data))]
        for _ in range(rng.choice((1, 3)) if data else 0):
            data[rng.randrange(min(len(data), 20000))] = rng.randrange(256)
        path.write_bytes(bytes(data))
        try_to_run(path, arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.update(version=2), "version 2"),
        (lambda p: p["steps"][0].update(op="system"), "no operation 'system'"),
        (lambda p: p["steps"][0]["inputs"].append(99999), "99999"),
        (lambda p: p.pop("values"), "'values' is missing"),
        (lambda p: p["states"][0].update(name="other"), "no tensor 'other'"),
        (lambda p: p["steps"].reverse(), "before it is made"),
    ],
)
def test_errors_name_what_is_wrong(change, message, tmp_path):
    tape, _ = small_step("net")
    path = tmp_path / "step"
    tape.save(path)
    header, body = split(path)
    program = json.loads(header["__metadata__"]["wengert.tape"])
    change(program)
    header["__metadata__"]["wengert.tape"] = json.dumps(program)
    write(path, header, body)
    with pytest.raises(ValueError, match=message):
        wg.load_tape(path)


def test_files_of_tensors_are_no_programs(tmp_path):
    wg.save({"a": wg.ones(3)}, tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="without a program"):
        wg.load_tape(tmp_path / "a.safetensors")
