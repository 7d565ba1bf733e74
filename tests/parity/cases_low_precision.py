"""float16 and bfloat16: results within two units of their last place of PyTorch's."""

from harness import Case

# names -> (statements, the expressions after them, each a case of its own)

ELEMENTS = [
    (
        "Tensor.half Tensor.bfloat16 Tensor.to",
        "x = T(3, 4)",
        [
            "x.to(low)",
            "x.to(low).float()",
            "x.to(low).double()",
            "I(5, low=-9, high=99).to(low)",
            "x.to(low).int()",
            "M(3).to(low)",
        ],
    ),
    (
        "Tensor.half Tensor.bfloat16 Tensor.to",
        "",
        [
            "torch.tensor([1e30, 70000.0, 65504.0, 65519.0, 65520.0, 6e-8, 1e-9, 1e-41, -0.0, float('inf'), float('nan')], dtype=torch.float64).to(low)"
        ],
    ),
    (
        "Tensor.half Tensor.bfloat16 Tensor.to",
        "",
        [
            "torch.tensor([1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8 + 2**-20], dtype=torch.float64).to(low)"
        ],
    ),
    (
        "Tensor.half Tensor.bfloat16 Tensor.to",
        "x = T(3).to(low)",
        ["x.half()", "x.bfloat16()", "x.dtype", "x.element_size()", "x.to(torch.complex64)"],
    ),
    (
        "Tensor.half Tensor.bfloat16 Tensor.to",
        "",
        [
            "torch.tensor([1.5, -2.25], dtype=low).to(torch.int64), torch.tensor([300.7], dtype=low).to(torch.uint8)"
        ],
    ),
    (
        "Tensor.half Tensor.bfloat16 Tensor.to",
        "",
        ["torch.tensor([1.0, 0.1, 3], dtype=low).tolist(), torch.tensor(0.1, dtype=low).item()"],
    ),
    (
        "torch.finfo",
        "",
        [
            "f = torch.finfo(low); [f.bits, f.eps, f.max, f.min, f.tiny, f.smallest_normal, f.resolution, f.dtype]"
        ],
    ),
    (
        "torch.set_printoptions",
        "",
        [
            "repr(torch.tensor([1.0, 0.1, -2.5, 1e-4, 3e4], dtype=low)).replace('wengert.', 'torch.')"
        ],
    ),
    (
        "torch.set_printoptions",
        "",
        [
            "repr(torch.tensor([[1.0, 2.0], [3.0, 0.33333]], dtype=low)).replace('wengert.', 'torch.')"
        ],
    ),
    (
        "torch.set_printoptions",
        "",
        [
            "[repr(torch.tensor(0.1, dtype=low)).replace('wengert.', 'torch.'), str(torch.tensor([], dtype=low)).replace('wengert.', 'torch.'), f'{torch.tensor(0.1, dtype=low):.3f}']"
        ],
    ),
    (
        "torch.set_printoptions",
        "",
        [
            "repr(torch.tensor([1.0, float('nan'), float('inf')], dtype=low)).replace('wengert.', 'torch.')"
        ],
    ),
    (
        "torch.add torch.sub torch.mul torch.div",
        "x, y = (T(3, 4).to(low), U(4).to(low))",
        ["x + y", "x - y", "x * y", "x / y", "x + 1", "2 - x", "x * 0.1", "x / 3", "1 / y"],
    ),
    (
        "torch.add torch.sub torch.mul torch.div",
        "x, y = (T(3, 4).to(low), U(4).to(low))",
        [
            "x % y",
            "torch.fmod(x, y)",
            "y ** 2",
            "y ** x",
            "2 ** x",
            "y ** 0.5",
        ],
    ),
    (
        "torch.add torch.sub torch.mul torch.div",
        "x = T(3).to(low)",
        [
            "x + T(3)",
            "x * T(3).double()",
            "(x + I(3)).dtype",
            "x * T()",
            "x + torch.tensor(1.0, dtype=torch.float64)",
        ],
    ),
    (
        "torch.add torch.sub torch.mul torch.div",
        "",
        ["x = C(3).to(low); x += 0.1; x *= C(3); x /= 3; x -= C(3).to(low); x"],
    ),
    (
        "torch.add torch.sub torch.mul torch.div",
        "x, y = (T(4).to(low), T(4).to(low))",
        [
            "x == y",
            "x < y",
            "x.maximum(y)",
            "torch.minimum(x, y)",
            "x.clamp(-0.5, 0.5)",
            "torch.where(x > 0, x, y)",
        ],
    ),
    (
        "torch.add torch.sub torch.mul torch.div",
        "x = T(4).to(low)",
        [
            "torch.addcmul(x, x, x, value=0.5)",
            "torch.lerp(x, x * 2, 0.3)",
            "torch.add(x, x, alpha=2)",
            "torch.addcdiv(x, x, U(4).to(low))",
        ],
    ),
    (
        "torch.add torch.sub torch.mul torch.div",
        "",
        [
            "torch.promote_types(low, torch.float32)",
            "torch.result_type(T(2).to(low), 1.5)",
            "torch.promote_types(low, torch.int64)",
        ],
    ),
    (
        "torch.exp torch.log torch.sin torch.tanh",
        "x = T(3, 4).to(low)",
        [
            "x.exp()",
            "x.sin()",
            "x.cos()",
            "x.tanh()",
            "x.sigmoid()",
            "x.erf()",
            "x.expm1()",
            "x.atan()",
            "x.abs()",
            "-x",
            "x.sign()",
            "x.square()",
        ],
    ),
    (
        "torch.exp torch.log torch.sin torch.tanh",
        "x = U(3, 4).to(low)",
        [
            "x.log()",
            "x.log2()",
            "x.log1p()",
            "x.sqrt()",
            "x.rsqrt()",
            "x.reciprocal()",
            "x.asin()",
            "x.acos()",
            "x.lgamma()",
            "x.digamma()",
            "x.logit()",
        ],
    ),
    (
        "torch.exp torch.log torch.sin torch.tanh",
        "x = (T(3, 4) * 3).to(low)",
        [
            "x.floor()",
            "x.ceil()",
            "x.round()",
            "x.trunc()",
            "x.frac()",
        ],
    ),
    (
        "torch.nn.functional.relu torch.nn.functional.gelu",
        "x = T(3, 4).to(low)",
        [
            "F.relu(x)",
            "F.gelu(x)",
            "F.gelu(x, approximate='tanh')",
            "F.silu(x)",
            "F.elu(x)",
            "F.leaky_relu(x)",
            "F.softplus(x)",
            "F.mish(x)",
            "F.hardswish(x)",
            "F.hardtanh(x)",
            "F.selu(x)",
            "F.logsigmoid(x)",
            "F.relu6(x)",
        ],
    ),
    (
        "torch.nn.functional.relu torch.nn.functional.gelu",
        "",
        ["m = nn.PReLU().to(low); m(T(3, 4).to(low))"],
    ),
]

SUMS = [
    (
        "Tensor.sum Tensor.mean",
        "x = T(40, 50).to(low)",
        [
            "x.sum()",
            "x.sum(0)",
            "x.sum(1)",
            "x.sum((0, 1), keepdim=True)",
            "x.sum(dtype=torch.float32)",
        ],
    ),
    (
        "Tensor.sum Tensor.mean",
        "x = U(70, 50).to(low)",
        ["x.mean()", "x.mean(0)", "x.mean(-1, keepdim=True)", "x.mean(dtype=torch.float32)"],
    ),
    (
        "Tensor.sum Tensor.mean",
        "",
        [
            "x = torch.full((3000,), 1.0).to(low); [x.sum(), x.mean(), x.cumsum(0)[-1], (x * 0.1).sum()]"
        ],
    ),
    ("Tensor.sum Tensor.mean", "x = U(5, 6, low=0.8, high=1.2).to(low)", ["x.prod()", "x.prod(1)"]),
    (
        "Tensor.sum Tensor.mean",
        "x = T(40, 50).to(low)",
        ["x.var()", "x.var(1)", "x.std(0)", "x.var(0, correction=0)"],
    ),
    (
        "Tensor.sum Tensor.mean",
        "x = T(5, 6).to(low)",
        [
            "x.max()",
            "x.amax(1)",
            "list(x.min(0))",
            "x.argmax(1)",
            "list(x.sort(1))",
            "list(x.topk(2))",
            "x.median()",
            "x.any()",
            "x.count_nonzero()",
        ],
    ),
    (
        "Tensor.sum Tensor.mean",
        "x = T(30, 20).to(low)",
        [
            "x.norm()",
            "x.norm(1, 0)",
            "x.norm(3)",
            "torch.linalg.vector_norm(x, 2, 1)",
            "x.logsumexp(1)",
            "x.cumsum(1)",
        ],
    ),
    (
        "Tensor.sum Tensor.mean",
        "x = U(5, 6).to(low)",
        ["x.cumprod(1)", "list(x.cummax(1))", "x.logcumsumexp(1)"],
    ),
    (
        "torch.nn.functional.softmax torch.nn.functional.log_softmax",
        "x = T(5, 33).to(low)",
        ["F.softmax(x, 1)", "F.log_softmax(x, 1)", "F.softmax(x, 0)", "F.softmin(x, 1)"],
    ),
    (
        "torch.nn.functional.softmax torch.nn.functional.log_softmax",
        "x = T(5, 33).to(low)",
        ["F.softmax(x, 1, dtype=torch.float32)", "F.log_softmax(x, -1, dtype=torch.float32)"],
    ),
    (
        "torch.nn.functional.softmax torch.nn.functional.log_softmax",
        "",
        ["x = (T(4, 6) * 30).to(low); F.softmax(x, 1)"],
    ),
]

PRODUCTS = [
    (
        "torch.matmul torch.mm torch.bmm",
        "x, y = (T(5, 40).to(low), T(40, 7).to(low))",
        [
            "x @ y",
            "torch.mm(x, y)",
            "torch.matmul(x, y[:, 0])",
            "x[0] @ y[:, 0]",
            "torch.mv(x, y[:, 0])",
        ],
    ),
    (
        "torch.matmul torch.mm torch.bmm",
        "x, y = (T(3, 5, 20).to(low), T(3, 20, 4).to(low))",
        ["torch.bmm(x, y)", "x @ y", "x @ y[0]", "torch.einsum('bij,bjk->bik', x, y)"],
    ),
    (
        "torch.matmul torch.mm torch.bmm",
        "x, y = (T(5, 20).to(low), T(20, 4).to(low))",
        ["torch.addmm(T(4).to(low), x, y)", "torch.outer(x[0], y[:, 0])"],
    ),
    ("torch.matmul torch.mm torch.bmm", "", ["x = torch.full((4, 3000), 1.0).to(low); x @ x.t()"]),
    (
        "torch.nn.functional.linear torch.nn.Linear",
        "x, w, b = (T(5, 30).to(low), T(7, 30).to(low), T(7).to(low))",
        ["F.linear(x, w)", "F.linear(x, w, b)"],
    ),
    (
        "torch.nn.functional.linear torch.nn.Linear",
        "m = nn.Linear(4, 3).to(low)",
        ["m.weight.dtype", "m(T(2, 4).to(low)).dtype"],
    ),
    (
        "torch.nn.functional.conv2d torch.nn.functional.conv1d",
        "x, w, b = (T(2, 3, 8, 8).to(low), T(4, 3, 3, 3).to(low), T(4).to(low))",
        ["F.conv2d(x, w)", "F.conv2d(x, w, b, stride=2, padding=1)"],
    ),
    (
        "torch.nn.functional.conv2d torch.nn.functional.conv1d",
        "x, w = (T(2, 4, 9).to(low), T(6, 2, 3).to(low))",
        ["F.conv1d(x, w, groups=2)", "F.conv1d(x, w, padding=2, dilation=2, groups=2)"],
    ),
    (
        "torch.nn.functional.conv2d torch.nn.functional.conv1d",
        "",
        ["x, w = T(1, 2, 5, 5).to(low), T(2, 3, 3, 3).to(low); F.conv_transpose2d(x, w, stride=2)"],
    ),
    (
        "torch.nn.functional.scaled_dot_product_attention",
        "",
        [
            "q, k, v = T(1, 2, 5, 8).to(low), T(1, 2, 6, 8).to(low), T(1, 2, 6, 8).to(low); F.scaled_dot_product_attention(q, k, v)"
        ],
    ),
]

LAYERS = [
    (
        "torch.nn.functional.layer_norm torch.nn.functional.group_norm",
        "x, w, b = (T(4, 32).to(low), U(32).to(low), T(32).to(low))",
        ["F.layer_norm(x, (32,))", "F.layer_norm(x, (32,), w, b)"],
    ),
    (
        "torch.nn.functional.layer_norm torch.nn.functional.group_norm",
        "x = T(2, 6, 5).to(low)",
        [
            "F.group_norm(x, 3)",
            "F.group_norm(x, 2, U(6).to(low), T(6).to(low))",
            "F.rms_norm(x, (5,))",
        ],
    ),
    (
        "torch.nn.functional.layer_norm torch.nn.functional.group_norm",
        "x = T(6, 3, 4).to(low); m = nn.BatchNorm1d(3).to(low)",
        ["m(x)", "(m(x), m.running_mean, m.running_var)[1:]", "m.eval()(x)"],
    ),
    (
        "torch.nn.functional.layer_norm torch.nn.functional.group_norm",
        "x = T(2, 3, 4).to(low)",
        ["F.instance_norm(x)", "F.normalize(x, dim=1)", "F.local_response_norm(x, 2)"],
    ),
    (
        "torch.nn.functional.max_pool2d torch.nn.functional.avg_pool2d",
        "x = T(1, 2, 6, 6).to(low)",
        [
            "F.max_pool2d(x, 2)",
            "F.avg_pool2d(x, 3, 1)",
            "F.adaptive_avg_pool2d(x, 2)",
            "F.adaptive_max_pool2d(x, 3)",
        ],
    ),
    (
        "torch.nn.functional.max_pool2d torch.nn.functional.avg_pool2d",
        "x = T(1, 2, 4, 4).to(low)",
        [
            "F.interpolate(x, scale_factor=2)",
            "F.pad(x, (1, 1))",
            "F.pad(x, (1, 1, 0, 0), mode='reflect')",
            "F.pixel_shuffle(T(1, 4, 2, 2).to(low), 2)",
        ],
    ),
    (
        "torch.nn.functional.max_pool2d torch.nn.functional.avg_pool2d",
        "",
        ["x = T(1, 2, 4, 4).to(low); F.interpolate(x, scale_factor=2, mode='bilinear')"],
    ),
    (
        "torch.nn.functional.cross_entropy torch.nn.functional.mse_loss",
        "x, y = (T(6, 10).to(low), I(6, high=10))",
        [
            "F.cross_entropy(x, y)",
            "F.cross_entropy(x, y, label_smoothing=0.1, reduction='sum')",
            "F.nll_loss(F.log_softmax(x, 1), y)",
        ],
    ),
    (
        "torch.nn.functional.cross_entropy torch.nn.functional.mse_loss",
        "x, y = (T(6, 10).to(low), T(6, 10).to(low))",
        [
            "F.mse_loss(x, y)",
            "F.l1_loss(x, y)",
            "F.smooth_l1_loss(x, y)",
            "F.huber_loss(x, y, reduction='sum')",
        ],
    ),
    (
        "torch.nn.functional.cross_entropy torch.nn.functional.mse_loss",
        "x, y = (T(6).to(low), U(6).to(low))",
        [
            "F.binary_cross_entropy_with_logits(x, y)",
            "F.cosine_similarity(x, y, 0)",
            "F.kl_div(F.logsigmoid(x), y)",
        ],
    ),
    (
        "torch.nn.Embedding torch.nn.functional.embedding",
        "w = T(6, 4).to(low)",
        [
            "F.embedding(I(2, 3), w)",
            "w[I(3)]",
            "torch.index_select(w, 0, I(3))",
            "w.gather(0, I(2, 4))",
            "F.one_hot(I(3), 5).to(low) @ w[:5]",
        ],
    ),
    (
        "torch.nn.Embedding torch.nn.functional.embedding",
        "x = T(4, 5).to(low)",
        [
            "torch.cat([x, x], 1)",
            "torch.stack([x, x])",
            "x.t()",
            "x.reshape(5, 4)",
            "x.flip(0)",
            "x.roll(1, 1)",
            "x.tril()",
            "x.repeat(2, 1)",
            "x.masked_fill(M(4, 5), 0.1)",
        ],
    ),
    (
        "torch.nn.Embedding torch.nn.functional.embedding",
        "",
        [
            "x = C(4, 5).to(low); x[1:3] = 2.5; x[:, 0] += 1; x.index_add_(0, torch.tensor([0, 0]), C(2, 5).to(low)); x.scatter_add_(1, I(4, 2), C(4, 2).to(low)); x"
        ],
    ),
    (
        "torch.zeros torch.full torch.arange",
        "",
        [
            "[torch.zeros(2, dtype=low), torch.full((2,), 0.1, dtype=low), torch.arange(5, dtype=low), torch.arange(0, 1, 0.3, dtype=low), torch.linspace(0, 1, 7, dtype=low), torch.eye(2, dtype=low), torch.ones_like(C(2).to(low)), torch.randn(3, dtype=low).dtype, torch.rand(3, dtype=low).shape]"
        ],
    ),
]

# RMSprop is not among them: PyTorch rounds the root and the quotient, of which a small step is made.
STEPS = [
    (
        f"torch.optim.{name}",
        "",
        [
            f"""
        p = nn.Parameter(C(3, 4).to(low))
        o = optim.{name}([p], {options})
        for k in range(3):
            o.zero_grad()
            (p * p * C(4).to(low)).sum().backward()
            o.step()
        p.detach(), {{k: v for k, v in o.state[p].items() if k != "step"}}
        """
        ],
    )
    for name, options in (
        ("SGD", "lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1"),
        ("Adam", "lr=0.1"),
        ("AdamW", "lr=0.1, amsgrad=True"),
        ("Adagrad", "lr=0.1"),
        ("Adadelta", "lr=1.0"),
        ("Adamax", "lr=0.1"),
        ("NAdam", "lr=0.1"),
        ("RAdam", "lr=0.1"),
        ("ASGD", "lr=0.1"),
        ("Rprop", "lr=0.1"),
    )
]

# Formulas between whose steps PyTorch rounds gradients, so that they are units of the last place off.
ROUNDED = (
    "x.rsqrt()",
    "x.logsumexp(1)",
    "F.log_softmax(x, 1)",
    "F.layer_norm(x, (32,), w, b)",
    "F.group_norm(x, 2, U(6).to(low), T(6).to(low))",
    "F.rms_norm(x, (5,))",
    "F.normalize(x, dim=1)",
)


def rounded(code: str, low: str) -> bool:
    """Whether PyTorch rounds gradients on the way, those of convolutions on some processors."""
    return code in ROUNDED or (low == "float16" and "F.conv" in code)


def summed_narrowly(code: str, low: str) -> bool:
    """Whether PyTorch adds up its results in float16: on some processors gradients of convolutions,
    as transposed ones are. Both are compared with float64 in tests/cpp/convolution_half_test.cpp."""
    return low == "float16" and "F.conv_transpose" in code


CASES = [
    Case(
        names,
        f"{setup}; {code}" if setup else code,
        order=0 if rounded(code, low) else 1,
        only="float32",
        low=low,
    )
    for low in ("float16", "bfloat16")
    for family in (ELEMENTS, SUMS, PRODUCTS, LAYERS, STEPS)
    for names, setup, codes in family
    for code in codes
    if not summed_narrowly(code, low)
]
