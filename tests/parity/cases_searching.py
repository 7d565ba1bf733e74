"""Sorting, searching, counting, differences and products of few operands."""

from harness import Case


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


CASES = [
    *cases(
        "Tensor.amax torch.amax Tensor.amin torch.amin torch.aminmax Tensor.aminmax",
        "x = T(3, 4); [x.amax(), x.amax(0), x.amax((0, 1)), x.amax(dim=-1, keepdim=True), torch.amin(x, 1), x.amin(())]",
        "x = torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], requires_grad=True); y = x.amax(1); y.sum().backward(); [y, x.grad]",
        "[I(3, 4).amax(1), M(3).amin(), T().amax(), T(2, 0).amax(0), torch.tensor([1.0, float('nan')]).amax()]",
        "list(torch.aminmax(T(3, 4))), list(T(3, 4).aminmax(dim=1, keepdim=True))",
        "torch.amax(C(2, 3), 1, out=torch.empty(0, dtype=float_dtype))",
    ),
    *cases("Tensor.amax", "T(0).amax()", "T(2).amax(1)", "T(2, 2).amax((0, 0))", raises=True),
    *cases(
        "Tensor.argsort torch.argsort",
        "x = T(3, 4); [x.argsort(), x.argsort(0), x.argsort(dim=1, descending=True), torch.argsort(x, -1, True)]",
        "x = I(20, high=3); [x.argsort(stable=True), torch.argsort(x, dim=0, descending=True, stable=True)]",
        "[T().argsort(), T(0, 3).argsort(0), torch.tensor([1.0, float('nan'), -1.0]).argsort()]",
        "torch.argsort(x := torch.tensor([True, False]), stable=True)",
    ),
    *cases("Tensor.argsort", "T(3).argsort(1)", "T(3).argsort('a')", raises=True),
    *cases(
        "Tensor.sort torch.sort torch.msort Tensor.msort",
        "x = T(3, 4); [list(x.sort()), list(x.sort(0)), list(x.sort(dim=1, descending=True)), list(torch.sort(x, -1, True))]",
        "x = I(20, high=3); [list(x.sort(stable=True)), list(torch.sort(x, stable=True, dim=0, descending=True))]",
        "[list(T().sort()), list(T(0, 3).sort(0)), list(torch.tensor([1.0, float('nan'), -1.0]).sort()), x.msort() if (x := T(3, 2)) is not None else 0]",
        "torch.msort(T(3, 2))",
    ),
    *cases("Tensor.sort", "T(3).sort(1)", "Z(3).sort()", raises=True),
    *cases(
        "Tensor.mode torch.mode",
        "x = I(4, 7, high=3); [x.mode().values, x.mode(0).values, torch.mode(x, dim=1, keepdim=True).values]",
        "x = torch.tensor([[1.0, 2.0, 2.0], [3.0, 1.0, 3.0]], requires_grad=True); x.mode().values",
        "list(T().mode()), T(3, 1).mode(1).values",
    ),
    *cases("Tensor.mode", "T(3).mode(1)", "T(0).mode()", raises=True),
    *cases(
        "torch.searchsorted torch.bucketize",
        "s = torch.tensor([1.0, 3.0, 3.0, 5.0]); v = torch.tensor([[0.0, 1.0], [3.0, 6.0]]); [torch.searchsorted(s, v), torch.searchsorted(s, v, right=True), torch.searchsorted(s, v, side='right'), torch.searchsorted(s, v, side='left', out_int32=True)]",
        "s = C(2, 5).sort()[0]; v = C(2, 3); [torch.searchsorted(s, v), torch.searchsorted(s, v, right=True)]",
        "s = torch.tensor([5, 1, 3]); torch.searchsorted(s, torch.tensor([2, 3, 9]), sorter=s.argsort())",
        "s = torch.tensor([1, 3, 5]); [torch.searchsorted(s, 3), torch.searchsorted(s, 3, right=True), torch.searchsorted(s, torch.tensor([[3]]))]",
        "b = torch.tensor([1.0, 3.0, 5.0]); v = torch.tensor([[0.0, 3.0], [5.0, 9.0]]); [torch.bucketize(v, b), torch.bucketize(v, b, right=True), torch.bucketize(4.0, b), torch.bucketize(v, b, out_int32=True)]",
        "[torch.searchsorted(torch.tensor([1, 2, 3]), torch.tensor([1.5])), torch.searchsorted(torch.tensor([1, 2, 3]), 1.5), torch.searchsorted(torch.ones(3), torch.tensor([0, 1]))]",
        "torch.searchsorted(torch.empty(0), torch.tensor([1.0])), torch.searchsorted(torch.tensor([1.0]), torch.empty(0, 2))",
        "torch.searchsorted(torch.tensor([1.0, 2.0]), torch.tensor([float('nan'), float('inf')]))",
    ),
    *cases(
        "torch.searchsorted",
        "torch.searchsorted(torch.ones(2, 3), torch.ones(3, 2))",
        "torch.searchsorted(torch.ones(3), torch.ones(2), side='middle')",
        "torch.searchsorted(torch.ones(3), torch.ones(2), side='left', right=True)",
        "torch.searchsorted(torch.ones(()), torch.ones(2))",
        "torch.searchsorted(torch.ones(3), torch.ones(2), sorter=torch.zeros(2, dtype=torch.int64))",
        "torch.searchsorted(torch.ones(3), torch.ones(2), sorter=torch.tensor([0, 1, 7]))",
        "torch.bucketize(torch.ones(3), torch.ones(2, 2))",
        raises=True,
    ),
    *cases(
        "torch.unique_consecutive Tensor.unique_consecutive",
        "x = torch.tensor([1, 1, 2, 2, 2, 1, 3]); [torch.unique_consecutive(x), list(x.unique_consecutive(return_inverse=True)), list(x.unique_consecutive(return_counts=True)), list(torch.unique_consecutive(x, True, True))]",
        "x = torch.tensor([[1, 2], [1, 2], [3, 2]]); [x.unique_consecutive(dim=0), x.unique_consecutive(dim=1), x.unique_consecutive(), list(x.unique_consecutive(True, True, 0))]",
        "x = torch.tensor([[1.0, 1.0], [1.0, 2.0]]); list(torch.unique_consecutive(x, return_inverse=True))",
        "torch.unique_consecutive(torch.empty(0)), torch.unique_consecutive(torch.tensor(3)), torch.unique_consecutive(torch.tensor([True, True, False]))",
    ),
    *cases("torch.unique_consecutive", "torch.unique_consecutive(I(3), dim=1)", raises=True),
    *cases(
        "torch.diff Tensor.diff",
        "x = T(3, 5); [torch.diff(x), x.diff(2), x.diff(dim=0), torch.diff(x, n=3, dim=-1), x.diff(0)]",
        "x = T(2, 3); [x.diff(prepend=T(2, 1), append=T(2, 2)), x.diff(dim=0, prepend=T(1, 3)), x.diff(n=2, append=T(2, 1))]",
        "[torch.diff(I(4)), torch.diff(M(4)), T(1).diff(), T(0).diff(), T(3).diff(5)]",
        "torch.diff(C(3), out=torch.empty(0, dtype=float_dtype))",
    ),
    *cases(
        "torch.diff",
        "torch.diff(T())",
        "torch.diff(T(3), n=-1)",
        "torch.diff(T(3), dim=1)",
        "torch.diff(T(2, 3), prepend=T(3))",
        raises=True,
    ),
    *cases(
        "torch.dist Tensor.dist",
        "x, y = T(2, 3), T(2, 3); [torch.dist(x, y), x.dist(y, 1), x.dist(y, p=3), torch.dist(x, y, 0.5), x.dist(T(3), 2)]",
        "x, y = T(2, 3), T(2, 3); [x.dist(y, float('inf')), x.dist(y, -float('inf'))]",
        "torch.dist(C(3), C(3), 0)",
        "x = T(3); torch.dist(x, x.detach(), 1)",
        "torch.dist(T(0), T(0))",
    ),
    *cases("torch.dist", "torch.dist(T(2), T(3))", "torch.dist(I(2), I(2))", raises=True),
    *cases(
        "Tensor.dot torch.dot torch.vdot Tensor.vdot torch.inner Tensor.inner",
        "x, y = T(4), T(4); [x.dot(y), torch.dot(x, tensor=y), x.vdot(y), torch.inner(T(2, 4), y), T(2, 4).inner(T(3, 4)), torch.vdot(x, y)]",
        "x, y = Z(3), Z(3); [x.dot(y), x.vdot(y), torch.inner(x, y)]",
        "[I(3).dot(I(3)), T(0).dot(T(0)), torch.inner(T(), T(2))]",
        "torch.dot(C(3), C(3), out=torch.empty((), dtype=float_dtype))",
    ),
    *cases(
        "Tensor.dot",
        "T(2).dot(T(3))",
        "T(2, 2).dot(T(2))",
        "torch.ones(2).dot(torch.ones(2, dtype=torch.float64))",
        "T(2, 3).inner(T(2, 2))",
        raises=True,
    ),
    *cases(
        "torch.baddbmm Tensor.baddbmm Tensor.baddbmm_",
        "a, b, c = T(2, 3, 5), T(2, 3, 4), T(2, 4, 5); [torch.baddbmm(a, b, c), a.baddbmm(b, c, beta=0.5, alpha=-2), torch.baddbmm(T(5), b, c, alpha=3)]",
        "a, b, c = T(2, 3, 5), T(2, 3, 4), T(2, 4, 5); torch.baddbmm(input=a, batch1=b, batch2=c, beta=0, alpha=2)",
        "x = T(2, 2, 2) * 1; x.baddbmm_(T(2, 2, 3), T(2, 3, 2), beta=2); x",
        "a = torch.full((1, 2, 2), float('nan')); torch.baddbmm(a, torch.ones(1, 2, 2), torch.ones(1, 2, 2), beta=0)",
        "[torch.baddbmm(T(0, 2, 3), T(0, 2, 2), T(0, 2, 3)), torch.baddbmm(T(2, 3), T(2, 2, 0), T(2, 0, 3)), torch.baddbmm(I(2, 2, 2), I(2, 2, 2), I(2, 2, 2), beta=2)]",
        "torch.baddbmm(C(1, 2, 2), C(1, 2, 2), C(1, 2, 2), out=torch.empty(0, dtype=float_dtype))",
    ),
    *cases(
        "torch.baddbmm",
        "torch.baddbmm(T(2, 3, 5), T(2, 3, 4), T(3, 4, 5))",
        "torch.baddbmm(T(2, 3, 4), T(2, 3, 4), T(2, 4, 5))",
        raises=True,
    ),
    *cases(
        "torch.linalg.vecdot torch.linalg.vector_norm",
        "x, y = T(2, 3), T(2, 3); [torch.linalg.vecdot(x, y), torch.linalg.vecdot(x, y, dim=0), torch.linalg.vecdot(x, T(3)), torch.linalg.vecdot(x=x, y=y)]",
        "torch.linalg.vecdot(Z(2, 3), Z(2, 3)), torch.linalg.vecdot(T(2, 0), T(2, 0))",
        """
        x = T(3, 4); n = torch.linalg.vector_norm
        [n(x), n(x, 1), n(x, 3.5), n(x, float("inf")), n(x, -float("inf")), n(x, 0), n(x, -1), n(x, 0.5),
         n(x, 2, 0), n(x, ord=1, dim=(0, 1), keepdim=True), n(x, dim=-1, dtype=torch.float64)]
        """,
        "[torch.linalg.vector_norm(T()), torch.linalg.vector_norm(T(0)), torch.linalg.vector_norm(T(2, 0), 2, 1)]",
    ),
    *cases(
        "torch.linalg.vector_norm",
        "torch.linalg.vector_norm(T(0), float('inf'))",
        "torch.linalg.vector_norm(I(3))",
        "torch.linalg.vector_norm(T(3), 2, 1)",
        "torch.linalg.vecdot(T(3), T(2))",
        raises=True,
    ),
    *cases(
        "torch.histc Tensor.histc torch.bincount",
        "x = torch.tensor([0.1, 0.5, 0.9, 1.0, -1.0]); [torch.histc(x, 4), x.histc(bins=5, min=0, max=1), torch.histc(x, 3, 2, 2)]",
        "torch.bincount(I(9)), I(9).bincount(minlength=8), torch.bincount(I(4), C(4)), torch.bincount(torch.empty(0, dtype=torch.int64))",
        order=0,
    ),
]
