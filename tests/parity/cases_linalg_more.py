"""Exponentials, least squares, reflectors, norms, spectra of general matrices, older names."""

from harness import Case


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


DRIVERS = ("gels", "gelsy", "gelsd", "gelss")
LSTSQ = [
    *[
        Case(
            "torch.linalg.lstsq",
            f"torch.linalg.lstsq(T(3, 3) + 3 * torch.eye(3, dtype=float_dtype), T(3, 2), driver='{driver}').solution",
        )
        for driver in DRIVERS
    ],
    *[
        Case(
            "torch.linalg.lstsq",
            f"r = torch.linalg.lstsq(T({a}), T({b}), driver='{driver}')\n"
            "[t if t.numel() else t.shape for t in (r.solution, r.residuals, r.rank, r.singular_values)]",
        )
        for a, b in (
            ("4, 2", "4, 3"),
            ("2, 4", "2, 3"),
            ("4, 2", "4"),
            ("2, 4, 2", "2, 4"),
            ("2, 4, 2", "1, 4, 2"),
        )
        for driver in DRIVERS
    ],
    *[
        Case("torch.linalg.lstsq", f"torch.linalg.lstsq(C({a}), C({b}), driver='{driver}')[:4]")
        for a, b in (
            ("0, 2", "0, 3"),
            ("0, 0", "0, 0"),
            ("0, 4, 2", "0, 4, 3"),
        )
        for driver in DRIVERS
    ],
    *cases(
        "torch.linalg.lstsq",
        "torch.linalg.lstsq(T(4, 2), T(4, 3)).solution",
        "torch.linalg.lstsq(C(4, 1) @ C(1, 3), C(4, 2))[:3]",
        "torch.linalg.lstsq(C(4, 1) @ C(1, 3), C(4, 2), driver='gelsd')[:3]",
        "torch.linalg.lstsq(C(4, 3), C(4, 2), 0.3, driver='gelsd').rank",
        "torch.linalg.lstsq(C(4, 3), C(4, 2), rcond=0.3, driver='gelss').rank",
        "torch.linalg.lstsq(C(4, 3), C(4, 2), rcond=torch.tensor(0.3), driver='gelss').rank",
        "torch.linalg.lstsq(C(4, 1) @ C(1, 3), C(4, 2), driver='gelss').residuals",
    ),
    *cases(
        "torch.linalg.lstsq",
        "torch.linalg.lstsq(torch.ones(4, 2), torch.ones(3, 2))",
        "torch.linalg.lstsq(torch.ones(4, 2), torch.ones(4, 2).double())",
        "torch.linalg.lstsq(torch.ones(4), torch.ones(4))",
        "torch.linalg.lstsq(torch.ones(4, 2), torch.ones(4, 2), driver='x')",
        "torch.linalg.lstsq(torch.ones(5, 4, 2), torch.ones(3, 4, 1))",
        "torch.linalg.lstsq(torch.ones(4, 2), torch.ones(5, 4, 2))",
        raises=True,
    ),
]

EXP = [
    *cases(
        "torch.linalg.matrix_exp torch.matrix_exp Tensor.matrix_exp",
        "torch.linalg.matrix_exp(T(3, 3))",
        "torch.matrix_exp(T(2, 3, 3))",
        "T(2, 2).matrix_exp()",
        "torch.matrix_exp(T(1, 1) * 3)",
        "torch.matrix_exp(T(3, 3) * 9)",
        "torch.matrix_exp(torch.stack([C(2, 2), C(2, 2) * 20, C(2, 2) * 1e-9]))",
        "a = T(3, 3)\ntorch.matrix_exp(a - a.mT)",
        "torch.matrix_exp(T(2, 3, 4, 4)[:, 1])",
        "(torch.matrix_exp(T(0, 0)), torch.matrix_exp(T(0, 3, 3)))",
        "torch.matrix_exp(torch.zeros(2, 2))",
    ),
    *cases(
        "torch.matrix_exp",
        "torch.matrix_exp(torch.ones(3))",
        "torch.matrix_exp(torch.ones(2, 3))",
        "torch.matrix_exp(torch.ones(2, 2, dtype=torch.int64))",
        raises=True,
    ),
]

REFLECTORS = [
    *cases(
        "torch.geqrf Tensor.geqrf",
        "r = torch.geqrf(C(4, 3))\n(r.a, r.tau)",
        "C(2, 3, 4).geqrf()",
        "torch.geqrf(C(3, 0))",
        "torch.geqrf(C(0, 3, 2))",
    ),
    *cases(
        "torch.linalg.householder_product torch.orgqr Tensor.orgqr",
        "torch.linalg.householder_product(T(4, 3), T(3))",
        "torch.linalg.householder_product(T(2, 4, 3), T(2, 2))",
        "torch.orgqr(T(3, 3), T(3))",
        "T(4, 2).orgqr(T(1))",
        "torch.linalg.householder_product(T(3, 2), T(0))",
        "torch.linalg.householder_product(C(0, 3, 2), C(0, 2))",
        "torch.linalg.householder_product(*torch.geqrf(C(4, 3)))",
    ),
    *cases(
        "torch.ormqr Tensor.ormqr",
        *[
            f"torch.ormqr(T(3, 3), T(3), T(3, 3), left={left}, transpose={turned})"
            for left in (True, False)
            for turned in (True, False)
        ],
        "torch.ormqr(T(2, 4, 2), T(2, 2), T(2, 4, 3))",
        "T(4, 3).ormqr(T(3), T(2, 4), False, True)",
        "torch.ormqr(T(4, 4), T(4), T(4, 2))",
    ),
    *cases(
        "torch.linalg.householder_product torch.ormqr torch.geqrf",
        "torch.linalg.householder_product(torch.ones(2, 3), torch.ones(2))",
        "torch.linalg.householder_product(torch.ones(3, 2), torch.ones(3))",
        "torch.linalg.householder_product(torch.ones(3, 2), torch.ones(2).double())",
        "torch.linalg.householder_product(torch.ones(2, 3, 2), torch.ones(3, 2))",
        "torch.linalg.householder_product(torch.ones(3), torch.ones(3))",
        "torch.ormqr(torch.ones(3, 2), torch.ones(2), torch.ones(2, 2))",
        "torch.ormqr(torch.ones(3, 2), torch.ones(3), torch.ones(3, 2))",
        "torch.geqrf(torch.ones(3))",
        "torch.geqrf(torch.ones(3, 2).requires_grad_()).a.sum().backward()\n0",
        raises=True,
    ),
]

EIG = [
    *cases(
        "torch.linalg.eig torch.linalg.eigvals",
        "w, v = torch.linalg.eig(T(3, 3))\n[(v * w.exp()) @ torch.linalg.inv(v), (v.abs() * w.abs()).sum()]",
        "r = torch.linalg.eig(T(2, 4, 4))\n[(r.eigenvectors * r.eigenvalues.unsqueeze(-2)) @ torch.linalg.inv(r.eigenvectors)]",
        "w, v = torch.linalg.eig(T(3, 3))\n[w.abs().sum(), (w * w).sum().real]",
        "torch.linalg.eigvals(T(3, 3)).abs().sort().values",
        "torch.linalg.eigvals(T(2, 3, 3)).sum(-1)",
        "torch.linalg.eigvals(C(4, 4)).abs().sort().values",
        "(torch.linalg.eig(C(0, 0)), torch.linalg.eigvals(C(0, 2, 2)), torch.linalg.eig(C(0, 2, 2)))",
        "torch.linalg.eigvals(torch.tensor([[0., 1.], [-1., 0.]])).imag.sort().values",
    ),
    *cases(
        "torch.linalg.eig torch.linalg.eigvals",
        "torch.linalg.eig(torch.ones(2, 3))",
        "torch.linalg.eigvals(torch.ones(3))",
        "torch.linalg.eig(torch.full((2, 2), float('nan')))",
        "torch.linalg.eigvals(torch.ones(2, 2, dtype=torch.int64))",
        raises=True,
    ),
]

LDL = [
    *cases(
        "torch.linalg.ldl_factor torch.linalg.ldl_factor_ex torch.linalg.ldl_solve",
        "a = C(3, 3)\nr = torch.linalg.ldl_factor(a + a.mT)\n(r.LD, r.pivots)",
        "a = C(2, 3, 3) - 0.5\nr = torch.linalg.ldl_factor_ex(a + a.mT, hermitian=True)\n(r.LD, r.pivots, r.info)",
        "torch.linalg.ldl_factor_ex(torch.zeros(2, 2)).info",
        "torch.linalg.ldl_factor_ex(torch.tensor([[0., 1.], [1., 0.]]), check_errors=True)",
        "(torch.linalg.ldl_factor(C(0, 0)), torch.linalg.ldl_factor(C(0, 2, 2)))",
        "a = C(3, 3) - 0.5\ntorch.linalg.ldl_solve(*torch.linalg.ldl_factor(a + a.mT), C(3, 2))",
        "a = C(3, 3)\ntorch.linalg.ldl_solve(*torch.linalg.ldl_factor(a), C(2, 3, 1), hermitian=True)",
        "a = C(2, 3, 3)\ntorch.linalg.ldl_solve(*torch.linalg.ldl_factor(a), C(3, 2))",
        "f = torch.linalg.ldl_factor(C(3, 3))\ntorch.linalg.ldl_solve(f[0], f[1].long(), C(3, 2))",
        "torch.linalg.ldl_factor(T(3, 3)).LD.requires_grad",
    ),
    *cases(
        "torch.linalg.ldl_factor torch.linalg.ldl_factor_ex torch.linalg.ldl_solve",
        "torch.linalg.ldl_factor(torch.ones(2, 3))",
        "torch.linalg.ldl_factor(torch.ones(2))",
        "torch.linalg.ldl_factor(torch.zeros(2, 2))",
        "torch.linalg.ldl_factor_ex(torch.zeros(2, 2), check_errors=True)",
        "torch.linalg.ldl_solve(*torch.linalg.ldl_factor(torch.eye(3)), torch.ones(3))",
        "torch.linalg.ldl_solve(*torch.linalg.ldl_factor(torch.eye(3)), torch.ones(2, 2))",
        "torch.linalg.ldl_solve(torch.eye(3), torch.ones(3), torch.ones(3, 2))",
        "torch.linalg.ldl_factor(T(3, 3)).LD.sum().backward()\n0",
        raises=True,
    ),
]

INF = "float('inf')"
ORDERS = ("'fro'", "'nuc'", 1, -1, 2, -2, INF, f"-{INF}")
NORMS = [
    *cases(
        "torch.linalg.matrix_norm",
        *[f"torch.linalg.matrix_norm(T(3, 3), {p})" for p in ORDERS],
        *[f"torch.linalg.matrix_norm(T(2, 3, 4), ord={p}, dim=(2, 0))" for p in ORDERS],
        *[f"torch.linalg.matrix_norm(T(2, 3, 2), {p}, (0, 1), keepdim=True)" for p in ORDERS],
        "torch.linalg.matrix_norm(C(3, 3).float(), 2, dtype=torch.float64)",
        "torch.linalg.matrix_norm(C(3, 3).float(), 'nuc', dtype=torch.float64)",
        "torch.linalg.matrix_norm(C(3, 3).float(), 1, dtype=torch.float64)",
        *[f"torch.linalg.matrix_norm(C(0, 3), {p})" for p in ("'fro'", "'nuc'", 1, 2)],
        "torch.linalg.matrix_norm(C(3, 0), 1)",
        "torch.linalg.matrix_norm(C(0, 3), float('inf'))",
    ),
    *cases(
        "torch.linalg.norm",
        *[f"torch.linalg.norm(T(3, 2), {p})" for p in ORDERS],
        *[f"torch.linalg.norm(T(4), {p})" for p in (0, 1, 2.5, -1, INF)],
        "torch.linalg.norm(T(2, 3))",
        "torch.linalg.norm(T(2, 3), dim=(0, 1), keepdim=True)",
        "torch.linalg.norm(T(2, 3), 2, dim=(0, 1))",
        "torch.linalg.norm(T(2, 3), 3, dim=1)",
        "torch.linalg.norm(T(2, 3), 'nuc', (0, 1), True)",
        "torch.linalg.norm(C(2, 3).float(), dtype=torch.float64)",
        "torch.linalg.norm(torch.tensor(-2.0))",
    ),
    *cases(
        "torch.norm torch.nuclear_norm torch.frobenius_norm Tensor.norm",
        "torch.norm(T(2, 3), 'nuc')",
        "torch.norm(T(2, 2, 3), 'nuc', dim=(1, 2), keepdim=True)",
        "T(2, 3).norm('nuc')",
        "torch.norm(T(2, 3), p='fro', dim=(0, 1), keepdim=True)",
        "(torch.nuclear_norm(T(2, 3)), torch.nuclear_norm(C(2, 3), True))",
        "torch.nuclear_norm(T(2, 3, 2), dim=(0, 2))",
        "(torch.frobenius_norm(T(2, 3), 1), torch.frobenius_norm(C(2, 3), dim=(), keepdim=True))",
    ),
    *cases(
        "torch.linalg.cond",
        # PyTorch's own derivative fails where it inverts.
        *[
            f"torch.linalg.cond({'T' if p in (None, 2, -2) else 'C'}(3, 3), {p})"
            for p in (None, *ORDERS)
        ],
        "torch.linalg.cond(T(2, 3, 3))",
        "torch.linalg.cond(T(3, 2), -2)",
        "torch.linalg.cond(T(2, 4), p=2)",
        *[f"torch.linalg.cond(torch.zeros(2, 2), {p})" for p in (None, 1, 2, -2, "'fro'")],
        "torch.linalg.cond(torch.stack([C(2, 2), torch.zeros(2, 2, dtype=float_dtype)]), 1)",
        "(torch.linalg.cond(C(0, 0)), torch.linalg.cond(C(0, 3, 3)), torch.linalg.cond(C(2, 0, 0), 1))",
    ),
    *cases(
        "torch.linalg.matrix_norm torch.linalg.norm torch.linalg.cond torch.linalg.vector_norm torch.norm",
        "torch.linalg.matrix_norm(torch.ones(3))",
        "torch.linalg.matrix_norm(torch.ones(3, 3), 3)",
        "torch.linalg.matrix_norm(torch.ones(3, 3), 'x')",
        "torch.linalg.matrix_norm(torch.ones(3, 3), dim=(0, 0))",
        "torch.linalg.matrix_norm(torch.ones(3, 3), dim=0)",
        "torch.linalg.matrix_norm(torch.ones(3, 3), dim=(0, 5))",
        "torch.linalg.matrix_norm(torch.ones(2, 2, dtype=torch.int64))",
        "torch.linalg.matrix_norm(torch.ones(0, 3), -2)",
        "torch.linalg.matrix_norm(torch.ones(2, 3).double(), 2, dtype=torch.float32)",
        "torch.linalg.norm(torch.ones(3), 'fro')",
        "torch.linalg.norm(torch.ones(2, 3, 3), 2)",
        "torch.linalg.norm(torch.ones(2, 3), 'fro', dim=1)",
        "torch.linalg.norm(torch.ones(2, 3, 2), dim=(0, 1, 2))",
        "torch.linalg.norm(torch.tensor(1.0), 2)",
        "torch.linalg.norm(torch.ones(2, 3), 3)",
        "torch.linalg.norm(torch.ones(2, 3), dim=())",
        "torch.linalg.cond(torch.ones(3, 2), 1)",
        "torch.linalg.cond(torch.ones(3, 3), 3)",
        "torch.linalg.cond(torch.ones(3))",
        "torch.linalg.vector_norm(torch.ones(2), dtype=torch.complex128)",
        "torch.linalg.vector_norm(torch.ones(2, dtype=torch.complex64), dtype=torch.float32)",
        "torch.linalg.vector_norm(torch.ones(2).double(), dtype=torch.float32)",
        "torch.norm(torch.ones(3), 'nuc')",
        "torch.norm(torch.ones(3), 'x')",
        raises=True,
    ),
]

PRODUCTS = [
    *cases(
        "torch.linalg.multi_dot torch.chain_matmul",
        "torch.linalg.multi_dot([T(2, 3), T(3, 4)])",
        "torch.linalg.multi_dot((T(3), T(3, 4), T(4, 5), T(5)))",
        "torch.linalg.multi_dot([T(5, 2), T(2, 6), T(6, 3), T(3, 1)])",
        "torch.chain_matmul(T(2, 3), T(3, 4), T(4, 2))",
        "torch.linalg.multi_dot([C(2, 0), C(0, 3)])",
    ),
    *cases(
        "torch.linalg.cross torch.linalg.vecdot torch.linalg.diagonal",
        "torch.linalg.cross(T(2, 3), T(2, 3))",
        "torch.linalg.cross(T(3, 2), T(3, 1), dim=0)",
        "torch.linalg.vecdot(T(2, 3), T(2, 3))",
        "torch.linalg.vecdot(T(3, 2), T(3, 1), dim=0)",
        "torch.linalg.diagonal(T(2, 3, 4))",
        "torch.linalg.diagonal(T(2, 3, 4), offset=1, dim1=0, dim2=2)",
    ),
    *cases(
        "torch.trace torch.diagonal Tensor.diagonal Tensor.dot torch.baddbmm torch.dist Tensor.mT Tensor.triu_",
        "(torch.trace(T(3, 4)), torch.diagonal(T(3, 4), -1), T(2, 3, 4).diagonal(1, 0, 2))",
        "torch.diagonal(T(2, 3, 4), offset=0, dim1=-1, dim2=0)",
        "(T(3).dot(T(3)), T(2, 3, 4).mT, torch.dist(T(2, 3), T(3)), torch.dist(T(3), T(3), p=1))",
        "torch.baddbmm(T(2, 1, 4), T(2, 3, 2), T(2, 2, 4), beta=0.5, alpha=2)",
        "torch.baddbmm(T(3, 4), T(2, 3, 2), T(2, 2, 4))",
        "y = T(3, 4) * 2\ny.triu_(1)\ny",
    ),
    *cases(
        "torch.linalg.LinAlgError torch._C._LinAlgError",
        "(issubclass(torch.linalg.LinAlgError, RuntimeError), torch._C._LinAlgError is torch.linalg.LinAlgError)",
    ),
    *cases(
        "torch.linalg.multi_dot torch.linalg.cross torch.linalg.vecdot",
        "torch.linalg.multi_dot([torch.ones(2, 3)])",
        "torch.linalg.multi_dot([torch.ones(2, 3), torch.ones(2, 3)])",
        "torch.linalg.multi_dot([torch.ones(2, 3, 3), torch.ones(3, 3)])",
        "torch.linalg.cross(torch.ones(2, 4), torch.ones(2, 4))",
        "torch.linalg.vecdot(torch.ones(3), torch.ones(2))",
        "torch.linalg.vecdot(I(3), I(3))",
        "torch.linalg.cross(torch.ones(2, 3), torch.ones(3))",
        raises=True,
    ),
]

OUT = [
    Case(
        f"torch.linalg.{name}", f"o = {out}\ntorch.linalg.{name}({args}, out=o)\no", only="float32"
    )
    for name, args, out in (
        ("cond", "C(3, 3)", "torch.empty(())"),
        ("cross", "C(2, 3), C(2, 3)", "torch.empty(2, 3)"),
        ("vecdot", "C(2, 3), C(2, 3)", "torch.empty(2)"),
        ("eigvals", "torch.eye(2)", "torch.empty(0, dtype=torch.complex64)"),
        ("householder_product", "C(3, 2), C(2)", "torch.empty(0)"),
        ("matrix_norm", "C(3, 3), 'nuc'", "torch.empty(())"),
        ("matrix_norm", "C(3, 3)", "torch.empty(())"),
        ("norm", "C(3, 3), 1", "torch.empty(())"),
        ("vector_norm", "C(3, 3)", "torch.empty(())"),
        ("multi_dot", "[C(2, 3), C(3, 2)]", "torch.empty(2, 2)"),
        ("solve_triangular", "C(3, 3), C(3, 2), upper=True", "torch.empty(3, 2)"),
        ("ldl_factor", "torch.eye(2)", "(torch.empty(0), torch.empty(0, dtype=torch.int32))"),
        ("cholesky_ex", "torch.eye(2)", "(torch.empty(0), torch.empty(0, dtype=torch.int32))"),
        ("pinv", "C(3, 2)", "torch.empty(0)"),
        ("matrix_power", "C(3, 3), 2", "torch.empty(0)"),
    )
]

LEGACY = [
    *cases(
        "torch.svd Tensor.svd",
        "r = torch.svd(T(4, 3))\n[r.S, (r.U * r.S) @ r.V.mT, r.V.abs()]",
        "u, s, v = T(2, 3, 4).svd()\n[s, (u * s.unsqueeze(-2)) @ v.mT]",
        "u, s, v = torch.svd(C(4, 3), some=False)\n[u.shape, s, v.shape]",
        "torch.svd(T(4, 3), compute_uv=False)",
        "torch.svd(C(2, 4, 3), False, False)",
    ),
    *cases(
        "torch.lu Tensor.lu",
        "torch.lu(T(3, 3))",
        "T(2, 3, 4).lu()",
        "r = torch.lu(torch.zeros(2, 2), get_infos=True)\n(r[0], r[1], r[2])",
        "torch.lu(C(3, 3), True, True)",
        "C(4, 3).lu(pivot=True, get_infos=False)",
        "torch.lu(torch.zeros(2, 2))",
    ),
    *cases(
        "torch.lu torch.svd", "torch.lu(torch.ones(2))", "torch.svd(torch.ones(2))", raises=True
    ),
    *[
        Case(f"torch.{name}", f"torch.{name}({args})", raises=True)
        for name, args in (
            ("lstsq", "torch.ones(2, 2), torch.ones(2, 2)"),
            ("eig", "torch.ones(2, 2)"),
            ("symeig", "torch.ones(2, 2)"),
            ("solve", "torch.ones(2, 2), torch.ones(2, 2)"),
            ("matrix_rank", "torch.ones(2, 2)"),
        )
    ],
    *[
        Case(f"Tensor.{name}", f"torch.ones(2, 2).{name}()", raises=True)
        for name in ("eig", "symeig")
    ],
    *[
        Case(f"Tensor.{name}", f"torch.ones(2, 2).{name}(torch.ones(2, 2))", raises=True)
        for name in ("lstsq", "solve")
    ],
    *cases(
        "torch.cholesky_solve Tensor.cholesky_solve torch.cholesky_inverse Tensor.cholesky_inverse",
        "a = T(3, 3)\nl = torch.linalg.cholesky(a @ a.mT + torch.eye(3, dtype=float_dtype))\n(torch.cholesky_solve(T(3, 2), l), T(3, 1).cholesky_solve(l))",
        "a = T(2, 3, 3)\nl = torch.linalg.cholesky(a @ a.mT + torch.eye(3, dtype=float_dtype), upper=True)\n(torch.cholesky_solve(T(3, 2), l, upper=True), l.cholesky_inverse(upper=True))",
        "a = T(3, 3)\nl = torch.linalg.cholesky(a @ a.mT + torch.eye(3, dtype=float_dtype))\n(torch.cholesky_inverse(l), l.cholesky_inverse(False))",
        "torch.cholesky_inverse(C(0, 3, 3))",
    ),
    # Of a matrix whose rank is that of the projection nothing random is left in the result.
    *cases(
        "torch.svd_lowrank torch.pca_lowrank",
        "u, s, v = torch.svd_lowrank(C(6, 2) @ C(2, 5), q=2)\n[s, (u * s) @ v.mT, u.shape, v.shape]",
        "u, s, v = torch.svd_lowrank(C(2, 3, 2) @ C(2, 2, 7), 3, 1)\n[s[:, :2], (u * s.unsqueeze(-2)) @ v.mT, u.shape, v.shape]",
        "m = C(1, 5)\nu, s, v = torch.svd_lowrank(C(6, 1) @ C(1, 5) + m, q=1, niter=2, M=m)\n[s, (u * s) @ v.mT]",
        "[t.shape for t in torch.svd_lowrank(C(8, 9))]",
        "u, s, v = torch.pca_lowrank(C(6, 2) @ C(2, 5), q=2)\n[s, (u * s) @ v.mT]",
        "u, s, v = torch.pca_lowrank(C(6, 2) @ C(2, 5), q=2, center=False, niter=1)\n[s, (u * s) @ v.mT]",
        "[t.shape for t in torch.pca_lowrank(C(5, 8))]",
    ),
    *cases(
        "torch.svd_lowrank torch.pca_lowrank",
        "torch.pca_lowrank(torch.ones(5, 8), q=9)",
        "torch.pca_lowrank(torch.ones(5, 8), niter=-1)",
        "torch.pca_lowrank(torch.ones(5, 8, dtype=torch.int64))",
        "torch.svd_lowrank(torch.ones(5))",
        raises=True,
    ),
]

SYMMETRIC = "a = {kind}(7, 7)\na = a @ a.mT + torch.eye(7, dtype=float_dtype)\n"
# PyTorch's derivatives are of first order, its iteration is exact to the root of the precision.
LOBPCG = [
    Case("torch.lobpcg", SYMMETRIC.format(kind="C") + code, only="float64")
    for code in (
        "torch.lobpcg(a)[0]",
        "torch.lobpcg(a, k=2, largest=False, tol=1e-12, niter=500)[0]",
        "e, v = torch.lobpcg(a, 2, tol=1e-12, niter=500)\n[e, v.abs(), v.shape]",
        "e, v = torch.lobpcg(a, X=C(7, 2), tol=1e-12, niter=500)\ne",
        "b = C(7, 7)\nb = b @ b.mT + torch.eye(7, dtype=float_dtype)\ne, v = torch.lobpcg(a, k=2, B=b, tol=1e-12, niter=500)\n[e, v.mT @ b @ v]",
        "torch.lobpcg(torch.stack([a, a * 2]), k=2, tol=1e-12, niter=500)[0]",
    )
]
LOBPCG += cases(
    "torch.lobpcg",
    "torch.lobpcg(torch.eye(7), k=3)",
    "torch.lobpcg(torch.eye(7), k=1, n=3)",
    "torch.lobpcg(torch.ones(7, 6))",
    "torch.lobpcg(torch.ones(7))",
    "torch.lobpcg(torch.eye(7, dtype=torch.int64))",
    raises=True,
)

TRAPEZOID = [
    *cases(
        "torch.trapezoid torch.cumulative_trapezoid torch.trapz",
        *[
            f"(torch.trapezoid({args}), torch.cumulative_trapezoid({args}))"
            for args in (
                "T(4)",
                "T(3, 4)",
                "T(3, 4), dim=0",
                "T(3, 4), dx=0.5",
                "T(3, 4), dx=2, dim=0",
                "T(3, 4), T(4)",
                "T(3, 4), T(3), dim=0",
                "T(3, 4), T(3, 4)",
                "T(2, 3, 4), T(3, 4), dim=1",
                "T(2, 3, 4), T(2, 1, 4)",
                "y=T(3), x=T(3), dim=-1",
                "C(2, 0)",
                "C(2, 1)",
                "I(2, 4)",
                "I(2, 4), dx=0.5",
                "I(4), T(4)",
                "T(3), dx=torch.tensor(0.5)",
            )
        ],
        "(torch.trapz(T(3)), torch.trapz(T(2, 3), T(3)), torch.trapz(T(3, 2), x=T(3), dim=0), torch.trapz(T(3), dx=2))",
    ),
    *cases(
        "torch.trapezoid torch.cumulative_trapezoid torch.trapz",
        "torch.trapezoid(torch.ones(3), torch.ones(3), dx=2)",
        "torch.trapezoid(torch.ones(3), 2)",
        "torch.trapezoid(torch.ones(2, 3), torch.ones(2))",
        "torch.trapezoid(torch.tensor(1.0))",
        "torch.trapezoid(torch.ones(2, 3), dim=5)",
        "torch.trapezoid(torch.ones(3, dtype=torch.bool))",
        "torch.cumulative_trapezoid(torch.tensor(1.0))",
        "torch.cumulative_trapezoid(torch.ones(2, 3), torch.ones(2))",
        "torch.cumulative_trapezoid(torch.ones(3), torch.ones(3), dx=2)",
        "torch.trapz(torch.ones(3), torch.ones(3), dx=1)",
        raises=True,
    ),
]

CASES = [
    *LSTSQ,
    *EXP,
    *REFLECTORS,
    *EIG,
    *LDL,
    *NORMS,
    *PRODUCTS,
    *OUT,
    *LEGACY,
    *LOBPCG,
    *TRAPEZOID,
]
