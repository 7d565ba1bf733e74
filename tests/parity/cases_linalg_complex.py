"""Linear algebra of complex matrices; what depends on free phases is compared in other forms."""

from harness import Case


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


SYSTEMS = [
    *cases(
        "torch.linalg.solve torch.linalg.inv torch.inverse",
        "torch.linalg.solve(Z(3, 3), Z(3, 2))",
        "torch.linalg.solve(Z(2, 3, 3), Z(4, 3), left=False)",
        "torch.linalg.solve(Z(2, 3, 3), Z(3))",
        "torch.linalg.inv(Z(2, 3, 3))",
        "torch.linalg.inv_ex(Z(3, 3)).inverse",
        "torch.linalg.inv(Z(0, 3, 3))",
        "torch.inverse(Z(0, 0))",
    ),
    *cases(
        "torch.linalg.det torch.linalg.slogdet torch.logdet",
        "torch.linalg.det(Z(3, 3))",
        "torch.det(Z(2, 2, 2))",
        "torch.linalg.slogdet(Z(3, 3))",
        "torch.linalg.slogdet(Z(2, 2, 2)).logabsdet",
        "torch.slogdet(Z(3, 3)).sign",
        "torch.logdet(Z(3, 3))",
        "torch.linalg.det(Z(0, 0))",
    ),
    *cases(
        "torch.linalg.lu torch.linalg.lu_factor torch.linalg.lu_solve torch.lu_unpack",
        "torch.linalg.lu(Z(3, 3))",
        "torch.linalg.lu(Z(2, 4, 3))",
        "torch.linalg.lu(Z(2, 3, 4))",
        "torch.linalg.lu_factor(Z(3, 3))",
        "torch.lu_unpack(*torch.linalg.lu_factor(Z(3, 3)))",
        "torch.lu_solve(Z(3, 2), *torch.linalg.lu_factor(Z(3, 3)))",
        *[
            f"f = torch.linalg.lu_factor(Z(2, 3, 3))\n"
            f"torch.linalg.lu_solve(*f, Z(2, 3, 3), left={left}, adjoint={adjoint})"
            for left in (True, False)
            for adjoint in (True, False)
        ],
    ),
    *cases(
        "torch.linalg.solve_triangular torch.triangular_solve",
        "torch.linalg.solve_triangular(Z(3, 3), Z(3, 2), upper=True)",
        "torch.linalg.solve_triangular(Z(3, 3), Z(2, 3), upper=False, left=False)",
        "torch.linalg.solve_triangular(Z(2, 3, 3), Z(3, 2), upper=False, unitriangular=True)",
        "torch.triangular_solve(Z(3, 2), Z(3, 3), upper=False).solution",
    ),
    *cases(
        "torch.linalg.cholesky torch.cholesky_solve torch.cholesky_inverse",
        "a = Z(3, 3)\ntorch.linalg.cholesky(a @ a.mH + torch.eye(3))",
        "a = Z(2, 3, 3)\ntorch.linalg.cholesky(a @ a.mH + torch.eye(3), upper=True)",
        "a = Z(3, 3)\ntorch.linalg.cholesky_ex(a @ a.mH + torch.eye(3)).L",
        "a = Z(3, 3)\nl = torch.linalg.cholesky(a @ a.mH + torch.eye(3))\ntorch.cholesky_solve(Z(3, 2), l)",
        "a = Z(3, 3)\nl = torch.linalg.cholesky(a @ a.mH + torch.eye(3), upper=True)\ntorch.cholesky_solve(Z(3, 2), l, True)",
        "a = Z(3, 3)\nl = torch.linalg.cholesky(a @ a.mH + torch.eye(3))\ntorch.cholesky_inverse(l)",
    ),
    *cases(
        "torch.linalg.cholesky",
        "torch.linalg.cholesky(-torch.eye(2, dtype=torch.complex64))",
        raises=True,
    ),
    *cases(
        "torch.linalg.inv torch.linalg.solve",
        "torch.linalg.inv(torch.zeros(2, 2, dtype=torch.complex64))",
        "torch.linalg.solve(torch.ones(2, 2, dtype=torch.complex64), C(2, 2))",
        raises=True,
    ),
]

SPECTRA = [
    *cases(
        "torch.linalg.qr",
        "q, r = torch.linalg.qr(Z(4, 3))\n[q, r]",
        "q, r = torch.linalg.qr(Z(2, 3, 3))\n[q, r]",
        "q, r = torch.linalg.qr(Z(3, 4))\n[q @ r, r.abs()]",
        "q, r = torch.linalg.qr(Z(4, 2).detach(), mode='complete')\n[q @ r, (q.mH @ q).abs()]",
    ),
    *cases(
        "torch.linalg.eigh torch.linalg.eigvalsh",
        "a = Z(3, 3)\nw, v = torch.linalg.eigh(a + a.mH)\n[w, (v * w.exp()) @ v.mH, v.abs()]",
        "a = Z(2, 3, 3)\nw, v = torch.linalg.eigh(a + a.mH, UPLO='U')\n[w, (v * w.unsqueeze(-2).cos()) @ v.mH]",
        "a = Z(3, 3)\ntorch.linalg.eigvalsh(a + a.mH)",
        "torch.linalg.eigvalsh(Z(0, 0))",
    ),
    *cases(
        "torch.linalg.svd torch.linalg.svdvals torch.svd",
        "u, s, v = torch.linalg.svd(Z(4, 3), full_matrices=False)\n[s, (u * s.exp()) @ v, u.abs(), v.abs()]",
        "u, s, v = torch.linalg.svd(Z(2, 3, 4), full_matrices=False)\n[s, (u * s.unsqueeze(-2).exp()) @ v]",
        "u, s, v = torch.linalg.svd(Z(3, 3))\n[s, (u * s.square()) @ v]",
        "u, s, v = torch.svd(Z(4, 3))\n[s, (u * s) @ v.mH, v.abs()]",
        "torch.linalg.svdvals(Z(3, 2))",
        "torch.linalg.svdvals(Z(2, 0))",
    ),
    *cases(
        "torch.linalg.eig torch.linalg.eigvals",
        "w, v = torch.linalg.eig(Z(3, 3))\n[(v * w.exp()) @ torch.linalg.inv(v), w.abs().sum(), (v.abs() * w.abs()).sum()]",
        "w, v = torch.linalg.eig(Z(2, 3, 3))\n[(v * w.unsqueeze(-2).cos()) @ torch.linalg.inv(v)]",
        "torch.linalg.eigvals(Z(3, 3)).abs().sort().values",
    ),
    # A loss of the phases has no derivative.
    *[
        Case(
            f"torch.linalg.{name}",
            f"torch.linalg.{name}(Z(3, 3))[{k}].real.sum().backward()\n0",
            raises=True,
        )
        for name, k in (("eigh", 1), ("svd", 0), ("svd", 2), ("eig", 1))
    ],
    *cases(
        "torch.linalg.pinv torch.linalg.matrix_rank torch.linalg.matrix_power",
        "torch.linalg.pinv(Z(3, 3))",
        "torch.linalg.pinv(Z(2, 4, 2))",
        "a = Z(3, 3)\ntorch.linalg.pinv(a + a.mH, hermitian=True)",
        "torch.linalg.matrix_rank(Z(4, 1).detach() @ Z(1, 3).detach())",
        "a = Z(3, 3).detach()\ntorch.linalg.matrix_rank(a + a.mH, hermitian=True)",
        "torch.linalg.matrix_power(Z(3, 3), -2)",
        "torch.linalg.matrix_power(Z(3, 3), 3)",
    ),
    *cases(
        "torch.linalg.matrix_exp torch.linalg.multi_dot torch.linalg.vecdot torch.linalg.cross",
        "torch.linalg.matrix_exp(Z(3, 3))",
        "torch.linalg.matrix_exp(Z(2, 2, 2) * 4)",
        "torch.linalg.multi_dot([Z(2, 3), Z(3, 4), Z(4, 2)])",
        "torch.linalg.vecdot(Z(2, 3), Z(3))",
        "torch.linalg.cross(Z(2, 3), Z(1, 3))",
        "torch.linalg.tensorinv(Z(2, 2, 4))",
        "torch.linalg.tensorsolve(Z(2, 2, 4), Z(2, 2))",
        "torch.linalg.vander(Z(3))",
    ),
    *cases(
        "torch.linalg.norm torch.linalg.vector_norm torch.linalg.matrix_norm torch.linalg.cond torch.norm",
        *[f"torch.linalg.vector_norm(Z(2, 3), {p}, -1)" for p in (0, 1, 2, 3, "float('inf')", -1)],
        *[
            f"torch.linalg.matrix_norm(Z(3, 3), {p})"
            for p in ("'fro'", "'nuc'", 1, 2, -2, "float('inf')")
        ],
        "torch.linalg.norm(Z(3, 2))",
        "torch.linalg.vector_norm(Z(3, 2).detach(), dtype=torch.complex128)",
        "torch.linalg.cond(Z(3, 3))",
        "torch.linalg.cond(Z(3, 3).detach(), 'fro')",
        "torch.norm(Z(3))",
        "torch.norm(Z(3, 2), 1, 0)",
    ),
    *cases(
        "torch.linalg.lstsq",
        *[
            f"r = torch.linalg.lstsq(Z({a}), Z({b}), driver='{driver}')\n"
            "[t if t.numel() else t.shape for t in r]"
            for a, b in (("4, 2", "4, 3"), ("2, 4", "2"), ("2, 3, 3", "2, 3, 1"))
            for driver in ("gels", "gelsy", "gelsd", "gelss")
        ],
    ),
    *cases(
        "torch.geqrf torch.linalg.householder_product torch.orgqr torch.ormqr",
        "torch.geqrf(Z(4, 3).detach())",
        "torch.linalg.householder_product(Z(4, 3), Z(2))",
        "torch.orgqr(Z(2, 3, 3), Z(2, 3))",
        *[
            f"torch.ormqr(Z(3, 3), Z(3), Z(3, 3), {left}, {turned})"
            for left in (True, False)
            for turned in (True, False)
        ],
    ),
    *cases(
        "torch.linalg.ldl_factor torch.linalg.ldl_factor_ex torch.linalg.ldl_solve",
        "a = Z(3, 3).detach()\ntorch.linalg.ldl_factor(a + a.mT)",
        "a = Z(2, 3, 3).detach()\ntorch.linalg.ldl_factor_ex(a + a.mH, hermitian=True)",
        *[
            f"a = Z(3, 3).detach()\nf = torch.linalg.ldl_factor(a + a.{t}, hermitian={h})\n"
            f"torch.linalg.ldl_solve(*f, Z(3, 2).detach(), hermitian={h})"
            for t, h in (("mT", False), ("mH", True))
        ],
    ),
]

CASES = [*SYSTEMS, *SPECTRA]
