"""nn.utils: normalised weights, parametrizations, pruning, fusion, functional calls."""

from harness import Case

CASES: list[Case] = []


def add(names: str, *codes: str, **options: object) -> None:
    CASES.extend(Case(names, code, **options) for code in codes)  # type: ignore[arg-type]


def bad(names: str, *codes: str) -> None:
    add(names, *codes, raises=True)


# ---- vectors of parameters
add(
    "torch.nn.utils.parameters_to_vector torch.nn.utils.vector_to_parameters",
    "nn.utils.parameters_to_vector(fill(nn.Linear(3, 2)).parameters())",
    "m = fill(nn.Linear(3, 2)); nn.utils.vector_to_parameters(C(8), m.parameters()); m(T(4, 3))",
    "nn.utils.parameters_to_vector([T(2, 3).contiguous(), T(), T(0)])",
)
bad(
    "torch.nn.utils.vector_to_parameters",
    "nn.utils.vector_to_parameters([1.0], nn.Linear(3, 2).parameters())",
    "nn.utils.vector_to_parameters(C(3), nn.Linear(3, 2).parameters())",
)

# ---- weight_norm; PyTorch's second derivative of its fused form is not that of the formula
OLD = "torch.nn.utils.weight_norm torch.nn.utils.remove_weight_norm"
for layer in (
    "nn.Linear(4, 3)",
    "nn.Linear(4, 3), dim=1",
    "nn.Linear(4, 3), dim=None",
    "nn.Linear(4, 3), 'bias'",
    "nn.Linear(4, 3), dim=-1",
):
    add(
        OLD,
        f"m = fill(nn.utils.weight_norm({layer})); m(T(2, 4))",
        f"m = fill(nn.utils.weight_norm({layer})); nn.utils.remove_weight_norm(m, *'bias'.split()"
        " if 'bias_g' in m.state_dict() else ['weight']); fill(m)(T(2, 4))",
        f"m = nn.utils.weight_norm({layer}); [list(m.state_dict()), "
        "[n for n, _ in m.named_parameters()], [list(p.shape) for p in m.parameters()]]",
        order=1,
    )
add(
    OLD,
    "fill(nn.utils.weight_norm(nn.Conv2d(2, 3, 3)))(T(1, 2, 5, 5))",
    "m = fill(nn.Linear(4, 3)); y = m(T(2, 4)); nn.utils.weight_norm(m); [y, m(T(2, 4)), "
    "m.weight_g, m.weight_v]",
    "m = nn.utils.weight_norm(fill(nn.Linear(4, 3))); type(m.weight).__name__",
    "m = nn.utils.remove_weight_norm(nn.utils.weight_norm(fill(nn.Linear(4, 3)))); "
    "[type(m.weight).__name__, m.weight]",
    order=1,
)
bad(
    OLD,
    "nn.utils.weight_norm(nn.utils.weight_norm(nn.Linear(4, 3)))",
    "nn.utils.remove_weight_norm(nn.Linear(4, 3))",
    "nn.utils.weight_norm(nn.Linear(4, 3), 'other')",
)

# ---- spectral_norm
OLD = "torch.nn.utils.spectral_norm torch.nn.utils.remove_spectral_norm"
START = "m.weight_u.copy_(C(3)); m.weight_v.copy_(C(4)); "
for options in ("", ", n_power_iterations=3", ", eps=0.5"):
    add(
        OLD,
        f"m = fill(nn.utils.spectral_norm(nn.Linear(4, 3){options})); {START} [m(T(2, 4)), "
        "m(T(2, 4)), m.weight_u, m.weight_v]",
        f"m = fill(nn.utils.spectral_norm(nn.Linear(4, 3){options})).eval(); {START} [m(T(2, 4)), "
        "m.weight_u]",
    )
add(
    OLD,
    f"m = fill(nn.utils.spectral_norm(nn.Linear(4, 3))).eval(); {START} m(T(2, 4)); "
    "nn.utils.remove_spectral_norm(m); [m.weight, list(m.state_dict()), m(T(2, 4))]",
    "m = nn.utils.spectral_norm(nn.Conv2d(2, 3, 2)); {k: list(v.shape) for k, v in "
    "m.state_dict().items()}",
    "m = nn.utils.spectral_norm(nn.Linear(4, 3), dim=1); {k: list(v.shape) for k, v in "
    "m.state_dict().items()}",
    "m = nn.utils.spectral_norm(nn.Linear(4, 3)); [n for n, _ in m.named_parameters()]",
)
bad(
    OLD,
    "nn.utils.spectral_norm(nn.utils.spectral_norm(nn.Linear(4, 3)))",
    "nn.utils.spectral_norm(nn.Linear(4, 3), n_power_iterations=0)",
    "nn.utils.spectral_norm(nn.Linear(4, 3, bias=False), 'bias')",
    "nn.utils.remove_spectral_norm(nn.Linear(4, 3))",
)

# ---- parametrize
P = """
P = nn.utils.parametrize
class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).transpose(-1, -2)
class Twice(nn.Module):
    def forward(self, x):
        return 2 * x
    def right_inverse(self, x):
        return x / 2
class Product(nn.Module):
    def forward(self, a, b):
        return a @ b
    def right_inverse(self, x):
        return x[:, :1] * 1.0, torch.ones_like(x[:1])
class Wider(nn.Module):
    def forward(self, x):
        return torch.cat([x, x])
class Whole(nn.Module):
    def forward(self, x):
        return x.to(torch.int64)
class Other(nn.Module):
    def forward(self, x):
        return 'x'
class Counter(nn.Module):
    calls = 0
    def forward(self, x):
        Counter.calls += 1
        return x * 3
"""
REGISTER = "torch.nn.utils.parametrize.register_parametrization"


def parametrized(code: str) -> str:
    return P + code.replace("; ", "\n")


for kind in ("Symmetric", "Twice", "Product"):
    add(
        f"{REGISTER} torch.nn.utils.parametrize.ParametrizationList",
        parametrized(
            f"m = nn.Linear(3, 3); P.register_parametrization(m, 'weight', {kind}()); fill(m)(T(2, 3))"
        ),
        parametrized(
            f"m = fill(nn.Linear(3, 3)); P.register_parametrization(m, 'weight', {kind}()); "
            "[m.weight, m(T(2, 3)), list(m.state_dict()), [n for n, _ in m.named_parameters()], "
            "type(m).__name__, m.parametrizations.weight.is_tensor, m.parametrizations.weight.ntensors]"
        ),
        parametrized(
            f"m = fill(nn.Linear(3, 3)); P.register_parametrization(m, 'weight', {kind}()); "
            "P.register_parametrization(m, 'weight', Twice()); P.register_parametrization(m, 'bias', "
            "Twice()); [m(T(2, 3)), repr(m), list(m.state_dict()), len(m.parametrizations.weight)]"
        ),
        parametrized(
            f"m = fill(nn.Linear(3, 3)); P.register_parametrization(m, 'weight', {kind}()); "
            "r = P.remove_parametrizations(m, 'weight'); [m.weight, list(m.state_dict()), r is m, "
            "type(m).__name__, type(m.weight).__name__, P.is_parametrized(m)]"
        ),
    )
add(
    "torch.nn.utils.parametrize.is_parametrized torch.nn.utils.parametrize.remove_parametrizations "
    "torch.nn.utils.parametrize.type_before_parametrizations torch.nn.utils.parametrize.cached",
    parametrized(
        "m = nn.Linear(3, 3); a = P.is_parametrized(m); P.register_parametrization(m, 'weight', "
        "Twice()); [a, P.is_parametrized(m), P.is_parametrized(m, 'weight'), P.is_parametrized(m, "
        "'bias'), P.type_before_parametrizations(m) is nn.Linear, "
        "P.type_before_parametrizations(nn.ReLU()) is nn.ReLU]"
    ),
    parametrized(
        "m = fill(nn.Linear(3, 3)); p = m.weight; P.register_parametrization(m, 'weight', Twice()); "
        "a = m.parametrizations.weight.original is p; v = p.detach().clone(); "
        "P.remove_parametrizations(m, 'weight', leave_parametrized=False); [a, m.weight is p, v, "
        "m.weight]"
    ),
    parametrized(
        "m = fill(nn.Linear(3, 3)); p = m.weight; P.register_parametrization(m, 'weight', Twice()); "
        "P.remove_parametrizations(m, 'weight', leave_parametrized=True); [m.weight is p, m.weight]"
    ),
    parametrized(
        "m = fill(nn.Linear(3, 3)); P.register_parametrization(m, 'weight', Twice()); "
        "m.weight = C(3, 3); [m.weight, m.parametrizations.weight.original]"
    ),
    parametrized(
        "m = fill(nn.Linear(3, 3)); P.register_parametrization(m, 'weight', Product()); "
        "m.weight = C(3, 3); [m.weight, m.parametrizations.weight.original0]"
    ),
    parametrized(
        "m = fill(nn.BatchNorm1d(3)).eval(); P.register_parametrization(m, 'running_mean', Twice()); "
        "[m(T(2, 3)), list(m.state_dict()), [n for n, _ in m.named_buffers()]]"
    ),
    parametrized(
        "m = nn.Linear(3, 3); P.register_parametrization(m, 'weight', Counter()); n = Counter.calls; "
        "m(C(2, 3)) if float_dtype is torch.float32 else m.double()(C(2, 3)); a = Counter.calls - n; "
        "x = C(2, 3)\nwith P.cached():\n    m(x)\n    m(x)\nb = Counter.calls - n - a\nm(x)\n"
        "[a, b, Counter.calls - n]"
    ),
    parametrized(
        "a = fill(nn.Linear(3, 3)); P.register_parametrization(a, 'weight', Twice()); b = "
        "nn.Linear(3, 3).to(float_dtype); P.transfer_parametrizations_and_params(a, b); "
        "[b.weight, b.parametrizations.weight.original is a.parametrizations.weight.original, "
        "list(b.state_dict())]"
    ),
    parametrized(
        "a = fill(nn.Linear(3, 3)); P.register_parametrization(a, 'weight', Product()); b = "
        "nn.Linear(3, 3).to(float_dtype); P.transfer_parametrizations_and_params(a, b, 'weight'); "
        "[b.weight, list(b.state_dict())]"
    ),
    parametrized(
        "m = nn.Linear(3, 3).eval(); p = Twice(); P.register_parametrization(m, 'weight', p); "
        "p.training"
    ),
    parametrized(
        "m = fill(nn.Linear(3, 3)); P.register_parametrization(m, 'weight', Wider(), unsafe=True); "
        "[m.weight, m.parametrizations.weight.unsafe]"
    ),
)
bad(
    REGISTER,
    *(
        parametrized(code)
        for code in (
            "P.register_parametrization(nn.Linear(3, 3), 'other', Twice())",
            "P.register_parametrization(nn.Linear(3, 3), 'weight', Wider())",
            "P.register_parametrization(nn.Linear(3, 3), 'weight', Whole())",
            "P.register_parametrization(nn.Linear(3, 3), 'weight', Other())",
            "P.register_parametrization(P.register_parametrization(nn.Linear(3, 3), 'weight', "
            "Twice()), 'weight', Wider())",
            "P.register_parametrization(P.register_parametrization(nn.Linear(3, 3), 'weight', "
            "Twice()), 'weight', Whole())",
            "P.remove_parametrizations(nn.Linear(3, 3), 'weight')",
            "m = P.register_parametrization(nn.Linear(3, 3), 'weight', Product()); "
            "P.remove_parametrizations(m, 'weight', leave_parametrized=False)",
            "m = P.register_parametrization(nn.Linear(3, 3), 'weight', Symmetric()); "
            "m.weight = torch.ones(3, 3); 1",
            "m = P.register_parametrization(nn.Linear(3, 3), 'weight', Twice()); "
            "m.weight = nn.Parameter(torch.ones(3, 3)); 1",
            "import pickle; pickle.dumps(P.register_parametrization(nn.Linear(3, 3), 'weight', "
            "nn.Identity()))",
            "P.ParametrizationList([], torch.ones(3))",
        )
    ),
)

# ---- parametrizations
WN = "torch.nn.utils.parametrizations.weight_norm"
N = "nn.utils.parametrizations"
for layer in ("nn.Linear(4, 3)", "nn.Linear(4, 3), dim=1", "nn.Linear(4, 3), dim=None"):
    add(
        WN,
        f"fill({N}.weight_norm({layer}))(T(2, 4))",
        f"m = fill({N}.weight_norm({layer})); m.weight = C(3, 4); [m.weight, m(T(2, 4))]",
        order=1,
    )
add(
    WN,
    f"fill({N}.weight_norm(nn.Conv1d(4, 3, 2)))(T(2, 4, 5))",
    f"m = {N}.weight_norm(nn.Linear(4, 3)); m.load_state_dict({{'bias': C(3), 'weight_g': C(3, 1), "
    "'weight_v': C(3, 4)}); m.to(float_dtype)(T(2, 4))",
    order=1,
)
SN = "torch.nn.utils.parametrizations.spectral_norm"
START = "s = m.parametrizations.weight[0]; s._u.copy_(C(3)); s._v.copy_(C(4)); "
for options in ("", ", n_power_iterations=2", ", eps=0.3"):
    add(
        SN,
        f"m = fill({N}.spectral_norm(nn.Linear(4, 3){options})); {START} [m(T(2, 4)), s._u, s._v]",
        f"m = fill({N}.spectral_norm(nn.Linear(4, 3){options})).eval(); {START} [m(T(2, 4)), s._u]",
    )
add(
    SN,
    f"m = fill({N}.spectral_norm(nn.Linear(4, 3), 'bias')); m(T(2, 4))",
    f"m = {N}.spectral_norm(nn.Linear(4, 3), dim=1); {{k: list(v.shape) for k, v in "
    "m.state_dict().items()}",
    f"m = {N}.spectral_norm(nn.Conv2d(2, 3, 2)); {{k: list(v.shape) for k, v in "
    "m.state_dict().items()}",
    # Fifteen steps from a random start give the largest singular value well enough.
    "m = nn.Linear(4, 3).to(float_dtype); _ = m.weight.data.copy_(torch.eye(3, 4) * "
    f"torch.tensor([9.0, 1.0, 0.5])[:, None]); {N}.spectral_norm(m); m.eval().weight",
)
bad(
    SN,
    f"{N}.spectral_norm(nn.Linear(4, 3), n_power_iterations=0)",
    f"{N}.spectral_norm(nn.Linear(4, 3), dim=2)",
    f"{N}.spectral_norm(nn.Linear(4, 3), 'other')",
    f"{N}.weight_norm(nn.Linear(4, 3), 'other')",
)

# ---- prune
PRUNE = "torch.nn.utils.prune"
LOAD = (
    "from importlib import import_module; p = import_module(torch.__name__ + '.nn.utils.prune'); "
)


def add_pruning(names: str, *codes: str, **options: object) -> None:
    add(names, *(LOAD + code for code in codes), **options)


AFTER = "[m.weight, m.weight_mask, list(m.state_dict()), [n for n, _ in m.named_parameters()], m(T(2, 6))]"
for amount in ("0", "5", "0.3", "1.0", "24"):
    add_pruning(
        f"{PRUNE}.l1_unstructured {PRUNE}.L1Unstructured",
        f"m = p.l1_unstructured(fill(nn.Linear(6, 4)), 'weight', {amount}); {AFTER}",
        f"m = p.l1_unstructured(fill(nn.Linear(6, 4)), name='weight', amount={amount}, "
        f"importance_scores=C(4, 6).contiguous()); {AFTER}",
        f"m = p.random_unstructured(fill(nn.Linear(6, 4)), 'weight', {amount}); "
        "[m.weight_mask.sum(), repr(m)]",
    )
for amount in ("0", "1", "0.5", "4"):
    add_pruning(
        f"{PRUNE}.ln_structured {PRUNE}.LnStructured",
        f"m = p.ln_structured(fill(nn.Linear(6, 4)), 'weight', {amount}, 2, 0); {AFTER}",
        f"m = p.ln_structured(fill(nn.Linear(6, 4)), 'weight', {amount}, n=1, dim=-1, "
        f"importance_scores=C(4, 6).contiguous()); {AFTER}",
        f"m = p.ln_structured(fill(nn.Linear(6, 4)), 'weight', {amount}, float('inf'), 1); {AFTER}",
        f"m = p.random_structured(fill(nn.Linear(6, 4)), 'weight', {amount}, 0); "
        "m.weight_mask.sum()",
    )
add_pruning(
    f"{PRUNE}.remove {PRUNE}.is_pruned {PRUNE}.identity {PRUNE}.custom_from_mask "
    f"{PRUNE}.global_unstructured {PRUNE}.PruningContainer",
    "m = p.identity(fill(nn.Linear(6, 4)), 'weight'); " + AFTER,
    "m = p.custom_from_mask(fill(nn.Linear(6, 4)), 'weight', M(4, 6)); " + AFTER,
    "m = p.l1_unstructured(fill(nn.Linear(6, 4)), 'weight', 5); "
    "p.l1_unstructured(m, 'weight', 0.5); " + AFTER,
    "m = p.ln_structured(fill(nn.Linear(6, 4)), 'weight', 1, 2, 0); "
    "p.ln_structured(m, 'weight', 2, 2, 1); "
    "p.ln_structured(m, 'weight', 1, 2, 0); " + AFTER,
    "m = p.ln_structured(fill(nn.Linear(6, 4)), 'weight', 1, 2, 0); "
    "p.l1_unstructured(m, 'weight', 3); p.custom_from_mask(m, 'weight', "
    "M(4, 6)); " + AFTER,
    "m = p.l1_unstructured(fill(nn.Linear(6, 4)), 'weight', 5); r = "
    "p.remove(m, 'weight'); [r is m, m.weight, type(m.weight).__name__, "
    "list(m.state_dict()), p.is_pruned(m)]",
    "m = nn.Sequential(nn.Linear(3, 2), nn.ReLU()); a = p.is_pruned(m); "
    "p.identity(m[0], 'bias'); [a, p.is_pruned(m), p.is_pruned(m[1]), p.is_pruned(m[0])]",
    "a, b = fill(nn.Linear(3, 2)), fill(nn.Linear(2, 4)); p.global_unstructured([(a, "
    "'weight'), (b, 'weight')], p.L1Unstructured, amount=6); [a.weight, b.weight, "
    "a.weight_mask]",
    "a, b = fill(nn.Linear(3, 2)), fill(nn.Linear(2, 4)); p.l1_unstructured(a, 'weight',"
    " 2); p.global_unstructured([(a, 'weight'), (b, 'weight')], "
    "pruning_method=p.L1Unstructured, importance_scores={(b, 'weight'): C(4, 2).contiguous()}, "
    "amount=0.4); [a.weight, b.weight]",
    "p.L1Unstructured(0.5).prune(T(3, 4).contiguous())",
    "p.L1Unstructured(2).prune(T(3, 4).contiguous(), default_mask=M(3, 4).contiguous().to(float_dtype), "
    "importance_scores=C(3, 4).contiguous())",
    "p.LnStructured(1, 2, 0).compute_mask(C(3, 4), torch.ones(3, 4))",
    "m = nn.Linear(3, 2); h = p.L1Unstructured.apply(m, 'weight', 2); "
    "[type(h).__name__, h.amount, h.PRUNING_TYPE, h._tensor_name]",
    "m = nn.Linear(3, 2); p.L1Unstructured.apply(m, 'weight', 2); h = "
    "p.RandomStructured.apply(m, 'weight', 1, 0); [type(h).__name__, len(h), "
    "[type(x).__name__ for x in h], type(h[0]).__name__]",
    "import copy; m = p.remove(p.l1_unstructured(fill(nn.Linear(6, 4)), "
    "'weight', 5), 'weight'); copy.deepcopy(m)(T(2, 6))",
)
add_pruning(
    PRUNE + ".l1_unstructured",
    *(
        "m = nn.Linear(4, 3); " + code
        for code in (
            "p.l1_unstructured(m, 'weight', 1.5)",
            "p.l1_unstructured(m, 'weight', -1)",
            "p.l1_unstructured(m, 'weight', 100)",
            "p.l1_unstructured(m, 'weight', 'a')",
            "p.l1_unstructured(m, 'other', 1)",
            "p.l1_unstructured(m, 'weight', 3, importance_scores=torch.ones(2))",
            "p.ln_structured(m, 'bias', 1, 2, 0)",
            "p.ln_structured(m, 'weight', 1, 2, 5)",
            "p.ln_structured(m, 'weight', 10, 2, 0)",
            "p.remove(m, 'weight')",
            "p.custom_from_mask(m, 'weight', torch.ones(2))",
            "p.global_unstructured([(m, 'weight')], p.LnStructured, amount=1)",
            "p.global_unstructured([(m, 'weight')], p.LnStructured, amount=1, n=2)",
            "p.global_unstructured(3, p.L1Unstructured, amount=1)",
            "p.global_unstructured([(m, 'weight')], p.L1Unstructured, 4, amount=3)",
            "p.PruningContainer().add_pruning_method(3)",
            "p.BasePruningMethod()",
        )
    ),
    raises=True,
)

# ---- fusion
BN = "b = fill(nn.BatchNorm{}(3{})).eval(); b.running_mean.copy_(C(3)); b.running_var.copy_(C(3)); "
for conv, dims, shape in (
    ("nn.Conv1d(2, 3, 2)", "1d", "2, 2, 5"),
    ("nn.Conv2d(2, 3, 2, bias=False)", "2d", "2, 2, 5, 4"),
    ("nn.Conv3d(2, 3, 2)", "3d", "2, 2, 3, 3, 3"),
):
    for options in ("", ", affine=False", ", eps=0.1"):
        add(
            "torch.nn.utils.fuse_conv_bn_eval torch.nn.utils.fuse_conv_bn_weights",
            BN.format(dims, options)
            + f"c = fill({conv}).eval(); f = nn.utils.fuse_conv_bn_eval(c, b); [f(C({shape})).detach(),"
            " repr(f), f is c, {k: v for k, v in f.state_dict().items()}, type(f.bias).__name__]",
            order=0,
        )
add(
    "torch.nn.utils.fuse_linear_bn_eval torch.nn.utils.fuse_linear_bn_weights "
    "torch.nn.utils.fuse_conv_bn_weights",
    BN.format("1d", "")
    + "m = fill(nn.Linear(4, 3)).eval(); f = nn.utils.fuse_linear_bn_eval(m, b); "
    "[f(C(2, 4)).detach(), f.weight.detach(), f.bias.detach()]",
    "[t.detach() for t in nn.utils.fuse_linear_bn_weights(C(3, 4), None, C(3), C(3), 1e-3, C(3), C(3))]",
    "[t.detach() for t in nn.utils.fuse_conv_bn_weights(C(2, 3, 4), C(3), C(3), C(3), 1e-3, C(3), None, "
    "transpose=True)]",
    "[t.requires_grad for t in nn.utils.fuse_conv_bn_weights(C(3, 2, 4), None, C(3), C(3), 1e-3, None, "
    "None)]",
    order=0,
)
bad(
    "torch.nn.utils.fuse_conv_bn_eval torch.nn.utils.fuse_linear_bn_eval",
    "nn.utils.fuse_conv_bn_eval(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3).eval())",
    "nn.utils.fuse_linear_bn_eval(nn.Linear(2, 3), nn.BatchNorm1d(3).eval())",
    "nn.utils.fuse_linear_bn_eval(nn.Linear(2, 3).eval(), nn.BatchNorm1d(4).eval())",
)

# ---- functional calls and the rest
CALL = "torch.nn.utils.stateless.functional_call"
add(
    CALL,
    "nn.utils.stateless.functional_call(fill(nn.Linear(3, 2)), {'weight': T(2, 3)}, T(4, 3))",
    "nn.utils.stateless.functional_call(fill(nn.Linear(3, 2)), {'weight': T(2, 3), 'bias': T(2)}, "
    "(T(4, 3),), {}, strict=True)",
    "nn.utils.stateless.functional_call(fill(nn.Linear(3, 2)), {'other': T(2)}, T(4, 3))",
    "m = fill(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))); m[1].bias = m[0].bias; "
    "m[1].weight = nn.Parameter(C(3, 3)); "
    "nn.utils.stateless.functional_call(m, {'0.bias': T(3)}, T(4, 3))",
    "m = fill(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))); m[1].bias = m[0].bias; "
    "nn.utils.stateless.functional_call(m, {'0.bias': T(3)}, T(4, 3), tie_weights=False)",
    "m = fill(nn.BatchNorm1d(3)); d = {'running_mean': C(3), 'running_var': C(3)}; before = "
    "m.running_mean.clone(); y = nn.utils.stateless.functional_call(m, d, T(4, 3)); "
    "[y, m.running_mean - before, d['running_mean']]",
    "nn.utils.stateless.functional_call(fill(nn.Bilinear(3, 2, 2)), {}, (T(4, 3),), "
    "{'input2': T(4, 2)})",
)
bad(
    CALL,
    "nn.utils.stateless.functional_call(nn.Linear(3, 2), {'other': T(2)}, T(4, 3), strict=True)",
    "nn.utils.stateless.functional_call(nn.Linear(3, 2), {'weight': 3}, T(4, 3))",
    "m = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)); m[1].bias = m[0].bias; "
    "nn.utils.stateless.functional_call(m, {'0.bias': T(3), '1.bias': T(3)}, T(4, 3))",
)
add(
    "torch.nn.utils.skip_init torch.nn.utils.convert_conv2d_weight_memory_format "
    "torch.nn.utils.convert_conv3d_weight_memory_format",
    "m = nn.utils.skip_init(nn.Linear, 3, 2, bias=False); repr(m)",
    "fill(nn.utils.skip_init(nn.Linear, in_features=3, out_features=2))(T(2, 3))",
    "m = nn.utils.convert_conv2d_weight_memory_format(fill(nn.Sequential(nn.Conv2d(2, 3, 2), "
    "nn.Linear(2, 2))), torch.channels_last); [m[0].weight, m[0].weight.stride(), "
    "m[1].weight.stride()]",
    "m = nn.utils.convert_conv3d_weight_memory_format(fill(nn.Conv3d(2, 3, 2)), "
    "torch.channels_last_3d); [m.weight, m.weight.stride()]",
)
bad(
    "torch.nn.utils.skip_init",
    "nn.utils.skip_init(nn.Sequential)",
    "nn.utils.skip_init(int)",
)
