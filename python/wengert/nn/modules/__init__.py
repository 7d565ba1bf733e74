"""The layers under PyTorch's names of places: ``nn.modules.conv`` is ``nn.conv``."""

import sys

from wengert.nn import *  # noqa: F403
from wengert.nn import (
    activation,
    batchnorm,
    container,
    conv,
    distance,
    dropout,
    fold,
    instancenorm,
    lazy,
    linear,
    loss,
    module,
    normalization,
    padding,
    pooling,
    shuffle,
    sparse,
    upsampling,
)

for _place in (
    activation,
    batchnorm,
    container,
    conv,
    distance,
    dropout,
    fold,
    instancenorm,
    lazy,
    linear,
    loss,
    module,
    normalization,
    padding,
    pooling,
    shuffle,
    sparse,
    upsampling,
):
    sys.modules[f"{__name__}.{_place.__name__.rpartition('.')[2]}"] = _place
