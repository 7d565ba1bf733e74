"""Trains a row of the table from Python and notes all that C++ must agree with."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from table import NAMES, Row

import wengert as wg
from wengert import Tensor, nn, optim

SEED = 20
OTHER_SEED = 21


def flat(output: Any) -> list[Tensor]:
    """The tensors in nested tuples and lists, without those that are None."""
    if output is None:
        return []
    if isinstance(output, Tensor):
        return [output]
    return [t for part in output for t in flat(part)]


def loss_of(outputs: list[Tensor]) -> Tensor:
    """The sum of the mean squares of the floating point outputs."""
    total = wg.zeros(())
    for y in outputs:
        if y.is_floating_point():
            total = total + (y * y).mean()
    return total


class Trainer:
    """A row in one dtype; the default dtype is set while it is used."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.names: dict[str, Any] = {
            "wg": wg,
            "nn": nn,
            "F": nn.functional,
            "optim": optim,
        }
        if row.python_before:
            exec(row.python_before, self.names)

    def value(self, expression: str) -> Any:
        return eval(expression, self.names)

    def draw_inputs(self) -> dict[str, Tensor]:
        wg.manual_seed(SEED)
        dtype = wg.get_default_dtype()
        return {n: i.draw(dtype) for n, i in zip(NAMES, self.row.inputs)}

    def set_inputs(self, inputs: dict[str, Tensor]) -> None:
        self.names.update(inputs)

    def make(self, seed: int) -> Any:
        wg.manual_seed(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = self.value(self.row.python)
        self.names["model"] = model
        self.names["parameters"] = list(model.parameters())
        return model

    def outputs(self) -> list[Tensor]:
        return flat(self.value(self.row.python_call))

    def evaluate(self, model: Any) -> dict[str, Tensor]:
        """The outputs in evaluation mode."""
        model.eval()
        wg.manual_seed(SEED)
        with wg.no_grad():
            outputs = self.outputs()
        return {f"evaluated.{i}": y.contiguous() for i, y in enumerate(outputs)}

    def train(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """What is noted on the way, by name, and the last state."""
        row, noted = self.row, {}
        inputs = self.draw_inputs()
        differentiable = {n: t for n, t in inputs.items() if t.is_floating_point()}
        self.set_inputs(inputs)
        model = self.make(SEED)
        noted.update({f"initial.{n}": t.clone() for n, t in model.state_dict().items()})
        optimizer = scheduler = None
        if self.names["parameters"]:
            optimizer = self.names["optimizer"] = self.value(row.python_optimizer)
            if row.python_scheduler:
                scheduler = self.value(row.python_scheduler)
        for step in range(row.steps):
            for t in differentiable.values():
                t.requires_grad_().grad = None
            if optimizer is not None:
                optimizer.zero_grad()
            outputs = self.outputs()
            noted.update(
                {f"{step}.output.{i}": y.detach().contiguous() for i, y in enumerate(outputs)}
            )
            loss = loss_of(outputs)
            noted[f"{step}.loss"] = loss.detach()
            if loss.requires_grad:
                loss.backward()
            leaves = {**dict(model.named_parameters()), **differentiable}
            for name, t in leaves.items():
                if t.grad is not None:
                    g = t.grad.to_dense() if t.grad.is_sparse else t.grad
                    noted[f"{step}.gradient.{name}"] = g.detach().clone().contiguous()
            if optimizer is not None:
                exec(row.python_step, self.names)
                optimizer.step()
            if scheduler is not None:
                scheduler.step()
            for name, t in model.state_dict().items():
                noted[f"{step}.state.{name}"] = t.clone()
        noted["random"] = wg.rand(1)
        state = {n: t.clone() for n, t in model.state_dict().items()}
        noted.update(self.evaluate(model))
        return noted, state


def file_name(row: Row, dtype: str, what: str) -> str:
    return f"{row.name}.{dtype}.{what}.safetensors"


def run(row: Row, dtype: str, folder: Path) -> dict[str, Tensor]:
    """Trains the row; its inputs and its last state are files in ``folder``."""
    before = wg.get_default_dtype()
    wg.set_default_dtype(getattr(wg, dtype))
    try:
        trainer = Trainer(row)
        wg.save(trainer.draw_inputs(), folder / file_name(row, dtype, "inputs"))
        text = repr(trainer.make(SEED))
        (folder / f"{row.name}.{dtype}.python.txt").write_text(text)
        noted, state = trainer.train()
        wg.save(state, folder / file_name(row, dtype, "python_state"))
        return noted
    finally:
        wg.set_default_dtype(before)


def evaluate_state(row: Row, dtype: str, folder: Path, state: Path) -> dict[str, Tensor]:
    """The outputs of a new model that loads the state in a file."""
    before = wg.get_default_dtype()
    wg.set_default_dtype(getattr(wg, dtype))
    try:
        trainer = Trainer(row)
        trainer.set_inputs(wg.load(folder / file_name(row, dtype, "inputs")))
        model = trainer.make(OTHER_SEED)
        model.load_state_dict(wg.load(state))
        return trainer.evaluate(model)
    finally:
        wg.set_default_dtype(before)
