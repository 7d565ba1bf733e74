"""Losses and layers of the simplest kind."""

from harness import Case

CASES = [
    Case("torch.nn.Linear", "fill(nn.Linear(4, 3))(T(2, 4))"),
    Case("torch.nn.Linear", "fill(nn.Linear(in_features=4, out_features=3, bias=False))(T(4))"),
    Case("torch.nn.Linear", "nn.Linear(4, 3)(torch.ones(2, 5))", raises=True),
    Case("torch.cat", "torch.cat([T(2, 3), T(1, 3)], dim=0)"),
    Case("torch.cat", "torch.cat((T(2, 3), T(2, 0)), axis=-1)"),
    Case("torch.cat", "torch.cat([T(2, 3), T(2, 2)])", raises=True),
]
