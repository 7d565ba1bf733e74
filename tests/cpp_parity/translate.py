"""Python's expressions of models in C++: nn.Conv2d(4, 6, 3, groups=2) becomes
nn::Conv2d(4, 6, 3, {.groups = 2}).

Modules inside of a call become nn::make<nn::Name>(...), keywords the options of a struct (in their
order, which must be that of the struct), tuples and lists braced lists.
"""

from __future__ import annotations

import ast

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict")


def to_cpp(expression: str) -> str:
    return _Translator().text(ast.parse(expression, mode="eval").body, False)


def _dotted(node: ast.expr) -> str:
    return ast.unparse(node).replace(".", "::")


class _Translator:
    def text(self, node: ast.expr, inside: bool) -> str:
        if isinstance(node, ast.Constant):
            return self.constant(node.value)
        if isinstance(node, (ast.Tuple, ast.List)):
            return "{" + ", ".join(self.text(e, inside) for e in node.elts) + "}"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return "-" + self.text(node.operand, inside)
        if isinstance(node, ast.Call):
            return self.call(node, inside)
        if isinstance(node, ast.Attribute):
            return _dotted(node).removeprefix("wg::")
        if isinstance(node, ast.Name):
            return node.id
        raise NotImplementedError(f"no C++ for {ast.unparse(node)}; give the row's cpp")

    def constant(self, value: object) -> str:
        if value is None:
            return "std::nullopt"
        if isinstance(value, bool):
            return str(value).lower()
        return f'"{value}"' if isinstance(value, str) else repr(value)

    def call(self, node: ast.Call, inside: bool) -> str:
        name = _dotted(node.func)
        is_module = name.startswith("nn::") and name[4:5].isupper()
        arguments = [self.text(a, True) for a in node.args]
        if node.keywords:
            options = ", ".join(f".{k.arg} = {self.text(k.value, True)}" for k in node.keywords)
            named = f"{name}Options" if inside else ""
            arguments.append(f"{named}{{{options}}}")
        listed = ", ".join(arguments)
        if not is_module:
            return f"{name.removeprefix('wg::')}({listed})"
        if name[4:] in CONTAINERS:
            modules = f"std::initializer_list<nn::ModulePtr>{{{listed}}}"
            return f"nn::make<{name}>({modules})" if inside else f"{name}{{{listed}}}"
        return f"nn::make<{name}>({listed})" if inside else f"{name}({listed})"
