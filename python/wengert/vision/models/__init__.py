"""Models for images, made by functions under torchvision's names.

``weights`` is None or the path of a local file with a state dict; nothing is downloaded.
"""

from wengert.vision.models._api import get_model as get_model
from wengert.vision.models._api import get_model_builder as get_model_builder
from wengert.vision.models._api import list_models as list_models
from wengert.vision.models.alexnet import *  # noqa: F403
from wengert.vision.models.densenet import *  # noqa: F403
from wengert.vision.models.efficientnet import *  # noqa: F403
from wengert.vision.models.mobilenet import *  # noqa: F403
from wengert.vision.models.resnet import *  # noqa: F403
from wengert.vision.models.squeezenet import *  # noqa: F403
from wengert.vision.models.vgg import *  # noqa: F403
