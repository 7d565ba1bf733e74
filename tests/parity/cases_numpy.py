"""NumPy's functions and operators beside tensors."""

from __future__ import annotations

from harness import Case

SETUP = """
a = np.array([1.0, 2.0, 3.0])
t = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
f = torch.ones(3)
"""
# PyTorch raises TypeError for an array before a tensor (`a + t`); here the result is a tensor.
VALUES = """
np.add(t, a)
np.add(a, t)
np.add(3, t)
t + a
t * a
t - a
t / a
t == a
np.sin(t)
np.exp(f)
np.abs(t)
np.negative(t)
np.maximum(t, a)
np.isnan(t)
np.cumsum(t)
np.reshape(t, (3, 1))
np.transpose(t)
np.add.reduce(t)
np.matmul(np.ones((2, 3)), t)
np.asarray(t)
np.array(t, dtype=np.float32)
np.float64(2) * t
np.float32(2) * f
f * np.float64(2)
np.int64(2) + torch.arange(3)
np.concatenate([t, t])
np.where(t > 1, t, a)
np.dot(t, a)
np.argmax(t)
np.sort(t)
np.linalg.norm(t)
f.__array_wrap__(np.array([True]))
f.__array_priority__
""".strip().splitlines()
ERRORS = """
np.sin(torch.ones(3, requires_grad=True))
np.asarray(torch.ones(3, requires_grad=True))
np.add(torch.ones(3, requires_grad=True), np.ones(3))
np.asarray(torch.ones(3).to(torch.bfloat16))
torch.sin(np.ones(3))
torch.cat([torch.ones(3), np.ones(3)])
""".strip().splitlines()

NUMBERS = """
[torch.tensor([v, 2]).dtype for v in (np.float64(1), np.float32(1), np.complex128(1), np.int32(1))]
torch.tensor([1.5, np.float64(2)]), torch.tensor([[np.float64(1)], [2]])
torch.tensor([np.float32(1), np.float64(2)]), torch.tensor([np.float64(1), 1j])
torch.tensor([np.float64(1), 2], dtype=torch.float32), torch.as_tensor([np.float64(0.1)])
""".strip().splitlines()

CASES = [
    *(Case("torch.tensor", v, only="float32") for v in NUMBERS),
    *(Case("Tensor.__array__ Tensor.__array_wrap__", SETUP + v, only="float32") for v in VALUES),
    *(Case("Tensor.__array__", v, only="float32", raises=True) for v in ERRORS),
]
