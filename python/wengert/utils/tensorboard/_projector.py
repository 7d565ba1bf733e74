"""Files of TensorBoard's projector: points with many coordinates, and what they stand for."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from wengert.utils.tensorboard import _arrays


def write_embedding(
    log_dir: str, points: Any, metadata: Any, images: Any, step: int, tag: str, header: Any
) -> None:
    """Writes the points (N, D), a text and an image (N, C, H, W) for each, and names them in the
    folder's ``projector_config.pbtxt``."""
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import EmbeddingInfo, ProjectorConfig

    array = _arrays.as_array(points)
    if array.ndim != 2:
        raise AssertionError(f"add_embedding: expected a matrix of points, got {array.shape}")
    sub = f"{step:05d}/{quote(tag, safe='')}"
    folder = Path(log_dir, sub)
    folder.mkdir(parents=True, exist_ok=True)
    info = EmbeddingInfo(tensor_name=f"{tag}:{step:05d}", tensor_path=f"{sub}/tensors.tsv")
    if metadata is not None:
        if len(metadata) != len(array):
            raise AssertionError(
                f"add_embedding: {len(array)} points need as many labels, got {len(metadata)}"
            )
        lines = [str(m) for m in metadata]
        if header:
            lines = ["\t".join(header), *("\t".join(map(str, row)) for row in metadata)]
        (folder / "metadata.tsv").write_text("".join(f"{line}\n" for line in lines))
        info.metadata_path = f"{sub}/metadata.tsv"
    if images is not None:
        pixels = _arrays.as_array(images)
        if len(pixels) != len(array):
            raise AssertionError(
                f"add_embedding: {len(array)} points need as many images, got {len(pixels)}"
            )
        side = math.ceil(math.sqrt(len(pixels)))
        sprite = _arrays.grid(pixels, side)
        height, width = pixels.shape[2:]
        # The picture must be as many images high as wide.
        sprite = np.pad(sprite, ((0, 0), (0, side * height - sprite.shape[1]), (0, 0)))
        image = _arrays.as_bytes(_arrays.as_image(sprite, "CHW"))
        (folder / "sprite.png").write_bytes(_arrays.png(image))
        info.sprite.image_path = f"{sub}/sprite.png"
        info.sprite.single_image_dim.extend([width, height])
    rows = ("\t".join(map(str, row)) for row in array.tolist())
    (folder / "tensors.tsv").write_text("".join(f"{row}\n" for row in rows))
    path = Path(log_dir, "projector_config.pbtxt")
    config = ProjectorConfig()
    if path.exists():
        text_format.Parse(path.read_text(), config)
    config.embeddings.append(info)
    path.write_text(text_format.MessageToString(config))
