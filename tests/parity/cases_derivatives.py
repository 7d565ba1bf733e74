"""torch.autograd.functional, and autograd.grad and backward with all their options."""

from __future__ import annotations

from harness import Case

A = "torch.autograd.functional"
# Functions of one and two tensors, with vector, tuple and scalar results.
FUNCTIONS = """
def cube(x): return x ** 3
def two(x, w): return x @ w, (x ** 2).sum()
def scalar(x): return (x ** 3).sum()
def scalar2(x, w): return ((x @ w) ** 2).sum() + x.sum().exp()
def partly(x, w): return (x ** 3).sum()
def constant(x): return torch.ones(2)
def linear(x): return x.sum() * 2
fn = torch.autograd.functional
"""


def case(names: str, code: str, **kwargs: object) -> Case:
    full = " ".join(f"{A}.{n}" if "." not in n else n for n in names.split())
    return Case(full, FUNCTIONS + code, **kwargs)  # type: ignore[arg-type]


# Products: function, inputs, v.
PRODUCTS = [
    ("vjp", "cube, T(3), C(3)"),
    ("vjp", "two, (T(3), T(3, 2)), (C(2), C())"),
    ("vjp", "scalar, T(3)"),
    ("vjp", "scalar, (T(3),), None"),
    ("vjp", "partly, (T(3), T(3, 2)), None"),
    ("vjp", "linear, T(3), C()"),
    ("vjp", "constant, T(3), C(2)"),
    ("vjp", "cube, T(0), C(0)"),
    ("vjp", "cube, C(3), T(3)"),
    ("jvp", "cube, T(3), C(3)"),
    ("jvp", "two, (T(3), T(3, 2)), (C(3), C(3, 2))"),
    ("jvp", "cube, T()"),
    ("jvp", "partly, (T(3), T(3, 2)), (C(3), C(3, 2))"),
    ("jvp", "constant, T(3), C(3)"),
    ("jvp", "cube, C(3), T(3)"),
    ("vhp", "scalar, T(3), C(3)"),
    ("vhp", "scalar2, (T(3), T(3, 2)), (C(3), C(3, 2))"),
    ("vhp", "scalar, T()"),
    ("vhp", "partly, (T(3), T(3, 2)), (C(3), C(3, 2))"),
    ("hvp", "scalar, T(3), C(3)"),
    ("hvp", "scalar2, (T(3), T(3, 2)), (C(3), C(3, 2))"),
    ("hvp", "scalar, T()"),
    ("hvp", "partly, (T(3), T(3, 2)), (C(3), C(3, 2))"),
]
MATRICES = [
    ("jacobian", "cube, T(3)"),
    ("jacobian", "cube, (T(2, 2),)"),
    ("jacobian", "two, (T(3), T(3, 2))"),
    ("jacobian", "lambda x: (x * 2, x.sum()), T(3)"),
    ("jacobian", "partly, (T(3), T(3, 2))"),
    ("jacobian", "constant, T(3)"),
    ("jacobian", "lambda x: x.sin(), T()"),
    ("hessian", "scalar, T(3)"),
    ("hessian", "scalar, (T(2, 2),)"),
    ("hessian", "scalar2, (T(3), T(3, 2))"),
    ("hessian", "lambda x: scalar(x).reshape(1, 1), T(3)"),
    ("hessian", "lambda x: x.sin() * x.exp(), T()"),
]
ERRORS = [
    ("vjp", "cube, T(3)"),
    ("vjp", "cube, T(3), C(2)"),
    ("vjp", "cube, T(3), (C(3), C(3))"),
    ("vjp", "cube, [T(3)], C(3)"),
    ("vjp", "cube, 3.0, C(3)"),
    ("vjp", "cube, T(3), 3"),
    ("vjp", "lambda x: [x], T(3), C(3)"),
    ("vjp", "lambda x: 3, T(3), C(3)"),
    ("vjp", "constant, T(3), C(2), strict=True"),
    ("vjp", "partly, (T(3), T(3, 2)), None, strict=True"),
    ("jvp", "cube, T(3)"),
    ("jvp", "cube, T(3), C(2)"),
    ("jvp", "constant, T(3), C(3), strict=True"),
    ("vhp", "cube, T(3), C(3)"),
    ("vhp", "lambda x: (scalar(x),), T(3), C(3)"),
    ("vhp", "linear, T(3), C(3), strict=True"),
    ("hvp", "cube, T(3), C(3)"),
    ("hvp", "linear, T(3), C(3), strict=True"),
    ("hvp", "scalar, T(3), C(4)"),
    ("jacobian", "constant, T(3), strict=True"),
    ("jacobian", "partly, (T(3), T(3, 2)), strict=True"),
    ("jacobian", "cube, T(3), strategy='sideways'"),
    ("jacobian", "cube, T(3), strategy='forward-mode'"),
    ("jacobian", "cube, T(3), strategy='forward-mode', vectorize=True, create_graph=True"),
    ("jacobian", "cube, T(3), strategy='forward-mode', vectorize=True, strict=True"),
    ("jacobian", "cube, T(3), vectorize=True, strict=True"),
    ("jacobian", "cube, [T(3)]"),
    ("hessian", "cube, T(3)"),
    ("hessian", "lambda x: (scalar(x),), T(3)"),
    ("hessian", "linear, T(3), strict=True"),
    ("hessian", "scalar, T(3), outer_jacobian_strategy='sideways'"),
    ("hessian", "scalar, T(3), outer_jacobian_strategy='forward-mode'"),
]

X = "x = T(3); w = T(3); y = x ** 2 * w; s = (y * x).sum(); A = torch.autograd\n"
GRAD = [
    "A.grad(s, x)",
    "A.grad(s, (x, w))",
    "A.grad((s, s * 2), [x, w])",
    "A.grad(s, (q for q in [x, w]))",
    "A.grad(s, {'a': x, 'b': w})",
    "A.grad(y, x, C(3))",
    "A.grad([y, s], x, [C(3), None])",
    "A.grad((y, s), x, (C(3), C()))",
    "A.grad(y, x, torch.ones(3, dtype=torch.int64))",
    "A.grad(y, x, torch.ones(3, dtype=torch.float64))",
    "A.grad(y, x, C(3), True), A.grad(y, x, C(3))",
    "A.grad(s, x, create_graph=True)",
    "A.grad(A.grad(s, x, create_graph=True)[0].sum(), (x, w))",
    "A.grad(s, x, only_inputs=False)",
    "A.grad(s, (x, T(2)), allow_unused=True)",
    "A.grad(s, (x, T(2)), materialize_grads=True)",
    "A.grad(s, (x, T(2)), allow_unused=True, materialize_grads=True)",
    "A.grad(y, x, torch.eye(3), is_grads_batched=True)",
    "A.grad((y, s), (x, w), (torch.eye(3)[:2], torch.ones(2)), is_grads_batched=True)",
    "A.grad(y, (x, T(2)), torch.eye(3), is_grads_batched=True, allow_unused=True)",
    "A.grad(y, (x, T(2)), torch.eye(3), is_grads_batched=True, materialize_grads=True)",
    "A.grad(y, x, torch.eye(3), is_grads_batched=True, create_graph=True)",
    "A.grad(y, y.grad_fn and x, C(1, 3), is_grads_batched=True)",
    "x2 = x * 2; A.grad(x2.sin().sum(), [x2, x])",
    "A.grad(x.sum(), x)",
]
BACKWARD = [
    "A.backward(s); x.grad, w.grad",
    "A.backward([s, y], [None, C(3)]); x.grad, w.grad",
    "A.backward((s, s), retain_graph=True); A.backward(s); x.grad, w.grad",
    "A.backward(y, grad_variables=C(3)); x.grad",
    "A.backward(s, inputs=x); x.grad, w.grad",
    "A.backward(s, inputs=[x, w]); x.grad, w.grad",
    "A.backward(s, inputs={'a': x}); x.grad, w.grad",
    "y.retain_grad(); A.backward(s, inputs=[y]); x.grad, y.grad",
    "A.backward([]); x.grad",
    "A.backward(s, create_graph=True); g = x.grad; x.grad = None; g",
    "s.backward(inputs=[w]); x.grad, w.grad",
    "s.backward(inputs={'a': x}); x.grad, w.grad",
    "y.backward(C(3)); x.grad, w.grad",
]
GRAD_ERRORS = [
    "A.grad(y, x)",
    "A.grad(y, x, C(2))",
    "A.grad(y, x, C())",
    "A.grad([y, s], x, [C(3)])",
    "A.grad(s, T(2))",
    "A.grad(s, C(2))",
    "A.grad(s, [])",
    "A.grad(s, 3)",
    "A.grad(s, (x, T(2)), allow_unused=False, materialize_grads=True)",
    "A.grad(y, x, is_grads_batched=True)",
    "A.grad((y, s), x, (torch.eye(3), torch.ones(2)), is_grads_batched=True)",
    "A.grad(y, x, C(3), is_grads_batched=True)",
    "A.grad(y, x, C(3)); A.grad(y, x, C(3))",
    "A.backward(s, inputs=[])",
    "A.backward(y, C(3), grad_variables=C(3))",
    "A.backward(3)",
    "A.backward(s, 3.0)",
    "s.backward(3.0)",
    "s.backward(inputs=[C(2)])",
]

CASES = [
    *(
        case(name, f"fn.{name}({args}, create_graph={graph})", order=1)
        for name, args in PRODUCTS
        for graph in (False, True)
    ),
    *(
        case(name, f"fn.{name}({args}, create_graph={graph}, vectorize={vectorize})", order=1)
        for name, args in MATRICES
        for graph in (False, True)
        for vectorize in (False, True)
        # Zeros for what an output does not depend on require grad in PyTorch's batched pass.
        if not (graph and vectorize and "two" in args)
    ),
    *(
        case(name, f"fn.{name}({args}, strict=True)")
        for name, args in [
            ("vjp", "cube, T(3), C(3)"),
            ("vjp", "two, (T(3), T(3, 2)), (C(2), C())"),
            ("jvp", "cube, T(3), C(3)"),
            ("vhp", "scalar2, (T(3), T(3, 2)), (C(3), C(3, 2))"),
            ("hvp", "scalar2, (T(3), T(3, 2)), (C(3), C(3, 2))"),
            ("jacobian", "cube, T(3)"),
            ("hessian", "scalar2, (T(3), T(3, 2))"),
        ]
    ),
    # PyTorch's results carry a history by accident of how dual numbers are computed.
    *(
        case(name, f"r = fn.{name}({args})\nr.detach() if hasattr(r, 'detach') else "
             "[[t.detach() for t in (q if isinstance(q, (tuple, list)) else [q])] for q in r]")
        for name, args in [
            ("jacobian", "cube, T(3), vectorize=True, strategy='forward-mode'"),
            ("jacobian", "two, (T(3), T(3, 2)), vectorize=True, strategy='forward-mode'"),
            ("jacobian", "partly, (T(3), T(3, 2)), vectorize=True, strategy='forward-mode'"),
            ("hessian", "scalar, T(3), vectorize=True, outer_jacobian_strategy='forward-mode'"),
        ]
    ),
    case("vjp jacobian", "x = T(3)\nwith torch.no_grad():\n    r = fn.vjp(cube, x, C(3)), "
         "fn.jacobian(cube, x)\nr"),
    case("vjp", "x, v = T(3), T(3)\nfn.vjp(cube, x, v, create_graph=True)[1].sum()"),
    case("jvp", "x, v = T(3), T(3)\nfn.jvp(cube, x, v, create_graph=True)[1].sum()"),
    case("hessian", "fn.hessian(scalar, T(3), create_graph=True).sum()", order=1),
    case("jvp", "z = Z(2)\nfn.jvp(lambda z: (z * z.conj()).real, z.detach(), "
         "torch.ones_like(z.detach()))[1]"),
    *(case(name, f"fn.{name}({args})", raises=True) for name, args in ERRORS),
    *(Case("torch.autograd.grad", X + code, order=1) for code in GRAD),
    *(Case("torch.autograd.backward Tensor.backward", X + code, order=1) for code in BACKWARD),
    *(Case("torch.autograd.grad torch.autograd.backward", X + c, raises=True) for c in GRAD_ERRORS),
]  # fmt: skip
