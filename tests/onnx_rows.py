"""Models to export: each with its arguments by the sizes of the dynamic axes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import wengert as wg
from wengert import nn
from wengert.nn import functional as F

N = {0: "n"}


def words(text: str) -> list[str]:
    return text.split()


@dataclass
class Row:
    """A model, the shapes of its arguments by the sizes of the dynamic axes, and these axes."""

    make: Callable[[], Any]
    shapes: Callable[[int, int], list[tuple[int, ...]]]
    axes: tuple = (N,)
    integers: int = 0  # arguments are numbers below this
    rtol: float = 1e-4
    atol: float = 1e-5
    options: dict[str, Any] = field(default_factory=dict)
    dtype: Any = wg.float32

    def arguments(self, n: int, length: int) -> tuple:
        shapes = self.shapes(n, length)
        if self.integers:
            return tuple(wg.randint(0, self.integers, s) for s in shapes)
        return tuple(wg.randn(s, dtype=self.dtype) for s in shapes)


def images(make: Callable[[], Any], channels: int = 3, side: int = 8, **kw: Any) -> Row:
    return Row(make, lambda n, _: [(n, channels, side, side)], **kw)


def rows(make: Callable[[], Any], *rest: int, **kw: Any) -> Row:
    return Row(make, lambda n, _: [(n, *rest)], **kw)


def sequences(make: Callable[[], Any], width: int, **kw: Any) -> Row:
    return Row(make, lambda n, t: [(n, t, width)], ({0: "n", 1: "t"},), **kw)


def trained(norm: nn.Module) -> nn.Module:
    """With running statistics that are not those it begins with."""
    with wg.no_grad():
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        if norm.weight is not None:
            norm.weight.normal_()
            norm.bias.normal_()
    return norm


class StatefulLSTM(nn.Module):
    """Takes its state as two arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4)

    def forward(self, x: wg.Tensor, h: wg.Tensor, c: wg.Tensor) -> Any:
        return self.lstm(x, (h, c))


class ShortLSTM(nn.Module):
    """With weights and states of 16 bits."""

    def __init__(self, dtype: wg.dtype) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, dtype=dtype)

    def forward(self, x: wg.Tensor) -> Any:
        y, (h, c) = self.lstm(x.to(self.lstm.weight_ih_l0.dtype))
        return y.float(), h.float(), c.float()


ACTIVATIONS = words("""
    CELU(2.0) ELU() ELU(inplace=True) GELU() GELU('tanh') GLU() Hardshrink() Hardsigmoid()
    Hardswish() Hardtanh() LeakyReLU() LogSigmoid() LogSoftmax(1) Mish() PReLU() PReLU(4)
    RReLU() ReLU() ReLU(inplace=True) ReLU6() SELU() SiLU() Sigmoid() Softmax(-1) Softmax2d()
    Softmin(1) Softplus() Softplus(2.0,3.0) Softshrink() Softsign() Tanh() Tanhshrink()
    Threshold(0.1,0.2) Dropout() AlphaDropout() Identity() Flatten() Unflatten(1,(2,2))
""")
ON_IMAGES = words("""
    AdaptiveAvgPool2d(1) AdaptiveAvgPool2d(3) AdaptiveAvgPool2d((4,None)) AdaptiveMaxPool2d(4)
    AdaptiveMaxPool2d((3,5)) MaxPool2d(3,2,1,return_indices=True)
    AvgPool2d(2) AvgPool2d(3,2,1) AvgPool2d(3,2,1,ceil_mode=True)
    AvgPool2d(3,2,1,ceil_mode=True,count_include_pad=False)
    AvgPool2d(3,2,1,count_include_pad=False) AvgPool2d(3,2,1,divisor_override=2) LPPool2d(2,2)
    MaxPool2d(2) MaxPool2d(3,2,1,dilation=2) MaxPool2d(3,2,ceil_mode=True) Conv2d(3,4,3)
    Conv2d(3,4,3,bias=False) Conv2d(3,6,3,groups=3,stride=2,dilation=2,padding=1)
    Conv2d(3,4,(3,5),padding='same') Conv2d(3,4,3,padding=1,padding_mode='reflect')
    Conv2d(3,4,3,padding=1,padding_mode='circular') ConvTranspose2d(3,4,3,2,1,1)
    ConvTranspose2d(3,6,(2,3),groups=3,dilation=2,bias=False) InstanceNorm2d(3)
    InstanceNorm2d(3,affine=True) LocalResponseNorm(2) GroupNorm(3,3) LayerNorm([3,8,8])
    LayerNorm(8,elementwise_affine=False) RMSNorm(8) ReflectionPad2d(1)
    ReplicationPad2d((1,2,0,1)) ZeroPad2d((1,-1,2,0)) CircularPad2d(1) ConstantPad2d(2,0.5)
    Upsample(scale_factor=2) Upsample(scale_factor=1.7,mode='bilinear')
    Upsample((5,11),mode='bilinear',align_corners=True) Upsample((12,11),mode='bicubic')
    Upsample((5,11)) Upsample((5,11),mode='nearest-exact') Unfold(3,2,1,2) ChannelShuffle(3)
    PixelUnshuffle(2) UpsamplingNearest2d(scale_factor=2) UpsamplingBilinear2d((5,9))
    CrossMapLRN2d(2) Dropout2d() FeatureAlphaDropout() SyncBatchNorm(3) Softmax2d()
""")
ON_LINES = words("""
    AdaptiveAvgPool1d(3) AdaptiveMaxPool1d(3) AvgPool1d(3,2,1) LPPool1d(2,3) MaxPool1d(3,2)
    Conv1d(3,4,3,2,1) ConvTranspose1d(3,4,3,2,1) InstanceNorm1d(3) ReflectionPad1d(2)
    ReplicationPad1d(1) ZeroPad1d((2,-1)) ConstantPad1d(1,2.0) CircularPad1d(2)
    Upsample(7,mode='linear') BatchNorm1d(3) Dropout1d() LayerNorm(9)
""")
ON_VOLUMES = words("""
    AdaptiveAvgPool3d(2) AdaptiveMaxPool3d((1,2,3)) AvgPool3d(2,1,1) MaxPool3d(2) LPPool3d(2,2)
    Conv3d(3,4,2,dilation=2) ConvTranspose3d(3,4,2,2) InstanceNorm3d(3) BatchNorm3d(3)
    ReflectionPad3d(1) ReplicationPad3d(1) ZeroPad3d(1) CircularPad3d(1) Dropout3d()
    Upsample(scale_factor=2,mode='trilinear') Upsample(6)
""")
LAYERS: dict[str, Row] = {
    **{f"{t}": rows(lambda t=t: eval(f"nn.{t}"), 4, 4, 4) for t in ACTIVATIONS},
    **{f"{t}": images(lambda t=t: eval(f"nn.{t}")) for t in ON_IMAGES},
    **{f"{t}": rows(lambda t=t: eval(f"nn.{t}"), 3, 9) for t in ON_LINES},
    **{f"{t}": rows(lambda t=t: eval(f"nn.{t}"), 3, 4, 4, 4) for t in ON_VOLUMES},
    "Linear": rows(lambda: nn.Linear(3, 4), 3),
    "Linear of sequences": sequences(lambda: nn.Linear(3, 4, bias=False), 3),
    "Linear in float64": rows(
        lambda: nn.Linear(3, 4).double(), 3, dtype=wg.float64, rtol=1e-12, atol=1e-12
    ),
    "MLP in float64": rows(
        lambda: nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Tanh()).double(),
        3, dtype=wg.float64, rtol=1e-6, atol=1e-6,
    ),
    "Bilinear": Row(lambda: nn.Bilinear(3, 4, 5), lambda n, _: [(n, 3), (n, 4)], (N, N)),
    "Conv2d of any size": Row(
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.MaxPool2d(2), nn.Flatten(2)),
        lambda n, t: [(n, 3, t + 6, 2 * t)], ({0: "n", 2: "h", 3: "w"},),
    ),
    "BatchNorm1d": rows(lambda: trained(nn.BatchNorm1d(3)), 3),
    "BatchNorm2d": images(lambda: trained(nn.BatchNorm2d(3))),
    "BatchNorm3d": rows(lambda: trained(nn.BatchNorm3d(3, affine=False)), 3, 2, 2, 2),
    "GroupNorm": images(lambda: nn.GroupNorm(2, 4), 4),
    "LayerNorm": sequences(lambda: nn.LayerNorm(4), 4),
    "PixelShuffle": images(lambda: nn.PixelShuffle(2), 4),
    "Fold": rows(lambda: nn.Fold((4, 4), 2, padding=1, stride=2), 8, 9),
    "Upsample of any size": Row(
        lambda: nn.Upsample(scale_factor=2, mode="bilinear"), lambda n, t: [(n, 2, t, t + 1)],
        ({0: "n", 2: "h", 3: "w"},),
    ),
    "interpolate, antialias": images(
        lambda: lambda x: F.interpolate(x, (3, 5), mode="bilinear", antialias=True)
    ),
    "interpolate, area": images(lambda: lambda x: F.interpolate(x, (3, 5), mode="area")),
    "grid_sample": Row(
        lambda: lambda x, g: F.grid_sample(x, g.tanh(), align_corners=False),
        lambda n, _: [(n, 2, 5, 5), (n, 3, 4, 2)], (N, N),
    ),
    "Embedding": Row(lambda: nn.Embedding(9, 3, 0), lambda n, t: [(n, t)],
                     ({0: "n", 1: "t"},), 9),
    "distances": Row(
        lambda: lambda x, y: [wg.cdist(x, y, p) for p in (0.0, 1.0, 2.0, 3.0, float("inf"))],
        lambda n, _: [(n, 3), (4, 3)], (N, None),
    ),
    "CosineSimilarity": Row(nn.CosineSimilarity, lambda n, _: [(n, 3), (n, 3)], (N, N)),
    "PairwiseDistance": Row(nn.PairwiseDistance, lambda n, _: [(n, 3), (n, 3)], (N, N)),
    "LSTM": sequences(lambda: nn.LSTM(3, 4, batch_first=True), 3),
    "LSTM of two layers and directions": sequences(
        lambda: nn.LSTM(3, 4, 2, bidirectional=True, batch_first=True, dropout=0.5), 3
    ),
    "LSTM without biases": sequences(lambda: nn.LSTM(3, 4, bias=False, batch_first=True), 3),
    "LSTM in bfloat16": sequences(lambda: ShortLSTM(wg.bfloat16), 3, rtol=2e-2, atol=1e-2),
    "LSTM with a state": Row(
        StatefulLSTM,
        lambda n, t: [(t, n, 3), (1, n, 4), (1, n, 4)],
        ({0: "t", 1: "n"}, {1: "n"}, {1: "n"}),
    ),
    "GRU": sequences(lambda: nn.GRU(3, 4, bidirectional=True, batch_first=True), 3),
    "GRU with a state": Row(
        lambda: nn.GRU(3, 4, 2), lambda n, t: [(t, n, 3), (2, n, 4)],
        ({0: "t", 1: "n"}, {1: "n"}),
    ),
    "RNN": sequences(lambda: nn.RNN(3, 4, batch_first=True), 3),
    "RNN with relu": sequences(lambda: nn.RNN(3, 4, nonlinearity="relu", batch_first=True), 3),
    "LSTMCell": rows(lambda: nn.LSTMCell(3, 4), 3),
    "GRUCell": rows(lambda: nn.GRUCell(3, 4), 3),
    "RNNCell": rows(lambda: nn.RNNCell(3, 4, nonlinearity="relu"), 3),
    "MultiheadAttention": Row(
        lambda: nn.MultiheadAttention(8, 2, batch_first=True),
        lambda n, t: [(n, t, 8), (n, 6, 8), (n, 6, 8)], ({0: "n", 1: "t"}, N, N),
    ),
    "TransformerEncoderLayer": sequences(
        lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 8
    ),
    "TransformerDecoderLayer": Row(
        lambda: nn.TransformerDecoderLayer(8, 2, 16, batch_first=True, norm_first=True),
        lambda n, t: [(n, t, 8), (n, 6, 8)], ({0: "n", 1: "t"}, N),
    ),
    "Transformer": Row(
        lambda: nn.Transformer(8, 2, 1, 1, 16, batch_first=True),
        lambda n, t: [(n, t, 8), (n, 6, 8)], ({0: "n", 1: "t"}, N),
    ),
}  # fmt: skip


def attend(**options: Any) -> Callable[[], Callable]:
    def f(q: wg.Tensor, k: wg.Tensor, v: wg.Tensor, mask: Any = None) -> wg.Tensor:
        if options.get("boolean"):
            mask = mask > 0
        named = {key: value for key, value in options.items() if key != "boolean"}
        return F.scaled_dot_product_attention(q, k, v, mask, **named)

    return lambda: f


def attended(make: Callable[[], Any], masked: bool = False, kv_heads: int = 4) -> Row:
    def shapes(n: int, t: int) -> list[tuple[int, ...]]:
        made: list[tuple[int, ...]] = [(n, 4, t, 8), (n, kv_heads, 6, 8), (n, kv_heads, 6, 8)]
        return [*made, (n, 1, t, 6)] if masked else made

    q = {0: "n", 2: "t"}
    return Row(make, shapes, (q, N, N, q) if masked else (q, N, N))


FUNCTIONS: dict[str, Row] = {
    "attention": attended(attend()),
    "causal attention": attended(attend(is_causal=True)),
    "scaled attention": attended(attend(scale=0.3)),
    "masked attention": attended(attend(), True),
    "attention with a boolean mask": attended(attend(boolean=True), True),
    "attention of grouped queries": attended(attend(enable_gqa=True), kv_heads=2),
}


def elementwise(f: Callable, positive: bool = False) -> Row:
    return rows(lambda: (lambda x: f(x.abs() + 0.1)) if positive else f, 4)


POSITIVE = words("""
    log log2 log10 log1p sqrt rsqrt reciprocal
""")
UNARY = words("""
    neg abs square sign floor ceil round trunc frac exp exp2 expm1 sin cos tan atan sinh cosh
    tanh asinh erf erfc sinc sigmoid relu isnan isinf isfinite isposinf isneginf signbit
    logical_not
""")
EXPRESSIONS: dict[str, Callable] = {
    "asin": lambda x: x.tanh().asin(),
    "acos": lambda x: x.tanh().acos(),
    "atanh": lambda x: (x.tanh() * 0.9).atanh(),
    "acosh": lambda x: (x.abs() + 1.1).acosh(),
    "logit": lambda x: wg.logit(x.sigmoid(), 0.1),
    "arithmetic": lambda x: (x + 1, 2 - x, x * x, 1 / (x.abs() + 1), x / 3, -x, 2**x, x**2, x**3),
    "division": lambda x: (x // 0.7, x % 0.7, wg.fmod(x, 0.7), wg.trunc(x / 0.3)),
    "division of integers": lambda x: [
        op((x * 10).long(), y) for op in (wg.floor_divide, wg.remainder, wg.fmod) for y in (3, -3)
    ],
    "comparisons": lambda x: (x == 0, x != 0, x < 0, x <= 0, x > 0, x >= 0, x > x.mean()),
    "logic": lambda x: ((x > 0) & (x < 1), (x > 0) | (x < 1), (x > 0) ^ (x < 1), ~(x > 0)),
    "bits": lambda x: ((x * 9).int() & 3, (x * 9).int() | 3, (x * 9).int() ^ 3),
    "extremes": lambda x: (wg.maximum(x, x.mean()), wg.minimum(x, -x), wg.fmax(x, -x)),
    "hypot": lambda x: (wg.hypot(x, x + 1), wg.logaddexp(x, 2 * x), wg.xlogy(x, x.exp())),
    "where": lambda x: (wg.where(x > 0, x, 0.0), wg.where(x > 0, 1.0, x.mean())),
    "clamp": lambda x: (x.clamp(-0.5, 0.5), x.clamp(min=0), wg.clamp(x, x.mean(), x.amax())),
    "losses of elements": lambda x: (
        F.huber_loss(x, -x, reduction="none", delta=0.7), F.smooth_l1_loss(x, x.flip(1), beta=0.3),
    ),
    "masked_fill": lambda x: x.masked_fill(x > 0, 2.0),
    "ternary": lambda x: (
        wg.lerp(x, x + 1, 0.3), wg.addcmul(x, x, x, value=2), wg.addcdiv(x, x, x.exp()),
    ),
    "dtypes": lambda x: (
        x.double(), x.long(), x.bool(), x.half(), (x > 0).float(), x + (x > 0), (x * 9).int() + 1.5,
    ),
    "sums": lambda x: (
        x.sum(), x.sum(1), x.mean(0), x.prod(1, keepdim=True), (x > 0).sum(0), x.nansum(),
    ),
    "extremes of rows": lambda x: (
        x.amax(1), x.amin((0, 1)), *x.max(1), *x.min(1, keepdim=True), x.argmax(1), x.argmin(),
        x.max(), x.argmax(0, keepdim=True),
    ),
    "moments": lambda x: (x.var(1), x.std(0), x.std(), x.var(1, unbiased=False, keepdim=True)),
    "norms": lambda x: (
        x.norm(), x.norm(1, 1), x.norm(float("inf"), 1), x.norm(3, 1, True), F.normalize(x),
    ),
    "logsumexp": lambda x: (x.logsumexp(1), x.logsumexp((0, 1), True), (x * 100).logsumexp(1)),
    "softmax": lambda x: (x.softmax(1), x.log_softmax(1), x.softmax(0), F.softmin(x, 1)),
    "truth": lambda x: ((x > 0).any(), (x > 0).all(1), (x > -9).all()),
    "running sums": lambda x: (x.cumsum(0), x.cumsum(1), (x > 0).cumsum(1)),
    "sorting": lambda x: (*x.topk(2), *x.sort(1), *x.sort(1, descending=True), x.argsort(1)),
    "shapes": lambda x: (
        x.view(-1, 2), x.reshape(2, -1), x.T, x.T.reshape(-1), x[:, None], x.flatten(),
        x.unflatten(1, (2, 2)), x[None].squeeze(0), x.expand(2, *x.shape), x.repeat(2, 1),
    ),
    "parts": lambda x: (
        x[0], x[-1], x[1:], x[:-1], x[::2], x[-2:], x[:, -1], x[:, 1:3], x[..., ::2], x[-1:, 0],
        x.narrow(1, 1, 2), *x.split(2, 1), *x.chunk(4, 1), *x.unbind(1), *x.tensor_split(2, 1),
        x[:, 2:2],
    ),
    "joins": lambda x: (wg.cat([x, x + 1]), wg.cat([x, x], 1), wg.stack([x, -x])),
    "rearrangements": lambda x: (x.flip(0), x.flip((0, 1)), x.roll(1, 0), x.roll(-1, 1), x.roll(1)),
    "triangles": lambda x: (x.tril(), x.triu(1), wg.ones(4, 4).tril() @ x.T),
    "padding": lambda x: (F.pad(x, (1, 2), value=3.0), F.pad(x, (-1, 1, 0, 1))),
    "indexing": lambda x: (
        x[[0, 1]], x[:, [0, -1]], x[[0, 1], [1, 2]], x[:, None, [0, 1]], x[wg.tensor([[0, 1]]), 1],
        x.index_select(1, wg.tensor([2, 0])), x.gather(1, x.argsort(1)), x.take_along_dim(
            x.argmax(1, keepdim=True), 1),
    ),
    "scattering": lambda x: (
        x.scatter(1, x.argsort(1), x * 2), x.scatter_add(1, x.argsort(1)[:, :2], x),
        x.scatter_reduce(1, x.argsort(1), x * 3, "amax"),
        x.index_add(1, wg.tensor([0, 0]), x[:, :2]),
    ),
    "new arrays": lambda x: (
        wg.zeros(x.shape[0]), wg.ones_like(x), wg.full((2, x.shape[0]), 3.0), wg.arange(x.shape[0]),
        wg.arange(0.0, 1.0, 0.25), wg.linspace(0, 1, 5), wg.eye(3), x.new_zeros(2, 2),
        wg.arange(1, 2 * x.shape[0] + 1, 2), wg.tensor([1.0, 2.0, 3.0, 4.0]) * x,
    ),
    "sizes as numbers": lambda x: (x * x.shape[0], x.view(x.shape[0] * 2, 2), x.sum(0) / x.size(0)),
    "products": lambda x: (
        x @ x.T, x.T @ x, x @ x[0], x[0] @ x[1], wg.outer(x[0], x[1]), x[None] @ x.T[None],
        wg.addmm(wg.ones(4), x, wg.eye(4), beta=0.5, alpha=2), wg.baddbmm(
            wg.ones(1, 1, 1), x[None], wg.eye(4)[None]),
    ),
    "einsum": lambda x: (
        wg.einsum("ij,kj->ik", x, x), wg.einsum("ij->j", x), wg.einsum("ij,ij->i", x, x),
        wg.einsum("bi,bj,ij->b", x, x, wg.ones(4, 4)),
    ),
    "the argument itself": lambda x: (x, x, wg.ones(3)),
    "diagonal": lambda x: (x.T @ x).diagonal(),
}  # fmt: skip
for _t in UNARY:
    EXPRESSIONS.setdefault(_t, lambda x, t=_t: getattr(wg, t)(x))
for _t in POSITIVE:
    EXPRESSIONS[_t] = lambda x, t=_t: getattr(wg, t)(x.abs() + 0.1)
FUNCTIONS |= {name: rows(lambda f=f: f, 4) for name, f in EXPRESSIONS.items()}


# ---- changes in place --------------------------------------------------------------------------


def changes_views(x: wg.Tensor) -> Any:
    x = x.clone()
    columns = x[:, 1:3]
    columns.mul_(2)
    x[0] = 5
    x[:, 0].add_(1)
    x.view(-1)[2] = 3
    x[:, ::2].neg_()
    x.t()[1].add_(columns.sum())
    first, second = x.split(2, 1)
    first.zero_()
    x.unbind(1)[3].mul_(0.5)
    return x, columns, second, x.sum()


def reads_old_views(x: wg.Tensor) -> Any:
    y = x * 1
    row, column = y[0], y[:, 0]
    before = row + 0
    column.fill_(7)
    row.add_(1)
    return y, row, column, before


def fills_buffer(x: wg.Tensor) -> Any:
    out = wg.zeros(x.shape[0], 3, 4)
    for i in range(3):
        out[:, i] = x * i
    out[:, 1, 2] = x.sum(1)
    out[:, wg.tensor([0, 2]), 3] = 9.0
    return out


def puts_by_mask(x: wg.Tensor) -> Any:
    y = x.clone()
    y.masked_fill_(y > 0, -1.0)
    y.masked_fill_(y < -0.5, 0.25)
    y += x
    y.index_add_(0, wg.tensor([0, 0]), x[:2])
    return y


def changes_argument(x: wg.Tensor) -> Any:
    x.add_(1)
    return x * 2


FUNCTIONS |= {
    f.__name__: rows(lambda f=f: f, 4)
    for f in (changes_views, reads_old_views, fills_buffer, puts_by_mask, changes_argument)
}

# ---- models ------------------------------------------------------------------------------------


def example(name: str) -> Any:
    """The module of an example program."""
    pytest.importorskip("tqdm")  # the example programs' own dependency
    folder = Path(__file__).resolve().parent.parent / "examples"
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return importlib.import_module(name)


def residual_net() -> nn.Module:
    from wengert.vision.models import resnet18

    model = resnet18(num_classes=10)
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.1)
            m.running_var.uniform_(0.8, 1.2)
    return model


class UNet(nn.Module):
    """Down, and up again beside what went down."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(2, 4, 3, 2, 1)
        self.up = nn.ConvTranspose2d(4, 2, 2, 2)
        self.last = nn.Conv2d(4, 1, 1)

    def forward(self, x: wg.Tensor) -> wg.Tensor:
        return self.last(wg.cat([x, self.up(F.gelu(self.down(x)))], 1))


class Encoder(nn.Module):
    """Attention over tokens, padded ones masked."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 16, padding_idx=0)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, tokens: wg.Tensor) -> wg.Tensor:
        hidden = self.layers(self.embed(tokens), src_key_padding_mask=tokens == 0)
        return hidden.mean(1)


class Causal(nn.Module):
    """Attention as it is often written by hand: parts of buffers, and a token in front."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", wg.tril(wg.ones(64, 64)).view(1, 1, 64, 64))
        self.register_buffer("places", wg.randn(1, 64, 16))
        self.qkv = nn.Linear(16, 48)
        self.first = nn.Parameter(wg.randn(1, 1, 16))

    def forward(self, x: wg.Tensor) -> Any:
        n, t, width = x.shape
        x = x + self.places[:, :t]
        q, k, v = (
            part.view(n, t, 4, width // 4).transpose(1, 2) for part in self.qkv(x).chunk(3, -1)
        )
        scores = q @ k.transpose(-2, -1) / (width // 4) ** 0.5
        scores = scores.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf"))
        y = (scores.softmax(-1) @ v).transpose(1, 2).contiguous().view(n, t, width)
        y = wg.cat([self.first.expand(n, -1, -1), y], 1)
        return y[:, 0], y[:, -1], y[:, 1:].mean(1), y.flatten(1).sum(1)


def rotated(x: wg.Tensor) -> wg.Tensor:
    """Pairs of elements turned by angles that grow with the place."""
    rates = 10000.0 ** (-wg.arange(0, x.shape[2], 2).float() / x.shape[2])
    angle = wg.arange(x.shape[1]).float()[:, None] * rates
    a, b = x[..., ::2], x[..., 1::2]
    turned = [a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()]
    return wg.stack(turned, -1).flatten(-2)


class Unrolled(nn.Module):
    """A cell in a loop that fills its result."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(3, 4)

    def forward(self, x: wg.Tensor) -> wg.Tensor:
        h = c = x.new_zeros(x.shape[0], 4)
        out = wg.empty(x.shape[0], x.shape[1], 4)
        for t in range(x.shape[1]):
            h, c = self.cell(x[:, t], (h, c))
            out[:, t] = h
        return out


def resized_like(x: wg.Tensor, y: wg.Tensor) -> wg.Tensor:
    return F.interpolate(x, y.shape[2:], mode="bilinear") + y


def gram(x: wg.Tensor) -> wg.Tensor:
    return wg.einsum("bchw,bdhw->bcd", x, x) / (x.shape[2] * x.shape[3])


TOKENS = ({0: "n", 1: "t"},)
MODELS: dict[str, Row] = {
    "resnet18": images(residual_net, side=32, rtol=1e-3, atol=1e-4),
    "gpt": Row(lambda: example("gpt").GPT(20, 16, 32, 4, 2, 0.1), lambda n, t: [(n, t)],
               TOKENS, 20),
    "char_lm, LSTM": Row(lambda: example("char_lm").CharModel(20, "lstm", 16, 2, 0.1),
                         lambda n, t: [(n, t)], TOKENS, 20),
    "char_lm, GRU": Row(lambda: example("char_lm").CharModel(20, "gru", 16, 2, 0.1),
                        lambda n, t: [(n, t)], TOKENS, 20),
    "decoder of vae": rows(lambda: example("vae").VAE(16, 8, 6).decoder, 6),
    "encoder of tokens": Row(Encoder, lambda n, t: [(n, t)], TOKENS, 20),
    "attention by hand": sequences(Causal, 16),
    "rotated places": sequences(lambda: rotated, 8),
    "cell in a loop": rows(Unrolled, 5, 3),
    "as large as another": Row(
        lambda: resized_like, lambda n, t: [(n, 2, t, 4), (n, 2, 2 * t, t + 1)],
        ({0: "n", 2: "h"}, {0: "n", 2: "H", 3: "W"}),
    ),
    "means over images of any size": Row(
        lambda: gram, lambda n, t: [(n, 2, t, t + 1)], ({0: "n", 2: "h", 3: "w"},),
    ),
    "U-net": Row(UNet, lambda n, t: [(n, 2, 4 * t, 2 * t)], ({0: "n", 2: "h", 3: "w"},)),
}  # fmt: skip
