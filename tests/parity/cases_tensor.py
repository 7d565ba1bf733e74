"""Tensors themselves: properties, conversions, in-place changes, and differentiation."""

from harness import Case


def cases(names: str, *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


PROPERTIES = [
    *cases(
        "Tensor.dtype Tensor.device Tensor.is_cuda Tensor.is_sparse Tensor.ndim Tensor.dim Tensor.numel Tensor.nelement Tensor.stride Tensor.requires_grad",
        "x = T(2, 3); [x.dtype, x.device.type, str(x.device), x.is_cuda, x.is_sparse, x.ndim, x.dim(), x.ndimension()]",
        "x = T(2, 3); [x.numel(), x.nelement(), torch.numel(x), x.requires_grad, x.is_leaf, x.grad_fn is None]",
        "x = C(2, 3).clone(); [x.stride(), x.stride(0), x.t().stride(), x.is_contiguous(), x.storage_offset()]",
        "x = T(2) * 2; [x.requires_grad, x.is_leaf, x.grad_fn.name()]",
        "x = T(); [x.dim(), x.numel(), x.shape]",
        "x = T(0, 3); [x.dim(), x.numel(), x.shape]",
        "x = torch.ones(2); x.requires_grad = True; x.requires_grad",
        "[T(2).is_floating_point(), I(2).is_floating_point(), T(2).is_complex(), I(2).is_signed()]",
        "[T(2).element_size(), T(2).itemsize, T(3).nbytes]",
    ),
    *cases(
        "Tensor.requires_grad",
        "I(2).requires_grad_()",
        "x = T(2) * 2; x.requires_grad = False; x",
        raises=True,
    ),
    *cases(
        "Tensor.data",
        "x = T(3); x.data",
        "x = T(3); x.data.requires_grad",
        "x = T(3); x.data.mul_(2); x",
        "x = T(3); x.data = torch.zeros(2, dtype=float_dtype); x.shape",
        "x = T(3); y = x * x; x.data.add_(1); y",
        "x = T(3); x.data[0] = 5; x",
        "x = T(3); x.data.fill_(2); x.data.copy_(C(3)); x",
    ),
    *cases(
        "Tensor.grad",
        "T(2).grad",
        "x = T(2); (x * x).sum().backward(); x.grad",
        "x = T(2); (x * 2).sum().backward(); (x * 3).sum().backward(); x.grad",
        "x = T(2); x.sum().backward(); x.grad.zero_(); x.grad",
        "x = T(2); x.sum().backward(); x.grad = None; x.grad",
        "x = T(2); x.grad = torch.ones(2, dtype=float_dtype); x.sum().backward(); x.grad",
        "x = T(2); x.sum().backward(); x.grad.data.mul_(3); x.grad",
        "x = T(2); x.sum().backward(); x.grad.requires_grad",
    ),
    *cases(
        "Tensor.grad",
        "x = torch.ones(2, requires_grad=True); x.grad = torch.ones(3); x",
        "x = torch.ones(2, requires_grad=True); x.grad = 1; x",
        raises=True,
    ),
]

CONVERSIONS = [
    *cases(
        "Tensor.item Tensor.tolist",
        "T().item()",
        "torch.tensor([[3]]).item()",
        "torch.tensor(True).item()",
        "type(torch.tensor(2).item()).__name__",
        "type(torch.tensor(2.0).item()).__name__",
        "T(2, 3).tolist()",
        "torch.tensor(1.5).tolist()",
        "I(3).tolist()",
        "M(2, 2).tolist()",
        "torch.ones(0, 2).tolist()",
    ),
    *cases("Tensor.item", "torch.ones(2).item()", "torch.ones(0).item()", raises=True),
    *cases(
        "Tensor.numpy",
        "T(2, 3).detach().numpy()",
        "str(I(3).numpy().dtype)",
        "str(torch.ones(2).numpy().dtype)",
        "x = torch.zeros(3); a = x.numpy(); a[0] = 4; x",
        "T(2, 3).detach().t().numpy()",
        "T(3).detach().cpu().numpy().shape",
        "T(3).data.numpy()",
        "np.asarray(torch.ones(2)) + 1",
        "np.array(T(2).detach())",
        "T(2).numpy(force=True)",
        "M(3).numpy()",
        "torch.ones(0, 2).numpy()",
        "np.sum(torch.ones(3).numpy())",
    ),
    *cases(
        "Tensor.numpy",
        "torch.ones(2, requires_grad=True).numpy()",
        "np.array(torch.ones(2, requires_grad=True))",
        raises=True,
    ),
    *cases(
        "Tensor.to Tensor.cpu Tensor.float Tensor.double Tensor.half Tensor.long Tensor.int Tensor.bool Tensor.byte Tensor.type Tensor.type_as",
        "T(3).to(torch.float64)",
        "T(3).to('cpu')",
        "T(3).to(torch.device('cpu'))",
        "T(3).to('cpu', torch.float32)",
        "T(3).to(device='cpu', dtype=torch.float64)",
        "T(3).to('cpu', non_blocking=True)",
        "T(3).to(torch.ones(1, dtype=torch.float64))",
        "x = T(3); x.to(x.dtype) is x",
        "x = T(3); y = x.to(x.dtype, copy=True); y is x",
        "torch.ones(1, 2, 2, 2).to(memory_format=torch.channels_last).stride()",
        "T(3).to(torch.int64)",
        "x = T(3); x.cpu() is x",
        "T(3).float()",
        "T(3).double()",
        "I(3).float()",
        "T(3).detach().half()",
        "T(3).detach().bfloat16()",
        "T(3).long()",
        "(T(3) * 3).int()",
        "I(3).bool()",
        "T(2).bool()",
        "I(3).byte()",
        "I(3).char()",
        "I(3).short()",
        "T(3).type(torch.int32)",
        "I(3).type(torch.float64)",
        "I(3).type_as(T(1))",
        "T(3).type_as(I(1))",
        "(T(3) > 0).float() * T(3)",
        "torch.tensor([1.9, -1.9]).long()",
        "torch.tensor([300]).byte()",
        "torch.ones(2, device='cpu').device == torch.device('cpu')",
    ),
    *cases(
        "Tensor.to Tensor.cuda",
        "torch.ones(2).to('nowhere')",
        raises=True,
    ),
    *cases(
        "Tensor.detach Tensor.detach_ Tensor.clone Tensor.contiguous Tensor.requires_grad_",
        "x = T(3); y = x.detach(); [y, y.requires_grad, y.data_ptr() == x.data_ptr()]",
        "x = T(3); y = x * 2; z = y.detach_(); [z is y, y.requires_grad, y.is_leaf]",
        "x = T(3); y = x.detach().clone(); y[0] = 9; x",
        "T(3).clone()",
        "x = T(2, 3).t(); x.clone().stride() == x.stride()",
        "T(2, 3).t().contiguous()",
        "x = torch.ones(2, 3); x.contiguous() is x",
        "T(2, 3).permute(1, 0).contiguous().view(-1)",
        "x = torch.ones(2).requires_grad_(); [x.requires_grad, x.requires_grad_(False).requires_grad]",
        "x = torch.ones(2); x.requires_grad_(True) is x",
        "x = T(3); with_grad = x.detach().requires_grad_(); (with_grad * 2).sum().backward(); with_grad.grad",
        "T(3).detach().clone().requires_grad_().is_leaf",
    ),
    *cases(
        "Tensor.requires_grad_", "torch.ones(2, dtype=torch.int64).requires_grad_()", raises=True
    ),
    *cases(
        "Tensor.new_zeros Tensor.new_ones Tensor.new_tensor Tensor.new_full Tensor.new_empty",
        "T(2).new_zeros(2, 3)",
        "I(2).new_zeros((2,))",
        "T(2).new_zeros(3, requires_grad=False).requires_grad",
        "T(2).new_zeros(2, dtype=torch.int32, device='cpu')",
        "T(2).new_zeros(size=(1, 2))",
        "T(2).new_ones(3)",
        "T(2).new_ones((2, 2), dtype=torch.bool)",
        "T(2).new_ones(1, 2, 3).shape",
        "T(2).new_tensor([1, 2])",
        "I(2).new_tensor([1.0, 2.0])",
        "T(2).new_tensor([1.0], dtype=torch.int64, requires_grad=False)",
        "T(2).new_full((2,), 3)",
        "T(2).new_empty(2, 3).shape",
    ),
]

CHANGES = [
    *cases(
        "Tensor.fill_ Tensor.zero_ Tensor.copy_",
        "torch.ones(2, 3).fill_(2)",
        "x = T(3) * 1; x.fill_(0.5); x",
        "x = T(3) * 1; x[1:].fill_(1); x",
        "torch.ones(2).fill_(torch.tensor(3.0))",
        "x = T(3) * 1; x.zero_(); x",
        "torch.zeros(2, 3).copy_(C(3).float())",
        "x = T(3) * 1; x.copy_(T(3)); x",
        "torch.zeros(3).copy_(I(3))",
        "torch.zeros(3, dtype=torch.int64).copy_(torch.tensor([1.5, 2.7, -1.2]))",
        "torch.zeros(2).copy_(torch.ones(2), non_blocking=True)",
        "x = torch.zeros(2, 3); x[0].copy_(torch.ones(3)); x",
        "x = torch.ones(3); with_data = x.data.copy_(torch.zeros(3)); x",
    ),
    *cases(
        "Tensor.fill_ Tensor.copy_",
        "torch.ones(2).fill_(torch.ones(2, 2))",
        "torch.ones(2).copy_(torch.ones(3))",
        "torch.ones(2, requires_grad=True).fill_(1)",
        "torch.ones(2, requires_grad=True).zero_()",
        "torch.ones(2).fill_('a')",
        raises=True,
    ),
    *cases(
        "Tensor.normal_ Tensor.uniform_",
        "torch.empty(3).normal_().shape",
        "torch.zeros(2).normal_(mean=3, std=0)",
        "torch.zeros(2).normal_(1.0, 0.0)",
        "torch.zeros(2).normal_(0, 0.02, generator=torch.Generator()).shape",
        "x = torch.zeros(1000).uniform_(); bool(((x >= 0) & (x < 1)).all())",
        "x = torch.zeros(1000).uniform_(-2, 3); bool(((x >= -2) & (x <= 3)).all())",
        "torch.zeros(2).uniform_(1, 1)",
        "torch.zeros(2, dtype=float_dtype).normal_().dtype",
    ),
    *cases(
        "Tensor.normal_ Tensor.uniform_",
        "torch.zeros(2).normal_(std=-1)",
        "torch.zeros(2).uniform_(2, 1)",
        "torch.zeros(2, dtype=torch.int64).normal_()",
        "torch.zeros(2, dtype=torch.int64).uniform_()",
        raises=True,
    ),
    *cases(
        "Tensor.masked_fill Tensor.masked_fill_",
        "T(2, 3).masked_fill(M(2, 3), 0)",
        "T(2, 3).masked_fill(M(3), float('-inf'))",
        "T(2, 3).masked_fill(M(2, 1), 1e-9)",
        "T(2, 3).masked_fill(M(2, 3) == 0, -1e9)",
        "T(2, 3).masked_fill(mask=M(2, 3), value=torch.tensor(2.0))",
        "x = T(2, 3) * 1; x.masked_fill_(M(2, 3), 0.5); x",
        "x = T(3) * 1; x.masked_fill_(M(3), -1e30) is x",
        "T(3).masked_fill(M(2, 3), 0.0)",
        "I(3).masked_fill(M(3), 7)",
    ),
    *cases(
        "Tensor.masked_fill",
        "torch.ones(2).masked_fill(torch.ones(2), 0)",
        "torch.ones(2).masked_fill(torch.ones(3) > 0, 0)",
        "torch.ones(2).masked_fill(torch.ones(2) > 0, torch.ones(2))",
        raises=True,
    ),
    *cases(
        "Tensor.scatter Tensor.scatter_ torch.scatter Tensor.scatter_add_ Tensor.index_add_ Tensor.index_fill_ Tensor.index_copy_",
        "T(3, 4).scatter(1, torch.tensor([[0], [2], [1]]), T(3, 1))",
        "T(3, 4).scatter(1, torch.tensor([[0], [2], [1]]), 1.5)",
        "T(3, 4).scatter(dim=0, index=torch.tensor([[0, 1, 2, 0]]), src=T(1, 4))",
        "torch.zeros(3, 5).scatter_(1, torch.tensor([[1], [4], [0]]), 1)",
        "torch.zeros(3, 5).scatter_(1, torch.tensor([[1], [4], [0]]), 1.0).to(float_dtype)",
        "x = T(3, 4) * 1; x.scatter_(1, torch.tensor([[0], [2], [1]]), T(3, 1)); x",
        "x = T(3, 4) * 1; x.scatter_(dim=1, index=torch.tensor([[0], [2], [1]]), src=T(3, 1)); x",
        "torch.zeros(3, 4).scatter_(1, torch.tensor([[0, 0], [2, 2], [1, 3]]), torch.ones(3, 2), reduce='add')",
        "torch.ones(3, 4).scatter_(1, torch.tensor([[0], [2], [1]]), 3.0, reduce='multiply')",
        "torch.zeros(2, 3).scatter_(1, torch.tensor([[0], [2]]), value=2)",
        "x = T(3) * 1; x.scatter_add_(0, I(5, high=3), T(5)); x",
        "x = T(3, 2) * 1; x.index_add_(0, torch.tensor([0, 2]), T(2, 2)); x",
        "x = T(3, 2) * 1; x.index_add_(0, torch.tensor([1, 1]), T(2, 2), alpha=2); x",
        "x = T(2, 3) * 1; x.index_add_(dim=1, index=torch.tensor([2]), source=T(2, 1)); x",
        "x = T(3, 2) * 1; x.index_fill_(0, torch.tensor([0, 2]), 5); x",
        "x = T(3, 2) * 1; x.index_fill_(1, torch.tensor([1]), torch.tensor(2.0)); x",
        "x = T(3, 2) * 1; x.index_copy_(0, torch.tensor([2, 0]), T(2, 2)); x",
    ),
    *cases(
        "Tensor.scatter_ Tensor.index_add_",
        "torch.zeros(3).scatter_(0, torch.tensor([3]), 1)",
        "torch.zeros(3).scatter_(0, torch.tensor([0]), torch.ones(1, dtype=torch.float64))",
        "torch.zeros(3, 2).scatter_(0, torch.tensor([0]), 1)",
        "torch.zeros(3).scatter_(0, torch.tensor([0.0]), 1)",
        "torch.zeros(3).index_add_(0, torch.tensor([3]), torch.ones(1))",
        "torch.zeros(3).index_add_(0, torch.tensor([0]), torch.ones(2))",
        raises=True,
    ),
    *cases(
        "Tensor.narrow Tensor.unfold Tensor.flip",
        "T(5, 2).narrow(0, 1, 3)",
        "T(2, 5).narrow(dim=1, start=2, length=0)",
        "T(2, 5).narrow(-1, -2, 2)",
        "T(7).unfold(0, 3, 2)",
        "T(2, 6).unfold(1, 2, 2)",
        "T(4).unfold(dimension=0, size=2, step=1)",
        "T(2, 3).flip(0)",
        "T(2, 3).flip([0, 1])",
        "T(2, 3).flip(dims=(-1,))",
    ),
    *cases(
        "Tensor.narrow Tensor.unfold",
        "torch.ones(3).narrow(0, 2, 2)",
        "torch.ones(3).unfold(0, 4, 1)",
        "torch.ones(3).unfold(0, 2, 0)",
        raises=True,
    ),
]

AUTOGRAD = [
    *cases(
        "Tensor.backward Tensor.retain_grad Tensor.register_hook",
        "x = T(3); (x ** 2).sum().backward(); x.grad",
        "x = T(3); y = (x ** 2).sum(); y.backward(retain_graph=True); y.backward(); x.grad",
        "x = T(3); (x ** 2).backward(C(3)); x.grad",
        "x = T(3); (x ** 2).backward(gradient=C(3)); x.grad",
        "x = T(3); (x ** 3).sum().backward(create_graph=True); x.grad * 1",
        "x = T(3); w = T(3); (x * w).sum().backward(inputs=[x]); [x.grad, w.grad]",
        "x = T(3); y = x * 2; y.retain_grad(); y.sum().backward(); [y.grad, y.retains_grad]",
        "x = T(3); seen = []; h = x.register_hook(lambda g: seen.append(g.clone())); (x * 2).sum().backward(); seen",
        "x = T(3); h = x.register_hook(lambda g: g * 10); (x * 2).sum().backward(); x.grad",
        "x = T(3); h = x.register_hook(lambda g: g * 10); h.remove(); (x * 2).sum().backward(); x.grad",
        "x = T(3); y = x * x; y.register_hook(lambda g: g + 1); y.sum().backward(); x.grad",
        "x = T(1); x.backward(); x.grad",
        "x = T(3); x.backward(torch.ones_like(x)); x.grad",
        "x = T(2); a = x * 2; b = x * 3; torch.autograd.backward([a.sum(), b.sum()]); x.grad",
        "x = T(2); a = x * 2; torch.autograd.backward(a, grad_tensors=C(2)); x.grad",
    ),
    *cases(
        "Tensor.backward",
        "torch.ones(2, requires_grad=True).backward()",
        "torch.ones(1).backward()",
        "x = torch.ones(2, requires_grad=True); y = (x * x).sum(); y.backward(); y.backward()",
        "x = torch.ones(2, requires_grad=True); (x * x).backward(torch.ones(3))",
        "x = torch.ones(2, requires_grad=True); y = x.exp(); y += 1; y.sum().backward()",
        "x = torch.ones(2, requires_grad=True); x += 1; x",
        raises=True,
    ),
    *cases(
        "torch.autograd.grad",
        "x = T(3); torch.autograd.grad((x ** 2).sum(), x)",
        "x, w = T(3), T(3); torch.autograd.grad((x * w).sum(), [x, w])",
        "x = T(3); torch.autograd.grad(outputs=x ** 2, inputs=x, grad_outputs=C(3), create_graph=True, retain_graph=True, only_inputs=True)[0]",
        "x = T(3); torch.autograd.grad(x ** 2, x, torch.ones_like(x), retain_graph=False)",
        "x = T(3); g, = torch.autograd.grad((x ** 3).sum(), x, create_graph=True); torch.autograd.grad(g.sum(), x)",
        "x, w = T(3), T(3); torch.autograd.grad(x.sum(), [x, w], allow_unused=True)",
        "x, w = T(3), T(3); torch.autograd.grad(x.sum(), [x, w], materialize_grads=True)",
        """
        x = T(4, 3); w = T(3, 1)
        y = torch.tanh(x @ w)
        g = torch.autograd.grad(y, x, grad_outputs=torch.ones_like(y), create_graph=True, retain_graph=True, only_inputs=True)[0]
        ((g.norm(2, dim=1) - 1) ** 2).mean()
        """,
        "x = T(3); y = x * 2; torch.autograd.grad(y.sum(), y)",
        "x = T(2); torch.autograd.grad([x.sum(), (x * x).sum()], x)",
        "x = T(2); torch.autograd.grad((x * 2).sum(), (x,))",
        "x = T(2); torch.autograd.grad(x ** 2, x, torch.eye(2, dtype=float_dtype), is_grads_batched=True)",
        "x, w = T(2), T(2); torch.autograd.grad(x.sum(), [x, w], torch.ones(3, dtype=float_dtype), allow_unused=True, is_grads_batched=True)",
    ),
    *cases(
        "torch.autograd.grad",
        "x = torch.ones(2, requires_grad=True); w = torch.ones(2, requires_grad=True); torch.autograd.grad(x.sum(), w)",
        "x = torch.ones(2); torch.autograd.grad(x.sum(), x)",
        "x = torch.ones(2, requires_grad=True); torch.autograd.grad(x * 2, x)",
        raises=True,
    ),
    Case(
        (
            "torch.autograd.Function",
            "subclass of torch.autograd.Function",
            "ctx.save_for_backward",
            "ctx.saved_tensors",
            "ctx.needs_input_grad",
        ),
        """
        class Cube(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, power):
                ctx.save_for_backward(x)
                ctx.power = power
                return x ** power
            @staticmethod
            def backward(ctx, grad):
                x, = ctx.saved_tensors
                return ctx.power * x ** (ctx.power - 1) * grad if ctx.needs_input_grad[0] else None, None
        Cube.apply(T(3), 3)
        """,
    ),
    Case(
        ("torch.autograd.Function", "ctx.save_for_backward"),
        """
        class Two(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                ctx.save_for_backward(a, b)
                return a * b, (a > 0)
            @staticmethod
            def backward(ctx, g, _):
                a, b = ctx.saved_tensors
                return g * b, g * a
        Two.apply(T(3), T(3))
        """,
    ),
    Case(
        ("torch.autograd.Function",),
        """
        class StraightThrough(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return torch.sign(x)
            @staticmethod
            def backward(ctx, g):
                return g.clamp(-1, 1)
        x = T(4)
        StraightThrough.apply(x).sum().backward()
        x.grad
        """,
    ),
]

CASES = [*PROPERTIES, *CONVERSIONS, *CHANGES, *AUTOGRAD]
