"""Copies of views, chosen layouts, and rare methods of tensors."""

from harness import Case


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


CASES = [
    *cases(
        "torch.alias_copy torch.detach_copy torch.diagonal_copy torch.expand_copy torch.permute_copy torch.select_copy torch.squeeze_copy torch.t_copy torch.transpose_copy torch.unfold_copy torch.unsqueeze_copy torch.view_copy torch.narrow_copy torch.slice_copy torch.as_strided_copy",
        "x = T(3, 4) * 1; [torch.alias_copy(x), torch.diagonal_copy(x, 1), torch.permute_copy(x, (1, 0)), torch.select_copy(x, 0, 1), torch.t_copy(x), torch.transpose_copy(x, 0, 1), torch.unsqueeze_copy(x, 1)]",
        "x = T(1, 4) * 1; [torch.expand_copy(x, (3, 4)), torch.squeeze_copy(x), torch.squeeze_copy(x, 0), torch.unfold_copy(x, 1, 2, 1), torch.view_copy(x, (2, 2)), torch.narrow_copy(x, 1, 1, 2), torch.slice_copy(x, 1, 1, 4, 2), torch.as_strided_copy(x, (2,), (2,))]",
        "x = C(2, 3); y = torch.permute_copy(x, (1, 0)); y.zero_(); [x, torch.detach_copy(x), x.narrow_copy(0, 1, 1)]",
    ),
    *cases(
        "torch.split_copy torch.split_with_sizes_copy torch.unbind_copy torch.unsafe_chunk torch.unsafe_split torch.unsafe_split_with_sizes",
        "x = T(5, 2); [list(torch.split_copy(x, 2)), list(torch.split_with_sizes_copy(x, (1, 4))), list(torch.unbind_copy(x, 1)), list(torch.unsafe_chunk(x, 2)), list(torch.unsafe_split(x, 2)), list(torch.unsafe_split_with_sizes(x, (2, 3)))]",
        "x = T(5, 2); [list(x.unsafe_chunk(2)), list(x.unsafe_split(2)), list(x.unsafe_split_with_sizes((2, 3)))]",
        "torch.view_as_complex_copy(C(3, 2).contiguous()), torch.view_as_real_copy(Z(3).detach())",
    ),
    *cases(
        "torch.empty_strided torch.empty_permuted Tensor.new_empty_strided",
        "x = torch.empty_strided((2, 3), (1, 2), dtype=float_dtype); y = torch.empty_permuted((2, 3, 4), (2, 0, 1)); [x.stride(), x.shape, x.dtype, y.stride(), y.shape, C(2).new_empty_strided((2, 2), (1, 2)).stride(), torch.empty_strided((), ()).shape, torch.empty_strided((0, 2), (1, 1)).shape]",
        "x = torch.empty_strided((2, 3), (3, 1), requires_grad=True); [x.requires_grad, x.is_leaf]",
    ),
    *cases(
        "torch.empty_strided",
        "torch.empty_strided((2,), (1, 2))",
        "torch.empty_strided((-2,), (1,))",
        "torch.empty_permuted((2, 3), (0, 0))",
        raises=True,
    ),
    *cases(
        "torch.frombuffer",
        "b = bytearray(range(8)); x = torch.frombuffer(b, dtype=torch.int32); b[0] = 9; [x, torch.frombuffer(b, dtype=torch.uint8, count=3, offset=2), torch.frombuffer(b, dtype=torch.float32).shape, torch.frombuffer(b, dtype=torch.bool, count=2)]",
    ),
    *cases(
        "torch.frombuffer",
        "torch.frombuffer(bytearray(3), dtype=torch.int32)",
        "torch.frombuffer(bytearray(4), dtype=torch.int32, offset=4)",
        "torch.frombuffer(bytearray(4), dtype=torch.int32, count=2)",
        "torch.frombuffer(bytearray(0), dtype=torch.int32)",
        "torch.frombuffer(3, dtype=torch.int32)",
        raises=True,
    ),
    *cases(
        "torch.as_strided_scatter Tensor.as_strided_scatter Tensor.as_strided_",
        # PyTorch gives the input a wrong gradient: that of the part that is replaced.
        "x, s = C(3, 4).contiguous(), T(2, 2); [torch.as_strided_scatter(x, s, (2, 2), (1, 2)), x.as_strided_scatter(s, (2, 2), (4, 1), 2)]",
        "x = C(6).contiguous(); y = x.as_strided_((2, 2), (1, 2), 1); [x, y is x]",
    ),
    *cases(
        "torch.as_strided_scatter",
        "torch.as_strided_scatter(torch.ones(4), torch.ones(3), (2,), (1,))",
        raises=True,
    ),
    *cases(
        "torch.constant_pad_nd torch.fill",
        "[torch.constant_pad_nd(T(2, 3), (1, 1), 2.5), torch.constant_pad_nd(T(2, 3), [1, 0, 0, 1]), torch.fill(T(2), 3), torch.fill(T(2), T()), torch.fill(I(2), 2.7)]",
    ),
    *cases(
        "torch.index_reduce Tensor.index_reduce Tensor.index_reduce_",
        """
        x, s, i = T(4, 3), T(5, 3), torch.tensor([0, 2, 2, 1, 0])
        [torch.index_reduce(x, 0, i, s, r, include_self=k) for r in ("prod", "mean", "amax", "amin") for k in (True, False)]
        """,
        "x, s = T(3, 4), T(3, 2); [x.index_reduce(1, torch.tensor([3, 3]), s, 'amax'), (x * 1).index_reduce_(1, torch.tensor([3, 0]), s, 'prod')]",
    ),
    *cases(
        "torch.index_reduce",
        "torch.index_reduce(T(4), 0, torch.tensor([0]), T(1), 'sum')",
        "torch.index_reduce(T(4), 0, torch.tensor([0, 1]), T(1), 'prod')",
        "torch.index_reduce(T(4), 0, torch.tensor([4]), T(1), 'prod')",
        raises=True,
    ),
    *cases(
        "torch.logspace",
        "[torch.logspace(0, 3, 4), torch.logspace(-1, 1, 5, base=2, dtype=float_dtype), torch.logspace(0, 4, 5, base=2, dtype=torch.int64), torch.logspace(0, 1, 1), torch.logspace(0, 1, 0), torch.logspace(torch.tensor(0.0), torch.tensor(2.0), 3)]",
        "out = torch.empty(0); torch.logspace(0, 2, 3, out=out); [out, torch.logspace(0, 1, 2, requires_grad=True).requires_grad]",
        only="float32",
    ),
    *cases("torch.logspace", "torch.logspace(0, 1, -1)", raises=True),
    *cases(
        "torch.nonzero_static Tensor.nonzero_static",
        "x = torch.tensor([[1, 0], [2, 3]]); [torch.nonzero_static(x, size=2), x.nonzero_static(size=5), torch.nonzero_static(x, size=4, fill_value=7), torch.nonzero_static(x, size=0)]",
    ),
    *cases(
        "torch.renorm Tensor.renorm Tensor.renorm_",
        "x = T(3, 4); [torch.renorm(x, 2, 0, 1.0), x.renorm(1, 1, 0.5), torch.renorm(x, p=3, dim=-1, maxnorm=10.0), T(2, 3, 2).renorm(2, 1, 0.7)]",
        "x = C(3, 4).clone(); [x.renorm_(2, 0, 0.5), x]",
    ),
    *cases(
        "torch.renorm",
        "torch.renorm(T(3), 2, 0, 1.0)",
        "torch.renorm(T(3, 2), -1, 0, 1.0)",
        "torch.renorm(T(3, 2), 2, 0, -1.0)",
        raises=True,
    ),
    *cases(
        "torch.vander",
        # PyTorch changes in place what its gradient needs.
        "x = C(4); [torch.vander(x), torch.vander(x, 3), torch.vander(x, N=2, increasing=True), torch.vander(I(3)), torch.vander(x, 0)]",
    ),
    *cases("torch.vander", "torch.vander(T(2, 2))", "torch.vander(T(2), -1)", raises=True),
    *cases(
        "Tensor.apply_ Tensor.map_ Tensor.map2_",
        "x = C(2, 3).clone(); x.apply_(lambda v: v * 2 + 1); y = C(2, 3).clone().map_(C(3), lambda a, b: a - b); z = C(2).clone().map2_(C(2), C(2), lambda a, b, c: a + b * c); [x, y, z, I(3).clone().apply_(lambda v: v + 1)]",
    ),
    *cases("Tensor.apply_", "T(3).apply_(lambda v: v)", "C(3).apply_(3)", raises=True),
    *cases(
        "Tensor.fill_diagonal_",
        "z = torch.zeros; [z(3, 4).fill_diagonal_(5), z(7, 2).fill_diagonal_(5), z(7, 2).fill_diagonal_(5, wrap=True), z(2, 7).fill_diagonal_(5, True), z(2, 2, 2).fill_diagonal_(1.5)]",
        "x = T(3, 3) * 1; x.fill_diagonal_(2.0); x",
    ),
    *cases(
        "Tensor.fill_diagonal_",
        "C(3).fill_diagonal_(1)",
        "C(2, 2, 3).fill_diagonal_(1)",
        raises=True,
    ),
    *cases(
        "Tensor.sum_to_size",
        "x = T(2, 3, 4); [x.sum_to_size(3, 4), x.sum_to_size((1, 3, 1)), x.sum_to_size(2, 3, 4), x.sum_to_size([1]), x.sum_to_size(())]",
    ),
    *cases("Tensor.sum_to_size", "T(2, 3).sum_to_size(2)", "T(3).sum_to_size(1, 3)", raises=True),
    *cases(
        "Tensor.is_nonzero Tensor.is_same_size Tensor.is_set_to Tensor.dim_order Tensor.logical_not_ Tensor.is_cpu",
        "x = C(2, 3).contiguous(); [torch.tensor([2.0]).is_nonzero(), torch.tensor(0).is_nonzero(), x.is_same_size(C(2, 3)), x.is_same_size(C(3)), x.is_set_to(x.view(2, 3)), x.is_set_to(x.view(3, 2)), x.is_set_to(x.clone())]",
        "x = C(2, 3).contiguous(); [x.dim_order(), x.t().dim_order(), torch.zeros(1, 2, 3, 4).to(memory_format=torch.channels_last).dim_order()]",
        "x = torch.tensor([0.0, 2.0]); y = x.logical_not_(); [x, y is x, torch.tensor([True]).logical_not_(), torch.tensor([0, 3]).logical_not_()]",
        "x = C(2); [x.is_cpu, x.is_meta, x.is_mps, x.is_xpu, x.is_mkldnn, x.is_nested, x.is_quantized, x.is_sparse_csr, x.is_xla, x.is_vulkan, x.is_ipu, x.is_mtia, x.is_maia]",
    ),
    *cases("Tensor.is_nonzero", "torch.ones(2).is_nonzero()", raises=True),
]
