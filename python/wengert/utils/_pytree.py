"""Nested tuples, lists and dictionaries as a flat list of what they hold, and back."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "TreeSpec",
    "tree_all",
    "tree_any",
    "tree_flatten",
    "tree_leaves",
    "tree_map",
    "tree_map_only",
    "tree_structure",
    "tree_unflatten",
]


class TreeSpec:
    """The structure of a tree without its leaves."""

    def __init__(self, kind: Any, context: Any, children: list[TreeSpec]) -> None:
        self.type = kind  # None: a leaf
        self.context = context
        self.children_specs = children
        self.num_leaves: int = sum(c.num_leaves for c in children) if kind else 1

    def is_leaf(self) -> bool:
        return self.type is None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TreeSpec)
            and self.type is other.type
            and self.context == other.context
            and self.children_specs == other.children_specs
        )

    def __hash__(self) -> int:
        return hash((self.type, self.num_leaves))

    def __repr__(self) -> str:
        if self.is_leaf():
            return "*"
        inner = ", ".join(map(repr, self.children_specs))
        return f"TreeSpec({self.type.__name__}, {self.context}, [{inner}])"


def _is_namedtuple(kind: type) -> bool:
    return issubclass(kind, tuple) and (hasattr(kind, "_fields") or hasattr(kind, "n_fields"))


def _children(tree: Any) -> tuple[Any, Any, list[Any]] | None:
    """Type, context and children of a node; None for a leaf."""
    kind = type(tree)
    if kind in (tuple, list):
        return kind, None, list(tree)
    if kind in (dict, OrderedDict):
        return kind, list(tree), list(tree.values())
    if kind is defaultdict:
        return kind, [tree.default_factory, list(tree)], list(tree.values())
    if _is_namedtuple(kind):
        return kind, None, list(tree)
    return None


def tree_flatten(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[Any], TreeSpec]:
    """The leaves from left to right, and the structure that `tree_unflatten` takes.

    Tuples, named tuples, lists and dictionaries (in the order of their entries) are nodes;
    everything else, ``None`` too, is a leaf, and so is what ``is_leaf`` says.
    """
    node = None if is_leaf is not None and is_leaf(tree) else _children(tree)
    if node is None:
        return [tree], TreeSpec(None, None, [])
    kind, context, children = node
    leaves: list[Any] = []
    specs = []
    for child in children:
        more, spec = tree_flatten(child, is_leaf)
        leaves += more
        specs.append(spec)
    return leaves, TreeSpec(kind, context, specs)


def tree_unflatten(leaves: Any, treespec: TreeSpec) -> Any:
    """The tree of that structure with these leaves."""
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(
            f"tree_unflatten: the structure has {treespec.num_leaves} leaves, but {len(leaves)} "
            "were given"
        )
    if treespec.is_leaf():
        return leaves[0]
    at = 0
    children = []
    for spec in treespec.children_specs:
        children.append(tree_unflatten(leaves[at : at + spec.num_leaves], spec))
        at += spec.num_leaves
    kind, context = treespec.type, treespec.context
    if kind in (dict, OrderedDict):
        return kind(zip(context, children, strict=True))
    if kind is defaultdict:
        return defaultdict(context[0], zip(context[1], children, strict=True))
    return kind(*children) if hasattr(kind, "_fields") else kind(children)


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of a tree from left to right."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """The structure of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(
    func: Callable[..., Any],
    tree: Any,
    *rests: Any,
    is_leaf: Callable[[Any], bool] | None = None,
) -> Any:
    """``func`` of each leaf, and of the leaves in the same places of further trees."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = []
    for rest in rests:
        more, other = tree_flatten(rest, is_leaf)
        if other != spec:
            raise ValueError(f"tree_map: expected trees of one structure, got {spec} and {other}")
        others.append(more)
    return tree_unflatten(map(func, leaves, *others), spec)


def tree_map_only(
    kind: Any,
    func: Callable[[Any], Any],
    tree: Any,
    is_leaf: Callable[[Any], bool] | None = None,
) -> Any:
    """``func`` of each leaf of a type; the others stay."""
    return tree_map(lambda x: func(x) if isinstance(x, kind) else x, tree, is_leaf=is_leaf)


def tree_all(
    pred: Callable[[Any], bool], tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> bool:
    """Whether a predicate holds for every leaf."""
    return all(map(pred, tree_leaves(tree, is_leaf)))


def tree_any(
    pred: Callable[[Any], bool], tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> bool:
    """Whether a predicate holds for some leaf."""
    return any(map(pred, tree_leaves(tree, is_leaf)))
