"""Sparse tensors, products with them and sparse gradients.

PyTorch has no second derivative through the values of ``sparse_coo_tensor``: order=1 there.
"""

from harness import Case

PLACES = "i = torch.tensor([[0, 1, 1, 0], [2, 0, 2, 2]])\n"
# Uncoalesced, coalesced, with dense blocks; the values take part in differentiation.
X = PLACES + "x = torch.sparse_coo_tensor(i, T(4), (2, 3))\n"
C = PLACES + "c = torch.sparse_coo_tensor(i[:, [0, 1, 2]], T(3), (2, 3)).coalesce()\n"
H = PLACES + "h = torch.sparse_coo_tensor(i, T(4, 2), (2, 3, 2))\n"
# Leaves themselves.
L = PLACES + "x = torch.sparse_coo_tensor(i, T(4).detach(), (2, 3)).requires_grad_()\n"
LC = L.replace("(2, 3))", "(2, 3)).coalesce()")
TABLE = "w = T(5, 2)\nk = torch.tensor([[1, 3], [1, 0]])\n"


def each(names, prefix, *lines, order=1, **options):
    return [Case(names, prefix + line, order=order, **options) for line in lines]


MAKE = "torch.sparse_coo_tensor Tensor.is_coalesced"
FACTS = (
    "[x.shape, x.size(), x.size(0), x.size(-1), x.dim(), x.ndim, x.numel(), len(x), x.dtype, "
    "x.device, x.layout, x.is_sparse, x.is_sparse_csr, x.is_cuda, x._nnz(), x.sparse_dim(), "
    "x.dense_dim(), x.is_coalesced(), x.requires_grad, x.is_leaf, x.is_floating_point(), "
    "x.is_complex(), x.stride(), x.is_contiguous(), x.element_size(), x.grad, torch.is_tensor(x), "
    "isinstance(x, torch.Tensor), x._indices(), x._values()]"
)
CASES = [
    # ---- making
    *each(
        MAKE,
        PLACES,
        "torch.sparse_coo_tensor(i, T(4), (2, 3))",
        "torch.sparse_coo_tensor(i, T(4))",
        "torch.sparse_coo_tensor(indices=i, values=T(4), size=[3, 4])",
        "torch.sparse_coo_tensor(i, T(4), torch.Size([2, 3]), device='cpu')",
        "torch.sparse_coo_tensor(i, T(4, 2))",
        "torch.sparse_coo_tensor(i, T(4, 2), (2, 3, 2))",
        "torch.sparse_coo_tensor(i[0:1], T(4))",
        "torch.sparse_coo_tensor(i[:, :1], T(1), (2, 3))",
        "torch.sparse_coo_tensor(i[:, :0], T(0), (2, 3))",
        "torch.sparse_coo_tensor(i[:, :0], T(0))",
        "torch.sparse_coo_tensor(i[:0], T(4))",
        "torch.sparse_coo_tensor(i.int(), T(4), (2, 3))",
        "torch.sparse_coo_tensor(i.tolist(), [1, 2, 3, 4])",
        "torch.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], (2, 2), dtype=float_dtype)",
        "torch.sparse_coo_tensor(i, [1, 2, 3, 4], (2, 3), dtype=torch.float64)",
        "torch.sparse_coo_tensor((2, 3))",
        "torch.sparse_coo_tensor(size=(2, 3), dtype=torch.float64)",
        "torch.sparse_coo_tensor(i, C(4), (2, 3), requires_grad=True).requires_grad",
        "torch.sparse_coo_tensor(i, T(4), (2, 3), is_coalesced=False)",
        "torch.sparse_coo_tensor(i[:, [0, 1, 2]], T(3), (2, 3), is_coalesced=True)",
        "torch.sparse_coo_tensor(i[:, [0, 1, 2]], T(3), (2, 3), is_coalesced=True, "
        "check_invariants=True)",
        "torch.sparse_coo_tensor(i, T(4), (2, 3), check_invariants=True)",
        "v = C(4)\nx = torch.sparse_coo_tensor(i, v, (2, 3))\nx._values().mul_(2)\nv",
        "x = torch.sparse_coo_tensor(i, C(4), (2, 3))\n" + FACTS,
        "x = torch.sparse_coo_tensor(i, C(4, 2), requires_grad=True)\n" + FACTS,
        "x = torch.sparse_coo_tensor(i, [True, True, False, True], (2, 3))\n" + FACTS,
    ),
    *each(
        MAKE,
        PLACES,
        "torch.sparse_coo_tensor(-i, T(4))",
        "torch.sparse_coo_tensor(i, T(4), (2, 2), check_invariants=True)",
        "torch.sparse_coo_tensor(i, T(4), (2,))",
        "torch.sparse_coo_tensor(i, T(4), (2, 3, 4))",
        "torch.sparse_coo_tensor(i, T(4, 2), (2, 3, 3))",
        "torch.sparse_coo_tensor(i, T(3))",
        "torch.sparse_coo_tensor(i[0], T(4))",
        "torch.sparse_coo_tensor(i, 2.0, (2, 3))",
        "torch.sparse_coo_tensor(i, T(4), (2, 3), is_coalesced=True, check_invariants=True)",
        "torch.sparse_coo_tensor(i, T(4), (2, 3)).indices()",
        "torch.sparse_coo_tensor(i, T(4), (2, 3)).values()",
        "torch.sparse_coo_tensor(i, T(4), (2, 3)).contiguous()",
        "torch.sparse_coo_tensor(i, T(4), (2, 3)).numpy()",
        "torch.sparse_coo_tensor(i, T(4), (2, 3)).data_ptr()",
        "torch.sparse_coo_tensor(i, T(4), (2, 3)).storage()",
        "torch.sparse_coo_tensor(i, T(4), (2, 3)).tolist()",
        "torch.sparse_coo_tensor(i, T(4), (2, 3)).item()",
        "bool(torch.sparse_coo_tensor(i, T(4), (2, 3)))",
        "torch.sparse_coo_tensor(i, T(4), (2, 3)).nbytes",
        raises=True,
    ),
    *each(
        "torch.sparse.check_sparse_tensor_invariants",
        PLACES + "K = torch.sparse.check_sparse_tensor_invariants\n",
        "[K.is_enabled(), K.enable(), K.is_enabled(), K.disable(), K.is_enabled()]",
        "with K():\n    a = K.is_enabled()\n    with K(enable=False):\n        b = K.is_enabled()\n"
        "[a, b, K.is_enabled()]",
        "@K()\ndef f():\n    return K.is_enabled()\n[f(), K.is_enabled()]",
    ),
    *each(
        "torch.sparse.FloatTensor torch.sparse.DoubleTensor torch.sparse.LongTensor",
        PLACES + "S = torch.sparse\n",
        "S.FloatTensor(i, C(4).float(), torch.Size([2, 3]))",
        "S.FloatTensor(i, C(4).float())",
        "S.FloatTensor(2, 3)",
        "S.FloatTensor(torch.Size([2, 3]))",
        "S.FloatTensor()",
        "S.DoubleTensor(i, C(4).double(), torch.Size([2, 3]))",
        "S.LongTensor(i, i[0], torch.Size([2, 3]))",
        "v = T(4)\n(S.FloatTensor if v.dtype is torch.float32 else S.DoubleTensor)(i, v, (2, 3))",
        "x = S.FloatTensor(2, 3)\n[isinstance(x, S.FloatTensor), isinstance(x, S.DoubleTensor), "
        "isinstance(x, torch.FloatTensor), x.type(), repr(S.FloatTensor)]",
        "x = S.FloatTensor(i, C(4).float())\n[x.type(torch.float64), x.type(torch.DoubleTensor), "
        "x.type('torch.sparse.DoubleTensor'), x.type_as(x.double())]",
    ),
    *each(
        "Tensor.to_sparse",
        "",
        "(T(3, 4) * M(3, 4)).to_sparse()",
        "(T(3, 4) * M(3, 4)).to_sparse(2)",
        "(T(3, 4) * M(3, 1)).to_sparse(1)",
        "(T(2, 3, 4) * M(2, 3, 1)).to_sparse(sparse_dim=2)",
        "(T(2, 3, 4) * M(2, 3, 1)).to_sparse(dense_dim=1)",
        "T(3, 4).to_sparse(layout=torch.sparse_coo)",
        "T(3, 4).to_sparse(layout=torch.strided)",
        "torch.eye(3).to_sparse()",
        "torch.tensor(3.0).to_sparse()",
        "torch.tensor(0.0).to_sparse()",
        "torch.zeros(2, 3).to_sparse()",
        "torch.zeros(0, 3).to_sparse()",
        "I(3, 4).to_sparse()",
        "M(3, 4).to_sparse()",
        "x = T(3, 4)\nx.to_sparse().to_dense()",
        "x = T(3, 4).to_sparse()\n[x.to_sparse(), x.to_sparse(2), x.to_sparse() is x]",
    ),
    *each(
        "Tensor.to_sparse",
        "",
        "T(3, 4).to_sparse(0)",
        "T(3, 4).to_sparse(3)",
        "T(3, 4).to_sparse().to_sparse(1)",
        "T(3, 4).to_sparse(1, layout=torch.sparse_coo)",
        "T(3, 4).coalesce()",
        "T(3, 4).is_coalesced()",
        "T(3, 4).indices()",
        "T(3, 4).values()",
        "T(3, 4)._nnz()",
        "T(3, 4)._indices()",
        raises=True,
    ),
    *each(
        "Tensor.to_dense Tensor.values Tensor.indices Tensor.coalesce Tensor.is_coalesced",
        X,
        "x.to_dense()",
        "x.to_dense(masked_grad=True)",
        "x.coalesce()",
        "c = x.coalesce()\n[c.indices(), c.values(), c.coalesce() is c, c.is_coalesced()]",
        "x.coalesce().values()",
        "x.coalesce().to_dense()",
        "x.coalesce().values() * torch.arange(3)",
        "[x._values().requires_grad, x._nnz(), x.coalesce()._nnz()]",
        "x._coalesced_(True).is_coalesced()",
        "torch.sparse_coo_tensor(i, i[0], (2, 3)).coalesce()",
        "torch.sparse_coo_tensor(i, T(4, 2)).coalesce()",
        "torch.sparse_coo_tensor(i, T(4, 2)).to_dense()",
        "torch.sparse_coo_tensor(i[:0], T(4)).to_dense()",
        "torch.sparse_coo_tensor(i[:0], T(4)).coalesce()",
        "torch.sparse_coo_tensor(i[:, :0], T(0), (2, 3)).to_dense()",
        "torch.sparse_coo_tensor(i[:, :0], T(0, 2), (2, 3, 2)).coalesce()",
        "torch.sparse_coo_tensor(i[1:], T(4)).to_dense()",
        "d = C(2, 3)\n[d.to_dense(), d.to_dense() is d, d.to_dense(torch.float64), d.sparse_dim(), "
        "d.dense_dim(), d.layout, d.is_sparse, d.is_sparse_csr]",
    ),
    Case("Tensor.to_dense", X + "x.to_dense(torch.float64)", raises=True),
    # ---- gradients of leaves
    *each(
        "Tensor.coalesce Tensor.values torch.sparse.mm",
        L,
        "(x.to_dense() ** 2).sum().backward()\n[x.grad.coalesce(), x.grad.is_sparse, x.is_leaf]",
        "(x.coalesce().values() ** 2).sum().backward()\nx.grad.coalesce()",
        "torch.sparse.mm(x, C(3, 4)).pow(2).sum().backward()\nx.grad.coalesce()",
        "for _ in range(2):\n    torch.sparse.mm(x, C(3, 4)).sum().backward()\nx.grad.coalesce()",
        "torch.sparse.sum(x).pow(2).backward()\nx.grad.coalesce()",
        "torch.sparse.sum(x, 0).to_dense().pow(2).sum().backward()\nx.grad.coalesce()",
        "(x * 3).to_dense().pow(2).sum().backward()\nx.grad.coalesce()",
        "(-x / 3).to_dense().pow(2).sum().backward()\nx.grad.coalesce()",
        "(x + x).to_dense().pow(2).sum().backward()\nx.grad.coalesce()",
        "(x * C(2, 3)).to_dense().pow(2).sum().backward()\nx.grad.coalesce()",
        "x.t().to_dense().pow(2).sum().backward()\nx.grad.coalesce()",
        "torch.sparse.softmax(x, 1).to_dense().pow(2).sum().backward()\nx.grad.coalesce()",
        "x.clone().double().to_dense().pow(2).sum().backward()\nx.grad.coalesce()",
        "(g,) = torch.autograd.grad(torch.sparse.mm(x, C(3, 4)).pow(2).sum(), x)\ng.coalesce()",
        "(g,) = torch.autograd.grad(torch.sparse.mm(x, C(3, 4)).pow(2).sum(), x, "
        "create_graph=True)\n(h,) = torch.autograd.grad(g.to_dense().pow(2).sum(), x)\n"
        "h.coalesce()",
        "(g,) = torch.autograd.grad(x.to_dense().pow(3).sum(), [x], create_graph=True)\n"
        "(h,) = torch.autograd.grad(g.to_dense().pow(2).sum(), x)\n[g.requires_grad, h.coalesce()]",
        "x.to_dense().sum().backward()\nx.grad = None\nx.to_dense().sum().backward()\n"
        "x.grad.coalesce()",
        "x.to_dense().sum().backward()\nx.grad.zero_()\nx.grad.to_dense()",
        "x.to_dense().sum().backward(inputs=[x])\nx.grad.coalesce()",
    ),
    *each(
        "Tensor.values",
        LC,
        "x.values().pow(2).sum().backward()\n[x.grad, x.grad.values(), x.coalesce() is x]",
        "[x.values().requires_grad, x._values().requires_grad, x.indices().requires_grad]",
        "[x.detach().requires_grad, x.requires_grad_(False).requires_grad, x.data.requires_grad]",
        "y = x * 2\n[y.requires_grad, y.is_leaf, y.detach().is_leaf, x.is_leaf, y.grad_fn is None]",
        "with torch.no_grad():\n    y = x * 2\n[y.requires_grad, y]",
    ),
    # ---- arithmetic
    *each(
        "torch.sparse_coo_tensor",
        X + C,
        "c + c",
        "c - c",
        "c + torch.eye(2, 3, dtype=float_dtype).to_sparse()",
        "c - torch.eye(2, 3, dtype=float_dtype).to_sparse()",
        "(x + c).coalesce()",
        "(x - c.t().t()).to_dense()",
        "torch.add(c, c, alpha=3)",
        "torch.sub(c, c, alpha=3)",
        "c.add(c).sub(c, alpha=2)",
        "(x + x).coalesce()",
        "T(2, 3) + x",
        "T(2, 3) - x",
        "torch.add(T(2, 3), x, alpha=3)",
        "T(2, 3).sub(x, alpha=2)",
        "C(2, 3).add_(x.detach(), alpha=2)",
        "y = C(2, 3)\ny += x.detach()\ny -= c.detach()\ny",
        "C(2, 3).mul_(x.detach())",
        "nn.Parameter(C(2, 3)) + x",
        "[x * 2, 2 * x, x * torch.tensor(2.0), x * T(1)[0], x / 2, x / torch.tensor(2.0), -x]",
        "[x.mul(2), torch.mul(x, 2), x.div(2), torch.div(x, 2), x.neg(), torch.neg(x)]",
        "x, c = x.detach(), c.detach()\n[x // 2, c // 0.5, torch.div(c, 0.3, rounding_mode='trunc')]",
        "(x * x).to_dense()",
        "c * c",
        "(c * torch.eye(2, 3, dtype=float_dtype).to_sparse()).to_dense()",
        "(x * c).to_dense()",
        "(h_ := torch.sparse_coo_tensor(i, T(4, 2), (2, 3, 2))) * 2",
        "(h_ := torch.sparse_coo_tensor(i, T(4, 2), (2, 3, 2))).coalesce() * T(2, 3, 2)",
        "x, c = x.detach(), c.detach()\n[c ** 2, c.pow(2), torch.pow(c, 3), x ** 2, x.square()]",
        "x, c = x.detach(), c.detach()\n[abs(x), x.abs(), torch.abs(c), c.sin(), torch.tanh(c), torch.relu(c), F.relu(c)]",
        "x, c = x.detach(), c.detach()\n[c.floor(), c.ceil(), c.round(), c.trunc(), c.sign(), c.expm1(), c.isnan()]",
        "x, c = x.detach(), c.detach()\n[torch.sqrt(c * c), torch.log1p(c * c), torch.asin(c * 0.1), torch.atan(c), c.sinh()]",
        "y = c.detach()\n[z.coalesce() for z in (y.clone().mul_(2), y.clone().div_(2), y.clone().neg_())]",
        "y = c.detach().clone()\ny *= 2\ny /= 4\n[y, y.zero_(), y]",
        "y = c.detach().clone()\n[y.add_(c.detach()), y.sub_(c.detach()), y]",
        "[torch.zeros_like(x), torch.empty_like(x), x.clone(), c.clone(), c.detach()]",
        "[x.double(), x.float().dtype, x.to(torch.float64), x.to('cpu'), x.cpu(), x.long(), "
        "c.half().dtype, x.to(torch.float16).dtype, x.to(c.double())]",
        "x, c = x.detach(), c.detach()\n[x.is_same_size(c), x.is_same_size(x.t()), x.norm(), torch.norm(x), c.norm(1), c.any()]",
        "C(2, 3).sparse_mask(x.detach())",
    ),
    *each(
        "torch.sparse_coo_tensor",
        X + H,
        "x + 1",
        "1 + x",
        "x + T(2, 3)",
        "x - T(2, 3)",
        "x + x.t()",
        "T(3) + x",
        "x * h",
        "x / x",
        "x / T(2, 3)",
        "2 / x",
        "x ** 0",
        "x == x",
        "x > 0",
        "x.exp()",
        "torch.sigmoid(x)",
        "F.softmax(x, dim=1)",
        "F.dropout(x, 0.5)",
        "x.mean()",
        "x.max()",
        "torch.argmax(x)",
        "x.view(6)",
        "x.reshape(3, 2)",
        "x.flatten()",
        "x.expand(2, 2, 3)",
        "x.repeat(2, 1)",
        "x.tril()",
        "x[0:1]",
        "x[torch.tensor([0])]",
        "x.nonzero()",
        "torch.equal(x, x)",
        "torch.ones_like(x)",
        "x.fill_(1)",
        "x.clamp(0, 1)",
        "x.detach().copy_(C(2, 3))",
        "C(2, 3).copy_(x.detach())",
        "torch.cat([x, T(2, 3)])",
        "h.transpose(0, 2)",
        "h.t()",
        "x.transpose(0, 2)",
        "x[2]",
        "x[0, 3]",
        raises=True,
    ),
    # ---- shapes
    *each(
        "Tensor.to_sparse",
        X + H,
        "[x.t(), x.T, x.mT, x.transpose(0, 1), x.transpose(0, -1), x.permute(1, 0)]",
        "[torch.t(x), torch.transpose(x, 0, 1), x.coalesce().t(), h.transpose(0, 1)]",
        "x, h = x.detach(), h.detach()\n[x.unsqueeze(0), x.unsqueeze(1), x.unsqueeze(-1), h.unsqueeze(3)]",
        "x = x.detach()\n[x[0], x[1], x[-1], x[:, 2], x.select(0, 1), x.select(1, 2)]",
        "x = x.detach()\n[x[0, 2], x[1, 1], x[0][2], x.coalesce()[0]]",
        "x = x.detach()\n[y for y in x]",
        "x, h = x.detach(), h.detach()\n[h[0], h[0, 2], h.select(2, 1)]",
        "x = x.detach()\nk = torch.tensor([1, 0, 1])\n[x.index_select(0, k), torch.index_select(x, 1, k), "
        "h.detach().index_select(2, k)]",
        "x = x.detach()\n[x.narrow_copy(0, 1, 1), x.narrow_copy(1, 1, 2)]",
        "x, h = x.detach(), h.detach()\n[torch.cat([x, x]), torch.cat([x, x], 1), torch.cat([h, h], 2), torch.stack([x, x])]",
        "x = x.detach()\n[torch.stack([x, x], 1), torch.cat([x.coalesce(), x])]",
        "m = x.detach()\n[T(2, 3).sparse_mask(m), T(2, 3).sparse_mask(m.coalesce())]",
        "T(2, 3).to_sparse().sparse_mask(x.detach().coalesce())",
        "x.sparse_mask(x.detach().coalesce())",
        "T(2, 3, 2).sparse_mask(h.detach())",
    ),
    *each(
        "Tensor.sparse_mask",
        X,
        "T(3, 2).sparse_mask(x)",
        "x.sparse_mask(T(2, 3))",
        "x.sparse_mask(T(2, 3, 2))",
        raises=True,
    ),
    # ---- products
    *each(
        "torch.sparse.mm torch.spmm torch.mm torch.matmul Tensor.mm Tensor.matmul Tensor.mv",
        X + C,
        "[torch.sparse.mm(x, T(3, 4)), torch.sparse.mm(c, T(3, 4))]",
        "[torch.mm(x, T(3, 4)), torch.spmm(x, T(3, 4)), torch.matmul(x, T(3, 4)), x @ T(3, 4)]",
        "[x.mm(T(3, 4)), x.matmul(T(3, 4)), c.mm(T(3, 4)), torch.dsmm(c, T(3, 4))]",
        "[x @ T(3), torch.mv(x, T(3)), x.mv(T(3)), x.matmul(T(3))]",
        "[torch.sparse.mm(x, T(3, 1)), torch.sparse.mm(x, T(3, 0)), torch.sparse.mm(x, T(3, 70))]",
        "[torch.sparse.mm(T(4, 2), x), torch.mm(T(4, 2), x), T(4, 2) @ x, T(2) @ x]",
        "[torch.sparse.mm(x, x.t()), torch.mm(x, c.t()), x @ x.t(), c.t() @ c]",
        "torch.sparse.mm(T(3, 4), T(4, 2))",
        "torch.spmm(T(3, 4), T(4, 2))",
        "torch.sparse.mm(torch.sparse_coo_tensor(i[:, :0], T(0), (2, 3)), T(3, 4))",
        "torch.sparse.mm(torch.sparse_coo_tensor(i[:, :0], T(0), (0, 3)), T(3, 4))",
        "torch.sparse.mm(torch.sparse_coo_tensor(i[:, :0], T(0), (2, 0)), T(0, 4))",
        "torch.sparse.mm(c, torch.eye(3, dtype=float_dtype).to_sparse())",
        "[torch.sparse.mm(x.t(), T(2, 3)), torch.mm(x.t(), T(3, 2).t())]",
        "[torch.sparse.mm(x, torch.sparse.mm(x.t(), T(2, 3)))]",
        "torch.bmm(torch.stack([x, x]), T(2, 3, 4))",
        "torch.sparse.mm(torch.sparse_coo_tensor(i, i[0], (2, 3)), I(3, 2))",
        "F.linear(x, T(4, 3), None)",
        "[F.linear(x, T(4, 3)), F.linear(T(4, 3), x)]",
        "fill(nn.Linear(3, 4))(x.detach())",
    ),
    # The gradient of the dense operand has further derivatives.
    *each(
        "torch.sparse.mm torch.spmm",
        X.replace("T(4)", "C(4)"),
        "torch.sparse.mm(x, T(3, 4)) ** 2",
        "torch.spmm(x, T(3, 4)) ** 3",
        "(x @ T(3)) ** 2",
        "x.t() @ (x @ T(3, 2)) ** 2",
        "torch.sparse.addmm(T(2, 4), x, T(3, 4), beta=2, alpha=3) ** 2",
        order=2,
    ),
    *each(
        "torch.sparse.mm torch.mm",
        X,
        "torch.sparse.mm(x, T(2, 2))",
        "torch.sparse.mm(x, T(3))",
        "torch.sparse.mm(x, T(3, 4).long())",
        "torch.sparse.mm(x, T(3, 4), 'mean')",
        "torch.sparse.mm(x, T(3, 4), reduce='sum')",
        "x @ T(4)",
        "torch.mv(x, T(3, 1))",
        raises=True,
    ),
    *each(
        "torch.sparse.addmm torch.addmm",
        X,
        "torch.sparse.addmm(T(2, 4), x, T(3, 4))",
        "torch.sparse.addmm(T(4), x, T(3, 4))",
        "torch.sparse.addmm(T(2, 4), x, T(3, 4), beta=2, alpha=3)",
        "torch.sparse.addmm(input=T(2, 4), mat1=x, mat2=T(3, 4), beta=0.5)",
        "torch.addmm(T(2, 4), x, T(3, 4), beta=2, alpha=3)",
        "T(2, 4).addmm(x, T(3, 4))",
    ),
    *each(
        "torch.sparse.addmm",
        X,
        "torch.sparse.addmm(x, x, T(3, 4))",
        "torch.sparse.addmm(T(2, 4), x, T(2, 4))",
        raises=True,
    ),
    *each(
        "torch.hspmm torch.smm torch.sspaddmm",
        X.replace("T(4)", "C(4)"),
        "torch.hspmm(x, C(3, 4))",
        "torch.smm(x, C(3, 4)).coalesce()",
        "torch.sspaddmm(torch.eye(2, dtype=float_dtype).to_sparse(), x, C(3, 2)).coalesce()",
        "torch.sspaddmm(torch.eye(2, dtype=float_dtype).to_sparse(), x, C(3, 2), beta=2, "
        "alpha=3).coalesce()",
        "torch.sparse_coo_tensor(i[:, :3], C(3), (5, 3)).smm(C(3, 2)).coalesce()",
        "torch.hspmm(torch.sparse_coo_tensor(i[:, 1:2], C(1), (5, 3)), C(3, 2))",
    ),
    # ---- sums
    *each(
        "torch.sparse.sum Tensor.sum",
        X + H,
        "torch.sparse.sum(x)",
        "[torch.sparse.sum(x, 0), torch.sparse.sum(x, 1), torch.sparse.sum(x, -1)]",
        "[torch.sparse.sum(x, [0, 1]), torch.sparse.sum(x, dim=(0,))]",
        "[torch.sparse.sum(x, dtype=torch.float64), torch.sparse.sum(x, 0, torch.float64)]",
        "torch.sparse.sum(x, dim=1, dtype=torch.float32)",
        "torch.sparse.sum(h)",
        "[torch.sparse.sum(h, 0), torch.sparse.sum(h, 1), torch.sparse.sum(h, (0, 1))]",
        "[torch.sparse.sum(h, (0, 2)), torch.sparse.sum(h, (0, 1, 2))]",
        "torch.sparse.sum(h, 2)",
        "x.sum().detach()",
        "x = x.detach()\n[x.sum(0), x.sum(dim=1), x.sum((0, 1)), torch.sum(x), torch.sum(x, 0)]",
    ),
    *each(
        "torch.sparse.sum",
        X,
        "torch.sparse.sum(T(2, 3))",
        "torch.sparse.sum(T(2, 3), 0)",
        "torch.sparse.sum(x, 2)",
        "torch.sparse.sum(x, (0, 0))",
        raises=True,
    ),
    # ---- softmax
    *each(
        "torch.sparse.softmax torch.sparse.log_softmax",
        X + H,
        "torch.sparse.softmax(x, 0)",
        "torch.sparse.softmax(x, 1)",
        # PyTorch's gradient is that of another dimension here.
        "torch.sparse.softmax(x.detach(), dim=-1)",
        "torch.sparse.log_softmax(x, 0)",
        "torch.sparse.log_softmax(x, dim=1)",
        "torch.sparse.softmax(input=x.coalesce(), dim=1)",
        "torch.sparse.softmax(x.detach(), 1, dtype=torch.float64)",
        "torch.sparse.log_softmax(x.detach(), 1, dtype=torch.float64)",
        "torch.sparse.softmax(h, 0)",
        "torch.sparse.softmax(h, 1)",
        "torch.sparse.softmax(h, 2)",
        "torch.sparse.log_softmax(h, 1)",
        "torch.sparse.log_softmax(h, 2)",
        "torch.sparse.softmax(torch.sparse_coo_tensor(i[:, :0], T(0), (2, 3)), 1)",
        "torch.sparse.softmax(torch.sparse_coo_tensor(i, T(4) * 1000, (2, 3)), 1)",
        "torch.sparse.softmax(torch.sparse_coo_tensor(i[1:], T(4)), 0)",
    ),
    *each(
        "torch.sparse.softmax torch.sparse.log_softmax",
        X,
        "torch.sparse.softmax(x, 2)",
        "torch.sparse.log_softmax(x, -3)",
        "torch.sparse.softmax(T(2, 3), 1)",
        raises=True,
    ),
    *each(
        "torch.sparse.spdiags",
        "",
        "torch.sparse.spdiags(C(2, 3), torch.tensor([0, 1]), (3, 3)).coalesce()",
        "torch.sparse.spdiags(C(2, 3), torch.tensor([0, -1]), (4, 3)).coalesce()",
        "torch.sparse.spdiags(C(3), torch.tensor([2]), (3, 4)).coalesce()",
        "torch.sparse.spdiags(C(1, 4), torch.tensor([-2]), (3, 3)).coalesce()",
    ),
    # ---- text, copies
    *each(
        "torch.sparse_coo_tensor",
        PLACES
        + "def text(x):\n    return repr(x).replace('wengert', 'torch')\n"
        + "x = torch.sparse_coo_tensor(i, torch.tensor([1., 2.5, -3., 4.], dtype=float_dtype))\n",
        "text(x)",
        "[text(x.coalesce()), str(x) == repr(x), f'{x}' == repr(x)]",
        "text(x.requires_grad_())",
        "text(torch.sparse_coo_tensor(i, [1, 2, 3, 4]))",
        "text(torch.sparse_coo_tensor(i, torch.ones(4, 2)))",
        "text(torch.sparse_coo_tensor(i[:, :0], torch.ones(0), (2, 3)))",
        "text(torch.sparse_coo_tensor((5, 4)))",
        "text(torch.ones(40, 40).to_sparse())",
        "text(torch.eye(3).to_sparse_csr())",
        "text(torch.tensor(2.0).to_sparse())",
        order=0,
    ),
    *each(
        "torch.save torch.load Tensor.to_sparse",
        "import copy, io, pickle\n" + X + "x = x.detach()\n"
        "def again(o):\n    f = io.BytesIO()\n    torch.save(o, f)\n    f.seek(0)\n"
        "    return torch.load(f)\n",
        "[again(x), again(x.coalesce()), again({'a': [x]})['a'][0]]",
        "again(x.requires_grad_()).is_leaf",
        "[pickle.loads(pickle.dumps(x)), copy.deepcopy(x), copy.copy(x)]",
        "y = copy.deepcopy(x.requires_grad_())\n[y.requires_grad, y.is_leaf, y.detach()]",
        "again(x.coalesce().to_sparse_csr())",
    ),
    *each(
        "nn.Module torch.sparse_coo_tensor",
        X + "m = nn.Linear(2, 2)\nm.register_buffer('adj', x.detach())\n",
        "[sorted(m.state_dict()), m.state_dict()['adj'], m.adj, m.double().adj]",
        "[m.to(torch.float64).adj, m.to('cpu').adj, m.float().adj.dtype]",
        "n = nn.Linear(2, 2)\nn.register_buffer('adj', torch.eye(2, 3).to_sparse())\n"
        "n.load_state_dict(m.state_dict())\nn.adj.to_dense().double() - m.adj.to_dense().double()",
        "[name for name, b in m.named_buffers() if b.is_sparse]",
        order=0,
    ),
    # ---- matrices by rows
    *each(
        "torch.sparse_csr_tensor Tensor.to_sparse_csr",
        "a = (T(3, 4) * M(3, 4))\nk = (torch.tensor([0, 1, 3]), torch.tensor([2, 0, 2]))\n",
        "a.to_sparse_csr().to_dense()",
        "s = a.detach().to_sparse_csr()\n[s.crow_indices(), s.col_indices(), s.values(), s.shape, "
        "s.layout, s.is_sparse, s.is_sparse_csr, s._nnz(), s.dtype, s]",
        "s = torch.sparse_csr_tensor(*k, C(3), (2, 3))\n[s, s.to_dense(), s.to_sparse()]",
        "torch.sparse_csr_tensor(*k, C(3))",
        "torch.sparse_csr_tensor([0, 1, 3], [2, 0, 2], [1., 2., 3.], size=(2, 4), "
        "dtype=torch.float64)",
        "s = torch.sparse_csr_tensor(*k, C(3), (2, 3))\n[s @ T(3, 4), s @ T(3), torch.mm(s, "
        "T(3, 2)), torch.sparse.mm(s, T(3, 4)), s.matmul(T(3, 4))]",
        "s = torch.sparse_csr_tensor(*k, C(3), (2, 3))\n[s * 2, -s, s.clone(), s.detach(), "
        "s.to(torch.float64), s.double()]",
        "s = a.detach().to_sparse()\n[s.to_sparse_csr(), s.to_sparse(layout=torch.sparse_csr)]",
        "s = torch.sparse_csr_tensor(*k, C(3), (2, 3), requires_grad=True)\n"
        "(s @ C(3, 4)).pow(2).sum().backward()\n[s.grad.to_dense() * s.detach().to_dense(), s.is_leaf]",
        "s = torch.sparse_csr_tensor(*k, C(3), (2, 3))\n"
        "torch.sparse.sampled_addmm(s, C(2, 4), C(4, 3), beta=2.0, alpha=0.5)",
    ),
    *each(
        "torch.sparse_csr_tensor",
        "",
        "torch.sparse_csr_tensor([0, 1, 3], [2, 0], [1., 2.], (2, 3), check_invariants=True)",
        "torch.sparse_csr_tensor([0, 1, 2], [2, 5], [1., 2.], (2, 3), check_invariants=True)",
        "torch.sparse_csr_tensor([0, 1, 2], [2, 0], [1.], (2, 3), check_invariants=True)",
        "torch.eye(3).to_sparse_csr().indices()",
        "torch.eye(3).to_sparse_csr().is_coalesced()",
        "torch.eye(3).to_sparse_csr().coalesce()",
        raises=True,
    ),
    # ---- sparse gradients
    *each(
        "F.embedding nn.Embedding",
        TABLE,
        "F.embedding(k, w, sparse=True)",
        "F.embedding(k, w, sparse=True).pow(2).sum().backward()\n"
        "[w.grad, w.grad.is_coalesced(), w.grad._nnz(), w.grad is w.grad]",
        "for _ in range(2):\n    F.embedding(k, w, sparse=True).pow(2).sum().backward()\n"
        "w.grad.coalesce()",
        "F.embedding(k, w, padding_idx=1, sparse=True).pow(2).sum().backward()\nw.grad",
        "F.embedding(k, w, padding_idx=-1, sparse=True).pow(2).sum().backward()\nw.grad",
        "F.embedding(k.int(), w, sparse=True).pow(2).sum().backward()\nw.grad",
        "F.embedding(k[0, 0], w, sparse=True).pow(2).sum().backward()\nw.grad",
        "F.embedding(k[:0], w, sparse=True).pow(2).sum().backward()\nw.grad",
        "F.embedding(k, w, sparse=True).sum().backward()\nw.sum().backward()\nw.grad",
        "w.sum().backward()\nF.embedding(k, w, sparse=True).sum().backward()\nw.grad",
        "(F.embedding(k, w, sparse=True).sum() + w.sum()).backward()\nw.grad",
        "(F.embedding(k, w, sparse=True).sum() + F.embedding(k[0], w, sparse=True).pow(2).sum())"
        ".backward()\nw.grad.coalesce()",
        "F.embedding(k, w * 2, sparse=True).pow(2).sum().backward()\nw.grad.to_dense()",
        "w.register_hook(lambda g: g * 2)\nF.embedding(k, w, sparse=True).sum().backward()\nw.grad",
        "o = []\nw.register_hook(o.append)\nF.embedding(k, w, sparse=True).sum().backward()\no",
        "o = []\nw.register_post_accumulate_grad_hook(lambda p: o.append(p.grad))\n"
        "F.embedding(k, w, sparse=True).sum().backward()\no",
        "torch.autograd.grad(F.embedding(k, w, sparse=True).pow(2).sum(), w)",
        "(g,) = torch.autograd.grad(F.embedding(k, w, sparse=True).pow(3).sum(), w, "
        "create_graph=True)\n"
        "[g.requires_grad, *torch.autograd.grad(g.to_dense().pow(2).sum(), w)]",
        "F.embedding(k, w, sparse=True).pow(2).sum().backward(create_graph=True)\n"
        "w.grad.requires_grad",
        "F.embedding(k, w, sparse=True).sum().backward()\nw.grad.mul_(2)\nw.grad *= 3\nw.grad",
        "F.embedding(k, w, sparse=True).sum().backward()\n"
        "w.data.add_(w.grad, alpha=-0.1)\nw.data -= 0.1 * w.grad\nw.detach()",
        "F.embedding(k, w, sparse=True).sum().backward()\n"
        "[w.grad.norm(), w.grad.sum(), w.grad.abs(), w.grad.coalesce(), w.grad.to_dense()]",
        "w.grad = torch.ones(5, 2, dtype=w.dtype).to_sparse()\n[w.grad, w.grad.is_sparse]",
        "w.grad = torch.ones(5, 2, dtype=w.dtype).to_sparse()\nw.sum().backward()\nw.grad",
        "w.grad = torch.ones(5, 2, dtype=w.dtype).to_sparse(1)\n"
        "F.embedding(k, w, sparse=True).sum().backward()\nw.grad.coalesce()",
        "e = fill(nn.Embedding(5, 2, padding_idx=0, sparse=True))\n"
        "e(k).pow(2).sum().backward()\n[e.weight.grad, repr(e)]",
        "e = nn.Embedding.from_pretrained(w.detach(), freeze=False, sparse=True)\n"
        "e(k).pow(2).sum().backward()\n[e.weight.grad, e.zero_grad(), e.weight.grad]",
        order=1,
    ),
    *each(
        "F.embedding",
        TABLE,
        "F.embedding(k, w, scale_grad_by_freq=True, sparse=True).sum().backward()\nw.grad",
        "w.register_hook(lambda g: g.to_dense())\nF.embedding(k, w, sparse=True).sum().backward()\n"
        "w.grad",
        "F.embedding(k, w, sparse=True).sum().backward()\nnn.utils.clip_grad_norm_([w], 1.0)\n0",
        "F.embedding(k, w, sparse=True).sum().backward()\nnn.utils.clip_grad_value_([w], 1.0)\n0",
        "w.grad = torch.ones(4, 2, dtype=w.dtype).to_sparse()\n0",
        raises=True,
    ),
    *[
        Case("nn.EmbeddingBag F.embedding_bag", TABLE + code, order=0)
        for mode in ("sum", "mean")
        for code in (
            f"F.embedding_bag(k, w, mode='{mode}', sparse=True).pow(2).sum().backward()\nw.grad",
            f"F.embedding_bag(k, w, mode='{mode}', sparse=True, padding_idx=1).pow(2).sum()"
            ".backward()\nw.grad",
            f"F.embedding_bag(k.flatten(), w, torch.tensor([0, 0, 2]), mode='{mode}', sparse=True)"
            ".pow(2).sum().backward()\nw.grad",
            f"e = fill(nn.EmbeddingBag(5, 2, mode='{mode}', sparse=True))\n"
            "e(k).pow(2).sum().backward()\n[e.weight.grad, repr(e)]",
        )
    ],
    Case(
        "nn.EmbeddingBag F.embedding_bag",
        TABLE + "a = T(2, 2)\nF.embedding_bag(k, w, mode='sum', sparse=True, per_sample_weights=a)"
        ".pow(2).sum().backward()\n[w.grad, a.grad]",
        order=0,
    ),
    Case(
        "nn.EmbeddingBag",
        TABLE + "F.embedding_bag(k, w, sparse=True, scale_grad_by_freq=True).sum().backward()\n0",
        raises=True,
    ),
]

# ---- optimizers
LOOP = (
    "for n in range(4):\n"
    "    o.zero_grad({})\n"
    "    F.embedding(k + n % 2, w, sparse=True).pow(2).sum().backward()\n"
    "    o.step()\n"
)
RESULT = "\n[w.detach(), o.state_dict()['state']]"
CASES += [
    Case(
        f"torch.optim.{call.partition('(')[0]}",
        TABLE + f"o = optim.{call}\n" + LOOP.format(zero) + result,
        order=0,
    )
    for zero in ("", "set_to_none=False")
    for call, result in (
        ("SGD([w], lr=0.1)", RESULT),
        ("SGD([w], lr=0.1, maximize=True)", RESULT),
        ("SGD([w], lr=0.1, foreach=True)", RESULT),
        # How the sum of uncoalesced tensors is stored is PyTorch's own affair.
        ("SGD([w], lr=0.1, momentum=0.9)", "w.detach()"),
        ("SGD([w], lr=0.1, momentum=0.9, dampening=0.5)", "w.detach()"),
        ("SGD([w], lr=0.1, momentum=0.9, nesterov=True)", "w.detach()"),
        (
            "SGD([w], lr=0.1, momentum=0.9)",
            "o.state_dict()['state'][0]['momentum_buffer'].to_dense()",
        ),
        ("Adagrad([w], lr=0.1)", RESULT),
        ("Adagrad([w], lr=0.1, maximize=True)", RESULT),
        ("Adagrad([w], lr=0.1, lr_decay=0.1, initial_accumulator_value=0.3, eps=1e-3)", RESULT),
        ("SparseAdam([w], lr=0.1)", RESULT),
        ("SparseAdam([w], lr=0.1, betas=(0.8, 0.9), eps=1e-3, maximize=True)", RESULT),
    )
]
CASES += [
    Case(
        f"torch.optim.{call.partition('(')[0]}",
        TABLE + f"o = optim.{call}\n" + LOOP.format("") + "0",
        raises=True,
    )
    for call in (
        "SGD([w], lr=0.1, weight_decay=0.1)",
        "SGD([w], lr=0.1, fused=True)",
        "SGD([w], lr=0.1, differentiable=True)",
        "Adagrad([w], lr=0.1, weight_decay=0.1)",
        "Adagrad([w], lr=0.1, fused=True)",
        "Adam([w])",
        "AdamW([w])",
        "Adamax([w])",
        "NAdam([w])",
        "RAdam([w])",
        "RMSprop([w])",
        "Rprop([w])",
        "ASGD([w])",
        "Adadelta([w])",
        "Adafactor([w])",
        "Muon([w])",
    )
]
CASES += [
    Case(
        "torch.optim.SGD torch.optim.Adagrad",
        TABLE + f"v = T(3)\no = optim.{name}([w, v], lr=0.1)\n"
        "(F.embedding(k, w, sparse=True).pow(2).sum() + v.pow(2).sum()).backward()\n"
        "o.step()\n[w.detach(), v.detach()]",
        order=0,
    )
    for name in ("SGD", "Adagrad")
]
CASES += [
    Case(
        "torch.optim.LBFGS",
        TABLE + "o = optim.LBFGS([w], max_iter=3)\n"
        "def f():\n    o.zero_grad()\n    l = F.embedding(k, w, sparse=True).pow(2).sum()\n"
        "    l.backward()\n    return l\n[o.step(f).item(), w.detach()]",
        order=0,
    ),
    # ---- a graph convolutional network
    Case(
        "torch.spmm torch.sparse_coo_tensor torch.sparse.mm",
        """
        def adjacency(a, b, n):
            a, b = torch.cat([a, b, torch.arange(n)]), torch.cat([b, a, torch.arange(n)])
            ones = torch.ones(len(a), dtype=float_dtype)
            adj = torch.sparse_coo_tensor(torch.stack([a, b]), ones, (n, n)).coalesce()
            adj = torch.sparse_coo_tensor(adj.indices(), adj.values().clamp(max=1), adj.shape)
            d = torch.sparse.sum(adj, 1).to_dense().pow(-0.5)
            i = adj.coalesce().indices()
            return torch.sparse_coo_tensor(i, d[i[0]] * d[i[1]], (n, n))

        class Convolution(nn.Module):
            def __init__(self, n, m):
                super().__init__()
                self.weight = nn.Parameter(torch.empty(n, m))
                self.bias = nn.Parameter(torch.zeros(m))

            def forward(self, x, adj):
                return torch.spmm(adj, torch.mm(x, self.weight)) + self.bias

        class GCN(nn.Module):
            def __init__(self, adj):
                super().__init__()
                self.register_buffer("adj", adj)
                self.first, self.second = Convolution(6, 8), Convolution(8, 3)

            def forward(self, x):
                h = F.relu(self.first(x, self.adj))
                return F.log_softmax(self.second(h, self.adj), dim=1)

        n = 12
        net = fill(GCN(adjacency(I(20, high=n), I(20, high=n), n)))
        x, y = C(n, 6), I(n, high=3)
        o = optim.Adam(net.parameters(), lr=0.05, weight_decay=5e-4)
        losses = []
        for _ in range(20):
            o.zero_grad()
            loss = F.nll_loss(net(x), y)
            loss.backward()
            o.step()
            losses.append(loss.item())
        [losses, net(x).detach()]
        """,
        order=0,
    ),
]
