"""The library around tensors: devices, threads, seeds, versions, printing, old modules."""

from harness import Case

CASES = [
    Case(
        "torch.accelerator.device_count torch.xpu.is_available torch.cuda.current_device",
        "[torch.accelerator.device_count(), torch.xpu.is_available(), torch.xpu.device_count()]",
    ),
    *(
        Case(name, code, raises=True)
        for name, code in (
            ("torch.accelerator.set_device_index", "torch.accelerator.set_device_index(0)"),
            ("torch.cuda.current_device", "torch.cuda.current_device()"),
            ("torch.cuda.get_device_properties", "torch.cuda.get_device_properties(0)"),
            ("torch.cuda.get_device_properties", "torch.cuda.get_device_name()"),
            ("torch.cuda.memory_summary", "torch.cuda.memory_summary()"),
            ("torch.cuda.HalfTensor", "torch.cuda.HalfTensor(2)"),
            ("torch.mps.synchronize", "torch.mps.synchronize()"),
        )
    ),
    Case(
        "torch.cuda.max_memory_allocated torch.cuda.reset_peak_memory_stats torch.cuda.OutOfMemoryError",
        """
        c = torch.cuda
        try:
            c.reset_peak_memory_stats()
            reset = True
        except RuntimeError:
            reset = True
        [c.max_memory_allocated(), issubclass(c.OutOfMemoryError, RuntimeError), c.OutOfMemoryError.__name__, reset]
        """,
    ),
    Case(
        "torch.backends.cuda.matmul.allow_tf32 torch.backends.cudnn.allow_tf32",
        """
        b = torch.backends
        before = b.cuda.matmul.allow_tf32, b.cudnn.allow_tf32
        b.cuda.matmul.allow_tf32 = True
        b.cudnn.allow_tf32 = True
        after = b.cuda.matmul.allow_tf32, b.cudnn.allow_tf32
        b.cuda.matmul.allow_tf32, b.cudnn.allow_tf32 = before
        before, after
        """,
    ),
    Case(
        "torch.get_num_threads torch.set_num_threads",
        """
        n = torch.get_num_threads()
        torch.set_num_threads(2)
        two = torch.get_num_threads()
        torch.set_num_threads(n)
        [isinstance(n, int), two, torch.get_num_threads() == n]
        """,
    ),
    Case("torch.get_num_threads", "torch.set_num_threads(0)", raises=True),
    Case(
        "torch.random.manual_seed torch.random.get_rng_state torch.random.fork_rng",
        """
        g = torch.random.manual_seed(3)
        a = torch.rand(4)
        state = torch.random.get_rng_state()
        b = torch.rand(4)
        torch.random.set_rng_state(state)
        c = torch.rand(4)
        with torch.random.fork_rng():
            torch.rand(3)
        d = torch.rand(4)
        torch.random.manual_seed(3)
        e = torch.rand(4)
        [bool((a == e).all()), bool((b == c).all()), torch.random.initial_seed(), bool((d == c).all()),
         type(g).__name__, g.initial_seed()]
        """,
    ),
    Case("torch.random.manual_seed", "torch.random.manual_seed('a')", raises=True),
    Case(
        "torch.set_printoptions",
        """
        x = torch.tensor([[1.23456789, -2.0], [1e-5, 3e5]], dtype=torch.float64)
        texts = [repr(x)]
        for options in ({"precision": 2}, {"sci_mode": False}, {"sci_mode": True}, {"profile": "short"},
                        {"profile": "full"}, {"threshold": 2, "edgeitems": 1}, {"linewidth": 20}):
            torch.set_printoptions(profile="default", sci_mode=None)
            torch.set_printoptions(**options)
            texts.append(repr(x))
            texts.append(repr(torch.arange(12).reshape(3, 4)))
        torch.set_printoptions(profile="default", sci_mode=None)
        texts.append(repr(x))
        [t.replace("wengert.", "torch.") for t in texts]
        """,
    ),
    Case(
        "torch.randint_like torch.rand_like torch.randn_like",
        """
        x = C(50)
        a, b = torch.randint_like(x, 3), torch.randint_like(x, -2, 2)
        c = torch.randint_like(I(2, 3), low=1, high=5, dtype=torch.int32)
        d = torch.randint_like(I(2, 3), high=5)
        [a.dtype, a.shape, bool(((a >= 0) & (a < 3)).all()), bool(((b >= -2) & (b < 2)).all()), c.dtype,
         bool(((c >= 1) & (c < 5)).all()), d.dtype, torch.randint_like(torch.empty(0), 2).shape]
        """,
    ),
    *(
        Case("torch.randint_like", code, raises=True)
        for code in ("torch.randint_like(torch.ones(2), 0)", "torch.randint_like(torch.ones(2), 3, 1)", "torch.randint_like(torch.ones(2))")
    ),
    Case(
        "torch.version.__version__",
        "[isinstance(torch.version.__version__, str), torch.version.__version__ == str(torch.__version__), torch.version.cuda, torch.version.hip]",
    ),
    # ---- automatic differentiation
    Case(
        "torch.autograd.backward",
        """
        x, y = T(3), T(3)
        a, b = (x * y).sum(), x * x
        torch.autograd.backward([a, b], [None, torch.ones(3, dtype=float_dtype)])
        one = x.grad.clone(), y.grad.clone()
        torch.autograd.backward((x ** 3).sum(), inputs=[x])
        torch.autograd.backward(tensors=y * 2, grad_tensors=C(3), retain_graph=True)
        z = T(2)
        torch.autograd.backward((z ** 3).sum(), create_graph=True)
        g = z.grad
        [one, x.grad, y.grad, g.requires_grad, torch.autograd.grad(g.sum(), z)[0]]
        """,
        order=0,
    ),
    *(
        Case("torch.autograd.backward", code, raises=True)
        for code in (
            "torch.autograd.backward(T(3))",
            "torch.autograd.backward(torch.ones(()))",
            "torch.autograd.backward([T(2).sum()], [None, None])",
            "torch.autograd.backward(T(3) * 2, torch.ones(2, dtype=float_dtype))",
            "torch.autograd.backward(T(3).sum(), inputs=[])",
        )
    ),
    Case("Tensor.grad_fn", "x = T(2); y = (x * 2).sum(); [x.grad_fn, y.grad_fn is None, y.detach().grad_fn, len(y.grad_fn.next_functions), y.grad_fn.next_functions[0][1]]", order=0),
    Case(
        "Tensor._grad",
        "x = T(2); none = x._grad; (x * x).sum().backward(); a = x._grad.clone(); x._grad = None; [none, a, x.grad]",
        order=0,
    ),
    Case(
        "torch.autograd.profiler.profile",
        """
        with torch.autograd.profiler.profile() as p:
            y = T(2) * 2
        [y, isinstance(p.key_averages().table(), str), isinstance(str(p), str)]
        """,
    ),
    # ---- old names
    Case(
        "torch.jit.Final torch.jit.ScriptModule",
        """
        class M(nn.Module):
            n: torch.jit.Final[int]
            def __init__(self):
                super().__init__()
                self.n = 3
            def forward(self, x): return x * self.n
        [M()(T(2)), isinstance(torch.jit.ScriptModule, type), issubclass(torch.jit.ScriptModule, nn.Module)]
        """,
    ),
    Case(
        ("torch.jit._overload_method",),
        """
        class M(nn.Module):
            @torch.jit._overload_method
            def forward(self, x, y=None):  # noqa: F811
                pass
            def forward(self, x, y=None): return x * 2 if y is None else x * y  # noqa: F811
        M()(T(2)), M()(T(2), T(2))
        """,
    ),
    Case(
        ("subclass of torch.jit.ScriptModule", "torch.jit.script_method", "torch.jit.ScriptModule"),
        """
        class Cell(torch.jit.ScriptModule):
            def __init__(self):
                super().__init__()
                self.weight = nn.Parameter(torch.ones(2, 2, dtype=float_dtype))
            @torch.jit.script_method
            def forward(self, x):
                return torch.mm(x, self.weight)
        m = Cell()
        [m(T(3, 2)), list(m.state_dict())]
        """,
    ),
]
