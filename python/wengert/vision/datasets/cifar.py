"""CIFAR-10 and CIFAR-100: batches of 32x32 colour images in pickle files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .._pillow import from_array
from ._batches import read_batch
from .vision import VisionDataset

__all__ = ["CIFAR10", "CIFAR100"]


class CIFAR10(VisionDataset):
    """32x32 colour PIL images of ten classes.

    The files of the archive's "python version" are looked for in ``root/cifar-10-batches-py`` and
    in ``root`` itself. They are read without running what a pickle file may ask to be run.

    Args:
        root: where the files are.
        train: the 50000 images for training, or the 10000 for testing.
        transform: a function of the image.
        target_transform: a function of the target.
        download: there is no download; where files are missing, the error says which.

    Attributes:
        data: numpy array, uint8 (n, 32, 32, 3).
        targets: list of n numbers.
        classes: the names; `class_to_idx` gives their numbers.

    Raises:
        RuntimeError: a file is missing.
        ValueError: a file is damaged.
    """

    base_folder = "cifar-10-batches-py"
    filename = "cifar-10-python.tar.gz"
    _training = tuple(f"data_batch_{i}" for i in range(1, 6))
    _test = ("test_batch",)
    _meta, _names, _labels = "batches.meta", "label_names", "labels"

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
        parts = []
        self.targets: list[int] = []
        for name in self._training if train else self._test:
            images, labels = self._batch(self._path(name))
            parts.append(images)
            self.targets.extend(labels)
        self.data = np.vstack(parts).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        meta = self._path(self._meta)
        names = read_batch(meta).get(self._names)
        if not isinstance(names, list):
            raise ValueError(f"{meta}: expected a list {self._names}")
        self.classes = [n.decode() if isinstance(n, bytes) else n for n in names]
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    def _batch(self, path: Path) -> tuple[np.ndarray, list[int]]:
        entries = read_batch(path)
        images, labels = entries.get("data"), entries.get(self._labels)
        if not (isinstance(images, np.ndarray) and isinstance(labels, list)):
            raise ValueError(f"{path}: expected an array data and a list {self._labels}")
        if images.shape != (len(labels), 3 * 32 * 32):
            raise ValueError(
                f"{path}: expected data of shape ({len(labels)}, 3072), got {images.shape}"
            )
        return images, labels

    def _path(self, name: str) -> Path:
        folder = os.path.join(self.root, self.base_folder)
        for place in (folder, self.root):
            if os.path.isfile(os.path.join(place, name)):
                return Path(place, name)
        raise RuntimeError(
            f"{type(self).__name__}: dataset not found; expected the file {name} in {folder} or in "
            f"{self.root}; wengert does not download: unpack {self.filename} there"
        )

    def download(self) -> None:
        """Nothing if the files are there; otherwise a RuntimeError that names the missing one."""
        for name in (*self._training, *self._test, self._meta):
            self._path(name)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self._transformed(from_array(self.data[index], "RGB"), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train else 'Test'}"


class CIFAR100(CIFAR10):
    """32x32 colour PIL images of a hundred classes, in ``root/cifar-100-python``; the arguments
    are `CIFAR10`'s."""

    base_folder = "cifar-100-python"
    filename = "cifar-100-python.tar.gz"
    _training = ("train",)
    _test = ("test",)
    _meta, _names, _labels = "meta", "fine_label_names", "fine_labels"
