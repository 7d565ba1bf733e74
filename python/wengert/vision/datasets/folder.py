"""Sets whose classes are folders of files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._pillow import pillow
from .vision import VisionDataset

__all__ = [
    "IMG_EXTENSIONS",
    "DatasetFolder",
    "ImageFolder",
    "default_loader",
    "find_classes",
    "has_file_allowed_extension",
    "is_image_file",
    "make_dataset",
    "pil_loader",
]

IMG_EXTENSIONS = (
    ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp",
)  # fmt: skip


def has_file_allowed_extension(filename: str, extensions: str | tuple[str, ...]) -> bool:
    """Whether a file's name ends with one of the extensions, which are in lower case."""
    return filename.lower().endswith(extensions if isinstance(extensions, str) else (*extensions,))


def is_image_file(filename: str) -> bool:
    """Whether a file's name ends as those of images do."""
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory: str | Path) -> tuple[list[str], dict[str, int]]:
    """The folders in `directory`, sorted, and the number of each.

    Raises:
        FileNotFoundError: there is none.
    """
    with os.scandir(directory) as entries:
        classes = sorted(entry.name for entry in entries if entry.is_dir())
    if not classes:
        raise FileNotFoundError(
            f"find_classes: expected a folder for each class in {directory}, found none"
        )
    return classes, {name: i for i, name in enumerate(classes)}


def make_dataset(
    directory: str | Path,
    class_to_idx: dict[str, int] | None = None,
    extensions: str | tuple[str, ...] | None = None,
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
) -> list[tuple[str, int]]:
    """The files below the classes' folders as (path, number of the class), sorted.

    Args:
        class_to_idx: the number of each class; None takes those of `find_classes`.
        extensions: how the names of files end that are wanted; or instead of it
        is_valid_file: says so for a path.
        allow_empty: take classes without files too.

    Raises:
        ValueError: not one of `extensions` and `is_valid_file`, or no class.
        FileNotFoundError: a class has no file.
    """
    if class_to_idx is None:
        _, class_to_idx = find_classes(directory)
    elif not class_to_idx:
        raise ValueError("make_dataset: expected at least one class in class_to_idx, got none")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("make_dataset: expected one of extensions and is_valid_file")
    wanted = is_valid_file or (lambda path: has_file_allowed_extension(path, extensions or ()))
    files = []
    empty = set(class_to_idx)
    for name in sorted(class_to_idx):
        for folder, _, names in sorted(os.walk(Path(directory, name), followlinks=True)):
            for path in (os.path.join(folder, n) for n in sorted(names)):
                if wanted(path):
                    files.append((path, class_to_idx[name]))
                    empty.discard(name)
    if empty and not allow_empty:
        ends = f" with a name that ends with one of {extensions}" if extensions else ""
        raise FileNotFoundError(
            f"make_dataset: expected a file{ends} for each class in {directory}, found none for "
            f"{', '.join(sorted(empty))}"
        )
    return files


def pil_loader(path: str) -> Any:
    """The image in a file, with the channels red, green and blue."""
    with open(path, "rb") as file:
        return pillow().open(file).convert("RGB")


def default_loader(path: str) -> Any:
    """How `ImageFolder` reads a file: `pil_loader`."""
    return pil_loader(path)


class DatasetFolder(VisionDataset):
    """Samples in files ``root/class/.../name``, each with the number of its class.

    Args:
        root: the folder of the classes' folders.
        loader: reads the sample at a path.
        extensions: how the names of files end that are taken; or instead of it `is_valid_file`.
        transform: a function of the sample.
        target_transform: a function of the target.
        is_valid_file: says for a path whether it is taken.
        allow_empty: take classes without files too.

    Attributes:
        classes: the names, sorted; `class_to_idx` gives their numbers.
        samples: list of (path, number); `targets` has the numbers alone.
    """

    def __init__(
        self,
        root: str | Path,
        loader: Callable[[str], Any],
        extensions: tuple[str, ...] | None = None,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.loader = loader
        self.extensions = extensions
        self.samples = self.make_dataset(
            self.root, self.class_to_idx, extensions, is_valid_file, allow_empty
        )
        self.targets = [target for _, target in self.samples]

    @staticmethod
    def make_dataset(
        directory: str | Path,
        class_to_idx: dict[str, int],
        extensions: tuple[str, ...] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> list[tuple[str, int]]:
        """The samples; a subclass may choose others."""
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def find_classes(self, directory: str | Path) -> tuple[list[str], dict[str, int]]:
        """The classes; a subclass may choose others."""
        return find_classes(directory)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        return self._transformed(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """PIL images in files ``root/class/.../name.png``; the arguments are `DatasetFolder`'s."""

    def __init__(
        self,
        root: str | Path,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(
            root,
            loader,
            IMG_EXTENSIONS if is_valid_file is None else None,
            transform,
            target_transform,
            is_valid_file,
            allow_empty,
        )
        self.imgs = self.samples
