"""Optimizers and learning-rate schedulers."""

from wengert.optim import lr_scheduler, swa_utils
from wengert.optim._adafactor import Adafactor
from wengert.optim._muon import Muon
from wengert.optim._stateless import swap_in_optimizer_params_and_state
from wengert.optim.adadelta import Adadelta
from wengert.optim.adagrad import Adagrad
from wengert.optim.adam import Adam, AdamW
from wengert.optim.adamax import Adamax
from wengert.optim.asgd import ASGD
from wengert.optim.lbfgs import LBFGS
from wengert.optim.nadam import NAdam
from wengert.optim.optimizer import Optimizer
from wengert.optim.radam import RAdam
from wengert.optim.rmsprop import RMSprop
from wengert.optim.rprop import Rprop
from wengert.optim.sgd import SGD
from wengert.optim.sparse_adam import SparseAdam

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
    "lr_scheduler",
    "swa_utils",
    "swap_in_optimizer_params_and_state",
]
