"""torch.autograd.Function, modes, hooks on tensors, anomaly mode and gradcheck."""

from __future__ import annotations

from harness import Case

FUNCTION = """
Function = torch.autograd.Function
log = []
def make(forward, backward=None, setup=None, **more):
    names = {"forward": staticmethod(forward), **more}
    if backward: names["backward"] = staticmethod(backward)
    if setup: names["setup_context"] = staticmethod(setup)
    return type("Made", (Function,), names)
def note(value, result):
    log.append(value)
    return result
def facts(o):
    if isinstance(o, (tuple, list)): return [type(o).__name__, *(facts(i) for i in o)]
    if isinstance(o, dict): return {k: facts(v) for k, v in o.items()}
    if hasattr(o, "requires_grad"):
        return o.detach(), o.requires_grad, o.is_leaf, o.grad_fn.name() if o.grad_fn else None
    return o
def grad(y, *xs): return torch.autograd.grad(y.sum(), xs, allow_unused=True)
def save(ctx, x): ctx.save_for_backward(x); return x ** 3
def use(ctx, g): return g * 3 * ctx.saved_tensors[0] ** 2
def save_output(ctx, x): y = x.exp(); ctx.save_for_backward(y); return y
def change(ctx, x): x.mul_(2); ctx.mark_dirty(x); return x
def change_first(ctx, x, y): x.mul_(2); ctx.mark_dirty(x); return x, y * 2
def two(ctx, x): return x * 2, x * 3
def two_or_none(ctx, x): ctx.set_materialize_grads(False); return x * 2, x * 3
def half(ctx, x): a, b = x * 2, x * 3; ctx.mark_non_differentiable(b); return a, b
double = lambda ctx, g: g * 2
x, w = T(3), T(3)
"""


def function(code: str, **kwargs: object) -> Case:
    names = ("torch.autograd.Function", "subclass of torch.autograd.Function")
    return Case(names, FUNCTION + code, **kwargs)  # type: ignore[arg-type]


FUNCTIONS = [
    # What forward returns.
    *(
        function(f"facts(make(lambda ctx, x: {output}, lambda ctx, *g: g[0]).apply(x))")
        for output in (
            "[x * 2, x * 3]", "(x * 2,)", "()", "None", "(x * 2, 'a', 3, None)", "{'a': x * 2}", "x",
            "x[1:]", "x.view(3, 1)", "(x, x)", "(x.long(), x * 2)", "3", "x.detach()", "x.long()",
        )
    ),
    function("facts(make(half, lambda ctx, a, b: a).apply(x))"),
    function("def f(ctx, x): ctx.mark_non_differentiable(x); return x\n"
             "facts(make(f, double).apply(x))"),
    # What backward returns and is given.
    *(
        function(f"grad(make(lambda ctx, x: x * 2, lambda ctx, g: {result}).apply(x), x)")
        for result in ("g", "(g, None)", "(g, None, None)", "None", "g.expand(2, 3)", "g.double()",
                       "(g,)", "g.long()")
    ),
    *(
        function(f"make(lambda ctx, x: x * 2, lambda ctx, g: {result}).apply(x).sum().backward()",
                 raises=True)
        for result in ("(g, g)", "()", "[g]", "g[:2]", "g.sum()", "3.0", "'a'", "1 / 0")
    ),
    function("grad(make(lambda ctx, x, k: x * k, lambda ctx, g: (g * 2, g)).apply(x, 3), x)",
             raises=True),
    *(
        function(f"r = grad(make({forward}, lambda ctx, *g: note([None if t is None else "
                 "(str(t.dtype).split('.')[-1], t.tolist()) for t in g], g[0])).apply(x)[0], x)\nr, log")
        for forward in ("two", "two_or_none", "half", "lambda ctx, x: (x * 2, x.long())",
                        "lambda ctx, x: (x * 2, 's')")
    ),
    function("r = grad(make(two, lambda ctx, a, b: None).apply(x)[0], x)\nr"),
    function("def f(x, k): return x * k\n"
             "grad(make(lambda ctx, x, k=1: x * k, lambda ctx, g: (g, None)).apply(x), x)"),
    function("y = make(lambda ctx, x, k=1: note(ctx.needs_input_grad, x * k), lambda ctx, g: "
             "(g * 3, None)).apply(x, k=3)\ngrad(y, x), log"),
    function("make(lambda ctx, x, k=1: x * k, double).apply(x, k=w).sum().backward()", raises=True),
    function("make(lambda ctx, x, k=1: x * k, lambda ctx, g: (g * 3, g * 2)).apply(x, k=w)", order=1),
    # The context.
    function("y = make(lambda ctx, a, b, c, k: note(ctx.needs_input_grad, a * c), lambda ctx, g: "
             "note(ctx.needs_input_grad, (g, None, None, None))).apply(x, w.detach(), w, 5)\n"
             "grad(y, x), log"),
    function("with torch.no_grad():\n    y = make(lambda ctx, x: note(ctx.needs_input_grad, x * 2))"
             ".apply(x)\nfacts(y), log"),
    function("y = make(lambda ctx, x: note((torch.is_grad_enabled(), x.requires_grad, "
             "(x * 2).requires_grad), x * 2), lambda ctx, g: note((torch.is_grad_enabled(), "
             "g.requires_grad), g)).apply(x)\ngrad(y, x), log"),
    function("make(save, use).apply(x)"),
    function("make(save_output, lambda ctx, g: g * ctx.saved_tensors[0]).apply(x)"),
    function("make(save, use).apply(x).grad_fn.saved_tensors"),
    function("def f(ctx, x): ctx.save_for_backward(x); ctx.save_for_backward(x * 2); return x * 2\n"
             "grad(make(f, lambda ctx, g: g * ctx.saved_tensors[0]).apply(x), x)"),
    function("def f(ctx, x): ctx.save_for_backward(x, None); return x * 2\n"
             "grad(make(f, lambda ctx, g: note(ctx.saved_tensors[1], g)).apply(x), x), log"),
    function("def f(ctx, x): y = x.exp(); ctx.save_for_backward(y); return y * 2\n"
             "grad(make(f, lambda ctx, g: g * ctx.saved_tensors[0]).apply(x), x)"),
    function("def f(ctx, x): ctx.k = 7; return x * 2\nmake(f, double).apply(x).grad_fn.k"),
    function("def g(ctx, g):\n    with torch.enable_grad():\n"
             "        z = ctx.saved_tensors[0].detach().requires_grad_(); (z ** 3).sum().backward()\n"
             "    return z.grad * g\ngrad(make(save, g).apply(x), x)"),
    function("def f(ctx, x): ctx.save_for_forward(x); return x * 2\n"
             "grad(make(f, double).apply(x), x)"),
    function("y = make(save, use).apply(x)\ny.grad_fn.name(), y.grad_fn.needs_input_grad, "
             "len(y.grad_fn.next_functions)"),
    # setup_context.
    function("def s(ctx, inputs, output): ctx.k = inputs[1]; ctx.save_for_backward(output)\n"
             "make(lambda x, k: x * k, lambda ctx, g: (g * ctx.k, None), s).apply(x, 3)"),
    function("def s(ctx, inputs, output): ctx.k = inputs[1]\n"
             "make(lambda x, k=5: x * k, lambda ctx, g: (g * ctx.k, None), s).apply(x)"),
    function("def s(ctx, inputs, output): log.append((len(inputs), torch.is_grad_enabled()))\n"
             "make(lambda *a: a[0] * a[1], lambda ctx, g: (g * w, g * x), s).apply(x, w), log"),
    # Changes in place.
    function("D = make(change, double)\na = x * 1\ny = D.apply(a)\ny is a, facts(y), grad(a, x)"),
    function("D = make(change, double)\na = x * 1\ny = D.apply(a[:2])\nfacts(a)[:3], grad(a, x)"),
    function("D = make(change, double)\na = torch.ones(2)\nD.apply(a) is a, a, a._version"),
    function("a = x * 1\nr = make(change_first, lambda ctx, g, h: (g * 2, h * 2)).apply(a, w)\n"
             "r[0] is a, facts(r), grad(r[0] * r[1], x, w)"),
    function("a = C(3).clone()\nr = make(change_first, lambda ctx, g, h: (g * 2, h * 2)).apply(a, w)\n"
             "facts(r), grad(r[0] * r[1], w)"),
    function("def f(ctx, x): y = x * 2; ctx.mark_dirty(y); return y\n"
             "facts(make(f, double).apply(x * 1))"),
    function("y = make(save, use).apply(x)\ny.mul_(2)\ngrad(y, x)"),
    *(
        function(code, raises=True)
        for code in (
            "make(change, double).apply(x)",
            "make(lambda ctx, x: (change(ctx, x), x * 1)[1], double).apply(x * 1)",
            "make(lambda ctx, x: (ctx.mark_dirty(3), x)[1], double).apply(x)",
            "make(lambda ctx, x: (ctx.mark_non_differentiable(3), x * 2)[1], double).apply(x)",
            "make(lambda ctx, x: (ctx.save_for_backward(3), x * 2)[1], double).apply(x)",
            "make(lambda ctx, x: (ctx.save_for_backward([x]), x * 2)[1], double).apply(x)",
            "y = make(save, use).apply(x); y.sum().backward(); y.sum().backward()",
            "a = x * 1; y = make(save, use).apply(a); a.add_(1); y.sum().backward()",
            "y = make(lambda ctx, x: x.view(3), double).apply(x * 1); y.mul_(2)",
            "y = make(lambda ctx, x: x, double).apply(x * 1); y.mul_(2)",
            "make(lambda ctx, x: x * 2).apply(x).sum().backward()",
            "Function.apply(x)",
            "Function.jvp(None)",
            "Function.vmap(None, None)",
            "make(lambda ctx, x: x * 2)()(x)",
            "y = make(lambda ctx, x: x * 2, double, vjp=staticmethod(double)).apply(x)\n"
            "y.sum().backward()",
            "make(lambda ctx, x: 1 / 0, double).apply(x)",
        )
    ),
    function("grad(make(lambda ctx, x: x * 2, vjp=staticmethod(double)).apply(x), x)"),
    function("V = make(lambda x: x * 2, double, lambda ctx, i, o: None, generate_vmap_rule=True)\n"
             "grad(V.apply(x), x), V.generate_vmap_rule, Function.generate_vmap_rule"),
    Case("torch.autograd.function.once_differentiable", FUNCTION
         + "once = torch.autograd.function.once_differentiable\n"
           "grad(make(save, once(use)).apply(x), x)"),
    Case("torch.autograd.function.once_differentiable", FUNCTION
         + "once = torch.autograd.function.once_differentiable\ny = make(save, once(use)).apply(x)\n"
           "g, = torch.autograd.grad(y, x, w, create_graph=True)\ng.sum().backward()", raises=True),
    Case("torch.autograd.function.InplaceFunction", FUNCTION
         + "torch.autograd.function.InplaceFunction(inplace=True).inplace"),
]  # fmt: skip

MODES = [
    Case("torch.inference_mode Tensor.is_inference torch.is_inference", """
x = T(3)
with torch.inference_mode():
    a, b, v = torch.ones(2), x * 2, x[:2]
    r = (a.is_inference(), b.is_inference(), v.is_inference(), torch.is_inference(a),
         torch.is_inference_mode_enabled(), torch.is_grad_enabled(), b.requires_grad)
r, x.is_inference(), (a + 1).is_inference(), a.clone().is_inference(), a[:1].is_inference()"""),
    *(
        Case("torch.inference_mode", "x = T(3)\nwith torch.inference_mode(): a = torch.ones(3)\n"
             + code, raises=True)
        for code in ("a * x", "a.add_(1)", "a._version", "a.requires_grad_()",
                     "with torch.inference_mode(): a.backward()")
    ),
    Case("torch.inference_mode", """
@torch.inference_mode()
def f(): return torch.is_inference_mode_enabled()
@torch.inference_mode
def g(): return torch.is_inference_mode_enabled()
@torch.inference_mode(False)
def h(): return torch.is_inference_mode_enabled()
@torch.inference_mode(mode=True)
def i():
    with torch.inference_mode(False): yield torch.is_inference_mode_enabled()
    yield torch.is_inference_mode_enabled()
f(), g(), h(), list(i()), f.__name__, torch.is_inference_mode_enabled()"""),
    *(
        Case(f"torch.{mode}", f"""
mode = torch.{mode}
@{decorator}
def steps(n):
    "Counts."
    got = []
    for i in range(n):
        got.append((yield i, torch.is_grad_enabled()))
    try:
        yield got
    finally:
        got.append(torch.is_grad_enabled())
    return got
g = steps(2)
r = [next(g), torch.is_grad_enabled(), g.send("a"), g.send("b"), torch.is_grad_enabled()]
try:
    next(g)
except StopIteration as e:
    r.append(e.value)
g = steps(1); next(g); g.close()
r, steps.__doc__, torch.is_grad_enabled()""")
        for mode, decorator in (("no_grad", "mode()"), ("no_grad", "mode"), ("enable_grad", "mode()"),
                                ("set_grad_enabled", "mode(False)"), ("set_grad_enabled", "mode(True)"),
                                ("inference_mode", "mode()"))
    ),
    Case("torch.set_grad_enabled", """
c = torch.set_grad_enabled(False)
a = torch.is_grad_enabled()
with c: b = torch.is_grad_enabled()
d = torch.is_grad_enabled()
torch.set_grad_enabled(True)
a, b, d, c.mode, torch.is_grad_enabled()"""),
    Case("torch.set_grad_enabled", "torch.set_grad_enabled('a')", raises=True),
    Case("torch.no_grad torch.inference_mode", "[type(m.clone()).__name__ for m in (torch.no_grad(), "
         "torch.enable_grad(), torch.set_grad_enabled(True), torch.inference_mode())], "
         "torch.inference_mode(False).clone().mode"),
    Case("torch.no_grad", """
@torch.no_grad()
class A:
    def __init__(self): self.on = torch.is_grad_enabled()
    def f(self): return torch.is_grad_enabled()
A().on, A().f()"""),
    Case("torch.autograd.set_multithreading_enabled", "x = T(3)\n"
         "with torch.autograd.set_multithreading_enabled(False): g = torch.autograd.grad(x.sum(), x)"
         "\ng"),
    Case("torch.autograd.grad_mode", "torch.autograd.grad_mode.no_grad is torch.no_grad"),
    Case("Tensor.retain_grad", "x = T(3)\na = x * 2\nr = [a.retains_grad, x.retains_grad]\n"
         "a.retain_grad(); a.retain_grad(); x.retain_grad()\nb = a.sin()\nb.sum().backward()\n"
         "r, a.retains_grad, x.retains_grad, a.grad, b.grad, x.grad", order=0),
    Case("Tensor.retain_grad", "C(2).retain_grad()", raises=True),
]  # fmt: skip

HOOKS = [
    Case("Tensor.grad_fn", "x = T(3)\ny = x.exp()\nx.grad_fn, y.grad_fn.name(), y.detach().grad_fn, "
         "(y * 2).grad_fn.next_functions[0][0] == y.grad_fn"),
    Case("Tensor._grad", "x = T(3)\na = x._grad\n(x * 2).sum().backward()\nb = x._grad\n"
         "x._grad = None\na, b, x.grad", order=0),
    Case("nn.Module.register_forward_pre_hook", """
m = fill(nn.Linear(3, 2))
log = []
h = m.register_forward_pre_hook(lambda mod, args: (log.append(mod is m), (args[0] * 2,))[1])
k = m.register_forward_pre_hook(lambda mod, args, kwargs: log.append(sorted(kwargs)), with_kwargs=True)
a = m(T(4, 3))
h.remove(); k.remove()
a + m(T(4, 3)), log"""),
    *(
        Case("Tensor.register_hook", f"x = T(3)\na = x * 2\nh = a.register_hook({hook})\na.sin()")
        for hook in ("lambda g: g * 2", "lambda g: None", "lambda g: g.detach() + 1",
                     "lambda g: torch.zeros_like(g)")
    ),
    *(
        Case("Tensor.register_hook", f"x = T(3)\na = x * 2\na.register_hook({hook})\n"
             "a.sin().sum().backward()", raises=True)
        for hook in ("lambda g: 3", "lambda g: g[:1]", "3", "lambda g: g.long()",
                     "lambda g: 1 / 0", "lambda: 0")
    ),
    Case("Tensor.register_hook", "C(2).register_hook(print)", raises=True),
    Case("Tensor.register_hook torch.utils.hooks.RemovableHandle", """
import importlib
H = importlib.import_module(torch.__name__ + ".utils.hooks")
x = T(3); log = []
a = x * 2
h = a.register_hook(lambda g: log.append(1))
r = isinstance(h, H.RemovableHandle), isinstance(h.id, int)
with h: a.sum().backward(retain_graph=True)
a.sum().backward(retain_graph=True)
h.remove(); h.remove()
r, log"""),
    Case("Tensor.register_hook", """
x = T(3); log = []
a = x * 2
a.register_hook(lambda g: log.append(1))
a.mul_(2)
a.register_hook(lambda g: log.append(2))
a.sum().backward()
log, x.grad""", order=0),
    Case("Tensor.register_hook", """
x = T(3); log = []
x.register_hook(lambda g: (log.append("a"), g * 2)[1])
x.register_hook(lambda g: log.append("b"))
(x * x.exp()).sum().backward()
log, x.grad""", order=0),
    Case("Tensor.register_post_accumulate_grad_hook", """
x = T(3); log = []
def use(p):
    log.append((p is x, p.grad.tolist() is not None, torch.is_grad_enabled()))
    p.grad = None
h = x.register_post_accumulate_grad_hook(use)
(x * 2).sum().backward(); (x * 3).sum().backward()
torch.autograd.grad((x * 2).sum(), x)
h.remove()
(x * 3).sum().backward()
log, x.grad""", order=0),
    Case("Tensor.register_post_accumulate_grad_hook", """
x = T(3); log = []
x.register_hook(lambda g: log.append("hook"))
x.register_post_accumulate_grad_hook(lambda p: log.append("after"))
x.exp().sum().backward()
log""", order=0),
    *(
        Case("Tensor.register_post_accumulate_grad_hook", "x = T(3)\n" + code, raises=True)
        for code in ("(x * 2).register_post_accumulate_grad_hook(print)",
                     "C(2).register_post_accumulate_grad_hook(print)",
                     "x.register_post_accumulate_grad_hook(lambda p: 5); x.sum().backward()")
    ),
]  # fmt: skip

ANOMALY = "A = torch.autograd\nx = torch.zeros(1, requires_grad=True)\n"
CHECK = """
A = torch.autograd
x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
z = torch.tensor([1.0 + 2.0j, 0.5j], dtype=torch.complex128, requires_grad=True)
class Wrong(A.Function):
    @staticmethod
    def forward(ctx, a): return a ** 2
    @staticmethod
    def backward(ctx, g): return g
square = lambda a: a ** 2
"""
CHECKS = [
    Case("torch.autograd.detect_anomaly", ANOMALY
         + "with A.detect_anomaly(): r = torch.is_anomaly_enabled(), "
           "torch.is_anomaly_check_nan_enabled()\nr, torch.is_anomaly_enabled()"),
    Case("torch.autograd.detect_anomaly", ANOMALY
         + "with A.detect_anomaly(check_nan=False):\n    (torch.sqrt(x * 0) * 0).sum().backward()\n"
           "    r = torch.is_anomaly_check_nan_enabled()\nr, x.grad"),
    *(
        Case("torch.autograd.detect_anomaly torch.autograd.set_detect_anomaly", ANOMALY
             + f"with A.{mode}:\n    (torch.sqrt(x * 0) * 0).sum().backward()", raises=True)
        for mode in ("detect_anomaly()", "detect_anomaly(check_nan=True)",
                     "set_detect_anomaly(True)", "set_detect_anomaly(True, True)")
    ),
    Case("torch.autograd.set_detect_anomaly", ANOMALY + """
on = lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
r = [on()]
A.set_detect_anomaly(True); r.append(on())
A.set_detect_anomaly(True, check_nan=False); r.append(on()[0])
A.set_detect_anomaly(False); r.append(on()[0])
with A.set_detect_anomaly(True, False): r.append(on())
r.append(on()[0])
with A.detect_anomaly():
    with A.set_detect_anomaly(False): r.append(on()[0])
    r.append(on()[0])
r, on()[0]"""),
    *(
        Case("torch.autograd.gradcheck torch.autograd.gradgradcheck", CHECK + code)
        for code in (
            *(
                f"A.gradcheck(square, x, {k}), A.gradcheck(Wrong.apply, x, raise_exception=False, {k})"
                for k in ("eps=1e-5", "fast_mode=True", "nondet_tol=1e-3", "check_undefined_grad=False",
                          "check_grad_dtypes=True", "check_batched_grad=True", "masked=True")
            ),
            "A.gradcheck(Wrong.apply, x, atol=10.0), A.gradcheck(Wrong.apply, x, rtol=10.0)",
            *(
                f"A.gradgradcheck(square, x, {k})"
                for k in ("eps=1e-5", "fast_mode=True", "gen_non_contig_grad_outputs=True",
                          "check_grad_dtypes=True", "check_fwd_over_rev=True", "masked=False",
                          "grad_outputs=torch.ones(2, dtype=torch.float64, requires_grad=True)")
            ),
            "A.gradcheck(square, x, check_forward_ad=True)",
            "A.gradcheck(square, x, check_forward_ad=True, check_backward_ad=False)",
            "A.gradcheck(lambda a, k: (a * k, a.sum()), (x, 3))",
            "A.gradcheck(lambda a, b: a @ b, (x, x.detach().clone()))",
            "A.gradcheck(lambda a: (a * 2).long(), x)",
            "A.gradcheck(lambda z: z * z.conj(), z), A.gradcheck(lambda z: z.abs(), z)",
            "A.gradcheck(square, x.detach().float().requires_grad_(), eps=1e-2, atol=1.0)",
            "issubclass(A.gradcheck.__globals__['GradcheckError'], RuntimeError)",
        )
    ),
    *(
        Case("torch.autograd.gradcheck torch.autograd.gradgradcheck", CHECK + code, raises=True)
        for code in (
            "A.gradcheck(Wrong.apply, x)",
            "A.gradcheck(Wrong.apply, x, fast_mode=True)",
            "A.gradcheck(lambda a: a.detach(), x)",
            "A.gradcheck(square, x.detach())",
            "A.gradcheck(square, x, check_backward_ad=False)",
            "A.gradcheck(square, x, check_batched_grad=True, check_backward_ad=False)",
            "A.gradcheck(square, x, check_batched_forward_grad=True)",
            "A.gradgradcheck(square, x, check_rev_over_rev=False)",
            "A.gradcheck(square, torch.ones(1, dtype=torch.float64, requires_grad=True).expand(3))",
            "A.gradcheck(lambda a: a * torch.rand(()), x)",
        )
    ),
]  # fmt: skip

CASES = [*FUNCTIONS, *MODES, *HOOKS, *CHECKS]
