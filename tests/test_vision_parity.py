"""`wengert.vision` against torchvision: the same images give the same images."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
from idx import write_digits

import wengert as wg
from wengert import vision
from wengert.vision import transforms as T
from wengert.vision.transforms import _random, _random_colors, _random_warps

pytest.importorskip("PIL")
torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")
pytestmark = pytest.mark.torch

from PIL import Image  # noqa: E402

CALLS = {
    "hflip": [{}],
    "vflip": [{}],
    "crop": [
        {"top": 2, "left": 3, "height": 5, "width": 7},
        {"top": -3, "left": -2, "height": 30, "width": 9},
        {"top": 5, "left": 8, "height": 20, "width": 20},
    ],
    "center_crop": [{"output_size": s} for s in ([9, 6], [10], 7, [30, 9], [9, 31], [40, 41])],
    "pad": [
        *({"padding": p, "padding_mode": m} for p in (2, [3], [1, 2], [1, 2, 3, 4], [2, -1, 0, 3])
          for m in ("constant", "edge", "reflect", "symmetric")),
        {"padding": 3, "fill": 1},
        {"padding": 3, "padding_mode": "none", "raises": True},
        {"padding": [1, 2, 3], "raises": True},
        {"padding": "1", "raises": True},
    ],
    "resize": [
        *({"size": s, "interpolation": m, "antialias": a}
          for s in ([9, 8], [40, 33]) for m in ("NEAREST", "NEAREST_EXACT", "BILINEAR", "BICUBIC")
          for a in (True, None)),
        {"size": 8}, {"size": [11]}, {"size": 10, "max_size": 12}, {"size": 10, "max_size": 100},
        {"size": [17, 20]}, {"size": 8, "interpolation": 0},
        {"size": 10, "max_size": 9, "raises": True}, {"size": [1, 2, 3], "raises": True},
        {"size": [1, 2], "max_size": 9, "raises": True},
        {"size": 8, "interpolation": "nearest", "raises": True},
    ],
    "resized_crop": [{"top": 1, "left": 2, "height": 9, "width": 12, "size": [7, 7]}],
    "five_crop": [{"size": [5, 6]}, {"size": 5}, {"size": 50, "raises": True}],
    "ten_crop": [{"size": [5, 6]}, {"size": 5, "vertical_flip": True}],
    "rotate": [
        *({"angle": a, "interpolation": m, "expand": e, "fill": f} for a in (33.3, -80)
          for m in ("NEAREST", "BILINEAR") for e in (False, True) for f in (None, [1])),
        {"angle": 21.7, "center": [3, 4]}, {"angle": 21.7, "center": 3, "raises": True},
        {"angle": "a", "raises": True},
    ],
    "affine": [
        *({"angle": 17.3, "translate": [2, -1], "scale": 1.3, "shear": s, "interpolation": m,
           "fill": f, "center": c} for s in (10.1, [5.3], [4.2, -7.7])
          for m in ("NEAREST", "BILINEAR") for f in (None, [1]) for c in (None, [3, 4])),
        {"angle": 1, "translate": [2], "scale": 1.3, "shear": 1, "raises": True},
        {"angle": 1, "translate": 2, "scale": 1.3, "shear": 1, "raises": True},
        {"angle": 1, "translate": [2, 2], "scale": 0, "shear": 1, "raises": True},
        {"angle": 1, "translate": [2, 2], "scale": 1, "shear": [1, 2, 3], "raises": True},
    ],
    "perspective": [
        {"startpoints": [[0, 0], [19, 0], [19, 16], [0, 16]],
         "endpoints": [[2, 1], [17, 3], [18, 14], [1, 15]], "interpolation": m, "fill": f}
        for m in ("NEAREST", "BILINEAR") for f in (None, [1])
    ],
    "gaussian_blur": [
        {"kernel_size": 3}, {"kernel_size": [3, 5]}, {"kernel_size": [5, 3], "sigma": 0.7},
        {"kernel_size": 5, "sigma": [0.5, 2.0]}, {"kernel_size": 4, "raises": True},
        {"kernel_size": 3, "sigma": 0.0, "raises": True},
    ],
    "adjust_brightness": [{"brightness_factor": v} for v in (0, 0.4, 1.7, 2)],
    "adjust_contrast": [{"contrast_factor": v} for v in (0, 0.4, 1.7, 2)],
    "adjust_saturation": [{"saturation_factor": v} for v in (0, 0.4, 1.7, 2)],
    "adjust_sharpness": [{"sharpness_factor": v} for v in (0, 0.4, 1.7, 2)],
    "adjust_hue": [*({"hue_factor": v} for v in (-0.5, -0.2, 0, 0.31)),
                   {"hue_factor": 0.6, "raises": True}],
    "adjust_gamma": [{"gamma": 0.5}, {"gamma": 2.2, "gain": 1.2}, {"gamma": -1, "raises": True}],
    "rgb_to_grayscale": [{}, {"num_output_channels": 3},
                         {"num_output_channels": 2, "raises": True}],
    "invert": [{}],
    "posterize": [{"bits": b} for b in (1, 4, 8)],
    "solarize": [{"threshold": 0.6}],
    "autocontrast": [{}],
    "equalize": [{}],
    "get_dimensions": [{}],
    "get_image_size": [{}],
    "get_image_num_channels": [{}],
}  # fmt: skip
KINDS = {"posterize": ["uint8", "pil", "gray"], "equalize": ["uint8", "pil", "gray"]}
TENSORS = ["float32", "float64", "uint8", "one", "batch"]


def pixels(kind: str) -> np.ndarray:
    rng = np.random.default_rng(5)
    shape = {"one": (1, 17, 20), "gray": (17, 20), "batch": (2, 3, 17, 20)}.get(kind, (3, 17, 20))
    if kind == "pil":
        shape = (17, 20, 3)
    if kind in ("uint8", "pil", "gray"):
        return rng.integers(0, 256, shape, dtype=np.uint8)
    return rng.random(shape).astype("float64" if kind == "float64" else "float32")


def plain(value):
    if isinstance(value, (tuple, list)) and not isinstance(value, np.ndarray):
        return [plain(v) for v in value]
    return np.asarray(value)


def same(ours, theirs, tolerance):
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            same(a, b, tolerance)
        return
    if isinstance(theirs, Image.Image):
        assert ours.mode == theirs.mode
    a, b = plain(ours), plain(theirs)
    assert a.dtype == b.dtype and a.shape == b.shape
    np.testing.assert_allclose(a.astype(np.float64), b.astype(np.float64), 0, tolerance)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", [*TENSORS, "pil", "gray"])
def test_functions(name, kind):
    if kind not in KINDS.get(name, [kind]):
        pytest.skip("for bytes alone")
    data = pixels(kind)
    if kind in ("pil", "gray"):
        mine = yours = Image.fromarray(data)
    else:
        mine, yours = wg.from_numpy(data.copy()), torch.from_numpy(data.copy())
    tolerance = 1 if data.dtype == np.uint8 else 2e-6
    for call in CALLS[name]:
        arguments = [dict(call), dict(call)]
        raises = arguments[0].pop("raises", False) | arguments[1].pop("raises", False)
        for given, modes in zip(
            arguments, (T.InterpolationMode, torchvision.transforms.InterpolationMode)
        ):
            if given.get("interpolation") in modes.__members__:
                given["interpolation"] = modes[given["interpolation"]]
        function = getattr(torchvision.transforms.functional, name)
        try:
            expected = function(yours, **arguments[1])
        except Exception as error:
            with pytest.raises(Exception) as caught:
                getattr(T.functional, name)(mine, **arguments[0])
            related = isinstance(error, caught.type) or isinstance(caught.value, type(error))
            assert related, call
            continue
        assert not raises, call
        same(getattr(T.functional, name)(mine, **arguments[0]), expected, tolerance)


def transforms(m):
    mode = m.InterpolationMode.BILINEAR
    return [
        m.Compose([m.ToTensor(), m.Normalize((0.1, 0.2, 0.3), (0.5, 0.6, 0.7))]),
        m.Compose([m.PILToTensor(), m.ToPILImage("HSV"), m.ToTensor()]),
        m.Resize((9, 8)), m.Resize(7, max_size=20), m.CenterCrop(9), m.CenterCrop((5, 6)),
        m.Pad(2), m.Pad((1, 2), fill=3), m.Pad((1, 2, 3, 4), padding_mode="reflect"),
        m.FiveCrop(5), m.TenCrop((5, 6), True), m.Grayscale(), m.Grayscale(3),
        m.RandomApply([m.CenterCrop(5)], p=0.3),
        m.RandomCrop(9), m.RandomCrop((9, 8), padding=2, padding_mode="edge"),
        m.RandomCrop(30, pad_if_needed=True, fill=7), m.RandomCrop((17, 20)),
        m.RandomHorizontalFlip(), m.RandomVerticalFlip(0.7),
        m.RandomResizedCrop(8), m.RandomResizedCrop((9, 7), (0.5, 1.0), (1.0, 2.0), mode),
        m.RandomGrayscale(0.5), m.RandomInvert(), m.RandomPosterize(3), m.RandomSolarize(100),
        m.RandomAdjustSharpness(2), m.RandomAutocontrast(), m.RandomEqualize(),
        m.ColorJitter(0.5, 0.4, 0.3, 0.2), m.ColorJitter((0.5, 0.7)),
        m.ColorJitter(hue=(-0.1, 0.4)),
        m.RandomRotation(30), m.RandomRotation((10, 20), mode, True, fill=(1, 2, 3)),
        m.RandomRotation(30, center=(3, 4)),
        m.RandomAffine(30), m.RandomAffine((10, 20), (0.1, 0.2), (0.8, 1.2), (1, 2, 3, 4), mode, 3),
        m.RandomAffine(0, shear=20, center=(3, 4)),
        m.RandomPerspective(), m.RandomPerspective(0.3, 1.0, fill=4),
        m.GaussianBlur(3), m.GaussianBlur((3, 5), (0.5, 0.7)), m.GaussianBlur(5, 1.5),
        m.ElasticTransform(20.0, 1.0),
        m.Lambda(m.functional.hflip),
    ]  # fmt: skip


def on_tensors(m, dtype):
    return [
        m.ConvertImageDtype(dtype),
        m.RandomErasing(), m.RandomErasing(1.0, (0.1, 0.2), (1.0, 2.0), (1, 2, 3)),
        m.RandomErasing(value=3, inplace=True),
    ]  # fmt: skip


def draw_as_pytorch(monkeypatch):
    """Takes random numbers from PyTorch's generator; ours is another one."""

    def uniform(low, high):
        return torch.empty(1).uniform_(low, high).item()

    def whole(low, high):
        return torch.randint(low, high, (1,)).item()

    for module in (_random, _random_colors, _random_warps):
        for name, draw in (("uniform", uniform), ("whole", whole)):
            monkeypatch.setattr(module, name, draw, raising=False)
        monkeypatch.setattr(module, "happens", lambda p: bool(torch.rand(1) < p))
    monkeypatch.setattr(wg, "rand", lambda *shape: wg.from_numpy(torch.rand(*shape).numpy()))
    monkeypatch.setattr(wg, "randperm", lambda n: wg.from_numpy(torch.randperm(n).numpy()))


@pytest.mark.parametrize("kind", ["pil", "uint8", "float32"])
def test_transforms_give_the_same_for_the_same_draws(kind, monkeypatch):
    draw_as_pytorch(monkeypatch)
    data = pixels(kind)
    theirs = torchvision.transforms
    mine, yours = transforms(T), transforms(theirs)
    if kind == "float32":
        mine += on_tensors(T, wg.float64)
        yours += on_tensors(theirs, torch.float64)
    for a, b in zip(mine, yours, strict=True):
        assert repr(a) == repr(b)
        skipped = "Posterize Equalize Solarize" if kind == "float32" else ""
        skipped += " ToTensor" if kind != "pil" else ""
        if any(name in repr(b) for name in skipped.split()):
            continue
        for seed in range(4):
            torch.manual_seed(seed)
            if kind == "pil":
                x = y = Image.fromarray(data)
            else:
                x, y = wg.from_numpy(data.copy()), torch.from_numpy(data.copy())
            limit = 1 if data.dtype == np.uint8 else 1e-5
            given = a(x)
            torch.manual_seed(seed)
            same(given, b(y), limit)


def test_signatures():
    pairs = [
        (T, torchvision.transforms), (T.functional, torchvision.transforms.functional),
        (vision.utils, torchvision.utils), (vision.io, torchvision.io),
        (vision.datasets, torchvision.datasets),
    ]  # fmt: skip
    for ours, theirs in pairs:
        for name in ours.__all__:
            if name in ("functional", "InterpolationMode", "ImageReadMode", "decode_jpeg"):
                continue
            a, b = (inspect.signature(getattr(m, name)).parameters for m in (ours, theirs))
            assert list(a) == list(b), name
            for p, q in zip(a.values(), b.values()):
                assert p.kind == q.kind, (name, p.name)
                if not callable(q.default) and "dtype" not in str(q.default) + p.name:
                    assert str(p.default) == str(q.default), (name, p.name)


@pytest.mark.parametrize("shape", [(7, 3, 4, 5), (3, 1, 4, 5), (1, 3, 4, 5), (3, 4, 5), (1, 4, 5),
                                   (4, 5), (4, 2, 4, 5)])  # fmt: skip
def test_make_grid(shape):
    data = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    for call in ({}, {"nrow": 3, "padding": 1, "pad_value": 0.5}, {"normalize": True},
                 {"normalize": True, "scale_each": True},
                 {"normalize": True, "value_range": (-1, 1)}):  # fmt: skip
        ours = vision.utils.make_grid(wg.from_numpy(data), **call)
        theirs = torchvision.utils.make_grid(torch.from_numpy(data), **call)
        same(ours, theirs, 0)
    if len(shape) == 4:
        ours = vision.utils.make_grid([wg.from_numpy(d) for d in data])
        same(ours, torchvision.utils.make_grid([torch.from_numpy(d) for d in data]), 0)


def test_conversions():
    rng = np.random.default_rng(0)
    theirs = torchvision.transforms.functional
    for mode in ("1", "L", "LA", "P", "I", "F", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16"):
        image = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8))
        image = image.convert("I").convert(mode) if mode == "I;16" else image.convert(mode)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            same(T.functional.to_tensor(image), theirs.to_tensor(image), 0)
            if mode not in ("1", "I;16"):
                same(T.functional.pil_to_tensor(image), theirs.pil_to_tensor(image), 0)
    for array in (rng.random((4, 5)), rng.integers(0, 9, (4, 5, 2)), np.ones((4, 5, 3), np.uint8)):
        same(T.functional.to_tensor(array), theirs.to_tensor(array), 0)
    for shape in ((4, 5), (1, 4, 5), (2, 4, 5), (3, 4, 5), (4, 4, 5), (5, 4, 5), (3,)):
        for kind in ("uint8", "float32", "float64", "int16", "int32", "int64"):
            for mode in (None, "L", "F", "RGB", "HSV", "RGBA", "LA", "I"):
                if len(shape) == 3 and shape[0] > 1 and "int" in kind and kind != "uint8":
                    mode = None  # otherwise torchvision takes the bytes as they lie
                data = (rng.random(shape) * (1 if "float" in kind else 200)).astype(kind)
                try:
                    expected = theirs.to_pil_image(torch.from_numpy(data), mode)
                except (TypeError, ValueError) as error:
                    with pytest.raises((TypeError, ValueError)) as caught:
                        T.functional.to_pil_image(wg.from_numpy(data), mode)
                    assert caught.type is type(error), (shape, kind, mode)  # noqa: PT017
                else:
                    same(T.functional.to_pil_image(wg.from_numpy(data), mode), expected, 0)
    kinds = ("uint8", "int8", "int16", "int32", "int64", "float32", "float64")
    for a in kinds:
        top = 1 if "float" in a else np.iinfo(a).max
        data = (rng.random((3, 4, 5)) * 0.999 * top).astype(a)
        for b in kinds:
            try:
                expected = theirs.convert_image_dtype(torch.from_numpy(data), getattr(torch, b))
            except RuntimeError:
                with pytest.raises(RuntimeError):
                    T.functional.convert_image_dtype(wg.from_numpy(data), getattr(wg, b))
            else:
                ours = T.functional.convert_image_dtype(wg.from_numpy(data), getattr(wg, b))
                same(ours, expected, 0)


def test_data_sets_show_themselves_alike(tmp_path):
    write_digits(tmp_path)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    write_digits(raw)
    for train in (True, False):
        arguments = {"train": train, "target_transform": abs}
        ours = vision.datasets.MNIST(tmp_path, transform=T.ToTensor(), **arguments)
        theirs = torchvision.datasets.MNIST(
            tmp_path, transform=torchvision.transforms.ToTensor(), **arguments
        )
        assert repr(ours) == repr(theirs) and len(ours) == len(theirs)
        assert ours.classes == theirs.classes and ours.class_to_idx == theirs.class_to_idx
        same(ours.data, theirs.data, 0)
        same(ours.targets, theirs.targets, 0)
        assert ours[3][1] == theirs[3][1]
        same(ours[3][0], theirs[3][0], 0)
    ours, theirs = (m.FakeData(9, (3, 5, 6)) for m in (vision.datasets, torchvision.datasets))
    assert repr(ours) == repr(theirs)
    for name in ("FashionMNIST", "KMNIST"):
        ours, theirs = (getattr(m, name) for m in (vision.datasets, torchvision.datasets))
        assert ours.classes == theirs.classes
