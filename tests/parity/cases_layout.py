"""Functions that show elements in another order, or choose them by place."""

from harness import Case


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


VIEWS = [
    *cases(
        "Tensor.as_strided torch.as_strided",
        "x = T(4, 5) * 1; [x.as_strided((2, 3), (5, 1)), torch.as_strided(x, (3,), (6,), 1)]",
        "x = T(12) * 1; [x.as_strided((3, 4), (2, 1)), x.as_strided((2, 2), (0, 3), 4), x.as_strided((), ())]",
        "x = T(6) * 1; y = x.as_strided((0, 2), (2, 1)); [y, y.stride(), y.storage_offset()]",
        "x = T(6) * 1; torch.as_strided(input=x, size=(2,), stride=(2,), storage_offset=None)",
        "x = C(3, 4).contiguous(); y = x[1:].as_strided((2, 2), (1, 2)); [y, y.storage_offset()]",
        "x = C(6).contiguous(); x.as_strided((3,), (2,)).zero_(); x",
        "x = T(3, 4) * 1; x.as_strided((2, 2, 2), (4, 1, 1))",
    ),
    *cases(
        "Tensor.as_strided",
        "torch.ones(4).as_strided((5,), (1,))",
        "torch.ones(4).as_strided((2, 2), (1,))",
        "torch.ones(4).as_strided((2,), (-1,))",
        "torch.ones(4).as_strided((-2,), (1,))",
        raises=True,
    ),
    *cases(
        "Tensor.diagonal torch.diagonal",
        "x = T(3, 4); [x.diagonal(), x.diagonal(1), x.diagonal(offset=-2), torch.diagonal(x, 0, 1, 0), x.diagonal(9)]",
        "x = T(2, 3, 4); [x.diagonal(), x.diagonal(1, 0, 2), x.diagonal(dim1=-1, dim2=0), x.diagonal(-1, -2, -1)]",
        "x = C(3, 3).clone(); x.diagonal().zero_(); x",
        "x = C(3, 4).contiguous(); y = x.diagonal(1); [y.stride(), y.storage_offset()]",
        "T(0, 3).diagonal()",
    ),
    *cases(
        "torch.diagonal",
        "torch.diagonal(T(3))",
        "torch.diagonal(T(3, 3), 0, 1, 1)",
        "torch.diagonal(T(3, 3), 0, 0, 2)",
        raises=True,
    ),
    *cases(
        "Tensor.mT Tensor.mH Tensor.H Tensor.T Tensor.adjoint",
        "x = T(2, 3, 4); [x.mT, x.mT.shape, x.mH, x.adjoint(), torch.adjoint(x)]",
        "x = Z(2, 3); [x.mT, x.mH, x.H, x.T, x.adjoint()]",
        "[T(0, 2).mT, T(3).T, T().T, T().mT]",
    ),
    *cases("Tensor.mT", "T(3).mT", "T(3).mH", "T(2, 2, 2).H", raises=True),
    *cases(
        "Tensor.movedim torch.movedim torch.moveaxis Tensor.moveaxis",
        "x = T(2, 3, 4); [x.movedim(0, -1), x.movedim((0, 1), (2, 0)), torch.movedim(x, 2, 0), x.moveaxis(1, 2)]",
        "x = T(2, 3, 4); [torch.moveaxis(x, (0,), (1,)), torch.movedim(x, source=[0, 2], destination=[1, 0]), x.movedim((), ())]",
        "[T().movedim(0, 0), T(3).movedim(-1, 0)]",
    ),
    *cases(
        "Tensor.movedim",
        "T(2, 3).movedim((0, 0), (0, 1))",
        "T(2, 3).movedim(0, 2)",
        "T(2, 3).movedim((0, 1), (1, 1))",
        raises=True,
    ),
    *cases(
        "Tensor.transpose_ Tensor.t_ Tensor.squeeze_ Tensor.unsqueeze_ Tensor.swapaxes_ Tensor.swapdims_",
        "x = C(2, 3).clone(); y = x.transpose_(0, 1); [x, y is x, x.shape, x.is_contiguous()]",
        "x = C(2, 3, 4).clone(); [x.transpose_(-1, dim1=0).shape, x.swapaxes_(0, 1).shape, x.swapdims_(1, 2).shape, x]",
        "x = C(2, 1).clone(); [x.t_().shape, x.squeeze_().shape, x.unsqueeze_(-1).shape, x.squeeze_(1).shape, x]",
        "x = C(3, 2).clone(); x.t_(); x.add_(1); x",
    ),
    *cases(
        "Tensor.transpose_",
        "torch.ones(2, 3).transpose_(0, 2)",
        "torch.ones(2, 3, 1).t_()",
        "T(2, 2).transpose_(0, 1)",
        raises=True,
    ),
    *cases(
        "Tensor.is_contiguous",
        "x = C(2, 3).contiguous(); [x.is_contiguous(), x.t().is_contiguous(), x[:, 0].is_contiguous(), x[:1].is_contiguous()]",
        "x = torch.zeros(2, 3, 4, 4).contiguous(memory_format=torch.channels_last); [x.is_contiguous(), x.is_contiguous(memory_format=torch.channels_last)]",
        "[torch.ones(0, 3).t().is_contiguous(), torch.tensor(1).is_contiguous(), torch.ones(1, 3).t().is_contiguous()]",
        "torch.ones(2, 3).is_contiguous(memory_format=torch.contiguous_format)",
    ),
    *cases("Tensor.ndimension", "[T(2, 3).ndimension(), T().ndimension(), T(0).ndimension()]"),
    *cases(
        "Tensor.short torch.int16 Tensor.char Tensor.byte Tensor.int",
        "x = torch.tensor([1.7, -2.9, 300.0]); [x.short(), x.short().dtype, x.int(), torch.tensor([70000]).short()]",
        "[T(2).short().requires_grad, M(2).short(), torch.int16, torch.short is torch.int16, torch.zeros(1, dtype=torch.int16).dtype]",
        "[torch.iinfo(torch.int16).max, torch.int16.itemsize, torch.int16.is_floating_point, torch.int16.is_signed]",
        "x = C(2).short(memory_format=torch.preserve_format); x",
        "torch.ones(2, dtype=torch.int16) + torch.ones(2, dtype=torch.int8)",
    ),
    *cases(
        "torch.double Tensor.double",
        "[torch.double is torch.float64, torch.zeros(2, dtype=torch.double), C(2).double().dtype, I(2).double()]",
        "T(3).double() * 2",
    ),
    *cases(
        "torch.is_floating_point Tensor.is_floating_point",
        "[torch.is_floating_point(t) for t in (T(2), I(2), M(2), Z(2), T(1).half(), T(1).bfloat16())]",
        "torch.is_floating_point(input=T(1))",
    ),
    *cases("torch.is_floating_point", "torch.is_floating_point(1.0)", raises=True),
    *cases(
        "torch.promote_types torch.result_type torch.can_cast",
        """
        kinds = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
                 torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128, torch.bool]
        [[torch.promote_types(a, b) for a in kinds] for b in kinds]
        """,
        """
        kinds = [torch.uint8, torch.int8, torch.int64, torch.float16, torch.bfloat16, torch.float64, torch.complex64, torch.bool]
        [[torch.can_cast(a, b) for a in kinds] for b in kinds]
        """,
        "torch.promote_types(type1=torch.int8, type2=torch.float32)",
        "[torch.result_type(I(2), 1.5), torch.result_type(T(2), 1), torch.result_type(I(2), True), torch.result_type(I(), T(2)), torch.result_type(1, 2)]",
        "[torch.result_type(T(2).half(), T(2).bfloat16()), torch.result_type(torch.tensor(1.0, dtype=torch.float64), T(2).half())]",
    ),
    *cases("torch.promote_types", "torch.promote_types(torch.int8, 1)", raises=True),
]

REARRANGING = [
    *cases(
        "Tensor.roll torch.roll",
        "x = T(3, 4); [x.roll(1), x.roll(-5), x.roll(1, 0), x.roll((1, -1), (0, 1)), torch.roll(x, shifts=(2, 1), dims=(1, 1))]",
        "x = T(5); [x.roll(7), x.roll(shifts=[2], dims=[0]), T(0, 2).roll(1, 1)]",
        "[I(4).roll(1), M(4).roll(1), T().roll(3)]",
    ),
    *cases(
        "Tensor.roll", "T(3).roll((1, 2), (0,))", "T(3).roll(1, 1)", "T(3).roll(())", raises=True
    ),
    *cases(
        "Tensor.tile torch.tile",
        "x = T(2, 3); [x.tile(2), x.tile((2, 1)), x.tile(2, 1, 2), torch.tile(x, (2, 2)), torch.tile(input=x, dims=[3])]",
        "x = T(2); [x.tile((0,)), x.tile(()), T().tile((2, 2)), I(2).tile(2)]",
    ),
    *cases("Tensor.tile", "T(2).tile((-1,))", "T(2).tile('a')", raises=True),
    *cases(
        "torch.flip Tensor.flip torch.fliplr torch.flipud Tensor.fliplr Tensor.flipud",
        "x = T(2, 3, 4); [torch.flip(x, [0]), x.flip(0, 2), x.flip((-1,)), torch.flip(input=x, dims=(0, 1, 2)), x.flip(())]",
        "x = T(2, 3); [torch.fliplr(x), torch.flipud(x), x.fliplr(), x.flipud(), T(0, 2).flip(1), T().flip(())]",
        "[I(4).flip(0), M(4).flip(0)]",
    ),
    *cases(
        "torch.flip",
        "torch.flip(T(2, 3), [0, 0])",
        "torch.flip(T(2), [1])",
        "torch.fliplr(T(2))",
        raises=True,
    ),
    *cases(
        "Tensor.triu_ Tensor.tril_ Tensor.triu torch.triu",
        "x = C(3, 4).clone(); [x.triu_(), x.triu_(1), x]",
        "x = C(2, 3, 3).clone(); [x.tril_(-1), x.tril_(diagonal=-2), x]",
        "x = T(3, 4) * 1; x.triu_(-1); x.tril_(2); x",
        "[T(3, 4).triu(1), torch.triu(T(2, 3, 3), diagonal=-1), T(0, 3).triu(), I(3, 3).triu()]",
        "torch.triu(C(2, 2), out=torch.empty(0, dtype=float_dtype))",
    ),
    *cases("Tensor.triu_", "torch.ones(3).triu_()", "torch.ones(3, 3).triu_('a')", raises=True),
    *cases(
        "torch.trace Tensor.trace",
        "[torch.trace(T(3, 4)), T(4, 2).trace(), I(3, 3).trace(), T(0, 3).trace(), Z(2, 2).trace()]",
        "torch.trace(torch.ones(2, 2, dtype=torch.uint8)).dtype",
    ),
    *cases("torch.trace", "torch.trace(T(3))", "torch.trace(T(2, 2, 2))", raises=True),
    *cases(
        "torch.masked_select Tensor.masked_select",
        "x, m = T(3, 4), M(3, 4); [torch.masked_select(x, m), x.masked_select(m), x.masked_select(mask=M(4)), T(4).masked_select(m)]",
        "[T().masked_select(torch.tensor(True)), T(3).masked_select(torch.zeros(3, dtype=torch.bool)), T(0).masked_select(M(0))]",
        "torch.masked_select(C(3), torch.tensor([True, False, True]), out=torch.empty(0, dtype=float_dtype))",
    ),
    *cases(
        "torch.masked_select",
        "torch.masked_select(T(3), I(3))",
        "torch.masked_select(T(3), M(4))",
        "torch.masked_select(T(3))",
        raises=True,
    ),
    *cases(
        "Tensor.masked_scatter_ Tensor.masked_scatter torch.masked_scatter",
        "x, m, s = T(3, 4), M(3, 4), T(12); [x.masked_scatter(m, s), torch.masked_scatter(x, m, s), x.masked_scatter(mask=M(4), source=T(3, 4))]",
        "x = C(2, 3).clone(); y = x.masked_scatter_(M(2, 3), C(6)); [x, y is x]",
        "x = T(2, 3) * 1; x.masked_scatter_(M(3), T(2, 3)); x",
        "x = I(4).clone(); x.masked_scatter_(torch.tensor([True, False, True, False]), torch.tensor([7, 8, 9])); x",
        "T(4).masked_scatter(M(2, 4), T(8))",
    ),
    *cases(
        "Tensor.masked_scatter_",
        "torch.ones(3).masked_scatter_(torch.ones(3, dtype=torch.bool), torch.ones(2))",
        "torch.ones(3).masked_scatter_(torch.ones(3, dtype=torch.int64), torch.ones(3))",
        "torch.ones(3).masked_scatter_(torch.ones(3, dtype=torch.bool), torch.ones(3, dtype=torch.int64))",
        "torch.ones(3).masked_scatter_(torch.ones(2, dtype=torch.bool), torch.ones(3))",
        raises=True,
    ),
]

INDICES = [
    *cases(
        "Tensor.__getitem__",
        "x = T(2, 3, 4); [x[..., ...], x[..., 0, ...], x[0, ..., ...], x[..., None, ...], x[..., :2, ...], x[..., 1:, :, ...], x[..., ..., :]]",
        "x = T(2, 3); [x[..., 0, ..., 0], x[..., 1, ...]]",
        "x = C(2, 3).clone(); x[..., ...] = 1; x[..., 0, ...] = 2; x",
        "x = T(2, 3, 4); [x[..., torch.tensor([0, 1]), ...], x[torch.tensor([1, 0]), ..., ...]]",
    ),
    *cases(
        "Tensor.__getitem__",
        "T(2, 3)[:, :, :]",
        "T(2, 3)[..., 0, 0, 0]",
        "T(2, 3)[..., ..., 0]",
        raises=True,
    ),
]

CASES = [*INDICES, *VIEWS, *REARRANGING]
