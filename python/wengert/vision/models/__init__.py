"""Models for images, made by functions under torchvision's names.

``weights`` is None or the path of a local file with a state dict; nothing is downloaded.
"""

from wengert.vision.models._api import get_model, get_model_builder, list_models
from wengert.vision.models.resnet import *  # noqa: F403
