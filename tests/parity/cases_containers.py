"""Modules that hold modules or parameters, by every method."""

from harness import Case

# What a sequence of modules is after a change.
SHOW = "[repr(x) for x in m], list(m.state_dict()), len(m)"
THREE = "nn.{kind}({open}nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1){close})"


def sequence(kind: str) -> str:
    a, b = ("[", "]") if kind == "ModuleList" else ("", "")
    return "m = " + THREE.format(kind=kind, open=a, close=b) + "\n"


CASES = []
for kind in ("Sequential", "ModuleList"):
    name, make = f"torch.nn.{kind}", sequence(kind)
    for change in (
        "m.append(nn.ReLU())",
        "m.extend([nn.ReLU(), nn.Sigmoid()])",
        "m.insert(1, nn.ReLU())",
        "m.insert(-1, nn.ReLU())",
        "m.insert(3, nn.ReLU())",
        "m[1] = nn.ReLU()",
        "m[-1] = nn.ReLU()",
        "del m[0]",
        "del m[-2]",
        "del m[1:]",
        "del m[::2]",
        "del m[:]",
        "m.pop(0)",
        "m.pop(-1)",
        "m += " + ("nn.Sequential(nn.ReLU())" if kind == "Sequential" else "[nn.ReLU()]"),
        "m = m + " + ("nn.Sequential(nn.ReLU())" if kind == "Sequential" else "[nn.ReLU()]"),
        "m = m[1:]",
        "m = m[::2]",
        "m = m[-1:5]",
    ):
        # PyTorch's list takes no negative position here.
        if kind == "Sequential" or change != "m.insert(-1, nn.ReLU())":
            CASES.append(Case(name, f"{make}{change}\n{SHOW}"))
    for value in (
        "type(m.append(nn.ReLU())).__name__",
        "type(m.insert(0, nn.ReLU())).__name__",
        "type(m.extend([nn.ReLU()])).__name__",
        "repr(m[1]), repr(m[-1]), repr(m.pop(1))",
        "nn.Tanh() in m, m[0] in m",
        "[n for n, _ in m.named_children()], [n for n, _ in m.named_parameters()]",
        "repr(m)",
    ):
        CASES.append(Case(name, make + value))
    for wrong in (
        "m[3]",
        "m[-4]",
        "m[5] = nn.ReLU()",
        "m['0']",
        "m[0.5]",
        "m.insert(5, nn.ReLU())",
        "m.insert(0, 1)",
        "m.append(1)",
        "m.extend(3)",
        "m.extend([1])",
        "m.pop(7)",
        "m + 1",
        "m.__iadd__(1)",
        "m[0] = 1",
        "del m[9]",
    ):
        # PyTorch's list takes whatever is inserted wherever.
        if kind == "Sequential" or "insert" not in wrong:
            CASES.append(Case(name, make + wrong, raises=True))
name = "torch.nn.Sequential"
CASES += [
    Case(name, "fill(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)))(T(4, 2))"),
    Case(
        name,
        "from collections import OrderedDict\n"
        "m = fill(nn.Sequential(OrderedDict([('a', nn.Linear(2, 3)), ('b', nn.Tanh())])))\n"
        "m(T(4, 2)), m.a is m[0], repr(m[:1])",
    ),
    Case(name, "m = fill(nn.Sequential())\nm(T(2))"),
    Case(name, "m = nn.Sequential(nn.Linear(2, 2), nn.Tanh())\nlen(m * 2), len(3 * m)"),
    Case(
        name,
        "m = nn.Sequential(nn.Linear(2, 2))\nm *= 3\nlen(m), m[0] is m[2], list(m.state_dict())",
    ),
    Case(name, "nn.Sequential(nn.Tanh()) * 0", raises=True),
    Case(name, "nn.Sequential(nn.Tanh()) * 1.5", raises=True),
    Case(name, "nn.Sequential(nn.Tanh()).__imul__(0)", raises=True),
    Case(name, "nn.Sequential(nn.Tanh(), 3)", raises=True),
    Case(name, "nn.Sequential(nn.Tanh(), nn.ReLU())(1, 2)", raises=True),
    Case("torch.nn.ModuleList", "repr(nn.ModuleList([nn.Tanh(), nn.Tanh(), nn.ReLU()]))"),
    Case("torch.nn.ModuleList", "repr(nn.ModuleList(nn.Linear(2, 2) for _ in range(12)))"),
    Case("torch.nn.ModuleList", "repr(nn.ModuleList()), len(nn.ModuleList())"),
    Case("torch.nn.ModuleList", "repr(nn.ModuleList([nn.ModuleList([nn.Tanh()] * 2), nn.ReLU()]))"),
    Case("torch.nn.ModuleList", "nn.ModuleList([nn.Tanh()])(T(2))", raises=True),
]

# ---- dicts of modules
name = "torch.nn.ModuleDict"
make = "m = nn.ModuleDict({'b': nn.Linear(2, 3), 'a': nn.Tanh()})\n"
for value in (
    "list(m), list(m.keys()), [repr(v) for v in m.values()], [k for k, _ in m.items()], len(m)",
    "'a' in m, 'c' in m, repr(m['b']), repr(m.a), repr(m)",
    "m['c'] = nn.ReLU()\nlist(m), list(m.state_dict())",
    "m['b'] = nn.ReLU()\nlist(m), [repr(v) for v in m.values()]",
    "del m['b']\nlist(m)",
    "repr(m.pop('b')), list(m)",
    "m.clear()\nlen(m), repr(m)",
    "m.update({'z': nn.ReLU(), 'c': nn.Tanh()})\nlist(m)",
    "m.update([('z', nn.ReLU()), ['c', nn.Tanh()]])\nlist(m)",
    "m.update(nn.ModuleDict({'z': nn.ReLU()}))\nlist(m)",
    "list(nn.ModuleDict([('x', nn.Tanh())])), list(nn.ModuleDict())",
    "fill(m)['b'](T(4, 2))",
):
    CASES.append(Case(name, make + value))
for wrong in (
    "m['c']",
    "del m['c']",
    "m.pop('c')",
    "m['c'] = 1",
    "m[1] = nn.Tanh()",
    "m['x.y'] = nn.Tanh()",
    "m[''] = nn.Tanh()",
    "m['training'] = nn.Tanh()",
    "m.update(3)",
    "m.update([1])",
    "m.update([('a', nn.Tanh(), 1)])",
    "m(T(2))",
):
    CASES.append(Case(name, make + wrong, raises=True))

# ---- lists of parameters
name = "torch.nn.ParameterList"
make = "m = nn.ParameterList([C(2), nn.Parameter(C(3)), 'text'])\n"
SHOW = "[type(x).__name__ for x in m], list(m.state_dict()), len(m)"
for change in (
    "",
    "m.append(C(2, 2))",
    "m.extend([C(1), 5])",
    "m += [C(1)]",
    "m[0] = C(4)",
    "m[-1] = C(4)",
    "m[1] = nn.Parameter(C(4))",
    "m = m[1:]",
    "m = m[::-2]",
    "m = nn.ParameterList()",
    "m = nn.ParameterList(nn.ParameterList([C(2)]))",
):
    CASES.append(Case(name, f"{make}{change}\n{SHOW}"))
for value in (
    "type(m.append(C(1))).__name__, type(m.extend([])).__name__",
    "m[0], m[-2], m[-1]",
    "[n for n, _ in m.named_parameters()]",
    "repr(nn.ParameterList())",
    "repr(nn.ParameterList([1, 'a', None]))",
):
    CASES.append(Case(name, make + value))
for wrong in (
    "m[3]",
    "m[-4]",
    "m[5] = C(1)",
    "m['a']",
    "m.extend(C(2))",
    "m.extend(3)",
    "m.__iadd__(3)",
    "m(1)",
    "m()",
    "nn.ParameterList(3)",
):
    CASES.append(Case(name, make + wrong, raises=True))

# ---- dicts of parameters
name = "torch.nn.ParameterDict"
make = "m = nn.ParameterDict({'b': C(2), 'a': nn.Parameter(C(3)), 'c': 'text'})\n"
SHOW = "[(k, type(v).__name__) for k, v in m.items()], list(m.state_dict()), len(m)"
for change in (
    "",
    "m['d'] = C(2, 2)",
    "m['a'] = C(2, 2)",
    "m['c'] = C(1)",
    "del m['b']",
    "m.pop('b')",
    "m.popitem()",
    "m.clear()",
    "m.update({'z': C(1), 'y': C(2)})",
    "m.update([('z', C(1)), ['y', C(2)]])",
    "m.update(nn.ParameterDict({'z': C(1)}))",
    "from collections import OrderedDict\nm.update(OrderedDict(z=C(1), y=2))",
    "m.setdefault('b', 3)",
    "m.setdefault('d', C(1))",
    "m.setdefault('d')",
    "m = m.copy()",
    "m = m.fromkeys(['x', 'y'], 3)",
    "m = m.fromkeys(['x', 'y'])",
    "m = m | nn.ParameterDict({'z': C(1), 'a': C(7)})",
    "m |= nn.ParameterDict({'z': C(1), 'a': C(7)})",
    "m |= {'z': C(1), 'a': C(7)}",
    "m = m.__ror__(nn.ParameterDict({'z': C(1), 'a': C(7)}))",
    "m = nn.ParameterDict()",
    "m = nn.ParameterDict([('x', C(1))])",
):
    CASES.append(Case(name, f"{make}{change}\n{SHOW}"))
for value in (
    "m['a'], m.a is m['a'], m['c']",
    "list(m), list(m.keys()), list(reversed(m)), len(list(m.values()))",
    "'a' in m, 'z' in m, m.get('z'), m.get('z', 4), m.get('c', 4)",
    "m.pop('c'), m.popitem()[0], len(m)",
    "m.setdefault('c', 1), m.setdefault('q', 1)",
    "m.copy()['a'] is m['a'], type(m.copy()).__name__",
    "repr(nn.ParameterDict({'x': 1, 'y': 'z'})), repr(nn.ParameterDict())",
):
    CASES.append(Case(name, make + value))
for wrong in (
    "m['z']",
    "del m['z']",
    "m.pop('z')",
    "nn.ParameterDict().popitem()",
    "m[1] = C(1)",
    "m[1]",
    "m.update(3)",
    "m.update([1])",
    "m.update([('a', C(1), 1)])",
    "m(1)",
):
    CASES.append(Case(name, make + wrong, raises=True))
