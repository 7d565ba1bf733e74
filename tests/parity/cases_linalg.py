"""Linear algebra on LAPACK: results with free signs are compared in forms without them."""

from harness import Case

LU = [
    Case("torch.linalg.solve", "torch.linalg.solve(T(3, 3), T(3, 2))"),
    Case("torch.linalg.solve", "torch.linalg.solve(T(2, 3, 3), T(4, 3), left=False)"),
    Case("torch.linalg.solve", "torch.linalg.solve(T(2, 1, 3, 3), T(4, 3, 2))"),
    Case("torch.linalg.solve", "torch.linalg.solve(T(3, 3), T(3))"),
    Case("torch.linalg.solve", "torch.linalg.solve(T(2, 3, 3), T(2, 3))"),
    Case("torch.linalg.solve", "torch.linalg.solve(T(2, 3, 3), T(3))"),
    Case("torch.linalg.solve", "torch.linalg.solve(T(3, 3), T(3), left=False)", raises=True),
    Case("torch.linalg.solve", "torch.linalg.solve(T(0, 0), T(0, 2))"),
    Case("torch.linalg.solve", "torch.linalg.solve(T(0, 3, 3), T(0, 3, 2))"),
    Case("torch.linalg.solve", "torch.linalg.solve(T(3, 3), T(3, 0))"),
    Case(
        "torch.linalg.solve",
        "o = torch.empty(3, 2)\ntorch.linalg.solve(C(3, 3).float(), C(3, 2).float(), out=o)\no",
        only="float32",
    ),
    Case("torch.linalg.solve", "torch.linalg.solve(torch.zeros(3, 3), T(3, 2))", raises=True),
    Case("torch.linalg.solve", "torch.linalg.solve(T(3, 2), T(3, 2))", raises=True),
    Case("torch.linalg.solve", "torch.linalg.solve(T(3, 3), T(2, 2))", raises=True),
    Case("torch.linalg.solve", "torch.linalg.solve(T(3), T(3))", raises=True),
    Case("torch.linalg.solve", "torch.linalg.solve(I(3, 3), I(3, 3))", raises=True),
    Case(
        "torch.linalg.solve_ex",
        "r = torch.linalg.solve_ex(T(2, 3, 3), T(2, 3, 2))\n(r.result, r.info)",
    ),
    Case(
        "torch.linalg.solve_ex", "torch.linalg.solve_ex(torch.zeros(3, 3), torch.ones(3, 2)).info"
    ),
    Case(
        "torch.linalg.solve_ex",
        "torch.linalg.solve_ex(torch.zeros(2, 3, 3), torch.ones(3, 2), check_errors=True)",
        raises=True,
    ),
    Case(
        "torch.linalg.inv torch.inverse Tensor.inverse",
        "a = T(2, 3, 3)\n(torch.linalg.inv(a), torch.inverse(a[0]), a.inverse())",
    ),
    Case("torch.linalg.inv", "(torch.linalg.inv(T(0, 0)), torch.linalg.inv(T(0, 2, 2)))"),
    Case("torch.linalg.inv", "torch.linalg.inv(torch.zeros(2, 2, 2))", raises=True),
    Case("torch.linalg.inv", "torch.linalg.inv(T(2, 3))", raises=True),
    Case("torch.linalg.inv_ex", "r = torch.linalg.inv_ex(T(2, 3, 3))\n(r.inverse, r.info)"),
    Case("torch.linalg.inv_ex", "torch.linalg.inv_ex(torch.tensor([[1., 2], [2, 4]])).info"),
    Case(
        "torch.linalg.inv_ex",
        "torch.linalg.inv_ex(torch.zeros(2, 2), check_errors=True)",
        raises=True,
    ),
    Case(
        "torch.linalg.det torch.det Tensor.det",
        "a = T(2, 3, 3)\n(torch.linalg.det(a), torch.det(a[1]), a.det())",
    ),
    Case(
        "torch.linalg.det",
        "(torch.linalg.det(T(1, 1)), torch.linalg.det(T(0, 0)), torch.linalg.det(T(0, 3, 3)))",
    ),
    # At singular matrices PyTorch perturbs the factors, which leaves less than our precision.
    Case("torch.linalg.det", "torch.linalg.det(T(3, 1) * torch.ones(1, 3)).abs() < 1e-5", order=0),
    Case("torch.linalg.det", "torch.linalg.det(T(2, 3))", raises=True),
    Case(
        "torch.linalg.slogdet torch.slogdet Tensor.slogdet",
        "a = T(2, 3, 3)\nr = torch.linalg.slogdet(a)\n(r.sign, r.logabsdet, torch.slogdet(a[0]), a.slogdet())",
    ),
    Case(
        "torch.linalg.slogdet",
        "(torch.linalg.slogdet(torch.zeros(2, 2)), torch.linalg.slogdet(T(0, 0)))",
    ),
    Case(
        "torch.logdet Tensor.logdet",
        "a = T(3, 3)\nb = a @ a.T + torch.eye(3, dtype=float_dtype)\n(torch.logdet(b), b.logdet())",
    ),
    Case("torch.logdet", "torch.logdet(torch.diag(torch.tensor([1., -1])))"),
    Case("torch.linalg.lu", "r = torch.linalg.lu(T(3, 3))\n(r.P, r.L, r.U)"),
    Case("torch.linalg.lu", "torch.linalg.lu(T(2, 4, 3))"),
    Case("torch.linalg.lu", "torch.linalg.lu(T(2, 3, 4))"),
    Case(
        "torch.linalg.lu",
        "(torch.linalg.lu(T(0, 3, 3)), torch.linalg.lu(T(0, 0)), torch.linalg.lu(torch.zeros(2, 2)))",
    ),
    Case("torch.linalg.lu", "torch.linalg.lu(T(3, 3), pivot=False)", raises=True),
    Case("torch.linalg.lu", "torch.linalg.lu(T(3))", raises=True),
    Case("torch.linalg.lu_factor", "r = torch.linalg.lu_factor(T(2, 3, 3))\n(r.LU, r.pivots)"),
    Case("torch.linalg.lu_factor", "torch.linalg.lu_factor(torch.zeros(2, 2))", raises=True),
    Case(
        "torch.linalg.lu_factor_ex",
        "r = torch.linalg.lu_factor_ex(T(2, 4, 3))\n(r.LU, r.pivots, r.info)",
    ),
    Case("torch.linalg.lu_factor_ex", "torch.linalg.lu_factor_ex(torch.zeros(2, 2)).info"),
    Case(
        "torch.linalg.lu_factor_ex",
        "torch.linalg.lu_factor_ex(torch.zeros(2, 2), check_errors=True)",
        raises=True,
    ),
    Case(
        "torch.lu_unpack",
        "f = torch.linalg.lu_factor(T(2, 3, 3))\nr = torch.lu_unpack(*f)\n(r.P, r.L, r.U)",
    ),
    Case(
        "torch.lu_unpack",
        "f = torch.linalg.lu_factor(T(3, 3))\n(torch.lu_unpack(*f, unpack_data=False).P, torch.lu_unpack(*f, True, False).L)",
    ),
    Case("torch.lu_unpack", "torch.lu_unpack(T(3, 3), I(3))", raises=True),
    *[
        Case(
            "torch.linalg.lu_solve",
            f"f = torch.linalg.lu_factor(T(2, 3, 3))\ntorch.linalg.lu_solve(*f, T(2, 3, 3), left={left}, adjoint={adjoint})",
        )
        for left in (True, False)
        for adjoint in (True, False)
    ],
    Case(
        "torch.lu_solve Tensor.lu_solve",
        "f = torch.linalg.lu_factor(T(2, 3, 3))\nb = T(2, 3, 1)\n(torch.lu_solve(b, *f), b.lu_solve(*f))",
    ),
    Case(
        "torch.linalg.lu_solve",
        "f = torch.linalg.lu_factor(T(3, 3))\ntorch.linalg.lu_solve(*f, T(2, 2))",
        raises=True,
    ),
]

FACTORS = [
    Case("torch.linalg.qr torch.qr", code)
    for code in (
        "q, r = torch.linalg.qr(T(4, 3))\n[q @ r, q.mT @ q, r.abs(), q.shape]",
        "q, r = torch.linalg.qr(T(2, 3, 3), mode='reduced')\n[q @ r, r.abs()]",
        "q, r = torch.linalg.qr(C(4, 3), mode='complete')\n[q @ r, q.shape, r.shape]",
        "q, r = torch.qr(T(3, 3))\n[q @ r, r.abs()]",
        "torch.linalg.qr(C(4, 3), mode='r').R.abs()",
    )
]
FACTORS += [
    Case("torch.linalg.eigh torch.linalg.eigvalsh", code)
    for code in (
        "a = T(3, 3)\nw, v = torch.linalg.eigh(a + a.mT)\n[w, (v * w.unsqueeze(-2)) @ v.mT, v.abs()]",
        "a = T(2, 3, 3)\nw, v = torch.linalg.eigh(a + a.mT, UPLO='U')\n[w, (v * w.unsqueeze(-2)) @ v.mT]",
        "a = T(3, 3)\ntorch.linalg.eigvalsh(a @ a.mT)",
    )
]
FACTORS += [
    Case("torch.linalg.svd torch.linalg.svdvals", code)
    for code in (
        "u, s, v = torch.linalg.svd(T(4, 3), full_matrices=False)\n[s, (u * s) @ v, u.abs()]",
        "u, s, v = torch.linalg.svd(T(2, 3, 3))\n[s, (u * s.unsqueeze(-2)) @ v]",
        "u, s, v = torch.linalg.svd(C(4, 3))\n[u.shape, s, v.shape]",
        "torch.linalg.svdvals(T(3, 4))",
    )
]
FACTORS += [
    Case("torch.linalg.qr", "torch.linalg.qr(torch.ones(3))", raises=True),
    Case("torch.linalg.eigh", "torch.linalg.eigh(torch.ones(2, 3))", raises=True),
    Case("torch.linalg.svd", "torch.linalg.svd(torch.ones(3))", raises=True),
]


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


DERIVED = [
    *cases(
        "torch.linalg.pinv torch.pinverse Tensor.pinverse",
        "torch.linalg.pinv(T(3, 3))",
        "torch.linalg.pinv(T(4, 2))",
        "torch.linalg.pinv(T(2, 2, 4))",
        "a = T(3, 3)\ntorch.linalg.pinv(a + a.mT, hermitian=True)",
        "torch.linalg.pinv(C(3, 3), rtol=0.5)",
        "torch.linalg.pinv(C(3, 3), atol=0.4)",
        "torch.linalg.pinv(C(3, 3), 0.3)",
        "torch.pinverse(C(3, 2))",
        "C(3, 2).pinverse(rcond=0.5)",
        "torch.linalg.pinv(torch.zeros(3, 2))",
    ),
    *cases(
        "torch.linalg.matrix_rank",
        "torch.linalg.matrix_rank(C(4, 3))",
        "torch.linalg.matrix_rank(C(2, 3, 1) @ C(2, 1, 3))",
        "torch.linalg.matrix_rank(C(3, 3), atol=1.0)",
        "torch.linalg.matrix_rank(C(3, 3), tol=0.3)",
        "torch.linalg.matrix_rank(C(3, 3), rtol=0.4)",
        "torch.linalg.matrix_rank(torch.eye(3), hermitian=True)",
    ),
    *cases(
        "torch.linalg.matrix_power torch.matrix_power Tensor.matrix_power",
        "torch.linalg.matrix_power(C(3, 3), 0)",
        *[f"torch.linalg.matrix_power(T(3, 3), {n})" for n in (1, 2, 3, 5, -1, -2)],
        "torch.matrix_power(T(2, 2, 2), 3)",
        "T(2, 2).matrix_power(2)",
    ),
    *cases(
        "torch.linalg.tensorinv torch.linalg.tensorsolve torch.linalg.vander",
        "torch.linalg.tensorinv(T(2, 3, 6), ind=2)",
        "torch.linalg.tensorinv(T(4, 2, 2), ind=1)",
        "torch.linalg.tensorsolve(T(2, 3, 6), T(2, 3))",
        "torch.linalg.tensorsolve(T(2, 6, 3), T(2, 3), dims=(1,))",
        "torch.linalg.vander(T(3))",
        "torch.linalg.vander(T(2, 3), N=4)",
        "torch.linalg.vander(I(3))",
    ),
    *cases(
        "torch.linalg.pinv torch.linalg.matrix_power torch.linalg.tensorinv torch.linalg.vander",
        "torch.linalg.pinv(torch.ones(3))",
        "torch.linalg.matrix_power(torch.ones(2, 3), 2)",
        "torch.linalg.matrix_power(torch.zeros(2, 2), -1)",
        "torch.linalg.tensorinv(torch.ones(2, 3, 5))",
        "torch.linalg.tensorsolve(torch.ones(2, 3, 5), torch.ones(2, 3))",
        "torch.linalg.vander(torch.ones(3), N=1)",
        raises=True,
    ),
]

CASES = [*LU, *FACTORS, *DERIVED]
