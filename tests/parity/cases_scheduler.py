"""Schedulers over 30 steps, averages of parameters, and clipping of gradients."""

from harness import Case

SCHEDULE = """
def schedule(make, kind="SGD", steps=30, lr=0.1, **options):
    s = optim.lr_scheduler
    groups = [dict(params=[C(2)]), dict(params=[C(3)], lr=0.02), dict(params=[C(1)], lr=0.7)]
    if kind == "SGD":
        options = dict(momentum=0.9, **options)
    opt = getattr(optim, kind)(groups, lr=lr, **options)
    scheduler = make(s, opt)
    path = []
    def note():
        now = [[float(g["lr"]), g.get("momentum", g.get("betas"))] for g in opt.param_groups]
        path.append((now, scheduler.get_last_lr()))
    note()
    for k in range(steps):
        opt.step()
        scheduler.step()
        note()
    return path, scheduler.state_dict(), getattr(scheduler, "base_lrs", None), opt.state_dict()
"""


def scheduled(name: str, call: str, options: str = "") -> Case:
    """A case that makes 30 steps of a scheduler of the optimizer o, from the module s."""
    code = f"# {call} {options}{SCHEDULE}\nschedule(lambda s, o: {call}, {options})"
    return Case(f"torch.optim.lr_scheduler.{name}", code, only="float64")


def simple(name: str, *arguments: str) -> list[Case]:
    """Cases of a scheduler with these arguments behind the optimizer."""
    return [scheduled(name, f"s.{name}(o, {a})") for a in arguments]


def refused(name: str, call: str) -> Case:
    """A case whose arguments are wrong."""
    code = f"s = optim.lr_scheduler\no = optim.SGD([C(2)], lr=0.1)\n{call}"
    return Case(f"torch.optim.lr_scheduler.{name}", code, raises=True, only="float64")


TENSOR = "lr=torch.tensor(0.1, dtype=torch.float64)"
CASES = [
    *simple("LambdaLR", "lambda e: 0.9**e", "[lambda e: 1 / (1 + e), lambda e: 0.5, lambda e: e]"),
    *simple("MultiplicativeLR", "lambda e: 0.95", "[lambda e: 0.9, lambda e: 1, lambda e: 1.01]"),
    *simple("StepLR", "3", "step_size=7, gamma=0.5"),
    *simple("MultiStepLR", "[2, 5, 5, 9]", "milestones=(20, 3), gamma=0.7"),
    *simple("ConstantLR", "", "factor=0.5, total_iters=12", "0.25, 0", "1.0"),
    *simple("LinearLR", "", "0.25, 0.75, 6", "start_factor=1.0, end_factor=0.0, total_iters=20"),
    *simple("ExponentialLR", "0.9", "gamma=1.1"),
    *simple("PolynomialLR", "", "total_iters=20, power=2.5", "1, 0.5"),
    *simple("CosineAnnealingLR", "5, 0.01", "T_max=40", "T_max=30, eta_min=0.001", "1"),
    *simple("CosineAnnealingWarmRestarts", "7", "2, 2, 0.01", "T_0=1", "3, T_mult=3, eta_min=0"),
    *simple(
        "OneCycleLR",
        "0.7, total_steps=40",
        "[0.7, 0.2, 0.1], epochs=5, steps_per_epoch=8, three_phase=True",
        "0.7, 31, pct_start=0.5, anneal_strategy='linear', cycle_momentum=False",
        "0.7, 35, base_momentum=[0.5, 0.6, 0.7], max_momentum=0.8, div_factor=5.0",
        "0.7, 35, final_div_factor=10.0, pct_start=0.2, three_phase=True",
    ),
    *simple(
        "CyclicLR",
        "0.01, 0.5, step_size_up=4",
        "[0.01, 0.02, 0.03], [0.1, 0.2, 0.3], 5, 3",
        "0.01, 0.5, 4, mode='triangular2', base_momentum=0.5, max_momentum=0.6",
        "0.01, 0.5, 4, mode='exp_range', gamma=0.9, cycle_momentum=False",
        "0.01, 0.5, 4, scale_fn=lambda x: 0.9**x, scale_mode='iterations'",
        "0.01, 0.5, 4, mode='none', scale_fn=lambda x: 1 / x",
    ),
    scheduled("CyclicLR", "s.CyclicLR(o, 0.01, 0.5, 4)", "kind='Adam'"),
    scheduled("OneCycleLR", "s.OneCycleLR(o, 0.5, 40)", "kind='Adam'"),
    scheduled("OneCycleLR", "s.OneCycleLR(o, 0.5, 40, cycle_momentum=False)", "kind='Adagrad'"),
    scheduled(
        "SequentialLR",
        "s.SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=3), s.ExponentialLR(o, 0.8), "
        "s.StepLR(o, 2)], [3, 7])",
    ),
    scheduled(
        "SequentialLR",
        "s.SequentialLR(o, schedulers=[s.ConstantLR(o, 0.1, 4), s.CosineAnnealingLR(o, 9)], "
        "milestones=[6])",
    ),
    scheduled(
        "SequentialLR",
        "s.SequentialLR(o, [s.SequentialLR(o, [s.StepLR(o, 2), s.StepLR(o, 3)], [4]), "
        "s.CosineAnnealingWarmRestarts(o, 4)], [12])",
    ),
    scheduled("SequentialLR", "s.SequentialLR(o, [s.StepLR(o, 4)], [])"),
    scheduled(
        "ChainedScheduler",
        "s.ChainedScheduler([s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)])",
    ),
    scheduled(
        "ChainedScheduler",
        "s.ChainedScheduler([s.StepLR(o, 4), s.LambdaLR(o, lambda e: 0.9**e)], optimizer=o)",
    ),
    *(
        scheduled(call.split("(")[0], f"s.{call}", TENSOR)
        for call in (
            "LambdaLR(o, lambda e: 0.9**e)",
            "MultiplicativeLR(o, lambda e: 0.95)",
            "StepLR(o, 3)",
            "ConstantLR(o)",
            "LinearLR(o)",
            "PolynomialLR(o, 20)",
            "CosineAnnealingLR(o, 8)",
            "CosineAnnealingWarmRestarts(o, 8)",
            "CyclicLR(o, 0.01, 0.5, 4)",
            "OneCycleLR(o, 0.5, 40)",
        )
    ),
]

# Taken up again after some steps, in both ways.
RESUME = """
def resumed(make, steps=9):
    s = optim.lr_scheduler
    def optimizer():
        groups = [dict(params=[C(2)]), dict(params=[C(3)], lr=0.02)]
        return optim.SGD(groups, lr=0.1, momentum=0.9)
    def run(o, scheduler, n):
        path = []
        for _ in range(n):
            o.step()
            scheduler.step()
            path.append([[g["lr"], g["momentum"]] for g in o.param_groups])
        return path, scheduler.state_dict()
    import copy
    first = optimizer()
    before = make(s, first, -1)
    run(first, before, steps)
    saved, kept = copy.deepcopy(first.state_dict()), copy.deepcopy(before.state_dict())
    second = optimizer()
    after = make(s, second, -1)
    second.load_state_dict(saved)
    after.load_state_dict(kept)
    third = optimizer()
    third.load_state_dict(saved)
    again = make(s, third, steps)
    return run(second, after, 9), run(third, again, 9), run(first, before, 9)
"""
CASES += [
    Case(
        f"torch.optim.lr_scheduler.{call.split('(')[0]}",
        f"# {call}{RESUME}\nresumed(lambda s, o, last: s.{call[:-1]}, last_epoch=last))",
        only="float64",
    )
    for call in (
        "LambdaLR(o, lambda e: 0.9**e)",
        "MultiplicativeLR(o, lambda e: 0.95)",
        "StepLR(o, 4)",
        "MultiStepLR(o, [3, 8, 12])",
        "ConstantLR(o, 0.5, 12)",
        "LinearLR(o, 0.1, 1.0, 14)",
        "ExponentialLR(o, 0.9)",
        "PolynomialLR(o, 14, 2.0)",
        "CosineAnnealingLR(o, 7)",
        "CosineAnnealingWarmRestarts(o, 4)",
        "OneCycleLR(o, 0.5, 30)",
        "CyclicLR(o, 0.01, 0.5, 4)",
    )
]

PLATEAU = """
def plateau(**options):
    groups = [dict(params=[C(2)]), dict(params=[C(3)], lr=0.02)]
    o = optim.SGD(groups, lr=0.1)
    s = optim.lr_scheduler.ReduceLROnPlateau(o, **options)
    path = []
    for m in (5, 4, 4.1, 4, 4.2, 4.3, 4.1, 3, *[3.5] * 9, 3.6, 3.5, 1, 0.95, 0.9, *[2.0] * 10):
        s.step(torch.tensor(m) if m == 4.2 else m)
        path.append((s.get_last_lr(), s.in_cooldown, s.num_bad_epochs, s.best))
    return path, s.state_dict()
"""
CASES += [
    Case(
        "torch.optim.lr_scheduler.ReduceLROnPlateau",
        f"# {options}{PLATEAU}\nplateau({options})",
        only="float64",
    )
    for options in (
        "",
        "patience=2",
        "mode='max', patience=1, factor=0.5",
        "patience=1, cooldown=3, min_lr=0.01",
        "patience=0, threshold=0.05, threshold_mode='abs', min_lr=[0.02, 0.001]",
        "patience=1, mode='max', threshold=0.3, threshold_mode='abs'",
        "patience=0, eps=0.01",
    )
]

CASES += [
    refused("LRScheduler", "s.LRScheduler(o)"),
    refused("LRScheduler", "s._LRScheduler(3)"),
    refused("StepLR", "s.StepLR(object(), 3)"),
    refused("StepLR", "s.StepLR(o, 3, last_epoch=2)"),
    refused("LambdaLR", "s.LambdaLR(o, [lambda e: 1, lambda e: 2])"),
    refused("MultiplicativeLR", "s.MultiplicativeLR(o, 3.0)"),
    refused("ConstantLR", "s.ConstantLR(o, 1.5)"),
    refused("ConstantLR", "s.ConstantLR(o, -0.5)"),
    refused("LinearLR", "s.LinearLR(o, 0.0)"),
    refused("LinearLR", "s.LinearLR(o, 0.5, 1.5)"),
    refused("CosineAnnealingWarmRestarts", "s.CosineAnnealingWarmRestarts(o, 0)"),
    refused("CosineAnnealingWarmRestarts", "s.CosineAnnealingWarmRestarts(o, 2, 0)"),
    refused("CosineAnnealingWarmRestarts", "s.CosineAnnealingWarmRestarts(o, 2, 1, '0')"),
    refused("CosineAnnealingWarmRestarts", "s.CosineAnnealingWarmRestarts(o, 2).step(-1)"),
    refused("OneCycleLR", "s.OneCycleLR(o, 0.1)"),
    refused("OneCycleLR", "s.OneCycleLR(o, 0.1, -3)"),
    refused("OneCycleLR", "s.OneCycleLR(o, 0.1, epochs=2)"),
    refused("OneCycleLR", "s.OneCycleLR(o, 0.1, epochs=2, steps_per_epoch=0)"),
    refused("OneCycleLR", "s.OneCycleLR(o, 0.1, epochs=-2, steps_per_epoch=2)"),
    refused("OneCycleLR", "s.OneCycleLR(o, 0.1, 10, pct_start=2.0)"),
    refused("OneCycleLR", "s.OneCycleLR(o, 0.1, 10, anneal_strategy='none')"),
    refused("OneCycleLR", "s.OneCycleLR(o, [0.1, 0.2], 10)"),
    refused("OneCycleLR", "s.OneCycleLR(optim.Adagrad([C(2)]), 0.1, 10)"),
    refused("OneCycleLR", "c = s.OneCycleLR(o, 0.1, 2)\nfor _ in range(4): c.step()\n0"),
    refused("CyclicLR", "s.CyclicLR(o, 0.1, 0.2, mode='none')"),
    refused("CyclicLR", "s.CyclicLR(o, [0.1, 0.2], 0.2)"),
    refused("CyclicLR", "s.CyclicLR(optim.Adagrad([C(2)]), 0.1, 0.2)"),
    refused("CyclicLR", "s.CyclicLR(3, 0.1, 0.2)"),
    refused("ReduceLROnPlateau", "s.ReduceLROnPlateau(o, factor=1.0)"),
    refused("ReduceLROnPlateau", "s.ReduceLROnPlateau(o, 'none')"),
    refused("ReduceLROnPlateau", "s.ReduceLROnPlateau(o, threshold_mode='none')"),
    refused("ReduceLROnPlateau", "s.ReduceLROnPlateau(o, min_lr=[0.1, 0.2])"),
    refused("ReduceLROnPlateau", "s.ReduceLROnPlateau(3)"),
    refused("ReduceLROnPlateau", "s.ReduceLROnPlateau(o).step()"),
    refused(
        "ReduceLROnPlateau",
        "p = s.ReduceLROnPlateau(o, min_lr=[0.0], patience=0)\n"
        "o.add_param_group(dict(params=[C(3)]))\np.step(1)\np.step(1)\np.step(1)",
    ),
    refused("SequentialLR", "s.SequentialLR(o, [], [])"),
    refused("SequentialLR", "s.SequentialLR(o, [s.StepLR(o, 2)], [3])"),
    refused("SequentialLR", "s.SequentialLR(o, [object()], [])"),
    refused("SequentialLR", "s.SequentialLR(o, [s.ReduceLROnPlateau(o)], [])"),
    refused("SequentialLR", "s.SequentialLR(o, [s.StepLR(optim.SGD([C(2)]), 2)], [])"),
    refused("ChainedScheduler", "s.ChainedScheduler([])"),
    refused("ChainedScheduler", "s.ChainedScheduler([object()], o)"),
    refused("ChainedScheduler", "s.ChainedScheduler([s.ReduceLROnPlateau(o)])"),
    refused("ChainedScheduler", "s.ChainedScheduler([s.StepLR(optim.SGD([C(2)]), 2)], o)"),
]

# The kinds of warnings, and how many.
WARNED = """
import warnings
def warned(act):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        o = optim.SGD([C(2)], lr=0.1)
        act(optim.lr_scheduler, o)
    return [w.category.__name__ for w in seen]
def early(s, o):
    x = s.StepLR(o, 2)
    x.step()
    o.step()
    x.step()
def late(s, o):
    x = s.StepLR(o, 2)
    o.step()
    x.step()
    x.step()
def replaced(s, o):
    x = s.StepLR(o, 2)
    o.step = lambda: None
    o.step()
    x.step()
def epoch(s, o):
    x = s.StepLR(o, 2)
    o.step()
    x.step(4)
    s.ReduceLROnPlateau(o).step(1.0, 3)
def rate(s, o):
    s.StepLR(o, 2).get_lr()
    s.CosineAnnealingWarmRestarts(o, 2).get_lr()
"""
CASES += [
    Case(
        "torch.optim.lr_scheduler.LRScheduler",
        f"# {name}{WARNED}\nwarned({name})",
        only="float64",
    )
    for name in ("early", "late", "replaced", "epoch", "rate")
]
CASES += [
    Case(
        f"torch.optim.lr_scheduler.{call.split('(')[0]}.step",
        f"""
s = optim.lr_scheduler
o = optim.SGD([C(2)], lr=0.1)
x = s.{call}
rates = []
for epoch in (4, 2, {fraction}, 7, None, None, 20, None):
    x.step(epoch)
    rates.append((x.get_last_lr(), x.last_epoch))
rates
""",
        only="float64",
    )
    for call, fraction in (
        ("StepLR(o, 3)", 5),
        ("MultiStepLR(o, [3, 6])", 5),
        ("ConstantLR(o)", 5),
        ("LinearLR(o)", 5),
        ("ExponentialLR(o, 0.5)", 5),
        ("PolynomialLR(o, 8)", 5),
        ("CosineAnnealingLR(o, 9)", 5),
        ("LambdaLR(o, lambda e: 1 / (1 + e))", 5),
        ("CosineAnnealingWarmRestarts(o, 3)", 4.5),
        ("CosineAnnealingWarmRestarts(o, 3, 2)", 4.5),
    )
]

SWA = "torch.optim.swa_utils"
AVERAGED = """
u = __import__(optim.__name__ + ".swa_utils", fromlist=["x"])
def averaged(steps=4, **options):
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    net = fill(net)
    for b in net.buffers():
        b.detach().copy_(C(*b.shape) if b.is_floating_point() else b)
    model = u.AveragedModel(net, **options)
    for k in range(steps):
        with torch.no_grad():
            for p in net.parameters():
                p.add_(C(*p.shape))
            net(C(5, 3))
        model.update_parameters(net)
    model.eval()
    return model(C(2, 3)).detach(), {k: v.detach() for k, v in model.state_dict().items()}
"""
CASES += [
    Case(f"{SWA}.AveragedModel {SWA}.{name}", f"# {options}{AVERAGED}\naveraged({options})")
    for name, options in (
        ("AveragedModel", ""),
        ("AveragedModel", "use_buffers=True"),
        ("get_swa_avg_fn", "avg_fn=u.get_swa_avg_fn()"),
        ("get_ema_avg_fn", "avg_fn=u.get_ema_avg_fn(0.9)"),
        ("get_ema_avg_fn", "avg_fn=u.get_ema_avg_fn(), use_buffers=True"),
        ("get_swa_multi_avg_fn", "multi_avg_fn=u.get_swa_multi_avg_fn()"),
        ("get_ema_multi_avg_fn", "multi_avg_fn=u.get_ema_multi_avg_fn(0.8)"),
        ("AveragedModel", "avg_fn=lambda a, b, n: a * 0.5 + b * n"),
        ("AveragedModel", "steps=0"),
    )
]
CASES += [
    Case(f"{SWA}.{name}", f"optim.swa_utils.{name}({decay})", raises=True)
    for name in ("get_ema_avg_fn", "get_ema_multi_avg_fn")
    for decay in (-0.1, 1.5)
]
CASES += [
    Case(
        f"{SWA}.AveragedModel",
        "u = optim.swa_utils\n"
        "u.AveragedModel(nn.Linear(2, 2), avg_fn=u.get_swa_avg_fn(), multi_avg_fn=lambda *a: 0)",
        raises=True,
    ),
    Case(
        f"{SWA}.update_bn",
        """
u = __import__(optim.__name__ + ".swa_utils", fromlist=["x"])
net = fill(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, momentum=0.3), nn.Linear(4, 2)))
net.eval()
u.update_bn([C(5, 3), [C(4, 3), 1], (C(2, 3),)], net)
u.update_bn([C(5, 3)], fill(nn.Linear(3, 2)))
norm = net[1]
norm.running_mean, norm.running_var, norm.num_batches_tracked, norm.momentum, norm.training
""",
    ),
    *(
        Case(
            f"{SWA}.SWALR",
            f"# {options}{SCHEDULE}\n"
            f"schedule(lambda s, o: optim.swa_utils.SWALR(o, {options}), lr=0.5)",
            only="float64",
        )
        for options in (
            "0.05",
            "swa_lr=0.05, anneal_epochs=5, anneal_strategy='linear'",
            "[0.1, 0.2, 0.3], anneal_epochs=0",
            "0.9, anneal_epochs=1",
        )
    ),
    Case(f"{SWA}.SWALR", "optim.swa_utils.SWALR(optim.SGD([C(2)]), 0.1, -1)", raises=True),
    Case(f"{SWA}.SWALR", "optim.swa_utils.SWALR(optim.SGD([C(2)]), 0.1, 1.5)", raises=True),
    Case(f"{SWA}.SWALR", "optim.swa_utils.SWALR(optim.SGD([C(2)]), 0.1, 3, 'x')", raises=True),
    Case(f"{SWA}.SWALR", "optim.swa_utils.SWALR(optim.SGD([C(2)]), [0.1, 0.2])", raises=True),
]

CLIP = """
def clipped(act, scale=1.0):
    params = [T(3, 4), T(5), T(), T(2)]
    for p in params[:3]:
        p.grad = C(*p.shape, low=-1, high=1) * scale
    result = act(nn.utils, params)
    return result, [p.grad for p in params[:3]], params[3].grad is None
"""
CLIPS = [
    *(f"u.clip_grad_norm_(p, 1.5, {order})" for order in (2.0, 1, 0.5, 3.0, 0, "float('inf')")),
    "u.clip_grad_norm_(p, 1.5, '-inf')",
    "u.clip_grad_norm_(p, 1.5, norm_type=-1.0)",
    "u.clip_grad_norm_(p, 100.0)",
    "u.clip_grad_norm_(p[0], 0.5)",
    "u.clip_grad_norm_(iter(p), max_norm=0.5)",
    "u.clip_grad_norm_(p[3:], 0.5)",
    "u.clip_grad_norm_([], 0.5)",
    "u.clip_grad_norm_((x for x in []), 0.5)",
    "u.clip_grad_norm_(p, 0.5, error_if_nonfinite=True)",
    "u.clip_grad_norm_(p, 0.5, foreach=True)",
    "u.clip_grad_norm_(p, 0.5, foreach=False)",
    "u.clip_grad_norm(p, 0.5, 1.0)",
    "u.clip_grad_value_(p, 0.25)",
    "u.clip_grad_value_(p[0], clip_value=0.25, foreach=True)",
    "u.clip_grad_value_(iter(p), 0, foreach=False)",
    "u.clip_grads_with_norm_(p, 1.0, torch.tensor(4.0))",
    "u.clip_grads_with_norm_(p[1], max_norm=1.0, total_norm=torch.tensor(0.5), foreach=True)",
    "u.get_total_norm([x.grad for x in p[:3]])",
    "u.get_total_norm(p, 3.0)",
    "u.get_total_norm(p[0], float('inf'), error_if_nonfinite=True, foreach=False)",
    "u.get_total_norm([])",
]
CASES += [
    Case(
        f"torch.nn.utils.{call.split('(')[0][2:]}",
        f"# {call}{CLIP}\nclipped(lambda u, p: {call})",
        order=1,
    )
    for call in CLIPS
]
CASES += [
    Case(
        f"torch.nn.utils.{name}",
        f"# {name} {bad} {order}{CLIP}\nclipped(lambda u, p: u.{call}, scale=float('{bad}'))",
        order=0,
    )
    for bad in ("nan", "inf")
    for order in (2.0, 1.0, 0.5, "float('inf')")
    for name, call in (
        ("clip_grad_norm_", f"clip_grad_norm_(p, 1.0, {order})"),
        ("get_total_norm", f"get_total_norm([x.grad for x in p[:3]], {order})"),
    )
]
CASES += [
    Case(
        "torch.nn.utils.clip_grad_norm_",
        f"# {bad} {order}{CLIP}\n"
        f"clipped(lambda u, p: u.clip_grad_norm_(p, 1.0, {order}, True), scale=float('{bad}'))",
        raises=True,
    )
    for bad in ("nan", "inf")
    for order in (2.0, "float('inf')")
]
