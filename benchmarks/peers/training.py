"""One step of training on a batch that stays the same, as users write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Training:
    """A call is a step: `loss_of(model, inputs)`, its gradients, the optimizer's update."""

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        loss_of: Callable[[Any, Any], Any],
        inputs: Any,
        compile: Callable[[Any], Any],
        whole: Callable[[Callable], Callable],
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.inputs = inputs
        self._loss = compile(lambda inputs: loss_of(model, inputs))
        self._run = whole(self._step)

    def __call__(self) -> Any:
        return self._run()

    def _step(self) -> Any:
        self.optimizer.zero_grad()
        loss = self._loss(self.inputs)
        loss.backward()
        self.optimizer.step()
        return loss

    def under(self, context: Callable[[], Any]) -> None:
        """Compute the losses inside of such a context."""
        loss = self._loss

        def inside(inputs: Any) -> Any:
            with context():
                return loss(inputs)

        self._loss = inside

    def losses(self, steps: int, lr: float) -> list[float]:
        """The losses of so many steps with this learning rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return [self().item() for _ in range(steps)]

    def double(self) -> None:
        """Go on in float64."""
        self.model.double()
        if hasattr(self.inputs, "is_floating_point") and self.inputs.is_floating_point():
            self.inputs = self.inputs.double()
