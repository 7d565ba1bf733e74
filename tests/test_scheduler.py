"""Learning-rate schedules against PyTorch's and against their formulas."""

import math

import pytest

import wengert as wg
from wengert.optim import lr_scheduler as wg_schedules

SCHEDULES = {
    "step": lambda s, o: s.StepLR(o, 3, 0.5),
    "multistep": lambda s, o: s.MultiStepLR(o, [2, 5, 5, 9], 0.3),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 5, 0.01),
    "lambda": lambda s, o: s.LambdaLR(o, lambda e: 1 / (1 + e)),
    "linear": lambda s, o: s.LinearLR(o, 0.25, 0.75, 6),
    "constant": lambda s, o: s.ConstantLR(o, 0.5, 4),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, 2, 0.01),
    "restarts1": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3),
    "onecycle": lambda s, o: s.OneCycleLR(o, 0.7, total_steps=13),
    "onecycle3": lambda s, o: s.OneCycleLR(
        o, [0.7, 0.2], epochs=3, steps_per_epoch=5, three_phase=True, anneal_strategy="linear"
    ),
    "sequential": lambda s, o: s.SequentialLR(
        o,
        [s.LinearLR(o, 0.1, total_iters=3), s.ExponentialLR(o, 0.8), s.StepLR(o, 2)],
        [3, 7],
    ),
}


def optimizer_of(lib, kind="SGD", tensor_lr=False):
    groups = [
        {"params": [lib.nn.Parameter(lib.zeros(2))]},
        {"params": [lib.nn.Parameter(lib.zeros(2))], "lr": 0.02},
    ]
    lr = lib.tensor(0.1) if tensor_lr else 0.1
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(lib.optim, kind)(groups, lr=lr, **options)


def run(lib, name, steps, **options):
    optimizer = optimizer_of(lib, **options)
    scheduler = SCHEDULES[name](lib.optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(steps):
        momentum = [g.get("momentum", g.get("betas")) for g in optimizer.param_groups]
        rates.append(([float(g["lr"]) for g in optimizer.param_groups], momentum))
        assert [float(r) for r in scheduler.get_last_lr()] == rates[-1][0]
        optimizer.step()
        scheduler.step()
    return rates, scheduler


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_same_rates_as_torch(name, kind):
    torch = pytest.importorskip("torch")
    ours, scheduler = run(wg, name, 12, kind=kind)
    theirs, reference = run(torch, name, 12, kind=kind)
    for a, b in zip(ours, theirs, strict=True):
        assert a[0] == pytest.approx(b[0], rel=1e-12)
        for x, y in zip(a[1], b[1], strict=True):
            assert x == pytest.approx(y, rel=1e-12)
    expected = reference.state_dict()
    for key, value in scheduler.state_dict().items():
        assert key in expected
        if key in ("last_epoch", "_step_count", "base_lrs", "_milestones", "milestones"):
            assert value == expected[key]


@pytest.mark.torch
@pytest.mark.parametrize(
    ("mode", "threshold_mode"), [("min", "rel"), ("max", "rel"), ("min", "abs")]
)
def test_plateau_as_torch(mode, threshold_mode):
    torch = pytest.importorskip("torch")
    metrics = [5, 4, 4.1, 4, 4.2, 4.3, 4.1, 3, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5]
    seen = []
    for lib in (wg, torch):
        optimizer = optimizer_of(lib)
        scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            mode,
            patience=2,
            cooldown=1,
            threshold=0.05,
            threshold_mode=threshold_mode,
            min_lr=[0.003, 0.0],
        )
        rates = []
        for metric in metrics:
            scheduler.step(metric)
            rates.append(scheduler.get_last_lr())
        state = {k: v for k, v in scheduler.state_dict().items() if k != "is_better"}
        seen.append((rates, state))
    assert seen[0] == seen[1]


def test_formulas():
    rates, _ = run(wg, "cosine", 11)
    for t, ((rate, _), _) in enumerate(rates):
        assert rate == pytest.approx(0.01 + 0.09 * (1 + math.cos(math.pi * t / 5)) / 2)
    rates, _ = run(wg, "step", 10)
    assert [r[0][0] for r in rates] == pytest.approx([0.1 * 0.5 ** (t // 3) for t in range(10)])


def test_a_tensor_rate_stays_the_same_tensor():
    optimizer = optimizer_of(wg, tensor_lr=True)
    lr = optimizer.param_groups[0]["lr"]
    scheduler = wg_schedules.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is lr
    assert lr.item() == pytest.approx(0.05)
    assert scheduler.base_lrs[0].item() == pytest.approx(0.1)


@pytest.mark.parametrize("name", SCHEDULES)
def test_state_takes_up_where_it_ended(name):
    steps = 11
    through, _ = run(wg, name, steps)
    optimizer = optimizer_of(wg)
    scheduler = SCHEDULES[name](wg_schedules, optimizer)
    for _ in range(4):
        optimizer.step()
        scheduler.step()
    other = optimizer_of(wg)
    resumed = SCHEDULES[name](wg_schedules, other)
    other.load_state_dict(optimizer.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    for t in range(4, steps):
        assert [g["lr"] for g in other.param_groups] == pytest.approx(through[t][0])
        other.step()
        resumed.step()


def test_errors():
    optimizer = optimizer_of(wg)
    with pytest.raises(TypeError, match="not an Optimizer"):
        wg_schedules.StepLR(object(), 3)
    with pytest.raises(KeyError, match="initial_lr"):
        wg_schedules.StepLR(optimizer, 3, last_epoch=2)
    with pytest.raises(ValueError, match="total_steps"):
        wg_schedules.OneCycleLR(optimizer, 0.1)
    with pytest.raises(ValueError, match="expected 2 values"):
        wg_schedules.OneCycleLR(optimizer, [0.1], total_steps=4)
    short = wg_schedules.OneCycleLR(optimizer, 0.1, total_steps=2)
    optimizer.step()
    short.step()
    short.step()
    with pytest.raises(ValueError, match="Tried to step 3 times"):
        short.step()
    with pytest.raises(ValueError, match="Factor"):
        wg_schedules.ReduceLROnPlateau(optimizer, factor=1.0)
    with pytest.raises(ValueError, match="one more"):
        wg_schedules.SequentialLR(optimizer, [wg_schedules.StepLR(optimizer, 2)], [3])


def test_milestones_survive_a_file(tmp_path):
    def scheduler():
        optimizer = wg.optim.SGD([wg.nn.Parameter(wg.ones(1))], lr=1.0)
        return wg.optim.lr_scheduler.MultiStepLR(optimizer, [2, 2, 4])

    first = scheduler()
    first.optimizer.step()
    first.step()
    wg.save(first.state_dict(), tmp_path / "scheduler")
    second = scheduler()
    second.load_state_dict(wg.load(tmp_path / "scheduler"))
    second.optimizer.step()
    second.step()
    assert second.last_epoch == 2
    assert second.get_last_lr()[0] == pytest.approx(0.01)
