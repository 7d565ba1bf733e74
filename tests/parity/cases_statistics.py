"""Integrals, derivatives, covariances and histograms of samples."""

from harness import Case


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


CASES = [
    *cases(
        "torch.trapezoid torch.trapz torch.cumulative_trapezoid",
        "y = T(3, 5); [torch.trapezoid(y), torch.trapezoid(y, dx=0.5), torch.trapezoid(y, dim=0), torch.trapz(y), torch.trapz(y, dx=2, dim=0)]",
        "y, x = T(3, 5), T(5); [torch.trapezoid(y, x), torch.trapz(y, x), torch.trapezoid(y, T(3), dim=0), torch.trapezoid(y, T(3, 5)), torch.trapezoid(y, T(1, 5), dim=1)]",
        "y = T(3, 5); [torch.cumulative_trapezoid(y), torch.cumulative_trapezoid(y, dx=0.5, dim=0), torch.cumulative_trapezoid(y, T(5)), torch.cumulative_trapezoid(y, x=T(3, 5))]",
        "[torch.trapezoid(T(1)), torch.trapezoid(C(2, 0)), torch.trapezoid(I(4)), torch.cumulative_trapezoid(T(1))]",
    ),
    *cases(
        "torch.trapezoid",
        "torch.trapezoid(T(3), T(2))",
        "torch.trapezoid(T(3), dim=1)",
        "torch.trapezoid(M(3))",
        raises=True,
    ),
    *cases(
        "torch.gradient",
        "torch.gradient(T(6))",
        "torch.gradient(T(4, 5))",
        "torch.gradient(T(4, 5), spacing=2.0), torch.gradient(T(4, 5), spacing=[0.5, 2.0]), torch.gradient(T(4, 5), dim=1)",
        "torch.gradient(T(4, 5), dim=(1, 0), edge_order=2), torch.gradient(T(4, 5), spacing=0.5, edge_order=2)",
        "x = torch.tensor([0.0, 1.0, 1.5, 3.5, 4.0], dtype=float_dtype); [torch.gradient(T(5), spacing=(x,)), torch.gradient(T(5), spacing=(x,), edge_order=2), torch.gradient(T(3, 5), spacing=(x,), dim=1)]",
        "torch.gradient(T(2)), torch.gradient(T(3), edge_order=2)",
    ),
    *cases(
        "torch.gradient",
        "torch.gradient(T(1))",
        "torch.gradient(T(2), edge_order=2)",
        "torch.gradient(T(3), edge_order=3)",
        "torch.gradient(T(3, 3), dim=(0, 0))",
        "torch.gradient(T(3), dim=1)",
        raises=True,
    ),
    *cases(
        "torch.cov Tensor.cov torch.corrcoef Tensor.corrcoef",
        "x = T(3, 6); [torch.cov(x), x.cov(), torch.cov(x, correction=0), x.cov(correction=2)]",
        "x = T(3, 6); [torch.corrcoef(x), x.corrcoef()]",
        "x = T(3, 4); f, a = torch.tensor([1, 2, 3, 1]), C(4); [torch.cov(x, fweights=f), torch.cov(x, aweights=a), torch.cov(x, fweights=f, aweights=a, correction=0), x.cov(fweights=f, aweights=a)]",
        "[torch.cov(T(5)), torch.corrcoef(T(5)), torch.cov(T(1, 5)), torch.cov(I(2, 4)).shape]",
        "[torch.cov(Z(2, 4)), torch.corrcoef(Z(2, 4))]",
    ),
    *cases(
        "torch.cov",
        "torch.cov(T(2, 2, 2))",
        "torch.cov(M(2, 3))",
        "torch.cov(T(2, 3), fweights=torch.ones(3))",
        "torch.cov(T(2, 3), fweights=torch.ones(2, dtype=torch.int64))",
        "torch.cov(T(2, 3), aweights=torch.tensor([1, 2, 3]))",
        "torch.cov(T(2, 3), aweights=-torch.ones(3))",
        raises=True,
    ),
    *cases(
        "torch.histogram Tensor.histogram",
        "x = C(5, 6); [list(torch.histogram(x, 4)), list(x.histogram(3, range=(0.2, 0.7))), list(torch.histogram(x, 5, density=True))]",
        "x, w = C(20), C(20); [list(torch.histogram(x, 4, weight=w)), list(torch.histogram(x, 4, range=(0.0, 1.0), weight=w, density=True))]",
        "x = C(20); e = torch.tensor([0.0, 0.3, 0.5, 0.9], dtype=float_dtype); [list(torch.histogram(x, e)), list(x.histogram(e, density=True))]",
        "x = torch.tensor([1.0, 2.0, 2.0, 3.0], dtype=float_dtype); [list(x.histogram(3)), torch.histogram(x, 3).hist, torch.histogram(x, 2).bin_edges]",
        "list(torch.histogram(torch.ones(3, dtype=float_dtype), 2)), list(torch.histogram(torch.empty(0, dtype=float_dtype), 2))",
        order=0,
    ),
    *cases(
        "torch.histogram",
        "torch.histogram(I(3), 3)",
        "torch.histogram(torch.ones(3), 0)",
        "torch.histogram(torch.ones(3), 3, range=(1.0, 0.0))",
        "torch.histogram(torch.ones(3), 3, weight=torch.ones(2))",
        raises=True,
    ),
    *cases(
        "torch.histogramdd",
        "x = C(10, 2); r = torch.histogramdd(x, [3, 4]); [r.hist, list(r.bin_edges)]",
        "x = C(10, 2); r = torch.histogramdd(x, 3, range=[0.0, 1.0, 0.0, 0.5], weight=C(10), density=True); [r.hist, list(r.bin_edges)]",
        "x = C(10, 3); r = torch.histogramdd(x, 2); [r[0], list(r[1])]",
        "x = C(10, 2); e = [torch.tensor([0.0, 0.5, 1.0], dtype=float_dtype), torch.tensor([0.0, 0.3], dtype=float_dtype)]; r = torch.histogramdd(x, e); [r.hist, list(r.bin_edges)]",
        order=0,
    ),
    *cases(
        "torch.histogramdd",
        "torch.histogramdd(torch.ones(3, 2), [3])",
        "torch.histogramdd(torch.ones(3), 3)",
        raises=True,
    ),
]
