"""Data, indices, dtypes and options at the border between what is accepted and what is refused."""

from harness import Case

CASES: list[Case] = []


def add(names: str, *codes: str, **options: object) -> None:
    CASES.extend(Case(names, code, **options) for code in codes)  # type: ignore[arg-type]


def bad(names: str, *codes: str) -> None:
    add(names, *codes, raises=True)


# ---- data
DATA = "torch.tensor torch.as_tensor torch.asarray"
add(
    "torch.tensor",
    "torch.tensor([range(3), range(2, 5)]), torch.tensor(range(0)), torch.tensor(bytearray(b'ab'))",
    "torch.tensor(2**64, dtype=torch.float64), torch.tensor([-(2**70)], dtype=torch.float32)",
)
for data in (
    "{1: 2, 0: 3}",
    "{}",
    "[{1: 2}]",
    "{1, 2}",
    "(x for x in range(3))",
    "iter([1, 2])",
    "map(int, [1])",
    "{1: 2}.keys()",
    "None",
    "[None]",
    "object()",
    "[object()]",
    "2**63",
    "2**64",
    "[-(2**63) - 1]",
):
    for function in ("tensor", "as_tensor", "asarray"):
        bad(DATA, f"torch.{function}({data})")
    bad("torch.tensor", f"torch.tensor({data}, dtype=torch.int64)")
bad(
    "torch.tensor",
    "torch.tensor({1: 2}, dtype=torch.float32)",
    "torch.tensor(1 << 2000, dtype=torch.float64)",
    "torch.tensor(b'abc')",
    "values = []; values.append(values); torch.tensor(values)",
)
bad("torch.FloatTensor torch.Tensor", "torch.FloatTensor({1: 2})", "torch.Tensor({1: 2})")
bad("Tensor.new_tensor", "torch.zeros(2).new_tensor({1: 2})", "torch.zeros(2).new_tensor(None)")
bad(
    "torch.zeros torch.ones torch.full torch.randn Tensor.reshape",
    "torch.zeros(2**63)",
    "torch.zeros((2**63,))",
    "torch.ones(2**64)",
    "torch.full((2**63,), 1)",
    "torch.full((2,), 2**64)",
    "torch.arange(2**64)",
    "torch.randn(2**63)",
    "torch.zeros(2).reshape(2**63)",
    "torch.zeros(2).sum(2**63)",
)
bad("torch.from_dlpack", "torch.from_dlpack(5)", "torch.from_dlpack(None)")
bad("torch.utils.dlpack.from_dlpack", "torch.utils.dlpack.from_dlpack(object())")
add("torch.broadcast_shapes", "list(torch.broadcast_shapes(3, (2, 1), [1]))")
bad(
    "torch.broadcast_shapes",
    "torch.broadcast_shapes((-1,), (1,))",
    "torch.broadcast_shapes((-1,), (3,))",
    "torch.broadcast_shapes(-1)",
    "torch.broadcast_shapes(2.0, 3)",
    "torch.broadcast_shapes((2.0,))",
)

# ---- indices
add(
    "Tensor.__getitem__",
    "T(3)[range(0)]",
    "T(2, 3)[0, range(0, 0)]",
    "T(3)[range(2)]",
    "T(3)[np.array([])]",
    "x = C(2, 3); x[0, range(0)] = 5; x[range(0)] = 3; x",
)
bad("Tensor.__getitem__", "C(3)[torch.tensor([])]", "C(3)[{1: 2}]", "C(3)[{1}]", "C(3)[object()]")
add(
    "Tensor.__contains__",
    "1 in torch.ones(3), 2.0 in torch.ones(3), torch.ones(1) in torch.ones(3)",
)
bad(
    "Tensor.__contains__",
    *(f"{item} in C(3)" for item in ("'a'", "None", "[1]", "(1,)", "object()", "np.ones(1)")),
)
PUT = "Tensor.index_put_ Tensor.index_put torch.index_put"
AT = "(torch.tensor([0, 1]),)"
add(
    PUT,
    # One value under one mask is converted.
    "C(3).index_put((torch.tensor([True, False, True]),), torch.tensor(2))",
    "x = C(3, 2); x[:, torch.tensor([True, False])] = torch.ones(1, 1).double(); x",
    "C(3).index_put((torch.tensor([0, 2]),), C(2), True)",
)
bad(
    PUT,
    f"torch.zeros(3, dtype=torch.int64).index_put_({AT}, torch.ones(1) * 1.5)",
    f"torch.zeros(3).index_put_({AT}, torch.ones(2).double())",
    f"torch.zeros(3).index_put({AT}, torch.tensor(2), True)",
    f"torch.index_put(torch.zeros(3), {AT}, torch.tensor(2))",
    "torch.zeros(3).index_put((torch.tensor([True, False, True]),), torch.tensor([1, 2]))",
    "torch.zeros(3).index_put((torch.tensor([True, True, True]),), torch.tensor(2), True)",
    "torch.zeros(3).index_put((), torch.ones(3).double())",
    "x = torch.zeros(3); x[[0, 1]] = torch.ones(2).double()",
    "x = torch.zeros(3, dtype=torch.int64); x[torch.tensor([0])] = torch.tensor(1.5)",
)
add("Tensor.index_fill", "C(3).index_fill(0, torch.tensor([-1]), torch.tensor(2))")
add("Tensor.index_fill", *(f"T().index_fill(0, {at}, 3)" for at in ("I(0)", "I(1) * 0", "I() * 0")))
bad("Tensor.index_fill_", "C().index_fill_(0, torch.tensor([1]), 3)")
add(
    "torch.gather torch.scatter_add torch.scatter_reduce torch.cummax",
    "torch.gather(T(), 0, torch.tensor(0)), torch.gather(T(), -1, torch.tensor([0]))",
    # What is freed here has left its sizes where those of the next tensors come to lie.
    "x = [torch.zeros(0) for _ in range(4)]; del x; torch.scatter_add(T(), 0, torch.tensor(0), T())",
    "torch.scatter_reduce(T(), 0, torch.tensor(0), T(), 'mean')",
    "torch.cummax(T(), 0)[0]",
)
bad(
    "torch.gather torch.scatter_add",
    "torch.gather(C(), 0, torch.tensor(1))",
    "torch.scatter_add(C(), 0, torch.tensor(1), C())",
)
add(
    "Tensor.__getitem__ Tensor.__setitem__",
    "[C(3, 2)[torch.tensor(n, dtype=torch.uint8)] for n in range(3)]",
    "x = C(3, 2); x[torch.tensor(0, dtype=torch.uint8)] = 5; x",
    "x = C(3, 2); x[torch.tensor(2, dtype=torch.uint8)] = 5; x",
)
for at in (-1, 3, -3):
    bad("Tensor.index_copy_", f"torch.zeros(3).index_copy_(0, torch.tensor([{at}]), torch.ones(1))")
    bad("torch.index_copy", f"torch.index_copy(C(3, 2), 0, torch.tensor([0, {at}]), C(2, 2))")
for at in (-1, 3):
    bad("torch.scatter_add", f"torch.scatter_add(C(3), 0, torch.tensor([{at}]), C(1))")
    bad("Tensor.scatter_add_", f"C(3, 2).scatter_add_(1, torch.tensor([[0], [{at}]]), C(2, 1))")
bad("torch.nn.functional.embedding", "F.embedding(torch.tensor([0]), C(0, 3))")
add("torch.nn.functional.embedding", "F.embedding(I(0), C(0, 3))")
bad("torch.index_select", "torch.index_select(C(0, 3), 0, torch.tensor([0]))")
# A tensor without dimensions is a vector of one element.
for at in ("torch.tensor([0])", "torch.tensor(0)", "torch.tensor([0]).int()"):
    add("torch.index_select", f"torch.index_select(T(), 0, {at}), T().index_select(-1, {at})")
    add(
        "torch.index_add Tensor.index_add_",
        f"torch.index_add(T(), 0, {at}, T(), alpha=2)",
        f"x = T() * 1; x.index_add_(-1, {at}, T()); x",
    )
for at in ("torch.tensor([0])", "torch.tensor(0)"):
    add(
        "torch.index_copy Tensor.index_copy_",
        f"torch.index_copy(T(), 0, {at}, T(1)), torch.index_copy(T(), 0, {at}, T())",
        f"torch.index_copy(T(3), 0, {at}, T()), torch.index_copy(T(3), 0, {at}, T(1))",
    )
add(
    "torch.index_copy",
    "torch.index_copy(C(), 0, torch.tensor([0, 0]), C(2))",
    "torch.index_copy(C(), 0, I(0), C(0))",
)
bad(
    "torch.index_select",
    *(f"torch.index_select(C(), 0, torch.tensor({at}))" for at in ("[0, 0]", "[1]", "[-1]")),
    "torch.index_select(C(), 0, I(0))",
    "torch.index_select(C(), 1, torch.tensor([0]))",
)
bad(
    "torch.index_add Tensor.index_add_",
    "torch.index_add(C(), 0, torch.tensor([0]), C(1))",
    "torch.index_add(C(), 0, torch.tensor([1]), C())",
    "torch.index_add(C(3), 0, torch.tensor([1]), C())",
    "torch.index_add(torch.zeros(3), 0, torch.tensor([1]), torch.tensor([3]))",
    "torch.index_add(torch.zeros(3), 0, torch.tensor([1]), torch.ones(1).double(), alpha=2)",
    "torch.zeros(3).index_add_(0, torch.tensor([1]), torch.tensor([3]))",
    "torch.zeros(3, dtype=torch.int64).index_add_(0, torch.tensor([1]), torch.ones(1))",
)
add(
    "torch.index_add",
    "torch.index_add(I(3), 0, torch.tensor([1]), I(1), alpha=2.5)",
    "torch.index_add(M(3), 0, torch.tensor([1]), M(1), alpha=2)",
)
bad(
    "torch.index_copy",
    "torch.index_copy(C(3, 2), 0, torch.tensor([1]), C(1, 3))",
    "torch.index_copy(C(3, 2), 0, torch.tensor([1]), C(2, 2))",
    "torch.index_copy(C(3, 2), 0, torch.tensor([1]), C(2, 3))",
    "torch.index_copy(C(3, 2), 0, torch.tensor([1]), C(2))",
    "torch.index_copy(C(3, 2), 0, torch.tensor([1]), C())",
    "torch.index_copy(C(3, 1), 0, torch.tensor([1]), C())",
    "torch.index_copy(C(3), 0, torch.tensor([1]), C(2))",
    "torch.index_copy(C(3), 0, torch.tensor([0, 1]), C())",
    "torch.index_copy(C(3), 0, torch.tensor([[1]]), C(1))",
    "torch.index_copy(C(), 0, torch.tensor([0]), C(1, 1))",
    "torch.index_copy(C(), 0, torch.tensor([0, 0]), C())",
)
bad(
    "Tensor.index_fill",
    "C(3).index_fill(0, torch.tensor([[1]]), 3)",
    "C(3).index_fill(0, torch.tensor([1.0]), 3)",
    "C(3).index_fill(0, torch.tensor([5]), 3)",
)
add(
    "torch.where Tensor.where",
    "torch.where(torch.tensor([1, 0, 2]).to(torch.uint8), T(3), T(3))",
    "T(3).where(torch.tensor([[1, 0, 2]]).to(torch.uint8), 2)",
)
bad("torch.where", "torch.where(torch.tensor([1, 0, 2]), C(3), C(3))")
bad(
    "torch.cat torch.stack",
    *(f"torch.{name}([C(1).expand(2**62)] * 2)" for name in ("cat", "stack")),
)

# ---- reductions
for function in ("sum", "prod"):
    add(
        f"torch.{function}",
        f"torch.{function}(torch.tensor([[0.25, 0.5], [1, -1]]), 1, dtype=torch.bool)",
        f"torch.tensor([[1, -1], [256, 0]]).{function}(0, dtype=torch.bool)",
        f"torch.zeros(0, 2).{function}(0, dtype=torch.bool)",
    )
for function in ("all", "any"):
    # No dimensions are none, where other reductions take all of them.
    add(
        f"torch.{function} Tensor.{function}",
        f"torch.{function}(I(2, 3, high=2), dim=()), torch.{function}(M(2, 3), [], keepdim=True)",
        f"I(2, 3, high=3).to(torch.uint8).{function}(dim=()), torch.{function}(C(0, 2), ())",
        f"torch.{function}(C(), dim=()), torch.{function}(torch.tensor([0.5, 0, np.nan]), ())",
        f"M(2, 3).{function}(dim=None), torch.{function}(M(2, 3), None, True)",
    )
for function in ("cumsum", "cumprod"):
    add(
        f"torch.{function}",
        f"torch.{function}(torch.tensor(0.25), 0, dtype=torch.bool)",
        f"torch.{function}(torch.zeros(2, 0), 1, dtype=torch.bool)",
        f"torch.tensor([True, False]).{function}(0)",
    )
    bad(
        f"torch.{function}",
        f"torch.{function}(torch.tensor([0.25, -0.25]), 0, dtype=torch.bool)",
        f"torch.tensor([True, False]).{function}(0, dtype=torch.bool)",
    )
for function in ("softmax", "log_softmax"):
    add(
        f"torch.{function}",
        f"torch.{function}(I(0), 0), torch.{function}(I(0, 3).int(), 1)",
        f"torch.{function}(torch.zeros(0), 0, dtype=torch.int64)",
    )
    bad(f"torch.{function}", f"torch.{function}(I(0), 1)", f"torch.{function}(I(1), 0)")
LARGE = "torch.tensor([[1e19, -3e19, 2e19], [1.0, 2.0, 4.0], [1e25, 3e25, 1e30]])"
for function in ("var", "std", "var_mean", "std_mean"):
    # The squares of the deviations overflow in float32.
    add(
        f"torch.{function}",
        f"torch.{function}({LARGE}, 1)",
        f"torch.{function}({LARGE}.bfloat16().float(), 0)",
        f"torch.{function}(torch.arange(1000.0) * 1e17, 0)",
        f"torch.{function}(torch.arange(40000.0) * 1e14)",
        f"torch.{function}(torch.tensor([[1.0, np.inf], [np.nan, 2.0]]), 1)",
        only="float32",
    )

# ---- losses
for loss in ("mse_loss", "smooth_l1_loss", "huber_loss"):
    # PyTorch has no gradient of huber_loss for integer targets.
    floating = "C" if loss == "huber_loss" else "T"
    add(f"torch.nn.functional.{loss}", f"F.{loss}({floating}(3), I(3))")
    for reduction in ("mean", "sum", "none"):
        bad(f"torch.nn.functional.{loss}", f"F.{loss}(I(3), I(3), reduction='{reduction}')")
for loss in ("cross_entropy", "nll_loss"):
    name = f"torch.nn.functional.{loss}"
    add(name, f"F.{loss}(T(2, 3), I(2, high=3).to(torch.uint8), C(3))")
    bad(
        name,
        f"F.{loss}(C(2, 3), I(2, high=3), torch.ones(3, dtype=torch.int64))",
        f"F.{loss}(C(2, 3).float(), I(2, high=3), torch.ones(3).double())",
        f"F.{loss}(C(2, 3, 4), I(2, 4, high=3), torch.ones(3, dtype=torch.int64))",
        f"F.{loss}(C(2, 3), I(2, high=3).int())",
        f"F.{loss}(C(2, 3, 4), I(2, 4, high=3).short())",
        f"F.{loss}(C(3), torch.tensor(1).int())",
        f"F.{loss}(C(2, 3), torch.tensor([True, False]))",
    )

# ---- options
for layer, shape in (
    ("dropout", "3"),
    ("dropout1d", "3, 2"),
    ("dropout2d", "3, 2, 3"),
    ("alpha_dropout", "3"),
    ("feature_alpha_dropout", "3, 2"),
):
    for p in ("float('nan')", "-1", "2.0"):
        bad(f"torch.nn.functional.{layer}", f"F.{layer}(C({shape}), {p})")
bad("torch.nn.Dropout", "nn.Dropout(-0.5)", "nn.Dropout(float('nan'))(C(3))")
bad("torch.nn.functional.group_norm", *(f"F.group_norm(C(2, 4), {n})" for n in (0, -1, 3)))
bad("torch.nn.GroupNorm", "nn.GroupNorm(0, 4)", "nn.GroupNorm(3, 4)")
add(
    "torch.vmap",
    "torch.vmap(lambda d: d['a'] * d['b'], in_dims=({'a': 0, 'b': None},))({'a': T(3), 'b': T(2)})",
)
for dims in ("{'z': 0}", "{'a': 0, 'b': 0}", "{}", "[0]"):
    bad("torch.vmap", f"torch.vmap(lambda d: d['a'], in_dims=({dims},))({{'a': C(3)}})")
SDPA = "torch.nn.functional.scaled_dot_product_attention"
for mask in ("T(5)", "T(1)", "T()", "M(5)", "torch.tensor(True)"):
    add(SDPA, f"F.scaled_dot_product_attention(T(2, 3, 4), T(2, 5, 4), T(2, 5, 6), {mask})")
    add(SDPA, f"F.scaled_dot_product_attention(T(3, 4), T(5, 4), T(5, 4), {mask})")
bad(
    SDPA,
    "F.scaled_dot_product_attention(C(1, 2, 3, 4), C(1, 2, 5, 4), C(1, 2, 5, 6), C(5))",
    "F.scaled_dot_product_attention(C(3, 4), C(5, 4), C(5, 4), C(2))",
)

# ---- derivatives outside the domain
add(
    "torch.acosh",
    "torch.acosh(T(6) * 0 + torch.tensor([-2.0, -1.0, 0.5, 1.0, 2.0, -7.5]))",
    order=1,
)
add("torch.acosh", "torch.acosh(T(2) * 0 + torch.tensor([-2.0, -7.5]))")

# ---- optimizers
NAN = "p = nn.Parameter(torch.ones(3).to(float_dtype)); p.grad = torch.tensor([1.0, float('nan'), -1.0]).to(float_dtype); "
add(
    "torch.optim.Rprop",
    NAN + "optim.Rprop([p]).step(); p.detach()",
    NAN + "o = optim.Rprop([p], maximize=True); o.step(); o.step(); p.detach()",
    NAN + "o = optim.Rprop([p]); o.step(); p.grad = torch.ones_like(p); o.step(); p.detach()",
)
TWICE = "p, q = (nn.Parameter(torch.full((2,), v).to(float_dtype)) for v in (1.0, 3.0)); "
for name in ("SGD", "Adam", "RMSprop", "Adagrad", "Adadelta", "NAdam"):
    add(
        f"torch.optim.{name}",
        TWICE
        + f"""
o = optim.{name}([p, q, p, p], lr=0.1)
for _ in range(2):
    p.grad, q.grad = p.detach() * 2, q.detach()
    o.step()
[p.detach(), q.detach(), o.state_dict()['param_groups'][0]['params'], list(o.state_dict()['state'])]
""",
    )
