"""Operations written by users in Python."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps

from .. import _core
from .._legacy_methods import strided
from .._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._mapped import Mapping

__all__ = [
    "Function",
    "FunctionCtx",
    "InplaceFunction",
    "once_differentiable",
]


def _check_savable(op: str, tensors: tuple[Any, ...]) -> None:
    for t in tensors:
        if t is not None and not isinstance(t, Tensor):
            raise TypeError(
                f"{op}: expected Tensors or None, but got {type(t).__name__}; set other values as "
                "attributes of ctx"
            )


def _check_marked(op: str, tensors: tuple[Any, ...]) -> None:
    for t in tensors:
        if not isinstance(t, Tensor):
            raise RuntimeError(f"{op}: expected Tensors, but got {type(t).__name__}")


class FunctionCtx:
    """What forward tells backward. Attributes may be set freely."""

    _to_save: tuple[Tensor | None, ...] = ()
    _saved: tuple[Tensor | None, ...] | None = None
    _non_differentiable: tuple[Tensor, ...] = ()
    _dirty: tuple[Tensor, ...] = ()
    _materialize = True
    needs_input_grad: tuple[bool, ...] = ()
    saved_for_forward: tuple[Tensor | None, ...] = ()
    _node: bool  # there is one

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps inputs, outputs or other tensors; backward finds them in saved_tensors."""
        _check_savable("save_for_backward", tensors)
        self._to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for jvp, which finds them in saved_tensors."""
        _check_savable("save_for_forward", tensors)
        self.saved_for_forward = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Declares outputs that carry no gradient."""
        _check_marked("mark_non_differentiable", tensors)
        self._non_differentiable = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Declares inputs that forward has changed in place; they must be returned."""
        _check_marked("mark_dirty", tensors)
        self._dirty = tensors

    def mark_shared_storage(self, *pairs: tuple[Tensor, Tensor]) -> None:
        """Without effect: what shares memory is known."""
        warnings.warn("mark_shared_storage: not needed; leave it out", FutureWarning, stacklevel=2)

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a missing gradient of an output is given to backward as zeros (the default)."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors given to save_for_backward; valid inside backward."""
        if self._saved is None:
            node = getattr(self, "_node", None)
            if node is None:
                return self._to_save
            raise RuntimeError(
                "saved_tensors: the saved tensors are available inside backward only"
            )
        return self._saved

    def _run_backward(self, gradients: tuple[Any, ...], saved: tuple[Any, ...]) -> tuple[Any, ...]:
        if self._sparse_saved:
            saved = tuple(self._sparse_saved.get(i, t) for i, t in enumerate(saved))
        name = self._function.__name__ + "Backward"
        arrived = iter(gradients)
        arguments = []
        for meta in self._output_meta:
            g = None if meta is None else next(arrived)
            if g is None and meta is not None and self._materialize:
                g = _core.ops.zeros(meta[0], dtype=meta[1])
            arguments.append(g)
        self._saved = saved
        try:
            result = self._function._rule()(self, *arguments)
        finally:
            self._saved = None
        if not isinstance(result, tuple):
            result = (result,)
        # Nones beyond the arguments may be there, and arguments that are no tensors have none.
        n = len(self._is_tensor)
        if len(result) > n and all(r is None for r in result[n:]):
            result = result[:n]
        if len(result) != n:
            raise RuntimeError(
                f"{name}: backward returned {len(result)} gradients, but forward had {n} arguments"
            )
        for i, (g, is_tensor) in enumerate(zip(result, self._is_tensor)):
            if g is not None and not isinstance(g, Tensor):
                raise RuntimeError(
                    f"{name}: expected a Tensor or None as gradient {i}, but got {type(g).__name__}"
                )
            if g is not None and not is_tensor:
                raise RuntimeError(
                    f"{name}: backward returned a gradient for argument {i}, which is no tensor; "
                    "return None"
                )
        result = tuple(g for g, is_tensor in zip(result, self._is_tensor) if is_tensor)
        if self._sparse_inputs is not None:
            from ..sparse._autograd import masked

            result = tuple(map(masked, self._sparse_inputs, result))
        return result

    _function: type[Function]
    _output_meta: tuple[tuple[Any, Any] | None, ...] = ()
    _is_tensor: tuple[bool, ...] = ()
    # Of sparse tensors the graph sees the values only.
    _sparse_inputs: list[Any] | None = None
    _sparse_saved: dict[int, Any] | None = None


class Function:
    """Base class of operations with a gradient of their own.

    A subclass defines static methods ``forward(ctx, *args)`` (or ``forward(*args)`` with
    ``setup_context(ctx, inputs, output)``) and ``backward(ctx, *gradients)``, which returns one
    gradient, or None, per argument of forward. Call it as ``Subclass.apply(*args)``.
    """

    # Whether vmap may run forward and backward as they are.
    generate_vmap_rule = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self).__name__}: do not make objects of a Function; call its apply",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            f"{type(self).__name__}: objects of a Function cannot be called; make forward and "
            "backward static methods and call apply"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Function: define a static method forward(ctx, *args)")

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> None:
        raise NotImplementedError(
            "Function: define a static method setup_context(ctx, inputs, output)"
        )

    @staticmethod
    def backward(ctx: FunctionCtx, *grad_outputs: Any) -> Any:
        raise NotImplementedError("Function: define a static method backward(ctx, *grad_outputs)")

    vjp = backward

    @staticmethod
    def jvp(ctx: FunctionCtx, *grad_inputs: Any) -> Any:
        raise NotImplementedError(
            "Function: forward mode needs a static method jvp(ctx, *grad_inputs)"
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        raise NotImplementedError(
            "Function: vmap needs a static method vmap(info, in_dims, *args), or "
            "generate_vmap_rule=True"
        )

    @classmethod
    def _rule(cls) -> Callable[..., Any]:
        """backward, or vjp, which is another name for it."""
        if cls.vjp is Function.vjp:
            return cls.backward
        if cls.backward is not Function.backward:
            raise RuntimeError(f"{cls.__name__}: define backward or vjp, not both")
        return cls.vjp

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Runs forward without recording, and records the call as one node."""
        split = cls.setup_context is not Function.setup_context
        ctx = FunctionCtx()
        if split or kwargs:
            import inspect  # slow to load, and seldom needed

            first = () if split else (ctx,)
            bound = inspect.signature(cls.forward).bind(*first, *args, **kwargs)
            if split:
                bound.apply_defaults()
            args, kwargs = bound.args[len(first) :], bound.kwargs
        ctx._function = cls
        ctx._is_tensor = tuple(isinstance(a, Tensor) for a in args)
        levels: list[int] = []
        mapping = None
        if _core._is_transforming():
            levels, tangents, args, mapping = _enter_transforms(cls, args)
        inputs = [a for a in args if isinstance(a, Tensor)]
        # In vmap, what is not of this level is differentiated outside.
        outer = args if mapping is None else mapping.values
        ctx.needs_input_grad = tuple(
            isinstance(a, Tensor) and a.requires_grad and (mapping is None or a is not o)
            for a, o in zip(args, outer)
        )
        recording = _core.is_grad_enabled() and any(ctx.needs_input_grad)
        known = None
        if mapping is not None:
            known = mapping.apply_rule(cls) if cls.vmap is not Function.vmap else None
            if mapping.differentiated and known is None:
                known = mapping.apply(cls)
            if known is not None and not recording and not levels:
                return known
        if split:
            output: Any = known
            if known is None:
                output = _core._call_with_grad(False, cls.forward, *args, **kwargs)
            _core._call_with_grad(False, cls.setup_context, ctx, args, output)
        else:
            output = _core._call_with_grad(False, cls.forward, ctx, *args, **kwargs)
        if known is not None and not split:
            output = _in_place_of(ctx, output, known)
        single = not isinstance(output, tuple)
        outputs = [output] if single else list(output)
        _finish_dirty(ctx, inputs, outputs)
        _separate_outputs(ctx, inputs, outputs)
        if recording:
            tensors = [t for t in outputs if isinstance(t, Tensor)]
            ctx._output_meta = tuple(
                (t.shape, t.dtype) if isinstance(t, Tensor) else None for t in outputs
            )
            blocked = {id(t) for t in ctx._non_differentiable}
            differentiable = [id(t) not in blocked for t in tensors]
            saved = ctx._to_save
            ctx._to_save = ()
            ctx._node = True
            if any(t.layout is not strided for t in inputs):
                from ..sparse._autograd import values_of

                ctx._sparse_inputs, inputs = inputs, values_of(inputs)
            if any(t is not None and t.layout is not strided for t in saved):
                ctx._sparse_saved = {
                    i: t for i, t in enumerate(saved) if t is not None and t.layout is not strided
                }
                saved = tuple(None if i in ctx._sparse_saved else t for i, t in enumerate(saved))
            name = cls.__name__ + "Backward"
            _core._record_custom(ctx, name, inputs, tensors, differentiable, saved)
        for level in levels:
            _carry_tangents(ctx, level, [t.get(level) for t in tangents], outputs)
            for a, found in zip(args, tangents):  # what backward reads, at this level
                if level in found:
                    _core._give_tangent(a, level, found[level])
        return outputs[0] if single else tuple(outputs)


def _enter_transforms(
    cls: type[Function], args: tuple[Any, ...]
) -> tuple[list[int], list[dict[int, Tensor]], tuple[Any, ...], Mapping | None]:
    """The levels of forward mode at which arguments have tangents, outermost first; these tangents;
    the arguments without them; and the vmap around. Levels outside of that vmap are not counted:
    the examples have their tangents."""
    from ._mapped import mapping_of

    mapping = mapping_of(cls, args)
    around = 0 if mapping is None else mapping.level
    tangents = [
        {level: t for level, t in _core._tangents_of(a) if level > around}
        if isinstance(a, Tensor)
        else {}
        for a in args
    ]
    plain = list(args)
    for i, found in enumerate(tangents):
        for level in found:
            plain[i] = _core._without_tangent(plain[i], level)
    if mapping is not None and any(tangents):
        mapping = mapping_of(cls, tuple(plain))
    return sorted(set().union(*tangents)), tangents, tuple(plain), mapping


def _in_place_of(ctx: FunctionCtx, output: Any, known: Any) -> Any:
    """``known`` for ``output``, also where that is saved or marked."""
    pairs = zip(output, known) if isinstance(output, tuple) else [(output, known)]
    other = {id(o): k for o, k in pairs}
    ctx._to_save = tuple(other.get(id(t), t) for t in ctx._to_save)
    ctx.saved_for_forward = tuple(other.get(id(t), t) for t in ctx.saved_for_forward)
    ctx._non_differentiable = tuple(other.get(id(t), t) for t in ctx._non_differentiable)
    return known


def _carry_tangents(
    ctx: FunctionCtx, level: int, tangents: list[Tensor | None], outputs: list[Any]
) -> None:
    cls = ctx._function
    if ctx._dirty:
        raise NotImplementedError(
            f"{cls.__name__}: forward mode of a Function that changes its inputs in place"
        )
    ctx._saved, before = ctx.saved_for_forward, ctx._saved
    try:
        results = cls.jvp(ctx, *tangents)
    finally:
        ctx._saved = before
    results = results if isinstance(results, tuple) else (results,)
    if len(results) != len(outputs):
        raise RuntimeError(
            f"{cls.__name__}: jvp returned {len(results)} tangents for {len(outputs)} outputs"
        )
    for output, tangent in zip(outputs, results):
        if isinstance(output, Tensor) and tangent is not None:
            _core._give_tangent(output, level, tangent)


def _finish_dirty(ctx: FunctionCtx, inputs: list[Tensor], outputs: list[Any]) -> None:
    """Counts the changes in place that were declared."""
    for t in ctx._dirty:
        if any(t is x for x in inputs) and not any(t is o for o in outputs):
            raise RuntimeError(
                f"{ctx._function.__name__}: an input that was marked as dirty must be returned"
            )
        _core._mark_dirty(t)


def _separate_outputs(ctx: FunctionCtx, inputs: list[Tensor], outputs: list[Any]) -> None:
    """Makes every output a tensor of its own: not an input, unless it was changed, nor a view."""
    dirty = {id(t) for t in ctx._dirty}
    for i, t in enumerate(outputs):
        if not isinstance(t, Tensor):
            continue
        is_input = any(t is x for x in inputs)
        if is_input and id(t) in dirty:
            continue
        if is_input or t._is_view() or t.requires_grad:
            alias = t.detach()
            if not is_input:
                ctx._to_save = tuple(alias if s is t else s for s in ctx._to_save)
            ctx._non_differentiable = tuple(alias if s is t else s for s in ctx._non_differentiable)
            outputs[i] = alias
            if any(ctx.needs_input_grad) and _core.is_grad_enabled():
                _core._forbid_in_place(alias)


class InplaceFunction(Function):
    """The old base class of functions with an option to work in place."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Declares that a backward cannot be differentiated: doing so is an error, not a wrong
    result."""

    @wraps(fn)
    def wrapped(ctx: FunctionCtx, *gradients: Any) -> Any:
        result = _core._call_with_grad(False, fn, ctx, *gradients)
        if not _core.is_grad_enabled() or not any(
            isinstance(g, Tensor) and g.requires_grad for g in gradients
        ):
            return result
        single = not isinstance(result, (tuple, list))
        results = [result] if single else list(result)
        marked = tuple(
            _NotTwice.apply(r, *gradients) if isinstance(r, Tensor) else r for r in results
        )
        return marked[0] if single else marked

    return wrapped


class _NotTwice(Function):
    @staticmethod
    def forward(ctx: FunctionCtx, result: Tensor, *gradients: Any) -> Tensor:
        return result.clone()

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Any) -> Any:
        raise RuntimeError(
            "once_differentiable: this backward was declared not to be differentiable, "
            "but a second derivative was asked for"
        )
