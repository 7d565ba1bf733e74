"""Recorded programs: what a function did with tensors, as a value that can be looked at and run.

A function, or a whole training step with its backward pass and its optimizer, runs once as usual;
the operations that were executed, the Wengert list, are kept. Running them again gives the same
bits without Python::

    @wg.replay
    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

What must be as it was when it was recorded is guarded; ``docs/tape.md`` has the contract.
"""

from wengert.tape._file import load_tape
from wengert.tape._hoist import hoist_products
from wengert.tape._merge import merge_products
from wengert.tape._program import Step, Value
from wengert.tape._quantize import quantize_weights
from wengert.tape._record import Tape, constant, record
from wengert.tape._replay import replay
from wengert.tape._transform import fold_constants, paused, transform

load = load_tape

__all__ = [
    "Step",
    "Tape",
    "Value",
    "constant",
    "fold_constants",
    "hoist_products",
    "load",
    "merge_products",
    "paused",
    "quantize_weights",
    "record",
    "replay",
    "transform",
]
