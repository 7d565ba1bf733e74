"""Whole programs in small: models of many kinds trained from equal weights, with equal losses."""

from harness import Case

# Each is a training script without its data: what it returns is the loss of every step.
LOOP = """
losses = []
for step in range(20):
    optimizer.zero_grad()
    loss = compute()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
losses
"""


def program(names: tuple[str, ...], code: str, **options) -> Case:
    return Case(names, code + LOOP, order=0, **options)


MODULE = (
    "torch.nn.Module",
    "subclass of torch.nn.Module",
    "nn.Module.parameters",
    "optim.Optimizer.step",
    "optim.Optimizer.zero_grad",
    "nn.Module.forward",
)

TRAINING = [
    program(
        (
            *MODULE,
            "torch.nn.Linear",
            "torch.nn.functional.relu",
            "torch.optim.SGD",
            "torch.nn.MSELoss",
        ),
        """
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(4, width)
        self.second = nn.Linear(width, 2)

    def forward(self, x):
        return self.second(F.relu(self.first(x)))

model = fill(Net(8))
x, y = C(16, 4), C(16, 2)
criterion = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
compute = lambda: criterion(model(x), y)
""",
    ),
    program(
        (
            *MODULE,
            "torch.nn.Sequential",
            "torch.nn.Conv2d",
            "torch.nn.BatchNorm2d",
            "torch.nn.MaxPool2d",
            "torch.nn.CrossEntropyLoss",
            "torch.optim.Adam",
        ),
        """
model = fill(nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2),
    nn.Conv2d(4, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
    nn.Flatten(), nn.Linear(8, 3),
))
x, y = C(8, 1, 8, 8), I(8, high=3)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = optim.Adam(model.parameters(), lr=1e-2, betas=(0.9, 0.99))
compute = lambda: criterion(model(x), y)
""",
    ),
    program(
        (
            *MODULE,
            "torch.nn.LSTM",
            "torch.nn.Embedding",
            "torch.nn.NLLLoss",
            "torch.optim.RMSprop",
            "torch.nn.utils.clip_grad_norm_",
        ),
        """
class Language(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.rnn = nn.LSTM(6, 8, num_layers=2, batch_first=True)
        self.out = nn.Linear(8, 11)

    def forward(self, tokens, state=None):
        h, state = self.rnn(self.embed(tokens), state)
        return F.log_softmax(self.out(h), dim=-1), state

model = fill(Language())
tokens = I(4, 7, high=11)
optimizer = optim.RMSprop(model.parameters(), lr=1e-2)

def compute():
    scores, _ = model(tokens[:, :-1])
    loss = F.nll_loss(scores.reshape(-1, 11), tokens[:, 1:].reshape(-1))
    (loss * 0).backward(retain_graph=True)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    return loss
""",
    ),
    program(
        (
            *MODULE,
            "torch.nn.GRU",
            "torch.nn.utils.rnn.pack_padded_sequence",
            "torch.nn.utils.rnn.pad_packed_sequence",
            "torch.nn.BCEWithLogitsLoss",
            "torch.optim.Adagrad",
        ),
        """
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 5, batch_first=True, bidirectional=True)
        self.out = nn.Linear(10, 1)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        h, _ = self.rnn(packed)
        h, n = nn.utils.rnn.pad_packed_sequence(h, batch_first=True)
        return self.out(h.sum(1) / n.unsqueeze(1)).squeeze(1)

model = fill(Classifier())
x, y, lengths = C(4, 6, 3), M(4).to(float_dtype), torch.tensor([3, 6, 1, 4])
criterion = nn.BCEWithLogitsLoss()
optimizer = optim.Adagrad(model.parameters(), lr=0.1)
compute = lambda: criterion(model(x, lengths), y)
""",
    ),
    program(
        (
            *MODULE,
            "torch.nn.TransformerEncoder",
            "torch.nn.LayerNorm",
            "torch.nn.GELU",
            "torch.optim.AdamW",
            "torch.nn.functional.cross_entropy",
        ),
        """
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(13, 8)
        self.position = nn.Parameter(torch.zeros(1, 6, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(8), enable_nested_tensor=False)
        self.head = nn.Linear(8, 13, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1]).to(self.position.dtype)
        return self.head(self.blocks(self.embed(tokens) + self.position, mask=mask, is_causal=True))

model = fill(Encoder())
tokens, targets = I(3, 6, high=13), I(3, 6, high=13)
decay = [p for p in model.parameters() if p.dim() > 1]
rest = [p for p in model.parameters() if p.dim() <= 1]
optimizer = optim.AdamW([{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}], lr=1e-2)
compute = lambda: F.cross_entropy(model(tokens).view(-1, 13), targets.reshape(-1), ignore_index=0)
""",
    ),
    program(
        (
            *MODULE,
            "torch.nn.ConvTranspose2d",
            "torch.nn.Sigmoid",
            "torch.nn.LeakyReLU",
            "torch.exp",
            "torch.nn.BCELoss",
        ),
        """
class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 4, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten())
        self.mean, self.log_variance = nn.Linear(64, 3), nn.Linear(64, 3)
        self.up = nn.Linear(3, 64)
        self.out = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Sigmoid())

    def forward(self, x, noise):
        h = self.down(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + noise * torch.exp(0.5 * log_variance)
        return self.out(self.up(z).view(-1, 4, 4, 4)), mean, log_variance

model = fill(AutoEncoder())
x, noise = C(5, 1, 8, 8), C(5, 3)
optimizer = optim.Adam(model.parameters(), lr=1e-3)

def compute():
    y, mean, log_variance = model(x, noise)
    divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    return F.binary_cross_entropy(y, x, reduction="sum") + divergence
""",
    ),
    program(
        (
            *MODULE,
            "torch.distributions.Categorical",
            "Distribution.log_prob",
            "Distribution.entropy",
            "torch.nn.Tanh",
        ),
        """
policy = fill(nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 3)))
value = fill(nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1)))
states, actions, returns = C(12, 4), I(12, high=3), C(12)
optimizer = optim.Adam([{"params": policy.parameters()}, {"params": value.parameters(), "lr": 1e-2}], lr=3e-3)

def compute():
    chosen = torch.distributions.Categorical(logits=policy(states))
    v = value(states).squeeze(-1)
    advantage = (returns - v).detach()
    actor = -(chosen.log_prob(actions) * advantage).mean() - 0.01 * chosen.entropy().mean()
    return actor + 0.5 * F.smooth_l1_loss(v, returns)
""",
    ),
    program(
        (
            *MODULE,
            "torch.gather",
            "torch.max",
            "torch.no_grad",
            "nn.Module.load_state_dict",
            "nn.Module.state_dict",
            "torch.nn.SmoothL1Loss",
        ),
        """
def network():
    return nn.Sequential(nn.Linear(4, 12), nn.ReLU(), nn.Linear(12, 2))

online, target = fill(network()), network().to(float_dtype)
target.load_state_dict(online.state_dict())
target.eval()
states, following, rewards, done = C(10, 4), C(10, 4), C(10), M(10)
actions = I(10, 1, high=2)
optimizer = optim.RMSprop(online.parameters(), lr=1e-2, alpha=0.95, eps=0.01)
count = [0]

def compute():
    q = online(states).gather(1, actions).squeeze(1)
    with torch.no_grad():
        best = target(following).max(1)[0]
        wanted = rewards + 0.9 * best * (~done).to(best.dtype)
    count[0] += 1
    if count[0] % 5 == 0:
        for p, s in zip(target.parameters(), online.parameters()):
            p.data.copy_(0.1 * s.data + 0.9 * p.data)
    return F.smooth_l1_loss(q, wanted)
""",
    ),
    program(
        (
            *MODULE,
            "torch.mm",
            "torch.nn.Parameter",
            "torch.nn.ParameterList",
            "torch.nn.functional.elu",
            "nn.Module.register_parameter",
        ),
        """
class Graph(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.randn(a, b)) for a, b in zip(sizes, sizes[1:])])
        self.bias = nn.Parameter(torch.zeros(sizes[-1]))
        self.register_parameter("unused", None)

    def forward(self, adjacency, x):
        for w in self.weights:
            x = F.elu(torch.mm(adjacency, torch.mm(x, w)))
        return F.log_softmax(x + self.bias, dim=1)

model = fill(Graph([5, 7, 3]))
a = M(6, 6).to(float_dtype) + torch.eye(6, dtype=float_dtype)
a = a / a.sum(1, keepdim=True)
x, y, known = C(6, 5), I(6, high=3), torch.tensor([0, 2, 3, 5])
optimizer = optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
compute = lambda: F.nll_loss(model(a, x)[known], y[known])
""",
    ),
    program(
        (
            *MODULE,
            "torch.nn.ModuleList",
            "torch.cat",
            "torch.nn.Upsample",
            "torch.nn.GroupNorm",
            "torch.nn.SiLU",
        ),
        """
class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, stride=2, padding=1)])
        self.norm = nn.GroupNorm(2, 4)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = F.silu(self.norm(self.down[0](x)))
        b = F.silu(self.down[1](a))
        return self.out(torch.cat([a, self.up(b)], dim=1))

model = fill(UNet())
x, noise = C(2, 1, 8, 8), C(2, 1, 8, 8)
optimizer = optim.AdamW(model.parameters(), lr=2e-3)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)

def compute():
    scheduler.step()
    return F.mse_loss(model(x + noise), noise)
""",
    ),
    program(
        (*MODULE, "torch.autograd.grad", "Tensor.norm", "torch.nn.InstanceNorm2d"),
        """
critic = fill(nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.InstanceNorm2d(4, affine=True), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(64, 1)))
real, made, share = C(3, 1, 8, 8), C(3, 1, 8, 8), C(3, 1, 1, 1)
optimizer = optim.Adam(critic.parameters(), lr=1e-3, betas=(0.0, 0.9))

def compute():
    between = (share * real + (1 - share) * made).requires_grad_(True)
    score = critic(between)
    g = torch.autograd.grad(outputs=score, inputs=between, grad_outputs=torch.ones_like(score), create_graph=True, retain_graph=True, only_inputs=True)[0]
    penalty = ((g.view(g.size(0), -1).norm(2, dim=1) - 1) ** 2).mean()
    return critic(made).mean() - critic(real).mean() + 10 * penalty
""",
    ),
]


def cases(names: tuple[str, ...], *codes: str, **options) -> list[Case]:
    return [Case(names, code, **options) for code in codes]


NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        self.out = nn.Linear(4, 2)
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("scratch", torch.ones(1), persistent=False)

    def forward(self, x):
        return self.out(self.layers(x - self.mean))

net = fill(Net())
"""

MODULES = [
    *cases(
        (
            "nn.Module.parameters",
            "nn.Module.named_parameters",
            "nn.Module.modules",
            "nn.Module.children",
            "nn.Module.named_modules",
            "nn.Module._modules",
            "nn.Module.register_buffer",
        ),
        NET
        + "[list(net.parameters()), sum(p.numel() for p in net.parameters() if p.requires_grad)]",
        NET + "[n for n, _ in net.named_parameters()]",
        NET + "[n for n, p in net.named_parameters(prefix='a', recurse=False)]",
        NET + "[type(m).__name__ for m in net.modules()]",
        NET + "[type(m).__name__ for m in net.children()]",
        NET + "[n for n, m in net.named_modules()]",
        NET
        + "[list(net._modules), list(net._modules.items())[1][0], [n for n, _ in net.named_buffers()]]",
        NET + "net.layers[0].weight.data.fill_(0.5); net(T(2, 3))",
    ),
    *cases(
        ("nn.Module.state_dict", "nn.Module.load_state_dict", "torch.save", "torch.load"),
        NET + "{k: v.clone() for k, v in net.state_dict().items()}",
        NET
        + "other = Net().to(float_dtype); r = other.load_state_dict(net.state_dict()); [str(r), other(C(2, 3)), list(r.missing_keys)]",
        NET
        + "s = net.state_dict(); del s['out.bias']; s['x'] = torch.ones(1); r = net.load_state_dict(s, strict=False); [r.missing_keys, r.unexpected_keys]",
        NET
        + "import io; f = io.BytesIO(); torch.save(net.state_dict(), f); f.seek(0); {k: v * 1 for k, v in torch.load(f, map_location='cpu', weights_only=True).items()}",
        NET
        + "import io; f = io.BytesIO(); torch.save({'epoch': 3, 'model': net.state_dict(), 'loss': [0.5, 0.25]}, f); f.seek(0); c = torch.load(f); net.load_state_dict(c['model']); [c['epoch'], c['loss'], net(C(1, 3))]",
        NET
        + "import io; f = io.BytesIO(); torch.save(net.out.weight, f); f.seek(0); torch.load(f)",
    ),
    *cases(
        ("nn.Module.load_state_dict",),
        NET + "s = net.state_dict(); del s['out.bias']; net.load_state_dict(s)",
        NET
        + "s = net.state_dict(); s['out.bias'] = torch.ones(7); net.load_state_dict(s, strict=False)",
        NET + "net.load_state_dict(3)",
        raises=True,
    ),
    *cases(
        (
            "nn.Module.eval",
            "nn.Module.train",
            "nn.Module.training",
            "nn.Module.to",
            "nn.Module.float",
            "nn.Module.half",
            "nn.Module.cpu",
            "nn.Module.zero_grad",
            "nn.Module.apply",
            "nn.Module.add_module",
        ),
        NET
        + "[net.training, net.eval().training, net.out.training, net.train().training, net.train(False).layers.training, net.train(mode=True).training]",
        NET
        + "[net.to('cpu') is net, net.to(torch.float64).out.weight.dtype, net.mean.dtype, net.float().out.bias.dtype, net.half().out.bias.dtype, net.cpu() is net]",
        NET + "net.to(device='cpu', dtype=torch.float64).out.weight.dtype",
        NET + "net.to(torch.device('cpu')).layers[0].weight.is_leaf",
        NET
        + "net(C(2, 3)).sum().backward(); a = net.out.bias.grad * 1; net.zero_grad(); [a, net.out.bias.grad]",
        NET + "net(C(2, 3)).sum().backward(); net.zero_grad(set_to_none=False); net.out.bias.grad",
        NET
        + """
def start(m):
    if isinstance(m, nn.Linear):
        nn.init.constant_(m.weight, 0.25)
        m.bias.data.fill_(0.1)
    elif m.__class__.__name__.find('Conv') != -1:
        m.weight.data.normal_(0.0, 0.02)
[net.apply(start) is net, net.out.weight * 1, net(C(2, 3))]
""",
        NET + "net.add_module('extra', nn.Linear(2, 2)); [list(net._modules), repr(net.extra)]",
    ),
    *cases(
        (
            "nn.Module.weight",
            "nn.Module.bias",
            "nn.Module.kernel_size",
            "nn.Module.out_channels",
            "nn.Module.out_features",
            "nn.Module.p",
            "nn.Module.reset_parameters",
            "nn.Module.append",
            "nn.Module.extend",
            "nn.Module.flatten_parameters",
        ),
        "m = nn.Conv2d(3, 8, (3, 5), stride=2, padding=1); [m.weight.shape, m.bias.shape, m.kernel_size, m.stride, m.padding, m.dilation, m.groups, m.in_channels, m.out_channels]",
        "m = fill(nn.Linear(3, 2)); [m.weight * 2, m.bias.data, m.in_features, m.out_features, m.weight.requires_grad]",
        "nn.Linear(3, 2, bias=False).bias",
        "[nn.Dropout(0.3).p, nn.BatchNorm2d(4).eps, nn.BatchNorm2d(4).momentum, nn.Embedding(3, 2).embedding_dim]",
        "m = nn.Linear(3, 2); m.reset_parameters(); m.weight.shape",
        "m = nn.ModuleList([nn.Linear(2, 2)]); m.append(nn.ReLU()); m.extend([nn.Tanh(), nn.Identity()]); [len(m), repr(m), [type(x).__name__ for x in m]]",
        "m = nn.LSTM(2, 3); m.flatten_parameters(); [m.hidden_size, m.num_layers, m.weight_ih_l0.shape]",
        "c = nn.LSTMCell(2, 3); [c.weight_ih.shape, c.bias_hh.shape, c.hidden_size]",
    ),
    *cases(
        ("torch.nn.Parameter", "torch.nn.Buffer"),
        "p = nn.Parameter(torch.ones(2)); [p.requires_grad, p.is_leaf, isinstance(p, torch.Tensor), p.data, type(p).__name__]",
        "nn.Parameter(torch.ones(2), requires_grad=False).requires_grad",
        "x = C(3); p = nn.Parameter(x); (p * 2).sum().backward(); p.grad",
        "m = nn.Module(); m.w = nn.Parameter(torch.ones(2)); m.b = nn.Buffer(torch.zeros(1)); [list(m.state_dict()), len(list(m.parameters()))]",
        "repr(nn.Parameter(torch.ones(2)))",
    ),
    Case(
        ("nn.Module.register_parameter",),
        "nn.Module().register_parameter('a', torch.ones(2))",
        raises=True,
    ),
    *cases(
        (
            "subclass of torch.nn.Sequential",
            "subclass of torch.nn.Linear",
            "subclass of torch.nn.Conv2d",
            "subclass of torch.nn.LayerNorm",
        ),
        """
class Block(nn.Sequential):
    def __init__(self, a, b):
        super().__init__(nn.Linear(a, b), nn.ReLU())

    def forward(self, x):
        return x + super().forward(x)

fill(Block(3, 3))(T(2, 3))
""",
        """
class Scaled(nn.Linear):
    def forward(self, x):
        return F.linear(x, self.weight * 0.5, self.bias)

fill(Scaled(3, 2))(T(2, 3))
""",
        """
class Normed(nn.Conv2d):
    def forward(self, x):
        w = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        return F.conv2d(x, w, self.bias, self.stride, self.padding, self.dilation, self.groups)

fill(Normed(2, 3, 3, padding=1))(T(1, 2, 4, 4))
""",
    ),
    Case(
        ("subclass of torch.nn.LayerNorm",),
        """
class Cast(nn.LayerNorm):
    def forward(self, x):
        return F.layer_norm(x.float(), self.normalized_shape, self.weight.float(), self.bias.float(), self.eps).type_as(x)

fill(Cast(4))(T(2, 4))
""",
        only="float32",
    ),
]

OPTIMIZERS = [
    *cases(
        (
            "optim.Optimizer.param_groups",
            "optim.Optimizer.state_dict",
            "optim.Optimizer.load_state_dict",
            "optim.Optimizer.state",
            "lr_scheduler.step",
            "lr_scheduler.last_epoch",
            "lr_scheduler.base_lrs",
        ),
        "o = optim.SGD([torch.ones(2, requires_grad=True)], lr=0.1); o.param_groups[0]['lr'] = 0.5; [[g['lr'] for g in o.param_groups], sorted(o.param_groups[0])]",
        """
p = C(3).requires_grad_()
o = optim.Adam([p], lr=0.1)
(p ** 2).sum().backward(); o.step()
s = o.state_dict()
q = p.detach().clone().requires_grad_()
r = optim.Adam([q], lr=0.3)
r.load_state_dict(s)
(q ** 2).sum().backward(); r.step()
[q, r.param_groups[0]['lr'], len(r.state)]
""",
        """
o = optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0)
s = optim.lr_scheduler.StepLR(o, step_size=2, gamma=0.5)
seen = []
for _ in range(5):
    o.step(); s.step(); seen.append(o.param_groups[0]['lr'])
[seen, s.last_epoch, s.base_lrs, s.get_last_lr()]
""",
    ),
    *cases(
        ("subclass of torch.optim.Optimizer", "torch.optim.Optimizer"),
        """
class Sign(optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, dict(lr=lr))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state[p]
                    state["step"] = state.get("step", 0) + 1
                    p.add_(p.grad.sign(), alpha=-group["lr"] / state["step"])

p = C(4).requires_grad_()
o = Sign([p], lr=0.3)
for _ in range(3):
    o.zero_grad(); ((p - 1) ** 2).sum().backward(); o.step()
[p, o.state_dict()['state'][0]['step'], sorted(o.defaults)]
""",
    ),
    *cases(
        (
            "subclass of torch.optim.lr_scheduler._LRScheduler",
            "torch.optim.lr_scheduler._LRScheduler",
        ),
        """
class Warm(optim.lr_scheduler._LRScheduler):
    def get_lr(self):
        return [base * (self.last_epoch + 1) / 10 for base in self.base_lrs]

o = optim.SGD([torch.ones(1, requires_grad=True)], lr=2.0)
s = Warm(o)
seen = []
for _ in range(4):
    o.step(); s.step(); seen.append(s.get_last_lr()[0])
seen
""",
    ),
]

DISTRIBUTIONS = [
    *cases(
        (
            "Distribution.sample",
            "Distribution.log_prob",
            "Distribution.entropy",
            "Distribution.rsample",
            "Distribution.mean",
        ),
        "d = torch.distributions.Normal(T(3), U(3)); x = C(3); [d.log_prob(x), d.entropy(), d.mean, d.sample().shape, d.rsample((2,)).shape, d.sample().requires_grad, d.rsample().requires_grad]",
        "d = torch.distributions.Categorical(probs=U(2, 4)); [d.log_prob(I(2, high=4)), d.entropy(), d.probs, d.logits, d.sample().shape, d.sample((5,)).dtype]",
        "d = torch.distributions.Bernoulli(logits=T(3)); [d.log_prob(M(3).to(float_dtype)), d.entropy(), d.mean, d.sample().shape]",
        "torch.distributions.Categorical(torch.tensor([0.0, 1.0])).sample()",
    ),
]

INIT = [
    *cases(
        ("torch.nn.init.zeros_", "torch.nn.init.ones_"),
        "[nn.init.zeros_(torch.ones(2, 3)), nn.init.ones_(torch.zeros(2))]",
        "x = torch.empty(2); nn.init.zeros_(x) is x",
    ),
    *cases(
        (
            "torch.nn.init.kaiming_normal_",
            "torch.nn.init.kaiming_uniform_",
            "torch.nn.init.kaiming_normal",
            "torch.nn.init.trunc_normal_",
        ),
        "nn.init.kaiming_normal_(torch.empty(3, 4), mode='fan_out', nonlinearity='relu').shape",
        "nn.init.kaiming_normal_(torch.empty(3, 4, 2, 2), a=0.2, mode='fan_in', nonlinearity='leaky_relu').shape",
        "x = nn.init.kaiming_uniform_(torch.empty(300, 100), a=5 ** 0.5); bool(x.abs().max() <= 0.1 + 1e-6)",
        "nn.init.kaiming_uniform_(torch.empty(3, 4), mode='fan_out', nonlinearity='sigmoid').shape",
        "nn.init.kaiming_normal(torch.empty(3, 4), mode='fan_out').shape",
        "x = nn.init.trunc_normal_(torch.empty(1000), mean=1.0, std=2.0, a=0.5, b=1.5); bool(((x >= 0.5) & (x <= 1.5)).all())",
        "nn.init.trunc_normal_(torch.empty(5), std=0.02).shape",
    ),
    *cases(
        ("torch.nn.init.kaiming_normal_",),
        "nn.init.kaiming_normal_(torch.empty(3))",
        "nn.init.kaiming_normal_(torch.empty(3, 2), mode='x')",
        raises=True,
    ),
]

FUNCTIONS = [
    *cases(
        ("torch.nn.functional.linear", "torch.nn.functional.pad"),
        "F.linear(T(2, 3), T(4, 3))",
        "F.linear(T(2, 3), T(4, 3), bias=T(4))",
        "F.linear(T(3), T(4, 3), T(4))",
        "F.linear(T(2, 5, 3), T(3))",
        "F.pad(T(2, 3), (1, 2))",
        "F.pad(T(2, 3), pad=(1, 1, 0, 2), mode='constant', value=1.5)",
        "F.pad(T(2, 3, 4), (-1, 1))",
        "F.pad(T(1, 2, 3, 4), (1, 2, 1, 0), mode='reflect')",
        "F.pad(T(1, 2, 3, 4), (1, 2, 1, 0), 'replicate')",
        "F.pad(T(1, 2, 4), (2, 1), mode='circular')",
    ),
    *cases(
        ("torch.nn.functional.linear", "torch.nn.functional.pad"),
        "F.linear(torch.ones(2, 3), torch.ones(4, 2))",
        "F.pad(torch.ones(2, 3), (1,))",
        "F.pad(torch.ones(1, 2, 3), (3, 0), mode='reflect')",
        raises=True,
    ),
    *cases(
        ("torch.nn.ZeroPad2d", "torch.nn.ReflectionPad2d", "torch.nn.ReplicationPad2d"),
        "nn.ZeroPad2d(1)(T(1, 2, 3, 3))",
        "nn.ZeroPad2d((1, 0, 2, 1))(T(2, 3, 3))",
        "nn.ReflectionPad2d(1)(T(1, 2, 3, 3))",
        "nn.ReflectionPad2d((1, 2, 0, 1))(T(1, 2, 3, 3))",
        "nn.ReplicationPad2d(2)(T(1, 2, 3, 3))",
        "repr(nn.ZeroPad2d(1))",
    ),
    *cases(
        ("@torch.no_grad (decorator)", "@torch.inference_mode (decorator)"),
        """
@torch.no_grad()
def f(x, *, scale=2):
    "text"
    return x * scale

class Model(nn.Module):
    @torch.inference_mode()
    def predict(self, x):
        return x * 3

x = T(2)
[f(x), f(x, scale=3).requires_grad, f.__name__, f.__doc__, Model().predict(x).requires_grad, (x * 2).requires_grad]
""",
        """
@torch.no_grad()
def numbers():
    for i in range(2):
        yield torch.is_grad_enabled()

[list(numbers()), torch.is_grad_enabled()]
""",
    ),
]

SYSTEM = [
    *cases(
        (
            "torch.manual_seed",
            "torch.cuda.device_count",
            "torch.cuda.set_device",
            "torch.accelerator.is_available",
            "torch.accelerator.current_accelerator",
            "torch.cuda.synchronize",
            "torch.backends.mps.is_available",
            "torch.cuda.is_bf16_supported",
            "torch.set_num_threads",
        ),
        "torch.manual_seed(5); a = torch.rand(3); torch.manual_seed(seed=5); torch.equal(a, torch.rand(3))",
        "[torch.cuda.is_available(), torch.cuda.device_count(), torch.accelerator.is_available(), torch.accelerator.current_accelerator(), torch.backends.mps.is_available()]",
        "device = torch.device('cuda' if torch.cuda.is_available() else 'cpu'); torch.ones(2).to(device)",
        "device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else 'cpu'; torch.ones(2, device=device)",
        "torch.cuda.manual_seed(1); torch.cuda.manual_seed_all(1)",
        "n = torch.get_num_threads(); torch.set_num_threads(1); k = torch.get_num_threads(); torch.set_num_threads(n); k",
    ),
    *cases(
        (
            "torch.backends.cudnn.deterministic",
            "torch.backends.cudnn.benchmark",
            "torch.backends.cudnn.enabled",
        ),
        "b = torch.backends.cudnn; before = (b.deterministic, b.benchmark, b.enabled); b.deterministic = True; b.benchmark = False; now = (b.deterministic, b.benchmark); b.deterministic, b.benchmark, b.enabled = before; now",
    ),
    *cases(
        ("nn.Module.cuda", "Tensor.cuda", "torch.cuda.LongTensor", "torch.cuda.FloatTensor"),
        "m = fill(nn.Linear(2, 1)); (m.cuda() if torch.cuda.is_available() else m)(T(3, 2))",
        "x = T(2); x = x.cuda() if torch.cuda.is_available() else x; x * 2",
        "Long = torch.cuda.LongTensor if torch.cuda.is_available() else torch.LongTensor; Long([1, 2])",
        "Float = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor; Float([1.5])",
    ),
    *cases(
        ("torch.__version__", "torch.multiprocessing.Process"),
        "isinstance(torch.__version__, str)",
        "import importlib; mp = importlib.import_module(torch.__name__ + '.multiprocessing'); p = mp.Process(target=abs, args=(1,)); p.start(); p.join(); p.exitcode",
    ),
    Case(
        ("torch.utils.tensorboard.SummaryWriter",),
        """
import importlib, tempfile
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
writer = importlib.import_module(torch.__name__ + ".utils.tensorboard").SummaryWriter
with tempfile.TemporaryDirectory() as folder:
    with writer(log_dir=folder) as w:
        for step in range(3):
            w.add_scalar("loss/train", 1.0 / (step + 1), global_step=step)
        w.add_scalars("both", {"a": 1.0, "b": 2.0}, 0)
        w.add_histogram("weights", torch.arange(10.0), 1)
        w.add_text("note", "text")
    events = EventAccumulator(folder).Reload()
    tags = events.Tags()
    values = [(e.step, e.value) for e in events.Scalars("loss/train")]
    shape = events.Histograms("weights")[0].histogram_value.num
[tags["scalars"], tags["histograms"], values, shape]
""",
        only="float32",
    ),
    *cases(
        ("torch.autograd.Variable",),
        "torch.autograd.Variable(C(3))",
        "torch.autograd.Variable(C(3), requires_grad=True).requires_grad",
        "torch.autograd.Variable(T(3) * 2)",
        "v = torch.autograd.Variable(C(3).clone(), requires_grad=True); (v * v).sum().backward(); v.grad.data",
        "isinstance(torch.ones(1), torch.autograd.Variable)",
    ),
    *cases(
        ("torch.nn.DataParallel", "torch.nn.parallel.DistributedDataParallel"),
        "m = nn.DataParallel(fill(nn.Linear(3, 2))); [m(T(2, 3)), list(m.state_dict()), type(m.module).__name__]",
    ),
    *cases(
        ("torch.jit.script", "torch.jit.trace", "torch.jit.is_scripting", "torch.jit.ignore"),
        "net = fill(nn.Linear(3, 2)); [torch.jit.script(net)(C(2, 3)), torch.jit.trace(net, C(1, 3))(C(2, 3))]",
        """
@torch.jit.ignore
def f(x: int) -> int:
    return x

f(2)
""",
        "torch.jit.is_scripting()",
    ),
    Case(
        ("torch.amp.autocast",),
        "with torch.amp.autocast('cpu', enabled=False):\n    y = T(2, 3) @ T(3, 2)\ny",
    ),
    Case(
        ("torch.amp.autocast",),
        "with torch.amp.autocast('cpu', dtype=torch.bfloat16):\n    y = torch.ones(2, 3) @ torch.ones(3, 2)\ny.dtype",
    ),
    *cases(
        ("torch.linalg.norm",),
        "torch.linalg.norm(T(3))",
        "torch.linalg.norm(T(2, 3), dim=1)",
        "torch.linalg.norm(T(2, 3), ord=1)",
        "torch.linalg.norm(T(2, 3), ord='fro', keepdim=True)",
        "torch.linalg.norm(T(2, 3), ord=float('inf'), dim=-1)",
    ),
]
CASES = [*TRAINING, *MODULES, *OPTIMIZERS, *DISTRIBUTIONS, *INIT, *FUNCTIONS, *SYSTEM]
