"""Functions written by users inside of vmap.

Inside, such a function sees one example; from outside it is one function of all of them, with a
gradient and tangents of its own, which are computed inside of a vmap again.
"""

from __future__ import annotations

from .. import _core
from .._tensor import Tensor
from .function import Function, FunctionCtx

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NamedTuple

    class VmapInfo(NamedTuple):
        batch_size: int
        randomness: str
else:
    from collections import namedtuple

    VmapInfo = namedtuple("VmapInfo", ("batch_size", "randomness"))
    VmapInfo.__doc__ = "What a Function's rule for vmap is told."

__all__ = ["Mapping", "VmapInfo", "mapping_of"]


class Mapping:
    """The innermost vmap in which arguments of a Function are batched, and these below it."""

    def __init__(self, found: tuple[Any, ...], args: tuple[Any, ...]) -> None:
        self.level, self.size, self.randomness, values, batched, self.differentiated = found
        below = iter(zip(values, batched))
        pairs = [next(below) if isinstance(a, Tensor) else (a, False) for a in args]
        self.values = tuple(v for v, _ in pairs)
        self.batched = tuple(b for _, b in pairs)

    def one_of(self, examples: Any) -> Any:
        return (
            _core._one_of_examples(self.level, examples)
            if isinstance(examples, Tensor)
            else examples
        )

    def apply(self, cls: type[Function]) -> Any:
        """The outputs for one example, which are differentiable outside of the vmap."""
        outputs = _ForAll.apply(cls, self.size, self.randomness, self.batched, *self.values)
        return _each(self.one_of, outputs)

    def apply_rule(self, cls: type[Function]) -> Any:
        """The outputs for one example by the Function's own rule for vmap."""
        in_dims = tuple(0 if b else None for b in self.batched)
        result = cls.vmap(VmapInfo(self.size, self.randomness), in_dims, *self.values)
        if not isinstance(result, tuple) or len(result) != 2:
            raise RuntimeError(f"{cls.__name__}: vmap must return a pair (output, out_dims)")
        outputs, out_dims = result
        if not isinstance(outputs, tuple):
            return self._placed(cls, outputs, out_dims)
        if not isinstance(out_dims, tuple):
            out_dims = (out_dims,) * len(outputs)
        if len(out_dims) != len(outputs):
            raise RuntimeError(
                f"{cls.__name__}: vmap returned {len(outputs)} outputs, {len(out_dims)} out_dims"
            )
        return tuple(self._placed(cls, o, d) for o, d in zip(outputs, out_dims))

    def _placed(self, cls: type[Function], output: Any, dim: int | None) -> Any:
        if dim is None or not isinstance(output, Tensor):
            return output
        return self.one_of(output.movedim(dim, 0))


def mapping_of(cls: type[Function], args: tuple[Any, ...]) -> Mapping | None:
    """What vmap the arguments are in; None outside. RuntimeError if the Function has no rule."""
    tensors = [a for a in args if isinstance(a, Tensor)]
    if not any(_core._is_one_of_many(t) for t in tensors):
        return None
    found = _core._mapped_inputs(tensors)
    if found is None:
        return None
    has_rule = cls.vmap is not Function.vmap
    if cls.generate_vmap_rule and has_rule:
        raise RuntimeError(
            f"{cls.__name__}: define a static method vmap or generate_vmap_rule = True, not both"
        )
    if not cls.generate_vmap_rule and not has_rule:
        raise RuntimeError(
            f"{cls.__name__}: in vmap a Function needs generate_vmap_rule = True, which says that "
            "its static methods work for all examples at once, or a static method vmap"
        )
    return Mapping(found, args)


def _each(f: Callable[[Any], Any], outputs: Any) -> Any:
    return tuple(map(f, outputs)) if isinstance(outputs, tuple) else f(outputs)


class _Batches:
    """A level of vmap for a with-block."""

    def __init__(self, ctx: Any) -> None:
        self.level = _core._BatchLevel(ctx.size, ctx.randomness)

    def __enter__(self) -> _Batches:
        return self

    def __exit__(self, *_: object) -> None:
        self.level.end()

    def one(self, t: Any, batched: bool) -> Any:
        return self.level.wrap(t, 0) if batched and t is not None else t

    def all(self, t: Any) -> Any:
        return self.level.unwrap(t) if isinstance(t, Tensor) else t

    def kept(self, t: Tensor) -> tuple[Tensor, bool]:
        if self.level.is_batched(t):
            return self.level.unwrap(t), True
        return self.level.unwrap(t)[0], False


class _ForAll(Function):
    """A Function of one example as one of all, along dimension 0 of the batched arguments."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        ctx: Any,
        cls: type[Function],
        size: int,
        randomness: str,
        batched: tuple[bool, ...],
        *values: Any,
    ) -> Any:
        ctx.size, ctx.randomness, ctx.batched = size, randomness, batched
        ctx.inner = inner = FunctionCtx()
        inner._function = cls
        inner.needs_input_grad = ctx.needs_input_grad[4:]
        with _Batches(ctx) as level:
            args = tuple(map(level.one, values, batched))
            if cls.setup_context is not Function.setup_context:
                output = cls.forward(*args)
                cls.setup_context(inner, args, output)
            else:
                output = cls.forward(inner, *args)
            if inner._dirty:
                raise NotImplementedError(
                    f"{cls.__name__}: in vmap, derivatives from outside of a Function that changes "
                    "its inputs in place"
                )
            single = not isinstance(output, tuple)
            outputs = (output,) if single else output
            results = tuple(map(level.all, outputs))
            known: dict[int, tuple[Any, bool]] = {
                id(o): (r, True) for o, r in zip(outputs, results) if isinstance(o, Tensor)
            }
            known |= {id(a): pair for a, *pair in zip(args, values, batched)}  # type: ignore[misc]

            def below(t: Tensor | None) -> tuple[Any, bool]:
                if t is None:
                    return None, False
                return known[id(t)] if id(t) in known else level.kept(t)

            attributes = {k: t for k, t in vars(inner).items() if isinstance(t, Tensor)}
            ctx.names = tuple(attributes)
            saved = [below(t) for t in (*attributes.values(), *inner._to_save)]
            forward = [below(t) for t in (*attributes.values(), *inner.saved_for_forward)]
        for name in ctx.names:
            delattr(inner, name)
        ctx.saved_batched = [b for _, b in saved]
        ctx.forward_batched = [b for _, b in forward]
        ctx.save_for_backward(*(t for t, _ in saved))
        ctx.save_for_forward(*(t for t, _ in forward))
        ctx.mark_non_differentiable(*(known[id(t)][0] for t in inner._non_differentiable))
        ctx._materialize = inner._materialize
        return results[0] if single else results

    @staticmethod
    def _restore(ctx: Any, level: _Batches, batched: list[bool]) -> FunctionCtx:
        """The context of one example with what it has saved."""
        inner: FunctionCtx = ctx.inner
        saved = list(map(level.one, ctx.saved_tensors, batched))
        count = len(ctx.names)
        for name, t in zip(ctx.names, saved):
            setattr(inner, name, t)
        inner._saved = tuple(saved[count:])
        return inner

    @staticmethod
    def _forget(ctx: Any) -> None:
        ctx.inner._saved = None
        for name in ctx.names:
            delattr(ctx.inner, name)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        with _Batches(ctx) as level:
            inner = _ForAll._restore(ctx, level, ctx.saved_batched)
            try:
                found = inner._function._rule()(
                    inner, *(level.one(g, g is not None) for g in gradients)
                )
            finally:
                _ForAll._forget(ctx)
            found = found if isinstance(found, tuple) else (found,)
            # What all examples have in common has the sum of their gradients.
            results = [
                None if g is None else level.all(g) if batched else level.all(g).sum(0)
                for g, batched in zip(found, ctx.batched)
            ]
        return (None, None, None, None, *results, *found[len(results) :])

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        with _Batches(ctx) as level:
            inner = _ForAll._restore(ctx, level, ctx.forward_batched)
            try:
                found = inner._function.jvp(inner, *map(level.one, tangents[4:], ctx.batched))
            finally:
                _ForAll._forget(ctx)
            return _each(level.all, found)
