"""Learn the digits 5 to 9 from a handful of images each, by what was learned from 0 to 4.

    python transfer.py --data ~/mnist     # MNIST or Fashion-MNIST: a folder of IDX files
    python transfer.py                    # scikit-learn's 8x8 digits

A network learns the classes 0 to 4. Then all of it but the last layer is frozen: no gradients and,
in evaluation mode, no moving statistics either. A new last layer is trained on a few images of
each class from 5 to 9, and compared with a whole network trained on the same images from nothing.

MNIST, 150 s on one core: from 1, 3, 10 and 30 images of each class the new layer reaches 53.2,
83.4, 91.1 and 95.6 %, the new network 43.7, 77.7, 91.1 and 95.2 % in two to three times the time,
as nothing flows back into what is frozen. On the 8x8 digits the new network is better.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import matplotlib
import numpy as np
from tqdm import tqdm
from train_digits import Split, batches, build_model, load_idx_folder, load_small_digits, predict

import wengert as wg
import wengert.nn.functional as F
from wengert import nn

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def classes(data: Split, first: int) -> Split:
    """The images of five classes, which are counted from 0."""
    chosen = (data.labels >= first) & (data.labels < first + 5)
    return Split(data.images[chosen], data.labels[chosen] - first)


def few(data: Split, each: int, rng: np.random.Generator) -> Split:
    """Some images of each class, drawn at random."""
    order = rng.permutation(len(data.labels))
    chosen = np.concatenate([order[data.labels[order] == label][:each] for label in range(5)])
    return Split(data.images[chosen], data.labels[chosen])


def network(side: int) -> tuple[nn.Module, nn.Module]:
    """The convolutional layers of train_digits.py, and a last layer for five classes."""
    trunk = build_model("cnn", side)[:9]
    return trunk, nn.Sequential(nn.Dropout(0.3), nn.Linear(64 * (side // 4) ** 2, 5))


def train(model: nn.Module, trained: nn.Module, data: Split, steps: int, name: str) -> float:
    """Trains `trained`, the model or a part of it, and leaves the rest; the seconds it took."""
    start = time.perf_counter()
    rng = np.random.default_rng(0)
    optimizer = wg.optim.AdamW(trained.parameters(), lr=3e-3)
    schedule = wg.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    model.eval()
    trained.train()
    shift = 1 if data.images.shape[-1] < 16 else 2
    with tqdm(total=steps, desc=name, leave=False) as progress:
        while progress.n < steps:
            for images, labels in batches(data, 64, shift, rng):
                if progress.n == steps:
                    break
                optimizer.zero_grad()
                loss = F.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
                schedule.step()
                progress.update()
    return time.perf_counter() - start


def accuracy(model: nn.Module, test: Split) -> float:
    return float((predict(model, test.images) == test.labels).mean())


def save_picture(path: Path, shots: list[int], curves: dict[str, list[float]]) -> None:
    figure, axes = plt.subplots(figsize=(6, 4))
    for name, accuracies in curves.items():
        axes.plot(shots, [100 * a for a in accuracies], "o-", label=name)
    axes.set(xscale="log", xlabel="images of each new class", ylabel="test accuracy, %")
    axes.set_xticks(shots, shots)
    axes.legend()
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of IDX files; default: 8x8 digits")
    parser.add_argument("--steps", type=int, default=600, help="of the network that is kept")
    parser.add_argument("--new-steps", type=int, default=150, help="of the networks that are new")
    parser.add_argument("--shots", type=int, nargs="+", default=[1, 3, 10, 30])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="default: all processors")
    parser.add_argument("--out", type=Path, default=Path("runs/transfer"))
    args = parser.parse_args()
    if args.threads:
        wg.set_num_threads(args.threads)
    splits = load_idx_folder(args.data) if args.data else load_small_digits()
    old_train, old_test = (classes(split, 0) for split in splits)
    new_train, new_test = (classes(split, 5) for split in splits)
    side = old_train.images.shape[-1]
    wg.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    start = time.perf_counter()

    trunk, head = network(side)
    old = nn.Sequential(trunk, head)
    train(old, old, old_train, args.steps, "classes 0 to 4")
    old_accuracy = accuracy(old, old_test)
    print(f"classes 0 to 4: {old_accuracy:.2%}")

    trunk.requires_grad_(False)
    curves: dict[str, list[float]] = {"new last layer": [], "new network": []}
    for each in args.shots:
        shown = few(new_train, each, rng)
        kept = nn.Sequential(trunk, network(side)[1])
        fresh = nn.Sequential(*network(side))
        report = []
        for (name, curve), model, part in zip(
            curves.items(), (kept, fresh), (kept[1], fresh), strict=True
        ):
            seconds = train(model, part, shown, args.new_steps, f"{each} images, {name}")
            curve.append(accuracy(model, new_test))
            report.append(f"{name} {curve[-1]:.2%} in {seconds:.1f} s")
        print(f"classes 5 to 9 from {each} images each: {', '.join(report)}")
    seconds = time.perf_counter() - start

    if accuracy(old, old_test) != old_accuracy:
        raise RuntimeError("the frozen layers have changed")
    args.out.mkdir(parents=True, exist_ok=True)
    save_picture(args.out / "transfer.png", args.shots, curves)
    print(
        f"test accuracy {curves['new last layer'][-1]:.2%}, classes 0 to 4 still "
        f"{old_accuracy:.2%}; trained in {seconds:.1f} s; files in {args.out}"
    )


if __name__ == "__main__":
    main()
