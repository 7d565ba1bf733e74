"""`wengert.vision`: sets of images, files and what is random. What torchvision's functions give is
compared in test_vision_parity.py."""

from __future__ import annotations

import gzip
import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from idx import TEST, TRAINING, write_digits, write_idx

import wengert as wg
from wengert.utils.data import DataLoader
from wengert.vision import datasets, io, transforms, utils

Image = pytest.importorskip("PIL.Image")
HERE = Path(__file__).parent


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(wg.__file__).parent.parent)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True, text=True, check=False, env=environment, timeout=300,
    )  # fmt: skip


# ---- data sets --------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_idx_sets(tmp_path, packed, nested, name):
    folder = tmp_path / name / "raw" if nested else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    write_digits(folder, packed)
    kind = getattr(datasets, name)
    train = kind(str(tmp_path), download=True, transform=transforms.ToTensor())
    test = kind(tmp_path, train=False, target_transform=lambda t: -t)
    assert len(train) == TRAINING and len(test) == TEST
    assert train.data.dtype == wg.uint8 and train.targets.dtype == wg.int64
    image, target = train[5]
    assert image.shape == (1, 28, 28) and image[0, 2 * target + 4].max().item() == 1
    assert test[3][0].mode == "L" and test[3][1] == -int(test.targets[3])
    assert len(train.classes) == 10 and list(train.class_to_idx.values()) == list(range(10))
    images, targets = next(iter(DataLoader(train, batch_size=7)))
    assert images.shape == (7, 1, 28, 28) and targets.tolist() == train.targets[:7].tolist()


def test_what_is_missing_is_said(tmp_path):
    for download in (False, True):
        with pytest.raises(RuntimeError, match=r"train-images-idx3-ubyte.*MNIST/raw"):
            datasets.MNIST(tmp_path, download=download)
        with pytest.raises(RuntimeError, match=r"data_batch_1.*cifar-10-batches-py"):
            datasets.CIFAR10(tmp_path, download=download)
        with pytest.raises(RuntimeError, match=r"cifar-100-python"):
            datasets.CIFAR100(tmp_path, download=download)
    write_digits(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    assert len(datasets.MNIST(tmp_path)) == TRAINING
    with pytest.raises(RuntimeError, match="t10k-labels"):
        datasets.MNIST(tmp_path, download=True)


def test_damaged_idx_files(tmp_path):
    write_digits(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    whole = path.read_bytes()
    for data in (b"", whole[:3], whole[:9], whole[:-1], whole + b"1", b"\1" + whole[1:],
                 gzip.compress(whole)[:-9], b"\0\0\x08\xff" + whole[4:]):  # fmt: skip
        path.write_bytes(data)
        with pytest.raises(ValueError, match="train-images"):
            datasets.MNIST(tmp_path)
    write_idx(path, np.zeros((5, 28, 28)), False)
    with pytest.raises(ValueError, match="label for each image"):
        datasets.MNIST(tmp_path)


def write_cifar(folder: Path, protocol: int, fine: bool = False) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    data = np.random.default_rng(0).integers(0, 256, (20, 3072), dtype=np.uint8)
    files = ["train", "test"] if fine else [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    for name in files:
        entries = {"data": data, "fine_labels" if fine else "labels": [*range(10)] * 2}
        (folder / name).write_bytes(pickle.dumps(entries, protocol))
    names = {"fine_label_names" if fine else "label_names": [f"class {i}" for i in range(10)]}
    (folder / ("meta" if fine else "batches.meta")).write_bytes(pickle.dumps(names, protocol))
    return data


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_cifar(tmp_path, protocol):
    data = write_cifar(tmp_path / "cifar-10-batches-py", protocol)
    write_cifar(tmp_path / "cifar-100-python", protocol, True)
    train = datasets.CIFAR10(tmp_path, download=True)
    assert len(train) == 100 and len(datasets.CIFAR10(tmp_path, train=False)) == 20
    assert train.data.shape == (100, 32, 32, 3) and train.targets[:10] == list(range(10))
    image, target = train[23]
    assert target == 3 and image.mode == "RGB"
    assert (np.asarray(image) == data[3].reshape(3, 32, 32).transpose(1, 2, 0)).all()
    assert train.class_to_idx["class 4"] == 4
    hundred = datasets.CIFAR100(tmp_path, train=False, transform=transforms.ToTensor())
    assert hundred[3][0].shape == (3, 32, 32) and hundred[3][1] == 3
    assert len(datasets.CIFAR10(tmp_path / "cifar-10-batches-py")) == 100


class Evil:
    def __reduce__(self):
        return os.mkdir, ("made",)


def test_cifar_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_cifar(tmp_path, 2)
    good = (tmp_path / "data_batch_1").read_bytes()
    bad = [
        pickle.dumps({"data": Evil(), "labels": []}),
        pickle.dumps({"data": np.array([Evil()]), "labels": [1]}),
        pickle.dumps({"data": np.zeros((2, 3072)), "labels": [1, 2]}),
        pickle.dumps({"data": np.zeros((2, 3), np.uint8), "labels": [1, 2]}),
        pickle.dumps({"data": np.zeros((2, 3072), np.uint8), "labels": [1]}),
        pickle.dumps([1]), pickle.dumps({}), b"", b"text", good[:100],
    ]  # fmt: skip
    for data in bad:
        (tmp_path / "data_batch_1").write_bytes(data)
        with pytest.raises(ValueError, match="data_batch_1"):
            datasets.CIFAR10(tmp_path)
    assert not (tmp_path / "made").exists()


def test_folders(tmp_path):
    for name, color in (("b/x", 10), ("b/deep/y", 20), ("a/z", 30)):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3), color).save(path)
    (tmp_path / "a" / "notes.txt").write_text("no image")
    found = datasets.ImageFolder(tmp_path, transforms.PILToTensor(), lambda t: t + 10)
    assert found.classes == ["a", "b"] and found.targets == [0, 1, 1]
    assert [Path(p).name for p, _ in found.imgs] == ["z.png", "x.png", "y.png"]
    assert [(int(x[0, 0, 0]), t) for x, t in (found[i] for i in range(3))] == [
        (30, 10), (10, 11), (20, 11)
    ]  # fmt: skip
    assert found[0][0].shape == (3, 3, 4)
    texts = datasets.DatasetFolder(
        tmp_path, lambda p: Path(p).read_text(), (".txt",), allow_empty=True
    )
    assert texts[0] == ("no image", 0) and len(texts) == 1
    with pytest.raises(FileNotFoundError, match="b"):
        datasets.DatasetFolder(tmp_path, open, (".txt",))
    with pytest.raises(ValueError):
        datasets.DatasetFolder(tmp_path, open)
    with pytest.raises(ValueError):
        datasets.DatasetFolder(tmp_path, open, (".txt",), is_valid_file=lambda p: True)
    with pytest.raises(FileNotFoundError):
        datasets.ImageFolder(tmp_path / "a")


def test_fake_data():
    wg.manual_seed(3)
    before = wg.get_rng_state()
    fake = datasets.FakeData(5, (3, 6, 7), 4, transforms.ToTensor())
    (a, i), (b, j), (c, _) = fake[2], fake[2], fake[3]
    assert i == j and 0 <= i < 4 and (a == b).all() and not (a == c).all()
    assert a.shape == (3, 6, 7) and (wg.get_rng_state() == before).all()
    with pytest.raises(IndexError):
        fake[5]
    shifted = datasets.FakeData(5, (3, 6, 7), 4, transforms.ToTensor(), random_offset=1)
    assert (shifted[1][0] == a).all()
    with pytest.raises(ValueError):
        datasets.VisionDataset(".", transforms=abs, transform=abs)


# ---- files ------------------------------------------------------------------------------------


def test_image_files(tmp_path):
    pixels = wg.randint(0, 256, (3, 9, 8), dtype=wg.uint8)
    path = str(tmp_path / "x.png")
    io.write_png(pixels, path)
    assert (io.read_image(path) == pixels).all()
    assert (io.decode_png(io.read_file(path)) == pixels).all()
    shapes = {"GRAY": 1, "GRAY_ALPHA": 2, "RGB": 3, "RGB_ALPHA": 4, "UNCHANGED": 3}
    for name, channels in shapes.items():
        assert io.read_image(path, io.ImageReadMode[name]).shape == (channels, 9, 8)
        assert io.read_image(path, name).shape == (channels, 9, 8)
    smooth = wg.full((1, 16, 16), 100, dtype=wg.uint8)
    io.write_jpeg(smooth, path := str(tmp_path / "x.jpg"), 95)
    back = io.read_image(path)
    assert back.shape == (1, 16, 16) and (back.int() - 100).abs().max() <= 1
    assert len(io.encode_jpeg([smooth, smooth])) == 2
    utils.save_image(wg.rand(5, 3, 4, 4), tmp_path / "grid.png", nrow=3, padding=1)
    assert io.read_image(str(tmp_path / "grid.png")).shape == (3, 11, 16)
    with pytest.raises(RuntimeError):
        io.read_image(str(tmp_path / "none.png"))
    with pytest.raises(RuntimeError):
        io.decode_image(wg.zeros(9, dtype=wg.uint8))
    with pytest.raises(RuntimeError):
        io.encode_png(wg.rand(3, 4, 4))
    with pytest.raises(RuntimeError):
        io.encode_png(wg.zeros(2, 4, 4, dtype=wg.uint8))
    with pytest.raises(ValueError):
        io.encode_jpeg(smooth, 0)


# ---- chance -----------------------------------------------------------------------------------


def test_draws_follow_the_seed_and_the_probability():
    image = wg.arange(12.0).reshape(1, 3, 4)
    flip = transforms.RandomHorizontalFlip(0.25)
    wg.manual_seed(0)
    flips = [bool((flip(image) != image).any()) for _ in range(2000)]
    assert 0.21 < np.mean(flips) < 0.29
    wg.manual_seed(0)
    assert flips[:50] == [bool((flip(image) != image).any()) for _ in range(50)]
    assert (transforms.RandomVerticalFlip(1.0)(image) == image.flip(1)).all()
    choice = transforms.RandomChoice([lambda x: 0, lambda x: 1], p=[1, 3])
    assert 0.7 < np.mean([choice(image) for _ in range(2000)]) < 0.8
    order = transforms.RandomOrder([lambda x: [*x, 0], lambda x: [*x, 1], lambda x: [*x, 2]])
    orders = {tuple(order([])) for _ in range(200)}
    assert len(orders) == 6
    tops = {transforms.RandomCrop.get_params(image, (2, 2))[:2] for _ in range(200)}
    assert tops == {(i, j) for i in range(2) for j in range(3)}
    noise = transforms.RandomErasing(1.0, (0.3, 0.3), (1.0, 1.0), "random")(wg.zeros(3, 64, 64))
    erased = noise[noise != 0]
    assert abs(erased.numel() / noise.numel() - 0.3) < 0.02
    assert abs(erased.mean().item()) < 0.1 and abs(erased.std().item() - 1) < 0.1


def test_images_have_gradients():
    image = wg.rand(3, 9, 8, dtype=wg.float64, requires_grad=True)
    F = transforms.functional
    for function in (
        lambda x: F.resize(x, [5, 6]),
        lambda x: F.rotate(x, 20.0, transforms.InterpolationMode.BILINEAR),
        lambda x: F.gaussian_blur(x, 3),
        lambda x: F.normalize(x, [0.1], [0.3]),
        lambda x: F.adjust_contrast(x, 0.7),
    ):
        assert wg.autograd.gradcheck(function, (image,))


def test_wrong_use_changes_nothing():
    image = wg.rand(3, 4, 5)
    before = image.clone()
    for call in (
        lambda: transforms.functional.normalize(image, [0.0], [0.0], inplace=True),
        lambda: transforms.ColorJitter(-1),
        lambda: transforms.RandomCrop(9)(image),
        lambda: transforms.RandomRotation(-3),
        lambda: transforms.GaussianBlur(2),
        lambda: transforms.RandomErasing(p=2),
        lambda: transforms.functional.pad(image, 9, padding_mode="reflect"),
    ):
        with pytest.raises((ValueError, RuntimeError)):
            call()
    for call in (
        lambda: transforms.functional.hflip(3),
        lambda: transforms.functional.hflip(wg.ones(3)),
        lambda: transforms.ToTensor()("x"),
        lambda: transforms.Lambda(3),
        lambda: transforms.functional.adjust_hue(wg.ones(2, 3, 3), 0.1),
    ):
        with pytest.raises(TypeError):
            call()
    assert (image == before).all()


# ---- imports ----------------------------------------------------------------------------------


def test_pillow_is_imported_when_needed():
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "import wengert as wg; assert 'wengert.vision' not in sys.modules\n"
        "T = wg.vision.transforms; wg.vision.datasets, wg.vision.utils, wg.vision.io\n"
        "x = wg.rand(3, 8, 8); assert T.Resize(4)(T.RandomRotation(9)(x)).shape == (3, 4, 4)\n"
        "assert wg.vision.utils.make_grid([x, x]).shape == (3, 12, 22)\n"
        "try: T.ToPILImage()(x)\n"
        "except ImportError as error: print(error)\n"
    )
    done = run("-c", code)
    assert "wengert[vision]" in done.stdout, done.stderr


def test_a_program_for_torchvision(tmp_path):
    write_digits(tmp_path, packed=True)
    program = HERE / "programs" / "vision_mnist.py"
    ours = run("-m", "wengert.run", program, tmp_path)
    assert ours.returncode == 0, ours.stderr
    assert ours.stdout.splitlines()[-1] == "accuracy above 0.9: True"
    assert io.read_image(str(tmp_path / "grid.png")).shape == (3, 122, 122)
    if importlib.util.find_spec("torchvision"):
        raw = tmp_path / "MNIST" / "raw"
        raw.mkdir(parents=True)
        write_digits(raw)
        theirs = run(program, tmp_path)
        assert theirs.returncode or ours.stdout == theirs.stdout
