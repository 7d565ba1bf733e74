"""Operators, built-in functions and every form of indexing that programs use."""

import itertools
import re

from harness import Case

# What stands for each word of a pattern; several where the kind of the index is open.
WORDS = {
    ":": [":"],
    "i": ["1", "-1"],
    "const": ["0"],
    "i?": ["2", "torch.tensor(2)", "np.int64(1)", "torch.tensor([0, 3, 1])"],
    "a:b": ["1:3", ":-1", "2:", "3:1"],
    "a:b:step": ["0:4:2", "1::2"],
    "None": ["None"],
    "...": ["..."],
    "tensor": ["I(3, high=4)", "I(2, 3, low=-4, high=4)"],
    "mask": ["M(4)"],
    "ndarray": ["np.array([2, 0, 1])"],
    "list": ["[0, 2, 1]"],
}

READ = """
x[i] x[i?] x[a:b] x[:,a:b] x[:,i] x[tensor] x[:,i,:] x[:,i?] x[tensor,tensor] x[:,:,a:b] x[None,:]
x[i,:] x[i?,i?] x[...,a:b] x[:,:,i] x[:,None] x[ndarray] x[:,a:b,:] x[a:b,a:b] x[tensor,:] x[i?,:]
x[...,i] x[:,i?,:] x[:,:,None] x[:,None,:] x[:,list] x[:,a:b,:,:] x[...,a:b,:] x[:,:,:,a:b]
x[None,:,None,None] x[:,:,i,i] x[...,None] x[None,:,:] x[i,:,:] x[:,tensor] x[a:b,i] x[None,...]
x[:,:,a:b,a:b] x[ndarray,:] x[const] x[:,None,None,:] x[:,ndarray] x[:,i,:,:] x[None,:,None,:]
x[mask] x[:,:,None,:,:] x[None,:,:,:] x[a:b,:] x[i,i] x[None,None,:,:] x[None,None,None,:]
x[a:b,tensor] x[...,a:b:step,a:b:step,:] x[i?,:,i?,:] x[mask,:] x[...,i?] x[:,:,tensor] x[None]
x[i,i?] x[i?,:,list,:] x[i?,i,ndarray] x[i?,i] x[...,:] x[...,a:b:step] x[:,:,:,:]
x[:,:,None,None] x[:,:,i?] x[:,None,...] x[:,None,:,None,None] x[:,a:b,a:b,:] x[:,i,...]
x[None,:,...] x[None,:,:,:,:] x[None,a:b] x[a:b,None,None] x[a:b:step] x[i,...] x[i,:,a:b]
x[i,:,i?] x[i,tensor,tensor] x[i,tensor] x[i?,tensor,tensor] x[i?,tensor] x[ndarray,ndarray]
x[tensor,i?]
"""

WRITE = """
x[i?] = v x[:,i?] = v x[tensor] = v x[i?,a:b] = v x[i] = v x[i?,i?] = v x[:,a:b:step] = v
x[mask] = v x[:,i] = v x[a:b] = v x[:] = v x[:,a:b] = v x[i?,:] = v x[:] *= v x[a:b,a:b] = v
x[i,i] = v x[tensor] += v x[...,a:b] = v x[i?,i] = v x[tensor,:] = v x[...,a:b:step] = v
x[ndarray] = v x[i,i,i?,i?] = v x[:,:,i] = v x[i,i?] = v x[i?,:,i?,:] = v x[i?,a:b,i] = v
x[:,:,:,i] /= v x[:,:,:,i] = v x[:,:,i?] = v x[:,:,i] += v x[:,:,tensor] /= v x[:,:,tensor] = v
x[a:b:step] = v x[i?,:,a:b] = v x[i?,:,list,:] = v x[i?,i,ndarray] = v x[i?,i?,a:b] = v
x[i?,i?] -= v x[tensor,tensor] = v x[...,a:b,:] = v x[...,i?,i?,:] = v x[...,i?] = v x[...,i] = v
x[:,:,:,mask] = v x[:,:,a:b] = v x[:,:,i?,:] = v x[:,:,i] *= v x[:,a:b] *= v x[:,i,i] = v
x[:,ndarray] = v x[:] += v x[:] -= v x[a:b,:] = v x[a:b,i?] = v x[a:b] += v x[i,:] = v
x[i,i,i?] = v x[i?,a:b,a:b] = v x[i?,a:b] += v x[i?,i?,:,:] = v x[i?,i?] += v x[i?,ndarray] = v
x[ndarray,tensor] = v x[tensor] -= v
"""


def indices(pattern: str) -> list[str]:
    """Index expressions for a pattern: each word's choices in turn, not all products of them."""
    words = [WORDS[w] for w in pattern[2 : pattern.index("]")].split(",")]
    longest = max(len(w) for w in words)
    turns = [[w[k % len(w)] for w in words] for k in range(longest)]
    return list(dict.fromkeys(",".join(t) for t in turns))


def reads() -> list[Case]:
    return [Case((p,), f"x = T(4, 4, 4, 4); x[{i}]") for p in READ.split() for i in indices(p)]


def writes() -> list[Case]:
    made = []
    for index, sign in re.findall(r"(x\[\S+\]) (\S*=) v", WRITE):
        name = (f"{index} {sign} v",)
        for i in indices(index):
            # Where an index occurs twice, which of several values stays is not said.
            value = "U()" if "I(" in i or "M(" in i or sign != "=" else f"T(*x[{i}].shape)"
            made += [
                Case(name, f"x = T(4, 4, 4, 4) * 1; x[{i}] {sign} {v}; x") for v in (value, "2")
            ]
    return made


def binary() -> list[Case]:
    made = []
    for sign in ("+", "-", "*", "/", "**", "%", "//"):
        both = ("U(2, 3)", "U(3)") if sign in ("/", "**", "%", "//") else ("T(2, 3)", "T(3)")
        order = 0 if sign in ("%", "//") else 2
        name = (f"x {sign} y",)
        made += [Case(name, f"{a} {sign} {b}", order) for a, b in itertools.product(both, both)]
        made += [Case(name, f"U(3) {sign} {n}", order) for n in ("2", "1.5")]
        made += [Case(name, f"{n} {sign} U(3)", order) for n in ("2", "1.5")]
        made += [Case(name, f"I(3, low=1) {sign} {n}", order) for n in ("2", "0.5", "I(3, low=1)")]
        made.append(Case(name, f"U(3) {sign} np.float64(2.0)", order))
        made.append(Case(name, f"torch.ones(2) {sign} 'a'", raises=True))
        made.append(Case(name, f"torch.ones(2) {sign} torch.ones(3)", raises=True))
        if sign not in ("%", "//"):
            made += [
                Case((f"x {sign}= v",), f"x = U(2, 3) * 1; y = x; x {sign}= {v}; [x, y is x]")
                for v in ("2", "U(3)", "U(2, 1)", "0.5")
            ]
            made.append(
                Case(
                    (f"x {sign}= v",), f"x = torch.ones(2); x {sign}= torch.ones(3, 2)", raises=True
                )
            )
    for sign in ("==", "!=", "<", ">", "<=", ">="):
        name = (f"x {sign} y",)
        made += [
            Case(name, code)
            for code in (
                f"I(6) {sign} I(6)",
                f"T(2, 3) {sign} T(3)",
                f"T(2, 3) {sign} 0",
                f"0.5 {sign} T(3)",
                f"I(3) {sign} 2.0",
                f"M(3) {sign} M(3)",
                f"torch.tensor([float('nan'), 1.0]) {sign} float('nan')",
            )
        ]
    made += [
        Case(("x == y",), "torch.ones(2) == None"),
        Case(("x != y",), "torch.ones(2) != 'a'"),
        Case(("x < y",), "torch.ones(2) < 'a'", raises=True),
    ]
    for sign in ("&", "|", "^"):
        made += [
            Case((f"x {sign} y",), code)
            for code in (
                f"M(5) {sign} M(5)",
                f"I(5) {sign} I(5)",
                f"I(5) {sign} 1",
                f"True {sign} M(3)",
            )
        ]
        made.append(Case((f"x {sign} y",), f"torch.ones(2) {sign} torch.ones(2)", raises=True))
        made.append(Case((f"x {sign}= v",), f"x = M(5); x {sign}= M(5); x"))
    made += [
        Case(("x @ y",), code)
        for code in (
            "T(2, 3) @ T(3, 2)",
            "T(3) @ T(3)",
            "T(4, 2, 3) @ T(3)",
            "T(2, 3) @ T(3, 2).T.T",
        )
    ]
    made.append(Case(("x @ y",), "torch.ones(2, 3) @ torch.ones(2, 3)", raises=True))
    made.append(Case(("x @ y",), "torch.ones(2, 3) @ 2", raises=True))
    return made


UNARY = [
    Case(("x - y",), "torch.ones(2) - True", raises=True),
    Case(("x - y",), "torch.ones(2).bool() - torch.ones(2).bool()", raises=True),
    Case(("x - y",), "True - torch.ones(2)", raises=True),
    *[Case((f"x {sign} y",), f"U(3) {sign} True") for sign in ("+", "*", "/", "**")],
    *[Case(("-x",), code) for code in ("-T(2, 3)", "-I(3)", "-T()")],
    Case(("-x",), "-M(2)", raises=True),
    *[Case(("~x",), code) for code in ("~M(4)", "~I(3)", "~(T(3) > 0)")],
    Case(("~x",), "~torch.ones(2)", raises=True),
    *[
        Case(("not x",), code)
        for code in ("not torch.tensor(1.0)", "not torch.tensor([0])", "not M(1)", "bool(T(1) > 9)")
    ],
    Case(("not x",), "not torch.ones(2)", raises=True),
    Case(("not x",), "not torch.ones(0)", raises=True),
    *[Case(("abs(tensor)",), code) for code in ("abs(T(3))", "abs(-I(3))")],
    *[Case(("len(tensor)",), code) for code in ("len(T(3, 2))", "len(torch.ones(0, 3))")],
    Case(("len(tensor)",), "len(torch.ones(()))", raises=True),
    *[
        Case(("int(tensor)", "float(tensor)"), code)
        for code in (
            "int(torch.tensor(3.7))",
            "int(torch.tensor([5]))",
            "float(torch.tensor(2))",
            "float(T(1).detach())",
            "[1, 2, 3][torch.tensor(1)]",
            "float(torch.tensor(True))",
            "'%d %.2f' % (torch.tensor(3), torch.tensor(1.5))",
            "f'{torch.tensor(1.25):.1f}'",
            "complex(torch.tensor(1.5))",
            "round(float(torch.tensor(2.345)), 2)",
        )
    ],
    Case(("float(tensor)",), "float(torch.ones(2))", raises=True),
    Case(("int(tensor)",), "int(torch.tensor(float('nan')))", raises=True),
    *[
        Case(("for row in tensor", "zip(tensor)", "enumerate(tensor)", "list(tensor)"), code)
        for code in (
            "[r * 2 for r in T(3, 2)]",
            "[a + b for a, b in zip(T(3), T(3))]",
            "[i * r for i, r in enumerate(T(3, 2))]",
            "list(T(3))",
            "a, b, c = T(3, 2); a * b + c",
            "[r for r in torch.ones(0, 2)]",
            "list(reversed(T(3, 2)))",
            "tuple(T(2).unbind())",
            "sum(T(3))",
        )
    ],
    Case(("for row in tensor",), "[r for r in torch.tensor(1.0)]", raises=True),
    *[Case(("max(tensor)",), code) for code in ("max(T(4))", "min(T(4))", "max(T(1)[0], T(1)[0])")],
    *[
        Case(("x in tensor",), code)
        for code in ("2 in torch.arange(3)", "5.5 in torch.arange(3)", "torch.tensor(1) in I(30)")
    ],
]

WRONG = [
    Case((p,), code, raises=True)
    for p, code in (
        ("x[i]", "torch.ones(3)[3]"),
        ("x[i]", "torch.ones(3)[-4]"),
        ("x[i]", "torch.ones(())[0]"),
        ("x[i,i]", "torch.ones(3)[0, 0]"),
        ("x[i?]", "torch.ones(3)[1.0]"),
        ("x[i?]", "torch.ones(3)['a']"),
        ("x[tensor]", "torch.ones(3)[torch.tensor([3])]"),
        ("x[tensor]", "torch.ones(3)[torch.tensor([0.5])]"),
        ("x[mask]", "torch.ones(3)[torch.ones(2, dtype=torch.bool)]"),
        ("x[a:b:step]", "torch.ones(3)[::0]"),
        ("x[a:b:step]", "torch.ones(3)[0:2:'a']"),
        ("x[tensor,tensor]", "torch.ones(3, 3)[torch.tensor([0, 1]), torch.tensor([0, 1, 2])]"),
        ("x[i] = v", "x = torch.ones(3, 2); x[0] = torch.ones(3); x"),
        ("x[mask] = v", "x = torch.ones(3); x[x > 0] = torch.ones(2); x"),
        ("x[a:b] = v", "x = torch.ones(3); x[0:2] = torch.ones(3); x"),
        ("x[tensor] = v", "x = torch.ones(3); x[torch.tensor([5])] = 1; x"),
        ("x[i] = v", "x = torch.ones(3); x[5] = 1; x"),
        ("x[i] = v", "x = torch.ones(3); x[0] = 'a'; x"),
        ("x[i] = v", "x = torch.ones(2, requires_grad=True); x[0] = 1; x"),
    )
]
CASES = [*reads(), *writes(), *binary(), *UNARY, *WRONG]
