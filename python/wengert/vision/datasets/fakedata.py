"""Random images, to try a program without data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import wengert as wg

from .vision import VisionDataset

__all__ = ["FakeData"]


class FakeData(VisionDataset):
    """Random PIL images with random targets, the same for the same index.

    Args:
        size: how many images.
        image_size: (channels, height, width).
        num_classes: targets are from 0 to ``num_classes - 1``.
        transform: a function of the image.
        target_transform: a function of the target.
        random_offset: added to the index to give the seed of an image.
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(transform=transform, target_transform=target_transform)
        self.size = size
        self.image_size = image_size
        self.num_classes = num_classes
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        from ..transforms.functional import to_pil_image

        if index >= self.size:
            raise IndexError(
                f"{type(self).__name__}: expected an index below {self.size}, got {index}"
            )
        generator = wg.Generator().manual_seed(index + self.random_offset)
        image = wg.randn(self.image_size, generator=generator)
        target = wg.randint(0, self.num_classes, (1,), generator=generator)[0]
        image, target = self._transformed(to_pil_image(image), target)
        return image, target.item()

    def __len__(self) -> int:
        return self.size
