"""A language model over characters: embeddings of a window, a hidden layer, the next character."""

import math
import sys

import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

TEXT = "the quick brown fox jumps over the lazy dog. " * 8


class Windows(Dataset):
    def __init__(self, text, width):
        self.chars = sorted(set(text))
        index = {c: i for i, c in enumerate(self.chars)}
        self.data = torch.tensor([index[c] for c in text], dtype=torch.long)
        self.width = width

    def __len__(self):
        return len(self.data) - self.width

    def __getitem__(self, i):
        return self.data[i : i + self.width], self.data[i + self.width]


class Model(nn.Module):
    def __init__(self, vocabulary, width, size=8, hidden=32):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, size)
        self.norm = nn.LayerNorm(width * size)
        self.layers = nn.ModuleList([nn.Linear(width * size, hidden), nn.Linear(hidden, hidden)])
        self.head = nn.Linear(hidden, vocabulary, bias=False)
        self.register_buffer("scale", torch.ones(1))

    def forward(self, x):
        h = self.norm(self.embedding(x).flatten(1)) * self.scale
        for layer in self.layers:
            h = F.gelu(layer(h))
        return self.head(h)


def main():
    torch.manual_seed(0)
    data = Windows(TEXT, 5)
    model = torch.nn.DataParallel(Model(len(data.chars), 5))
    with torch.no_grad():  # the same beginning, whatever the generator of random numbers is
        for name, p in model.named_parameters():
            if p.dim() > 1:
                p.copy_(torch.arange(p.numel()).mul(12.9898).sin().reshape(p.shape) * 0.3)
            elif name.endswith("bias"):
                p.zero_()
    optimizer = optim.Adam(
        [
            {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 1e-4},
            {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0},
        ],
        lr=3e-3,
    )
    loader = DataLoader(data, batch_size=64, shuffle=False, drop_last=True)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(int(sys.argv[1]) if len(sys.argv) > 1 else 4):
        total = 0.0
        for x, y in loader:
            logits = model(x)
            loss = criterion(logits.view(-1, logits.size(-1)), y.view(-1))
            model.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} perplexity {math.exp(total / len(loader)):.3f}")
    with torch.inference_mode():
        context = data.data[:5].tolist()
        for _ in range(20):
            probabilities = F.softmax(model(torch.tensor([context[-5:]])), dim=-1)
            context.append(int(torch.topk(probabilities, 1).indices[0, 0]))
    print("".join(data.chars[i] for i in context))
    print(list(model.state_dict())[0], sum(p.numel() for p in model.parameters()))


if __name__ == "__main__":
    main()
