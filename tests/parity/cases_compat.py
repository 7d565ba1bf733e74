"""Devices, old tensor types, switches, autocast and scaling of gradients."""

from harness import Case

TENSOR_TYPES = (
    "Float",
    "Double",
    "Half",
    "BFloat16",
    "Long",
    "Int",
    "Short",
    "Char",
    "Byte",
    "Bool",
)

CASES = [
    # ---- devices that are not there
    Case("torch.cuda.is_available", "[torch.cuda.is_available(), torch.cuda.device_count()]"),
    Case(
        "torch.cuda.manual_seed torch.cuda.manual_seed_all torch.cuda.seed torch.cuda.empty_cache",
        """
        c = torch.cuda
        [c.manual_seed(1), c.manual_seed_all(2), c.seed(), c.seed_all(), c.empty_cache(),
         c.is_initialized(), c.is_bf16_supported(), c.get_arch_list(), c.memory_allocated(),
         c.max_memory_allocated(), c.memory_reserved(), c.max_memory_reserved(),
         c.get_rng_state_all(), dict(c.memory_stats()),
         issubclass(c.OutOfMemoryError, RuntimeError), c.OutOfMemoryError is torch.OutOfMemoryError]
        """,
    ),
    Case("torch.cuda.manual_seed", "torch.cuda.manual_seed('a')", raises=True),
    Case("torch.cuda.manual_seed_all", "torch.cuda.manual_seed_all(None)", raises=True),
    Case("torch.cuda.stream", "with torch.cuda.stream(None): x = T(2)\nx + 1"),
    Case("torch.cuda.device", "with torch.cuda.device(-1): x = T(2)\nx + 1"),
    Case("torch.cuda.Stream", "torch.cuda.Stream()", raises=True),
    Case(
        "torch.backends.cudnn",
        """
        b = torch.backends.cudnn
        before = b.deterministic, b.benchmark, b.enabled, b.allow_tf32, b.is_available()
        b.deterministic = b.benchmark = True
        after = b.deterministic, b.benchmark
        b.deterministic = b.benchmark = False
        with b.flags(enabled=False, benchmark=True):
            inside = b.enabled, b.benchmark
        [before, after, inside, b.enabled, b.benchmark, b.version()]
        """,
    ),
    Case(
        "torch.backends.cuda torch.backends.mps torch.backends.opt_einsum",
        """
        b = torch.backends
        before = b.cuda.matmul.allow_tf32
        b.cuda.matmul.allow_tf32 = True
        after = b.cuda.matmul.allow_tf32
        b.cuda.matmul.allow_tf32 = False
        with b.mkldnn.flags(enabled=False):
            inside = b.mkldnn.enabled
        [before, after, b.cuda.is_built(), b.mps.is_available(), b.mps.is_built(), inside,
         b.mkldnn.enabled, isinstance(b.openmp.is_available(), bool), b.cuda.flash_sdp_enabled(),
         b.mha.get_fastpath_enabled()]
        """,
    ),
    Case(
        "torch.accelerator torch.mps torch.xpu",
        """
        a = torch.accelerator
        [a.is_available(), a.current_accelerator(), a.device_count(), torch.mps.is_available(),
         torch.mps.device_count(), torch.mps.manual_seed(1), torch.xpu.is_available(),
         torch.xpu.device_count(), torch.xpu.manual_seed(0), torch.xpu.empty_cache()]
        """,
    ),
    Case(
        "torch.accelerator.current_device_index",
        "torch.accelerator.current_device_index()",
        raises=True,
    ),
    Case(
        "torch.device Tensor.to Tensor.cpu",
        """
        x = T(2)
        d = torch.device("cpu")
        with d:
            y = torch.ones(2)
        [x.to("cpu") * 2, x.to(d), x.cpu() * 2, x.to(device="cpu", dtype=torch.float64).dtype,
         y, str(x.device), x.get_device(), torch.get_device(x), str(torch.get_default_device()),
         nn.Linear(2, 2).to("cpu").weight.shape, d == torch.device("cpu:0"), repr(d)]
        """,
    ),
    Case(
        "torch.set_default_device",
        "torch.set_default_device('cpu'), torch.set_default_device(None)",
    ),
    # ---- distribution and compilation
    Case(
        "nn.DataParallel",
        """
        m = fill(nn.DataParallel(nn.Linear(3, 2)))
        [m(T(4, 3)), list(m.state_dict()), m.module.weight]
        """,
    ),
    Case("torch.compile", "f = torch.compile(lambda x: x * 2, disable=True)\nf(T(2))"),
    Case("torch.compile", "torch.compile(lambda x: x, mode='default', options={})", raises=True),
    Case(
        "torch.jit.ignore torch.jit.unused torch.jit.export torch.jit.is_scripting",
        """
        @torch.jit.ignore
        def f(x): return x + 1
        @torch.jit.ignore(drop=True)
        def g(x): return x + 2
        @torch.jit.unused
        def h(x): return x * 3
        @torch.jit.export
        def k(x): return x * 4
        x = T(2)
        [f(x), g(x), h(x), k(x), torch.jit.is_scripting(), torch.jit.is_tracing(),
         torch.jit.annotate(int, 3), torch.jit.isinstance(3, int)]
        """,
    ),
    Case("torch.distributed.is_initialized", "torch.distributed.is_initialized()"),
    Case("torch.distributed.get_rank", "torch.distributed.get_rank()", raises=True),
    Case("torch.distributed.get_world_size", "torch.distributed.get_world_size()", raises=True),
    # ---- old tensor types
    *(
        Case(
            f"torch.{n}Tensor",
            f"""
            t = torch.{n}Tensor
            x = t([[1, 2], [3, 0]])
            [x, t(2, 3).shape, t(2, 0).dtype, t(torch.Size([2, 3])).shape, t((2, 3)), t(),
             isinstance(x, t), isinstance(torch.ones(2).to(torch.complex64), t), t(x), t.dtype,
             t.is_cuda, issubclass(t, torch.Tensor), x.type(t).dtype,
             x.type(), repr(t), torch.typename(x), x.type(x.type()).dtype, x.type("torch.FloatTensor").dtype, t(np.ones(2)), t.__name__,
             t(4).shape]
            """,
        )
        for n in [
            "Float",
            "Double",
            "Half",
            "BFloat16",
            "Long",
            "Int",
            "Short",
            "Char",
            "Byte",
            "Bool",
        ]
    ),
    Case("torch.LongTensor", "torch.LongTensor([1.5, 2])"),
    Case("torch.FloatTensor", "torch.FloatTensor(torch.ones(2, dtype=torch.int64))", raises=True),
    Case("torch.FloatTensor", "torch.FloatTensor(3.5)", raises=True),
    Case("torch.FloatTensor", "torch.FloatTensor(2, 3.5)", raises=True),
    Case("torch.FloatTensor", "torch.FloatTensor('a')", raises=True),
    Case("torch.FloatTensor", "torch.FloatTensor(-1)", raises=True),
    Case("torch.FloatTensor", "torch.FloatTensor([[1, 2], [3]])", raises=True),
    Case("torch.FloatTensor", "torch.FloatTensor([1], foo=2)", raises=True),
    Case("torch.cuda.FloatTensor", "isinstance(torch.ones(2), torch.cuda.FloatTensor)"),
    Case(
        "torch.Tensor",
        """
        i = torch.ones(2, dtype=torch.int64)
        [torch.Tensor([1, 2]), torch.Tensor([True, False]), torch.Tensor(),
         torch.Tensor(2, 3).shape, torch.Tensor((2, 3)),
         torch.Tensor(torch.Size([2])).shape, torch.Tensor(i),
         torch.Tensor(data=[1]), torch.Tensor(np.array([1.5, 2])), torch.Tensor([[1, 2], [3, 4]]),
         torch.Tensor(i[0], i[1]).shape, torch.Tensor(3).dtype, torch.Tensor([]),
         torch.Tensor(T(2)).requires_grad, torch.Tensor([i[0], 2.0])]
        """,
    ),
    *(
        Case("torch.Tensor", f"torch.Tensor({a})", raises=True)
        for a in ("3.5", "None", "'a'", "2, 3.0", "-1", "[[1, 2], [3]]", "[1], [2]")
    ),
    Case(
        "torch.Tensor torch.set_default_dtype",
        """
        torch.set_default_dtype(torch.float64)
        try:
            r = [torch.Tensor([1]).dtype, torch.Tensor(2).dtype, torch.FloatTensor(2).dtype]
        finally:
            torch.set_default_dtype(torch.float32)
        r
        """,
    ),
    Case(
        "torch.set_default_tensor_type",
        """
        torch.set_default_tensor_type("torch.DoubleTensor")
        a = torch.ones(1).dtype
        torch.set_default_tensor_type(torch.FloatTensor)
        [a, torch.ones(1).dtype]
        """,
    ),
    Case(
        "torch.set_default_tensor_type",
        "torch.set_default_tensor_type(torch.LongTensor)",
        raises=True,
    ),
    Case(
        "Tensor.new",
        """
        x = T(2, 3)
        [x.new([1, 2]), x.new(2, 0), x.new(), x.new(torch.Size([1, 2])).shape, x.new((1, 2)),
         x.new(4).shape, x.new([1, 2]).requires_grad, torch.ones(2, dtype=torch.int64).new([1, 2])]
        """,
    ),
    Case("Tensor.new", "torch.ones(2).new(torch.ones(2, dtype=torch.int64))", raises=True),
    Case(
        "Tensor.type nn.Module.type",
        """
        x = T(2)
        m = nn.Linear(2, 1).type(torch.DoubleTensor)
        [x.type(torch.float64).dtype, x.type(dtype=torch.int32).dtype,
         x.type("torch.HalfTensor").dtype, m.weight.dtype,
         m.type("torch.FloatTensor").weight.dtype, x.type(torch.DoubleTensor) * 2]
        """,
    ),
    Case("Tensor.type", "torch.ones(2).type('DoubleTensor')", raises=True),
    Case("Tensor.type", "torch.ones(2).type('torch.FooTensor')", raises=True),
    Case("Tensor.type", "torch.ones(2).type(3)", raises=True),
    Case("Tensor.type", "torch.ones(2).type('torch.cuda.FloatTensor')", raises=True),
    Case(
        "autograd.Variable",
        """
        V = torch.autograd.Variable
        x = C(3)
        v = V(x, requires_grad=True)
        (v * v).sum().backward()
        [isinstance(x, V), isinstance(3, V), v.grad, v.data_ptr() == x.data_ptr(), v.requires_grad,
         V(x).requires_grad]
        """,
    ),
    Case("autograd.Variable", "torch.autograd.Variable([1])", raises=True),
    Case(
        "torch.typename",
        "[torch.typename(3), torch.typename(torch.ones(2)).split('.')[1], "
        "torch.typename(nn.Linear(1, 1)).split('.')[-1], torch.typename(int)]",
    ),
    # ---- memory
    Case(
        "Tensor.resize_ Tensor.resize_as_",
        """
        x = torch.arange(6.0)
        y = torch.arange(6.0)
        v = torch.arange(4.0)
        r = v.resize_(6)
        [x.resize_(2, 3), y.resize_([2, 2]),
         r[:4], r is v, torch.arange(6).resize_as_(torch.ones(3, 2)),
         torch.arange(3).resize_(0).shape, torch.arange(3).resize_(()), y.resize_(6),
         torch.ones(2).resize_(2, 0).shape]
        """,
    ),
    Case("Tensor.resize_", "T(2).resize_(3)", raises=True),
    Case("Tensor.resize_", "torch.ones(2).resize_(-1)", raises=True),
    Case(
        "Tensor.set_",
        """
        x, y = torch.zeros(2), torch.arange(6.0)
        x.set_(y)
        x[0] = 7.0
        z = torch.zeros(1).set_(y.storage(), 1, (2, 2), (2, 1))
        w = torch.zeros(1).set_(y, 2, (3,))
        [x, y, z, w, torch.ones(3).set_().shape, torch.zeros(1).set_(y.storage()),
         torch.zeros(1).set_(y.untyped_storage()).shape]
        """,
    ),
    Case("Tensor.set_", "torch.ones(2).set_(torch.ones(2, dtype=torch.int64))", raises=True),
    Case(
        "Tensor.storage Tensor.untyped_storage torch.is_storage",
        """
        x = torch.arange(6.0)[2:4]
        s, u = x.storage(), x.untyped_storage()
        [s.tolist(), s.size(), len(s), s[1], s.nbytes(), s.dtype, u.nbytes(), u.size(), len(u),
         u.tolist()[:8], u[5], u.data_ptr() == x.data_ptr() - 8, s.data_ptr() == u.data_ptr(),
         torch.is_storage(s), torch.is_storage(u), torch.is_storage(x), list(s), repr(s)[:10],
         repr(u).count("\\n"), s.element_size(), u.element_size(), str(u.device)]
        """,
    ),
    Case(
        "Tensor.layout torch.strided",
        "[T(2).layout, T(2).layout is torch.strided, "
        "torch.zeros(2, layout=torch.strided), isinstance(torch.strided, torch.layout)]",
    ),
    Case("Tensor.is_pinned", "[T(2).is_pinned(), T(2).is_cuda, torch.ones(2).is_shared()]"),
    Case(
        "Tensor.share_memory_",
        "x = torch.arange(3.0).share_memory_()\n"
        "[x, x.is_shared(), x[1:].is_shared(), x.view(3, 1).is_shared()]",
    ),
    Case("nn.Module.share_memory", "m = nn.Linear(2, 1).share_memory()\nm.weight.is_shared()"),
    Case("nn.Module.to_empty", "m = nn.Linear(2, 1).to_empty(device='cpu')\nm.weight.shape"),
    # ---- switches
    Case(
        "torch.set_float32_matmul_precision torch.get_float32_matmul_precision",
        """
        a = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("high")
        b = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("foo")
        c = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        [a, b, c]
        """,
    ),
    Case(
        "torch.set_deterministic_debug_mode torch.are_deterministic_algorithms_enabled",
        """
        seen = []
        def look():
            seen.append((torch.get_deterministic_debug_mode(),
                         torch.are_deterministic_algorithms_enabled(),
                         torch.is_deterministic_algorithms_warn_only_enabled()))
        for mode in ("warn", "error", 1, 0, 2, "default"):
            torch.set_deterministic_debug_mode(mode)
            look()
        torch.use_deterministic_algorithms(True)
        look()
        torch.use_deterministic_algorithms(True, warn_only=True)
        look()
        torch.use_deterministic_algorithms(False)
        look()
        seen
        """,
    ),
    Case(
        "torch.set_deterministic_debug_mode",
        "torch.set_deterministic_debug_mode('foo')",
        raises=True,
    ),
    Case(
        "torch.set_deterministic_debug_mode", "torch.set_deterministic_debug_mode(5)", raises=True
    ),
    Case(
        "torch.set_deterministic_debug_mode", "torch.set_deterministic_debug_mode(1.5)", raises=True
    ),
    Case("torch.set_num_interop_threads", "torch.set_num_interop_threads(0)", raises=True),
    Case(
        "torch.random.fork_rng",
        """
         torch.manual_seed(3)
         a = torch.rand(2)
         torch.manual_seed(3)
         with torch.random.fork_rng():
             torch.rand(5)
         with torch.random.fork_rng(devices=[], enabled=False):
             pass
         bool((torch.rand(2) == a).all()), torch.random.initial_seed()
         """,
    ),
    Case("torch._assert", "torch._assert(True, 'a')"),
    Case("torch._assert", "torch._assert(False, 'a')", raises=True),
    Case(
        "torch._utils._flatten_dense_tensors torch._utils._unflatten_dense_tensors",
        """
        import importlib
        u = importlib.import_module(torch.__name__ + "._utils")
        ts = [T(2, 3), T(4), T()]
        flat = u._flatten_dense_tensors(ts)
        [flat, u._unflatten_dense_tensors(flat * 2, ts),
         [len(g) for g in u._take_tensors([torch.ones(4), torch.ones(4), torch.ones(9)], 40)]]
        """,
    ),
    Case("torch.version", "[torch.version.cuda, torch.version.hip, torch.version.debug]"),
    Case(
        "torch.profiler.record_function",
        "with torch.profiler.record_function('a'): x = T(2) * 2\nx",
    ),
    Case(
        "torch.autograd.profiler.record_function",
        "f = torch.autograd.profiler.record_function('a')(lambda x: x * 2)\nf(T(2))",
    ),
    Case(
        "torch.profiler.schedule",
        """
         s = torch.profiler.schedule
         [[s(wait=1, warmup=1, active=2, repeat=r, skip_first=k, skip_first_wait=f)(i).name
           for i in range(14)] for r in (0, 1, 2) for k in (0, 3) for f in (0, 1)]
         """,
    ),
    # ---- modules
    Case(
        "nn.Module.register_backward_hook",
        """
        m = fill(nn.Linear(3, 2))
        seen = []
        def hook(module, gi, go):
            seen.append((module is m, len(go), go[0]))
        h = m.register_backward_hook(hook)
        m(T(4, 3)).sum().backward()
        h.remove()
        m(T(4, 3)).sum().backward()
        [(a, b) for a, b, _ in seen] + [g for *_, g in seen]
        """,
        order=0,
    ),
    Case(
        "nn.Module.register_backward_hook",
        "m = nn.Linear(1, 1)\nm.register_backward_hook(lambda *a: None)\n"
        "m.register_full_backward_hook(lambda *a: None)",
        raises=True,
    ),
    Case(
        "nn.Module.register_full_backward_hook",
        "m = nn.Linear(1, 1)\nm.register_full_backward_hook(lambda *a: None)\n"
        "m.register_backward_hook(lambda *a: None)",
        raises=True,
    ),
    Case(
        "nn.ModuleList.append nn.ModuleList.extend nn.ModuleList.insert",
        """
         m = nn.ModuleList([nn.ReLU()]).append(nn.Tanh()).extend([nn.Sigmoid(), nn.ELU()])
         m.insert(1, nn.Linear(1, 1))
         repr(m), len(m)
         """,
    ),
    Case(
        "nn.Sequential.append nn.Sequential.extend nn.Sequential.insert",
        """
         m = nn.Sequential(nn.ReLU()).append(nn.Tanh()).extend([nn.Sigmoid()])
         m.insert(0, nn.ELU())
         m.insert(-1, nn.Identity())
         repr(m)
         """,
    ),
    # ---- autocast: what is computed in which dtype. bfloat16 has too few digits to differentiate
    # twice within a tolerance.
    Case(
        "torch.autocast",
        """
        x, w = T(3, 4).float(), T(5, 4).float()
        img, k = T(1, 2, 6, 6).float(), T(3, 2, 2, 2).float()
        t = torch.tensor([0, 1, 2])
        y = U(3, 4).float()
        with torch.autocast("cpu"):
            b = F.linear(x, w)
            r = [b, x @ w.t(), torch.mm(x, w.t()), x.matmul(x[0]), torch.bmm(x[None], w.t()[None]),
                 torch.addmm(torch.zeros(3, 5), x, w.t()), torch.einsum("ij,kj->ik", x, w),
                 torch.baddbmm(torch.zeros(1, 3, 5), x[None], w.t()[None]), F.conv2d(img, k),
                 F.conv1d(img[:, :, 0], k[:, :, 0]), torch.conv_transpose2d(img, k.transpose(0, 1)),
                 x.softmax(1), F.layer_norm(x, (4,)), x.sum(), x * x, b.relu(), b.softmax(1),
                 b.sum(), b + 1.0, F.cross_entropy(b, t), F.mse_loss(b, b * 2), F.l1_loss(b, b + 1),
                 F.smooth_l1_loss(b, b + 1), F.binary_cross_entropy_with_logits(b, b.sigmoid()),
                 F.binary_cross_entropy(y, y), F.nll_loss(b.log_softmax(1), t), b.prod(),
                 F.kl_div(b.log_softmax(1), b.softmax(1)), F.huber_loss(b, b),
                 torch.dot(x[0], x[0]), torch.mv(x, x[0]), F.dropout(b, 0.0),
                 torch.cat([b, w.t()[:3]]), b.float().quantile(0.5),
                 F.linear(x.half(), w), torch.mm(x.double(), w.double().t())]
        [v.dtype for v in r]
        """,
        order=0,
    ),
    *(
        Case(
            "torch.autocast torch.nn.LSTM torch.nn.GRU torch.nn.RNN torch.nn.LSTMCell torch.nn.GRUCell "
            "torch.nn.RNNCell",
            f"""
            m = fill(nn.{layer}).float()
            x, low = C({shape}).float(), torch.bfloat16
            states = {states}
            r = []
            for dtype in (torch.float32, low):
                for h in (None, torch.zeros({hidden}), torch.zeros({hidden}).to(low)):
                    with torch.autocast("cpu", dtype=low):
                        y = m(x.to(dtype), h if h is None else states(h))
                    flat, todo = [], [y]
                    while todo:
                        v = todo.pop()
                        if isinstance(v, tuple):
                            todo.extend(v)
                        else:
                            flat.append(v)
                    flat[-1].sum().backward()
                    r.append([(v.dtype, v.float()) for v in flat])
                    r.append(next(m.parameters()).grad.dtype)
            r
            """,
            order=0,
            only="float32",
            low="bfloat16",
        )
        for layer, shape, hidden, states in [
            ("LSTM(3, 4)", "5, 2, 3", "1, 2, 4", "lambda h: (h, h)"),
            ("LSTM(3, 4, 2, bidirectional=True)", "5, 2, 3", "4, 2, 4", "lambda h: (h, h)"),
            ("LSTM(3, 4, proj_size=2)", "5, 2, 3", "1, 2, 4", "lambda h: (h[..., :2], h)"),
            ("GRU(3, 4, 2, bias=False)", "5, 2, 3", "2, 2, 4", "lambda h: h"),
            ("RNN(3, 4, batch_first=True)", "2, 5, 3", "1, 2, 4", "lambda h: h"),
            ("RNN(3, 4, nonlinearity='relu')", "5, 3", "1, 4", "lambda h: h"),
            ("LSTMCell(3, 4)", "2, 3", "2, 4", "lambda h: (h, h)"),
            ("GRUCell(3, 4)", "2, 3", "2, 4", "lambda h: h"),
            ("RNNCell(3, 4)", "3", "4", "lambda h: h"),
        ]
    ),
    Case(
        "torch.autocast torch.is_autocast_enabled torch.get_autocast_dtype",
        """
        seen = []
        x = C(2, 2).float()
        def look():
            seen.append((torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"),
                         (x @ x).dtype))
        look()
        with torch.autocast("cpu", dtype=torch.float16):
            look()
            with torch.autocast(device_type="cpu", enabled=False):
                look()
            with torch.amp.autocast("cpu", torch.bfloat16):
                look()
            look()
        with torch.autocast("cpu", dtype=torch.float32):
            look()
        with torch.autocast("cuda"):
            look()
        @torch.autocast("cpu")
        def f(x):
            return x @ x
        try:
            with torch.autocast("cpu"):
                raise KeyError
        except KeyError:
            look()
        seen + [f(x).dtype, torch.is_autocast_enabled(), torch.get_autocast_dtype("cuda"),
                torch.amp.is_autocast_available("cpu")]
        """,
    ),
    Case("torch.autocast", "torch.autocast('foo')", raises=True),
    Case(
        "torch.autocast",
        """
        x = torch.tensor([[1.0, 2.0, 0.5]], requires_grad=True)
        w = torch.ones(2, 3, requires_grad=True)
        with torch.autocast("cpu"):
            y = F.linear(x, w)
            loss = F.mse_loss(y, torch.zeros(1, 2))
        loss.backward()
        [y, loss, x.grad, w.grad]
        """,
        order=0,
    ),
    Case(
        "torch.amp.custom_fwd torch.amp.custom_bwd",
        """
        class F1(torch.autograd.Function):
            @staticmethod
            @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
            def forward(ctx, a, b):
                ctx.save_for_backward(a, b)
                return a @ b
            @staticmethod
            @torch.amp.custom_bwd(device_type="cpu")
            def backward(ctx, g):
                a, b = ctx.saved_tensors
                return g @ b.t(), a.t() @ g
        x = torch.eye(2, requires_grad=True)
        with torch.autocast("cpu"):
            y = F1.apply(x, x.bfloat16())
        y.sum().backward()
        [y.dtype, x.grad]
        """,
        order=0,
    ),
    # ---- scaling gradients
    Case(
        "torch.amp.GradScaler torch.GradScaler",
        """
        p = nn.Parameter(torch.tensor([1.0, 2.0]))
        o = optim.SGD([p], lr=0.1)
        s = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2)
        seen = [s.get_scale(), s.is_enabled(), s.state_dict()]
        for bad in (1.0, 1.0, float("inf"), float("nan"), 1.0, 1.0):
            o.zero_grad()
            loss = (p * p * bad).sum()
            scaled = s.scale(loss)
            scaled.backward()
            if bad == 1.0:
                s.unscale_(o)
                seen.append(p.grad.tolist())
            seen += [s.step(o), p.tolist()]
            s.update()
            seen += [s.get_scale(), s.state_dict()]
        s.update(3.0)
        seen.append(s.get_scale())
        s.update(torch.tensor(7.0))
        seen.append(s.get_scale())
        s.load_state_dict(seen[2])
        seen += [s.get_scale(), s.get_growth_factor(), s.get_backoff_factor()]
        seen += [s.get_growth_interval()]
        t = torch.amp.GradScaler("cpu")
        t.load_state_dict(s.state_dict())
        seen += [t.get_scale(), t.scale([p.sum(), (p.sum(),)])[1][0].item(),
                 [x.item() for x in t.scale(x.sum() for x in (p, p * 2))]]
        t.set_growth_factor(3.0), t.set_backoff_factor(0.1), t.set_growth_interval(5)
        seen + [t.state_dict()]
        """,
        order=0,
    ),
    Case(
        "torch.amp.GradScaler torch.cuda.amp.GradScaler",
        """
        p = nn.Parameter(torch.ones(2))
        o = optim.SGD([p], lr=0.1)
        seen = []
        for s in (torch.amp.GradScaler("cuda"), torch.cuda.amp.GradScaler(),
                  torch.GradScaler("cpu", enabled=False), torch.amp.GradScaler()):
            s.scale(p.sum()).backward()
            seen += [s.unscale_(o), s.step(o), s.update(), s.get_scale(), s.state_dict(),
                     s.is_enabled(), s.scale(3), s.load_state_dict({}), p.tolist()]
        seen
        """,
        order=0,
    ),
    *(
        Case(
            "torch.amp.GradScaler",
            f"""
            p = nn.Parameter(torch.ones(2))
            o = optim.SGD([p], lr=0.1)
            s = torch.amp.GradScaler("cpu")
            {code}
            0
            """,
            raises=True,
        )
        for code in (
            "s.update()",
            "s.step(o)",
            "s.unscale_(o)",
            "s.scale(3)",
            "s.load_state_dict({})",
            "s.scale(p.sum()); s.step(o)",
            "s.scale(p.sum()); s.update()",
            "s.scale(p.sum()).backward(); s.unscale_(o); s.unscale_(o)",
            "s.scale(p.sum()).backward(); s.step(o); s.step(o)",
            "s.scale(p.sum()).backward(); s.step(o); s.unscale_(o)",
            "s.scale(p.sum()).backward(); s.step(o, closure=lambda: 1)",
            "s.scale(p.sum()); s.update(torch.ones(2))",
            "torch.amp.GradScaler('cpu', growth_factor=1.0)",
            "torch.amp.GradScaler('cpu', backoff_factor=1.0)",
            "p.data = p.data.half(); s.scale(p.sum()).backward(); s.unscale_(o)",
        )
    ),
]
