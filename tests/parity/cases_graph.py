"""torch.autograd.graph and torch.utils.checkpoint."""

from __future__ import annotations

from harness import Case

G = "torch.autograd.graph"
GRAPH = """
G = torch.autograd.graph
log = []
def pack(t): log.append(tuple(t.shape)); return t.detach().clone()
def unpack(t): log.append("unpack"); return t
same = lambda t: t
def grads(y, *xs): return torch.autograd.grad(y.sum(), xs, create_graph=True)
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x ** 3
        ctx.save_for_backward(x, y, None, torch.ones(1))
        return y
    @staticmethod
    def backward(ctx, g):
        x, y, nothing, one = ctx.saved_tensors
        assert nothing is None
        return g * 3 * x ** 2 * one.to(g.dtype) + 0 * y
"""
CHECKPOINT = (
    GRAPH
    + """
import importlib
K = importlib.import_module(torch.__name__ + ".utils.checkpoint")
calls = [0]
def f(x, *rest):
    calls[0] += 1
    y = x.sin().exp()
    for r in rest:
        if hasattr(r, "sin"): y = y * r.sin()
    return y
def by_backward(y, *xs):
    y.sum().backward()
    return [x.grad for x in xs]
"""
)


def graph(names: str, code: str, **kwargs: object) -> Case:
    full = " ".join(f"{G}.{n}" if "." not in n else n for n in names.split())
    return Case(full, GRAPH + code, **kwargs)  # type: ignore[arg-type]


def check(names: str, code: str, **kwargs: object) -> Case:
    full = " ".join(f"torch.utils.checkpoint.{n}" if "." not in n else n for n in names.split())
    return Case(full, CHECKPOINT + code, **kwargs)  # type: ignore[arg-type]


# What operations save, and the number of times that hooks see it.
HOOKED = [
    "x * x",
    "x.exp()",
    "x.exp().sin()",
    "x @ x",
    "x + 2.0",
    "x * 2.0",
    "(x * 2.0).tanh()",
    "x.sigmoid() * x.abs()",
    "x.reshape(1, 3).expand(2, 3) * x",
    "Cube.apply(x)",
    "Cube.apply(x.exp())",
    "torch.where(x > 0, x, x.exp())",
    "(x * 1).mul_(x.exp())",
    "(x * 1).exp_()",
    "(x * 1)[1:].mul_(2).sin()",
    "x.softmax(0) * x.log_softmax(0).exp()",
    "F.layer_norm(x.reshape(1, 3), (3,), x, x)",
    "F.linear(x, x.reshape(1, 3))",
    "x.max() * x.prod()",
    "torch.linalg.inv(torch.eye(3, dtype=x.dtype) * 3 + x)",
    "F.max_pool1d(x.reshape(1, 1, 3), 2)",
    "F.conv1d(x.reshape(1, 1, 3), x.reshape(1, 1, 3))",
    "x.cumsum(0).sort()[0] * x",
    "x.std() * x.norm()",
]

SAVED = [
    *(
        graph(
            "saved_tensors_hooks",
            f"x = T(3)\nwith G.saved_tensors_hooks(pack, unpack):\n    y = {code}\ny",
        )
        for code in HOOKED
    ),
    *(
        graph("save_on_cpu", f"x = T(3)\nwith G.save_on_cpu(pin_memory={pin}):\n    y = {code}\ny")
        for code in HOOKED[::3]
        for pin in (False, True)
    ),
    graph("save_on_cpu", "G.save_on_cpu(device_type='cpu').pack_hook is not None"),
    *(
        graph(
            "saved_tensors_hooks",
            f"x = T(3)\nwith G.saved_tensors_hooks(pack, unpack):\n    y = {code}\n"
            "torch.autograd.grad(y.sum(), x)\nlog",
        )
        for code in ("x * x", "x.exp()", "x.exp().sin()", "x + 2.0", "x * 2.0", "Cube.apply(x)")
    ),
    # What pack sees.
    graph(
        "saved_tensors_hooks",
        "x = T(3)\nseen = []\n"
        "def look(t): seen.append((t is x, t.requires_grad, str(t.dtype)[-7:])); return t.detach()\n"
        "with G.saved_tensors_hooks(look, same):\n    y = (x * x).sum() + x.exp().sum()\nseen",
    ),
    graph(
        "saved_tensors_hooks",
        "x = T(3)\nseen = []\n"
        "def look(t): seen.append((torch.is_grad_enabled(), (t * 2).requires_grad)); return t\n"
        "with G.saved_tensors_hooks(look, same):\n    y = x * x\nseen",
    ),
    graph(
        "saved_tensors_hooks",
        "x = T(3)\nkeep = {}\n"
        "def put(t): keep[len(keep)] = t.detach().numpy().copy(); return len(keep) - 1\n"
        "def get(i): return torch.as_tensor(keep[i])\n"
        "with G.saved_tensors_hooks(put, get):\n    y = (x * x.exp()).sin()\n"
        "torch.autograd.grad(y.sum(), x), len(keep)",
    ),
    # Nested ones, decorators and exceptions.
    graph(
        "saved_tensors_hooks",
        "x = T(3)\nwith G.saved_tensors_hooks(lambda t: (log.append(1), t)[1], same):\n"
        "    with G.saved_tensors_hooks(lambda t: (log.append(2), t)[1], same):\n        y = x * x\n"
        "    z = x.sin()\nlog, y + z",
    ),
    graph(
        "saved_tensors_hooks",
        "x = T(3)\ntry:\n    with G.saved_tensors_hooks(pack, same):\n        raise KeyError\n"
        "except KeyError:\n    pass\ny = x * x\nlog, y",
    ),
    graph(
        "saved_tensors_hooks",
        "x = T(3)\nh = G.saved_tensors_hooks(pack, same)\n"
        "with h:\n    with h:\n        y = x * x\n    y = y * x\nlog, y",
    ),
    graph(
        "saved_tensors_hooks torch.no_grad",
        "x = T(3)\nwith G.saved_tensors_hooks(pack, same), torch.no_grad():\n    y = x * x\nlog, y",
    ),
    # Changes in place are not noticed under hooks.
    graph(
        "saved_tensors_hooks",
        "x = T(3)\na = x * 1\nwith G.saved_tensors_hooks(pack, unpack):\n"
        "    y = a * a\na.mul_(2)\ntorch.autograd.grad(y.sum(), x)",
    ),
    graph(
        "saved_tensors_hooks",
        "x = T(3)\nwith G.saved_tensors_hooks(same, lambda t: t.double()):"
        "\n    y = x * x\ntorch.autograd.grad(y.sum(), x)",
    ),
    graph(
        "saved_tensors_hooks",
        "x = T(3)\nwith G.saved_tensors_hooks(pack, unpack):\n"
        "    y = (x * x * x).sum()\ny.backward(retain_graph=True)\ny.backward()\nx.grad, len(log)",
    ),
    graph(
        "disable_saved_tensors_hooks",
        "x = T(3)\nwith G.disable_saved_tensors_hooks('no'):\n"
        "    y = x * x\nwith G.saved_tensors_hooks(pack, same):\n    z = y * y\nlog",
    ),
    graph(
        "disable_saved_tensors_hooks",
        "@G.disable_saved_tensors_hooks('no')\ndef g(x): return x * x\ng(T(3))",
    ),
    *(
        graph("saved_tensors_hooks disable_saved_tensors_hooks", "x = T(3)\n" + code, raises=True)
        for code in (
            "with G.saved_tensors_hooks(same, lambda t: 3): y = x * x\ny.sum().backward()",
            "with G.saved_tensors_hooks(same, lambda t: None): y = x.exp()\ny.sum().backward()",
            "with G.saved_tensors_hooks(same, lambda t: t[:2]): y = x * x\ny.sum().backward()",
            "with G.saved_tensors_hooks(lambda t: t.mul_(2), same): y = (x * 1).exp()",
            "with G.saved_tensors_hooks(1, 2): y = x * x",
            "with G.saved_tensors_hooks(lambda t: 1 / 0, same): x.exp().sin()",
            "with G.saved_tensors_hooks(same, lambda t: 1 / 0): y = x.exp()\ny.sum().backward()",
            "with G.saved_tensors_hooks(same, same): y = x * x\n"
            "y.sum().backward(); y.sum().backward()",
            "with G.disable_saved_tensors_hooks('no'):\n"
            "    with G.saved_tensors_hooks(same, same): pass",
            "with G.saved_tensors_hooks(same, same):\n"
            "    with G.disable_saved_tensors_hooks('no'): pass",
            "G.save_on_cpu(1, 2, 3)",
            "y = x * x; y.grad_fn._raw_saved_self.register_hooks(1, 2)",
            "y = x * x; h = y.grad_fn._raw_saved_self; h.register_hooks(same, same); "
            "h.register_hooks(same, same)",
            "y = x * x; y.sum().backward(); y.grad_fn._saved_self",
            "y = x * x; y.grad_fn._saved_nothing",
        )
    ),
    graph("Node", "y = T(3) * T(3)\ny.grad_fn._saved_self, y.grad_fn._saved_other"),
    graph("Node", "x = T(3)\nx.exp().grad_fn._saved_result, x.sin().grad_fn._saved_self"),
    graph(
        "Node",
        "x = T(3)\ny = x.exp()\ny.grad_fn._raw_saved_result.register_hooks(pack, unpack)\n"
        "torch.autograd.grad(y.sum(), x), log",
    ),
    graph(
        "Node",
        "y = Cube.apply(T(3))\n[None if t is None else t.detach() for t in "
        "y.grad_fn.saved_tensors]",
    ),
]

NODES = [
    graph(
        "Node",
        "x = T(3)\ny = x * 2\n[isinstance(n, G.Node) for n in (y.grad_fn, "
        "y.grad_fn.next_functions[0][0], 3, Cube.apply(x).grad_fn)]",
    ),
    graph(
        "Node",
        "x = T(3)\ny = x * x.exp()\ny.grad_fn.name(), [(n.name().split('::')[-1], i) "
        "for n, i in y.grad_fn.next_functions], Cube.apply(x).grad_fn.name()",
    ),
    graph(
        "Node",
        "x = T(3)\nn = (x * 2).grad_fn.next_functions[0][0]\nn.variable is x, n.next_functions",
    ),
    graph("Node", "y = T(3) * 2\nn = y.grad_fn\nn.metadata['a'] = 1\nn.metadata"),
    graph("Node", "y = (T(3) * T(3)).sum()\ny.grad_fn(torch.ones_like(y).detach())"),
    graph(
        "Node",
        "x = T(3)\ny = x * 2\n"
        "h = y.grad_fn.register_hook(lambda gi, go: (log.append((len(gi), len(go))), "
        "(gi[0] * 3,) + tuple(gi[1:]))[1])\n"
        "a = torch.autograd.grad(y.sum(), x, retain_graph=True)\nh.remove()\n"
        "a, torch.autograd.grad(y.sum(), x), log[0][1]",
    ),
    graph(
        "Node",
        "x = T(3)\ny = x.exp()\n"
        "h = y.grad_fn.register_prehook(lambda go: (go[0] * 3,))\n"
        "a = torch.autograd.grad(y.sum(), x, retain_graph=True)\nh.remove()\n"
        "a, torch.autograd.grad(y.sum(), x)",
    ),
    graph(
        "Node",
        "x = T(3)\nn = G.get_gradient_edge(x).node\n"
        "n.register_prehook(lambda go: (go[0] * 2,))\n"
        "n.register_hook(lambda gi, go: log.append((gi, go[0])))\n"
        "(x * 3).sum().backward()\nlog, x.grad",
        order=0,
    ),
    graph(
        "Node",
        "x = T(3)\ny = x.exp()\ny.grad_fn.register_hook(lambda gi, go: (1, 2, 3))\n"
        "y.sum().backward()",
        raises=True,
    ),
    graph(
        "get_gradient_edge GradientEdge",
        "x = T(3)\ne = G.get_gradient_edge(x * 2)\n"
        "type(e).__name__, e._fields, e.output_nr, e.node.name(), e.ownership_token",
    ),
    graph(
        "get_gradient_edge",
        "x = T(3)\na, b = (x * 2).split([1, 2])\n"
        "[G.get_gradient_edge(t).output_nr for t in (x, a, b)]",
    ),
    graph("get_gradient_edge", "G.get_gradient_edge(C(3))", raises=True),
    *(
        graph(
            "get_gradient_edge GradientEdge torch.autograd.grad torch.autograd.backward",
            "x = T(3)\ny = x * 2\nz = y.sin().sum()\ne = G.get_gradient_edge(y)\n"
            "A = torch.autograd\n" + code,
            order=1,
        )
        for code in (
            "A.grad(z, e)",
            "A.grad(z, [e, x, G.get_gradient_edge(x)])",
            "A.grad(e, x, C(3))",
            "A.grad([e, z], x, [C(3), None])",
            "A.grad(G.get_gradient_edge(z), x)",
            "A.grad(z, (e,), create_graph=True)",
            "A.backward(e, C(3)); x.grad",
            "A.backward([e, z], [C(3), None]); x.grad",
            "A.backward(z, inputs=[G.get_gradient_edge(x)]); x.grad",
            "q = Cube.apply(x); d = G.get_gradient_edge(q); A.grad(d, x, C(3), True), A.grad(q.sum(), [d, x])",
            "del y; A.grad(z, e)",
        )
    ),
    graph(
        "get_gradient_edge",
        "x = T(3)\ne = G.get_gradient_edge(x * 2)\ntorch.autograd.grad(e, x)",
        raises=True,
    ),
    graph(
        "increment_version",
        "a = torch.ones(2)\nG.increment_version(a)\n"
        "G.increment_version([a, a])\nG.increment_version(q for q in [a])\na._version",
    ),
    graph(
        "increment_version",
        "x = T(3)\na = x * 1\ny = a * a\nG.increment_version(a)\ny.sum().backward()",
        raises=True,
    ),
    graph("increment_version", "G.increment_version(3)", raises=True),
    graph("increment_version", "G.increment_version([3])", raises=True),
]

MULTI = [
    *(
        graph(
            "register_multi_grad_hook",
            f"""
x, w = T(3), T(3)
a, b = x * 2, w.exp()
c, z = a.sin(), T(3)
def fn(g): log.append([None if t is None else t.detach().clone() for t in g])
h = G.register_multi_grad_hook({tensors}, fn)
y = (a * b).sum() + c.sum()
{call}
a.sum().backward(retain_graph=True)
h.remove()
a.sum().backward()
log""",
            order=0,
        )
        for tensors in ("[a, b, c]", "[x, w]", "[a, x, z]", "(c,)")
        for call in (
            "y.backward(retain_graph=True)",
            "y.backward(inputs=[x], retain_graph=True)",
            "torch.autograd.grad(y, [a, b], retain_graph=True)",
        )
    ),
    graph(
        "register_multi_grad_hook",
        """
x, w = T(3), T(3)
a, b = x * 2, w * 3
h = G.register_multi_grad_hook([a, b], lambda g: log.append(g.tolist() != []), mode="any")
(a * b).sum().backward(retain_graph=True)
(x * 2 + a).sum().backward()
h.remove()
(x * 2 + w * 2).sum().backward()
log""",
        order=0,
    ),
    graph(
        "register_multi_grad_hook",
        "h = G.register_multi_grad_hook([T(2)], print)\nh.remove()\nwith h: pass\nh.remove()\n1",
    ),
    graph(
        "register_multi_grad_hook",
        "G.register_multi_grad_hook([T(2)], print, mode='some')",
        raises=True,
    ),
    graph("register_multi_grad_hook", "G.register_multi_grad_hook([C(2)], print)", raises=True),
]

MUTATION = [
    *(
        graph(
            "allow_mutation_on_saved_tensors",
            f"""
a = T(2, 3)
with G.allow_mutation_on_saved_tensors() as ctx:
    b = a.clone()
    {code}
r""",
            order=0,
        )
        for code in (
            "out = (b ** 2).sum(); b.sin_(); r = torch.autograd.grad(out, a)",
            "out = (b ** 2).sum(); b.sin_(); b.mul_(2); r = torch.autograd.grad(out + b.sum(), a)",
            "c = b[0]; out = (c ** 2).sum(); b.mul_(3); r = torch.autograd.grad(out, a)",
            "out = (b ** 2).sum(); b[0, 0] = 7.0; out = out + (b ** 2).sum(); b.zero_(); "
            "r = torch.autograd.grad(out, a)",
            "out = (b * 2).exp(); b.zero_(); out2 = out.sum(); out.zero_(); "
            "r = torch.autograd.grad(out2, a)",
            "out = b.exp().sum(); r = len(ctx.original), len(ctx.cloned)",
            "out = (b ** 2).sum(); b.sin_(); r = len(ctx.cloned) > 0",
        )
    ),
    *(
        graph("allow_mutation_on_saved_tensors", code, raises=True)
        for code in (
            "with G.allow_mutation_on_saved_tensors():\n"
            "    with G.allow_mutation_on_saved_tensors(): pass",
            "a = T(3)\nwith G.allow_mutation_on_saved_tensors():\n    out = (a ** 2).sum()\n"
            "out.backward()",
            "a = T(3)\nwith G.allow_mutation_on_saved_tensors() as ctx:\n    out = (a ** 2).sum()\n"
            "    ctx.clear()\n    out.backward()",
        )
    ),
]

# Keyword arguments of checkpoint, and calls that it must be transparent for.
KEYWORDS = [
    "use_reentrant=False",
    "use_reentrant=False, preserve_rng_state=False",
    "use_reentrant=False, early_stop=False",
    "use_reentrant=False, determinism_check='none'",
    "use_reentrant=False, context_fn=K.noop_context_fn",
]
CHECKPOINTS = [
    *(check("checkpoint", f"x = T(3)\nK.checkpoint(f, x, {k})") for k in KEYWORDS),
    # Not with debug=True: what PyTorch logs then, the test runner's own log handler cannot format.
    *(
        check("checkpoint", f"x = T(3)\ny = K.checkpoint({code}, use_reentrant=False)\ny")
        for code in (
            "f, x, T(3)",
            "f, x, C(3), 5, None, 'a'",
            "lambda x: (x.exp(), 'a', [x.sin(), {'k': x.tanh()}]), x",
            "lambda x: {'a': x.exp().sin()}, x",
            "lambda q: q['a'].exp().sin(), {'a': x}",
            "lambda x: x * 2, x",
            "lambda x: x.sort()[1], x",
            "lambda x: None, x",
            "Cube.apply, x",
            "lambda x: F.dropout(x, 0.0).exp(), x",
            "lambda x: (x * 1).exp_().mul_(2), x",
            "lambda a: K.checkpoint(f, K.checkpoint(f, a.cos(), use_reentrant=False), "
            "use_reentrant=False), x",
            "lambda a: K.checkpoint(lambda b: K.checkpoint(f, b.exp(), use_reentrant=False).sin(), "
            "a.cos(), use_reentrant=False), x",
            "f, C(3)",
        )
    ),
    check(
        "checkpoint",
        "x = T(3)\nK.checkpoint(lambda x, k=1: x.exp() * k, x, k=T(3), use_reentrant=False)",
    ),
    check(
        "checkpoint",
        "m = fill(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)))\n"
        "K.checkpoint(m, T(5, 3), use_reentrant=False)",
    ),
    check(
        "checkpoint",
        "m = fill(nn.Linear(3, 4))\nx = T(5, 3)\n"
        "y = K.checkpoint(m, x, use_reentrant=True)\nby_backward(y, x, m.weight, m.bias)",
        order=0,
    ),
    check(
        "checkpoint",
        "m = fill(nn.Linear(3, 4))\nx = T(5, 3)\n"
        "y = K.checkpoint(m, x, use_reentrant=False)\nby_backward(y, x, m.weight, m.bias)",
        order=0,
    ),
    *(
        check(
            "checkpoint",
            f"x, w = T(3), T(3)\ny = K.checkpoint({code}, use_reentrant=True)\n"
            "by_backward(y if hasattr(y, 'sum') else sum(t for t in y if hasattr(t, 'sin')), "
            "x, w), calls",
            order=0,
        )
        for code in (
            "f, x, w",
            "f, x, C(3), 5, None, 'a'",
            "f, x, w, preserve_rng_state=False",
            "lambda x, w: (x * 2, 'a', 3, w.exp()), x, w",
            "lambda x, w: (x.exp(), w.detach()), x, w",
            "lambda x, w: K.checkpoint(f, x * w, use_reentrant=True), x, w",
            "lambda x, w: K.checkpoint(f, x * w, use_reentrant=False), x, w",
            "f, x * 2, w",
        )
    ),
    check(
        "checkpoint",
        "x = T(3)\ny = K.checkpoint(lambda x: [x * 2, {'a': x}], x, "
        "use_reentrant=True)\ny[0].requires_grad, y[0].detach()",
    ),
    check(
        "checkpoint",
        "x = T(3)\ny = K.checkpoint(f, x, use_reentrant=True).sum()\n"
        "y.backward(retain_graph=True); y.backward(); x.grad, calls",
        order=0,
    ),
    check("checkpoint", "x = T(3)\nK.checkpoint(f, x).detach(), calls", order=0),
    check(
        "checkpoint",
        "x = C(3)\nK.checkpoint(f, x, use_reentrant=True), "
        "K.checkpoint(f, x, use_reentrant=False), calls",
    ),
    check(
        "checkpoint torch.no_grad",
        "x = T(3)\nwith torch.no_grad():\n"
        "    r = [K.checkpoint(f, x, use_reentrant=u) for u in (True, False)]\nr, calls",
    ),
    # How often the function is called, and how far.
    *(
        check(
            "checkpoint set_checkpoint_early_stop",
            f"""
x = T(3)
def steps(x):
    log.append("a"); y = x.sin()
    log.append("b"); z = y.cos()
    log.append("c"); return z + 1
with K.set_checkpoint_early_stop({enable}):
    y = K.checkpoint(steps, x, use_reentrant=False{more})
torch.autograd.grad(y.sum(), x)
log""",
        )
        for enable in (True, False)
        for more in ("", ", early_stop=False", ", early_stop=True")
    ),
    check(
        "checkpoint",
        "x = T(3)\ny = K.checkpoint(f, x, use_reentrant=False).sum()\n"
        "y.backward(retain_graph=True); y.backward(); x.grad, calls",
        order=0,
    ),
    check(
        "checkpoint",
        "x = T(3)\ny = K.checkpoint(f, x, use_reentrant=False)\n"
        "g, = torch.autograd.grad(y.sum(), x, create_graph=True)\n"
        "h, = torch.autograd.grad(g.sum(), x)\ng.detach(), h, calls",
    ),
    check(
        "checkpoint",
        "x = T(3)\na = x * 1\ny = K.checkpoint(lambda a: (a.sin().exp(), a), a, "
        "use_reentrant=False)[0]\ntorch.autograd.grad(y.sum(), [x, a])",
    ),
    # Random numbers and autocast are as they were.
    *(
        check(
            "checkpoint torch.nn.functional.dropout",
            f"""
x = C(200) + 1
x.requires_grad_()
y = K.checkpoint(lambda x: F.dropout(x, 0.5).exp(), x, use_reentrant={reentrant})
torch.rand(7)
state = torch.get_rng_state()
y.sum().backward()
# Where an element was dropped, the gradient is 0.
bool(((x.grad == 0) == (y == 1)).all()), bool((torch.get_rng_state() == state).all())""",
        )
        for reentrant in (True, False)
    ),
    *(
        check(
            "checkpoint torch.autocast",
            f"""
x = C(3, 3).float().requires_grad_()
def g(x):
    log.append((torch.is_autocast_enabled("cpu"), str(torch.get_autocast_dtype("cpu"))[-8:],
                str((x @ x).dtype)[-8:]))
    return (x.float() @ x.float()).float().sum()
with torch.autocast("cpu", dtype=torch.bfloat16, enabled={enabled}):
    y = K.checkpoint(g, x, use_reentrant={reentrant})
y.backward()
log, torch.is_autocast_enabled("cpu")""",
        )
        for reentrant in (True, False)
        for enabled in (True, False)
    ),
    check(
        "checkpoint noop_context_fn",
        """
import contextlib
@contextlib.contextmanager
def note(name):
    log.append(name + "+")
    yield
    log.append(name + "-")
x = T(3)
y = K.checkpoint(f, x, use_reentrant=False, context_fn=lambda: (note("f"), note("r")))
torch.autograd.grad(y.sum(), x)
log, calls, [type(c).__name__ for c in K.noop_context_fn()]""",
    ),
    *(
        check(
            "checkpoint CheckpointError",
            f"""
x = T(3)
n = [0]
def g(x):
    n[0] += 1
    if n[0] == 2:
        {second}
    return x.sin().exp()
y = K.checkpoint(g, x, use_reentrant=False{more})
y.sum().backward()""",
            raises=True,
        )
        for second, more in (
            ("return x.sin()", ""),
            ("return x.sin()", ", early_stop=False"),
            ("x = x.cos()", ", early_stop=False"),
            ("return x.sum().sin().exp()", ""),
            ("return x.to(torch.bfloat16).sin().exp()", ""),
            ("1 / 0", ""),
        )
    ),
    check(
        "checkpoint CheckpointError",
        """
x = T(3)
n = [0]
def g(x):
    n[0] += 1
    if n[0] == 2: x = x.cos()
    return x.sin().exp()
y = K.checkpoint(g, x, use_reentrant=False)
y.sum().backward()
n, issubclass(K.CheckpointError, RuntimeError)""",
    ),
    *(
        check("checkpoint", "x = T(3)\n" + code, raises=True)
        for code in (
            "K.checkpoint(f, x, use_reentrant=True, foo=1)",
            "K.checkpoint(f, x, use_reentrant=True, debug=True)",
            "K.checkpoint(f, x, use_reentrant=True, context_fn=lambda: None)",
            "K.checkpoint(f, x, use_reentrant=False, determinism_check='some')",
            "K.checkpoint(f, x, use_reentrant=False, foo=1)",
            "y = K.checkpoint(f, x, use_reentrant=True); torch.autograd.grad(y.sum(), x)",
            "y = K.checkpoint(f, x, use_reentrant=True); y.sum().backward(inputs=[x])",
            "y = K.checkpoint(lambda x: x.detach(), x, use_reentrant=True); y.sum().backward()",
            "y = K.checkpoint(f, x, use_reentrant=False); y.sum().backward(); y.sum().backward()",
            "a = x * 1; y = K.checkpoint(f, a, use_reentrant=False)\n"
            "with torch.no_grad(): a.add_(1)\ny.sum().backward()",
            "K.checkpoint(lambda x: 1 / 0, x, use_reentrant=False)",
            "K.detach_variable([x])",
        )
    ),
    check(
        "detach_variable",
        "x = T(3)\n[(t.requires_grad, t.is_leaf) if hasattr(t, 'sin') else t "
        "for t in K.detach_variable((x * 2, C(2), 3))]",
    ),
    check(
        "get_device_states DefaultDeviceType",
        "K.DefaultDeviceType.get_device_type(), K.get_device_states(T(2))",
    ),
    *(
        check(
            "checkpoint_sequential",
            f"""
m = fill(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2)))
x = T(5, 3)
K.checkpoint_sequential({functions}, {segments}, x, use_reentrant=False{more})""",
        )
        for functions in ("m", "list(m)")
        for segments in (1, 2, 3, 5)
        for more in ("", ", preserve_rng_state=False")
    ),
    check(
        "checkpoint_sequential",
        """
m = fill(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4)))
x = T(5, 3)
y = K.checkpoint_sequential(m, 2, x, use_reentrant=True)
by_backward(y, x, m[0].weight)""",
        order=0,
    ),
    check(
        "checkpoint_sequential",
        "K.checkpoint_sequential([torch.sin, torch.exp], 2, T(3)).detach()",
        order=0,
    ),
    *(
        check("checkpoint_sequential", f"K.checkpoint_sequential({code})", raises=True)
        for code in (
            "[torch.sin], 0, T(3), use_reentrant=False",
            "[torch.sin], 5, T(3), use_reentrant=False",
            "[torch.sin], 1, T(3), use_reentrant=False, foo=1",
        )
    ),
]

CASES = [*SAVED, *NODES, *MULTI, *MUTATION, *CHECKPOINTS]
