"""wengert.testing: what is accepted, what is not, and random tensors' shapes and bounds."""

from __future__ import annotations

from harness import Case

CLOSE = "torch.testing.assert_close"
OLD = "torch.testing.assert_allclose"
MAKE = "torch.testing.make_tensor"

# Each line is tried as it stands: nothing, or an error of the same type, in the same words.
PAIRS = """
torch.ones(2, 2), torch.tensor([[1.0, 1], [1.5, 1]])
torch.ones(2, 2), torch.tensor([[1.0, 1], [1.000002, 1]])
torch.ones(2, 2), torch.tensor([[1.0, 1], [1.00002, 1]])
torch.zeros(3), torch.tensor([0, 1e-6, 9e-6])
torch.zeros(3), torch.tensor([0, 1e-6, 2e-5])
torch.ones(2, dtype=torch.float64), torch.tensor([1, 1 + 1e-7], dtype=torch.float64)
torch.ones(2, dtype=torch.float64), torch.tensor([1, 1 + 1e-6], dtype=torch.float64)
torch.ones(2, dtype=torch.float16), torch.tensor([1, 1.001], dtype=torch.float16)
torch.ones(2, dtype=torch.bfloat16), torch.tensor([1, 1.0157], dtype=torch.bfloat16)
torch.ones(2, dtype=torch.bfloat16), torch.tensor([1, 1.04], dtype=torch.bfloat16)
torch.tensor([1 + 1j]), torch.tensor([1 + 1.000001j])
torch.tensor([1 + 1j]), torch.tensor([1 + 2j])
torch.ones(2, 2, dtype=torch.int32), torch.tensor([[1, 1], [3, 1]], dtype=torch.int32)
torch.tensor([True, False]), torch.tensor([True, True])
torch.tensor(1.0), torch.tensor(2.0)
torch.tensor(1), torch.tensor(2)
1.0, 2.0
1.0, 1.00000001
1, 2
1, 1
1, 1.0
True, True
True, False
True, 1
1 + 1j, 1 + 2j
float("nan"), float("nan")
float("inf"), float("inf")
float("inf"), 1.0
0.0, 1.0
1.0, 0.0
None, None
None, 1
"a", "a"
"a", 1
1, torch.tensor(1)
{1}, {1}
[1.0, {"b": 2}], [1.0, {"b": 3}]
{"a": torch.ones(2)}, {"a": torch.zeros(2)}
{"a": 1}, {"b": 1}
{"a": 1, "b": 2}, {"b": 2, "a": 1}
[1], [1, 2]
(1,), [1]
[1], {0: 1}
[], []
torch.ones(2), torch.ones(3)
torch.ones(2), torch.ones(2, 1)
torch.ones(2), torch.ones(2, dtype=torch.float64)
torch.ones(0), torch.ones(0)
torch.ones(2), [1.0, 1.0]
torch.tensor([1e300, 2.0], dtype=torch.float64), torch.tensor([1.0, float("inf")], dtype=torch.float64)
torch.tensor([float("nan"), 1]), torch.tensor([float("nan"), 2])
nn.Parameter(torch.ones(2)), torch.ones(2)
nn.Parameter(torch.ones(2)), torch.zeros(2)
np.ones(2), np.zeros(2)
np.ones(2), np.ones(2)
np.ones(2), torch.ones(2, dtype=torch.float64)
np.float64(1), 1.0
np.float32(1), np.float32(2)
torch.ones(2, requires_grad=True), torch.ones(2)
torch.ones(2, 3), torch.ones(3, 2).t()
torch.arange(6).reshape(2, 3), torch.arange(6).reshape(2, 3).flip(0)
torch.tensor([300], dtype=torch.int16), torch.tensor([-300], dtype=torch.int16)
""".strip().splitlines()

KEYWORDS = [
    "", "equal_nan=True", "check_dtype=False", "check_stride=True", "allow_subclasses=False",
    "rtol=0, atol=0", "rtol=0.5, atol=0.1", "rtol=1.0", "atol=1.0", "rtol=0, atol=1.5",
    "check_device=False", "check_layout=False", "msg='hi'", "msg=lambda m: 'x ' + m",
]  # fmt: skip


def attempt(call: str) -> str:
    """Code whose value is what the call raises; TypeErrors and ValueErrors have our own words."""
    return f"""
try:
    torch.testing.{call}
    result = "fine"
except AssertionError as e:
    result = str(e).replace("torch.", "").replace("wengert.", "")
except Exception as e:
    result = type(e).__name__
result
"""


MAKES = """
2, dtype=torch.float32, device="cpu", low=3
2, dtype=torch.float32, device="cpu", low=3, high=1
2, dtype=torch.bool, device="cpu"
2, dtype=torch.bool, device="cpu", low=0, high=1
3, dtype=torch.bool, device="cpu", low=0, high=5
2, dtype=torch.bool, device="cpu", low=0.5, high=2
(2, 3), dtype=torch.int8, device="cpu", noncontiguous=True
2, 3, dtype=torch.float16, device="cpu", noncontiguous=True
1, dtype=torch.float64, device="cpu", noncontiguous=True
(2, 0), dtype=torch.float64, device="cpu", noncontiguous=True
[2], dtype=torch.uint8, device="cpu", low=-5, high=3
2, dtype=torch.int64, device="cpu", requires_grad=True
2, dtype=torch.float32, device="cpu", requires_grad=True
2, dtype=torch.float32, device="cpu", low=float("nan")
2, dtype=torch.int32, device="cpu", low=1.2, high=2.5
3, dtype=torch.int32, device="cpu", low=0, high=1, exclude_zero=True
3, dtype=torch.int32, device="cpu", low=1, high=1
3, dtype=torch.float32, device="cpu", low=1, high=1
2, dtype=torch.float32, device="cpu", noncontiguous=True, memory_format=torch.channels_last
(2, 3, 4, 5), dtype=torch.float32, device="cpu", memory_format=torch.channels_last
2, dtype=torch.float32
2, device="cpu"
2, dtype=torch.complex64, device="cpu", exclude_zero=True
2, dtype=torch.complex128, device="cpu", low=1, high=2
dtype=torch.bfloat16, device="cpu"
2, dtype=torch.float32, device="cpu", low=float("-inf"), high=float("inf")
2, dtype=torch.int8, device="cpu", low=500, high=600
2, dtype=torch.int8, device="cpu", low=-600, high=-500
torch.Size([2, 1]), dtype=torch.float64, device=torch.device("cpu"), low=-1, high=0.5
""".strip().splitlines()

CASES = [
    *(
        Case(CLOSE, attempt(f"assert_close({pair}{', ' if k else ''}{k})"), only="float32")
        for pair in PAIRS
        for k in KEYWORDS
    ),
    *(
        Case(OLD, attempt(f"assert_allclose({pair}{k})"), only="float32")
        for pair in PAIRS
        if "torch" in pair and "{" not in pair and "np." not in pair and "16" not in pair
        for k in ("", ", rtol=0, atol=1.5", ", equal_nan=False", ", msg='hi'", ", rtol=1")
    ),
    *(
        Case(
            MAKE,
            f"""
try:
    t = torch.testing.make_tensor({arguments})
    result = [str(t.dtype).split(".")[1], list(t.shape), t.stride(), t.requires_grad]
except Exception as e:
    result = type(e).__name__
result
""",
            only="float32",
        )
        for arguments in MAKES
    ),
]
