"""Optimizers: every step, the state and the groups; with each keyword, and with wrong ones."""

from harness import Case

# Parameters of several shapes, one of them without a gradient, one without it now and then.
TRAIN = """
def train(make, shapes=((4, 3), (5,), (), (2, 0), (3, 2)), steps=12):
    params = [T(*s) for s in shapes]
    wanted = [C(*s, low=-1, high=1) for s in shapes]
    opt = make(params)
    path = []
    def closure():
        opt.zero_grad()
        terms = [
            ((p - c) ** 2 * (1 + c * c)).sum() + (2 * p).sin().sum()
            for i, (p, c) in enumerate(zip(params, wanted))
            if i != 4 and not (i == 1 and len(path) in (0, 3))
        ]
        loss = sum(terms)
        loss.backward()
        return loss
    for _ in range(steps):
        loss = opt.step(closure)
        path.append([p.detach().clone() for p in params] + [loss.detach()])
    return path, opt.state_dict()
"""


def trained(name: str, options: str = "", **more: object) -> Case:
    """A case that trains with one group."""
    call = f"optim.{name}(p, {options})"
    # PyTorch's Adafactor divides by the number of elements.
    shapes = ", ((4, 3), (5,), (), (2, 2, 3), (3, 2))" if name == "Adafactor" else ""
    return Case(f"torch.optim.{name}", f"# {call}{TRAIN}\ntrain(lambda p: {call}{shapes})", **more)


def grouped(name: str, first: str, second: str, options: str) -> Case:
    """A case that trains with two groups."""
    groups = f"[dict(params=p[:2], {first}), dict(params=p[2:], {second})]"
    call = f"optim.{name}({groups}, {options})"
    return Case(f"torch.optim.{name}", f"# {call}{TRAIN}\ntrain(lambda p: {call})")


def refused(name: str, options: str) -> Case:
    """A case whose options are wrong."""
    return Case(f"torch.optim.{name}", f"optim.{name}([T(2, 2)], {options})", raises=True)


# PyTorch's fused kernels take no notice of strides.
FUSED = ["lr=0.1, weight_decay=0.5, fused=True"]
LR = "lr=torch.tensor(0.1, dtype=torch.float64)"
MOMENTS = [
    "lr=0.1",
    "lr=0.1, betas=(0.5, 0.7), eps=1e-3, weight_decay=0.1",
    "lr=0.1, betas=[0.8, 0.9], maximize=True",
    "lr=0.1, foreach=True",
    "lr=0.1, foreach=False, betas=(0.0, 0.0)",
    LR,
]
DECOUPLED = ["lr=0.1, weight_decay=0.2, decoupled_weight_decay=True"]
OPTIONS = {
    "SGD": [
        "",
        "lr=0.1",
        "lr=0.1, momentum=0.9",
        "lr=0.1, momentum=0.9, dampening=0.4",
        "lr=0.1, momentum=0.9, dampening=0.4, weight_decay=0.1, maximize=True",
        "lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1",
        "lr=0.1, momentum=0.5, foreach=True",
        f"{LR}, momentum=0.9",
    ],
    "Adam": [
        *MOMENTS,
        *DECOUPLED,
        "lr=0.1, amsgrad=True, betas=(0.1, 0.2)",
        "lr=0.1, amsgrad=True, maximize=True, weight_decay=0.3",
        f"{LR}, betas=tuple(torch.tensor([[0.5], [0.7]], dtype=torch.float64))",
    ],
    "AdamW": [*MOMENTS, "lr=0.1, weight_decay=0.5, amsgrad=True"],
    "NAdam": [*MOMENTS, *DECOUPLED, "lr=0.1, momentum_decay=0.3", "lr=0.1, momentum_decay=0"],
    "RAdam": [*MOMENTS, *DECOUPLED, "lr=0.1, betas=(0.9, 0.9)"],
    "Adamax": [o for o in MOMENTS if "betas=(0.0" not in o],
    "Adadelta": [
        "",
        "lr=0.5, rho=0.5, eps=1e-2",
        "weight_decay=0.3, maximize=True",
        "rho=1.0",
        "rho=0.0, foreach=True",
        LR,
    ],
    "Adagrad": [
        "lr=0.1",
        "lr=0.1, lr_decay=0.2, weight_decay=0.1, eps=1e-3",
        "lr=0.1, initial_accumulator_value=0.5, maximize=True",
        "lr=0.1, foreach=True",
        LR,
    ],
    "RMSprop": [
        "lr=0.1",
        "lr=0.01, alpha=0.5, eps=1e-3, weight_decay=0.1",
        "lr=0.1, momentum=0.9",
        "lr=0.1, centered=True, eps=1e-3",
        "lr=0.01, momentum=0.9, centered=True, eps=1e-2, maximize=True",
        "lr=0.1, foreach=True",
        LR,
    ],
    "Rprop": [
        "",
        "lr=0.3, etas=(0.3, 1.5), step_sizes=(0.01, 0.4)",
        "maximize=True",
        "lr=0.1, foreach=True",
        LR,
    ],
    "ASGD": [
        "",
        "lr=0.1, lambd=0.1, alpha=0.5, t0=4, weight_decay=0.1",
        "lr=0.1, t0=0, maximize=True",
        "lr=0.1, foreach=False",
        LR,
    ],
    "Adafactor": [
        "",
        "lr=0.3, beta2_decay=-0.5, eps=(1e-3, 0.1), d=2.0",
        "lr=0.5, weight_decay=0.2, maximize=True",
        "foreach=False, beta2_decay=0",
        LR,
    ],
}
# A line search takes other ways for the smallest of differences, so that few steps are compared.
SEARCHES = [
    "lr=0.5, max_iter=8",
    "lr=0.1, max_iter=3, history_size=2",
    "lr=0.1, max_iter=1",
    "lr=0.2, max_eval=4, tolerance_grad=0.5",
    "lr=0.2, tolerance_change=1e-2",
    "line_search_fn='strong_wolfe'",
    "lr=0.5, max_iter=4, history_size=2, line_search_fn='strong_wolfe'",
    "lr=20.0, max_iter=5, line_search_fn='strong_wolfe'",
    "lr=5.0, max_eval=3, line_search_fn='strong_wolfe'",
    "lr=torch.tensor([0.5], dtype=torch.float64), max_iter=3",
]


def searched(options: str) -> Case:
    """A case of LBFGS: the path, and those parts of the state that tell its way."""
    code = f"""# LBFGS({options}){TRAIN}
path, saved = train(lambda p: optim.LBFGS(p, {options}), steps=3)
state = saved["state"][0]
kept = ("func_evals", "n_iter", "prev_loss", "prev_flat_grad")
path, list(state), len(state["old_dirs"]), [state[k] for k in kept], saved["param_groups"]
"""
    return Case("torch.optim.LBFGS", code, only="float64")


def matrices(options: str) -> Case:
    """A case of Muon, whose iteration rounds to bfloat16: sums of float32 in another order seldom
    round the other way, in a few steps of small matrices."""
    call = f"train(lambda p: optim.Muon(p, {options}), ((4, 3), (3, 5), (2, 2)), steps=4)"
    code = f"# Muon({options}){TRAIN}\n{call}"
    return Case("torch.optim.Muon", code)


CASES = [
    *(trained(name, options) for name, all_of in OPTIONS.items() for options in all_of),
    *(trained(n, o, only="float32") for n in ("SGD", "Adam", "AdamW", "Adagrad") for o in FUSED),
    *(searched(options) for options in SEARCHES),
    matrices(""),
    matrices("lr=0.1, weight_decay=0.3, nesterov=False, momentum=0.5"),
    matrices("lr=0.1, adjust_lr_fn='match_rms_adamw', ns_steps=3"),
    matrices("lr=0.1, adjust_lr_fn='original', ns_coefficients=(2.0, -1.5, 0.5), eps=1e-2"),
    grouped("SGD", "lr=0.5", "momentum=0.9, dampening=0.5", "lr=0.1"),
    grouped("Adam", "betas=(0.5, 0.6)", "amsgrad=True, lr=0.2", "lr=0.1"),
    grouped("RMSprop", "centered=True", "momentum=0.5, maximize=True", "lr=0.01"),
    grouped("Adagrad", "initial_accumulator_value=1.0", "lr_decay=0.5", "lr=0.1"),
    grouped("NAdam", "momentum_decay=0.1", "decoupled_weight_decay=True", "weight_decay=0.1"),
    grouped("ASGD", "t0=2", "lr=0.5", "lr=0.1"),
]

EVERY = ["SGD", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Adadelta", "Adagrad", "RMSprop"]
EVERY += ["Rprop", "ASGD", "Adafactor", "LBFGS", "Muon", "SparseAdam"]
CASES += [
    *(refused(name, "lr=-0.1") for name in EVERY),
    *(refused(name, "lr=torch.ones(2)") for name in EVERY),
    *(
        refused(name, "weight_decay=-1.0")
        for name in EVERY
        if name not in ("Rprop", "LBFGS", "SparseAdam")
    ),
    *(
        refused(name, f"betas={betas}")
        for name in ("Adam", "AdamW", "NAdam", "RAdam", "Adamax", "SparseAdam")
        for betas in ("(1.0, 0.5)", "(0.5, 1.0)", "(-0.1, 0.5)")
    ),
    *(
        refused(name, "eps=-1.0")
        for name in ("Adam", "NAdam", "RAdam", "Adamax", "Adadelta", "Adagrad", "RMSprop")
    ),
    *(
        refused(name, options)
        for name in ("SGD", "Adam", "AdamW", "Adagrad")
        for options in ("fused=True, foreach=True", "fused=True, differentiable=True")
    ),
    refused("SGD", "momentum=-1.0"),
    refused("SGD", "nesterov=True"),
    refused("SGD", "nesterov=True, momentum=0.5, dampening=0.5"),
    refused("SGD", "0.1, 0.9, 0.0, 0.0, False, True"),
    refused("Adam", "betas=(0.5, torch.tensor(0.5))"),
    refused("Adam", "lr=torch.tensor(0.1), foreach=True"),
    refused("NAdam", "momentum_decay=-1.0"),
    refused("Adadelta", "rho=1.5"),
    refused("Adagrad", "lr_decay=-1.0"),
    refused("Adagrad", "initial_accumulator_value=-1.0"),
    refused("RMSprop", "alpha=-1.0"),
    refused("RMSprop", "momentum=-1.0"),
    refused("Rprop", "etas=(1.5, 1.2)"),
    refused("SparseAdam", "lr=0.0"),
    refused("SparseAdam", "eps=0.0"),
    refused("Adafactor", "beta2_decay=0.5"),
    refused("Adafactor", "eps=(-1.0, 0.1)"),
    refused("Adafactor", "eps=(None, -0.1)"),
    refused("Adafactor", "d=0.5"),
    refused("Muon", "momentum=-1.0"),
    refused("Muon", "adjust_lr_fn='none'"),
    Case("torch.optim.Muon", "optim.Muon([T(2)])", raises=True),
    Case(
        "torch.optim.LBFGS", "optim.LBFGS([dict(params=[T(2)]), dict(params=[T(3)])])", raises=True
    ),
    Case("torch.optim.LBFGS", "optim.LBFGS([T(2)]).step()", raises=True),
    Case(
        "torch.optim.LBFGS",
        """
x = T(2)
opt = optim.LBFGS([x], line_search_fn="other")
def closure():
    opt.zero_grad()
    y = (x * x).sum()
    y.backward()
    return y
opt.step(closure)
""",
        raises=True,
    ),
    Case(
        "torch.optim.Muon",
        "x = T(2, 2)\nx.sum().backward()\noptim.Muon([x], ns_steps=100).step()",
        raises=True,
    ),
    Case(
        "torch.optim.Muon",
        "x = T(2, 2)\nx.sum().backward()\noptim.Muon([x], ns_coefficients=(1.0, 2.0)).step()",
        raises=True,
    ),
    Case(
        "torch.optim.SparseAdam",
        "x = T(2, 2)\nx.sum().backward()\noptim.SparseAdam([x]).step()",
        raises=True,
    ),
    Case("torch.optim.SparseAdam", "optim.SparseAdam([T(2)], maximize=True).state_dict()"),
]

# Recorded steps: PyTorch computes with a count of float32, so that float64 cannot be compared.
RECORDED = """
def recorded(name, **options):
    base = [T(3, 2), T(4), T()]
    grads = [T(3, 2), T(4), T()]
    params = [p * 1.0 for p in base]
    for p, g in zip(params, grads):
        p.grad = g * 1.0
    opt = getattr(optim, name)(params, differentiable=True, **options)
    opt.step()
    return params
"""


def recorded(name: str, options: str = "") -> Case:
    """A case of one step through which derivatives flow."""
    return Case(
        f"torch.optim.{name}",
        f"# recorded {options}{RECORDED}\nrecorded('{name}', {options})",
        order=1,
        only="float32",
    )


CASES += [
    recorded("SGD", "lr=0.1, momentum=0.9, dampening=0.2, nesterov=False, weight_decay=0.1"),
    recorded("SGD", "lr=0.1, maximize=True"),
    recorded("Adam", "lr=0.1, eps=0.1, weight_decay=0.1"),
    recorded("Adam", "lr=0.1, eps=0.1, amsgrad=True, maximize=True"),
    recorded("AdamW", "lr=0.1, eps=0.1"),
    recorded("NAdam", "lr=0.1, eps=0.1, weight_decay=0.1, decoupled_weight_decay=True"),
    recorded("RAdam", "lr=0.1, eps=0.1, betas=(0.9, 0.9)"),
    recorded("Adamax", "lr=0.1, eps=0.1"),
    recorded("Adadelta", "eps=0.1, rho=0.5"),
    recorded("Adagrad", "lr=0.1, eps=0.1, initial_accumulator_value=0.5"),
    recorded("RMSprop", "lr=0.1, eps=0.1, momentum=0.5"),
    recorded("Rprop", "lr=0.1"),
    recorded("ASGD", "lr=0.1, weight_decay=0.1, lambd=0.1"),
]

# What all optimizers share.
BASE = "torch.optim.Optimizer"
CASES += [
    Case(BASE, "repr(optim.SGD([T(2)], lr=0.25, momentum=0.5))"),
    Case(BASE, "repr(optim.Adam([dict(params=[T(2)], lr=0.5), dict(params=[T(3)])]))"),
    Case(BASE, "repr(optim.LBFGS([T(2)], lr=0.25))"),
    Case(BASE, "optim.Adamax([T(2)]).defaults"),
    Case(BASE, "optim.SGD(dict(a=T(2), b=T(3)).items()).state_dict()"),
    Case(BASE, "optim.SGD([('a', T(2)), T(3)])", raises=True),
    Case(BASE, "optim.SGD([])", raises=True),
    Case(BASE, "optim.SGD(T(2))", raises=True),
    Case(BASE, "optim.SGD([1.0])", raises=True),
    Case(BASE, "optim.SGD([T(2) * 1])", raises=True),
    Case(BASE, "optim.SGD([dict(params={T(2)})])", raises=True),
    Case(BASE, "optim.SGD([T(2)], unknown=1)", raises=True),
    Case(BASE, "x = T(2)\noptim.SGD([dict(params=[x]), dict(params=[x])])", raises=True),
    Case(f"{BASE}.step", "optim.Optimizer([T(2)], {}).step()", raises=True),
    Case(
        f"{BASE}.add_param_group",
        "o = optim.SGD([T(2)])\no.add_param_group(dict(params=T(3), lr=0.5))\no.state_dict()",
    ),
    Case(f"{BASE}.add_param_group", "optim.SGD([T(2)]).add_param_group([T(3)])", raises=True),
    Case(
        f"{BASE}.add_param_group",
        "optim.SGD([('a', T(2))]).add_param_group(dict(params=[T(3)]))",
        raises=True,
    ),
    Case(
        f"{BASE}.zero_grad",
        """
x, y = T(2), T(3)
o = optim.SGD([x, y])
(x * x).sum().backward()
o.zero_grad(set_to_none=False)
kept = x.grad.clone()
o.zero_grad()
kept, x.grad is None, y.grad is None
""",
    ),
    Case(
        f"{BASE}.load_state_dict",
        "optim.SGD([T(2)]).load_state_dict(optim.SGD([T(2), T(3)]).state_dict())",
        raises=True,
    ),
    Case(
        f"{BASE}.load_state_dict",
        """
first = optim.SGD([dict(params=[T(2)]), dict(params=[T(2)])])
optim.SGD([T(2)]).load_state_dict(first.state_dict())
""",
        raises=True,
    ),
    Case(
        f"{BASE}.load_state_dict",
        """
first = optim.SGD([("a", T(2))], lr=0.5)
second = optim.SGD([("b", T(2))])
second.load_state_dict(first.state_dict())
third = optim.SGD([("b", T(2))])
third.load_state_dict(optim.SGD([T(2)], lr=0.25).state_dict())
[o.param_groups[0]["param_names"] + [o.param_groups[0]["lr"]] for o in (second, third)]
""",
    ),
    Case(
        f"{BASE}.register_step_pre_hook {BASE}.register_step_post_hook "
        "torch.optim.optimizer.register_optimizer_step_pre_hook "
        "torch.optim.optimizer.register_optimizer_step_post_hook",
        """
import importlib
every = importlib.import_module(optim.__name__ + ".optimizer")
x = T(2)
x.grad = C(2)
o = optim.SGD([x], lr=1.0)
seen = []
def hook(name):
    def note(opt, args, kwargs):
        seen.append((name, opt is o, len(args), sorted(kwargs), x.detach().clone()))
    return note
handles = [
    every.register_optimizer_step_pre_hook(hook("all before")),
    every.register_optimizer_step_post_hook(hook("all after")),
    o.register_step_pre_hook(hook("before")),
    o.register_step_post_hook(hook("after")),
    o.register_step_pre_hook(lambda opt, args, kwargs: (args, dict(closure=lambda: 3.0))),
]
results = [o.step()]
for h in handles:
    h.remove()
results.append(o.step())
seen, results
""",
    ),
    Case(
        f"{BASE}.register_step_pre_hook",
        "o = optim.SGD([T(2)])\no.register_step_pre_hook(lambda *a: 3)\no.step()",
        raises=True,
    ),
    Case(
        f"{BASE}.register_state_dict_pre_hook {BASE}.register_state_dict_post_hook "
        f"{BASE}.register_load_state_dict_pre_hook {BASE}.register_load_state_dict_post_hook",
        """
o = optim.SGD([T(2)], lr=0.5)
seen = []
def change(opt, d):
    seen.append("saved")
    return {**d, "more": 1}
def replace(opt, d):
    seen.append(sorted(d))
    d["param_groups"][0]["lr"] = 0.125
o.register_state_dict_pre_hook(lambda opt: seen.append("second"))
o.register_state_dict_pre_hook(lambda opt: seen.append("first"), prepend=True)
o.register_state_dict_post_hook(change)
o.register_load_state_dict_pre_hook(replace)
o.register_load_state_dict_post_hook(lambda opt: seen.append(opt.param_groups[0]["lr"]))
handle = o.register_load_state_dict_post_hook(lambda opt: seen.append("gone"))
handle.remove()
d = o.state_dict()
o.load_state_dict(d)
seen, d
""",
    ),
    # Not NAdam or ASGD: PyTorch's loading gives their numbers the dtype of the parameter, and a run
    # of float64 goes on with other bits; here they keep their own.
    Case(
        f"{BASE}.state_dict {BASE}.load_state_dict",
        """
import copy, pickle
x, y = T(2, 3), T(4)
g = [C(2, 3), C(4)]
def steps(o, params, n):
    for _ in range(n):
        for p, q in zip(params, g):
            p.grad = q.clone()
        o.step()
    return [p.detach().clone() for p in params]
o = optim.RAdam([x, y], lr=0.1)
steps(o, [x, y], 3)
twins = [copy.deepcopy(o), pickle.loads(pickle.dumps(o))]
out = [steps(t, t.param_groups[0]["params"], 3) for t in twins]
z = [x.detach().clone(), y.detach().clone()]
other = optim.RAdam(z, lr=5.0)
other.load_state_dict(copy.deepcopy(o.state_dict()))
out, steps(other, z, 3), steps(o, [x, y], 3), other.state_dict()
""",
    ),
    Case(
        "torch.optim.swap_in_optimizer_params_and_state",
        """
x = T(3)
o = optim.Adam([x], lr=0.1)
x.grad = C(3)
o.step()
mine, saved = x.detach().clone(), o.state_dict()
other = C(3)
other.grad = C(3)
saved["state"] = {0: {k: v.clone() for k, v in saved["state"][0].items()}}
saved["param_groups"] = [{**saved["param_groups"][0], "lr": 0.5}]
with optim.swap_in_optimizer_params_and_state(o, {"a": other}, saved):
    o.step()
    inside = o.param_groups[0]["lr"]
[x.detach() - mine, other, saved, inside, o.param_groups[0]["lr"], o.state_dict()]
""",
    ),
    Case(
        "torch.optim.swap_in_optimizer_params_and_state",
        """
o = optim.Adam([T(3)], lr=0.1)
with optim.swap_in_optimizer_params_and_state(o, {"a": T(3)}, o.state_dict()):
    pass
""",
        raises=True,
    ),
]
