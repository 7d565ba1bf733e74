"""Writing what TensorBoard shows. Needs the package ``tensorboard``, images also ``pillow``."""

from wengert.utils.tensorboard.writer import FileWriter, SummaryWriter

__all__ = ["FileWriter", "SummaryWriter"]
