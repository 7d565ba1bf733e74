"""Operations written by users in Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from .. import _core
from .._grad_modes import no_grad
from .._legacy_methods import strided
from .._tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FunctionCtx:
    """What forward tells backward. Attributes may be set freely."""

    _to_save: tuple[Tensor | None, ...] = ()
    _saved: tuple[Tensor | None, ...] | None = None
    _non_differentiable: tuple[Tensor, ...] = ()
    _dirty: tuple[Tensor, ...] = ()
    _materialize = True
    needs_input_grad: tuple[bool, ...] = ()
    _node: bool  # there is one

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps inputs, outputs or other tensors; backward finds them in saved_tensors."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward: expected Tensors or None, but got {type(t).__name__}; "
                    "set other values as attributes of ctx"
                )
        self._to_save = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Declares outputs that carry no gradient."""
        self._non_differentiable = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Declares inputs that forward has changed in place; they must be returned."""
        self._dirty = tensors

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
        self._saved = saved
        try:
            if self._materialize:
                gradients = tuple(
                    _core.ops.zeros(shape, dtype=dtype) if g is None else g
                    for g, (shape, dtype) in zip(gradients, self._output_meta)
                )
            result = self._function.backward(self, *gradients)
        finally:
            self._saved = None
        if not isinstance(result, tuple):
            result = tuple(result) if isinstance(result, list) else (result,)
        # Trailing Nones may be left out, and arguments that are no tensors have no gradient.
        n = len(self._is_tensor)
        if len(result) > n and all(r is None for r in result[n:]):
            result = result[:n]
        if len(result) != n:
            raise RuntimeError(
                f"{self._function.__name__}: backward returned {len(result)} gradients, "
                f"but forward had {n} arguments"
            )
        result = tuple(g for g, is_tensor in zip(result, self._is_tensor) if is_tensor)
        if self._sparse_inputs is not None:
            from ..sparse._autograd import masked

            result = tuple(map(masked, self._sparse_inputs, result))
        return result

    _function: type[Function]
    _output_meta: tuple[tuple[Any, Any], ...] = ()
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

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Function: define a static method forward(ctx, *args)")

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> None:
        raise NotImplementedError(
            "Function: define a static method setup_context(ctx, inputs, output)"
        )

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Any) -> Any:
        raise NotImplementedError("Function: define a static method backward(ctx, *gradients)")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Runs forward without recording, and records the call as one node."""
        ctx = FunctionCtx()
        ctx._function = cls
        ctx._is_tensor = tuple(isinstance(a, Tensor) for a in args)
        inputs = [a for a in args if isinstance(a, Tensor)]
        recording = _core.is_grad_enabled() and any(t.requires_grad for t in inputs)
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args)
        single = not isinstance(output, (tuple, list))
        outputs = [output] if single else list(output)
        if not recording:
            return output
        dirty = {id(t) for t in ctx._dirty}
        for i, t in enumerate(outputs):
            if not isinstance(t, Tensor) or id(t) in dirty:
                continue
            # An output must be a tensor of its own: not an input, nor a view of one.
            if any(t is x for x in inputs) or t._is_view() or t.requires_grad:
                alias = t.detach() if not t._is_view() else t.view(t.shape).detach()
                ctx._to_save = (
                    tuple(alias if s is t else s for s in ctx._to_save)
                    if any(t is not x for x in inputs)
                    else ctx._to_save
                )
                outputs[i] = alias
        tensors = [t for t in outputs if isinstance(t, Tensor)]
        ctx._output_meta = tuple((t.shape, t.dtype) for t in tensors)
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
        _core._record_custom(ctx, cls.__name__ + "Backward", inputs, tensors, differentiable, saved)
        return outputs[0] if single else tuple(outputs)


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declares that a backward cannot be differentiated: doing so is an error, not a wrong
    result."""

    @wraps(function)
    def wrapped(ctx: FunctionCtx, *gradients: Any) -> Any:
        with no_grad():
            result = function(ctx, *gradients)
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
