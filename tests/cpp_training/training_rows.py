"""Optimizers, schedulers and orders of samples as expressions of both languages.

Expressions of Python see ``wg``, ``optim``, ``sched`` (optim.lr_scheduler) and ``data``
(utils.data); those of C++ the namespaces ``wengert`` and ``sched``. Both see the parameters as
``p0``, ``p1``, ``p2`` and ``ps``, and the optimizer as ``optimizer``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OptimizerRow:
    """An optimizer.

    Attributes:
        gradients: "dense" or "sparse", given; or "closure", computed from a loss.
        steps: how many are made, the first `before` of them before it is saved.
    """

    name: str
    python: str
    cpp: str
    gradients: str = "dense"
    steps: int = 6
    before: int = 3


@dataclass(frozen=True)
class SchedulerRow:
    """A scheduler and its optimizer; with ``metric``, ``step`` takes one."""

    name: str
    python: str
    cpp: str
    optimizer: tuple[str, str] = (
        "optim.SGD(ps, lr=0.3, momentum=0.9)",
        "optim::SGD(ps, {.lr = 0.3, .momentum = 0.9})",
    )
    metric: bool = False
    steps: int = 40
    before: int = 17


@dataclass(frozen=True)
class OrderRow:
    """A loader over the numbers 0 to 19 and 100 to 119, gone through twice."""

    name: str
    python: str
    cpp: str


_GROUPS = (
    "optim.AdamW([{'params': [p0], 'lr': 0.02}, {'params': [p1, p2], 'betas': (0.8, 0.99),"
    " 'amsgrad': True}], lr=0.05, weight_decay=0.1)"
)

OPTIMIZERS = [
    OptimizerRow("SGD", "optim.SGD(ps, lr=0.1)", "optim::SGD(ps, {.lr = 0.1})"),
    OptimizerRow(
        "SGD.momentum",
        "optim.SGD(ps, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01, maximize=True)",
        "optim::SGD(ps, {.lr = 0.1, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.01,"
        " .maximize = true})",
    ),
    OptimizerRow(
        "SGD.nesterov",
        "optim.SGD(ps, lr=0.1, momentum=0.9, nesterov=True)",
        "optim::SGD(ps, {.lr = 0.1, .momentum = 0.9, .nesterov = true})",
    ),
    OptimizerRow(
        "SGD.sparse", "optim.SGD(ps, lr=0.1, maximize=True)",
        "optim::SGD(ps, {.lr = 0.1, .maximize = true})", "sparse",
    ),
    OptimizerRow(
        "SGD.sparse_momentum", "optim.SGD(ps, lr=0.1, momentum=0.9, dampening=0.2)",
        "optim::SGD(ps, {.lr = 0.1, .momentum = 0.9, .dampening = 0.2})", "sparse",
    ),
    OptimizerRow(
        "SGD.sparse_nesterov", "optim.SGD(ps, lr=0.1, momentum=0.9, nesterov=True)",
        "optim::SGD(ps, {.lr = 0.1, .momentum = 0.9, .nesterov = true})", "sparse",
    ),
    OptimizerRow("Adam", "optim.Adam(ps, lr=0.01)", "optim::Adam(ps, {.lr = 0.01})"),
    OptimizerRow(
        "Adam.amsgrad",
        "optim.Adam(ps, lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1, amsgrad=True)",
        "optim::Adam(ps, {.lr = 0.01, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-6,"
        " .weight_decay = 0.1, .amsgrad = true})",
    ),
    OptimizerRow("AdamW", "optim.AdamW(ps)", "optim::AdamW(ps)"),
    OptimizerRow(
        "AdamW.groups",
        _GROUPS,
        "optim::AdamW({{{p0}, {.lr = 0.02, .weight_decay = 0.1}},"
        " {{p1, p2}, {.lr = 0.05, .beta1 = 0.8, .beta2 = 0.99, .weight_decay = 0.1,"
        " .amsgrad = true}}})",
    ),
    OptimizerRow(
        "RMSprop",
        "optim.RMSprop(ps, momentum=0.5, centered=True, weight_decay=0.01)",
        "optim::RMSprop(ps, {.weight_decay = 0.01, .momentum = 0.5, .centered = true})",
    ),
    OptimizerRow(
        "Adagrad",
        "optim.Adagrad(ps, lr_decay=0.1, weight_decay=0.01, initial_accumulator_value=0.2)",
        "optim::Adagrad(ps, {.lr_decay = 0.1, .weight_decay = 0.01,"
        " .initial_accumulator_value = 0.2})",
    ),
    OptimizerRow(
        "Adagrad.sparse", "optim.Adagrad(ps, lr=0.1, lr_decay=0.1)",
        "optim::Adagrad(ps, {.lr = 0.1, .lr_decay = 0.1})", "sparse",
    ),
    OptimizerRow("Adadelta", "optim.Adadelta(ps, rho=0.8)", "optim::Adadelta(ps, {.rho = 0.8})"),
    OptimizerRow(
        "Adamax", "optim.Adamax(ps, weight_decay=0.1)", "optim::Adamax(ps, {.weight_decay = 0.1})"
    ),
    OptimizerRow(
        "NAdam",
        "optim.NAdam(ps, weight_decay=0.1, decoupled_weight_decay=True)",
        "optim::NAdam(ps, {.weight_decay = 0.1, .decoupled_weight_decay = true})",
    ),
    OptimizerRow(
        "RAdam", "optim.RAdam(ps, lr=0.02)", "optim::RAdam(ps, {.lr = 0.02})", steps=12, before=5
    ),
    OptimizerRow(
        "Rprop",
        "optim.Rprop(ps, lr=0.02, etas=(0.4, 1.3), step_sizes=(1e-4, 0.5))",
        "optim::Rprop(ps, {.lr = 0.02, .eta_minus = 0.4, .eta_plus = 1.3, .min_step = 1e-4,"
        " .max_step = 0.5})",
    ),
    OptimizerRow("ASGD", "optim.ASGD(ps, t0=2)", "optim::ASGD(ps, {.t0 = 2})"),
    OptimizerRow(
        "SparseAdam", "optim.SparseAdam(ps, lr=0.1)", "optim::SparseAdam(ps, {.lr = 0.1})", "sparse"
    ),
    OptimizerRow("Adafactor", "optim.Adafactor(ps)", "optim::Adafactor(ps)"),
    OptimizerRow(
        "Adafactor.options",
        "optim.Adafactor(ps, lr=0.1, beta2_decay=-0.5, eps=(1e-6, 1e-2), d=1.5, weight_decay=0.1,"
        " maximize=True)",
        "optim::Adafactor(ps, {.lr = 0.1, .beta2_decay = -0.5, .eps1 = 1e-6, .eps2 = 1e-2,"
        " .d = 1.5, .weight_decay = 0.1, .maximize = true})",
    ),
    OptimizerRow("Muon", "optim.Muon([p0, p2])", "optim::Muon(std::vector<Tensor>{p0, p2})"),
    OptimizerRow(
        "Muon.options",
        "optim.Muon([p0, p2], lr=0.1, momentum=0.8, nesterov=False, ns_steps=3,"
        " adjust_lr_fn='match_rms_adamw')",
        "optim::Muon(std::vector<Tensor>{p0, p2}, {.lr = 0.1, .momentum = 0.8, .nesterov = false,"
        ' .ns_steps = 3, .adjust_lr_fn = "match_rms_adamw"})',
    ),
    OptimizerRow(
        "LBFGS", "optim.LBFGS(ps, lr=0.1, max_iter=5)",
        "optim::LBFGS(ps, {.lr = 0.1, .max_iter = 5})", "closure",
    ),
    OptimizerRow(
        "LBFGS.strong_wolfe",
        "optim.LBFGS(ps, max_iter=6, history_size=4, line_search_fn='strong_wolfe')",
        "optim::LBFGS(ps, {.max_iter = 6, .history_size = 4,"
        ' .line_search_fn = "strong_wolfe"})',
        "closure",
    ),
    OptimizerRow(
        "Adam.closure", "optim.Adam(ps, lr=0.05)", "optim::Adam(ps, {.lr = 0.05})", "closure"
    ),
]  # fmt: skip


def _same(name: str, arguments: str = "", **options: object) -> SchedulerRow:
    """A scheduler whose arguments, by position, look the same in both languages."""
    cls = name.partition(".")[0]
    more = f", {arguments}" if arguments else ""
    return SchedulerRow(
        name,
        f"sched.{cls}(optimizer{more})",
        f"sched::{cls}(optimizer{more})",
        **options,  # type: ignore[arg-type]
    )


_TWO = (
    "optim.Adam([{'params': [p0], 'lr': 0.1}, {'params': [p1], 'lr': 0.01}])",
    "optim::Adam({{{p0}, {.lr = 0.1}}, {{p1}, {.lr = 0.01}}})",
)

SCHEDULERS = [
    SchedulerRow(
        "LambdaLR", "sched.LambdaLR(optimizer, lambda t: 0.9**t)",
        "sched::LambdaLR(optimizer, [](int64_t t) { return std::pow(0.9, t); })",
    ),
    SchedulerRow(
        "LambdaLR.groups", "sched.LambdaLR(optimizer, [lambda t: 1 / (t + 1), lambda t: 0.5**t])",
        "sched::LambdaLR(optimizer, std::vector<sched::Function>{"
        "[](int64_t t) { return 1.0 / static_cast<double>(t + 1); },"
        "[](int64_t t) { return std::pow(0.5, t); }})", _TWO,
    ),
    SchedulerRow(
        "MultiplicativeLR", "sched.MultiplicativeLR(optimizer, lambda t: 0.95)",
        "sched::MultiplicativeLR(optimizer, [](int64_t) { return 0.95; })",
    ),
    _same("StepLR", "7, 0.3"),
    _same("StepLR.groups", "3", optimizer=_TWO),
    SchedulerRow(
        "MultiStepLR", "sched.MultiStepLR(optimizer, [3, 8, 8, 20], 0.3)",
        "sched::MultiStepLR(optimizer, {3, 8, 8, 20}, 0.3)",
    ),
    _same("ExponentialLR", "0.93"),
    _same("ConstantLR"),
    _same("ConstantLR.options", "0.2, 19"),
    _same("LinearLR"),
    _same("LinearLR.options", "0.1, 0.7, 23"),
    _same("PolynomialLR", "25, 1.7"),
    _same("CosineAnnealingLR", "9, 0.001"),
    _same("CosineAnnealingWarmRestarts", "5"),
    _same("CosineAnnealingWarmRestarts.growing", "3, 2, 0.01", optimizer=_TWO),
    SchedulerRow(
        "CyclicLR", "sched.CyclicLR(optimizer, 0.01, 0.2, 5)",
        "sched::CyclicLR(optimizer, 0.01, 0.2, {.step_size_up = 5})",
    ),
    SchedulerRow(
        "CyclicLR.triangular2",
        "sched.CyclicLR(optimizer, [0.01, 0.02], 0.2, 4, 7, 'triangular2', base_momentum=0.6)",
        "sched::CyclicLR(optimizer, std::vector<double>{0.01, 0.02}, 0.2, {.step_size_up = 4,"
        ' .step_size_down = 7, .mode = "triangular2", .base_momentum = 0.6})', _TWO,
    ),
    SchedulerRow(
        "CyclicLR.exp_range",
        "sched.CyclicLR(optimizer, 0.01, 0.2, 6, mode='exp_range', gamma=0.98,"
        " cycle_momentum=False)",
        "sched::CyclicLR(optimizer, 0.01, 0.2, {.step_size_up = 6, .mode = \"exp_range\","
        " .gamma = 0.98, .cycle_momentum = false})",
    ),
    SchedulerRow(
        "OneCycleLR", "sched.OneCycleLR(optimizer, 0.4, 41)",
        "sched::OneCycleLR(optimizer, 0.4, {.total_steps = 41})",
    ),
    SchedulerRow(
        "OneCycleLR.three_phase",
        "sched.OneCycleLR(optimizer, [0.4, 0.1], epochs=5, steps_per_epoch=9, pct_start=0.25,"
        " anneal_strategy='linear', three_phase=True, div_factor=10.0)",
        "sched::OneCycleLR(optimizer, std::vector<double>{0.4, 0.1}, {.epochs = 5,"
        ' .steps_per_epoch = 9, .pct_start = 0.25, .anneal_strategy = "linear", .div_factor = 10,'
        " .three_phase = true})", _TWO,
    ),
    SchedulerRow(
        "ReduceLROnPlateau",
        "sched.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, cooldown=1, min_lr=0.001)",
        "sched::ReduceLROnPlateau(optimizer, {.factor = 0.5, .patience = 2, .cooldown = 1,"
        " .min_lr = 0.001})", metric=True,
    ),
    SchedulerRow(
        "ReduceLROnPlateau.max",
        "sched.ReduceLROnPlateau(optimizer, 'max', 0.7, 1, 0.01, 'abs', min_lr=[0.01, 0.002])",
        'sched::ReduceLROnPlateau(optimizer, {.mode = "max", .factor = 0.7, .patience = 1,'
        ' .threshold = 0.01, .threshold_mode = "abs", .min_lr = std::vector<double>{0.01, 0.002}})',
        _TWO, metric=True,
    ),
    SchedulerRow(
        "SequentialLR",
        "sched.SequentialLR(optimizer, [sched.LinearLR(optimizer, 0.1), sched.CosineAnnealingLR("
        "optimizer, 12), sched.ExponentialLR(optimizer, 0.9)], [6, 22])",
        "sched::SequentialLR(optimizer, {std::make_shared<sched::LinearLR>(optimizer, 0.1),"
        " std::make_shared<sched::CosineAnnealingLR>(optimizer, 12),"
        " std::make_shared<sched::ExponentialLR>(optimizer, 0.9)}, {6, 22})",
    ),
    SchedulerRow(
        "ChainedScheduler",
        "sched.ChainedScheduler([sched.ConstantLR(optimizer, 0.1, 6),"
        " sched.ExponentialLR(optimizer, 0.9)])",
        "sched::ChainedScheduler({std::make_shared<sched::ConstantLR>(optimizer, 0.1, 6),"
        " std::make_shared<sched::ExponentialLR>(optimizer, 0.9)})", _TWO,
    ),
    SchedulerRow(
        "SequentialLR.chained",
        "sched.SequentialLR(optimizer, [sched.ChainedScheduler([sched.StepLR(optimizer, 2),"
        " sched.ConstantLR(optimizer, 0.5, 3)]), sched.PolynomialLR(optimizer, 9)], [8])",
        "sched::SequentialLR(optimizer, {std::make_shared<sched::ChainedScheduler>("
        "sched::Schedulers{std::make_shared<sched::StepLR>(optimizer, 2),"
        " std::make_shared<sched::ConstantLR>(optimizer, 0.5, 3)}),"
        " std::make_shared<sched::PolynomialLR>(optimizer, 9)}, {8})",
    ),
    SchedulerRow(
        "SWALR", "optim.swa_utils.SWALR(optimizer, 0.05, anneal_epochs=7)",
        "optim::swa_utils::SWALR(optimizer, 0.05, {.anneal_epochs = 7})",
    ),
    SchedulerRow(
        "SWALR.linear",
        "optim.swa_utils.SWALR(optimizer, [0.05, 0.02], 5, 'linear')",
        "optim::swa_utils::SWALR(optimizer, std::vector<double>{0.05, 0.02},"
        ' {.anneal_epochs = 5, .anneal_strategy = "linear"})', _TWO,
    ),
]  # fmt: skip

_X = "data.TensorDataset(x, y)"
_CX = "std::make_shared<data::TensorDataset>(std::vector<Tensor>{x, y})"

ORDERS = [
    OrderRow(
        "sequential", f"data.DataLoader({_X}, 6)", "data::DataLoader({x, y}, {.batch_size = 6})"
    ),
    OrderRow(
        "shuffled", f"data.DataLoader({_X}, 6, shuffle=True, drop_last=True)",
        "data::DataLoader({x, y}, {.batch_size = 6, .shuffle = true, .drop_last = true})",
    ),
    OrderRow(
        "generator", f"data.DataLoader({_X}, 7, shuffle=True, generator=generator)",
        "data::DataLoader({x, y}, {.batch_size = 7, .shuffle = true, .generator = generator})",
    ),
    OrderRow(
        "replacement",
        f"data.DataLoader({_X}, 4, sampler=data.RandomSampler(range(20), True, 33))",
        "data::DataLoader({x, y}, {.batch_size = 4, .sampler ="
        " std::make_shared<data::RandomSampler>(20, true, 33)})",
    ),
    OrderRow(
        "more_than_once",
        f"data.DataLoader({_X}, 4, sampler=data.RandomSampler(range(20), num_samples=47))",
        "data::DataLoader({x, y}, {.batch_size = 4, .sampler ="
        " std::make_shared<data::RandomSampler>(20, false, 47)})",
    ),
    OrderRow(
        "weighted",
        f"data.DataLoader({_X}, 5, sampler=data.WeightedRandomSampler([1, 2, 3, 0, 5], 31))",
        "data::DataLoader({x, y}, {.batch_size = 5, .sampler ="
        " std::make_shared<data::WeightedRandomSampler>(std::vector<double>{1, 2, 3, 0, 5}, 31)})",
    ),
    OrderRow(
        "subset_sampler",
        f"data.DataLoader({_X}, 2, sampler=data.SubsetRandomSampler([3, 1, 4, 15, 9]))",
        "data::DataLoader({x, y}, {.batch_size = 2, .sampler ="
        " std::make_shared<data::SubsetRandomSampler>(data::Indices{3, 1, 4, 15, 9})})",
    ),
    OrderRow(
        "split", f"data.DataLoader(data.random_split({_X}, [0.35, 0.65])[1], 4, shuffle=True)",
        f"data::DataLoader(data::random_split({_CX}, {{0.35, 0.65}})[1],"
        " {.batch_size = 4, .shuffle = true})",
    ),
    OrderRow(
        "sizes", f"data.DataLoader(data.random_split({_X}, [13, 7])[0], 4)",
        f"data::DataLoader(data::random_split({_CX}, {{13, 7}})[0], {{.batch_size = 4}})",
    ),
    OrderRow(
        "concatenated",
        f"data.DataLoader(data.ConcatDataset([{_X}, data.Subset({_X}, [5, 2, 2])]), 9,"
        " shuffle=True)",
        f"data::DataLoader(std::make_shared<data::ConcatDataset>(std::vector<data::DatasetPtr>{{"
        f"{_CX}, std::make_shared<data::Subset>({_CX}, data::Indices{{5, 2, 2}})}}),"
        " {.batch_size = 9, .shuffle = true})",
    ),
    OrderRow(
        "batch_sampler",
        f"data.DataLoader({_X}, batch_sampler=data.BatchSampler(data.RandomSampler(range(20)), 3,"
        " True))",
        "data::DataLoader({x, y}, {.batch_sampler = std::make_shared<data::BatchSampler>("
        "std::make_shared<data::RandomSampler>(20), 3, true)})",
    ),
    *(
        OrderRow(
            f"stream_{workers}_{size}",
            f"data.DataLoader(Shares(), {size}, num_workers={workers}, drop_last={drop})",
            f"data::DataLoader(std::make_shared<training::Shares>(), {{.batch_size = {size},"
            f" .drop_last = {str(drop).lower()}, .num_workers = {workers}}})",
        )
        for workers, size, drop in ((1, 3, False), (2, 4, False), (3, 2, True))
    ),
    OrderRow(
        "stream_persistent",
        "data.DataLoader(Shares(), 3, num_workers=2, persistent_workers=True, timeout=60)",
        "data::DataLoader(std::make_shared<training::Shares>(), {.batch_size = 3,"
        " .num_workers = 2, .timeout = 60, .persistent_workers = true})",
    ),
    *(
        OrderRow(
            f"persistent_{kind}",
            f"data.DataLoader({python}, 6, shuffle=True, num_workers=2, persistent_workers=True)",
            f"data::DataLoader({cpp}, {{.batch_size = 6, .shuffle = true, .num_workers = 2,"
            " .persistent_workers = true})",
        )
        for kind, python, cpp in (
            ("tensors", _X, _CX),
            (
                "parts", f"data.ConcatDataset([{_X}])",
                "std::make_shared<data::ConcatDataset>("
                f"std::vector<data::DatasetPtr>{{{_CX}}})",
            ),
        )
    ),
    OrderRow(
        "out_of_order", f"data.DataLoader(data.ConcatDataset([{_X}]), 6, shuffle=True,"
        " num_workers=1, in_order=False)",
        f"data::DataLoader(std::make_shared<data::ConcatDataset>(std::vector<data::DatasetPtr>{{"
        f"{_CX}}}), {{.batch_size = 6, .shuffle = true, .num_workers = 1, .in_order = false}})",
    ),
]  # fmt: skip
