"""The library around tensors: devices, threads, seeds, versions, printing, old modules."""

from harness import Case

CASES = [
    Case(
        "torch.accelerator.device_count torch.xpu.is_available",
        "[torch.accelerator.device_count(), torch.xpu.is_available(), torch.xpu.device_count()]",
    ),
    *(
        Case(name, code, raises=True)
        for name, code in (
            ("torch.accelerator.set_device_index", "torch.accelerator.set_device_index(0)"),
            ("torch.mps.synchronize", "torch.mps.synchronize()"),
        )
    ),
    Case(
        "torch.cuda.max_memory_allocated torch.cuda.reset_peak_memory_stats torch.cuda.OutOfMemoryError",
        """
        c = torch.cuda
        [c.max_memory_allocated(), issubclass(c.OutOfMemoryError, RuntimeError), c.OutOfMemoryError.__name__,
         callable(c.reset_peak_memory_stats)]
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
        for code in (
            "torch.randint_like(torch.ones(2), 0)",
            "torch.randint_like(torch.ones(2), 3, 1)",
            "torch.randint_like(torch.ones(2))",
        )
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
            "torch.autograd.backward(T(3) * 2, torch.ones(2, dtype=float_dtype))",
            "torch.autograd.backward(T(3).sum(), inputs=[])",
        )
    ),
    Case(
        "Tensor.grad_fn",
        "x = T(2); y = (x * 2).sum(); [x.grad_fn, y.grad_fn is None, y.detach().grad_fn, len(y.grad_fn.next_functions), y.grad_fn.next_functions[0][1]]",
        order=0,
    ),
    Case(
        "Tensor._grad",
        "x = T(2); none = x._grad; (x * x).sum().backward(); a = x._grad.clone(); x._grad = None; [none, a, x.grad]",
        order=0,
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
        (
            "torch.cuda.amp.grad_scaler.GradScaler",
            "subclass of torch.cuda.amp.grad_scaler.GradScaler",
        ),
        """
        import importlib
        scalers = importlib.import_module(torch.__name__ + ".cuda.amp.grad_scaler")
        class Scaler(scalers.GradScaler):
            def scale(self, outputs): return super().scale(outputs)
        s = Scaler(init_scale=4.0)
        p = nn.Parameter(torch.ones(2, dtype=float_dtype))
        o = optim.SGD([p], lr=0.1)
        s.scale((p * p).sum()).backward()
        s.step(o); s.update()
        [s.is_enabled(), s.get_scale(), p, s.state_dict(), scalers.GradScaler.__name__]
        """,
        order=0,
    ),
    Case(
        ("subclass of torch.utils.tensorboard.SummaryWriter",),
        """
        import os, tempfile
        from importlib import import_module
        Writer = import_module(torch.__name__ + ".utils.tensorboard").SummaryWriter
        class W(Writer):
            def add_both(self, tag, x):
                self.add_scalar(tag, x, 1)
                self.add_histogram(tag, x.reshape(1), 1)
        with tempfile.TemporaryDirectory() as folder:
            w = W(log_dir=folder)
            w.add_both("a", torch.tensor(1.5))
            w.close()
            found = len(os.listdir(folder)), isinstance(w, Writer)
        found
        """,
    ),
    Case(
        "torch.multiprocessing.Pipe torch.multiprocessing.set_start_method",
        """
        m = torch.multiprocessing
        a, b = m.Pipe()
        a.send([1, "x"])
        got = b.recv(), b.poll()
        one, two = m.Pipe(duplex=False)
        before = m.get_start_method()
        m.set_start_method("spawn", force=True)
        after = m.get_start_method()
        m.set_start_method(before, force=True)
        [got, one.readable, one.writable, after, m.get_start_method() == before]
        """,
    ),
    Case(
        "torch.multiprocessing.set_start_method",
        "torch.multiprocessing.set_start_method('no', force=True)",
        raises=True,
    ),
]
