"""Attributes and methods of modules, optimizers, schedulers; subclasses of the library's classes."""

from harness import Case

MODULES = [
    Case(
        "nn.Module._parameters nn.Module._buffers nn.Module.named_buffers nn.Module.named_children",
        """
        m = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        m.register_buffer("b", torch.ones(2), persistent=False)
        bn = m[1]
        [list(m._parameters), list(m[0]._parameters), list(bn._buffers), list(m._buffers),
         [(k, v.shape) for k, v in m.named_buffers()],
         [k for k, _ in m.named_buffers(prefix="p", recurse=False)],
         [(k, type(c).__name__) for k, c in m.named_children()], list(m._modules),
         [k for k, _ in nn.Linear(2, 2).named_buffers()], bn._buffers["running_mean"]]
        """,
    ),
    Case(
        "nn.Module._parameters",
        """
        m = fill(nn.Linear(2, 2))
        m._parameters["weight"].data.fill_(1)
        m._parameters["bias"] = None
        [m(T(3, 2)), m.bias is None, list(m.state_dict()), repr(m)]
        """,
    ),
    Case(
        "nn.Module.named_buffers",
        """
        class M(nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("a", torch.zeros(2))
                self.b = self.a
                self.register_buffer("c", self.a)
                self.register_buffer("none", None)
        [k for k, _ in M().named_buffers()], [k for k, _ in M().named_buffers(remove_duplicate=False)]
        """,
    ),
    Case(
        "nn.Module.bias_hh nn.Module.bias_ih nn.Module.weight_hh nn.Module.weight_ih nn.Module.hidden_size",
        """
        found = []
        for cell in (nn.RNNCell(3, 4), nn.LSTMCell(3, 4), nn.GRUCell(3, 4), nn.GRUCell(3, 4, bias=False)):
            found.append([cell.weight_ih.shape, cell.weight_hh.shape, cell.hidden_size, cell.input_size,
                          cell.bias, None if cell.bias_ih is None else cell.bias_ih.shape,
                          None if cell.bias_hh is None else cell.bias_hh.shape])
        rnn = nn.LSTM(3, 4, 2, bidirectional=True)
        [found, rnn.hidden_size, rnn.num_layers, rnn.bidirectional, rnn.batch_first, rnn.proj_size, rnn.mode]
        """,
    ),
    Case(
        "nn.Module.bias_hh",
        """
        cell = fill(nn.GRUCell(3, 4))
        with torch.no_grad():
            cell.bias_hh.zero_()
            cell.weight_ih.mul_(2)
        cell(T(2, 3), T(2, 4))
        """,
    ),
    Case(
        "nn.Module.embedding_dim nn.Module.eps nn.Module.momentum nn.Module.in_channels nn.Module.in_features nn.Module.stride",
        """
        e, b, l = nn.Embedding(5, 3, padding_idx=1), nn.BatchNorm2d(4, eps=1e-3, momentum=None), nn.LayerNorm(4)
        c, t, f, p = nn.Conv2d(2, 4, 3, stride=(1, 2)), nn.ConvTranspose1d(4, 2, 3), nn.Linear(2, 3), nn.MaxPool2d(2)
        [e.embedding_dim, e.num_embeddings, e.padding_idx, e.max_norm, e.norm_type, e.sparse,
         b.eps, b.momentum, b.num_features, b.affine, b.track_running_stats, l.eps, l.normalized_shape,
         nn.GroupNorm(2, 4).eps, nn.InstanceNorm1d(2).momentum, nn.RMSNorm(3).eps,
         c.in_channels, c.out_channels, c.stride, c.kernel_size, c.padding, c.dilation, c.groups, c.padding_mode,
         c.transposed, t.output_padding, t.transposed, f.in_features, f.out_features,
         p.stride, p.kernel_size, p.padding, p.ceil_mode, nn.AvgPool1d(3).stride, nn.Bilinear(2, 3, 4).in1_features]
        """,
    ),
    Case(
        "nn.Module.eps",
        "b = fill(nn.BatchNorm1d(3)); b.eps = 0.5; b.momentum = 1.0; [b(T(4, 3)), b.running_mean, repr(b)]",
    ),
    Case(
        "nn.Module.stride",
        "c = fill(nn.Conv1d(2, 3, 2)); c.stride = (2,); [c(T(1, 2, 7)), repr(c)]",
    ),
    Case(
        "nn.Module.double nn.Module.float nn.Module.half nn.Module.bfloat16",
        """
        m = nn.BatchNorm1d(2)
        kinds = []
        for convert in (m.double, m.half, m.bfloat16, m.float):
            kinds.append([convert() is m, m.weight.dtype, m.running_mean.dtype, m.num_batches_tracked.dtype])
        kinds
        """,
    ),
    Case("nn.Module.double", "m = fill(nn.Linear(2, 3)).double(); m(C(4, 2).double())"),
    Case(
        "nn.Module.insert nn.Module.append nn.Module.extend",
        """
        m = nn.ModuleList([nn.Linear(1, 2)])
        m.insert(0, nn.ReLU()); m.insert(1, nn.Tanh()); m.insert(3, nn.Flatten())
        s = nn.Sequential(nn.Linear(1, 2), nn.ReLU())
        s.insert(1, nn.Tanh()); s.insert(-1, nn.GELU())
        [[type(c).__name__ for c in m], list(m.state_dict()), [type(c).__name__ for c in s], list(s.state_dict()), repr(s)]
        """,
    ),
    *(
        Case("nn.Module.insert", code, raises=True)
        for code in (
            "nn.Sequential(nn.ReLU()).insert(5, nn.ReLU())",
            "nn.Sequential(nn.ReLU()).insert(0, 1)",
        )
    ),
    Case(
        "nn.Module.items nn.Module.keys nn.Module.values",
        """
        d = nn.ModuleDict({"a": nn.Linear(1, 2), "b": nn.ReLU()})
        p = nn.ParameterDict({"x": nn.Parameter(torch.ones(2)), "y": torch.zeros(1)})
        [[(k, type(v).__name__) for k, v in d.items()], list(d.keys()), [type(v).__name__ for v in d.values()],
         [(k, type(v).__name__) for k, v in p.items()], list(p.keys()), "a" in d, len(d), d.pop("a").weight.shape, list(d)]
        """,
    ),
    Case(
        "nn.Module.register_forward_pre_hook",
        """
        m = fill(nn.Linear(2, 2))
        seen = []
        a = m.register_forward_pre_hook(lambda mod, args: seen.append(("a", len(args))))
        b = m.register_forward_pre_hook(lambda mod, args: args[0] * 2)
        c = m.register_forward_pre_hook(lambda mod, args: (args[0] + 1,), prepend=True)
        d = m.register_forward_pre_hook(lambda mod, args, kwargs: (args, {**kwargs}), with_kwargs=True)
        x = T(3, 2)
        one = m(x)
        b.remove(); d.remove()
        two = m(x)
        a.remove(); c.remove(); a.remove()
        [one, two, m(x), seen]
        """,
    ),
    Case(
        "nn.Module.register_forward_pre_hook",
        """
        m = nn.Linear(2, 2)
        m.register_forward_pre_hook(lambda mod, args, kwargs: 3, with_kwargs=True)
        m(T(3, 2))
        """,
        raises=True,
    ),
    Case(
        "torch.nn.ConstantPad2d",
        """
        x = T(1, 2, 3, 4)
        [nn.ConstantPad2d(1, 2.5)(x), nn.ConstantPad2d((1, 0, 2, -1), value=-1)(x), nn.ConstantPad2d(0, 1)(T(2, 3, 4)),
         nn.ConstantPad1d((1, 2), 3)(T(2, 3)), nn.ConstantPad3d(1, 0.5)(T(1, 1, 2, 2, 2)).shape,
         repr(nn.ConstantPad2d((1, 2, 3, 4), 1.5)), nn.ConstantPad2d(1, 2.5).padding, nn.ConstantPad2d(1, 2.5).value]
        """,
    ),
    *(
        Case("torch.nn.ConstantPad2d", code, raises=True)
        for code in ("nn.ConstantPad2d(1)", "nn.ConstantPad2d(-4, 0.0)(T(1, 2, 2))")
    ),
    Case(
        "torch.nn.functional torch.distributions torch.backends",
        "import types; [isinstance(m, types.ModuleType) for m in (nn.functional, torch.distributions, torch.backends, torch.utils.data)]",
    ),
    Case(
        "torch.nn.init._calculate_fan_in_and_fan_out torch.nn.init._calculate_correct_fan",
        """
        f = nn.init._calculate_fan_in_and_fan_out
        [f(T(3, 4)), f(T(2, 3, 4)), f(T(5, 2, 3, 3)), nn.init._calculate_correct_fan(T(2, 3), "fan_in"),
         nn.init._calculate_correct_fan(T(2, 3), "FAN_OUT")]
        """,
    ),
    *(
        Case("torch.nn.init._calculate_fan_in_and_fan_out", code, raises=True)
        for code in (
            "nn.init._calculate_fan_in_and_fan_out(T(3))",
            "nn.init._calculate_correct_fan(T(2, 2), 'fan')",
        )
    ),
    Case(
        "torch.nn.init.constant torch.nn.init.normal torch.nn.init.xavier_uniform torch.nn.init.uniform",
        """
        i = nn.init
        w = torch.empty(30, 40)
        [i.constant(torch.empty(2), 3), i.normal(w).std() > 0.5, i.xavier_uniform(w).abs().max() <= (6 / 70) ** 0.5,
         i.uniform(w, 2, 3).min() >= 2, i.xavier_normal(w).shape, i.kaiming_uniform(w).shape, i.kaiming_normal(w).shape,
         i.orthogonal(torch.empty(2, 2)).shape, i.eye(torch.empty(2, 3)), i.dirac(torch.empty(2, 2, 3)), i.sparse(torch.empty(4, 2), 0.5).shape]
        """,
        order=0,
    ),
]

OPTIMIZERS = [
    Case(
        "optim.Optimizer.add_param_group optim.Optimizer.defaults",
        """
        a, b, c = (nn.Parameter(torch.ones(2, dtype=float_dtype)) for _ in range(3))
        o = optim.SGD([a], lr=0.1, momentum=0.5)
        o.add_param_group({"params": b, "lr": 0.5})
        o.add_param_group({"params": [("named", c)][0][1]})
        for _ in range(2):
            o.zero_grad()
            (a * a + b * b + c * c).sum().backward()
            o.step()
        groups = [{k: v for k, v in g.items() if k not in ("params", "fused", "foreach")} for g in o.param_groups]
        [a, b, c, groups, {k: v for k, v in o.defaults.items() if k not in ("fused", "foreach")}, [len(g["params"]) for g in o.param_groups]]
        """,
    ),
    Case(
        "optim.Optimizer.defaults",
        """
        p = [nn.Parameter(torch.ones(2))]
        [dict(o(p).defaults) for o in (optim.Adam, optim.AdamW, optim.SGD, optim.RMSprop, optim.Adagrad, optim.Adadelta,
         optim.Adamax, optim.NAdam, optim.RAdam, optim.ASGD, optim.Rprop)]
        """,
    ),
    *(
        Case(
            "optim.Optimizer.add_param_group",
            "a = nn.Parameter(torch.ones(2)); o = optim.SGD([a], lr=0.1)\n" + code,
            raises=True,
        )
        for code in (
            "o.add_param_group({'params': a})",
            "o.add_param_group([nn.Parameter(torch.ones(1))])",
            "o.add_param_group({'params': {nn.Parameter(torch.ones(1))}})",
            "o.add_param_group({'params': [3]})",
            "o.add_param_group({'params': torch.ones(2, requires_grad=True) * 2})",
        )
    ),
    Case(
        "lr_scheduler.get_last_lr lr_scheduler.state_dict lr_scheduler.load_state_dict torch.optim.lr_scheduler.__name__",
        """
        def make():
            o = optim.SGD([nn.Parameter(torch.ones(1))], lr=0.4)
            return o, optim.lr_scheduler.StepLR(o, 2, gamma=0.5)
        o, s = make()
        seen = [s.get_last_lr()]
        for _ in range(3):
            o.step(); s.step(); seen.append(s.get_last_lr())
        state = s.state_dict()
        o2, s2 = make()
        s2.load_state_dict(state)
        o2.step(); s2.step()
        [seen, sorted(state), s2.get_last_lr(), s2.last_epoch, optim.lr_scheduler.__name__.split(".")[1:],
         optim.lr_scheduler.StepLR.__name__]
        """,
    ),
]

SUBCLASSES = [
    Case(
        ("subclass of torch.distributions.Bernoulli", "Distribution.probs"),
        """
        class B(torch.distributions.Bernoulli):
            def mode_of(self): return (self.probs > 0.5).to(self.probs.dtype)
        b = B(probs=U(3)); c = B(logits=T(2))
        [b.mode_of(), b.probs, b.logits, c.probs, c.log_prob(torch.ones(2, dtype=float_dtype)), c.entropy(), b.expand((2, 3)).probs]
        """,
    ),
    Case(
        ("subclass of torch.distributions.Categorical", "Distribution.probs"),
        """
        class C2(torch.distributions.Categorical):
            def log_probs(self, a): return super().log_prob(a.squeeze(-1)).view(a.size(0), -1).sum(-1).unsqueeze(-1)
            def mode_of(self): return self.probs.argmax(dim=-1, keepdim=True)
        d = C2(logits=T(4, 3))
        [d.log_probs(I(4, 1, high=3)), d.mode_of(), d.probs, d.entropy()]
        """,
    ),
    Case(
        ("subclass of torch.distributions.Normal",),
        """
        class N(torch.distributions.Normal):
            def log_probs(self, a): return super().log_prob(a).sum(-1, keepdim=True)
            def entropy(self): return super().entropy().sum(-1)
            def mode_of(self): return self.mean
        d = N(T(2, 3), U(2, 3))
        [d.log_probs(T(2, 3)), d.entropy(), d.mode_of(), d.expand((4, 2, 3)).mean.shape, type(d.expand((1, 2, 3))).__name__]
        """,
    ),
    Case(
        (
            "subclass of torch.distributions.Transform",
            "subclass of torch.distributions.TransformedDistribution",
        ),
        """
        D = torch.distributions
        class Cube(D.Transform):
            domain = codomain = D.constraints.real
            bijective = True
            sign = 1
            def __eq__(self, other): return isinstance(other, Cube)
            def _call(self, x): return x ** 3
            def _inverse(self, y): return y.sign() * y.abs() ** (1 / 3)
            def log_abs_det_jacobian(self, x, y): return (3 * x * x).log()
        class Cubed(D.TransformedDistribution):
            def __init__(self, loc, scale):
                super().__init__(D.Normal(loc, scale), [Cube()])
            @property
            def mean(self): return self.base_dist.loc
        d = Cubed(T(2), U(2))
        y = U(2)
        [d.log_prob(y), d.mean, d.cdf(y), d.icdf(y), d.transforms[0].inv(y), Cube()(T(2)), Cube() == Cube(), d.batch_shape]
        """,
    ),
    Case(
        ("subclass of torch.nn.CrossEntropyLoss",),
        """
        class L(nn.CrossEntropyLoss):
            def forward(self, x, y): return super().forward(x, y) * 2 + x.mean()
        m = L(label_smoothing=0.1, reduction="sum")
        [m(T(3, 4), I(3, high=4)), repr(m), m.label_smoothing]
        """,
    ),
    Case(
        ("subclass of torch.nn.Embedding",),
        """
        class E(nn.Embedding):
            def __init__(self, n, d):
                super().__init__(n, d, padding_idx=0)
                with torch.no_grad():
                    self.weight[1].fill_(2)
            def forward(self, x): return super().forward(x) + self.embedding_dim
        m = fill(E(5, 3))
        [m(I(2, 4)), list(m.state_dict())]
        """,
    ),
    Case(
        ("subclass of torch.nn.MaxPool2d",),
        """
        class P(nn.MaxPool2d):
            def forward(self, x):
                return super().forward(F.pad(x, (0, 1, 0, 1)))
        m = P(kernel_size=2, stride=1)
        [m(T(1, 2, 3, 3)), repr(m)]
        """,
    ),
    Case(
        ("subclass of torch.nn.ModuleDict",),
        """
        class Layers(nn.ModuleDict):
            def forward(self, x):
                return {k: m(x) for k, m in self.items()}
        class Picked(Layers):
            def __init__(self):
                super().__init__()
                self.add_module("a", nn.Linear(2, 1))
                self["b"] = nn.Tanh()
        m = fill(Picked())
        m(T(3, 2))
        """,
    ),
    Case(
        ("subclass of torch.nn.Transformer",),
        """
        class M(nn.Transformer):
            def __init__(self):
                super().__init__(d_model=4, nhead=2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=5, dropout=0.0)
                self.head = nn.Linear(4, 3)
            def forward(self, s, t):
                return self.head(self.decoder(t, self.encoder(s)))
        m = fill(M())
        m(T(3, 2, 4), T(2, 2, 4))
        """,
        order=1,  # PyTorch's attention has no second derivative
    ),
    Case(
        ("subclass of torch.nn.Parameter",),
        """
        class P(nn.Parameter):
            pass
        p = P(torch.ones(2, dtype=float_dtype))
        m = nn.Module(); m.p = p
        [type(m.p).__name__, isinstance(p, nn.Parameter), list(m.state_dict()), p * 2]
        """,
    ),
]

CASES = [*MODULES, *OPTIMIZERS, *SUBCLASSES]
