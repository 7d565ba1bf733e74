"""Train a small network to read handwritten digits.

    python train_digits.py                      # scikit-learn's 8x8 digits, convolutional network
    python train_digits.py --model mlp
    python train_digits.py --data ~/mnist       # MNIST or Fashion-MNIST: a folder of IDX files
    python train_digits.py --resume runs/digits/checkpoint.safetensors

The test images are never used to choose anything: the accuracy reported at the end is that of the
last epoch. Every epoch draws from a seed of its own, so a resumed run ends as an unbroken one does.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from tqdm import tqdm

import wengert as wg
import wengert.nn.functional as F
from wengert import nn
from wengert.vision.datasets.mnist import find_idx, read_idx

matplotlib.use("Agg")
import matplotlib.pyplot as plt


class Split(NamedTuple):
    images: np.ndarray  # float32 (n, 1, side, side), 0 background, 1 ink
    labels: np.ndarray  # int64 (n,)


class Recipe(NamedTuple):
    epochs: int
    batch_size: int
    lr: float  # the highest of the one-cycle schedule
    shift: int  # training images move by up to this many pixels


# By model and by whether the images are large (28x28) or small (8x8).
RECIPES = {
    ("cnn", False): Recipe(epochs=40, batch_size=64, lr=1e-2, shift=1),
    ("mlp", False): Recipe(epochs=60, batch_size=64, lr=5e-3, shift=1),
    ("cnn", True): Recipe(epochs=5, batch_size=128, lr=5e-3, shift=2),
    ("mlp", True): Recipe(epochs=10, batch_size=128, lr=2e-3, shift=1),
}


def load_idx_folder(folder: Path) -> tuple[Split, Split]:
    """The four files of MNIST's layout, `train-images-idx3-ubyte[.gz]` and so on."""

    def read(stem: str) -> np.ndarray:
        path = find_idx(folder, stem)
        if path is None:
            raise FileNotFoundError(f"{folder}: expected a file {stem} or {stem}.gz")
        return read_idx(path)

    def split(prefix: str) -> Split:
        images = read(f"{prefix}-images-idx3-ubyte")[:, None]
        labels = read(f"{prefix}-labels-idx1-ubyte")
        return Split(images.astype(np.float32) / 255, labels.astype(np.int64))

    return split("train"), split("t10k")


def load_small_digits() -> tuple[Split, Split]:
    """The 1797 digits that come with scikit-learn; a fixed fifth of them is the test set."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = digits.images.astype(np.float32)[:, None] / 16
    labels = digits.target.astype(np.int64)
    x0, x1, y0, y1 = train_test_split(
        images, labels, test_size=0.2, random_state=0, stratify=labels
    )
    return Split(x0, y0), Split(x1, y1)


def build_model(kind: str, side: int) -> nn.Module:
    """The network for `side` x `side` images and 10 classes."""
    if kind == "mlp":
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(side * side, 512),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(512, 512),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(512, 10),
        )
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(64 * (side // 4) ** 2, 128),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(128, 10),
    )


def batches(data: Split, size: int, shift: int, rng: np.random.Generator):
    """Shuffled batches in which every image is moved by up to `shift` pixels each way."""
    side = data.images.shape[-1]
    margin = ((0, 0), (0, 0), (shift, shift), (shift, shift))
    order = rng.permutation(len(data.labels))
    for chosen in np.split(order, range(size, len(order), size)):
        windows = sliding_window_view(np.pad(data.images[chosen], margin), (side, side), (2, 3))
        dy, dx = rng.integers(0, 2 * shift + 1, (2, len(chosen)))
        moved = windows[np.arange(len(chosen)), :, dy, dx]
        yield wg.from_numpy(moved), wg.from_numpy(data.labels[chosen])


def predict(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """The class the model gives each image."""
    model.eval()
    with wg.no_grad():
        parts = [
            model(wg.from_numpy(images[i : i + 500])).argmax(1).numpy()
            for i in range(0, len(images), 500)
        ]
    return np.concatenate(parts)


def save_curve(path: Path, losses: list[float], accuracies: list[float]) -> None:
    figure, left = plt.subplots(figsize=(6, 4))
    epochs = range(1, len(losses) + 1)
    left.plot(epochs, losses, "C0.-")
    left.set(xlabel="epoch", yscale="log")
    left.set_ylabel("mean training loss", color="C0")
    right = left.twinx()
    right.plot(epochs, [100 * a for a in accuracies], "C1.-")
    right.set_ylabel("test accuracy, %", color="C1")
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)


def save_mistakes(path: Path, test: Split, predicted: np.ndarray) -> None:
    wrong = np.flatnonzero(predicted != test.labels)[:24]
    figure, axes = plt.subplots(4, 6, figsize=(7, 5.5))
    for axis in axes.flat:
        axis.axis("off")
    for axis, i in zip(axes.flat, wrong, strict=False):
        axis.imshow(test.images[i, 0], cmap="gray_r")
        axis.set_title(f"{test.labels[i]} read as {predicted[i]}", fontsize=8)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=("cnn", "mlp"), default="cnn")
    parser.add_argument("--data", type=Path, help="folder of IDX files; default: 8x8 digits")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--lr", type=float, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="default: all processors")
    parser.add_argument("--out", type=Path, default=Path("runs/digits"))
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="CHECKPOINT",
        help="finish an interrupted run with the settings it was started with",
    )
    parser.add_argument(
        "--stop-after",
        type=int,
        metavar="EPOCH",
        help="end early, leaving a checkpoint to resume from",
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if args.threads:
        wg.set_num_threads(args.threads)
    train, test = load_idx_folder(args.data) if args.data else load_small_digits()
    side = train.images.shape[-1]

    checkpoint = wg.load(args.resume) if args.resume else None
    if checkpoint:
        run = checkpoint["run"]
    else:
        recipe = RECIPES[args.model, side > 16]
        run = {
            "model": args.model,
            "seed": args.seed,
            "epochs": args.epochs or recipe.epochs,
            "batch_size": args.batch_size or recipe.batch_size,
            "lr": args.lr or recipe.lr,
            "shift": recipe.shift,
        }
    wg.manual_seed(run["seed"])
    model = build_model(run["model"], side)
    optimizer = wg.optim.AdamW(model.parameters(), lr=run["lr"], weight_decay=0.01)
    steps = math.ceil(len(train.labels) / run["batch_size"])
    schedule = wg.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=run["lr"], total_steps=run["epochs"] * steps
    )
    losses: list[float] = []
    accuracies: list[float] = []
    if checkpoint:
        model.load_state_dict(checkpoint["model"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        schedule.load_state_dict(checkpoint["schedule"])
        losses, accuracies = checkpoint["losses"].tolist(), checkpoint["accuracies"].tolist()

    args.out.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    for epoch in range(len(losses), min(run["epochs"], args.stop_after or run["epochs"])):
        wg.manual_seed(run["seed"] + 1 + epoch)
        rng = np.random.default_rng((run["seed"], epoch))
        model.train()
        total = 0.0
        progress = tqdm(
            batches(train, run["batch_size"], run["shift"], rng),
            f"epoch {epoch + 1}/{run['epochs']}",
            steps,
            leave=False,
        )
        for images, labels in progress:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(labels)
        losses.append(total / len(train.labels))
        accuracies.append(float((predict(model, test.images) == test.labels).mean()))
        print(f"epoch {epoch + 1:3}  loss {losses[-1]:.4f}  test {accuracies[-1]:.2%}")
        wg.save(
            {
                "run": run,
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "losses": wg.tensor(losses, dtype=wg.float64),
                "accuracies": wg.tensor(accuracies, dtype=wg.float64),
            },
            args.out / "checkpoint.safetensors",
        )
    seconds = time.perf_counter() - start

    predicted = predict(model, test.images)
    wrong = int((predicted != test.labels).sum())
    wg.save(model.state_dict(), args.out / "model.safetensors")
    save_curve(args.out / "curve.png", losses, accuracies)
    save_mistakes(args.out / "mistakes.png", test, predicted)
    print(
        f"test accuracy {1 - wrong / len(test.labels):.2%}: {wrong} of {len(test.labels)} wrong; "
        f"trained in {seconds:.1f} s; files in {args.out}"
    )


if __name__ == "__main__":
    main()
