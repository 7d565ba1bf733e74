"""MNIST and sets of the same layout: IDX files of bytes."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import wengert as wg
from wengert import Tensor

from .._pillow import from_array
from .vision import VisionDataset

__all__ = ["KMNIST", "MNIST", "FashionMNIST", "find_idx", "read_idx", "read_image_file"]


def read_idx(path: str | Path) -> np.ndarray:
    """An IDX file of bytes, gzip-compressed or not: zero, zero, 8, rank, sizes, values.

    Raises:
        ValueError: it is no such file, or not all of it is there.
    """
    data = Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: the compressed file is damaged: {error}") from None
    if len(data) < 4 or data[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path}: not an IDX file of bytes")
    rank = data[3]
    start = 4 + 4 * rank
    if len(data) < start:
        raise ValueError(f"{path}: the file ends in its header")
    shape = tuple(int.from_bytes(data[i : i + 4], "big") for i in range(4, start, 4))
    if len(data) - start != math.prod(shape):
        raise ValueError(
            f"{path}: expected {math.prod(shape)} values, the file has {len(data) - start}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def find_idx(folder: str | Path, stem: str) -> Path | None:
    """The file `stem` of `folder`, compressed or not (``-idx`` may be ``.idx``); None if absent."""
    for name in (stem, f"{stem}.gz", stem.replace("-idx", ".idx")):
        path = Path(folder, name)
        if path.is_file():
            return path
    return None


def read_image_file(path: str | Path) -> Tensor:
    """The images of an IDX file, uint8 (n, height, width)."""
    images = read_idx(path)
    if images.ndim != 3:
        raise ValueError(f"{path}: expected images, (n, height, width), got shape {images.shape}")
    return wg.from_numpy(images.copy())


def read_label_file(path: str | Path) -> Tensor:
    """The labels of an IDX file, int64 (n,)."""
    labels = read_idx(path)
    if labels.ndim != 1:
        raise ValueError(f"{path}: expected labels, one dimension, got shape {labels.shape}")
    return wg.from_numpy(labels.astype(np.int64))


class MNIST(VisionDataset):
    """Handwritten digits, 28x28 grey PIL images with targets 0..9.

    The IDX files, compressed or not, are looked for in ``root/MNIST/raw`` and in ``root`` itself.

    Args:
        root: where the files are.
        train: the 60000 images for training, or the 10000 for testing.
        transform: a function of the image.
        target_transform: a function of the target.
        download: there is no download; where files are missing, the error says which.

    Attributes:
        data: uint8 (n, 28, 28).
        targets: int64 (n,).

    Raises:
        RuntimeError: a file is missing.
        ValueError: a file is damaged.
    """

    classes: ClassVar[list[str]] = [
        f"{i} - {name}"
        for i, name in enumerate(
            ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
        )
    ]

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        prefix = "train" if train else "t10k"
        images, labels = (
            self._path(f"{prefix}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")
        )
        self.data, self.targets = read_image_file(images), read_label_file(labels)
        if len(self.data) != len(self.targets):
            raise ValueError(
                f"{type(self).__name__}: expected a label for each image, got {len(self.data)} "
                f"images in {images} and {len(self.targets)} labels in {labels}"
            )

    def _path(self, stem: str) -> Path:
        found = find_idx(self.raw_folder, stem) or find_idx(self.root, stem)
        if found is None:
            raise RuntimeError(
                f"{type(self).__name__}: dataset not found; expected the file {stem} or {stem}.gz "
                f"in {self.raw_folder} or in {self.root}; wengert does not download: put it there"
            )
        return found

    def download(self) -> None:
        """Nothing if the files are there; otherwise a RuntimeError that names the missing one."""
        for prefix in ("train", "t10k"):
            for kind in ("images-idx3", "labels-idx1"):
                self._path(f"{prefix}-{kind}-ubyte")

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = from_array(self.data[index].numpy(), "L")
        return self._transformed(image, int(self.targets[index]))

    def __len__(self) -> int:
        return len(self.data)

    @property
    def raw_folder(self) -> str:
        """Where the files are by convention, ``root/NAME/raw``."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The target of each class's name."""
        return {name: i for i, name in enumerate(self.classes)}

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"


class FashionMNIST(MNIST):
    """Articles of clothing in MNIST's layout; the arguments are `MNIST`'s."""

    classes: ClassVar[list[str]] = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]


class KMNIST(MNIST):
    """Cursive Japanese characters in MNIST's layout; the arguments are `MNIST`'s."""

    classes: ClassVar[list[str]] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
