"""Functions of elements by their other names and in their in-place forms, special functions."""

from harness import Case


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


CASES = [
    *cases(
        "Tensor.absolute torch.absolute Tensor.absolute_",
        "x = T(2, 3); [x.absolute(), torch.absolute(x), torch.absolute(input=x)]",
        "x = C(3) - 0.5; y = x.clone(); [y.absolute_(), y]",
        "[torch.tensor([-3, 2]).absolute(), torch.empty(0, 2).absolute(), Z(2).absolute()]",
        "out = C(2).clone(); torch.absolute(C(2) - 0.5, out=out); out",
    ),
    *cases("Tensor.absolute", "torch.tensor([True]).absolute()", raises=True),
    *cases(
        "Tensor.addcmul torch.addcmul Tensor.addcmul_",
        "a, b, c = T(2, 3), T(3), T(2, 1); [a.addcmul(b, c), a.addcmul(b, c, value=-0.5)]",
        "a, b, c = T(2, 3), T(3), T(); [torch.addcmul(a, b, c, value=2), torch.addcmul(input=a, tensor1=b, tensor2=c)]",
        "a = T(2) * 1; a.addcmul_(T(2), T(2), value=3); a",
        "[torch.addcmul(I(3), I(3), I(3), value=2), torch.addcmul(I(3), I(3), I(3), value=1.5)]",
        "a = T(0, 2); a.addcmul(a, a)",
        "torch.addcmul(C(2), C(2), C(2), out=torch.empty(0, dtype=float_dtype))",
    ),
    *cases(
        "Tensor.addcmul",
        "T(2).addcmul(T(3), T(2))",
        "T(2).addcmul(1.0, T(2))",
        raises=True,
    ),
    *cases(
        "torch.addcdiv Tensor.addcdiv Tensor.addcdiv_",
        "a, b, c = T(2, 3), T(3), U(2, 1); [a.addcdiv(b, c), a.addcdiv(b, c, value=-0.5)]",
        "a = T(2) * 1; a.addcdiv_(T(2), U(2), value=3); a",
    ),
    *cases("torch.addcdiv", "torch.addcdiv(I(2), I(2), I(2, low=1))", raises=True),
    *cases(
        "Tensor.clamp_min torch.clamp_min Tensor.clamp_max torch.clamp_max",
        "x = T(3, 4); [x.clamp_min(0.1), x.clamp_max(-0.1), x.clamp_min(T(4)), x.clamp_max(T(3, 1))]",
        "x = T(3); [torch.clamp_min(x, 0), torch.clamp_max(x, max=0), torch.clamp_min(input=x, min=1)]",
        "x = C(3).clone(); [x.clamp_min_(0.5), x.clamp_max_(0.6), x]",
        "x = C(3).clone(); [torch.clamp_min_(x, 0.5), torch.clamp_max_(x, 0.6), x]",
        "[I(4).clamp_min(2), I(4).clamp_min(1.5), I(4).clamp_max(torch.tensor(2))]",
        "x = torch.tensor([float('nan'), 1.0]); [x.clamp_min(0), x.clamp_max(torch.tensor(0.0))]",
        "torch.empty(0, 3).clamp_min(1)",
    ),
    *cases("torch.clamp_min", "torch.clamp_min(Z(2), 0)", "torch.clamp_min(T(2))", raises=True),
    *cases(
        "Tensor.clip torch.clip Tensor.clip_",
        "x = T(3, 4); [x.clip(-0.5, 0.5), x.clip(min=0), x.clip(max=0), torch.clip(x, -1, 1)]",
        "x = T(3, 4); [x.clip(T(4), T(3, 1)), x.clip(min=T(4)), torch.clip(x, 1, -1)]",
        "x = C(3).clone(); [x.clip_(0.4, 0.5), torch.clip_(x, 0.45), x]",
        "[I(4).clip(1, 3), I(4).clip(0.5, 2.5), torch.clip(I(4), torch.tensor(1), torch.tensor(2))]",
    ),
    *cases("Tensor.clip", "T(2).clip()", "T(2).clip('a')", raises=True),
    *cases(
        "Tensor.clip torch.clamp",
        "torch.tensor([1, 250], dtype=torch.uint8).clip(0, 300)",
        "torch.tensor([1, 250], dtype=torch.uint8).clamp(max=300)",
        "torch.tensor([1, 250], dtype=torch.uint8).clamp_(max=300)",
        "torch.tensor([1, 25], dtype=torch.int8).clamp_min(-200)",
        "torch.tensor([1, 25], dtype=torch.int32).clamp_max_(2**40)",
        "torch.tensor([1.0]).half().clamp(0, 1e6)",
        raises=True,
    ),
    *cases(
        "Tensor.clip torch.clamp",
        "torch.tensor([1, 250], dtype=torch.uint8).clip(min=2, max=255)",
        "torch.tensor([1, 250], dtype=torch.uint8).clamp(3.5, 300.5)",
        "torch.tensor([-100, 100], dtype=torch.int8).clamp(-50, 50)",
    ),
    *cases(
        "Tensor.divide torch.divide torch.div Tensor.div",
        "x, y = T(2, 3), U(3); [x.divide(y), torch.divide(x, y), torch.div(x, y), x.div(2), torch.div(x, 2.5)]",
        """
        x, y = T(2, 3), U(3)
        [f(x, y, rounding_mode=m) for f in (torch.div, torch.divide) for m in (None, "floor", "trunc")]
        """,
        """
        x, y = I(5, low=-9, high=9), torch.tensor([2, -2, 3, -3, 1])
        [torch.div(x, y), torch.div(x, y, rounding_mode="floor"), torch.div(x, y, rounding_mode="trunc"),
         x.divide(2), x.divide(-2, rounding_mode="floor"), x.div(2.5, rounding_mode="trunc")]
        """,
        "x = C(3).clone(); [x.divide_(2), x.divide_(C(3) + 1, rounding_mode='floor'), x]",
        "torch.div(input=T(2), other=U(2), out=None)",
        "out = torch.empty(0, dtype=float_dtype); torch.div(C(2), C(2), out=out); out",
        "torch.div(torch.tensor([1.0, -1.0, 0.0]), torch.tensor([0.0, 0.0, 0.0]))",
        "torch.div(torch.tensor([5.0, -1.0, 0.0]), torch.tensor([0.0, 0.0, 0.0]), rounding_mode='floor')",
        "[torch.div(Z(2), Z(2)), torch.div(T(2), Z(2))]",
        "[torch.div(T(0, 2), 3), torch.div(T(), T()), torch.div(True, torch.ones(2))]",
    ),
    *cases(
        "torch.div",
        "torch.div(T(2), U(2), rounding_mode='ceil')",
        "torch.div(T(2), U(3))",
        "I(2).div_(2)",
        "torch.div(torch.ones(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64), rounding_mode='trunc')",
        raises=True,
    ),
    *cases(
        "Tensor.multiply torch.multiply torch.mul torch.true_divide",
        "x, y = T(2, 3), T(3); [x.multiply(y), torch.multiply(x, y), x.multiply(2), torch.true_divide(x, 4)]",
        "x = C(3).clone(); [x.multiply_(2), x]",
        "[I(3).multiply(2), I(3).multiply(2.5), M(3).multiply(M(3)), torch.multiply(T(2), Z(2))]",
        "torch.multiply(C(2), C(2), out=torch.empty(0, dtype=float_dtype))",
    ),
    *cases("Tensor.multiply", "T(2).multiply(T(3))", "T(2).multiply('a')", raises=True),
    *cases(
        "torch.sub torch.subtract Tensor.sub Tensor.subtract Tensor.sub_ torch.rsub",
        "x, y = T(2, 3), T(3); [torch.sub(x, y), torch.sub(x, y, alpha=2), x.subtract(y, alpha=0.5), torch.subtract(x, 1)]",
        "x = T(3); [torch.sub(x, 1, alpha=3), torch.rsub(x, 1), torch.rsub(x, T(3), alpha=2)]",
        "x = C(3).clone(); [x.sub_(1), x.subtract_(C(3), alpha=2), x]",
        "[torch.sub(I(3), 2), torch.sub(I(3), 2.5), torch.sub(I(3), I(3), alpha=3), torch.sub(T(2), Z(2))]",
        "out = torch.empty(2, dtype=float_dtype); torch.sub(C(2), C(2), alpha=2, out=out); out",
    ),
    *cases(
        "torch.sub",
        "torch.sub(M(2), M(2))",
        "torch.sub(I(2), I(2), alpha=0.5)",
        "torch.sub(T(2), T(3))",
        "torch.sub(T(2))",
        raises=True,
    ),
    *cases(
        "Tensor.erfinv_ torch.erfinv Tensor.erfinv torch.special.erfinv",
        "x = U(3); [x.erfinv(), torch.erfinv(x), torch.special.erfinv(x)]",
        "x = C(3).clone(); [x.erfinv_(), x]",
        "x = U(3) * 1; y = x * 1; y.erfinv_(); y",
        "torch.erfinv(torch.tensor([-1.0, 1.0, 2.0, float('nan'), 0.0]))",
        "torch.erfinv(torch.tensor([0, 1]))",
    ),
    *cases("Tensor.erfinv_", "torch.tensor([0, 1]).erfinv_()", raises=True),
    *cases(
        "Tensor.logit torch.logit Tensor.logit_ torch.special.logit",
        "x = U(3); [x.logit(), torch.logit(x, 0.3), x.logit(eps=0.2), torch.special.logit(x)]",
        "x = C(3).clone(); [x.logit_(0.25), torch.logit_(x, eps=0.4), x]",
        "torch.logit(torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0, float('nan')]))",
        "torch.logit(torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0, float('nan')]), eps=1e-3)",
        "[torch.logit(torch.tensor([0, 1])), torch.logit(torch.empty(0)), torch.logit(U())]",
    ),
    *cases("Tensor.logit", "T(2).logit('a')", raises=True),
    *cases(
        "torch.atan2 Tensor.atan2 torch.arctan2 Tensor.atan2_",
        "x, y = T(2, 3), T(3); [torch.atan2(x, y), x.atan2(y), torch.arctan2(x, y), x.arctan2(other=y)]",
        "x = C(3).clone(); [x.atan2_(C(3)), x]",
        "z = torch.tensor([0.0, -0.0, 0.0, -0.0, 1.0]); torch.atan2(z, torch.tensor([0.0, 0.0, -1.0, -1.0, -0.0]))",
        "torch.atan2(I(3), I(3, low=1))",
        "torch.atan2(C(2), C(2), out=torch.empty(0, dtype=float_dtype))",
    ),
    *cases("torch.atan2", "torch.atan2(T(2), T(3))", "torch.atan2(Z(2), Z(2))", raises=True),
    *cases(
        "torch.digamma Tensor.digamma torch.special.digamma torch.special.psi Tensor.digamma_",
        "x = U(3, high=5.0); [torch.digamma(x), x.digamma(), torch.special.digamma(x), torch.special.psi(x)]",
        "x = U(5, low=-4.9, high=-0.1); torch.digamma(x)",
        "x = C(3).clone(); [x.digamma_(), x]",
        "torch.digamma(torch.tensor([0.0, -0.0, -1.0, float('inf'), float('nan'), 1e8]))",
    ),
    Case(
        "torch.digamma",
        "[torch.digamma(I(3, low=1)), torch.digamma(torch.empty(0))]",
        only="float32",
    ),
    *cases(
        "torch.lgamma Tensor.lgamma torch.special.gammaln Tensor.lgamma_",
        "x = U(3, high=5.0); [torch.lgamma(x), x.lgamma(), torch.special.gammaln(x)]",
        "x = U(5, low=-4.9, high=-0.1); torch.lgamma(x)",
        "x = C(3).clone(); [x.lgamma_(), x]",
        "torch.lgamma(torch.tensor([0.0, -0.0, -1.0, float('inf'), float('nan'), 1e8]))",
    ),
    Case(
        "torch.lgamma", "[torch.lgamma(I(3, low=1)), torch.lgamma(torch.empty(0))]", only="float32"
    ),
    *cases("torch.lgamma", "torch.lgamma(Z(2))", raises=True),
    *cases("torch.digamma", "torch.digamma(Z(2))", "torch.digamma(2.0)", raises=True),
    *cases(
        "torch.erf Tensor.erf torch.special.erf torch.erfc torch.special.erfc Tensor.erf_",
        "x = T(2, 3); [torch.erf(x), x.erf(), torch.special.erf(x), torch.erfc(x), torch.special.erfc(x)]",
        "x = C(3).clone(); [x.erf_(), torch.erf_(x), x.erfc_(), torch.erfc_(x), x]",
        "x = torch.tensor([float('inf'), -float('inf'), float('nan'), 0.0]); [x.erf(), x.erfc()]",
        "[torch.erf(T(0)), torch.erf(T())]",
        "torch.erf(C(2), out=torch.empty(0, dtype=float_dtype))",
    ),
    Case("torch.erf", "[torch.erf(I(3)), torch.erf(M(2))]", only="float32"),
    *cases("torch.erf", "torch.erf(Z(2))", "torch.erf(1.0)", "I(2).erf_()", raises=True),
    # PyTorch has no derivative of it.
    *cases(
        "torch.nextafter Tensor.nextafter Tensor.nextafter_",
        "torch.nextafter(C(2, 3), C(3)) - C(2, 3)",
        "x = torch.tensor([0.0, 1.0, float('inf'), float('nan')]); [torch.nextafter(x, -x), x.nextafter(torch.tensor(2.0))]",
        "x = C(3).clone(); [x.nextafter_(C(3)), x]",
        order=0,
    ),
    *cases(
        "torch.nextafter",
        "torch.nextafter(T(2), T(3))",
        raises=True,
    ),
    Case(
        "torch.add torch.mul torch.true_divide",
        "[torch.add(1, 2), torch.mul(2, 3.5), torch.true_divide(1, 2)]",
    ),
    *cases(
        "torch.eq",
        "torch.eq(1, 2)",
        "torch.less(1, 2)",
        "torch.maximum(1, 2)",
        "torch.pow(2, 3)",
        raises=True,
    ),
    # What is dropped is multiplied by 0.
    Case(
        "torch.nn.functional.dropout",
        "F.dropout(torch.tensor([float('nan'), float('inf'), 1.0]), 1.0)",
    ),
]
