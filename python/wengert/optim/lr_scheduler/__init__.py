"""Schedules of the learning rate.

A scheduler sets ``group["lr"]`` of its optimizer; ``step()`` is called once an epoch (or once a
batch), after the optimizer's. Most of them change the present rate rather than compute it from the
epoch, so that several can act on one optimizer.
"""

from wengert.optim.lr_scheduler._base import LRScheduler, _LRScheduler
from wengert.optim.lr_scheduler._combined import ChainedScheduler, SequentialLR
from wengert.optim.lr_scheduler._cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from wengert.optim.lr_scheduler._cyclic import CyclicLR
from wengert.optim.lr_scheduler._functions import LambdaLR, MultiplicativeLR
from wengert.optim.lr_scheduler._one_cycle import OneCycleLR
from wengert.optim.lr_scheduler._plateau import ReduceLROnPlateau
from wengert.optim.lr_scheduler._ramps import ConstantLR, LinearLR, PolynomialLR
from wengert.optim.lr_scheduler._steps import ExponentialLR, MultiStepLR, StepLR

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "_LRScheduler",
]
