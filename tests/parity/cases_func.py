"""torch.func, forward-mode automatic differentiation and vmap."""

from harness import Case

F = "torch.func."
FA = "torch.autograd.forward_ad."
NET = """model = fill(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)))
params = dict(model.named_parameters())
call = lambda p, x: torch.func.functional_call(model, p, (x,))
"""


def func(name: str, code: str, **options: object) -> Case:
    return Case(" ".join(F + n for n in name.split()), code, **options)


CASES = [
    # ---- grad
    func("grad", "torch.func.grad(lambda x: (x.sin() * x).sum())(T(3))"),
    func("grad", "torch.func.grad(lambda x, y: (x * y.exp()).sum(), argnums=1)(T(3), T(3))"),
    func("grad", "torch.func.grad(lambda x, y: (x * y.exp()).sum(), (0, 1))(T(3), T(3))"),
    func("grad", "torch.func.grad(lambda x, y: (x * y).sum(), argnums=-1)(T(3), T(3))"),
    func("grad", "torch.func.grad(lambda x: ((x ** 2).sum(), x + 1), has_aux=True)(T(3))"),
    func("grad", "torch.func.grad(lambda p: (p['a'] * p['b'][0]).sum())({'a': T(3), 'b': [T(3)]})"),
    func("grad", "torch.func.grad(torch.func.grad(lambda x: x ** 3))(T())"),
    func("grad", "f = torch.func.grad\nf(f(f(lambda x: x.exp() * x ** 4)))(T())", order=1),
    func("grad", "torch.func.grad(lambda x: torch.func.grad(lambda y: x * y * y)(x) * x)(T())"),
    func("grad", "x = T(3)\ntorch.func.grad(lambda y: (x * y).sum())(C(3)) + x"),
    func("grad", "torch.func.grad(lambda x, k=2: (x ** k).sum())(T(3), k=3)"),
    func("grad", "torch.func.grad(lambda x, y: (x * 2).sum(), 1)(T(3), T(2))"),
    func(
        "grad", "with torch.no_grad():\n    g = torch.func.grad(lambda x: (x ** 2).sum())(T(3))\ng"
    ),
    func("grad", "torch.func.grad(lambda x: x)(T(3))", raises=True),
    func("grad", "torch.func.grad(lambda x: 3.0)(T())", raises=True),
    func("grad", "torch.func.grad(lambda x: x.sum(), 2)(T(3))", raises=True),
    func("grad", "torch.func.grad(lambda x: x.sum())(3.0)", raises=True),
    func("grad", "torch.func.grad(lambda x: x.sum(), has_aux=True)(T(3))", raises=True),
    func("grad", "torch.func.grad(lambda x: x.sum())(I(3))", raises=True),
    func("grad_and_value", "torch.func.grad_and_value(lambda x: (x ** 3).sum())(T(3))"),
    func(
        "grad_and_value",
        "torch.func.grad_and_value(lambda x, y: ((x * y).sum(), y), (0, 1), has_aux=True)(T(3), T(3))",
    ),
    func("grad", "torch.func.grad(lambda x: (x.detach() * x).sum())(T(3))"),
    func(
        "grad",
        "def f(x):\n    y = x * 1\n    y.mul_(x)\n    y[0] = 2 * x[1]\n    return y.sum()\n"
        "torch.func.grad(f)(T(3))",
    ),
    # ---- vjp and jvp
    func("vjp", "y, pull = torch.func.vjp(lambda x: x.sin(), T(3))\ny, pull(C(3))"),
    func("vjp", "y, pull = torch.func.vjp(lambda x, w: x @ w, T(2, 3), T(3, 2))\ny, pull(T(2, 2))"),
    func(
        "vjp",
        "y, pull, aux = torch.func.vjp(lambda x: ((x, x.exp()), x * 2), T(3), has_aux=True)\n"
        "y, aux, pull((T(3), T(3)))",
    ),
    func(
        "vjp",
        "y, pull = torch.func.vjp(lambda d: {'y': d['a'] * 2}, {'a': T(2)})\npull({'y': T(2)})",
    ),
    func("vjp", "y, pull = torch.func.vjp(lambda x: x.exp(), T(3))\npull(C(3)) + pull(C(3))"),
    func(
        "vjp", "y, pull = torch.func.vjp(lambda x: x.exp(), T(3))\npull((T(3), T(3)))", raises=True
    ),
    func("vjp", "torch.func.vjp(lambda x: 3, T(3))", raises=True),
    func("jvp", "torch.func.jvp(lambda x: x.sin() * x, (T(3),), (T(3),))"),
    func(
        "jvp",
        "torch.func.jvp(lambda x, y: (x @ y, x.sum()), (T(2, 3), T(3, 2)), (T(2, 3), T(3, 2)))",
    ),
    func("jvp", "torch.func.jvp(lambda x: (x * 2, x), (T(3),), (T(3),), has_aux=True)"),
    func("jvp", "torch.func.jvp(lambda x: torch.zeros(2, dtype=x.dtype), (T(3),), (T(3),))"),
    func(
        "jvp",
        "f = lambda x: torch.func.jvp(lambda y: (y ** 3).sum(), (x,), (x * 2,))[1]\n"
        "torch.func.jvp(f, (T(3),), (T(3),))",
    ),
    func("jvp", "torch.func.grad(lambda x: torch.func.jvp(torch.exp, (x,), (x,))[1].sum())(T(3))"),
    func("jvp", "torch.func.jvp(torch.func.grad(lambda x: (x ** 3).sum()), (T(3),), (T(3),))"),
    func("jvp", "torch.func.jvp(torch.sin, T(3), T(3))", raises=True),
    func("jvp", "torch.func.jvp(torch.sin, (T(3),), (T(3), T(3)))", raises=True),
    func("jvp", "torch.func.jvp(torch.sin, (T(3),), (T(2),))", raises=True),
    func("linearize", "y, f = torch.func.linearize(lambda x: x.sin(), T(3))\ny, f(C(3))", order=0),
    # ---- Jacobians
    func("jacrev", "torch.func.jacrev(lambda x: x.sin() * x.sum())(T(3))"),
    func("jacfwd", "torch.func.jacfwd(lambda x: x.sin() * x.sum())(T(3))"),
    func(
        "jacrev jacfwd",
        "f = lambda x: x @ x.T\nx = T(2, 3)\ntorch.func.jacrev(f)(x), torch.func.jacfwd(f)(x)",
    ),
    func("jacrev", "torch.func.jacrev(lambda x, y: x * y.sum(), (0, 1))(T(3), T(2))"),
    func("jacfwd", "torch.func.jacfwd(lambda x, y: x * y.sum(), (0, 1))(T(3), T(2))"),
    func("jacrev", "torch.func.jacrev(lambda x: (x.sum(), x * 2))(T(3))"),
    func("jacfwd", "torch.func.jacfwd(lambda x: {'a': x.exp().sum(), 'b': x**3})(T(3))"),
    func("jacrev", "torch.func.jacrev(lambda d: d['a'] * d['b'])({'a': T(3), 'b': T(3)})"),
    func("jacrev", "torch.func.jacrev(lambda x: (x * 2, x.sum()), has_aux=True)(T(3))"),
    func("jacfwd", "torch.func.jacfwd(lambda x: (x**3, x.sum()), has_aux=True)(T(3))"),
    func("jacrev", "torch.func.jacrev(lambda x: x.exp() @ x, chunk_size=2)(T(3))"),
    func("jacrev", "torch.func.jacrev(lambda x: x.exp(), chunk_size=2)(T(3, 2))"),
    func(
        "jacfwd", "torch.func.jacfwd(lambda x: torch.func.jacrev(lambda y: y ** 3)(x).sum(0))(T(3))"
    ),
    func("hessian", "torch.func.hessian(lambda x: (x.sin() * x ** 2).sum())(T(3))", order=1),
    func(
        "hessian",
        "torch.func.hessian(lambda x, y: (x * y ** 2).sum(), (0, 1))(T(2), T(2))",
        order=1,
    ),
    func(
        "hessian",
        "w = T(4, 3)\ntorch.func.hessian(lambda x: torch.softmax(x @ w, -1).log().sum())(T(4))",
        order=1,
    ),
    # ---- vmap
    func("vmap", "torch.func.vmap(lambda x: x.sin())(T(3, 2))"),
    Case("torch.vmap", "torch.vmap(torch.dot)(T(3, 4), T(3, 4))"),
    func("vmap", "torch.func.vmap(torch.mv, in_dims=(None, 0))(T(2, 4), T(3, 4))"),
    func("vmap", "torch.func.vmap(torch.mv, in_dims=(0, None))(T(3, 2, 4), T(4))"),
    func("vmap", "torch.func.vmap(torch.mm, in_dims=(2, 1), out_dims=1)(T(2, 4, 3), T(4, 3, 5))"),
    func("vmap", "torch.func.vmap(lambda x: (x.sum(), x * 2), out_dims=(0, -1))(T(3, 2))"),
    func(
        "vmap",
        "torch.func.vmap(lambda d: d['a'] @ d['b'], ({'a': 0, 'b': None},))({'a': T(3, 2), 'b': T(2)})",
    ),
    func(
        "vmap",
        "torch.func.vmap(torch.func.vmap(lambda x, y: x * y, (None, 0)), (0, None))(T(3), T(4))",
    ),
    func("vmap", "torch.func.vmap(lambda x: torch.stack([x, x * 2]), chunk_size=2)(T(5, 2))"),
    func("vmap", "torch.func.vmap(lambda x, k: x * k, (0, None))(T(3, 2), 4)"),
    func("vmap", "torch.func.vmap(lambda x: torch.where(x > 0, x, x.exp()))(T(3, 4))"),
    func("vmap", "torch.func.vmap(lambda x, i: x[i], (0, 0))(T(3, 5), I(3))"),
    func("vmap", "torch.func.vmap(lambda i: torch.arange(5.0)[i])(I(3, 2))"),
    func("vmap", "torch.func.vmap(lambda x, i: x[:, i], (None, 0))(T(2, 5), I(3, 2))"),
    func("vmap", "torch.func.vmap(lambda x: x[1:, None, ::2] * x.mean())(T(3, 4, 6))"),
    func("vmap", "torch.func.vmap(lambda x: x.view(2, -1).t().reshape(-1)[:3])(T(3, 4))"),
    func(
        "vmap", "torch.func.vmap(lambda x: torch.cat([x, torch.ones(2, dtype=x.dtype)]))(T(3, 4))"
    ),
    func("vmap", "torch.func.vmap(lambda x: x.expand(2, 4).sum((0, 1)))(T(3, 4))"),
    func("vmap", "torch.func.vmap(lambda x: x.sort(descending=True).values.cumsum(0))(T(3, 4))"),
    func(
        "vmap",
        "torch.func.vmap(lambda x: x.max(0).values + x.argmax() + x.topk(2, 0).values.sum())(T(3, 4))",
    ),
    func("vmap", "torch.func.vmap(lambda x: torch.nn.functional.softmax(x, 0))(T(3, 4))"),
    func(
        "vmap",
        "torch.func.vmap(lambda x, w: F.conv2d(x[None], w)[0])(T(3, 2, 5, 5), T(3, 4, 2, 3, 3))",
    ),
    func(
        "vmap",
        "w = T(4, 2, 3, 3)\ntorch.func.vmap(lambda x: F.conv2d(x, w, padding=1))(T(2, 3, 2, 5, 5))",
    ),
    func(
        "vmap",
        "torch.func.vmap(lambda x: F.max_pool2d(x, 2) + F.avg_pool2d(x, 2))(T(2, 3, 1, 4, 4))",
    ),
    func(
        "vmap",
        "torch.func.vmap(lambda x, y: torch.einsum('ij,jk->ik', x, y))(T(3, 2, 4), T(3, 4, 2))",
    ),
    func(
        "vmap",
        "torch.func.vmap(lambda x: x + torch.linalg.inv(x @ x.T + 4 * torch.eye(2, dtype=x.dtype)))(T(3, 2, 2))",
    ),
    func(
        "vmap",
        "def f(x):\n    y = x.clone()\n    y[0] = 3.0\n    y.add_(x)\n    return y\ntorch.func.vmap(f)(T(3, 4))",
    ),
    func("vmap", "torch.func.vmap(lambda x: x.item())(T(3))", raises=True),
    func("vmap", "torch.func.vmap(lambda x: 3)(T(3))", raises=True),
    func("vmap", "torch.func.vmap(lambda x, y: x * y)(T(3), T(4))", raises=True),
    func("vmap", "torch.func.vmap(lambda x: x, in_dims=1)(T(3))", raises=True),
    func("vmap", "torch.func.vmap(lambda x: x, in_dims=None)(T(3))", raises=True),
    func("vmap", "torch.func.vmap(lambda x: x, in_dims=(0, 0))(T(3))", raises=True),
    func("vmap", "torch.func.vmap(lambda x: x, out_dims=3)(T(3))", raises=True),
    func("vmap", "torch.func.vmap(lambda x: x + torch.randn(2))(T(3, 2))", raises=True),
    func("vmap", "torch.func.vmap(lambda x: x, chunk_size=0)(T(3))", raises=True),
    func("vmap", "y = torch.zeros(2)\ntorch.func.vmap(lambda x: y.add_(x))(C(3, 2))", raises=True),
    func("vmap", "torch.func.vmap(lambda x: x)(T())", raises=True),
    # ---- together
    func("vmap grad", "torch.func.vmap(torch.func.grad(lambda x: (x.sin() * x).sum()))(T(3, 2))"),
    func(
        "vmap grad",
        "w = T(2)\ntorch.func.vmap(torch.func.grad(lambda w, x: (w * x).sin().sum()), (None, 0))(w, T(3, 2))",
    ),
    func(
        "grad vmap",
        "x = T(3, 2)\ntorch.func.grad(lambda w: torch.func.vmap(lambda x: (w * x).exp())(x).sum())(T(2))",
    ),
    func("vmap jacrev", "torch.func.vmap(torch.func.jacrev(lambda x: x.sin() * x.sum()))(T(3, 2))"),
    func("vmap jacfwd", "torch.func.vmap(torch.func.jacfwd(lambda x: x.sin() * x.sum()))(T(3, 2))"),
    func(
        "vmap hessian",
        "torch.func.vmap(torch.func.hessian(lambda x: (x ** 3).sum() * x.sum()))(T(3, 2))",
        order=1,
    ),
    func(
        "vmap jvp",
        "torch.func.vmap(lambda x, t: torch.func.jvp(torch.sin, (x,), (t,)))(T(3, 2), T(3, 2))",
    ),
    func("vjp vmap", "y, pull = torch.func.vjp(torch.sin, T(3))\ntorch.func.vmap(pull)(T(4, 3))"),
    func("functional_call", NET + "call(params, T(2, 4))"),
    func("functional_call", NET + "torch.func.functional_call(model, (params, {}), T(2, 4))"),
    func(
        "functional_call",
        NET + "torch.func.functional_call(model, (params, params), T(2, 4))",
        raises=True,
    ),
    func(
        "functional_call vmap grad",
        NET + "loss = lambda p, x, t: F.cross_entropy(call(p, x[None]), t[None])\n"
        "g = torch.func.vmap(torch.func.grad(loss), (None, 0, 0))(params, T(5, 4), I(5, high=3))\n"
        "[g[k] for k in sorted(g)]",
        order=1,
    ),
    func(
        "functional_call hessian",
        NET
        + "h = torch.func.hessian(lambda w: call({**params, '2.weight': w}, C(2, 4)).exp().sum())\n"
        "h(params['2.weight'])",
        order=0,
    ),
    func(
        "stack_module_state functional_call vmap",
        "import copy\nmodels = [fill(nn.Linear(3, 2)) for _ in range(3)]\n"
        "p, b = torch.func.stack_module_state(models)\nbase = copy.deepcopy(models[0])\n"
        "f = lambda p, b, x: torch.func.functional_call(base, (p, b), (x,))\n"
        "torch.func.vmap(f, (0, 0, None))(p, b, T(4, 3)), list(p), p['weight'].requires_grad",
        order=0,
    ),
    func(
        "replace_all_batch_norm_modules_",
        "m = fill(nn.Sequential(nn.BatchNorm1d(3), nn.ReLU()))\n"
        "torch.func.replace_all_batch_norm_modules_(m)\n"
        "torch.func.vmap(lambda x: m(x))(T(2, 4, 3))",
    ),
    # ---- dual numbers
    Case(
        f"{FA}dual_level {FA}make_dual {FA}unpack_dual",
        "fwAD = torch.autograd.forward_ad\nx, t = T(3), T(3)\nwith fwAD.dual_level():\n"
        "    y = fwAD.unpack_dual(fwAD.make_dual(x, t).sin() * x)\ny.primal, y.tangent, tuple(y)",
    ),
    Case(
        f"{FA}unpack_dual",
        "fwAD = torch.autograd.forward_ad\nwith fwAD.dual_level():\n"
        "    y = fwAD.unpack_dual(T(3) * 2)\ny.tangent is None, y.primal",
    ),
    Case(
        f"{FA}enter_dual_level {FA}exit_dual_level",
        "fwAD = torch.autograd.forward_ad\nlevel = fwAD.enter_dual_level()\n"
        "y = fwAD.make_dual(T(3), T(3)) ** 2\nr = fwAD.unpack_dual(y).tangent\n"
        "fwAD.exit_dual_level()\nlevel, r",
    ),
    Case(
        f"{FA}make_dual",
        "fwAD = torch.autograd.forward_ad\nx, t = C(3), C(3)\nwith fwAD.dual_level():\n"
        "    d = fwAD.make_dual(x.clone(), t.clone())\n    d.mul_(2).add_(d)\n    d[0] = 1.0\n"
        "    v = d[1:]\n    v.exp_()\n    r = fwAD.unpack_dual(d).tangent\nr",
    ),
    Case(
        f"{FA}make_dual",
        "fwAD = torch.autograd.forward_ad\nm = fill(nn.Linear(3, 2))\nx = T(4, 3)\nt = T(2, 3)\n"
        "with fwAD.dual_level():\n    w = fwAD.make_dual(m.weight, t)\n"
        "    y = fwAD.unpack_dual(F.linear(x, w, m.bias).relu().sum()).tangent\ny",
    ),
    Case(f"{FA}make_dual", "torch.autograd.forward_ad.make_dual(T(3), T(3))", raises=True),
    Case(
        f"{FA}make_dual",
        "with torch.autograd.forward_ad.dual_level():\n"
        "    torch.autograd.forward_ad.make_dual(T(3), T(2))",
        raises=True,
    ),
    Case(f"{FA}exit_dual_level", "torch.autograd.forward_ad.exit_dual_level()", raises=True),
]
