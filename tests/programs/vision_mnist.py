"""Classification of digits as programs for torchvision do it."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.transforms import Compose, InterpolationMode, Normalize, ToTensor
from torchvision.utils import make_grid, save_image


def main():
    root = sys.argv[1]
    torch.manual_seed(0)
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    train_set = datasets.MNIST(root, train=True, download=True, transform=transform)
    test_set = torchvision.datasets.MNIST(root, train=False, transform=transform)
    loader = DataLoader(train_set, batch_size=64, shuffle=True)
    model = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(6):
        for images, targets in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(images), targets).backward()
            optimizer.step()
    images, targets = next(iter(DataLoader(test_set, batch_size=len(test_set))))
    with torch.no_grad():
        right = (model(images).argmax(1) == targets).float().mean().item()
    grid = make_grid(images[:16], nrow=4, normalize=True)
    save_image(grid, root + "/grid.png")
    augment = Compose(
        [
            transforms.RandomResizedCrop(16, interpolation=InterpolationMode.BICUBIC),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(0.2, 0.2, 0.2, 0.1),
            ToTensor(),
            Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    fake = datasets.FakeData(8, (3, 24, 24), 10, transform=augment)
    batch, labels = next(iter(DataLoader(fake, batch_size=8)))
    print(train_set)
    print(tuple(grid.shape), tuple(batch.shape), labels.dtype == torch.int64)
    print("accuracy above 0.9:", right > 0.9)


main()
