"""What every module can do: names, conversions, state, hooks, attributes, text, copies."""

from harness import Case

CASES: list[Case] = []

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 2)
        self.inner = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU())
        self.again = self.first
        self.scale = nn.Parameter(torch.ones(2))
        self.register_parameter('none', None)
        self.register_buffer('kept', torch.zeros(2))
        self.register_buffer('lost', torch.ones(1), persistent=False)
        self.register_buffer('void', None)
        self.plain = 3
    def forward(self, x):
        return self.inner(self.first(x)) * self.scale + self.kept
m = Net()
names = lambda pairs: [n for n, _ in pairs]
"""


def add(names: str, *codes: str, **options: object) -> None:
    """Cases with a module `m` in scope."""
    CASES.extend(
        Case(names, NET + code.replace("; ", "\n"), **options)  # type: ignore[arg-type]
        for code in codes
    )


def bad(names: str, *codes: str) -> None:
    add(names, *codes, raises=True)


M = "torch.nn.Module."

# ---- names
add(
    f"{M}named_parameters {M}named_buffers {M}named_modules {M}named_children {M}parameters "
    f"{M}buffers {M}modules {M}children",
    "[names(m.named_parameters()), names(m.named_buffers()), names(m.named_modules()), "
    "names(m.named_children())]",
    "[names(m.named_parameters('p')), names(m.named_parameters(prefix='p', recurse=False)), "
    "names(m.named_parameters(remove_duplicate=False))]",
    "[names(m.named_buffers('b')), names(m.named_buffers(prefix='b', recurse=False)), "
    "names(m.named_buffers('', True, False))]",
    "m.inner[1].running_mean = m.kept; [names(m.named_buffers()), "
    "names(m.named_buffers(remove_duplicate=False))]",
    "[names(m.named_modules(prefix='x')), names(m.named_modules(remove_duplicate=False)), "
    "names(m.named_modules(set(), 'x', False)), names(m.named_modules({m.inner}))]",
    "[[type(c).__name__ for c in m.children()], [type(c).__name__ for c in m.modules()], "
    "len(list(m.parameters())), len(list(m.parameters(recurse=False))), len(list(m.buffers())), "
    "len(list(m.buffers(False)))]",
    "[list(m._parameters), list(m._buffers), list(m._modules), m._parameters['none']]",
)
add(
    f"{M}get_submodule {M}get_parameter {M}get_buffer {M}set_submodule",
    "[m.get_submodule('') is m, m.get_submodule('inner.1') is m.inner[1], m.get_parameter('scale') "
    "is m.scale, m.get_parameter('inner.0.weight') is m.inner[0].weight, "
    "m.get_buffer('inner.1.running_var') is m.inner[1].running_var, m.get_buffer('lost')]",
    "m.set_submodule('inner.0', nn.Tanh()); m.set_submodule('first', nn.Identity()); repr(m)",
    "m.set_submodule('fresh', nn.Tanh()); repr(m)",
    "m.set_submodule('inner.2', nn.Tanh(), strict=True); repr(m)",
)
bad(
    f"{M}get_submodule {M}get_parameter {M}get_buffer {M}set_submodule",
    "m.get_submodule('other')",
    "m.get_submodule('scale')",
    "m.get_submodule('inner.7')",
    "m.get_parameter('other')",
    "m.get_parameter('kept')",
    "m.get_parameter('plain')",
    "m.get_parameter('first')",
    "m.get_buffer('scale')",
    "m.get_buffer('other.x')",
    "m.set_submodule('', nn.Tanh())",
    "m.set_submodule('fresh', nn.Tanh(), strict=True)",
    "m.set_submodule('other.x', nn.Tanh())",
    "m.set_submodule('scale', nn.Tanh())",
    "m.set_submodule('first', 3)",
)

# ---- registering
add(
    f"{M}register_buffer {M}register_parameter {M}add_module {M}register_module",
    "m.register_buffer('x', torch.ones(2)); m.register_buffer('y', None); m.register_buffer('z', "
    "torch.ones(1), False); [names(m.named_buffers()), list(m.state_dict())]",
    "m.register_buffer('kept', torch.ones(2), persistent=False); [list(m.state_dict()), m.kept]",
    "m.register_parameter('y', nn.Parameter(torch.ones(2))); m.register_parameter('z', None); "
    "names(m.named_parameters())",
    "m.add_module('x', nn.Tanh()); m.register_module('y', None); [names(m.named_children()), "
    "list(m._modules)]",
    "m.scale = None; m.first = None; m.kept = None; [names(m.named_parameters()), repr(m)]",
    "m.plain = nn.Parameter(torch.ones(1)); m.late = nn.Buffer(torch.ones(1)); m.other = "
    "nn.Buffer(torch.ones(1), persistent=False); [names(m.named_parameters()), list(m.state_dict()), "
    "names(m.named_buffers())]",
    "m.kept = nn.Buffer(torch.ones(2), persistent=False); list(m.state_dict())",
    "m.kept = torch.ones(2); m.plain = torch.ones(3); [names(m.named_buffers()), list(m.state_dict())]",
    "m.first = nn.Parameter(torch.ones(1)); [names(m.named_parameters()), names(m.named_modules())]",
    "del m.scale; del m.kept; del m.first; del m.plain; [hasattr(m, n) for n in ('scale', 'kept', "
    "'first', 'plain')] + names(m.named_parameters()) + names(m.named_buffers())",
    "del m.lost; m.register_buffer('lost', torch.ones(1)); list(m.state_dict())",
    "m.none = nn.Parameter(torch.ones(1)); names(m.named_parameters())",
    "m.void = torch.ones(1); names(m.named_buffers())",
    "sorted(n for n in dir(m) if n in ('scale', 'kept', 'first', 'none', 'plain'))",
)
bad(
    f"{M}register_buffer {M}register_parameter {M}add_module",
    "m.register_buffer('plain', torch.ones(1))",
    "m.register_buffer('a.b', torch.ones(1))",
    "m.register_buffer('', torch.ones(1))",
    "m.register_buffer(3, torch.ones(1))",
    "m.register_buffer('x', 3)",
    "m.register_buffer('scale', torch.ones(1))",
    "m.register_parameter('plain', None)",
    "m.register_parameter('a.b', None)",
    "m.register_parameter('', None)",
    "m.register_parameter(3, None)",
    "m.register_parameter('x', torch.ones(1))",
    "m.register_parameter('x', nn.Parameter(torch.ones(1)) * 1)",
    "m.add_module('plain', nn.Tanh())",
    "m.add_module('a.b', nn.Tanh())",
    "m.add_module('', nn.Tanh())",
    "m.add_module(3, nn.Tanh())",
    "m.add_module('x', 3)",
    "m.scale = torch.ones(2)",
    "m.scale = 3",
    "m.scale = nn.Tanh()",
    "m.scale = nn.Buffer(torch.ones(1))",
    "m.first = nn.Buffer(torch.ones(1))",
    "m.first = 3",
    "m.kept = 3",
    "m.other",
    "del m.other",
    "nn.Module()(3)",
    "class Early(nn.Module):\n    def __init__(self):\n        self.x = nn.Parameter(torch.ones(1))\nEarly()",
    "class Early(nn.Module):\n    def __init__(self):\n        self.x = nn.Tanh()\nEarly()",
    "class Early(nn.Module):\n    def __init__(self):\n        self.register_buffer('x', None)\nEarly()",
    "class Early(nn.Module):\n    def __init__(self):\n        self.x = nn.Buffer(torch.ones(1))\nEarly()",
    "nn.Module(3)",
    "nn.Module(x=3)",
)

# ---- conversions
KINDS = "[[t.dtype for t in m.state_dict().values()], m.scale.requires_grad, m.scale.is_leaf]"
for call in (
    *("half()", "float()", "double()", "bfloat16()", "to(torch.float64)", "to(torch.float16)"),
    *("to(dtype=torch.float64)", "to('cpu')", "to('cpu', torch.float64)", "to(device='cpu')"),
    *("to('cpu', torch.float64, True)", "to(torch.ones(1).double())", "to(torch.float64, True)"),
    *("to(torch.device('cpu'))", "cpu()", "to(torch.float64, non_blocking=True)", "to(None)"),
    *(
        "type(torch.float64)",
        "type(torch.float16)",
        "to(torch.complex64)",
        "to(memory_format=torch.channels_last)",
    ),
):
    add(f"{M}{call.split('(')[0]}", f"p = m.scale; r = m.{call}; [r is m, m.scale is p, {KINDS}]")
add(
    f"{M}to {M}to_empty {M}apply {M}train {M}eval {M}requires_grad_ {M}zero_grad {M}compile",
    "c = nn.Conv2d(2, 3, 2).to(memory_format=torch.channels_last); c.weight.stride()",
    "m(torch.ones(2, 3)).sum().backward(); g = m.scale.grad; m.double(); [m.scale.grad.dtype, "
    "m.first.weight.grad.dtype]",
    "r = m.to_empty(device='cpu'); [r is m, [list(p.shape) for p in m.parameters()]]",
    "seen = []; r = m.apply(lambda x: seen.append(type(x).__name__)); [seen, r is m]",
    "a = m.eval(); x = [k.training for k in m.modules()]; b = m.train(); y = [k.training for k in "
    "m.modules()]; m.train(False); [a is m, b is m, x, y, m.inner[1].training]",
    "m.inner.eval(); [k.training for k in m.modules()]",
    "r = m.requires_grad_(False); a = [p.requires_grad for p in m.parameters()]; "
    "m.requires_grad_(requires_grad=True); [r is m, a, [p.requires_grad for p in m.parameters()]]",
    "m(torch.ones(2, 3)).sum().backward(); m.zero_grad(); [p.grad for p in m.parameters()]",
    "m(torch.ones(2, 3)).sum().backward(); m.zero_grad(set_to_none=False); [p.grad for p in "
    "m.parameters()]",
    "m.zero_grad(False); [p.grad for p in m.parameters()]",
    "nn.Linear(2, 2).extra_repr()",
)
bad(
    f"{M}to {M}train",
    "m.to(torch.int64)",
    "m.to(other=3)",
    "m.train('yes')",
    "m.to_empty()",
)

# ---- state
add(
    f"{M}state_dict {M}load_state_dict",
    "m.to(float_dtype); m.load_state_dict({k: torch.full_like(v, 2) for k, v in "
    "m.state_dict().items()}); m.state_dict()",
    "[list(m.state_dict()), list(m.state_dict(prefix='x.')), list(m.state_dict(keep_vars=True)), "
    "m.state_dict()['scale'].requires_grad, m.state_dict(keep_vars=True)['scale'] is m.scale]",
    "d = {'before': 1}; r = m.inner.state_dict(destination=d, prefix='p.'); [r is d, list(d)]",
    "type(m.state_dict()).__name__",
    "dict(m.state_dict()._metadata)",
    "s = m.state_dict(); del s['scale']; s['more'] = torch.ones(1); r = m.load_state_dict(s, "
    "strict=False); [r.missing_keys, r.unexpected_keys, repr(r)]",
    "repr(m.load_state_dict(m.state_dict()))",
    "s = {k: v + 1 for k, v in m.state_dict().items()}; v = s['scale']; m.load_state_dict(s, "
    "assign=True); [m.scale.data_ptr() == v.data_ptr(), type(m.scale).__name__, m.scale, "
    "m.scale.requires_grad]",
    "m.scale.requires_grad_(False); s = m.state_dict(); m.load_state_dict(s, True, True); "
    "[m.scale.requires_grad, type(m.scale).__name__]",
    "s = m.state_dict(); s['scale'] = torch.ones(2).double(); m.load_state_dict(s); m.scale.dtype",
    "s = m.state_dict(); s['inner.1.num_batches_tracked'] = torch.tensor([4]); m.load_state_dict(s); "
    "m.inner[1].num_batches_tracked",
    "m.state_dict()['scale'].data_ptr() == m.scale.data_ptr()",
    "class E(nn.Linear):\n    def get_extra_state(self):\n        return {'x': 1}\n"
    "    def set_extra_state(self, s):\n        self.got = s\n"
    "e = E(2, 2); s = e.state_dict(); e.load_state_dict(s); [list(s), e.got]",
)
bad(
    f"{M}load_state_dict",
    "s = m.state_dict(); del s['scale']; m.load_state_dict(s)",
    "s = m.state_dict(); s['more'] = torch.ones(1); m.load_state_dict(s)",
    "s = m.state_dict(); s['scale'] = torch.ones(3); m.load_state_dict(s)",
    "s = m.state_dict(); s['scale'] = torch.ones(3); m.load_state_dict(s, strict=False)",
    "s = m.state_dict(); s['scale'] = 3; m.load_state_dict(s)",
    "m.load_state_dict(3)",
    "m.get_extra_state()",
)

# ---- hooks
HOOKS = "log = []; k = fill(nn.Linear(3, 2)); x = T(4, 3); "
add(
    f"{M}register_forward_hook {M}register_forward_pre_hook",
    HOOKS + "h = k.register_forward_hook(lambda m, a, y: log.append((len(a), list(y.shape)))); y = "
    "k(x); h.remove(); k(x); [y, log]",
    HOOKS
    + "k.register_forward_hook(lambda m, a, y: y * 2); k.register_forward_hook(lambda m, a, y: "
    "y + 1); k(x)",
    HOOKS
    + "k.register_forward_hook(lambda m, a, y: y * 2); k.register_forward_hook(lambda m, a, y: "
    "y + 1, prepend=True); k(x)",
    HOOKS + "k.register_forward_hook(lambda m, a, kw, y: log.append((len(a), list(kw))), "
    "with_kwargs=True); k(input=x); k(x); log",
    HOOKS + "k.register_forward_pre_hook(lambda m, a: (a[0] * 2,)); k(x)",
    HOOKS
    + "k.register_forward_pre_hook(lambda m, a: a[0] * 2); k.register_forward_pre_hook(lambda "
    "m, a: a[0] + 1, prepend=True); k(x)",
    HOOKS + "k.register_forward_pre_hook(lambda m, a, kw: ((), {'input': kw['input'] * 2}), "
    "with_kwargs=True); k(input=x)",
    HOOKS + "k.register_forward_hook(lambda m, a, y: log.append(y is None), always_call=True)\n"
    "try:\n    k(torch.ones(2, 7))\nexcept RuntimeError as e:\n    log.append('raised')\nlog",
    HOOKS + "k.register_forward_hook(lambda m, a, y: log.append('plain'))\n"
    "k.register_forward_hook(lambda m, a, y: log.append('always'), always_call=True)\n"
    "try:\n    k(torch.ones(2, 7))\nexcept RuntimeError as e:\n    log.append('raised')\nlog",
    HOOKS + "h = k.register_forward_hook(lambda m, a, y: y * 2)\nwith h:\n    a = k(x)\n[a, k(x)]",
    # Programs read these dicts, empty them and replace them.
    "m = nn.Linear(2, 2); kinds = ('forward_pre', 'forward', 'backward_pre', 'backward', "
    "'state_dict_pre', 'state_dict', 'load_state_dict_pre', 'load_state_dict_post'); "
    "[[type(d).__name__, len(d)] for d in (getattr(m, f'_{kind}_hooks') for kind in kinds)], "
    "m._is_full_backward_hook, len(m._forward_hooks_with_kwargs), m._forward_hooks is "
    "m._forward_hooks",
    HOOKS + "a = k.register_forward_hook(lambda m, a, k, y: y * 2, with_kwargs=True, "
    "always_call=True); b = k.register_forward_pre_hook(lambda m, a, k: None, with_kwargs=True); "
    "k.register_full_backward_hook(lambda *a: None); "
    "marks = [list(d.values()) for d in (k._forward_hooks_with_kwargs, "
    "k._forward_hooks_always_called, k._forward_pre_hooks_with_kwargs)]; "
    "counts = [len(k._forward_hooks), len(k._forward_pre_hooks), len(k._backward_hooks), "
    "k._is_full_backward_hook]; y = k(x); same = a.id in k._forward_hooks; a.remove(); b.remove(); "
    "[marks, counts, y, same, len(k._forward_hooks), len(k._forward_hooks_with_kwargs), k(x)]",
    HOOKS + "h = k.register_forward_hook(lambda m, a, y: y * 2); k._forward_hooks.clear(); y = "
    "k(x); h.remove(); k.register_forward_hook(lambda m, a, y: y * 3); "
    "k._forward_hooks = type(k._forward_hooks)(); [y, k(x)]",
    HOOKS + "k._forward_hooks[1000] = lambda m, a, y: y * 5; k(x)",
)
bad(
    f"{M}register_forward_pre_hook",
    "m.register_forward_pre_hook(lambda m, a, kw: 3, with_kwargs=True); m(torch.ones(2, 3))",
    "m.register_forward_hook(lambda: 3); m(torch.ones(2, 3))",
)
add(
    f"{M}register_full_backward_hook {M}register_full_backward_pre_hook",
    HOOKS
    + "k.register_full_backward_hook(lambda m, gi, go: log.append(([list(g.shape) for g in gi], "
    "[list(g.shape) for g in go]))); k(x).sum().backward(); log",
    HOOKS + "k.register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,)); k(x).sum().backward(); "
    "[x.grad, k.weight.grad]",
    HOOKS + "k.register_full_backward_pre_hook(lambda m, go: (go[0] * 3,)); k(x).sum().backward(); "
    "[x.grad, k.weight.grad]",
    HOOKS + "k.register_full_backward_pre_hook(lambda m, go: (go[0] * 3,)); "
    "k.register_full_backward_hook(lambda m, gi, go: log.append(go[0])); k(x).sum().backward(); log",
    HOOKS + "k.register_full_backward_hook(lambda m, gi, go: log.append('a')); "
    "k.register_full_backward_hook(lambda m, gi, go: log.append('b'), prepend=True); "
    "k(x).sum().backward(); log",
    HOOKS + "k.register_full_backward_hook(lambda m, gi, go: log.append(gi)); "
    "k(x.detach()).sum().backward(); log",
    HOOKS + "h = k.register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,)); h.remove(); "
    "k(x).sum().backward(); x.grad",
    order=0,
)
add(
    f"{M}register_state_dict_pre_hook {M}register_state_dict_post_hook "
    f"{M}register_load_state_dict_pre_hook {M}register_load_state_dict_post_hook",
    "log = []; m.register_state_dict_pre_hook(lambda m, prefix, keep: log.append((prefix, keep))); "
    "m.state_dict(); m.state_dict(prefix='x.', keep_vars=True); log",
    "m.inner.register_state_dict_pre_hook(lambda m, prefix, keep: setattr(m, 'at', prefix)); "
    "m.state_dict(); m.inner.at",
    "m.register_state_dict_post_hook(lambda m, s, prefix, meta: s.popitem() and None); "
    "list(m.state_dict())",
    "log = []; m.inner.register_state_dict_post_hook(lambda m, s, prefix, meta: log.append((len(s), "
    "prefix, dict(meta)))); m.state_dict(); log",
    "log = []; m.inner.register_load_state_dict_pre_hook(lambda m, s, prefix, meta, strict, missing, "
    "unexpected, errors: log.append((type(m).__name__, sorted(s), prefix, strict))); "
    "m.load_state_dict(m.state_dict()); log",
    "m.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear()); s = "
    "m.state_dict(); del s['scale']; repr(m.load_state_dict(s))",
    "m.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.append('x')); "
    "m.load_state_dict(m.state_dict(), strict=False).missing_keys",
)
bad(
    f"{M}register_load_state_dict_post_hook",
    "m.register_state_dict_post_hook(lambda m, s, prefix, meta: 3); m.state_dict()",
    "m.register_load_state_dict_post_hook(lambda m, keys: 3); m.load_state_dict(m.state_dict())",
    "m.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.append('x')); "
    "m.load_state_dict(m.state_dict())",
)

# ---- text, copies, pickles
add(
    f"{M}__repr__ {M}extra_repr {M}__setattr__",
    "repr(m)",
    "repr(nn.Sequential())",
    "repr(nn.Module())",
    "repr(nn.Sequential(nn.Sequential(nn.ReLU()), nn.Sequential(nn.Sequential())))",
    "class A(nn.Module):\n    def extra_repr(self):\n        return 'one\\ntwo'\nrepr(A())",
    "class A(nn.Module):\n    def extra_repr(self):\n        return 'one'\na = A()\n"
    "a.x = nn.ReLU()\nrepr(a)",
    "class A(nn.Module):\n    def _get_name(self):\n        return 'B'\nrepr(A())",
    "repr(nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Linear(2, 2), nn.ReLU()]))",
    "repr(nn.ModuleList([nn.ModuleList([nn.ReLU()] * 2)] * 2))",
    "repr(nn.ModuleDict({'a': nn.ReLU(), 'b': nn.ModuleList()}))",
)
add(
    f"{M}__copy__ {M}__deepcopy__",
    "import copy; c = copy.deepcopy(m); c.scale.data.zero_(); [c.scale, m.scale, c.again is c.first, "
    "list(c.state_dict()), type(c).__name__, c.plain, c.scale.requires_grad]",
    "import copy; c = copy.copy(m); c.scale.data.zero_(); [c.scale is m.scale, m.scale]",
    "import pickle; c = pickle.loads(pickle.dumps(fill(nn.Sequential(nn.Linear(3, 2), "
    "nn.BatchNorm1d(2))))); [repr(c), c.state_dict(), c[0].weight.requires_grad]",
    "import copy; k = nn.Linear(2, 2); k.register_forward_hook(lambda m, a, y: y * 0); "
    "copy.deepcopy(k)(torch.ones(1, 2)).detach()",
    "import copy; k = nn.Linear(2, 2); k(torch.ones(1, 2)).sum().backward(); "
    "copy.deepcopy(k).weight.grad",
)
