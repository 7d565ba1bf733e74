"""A variational autoencoder on small binary pictures."""

import os
import tempfile

import torch
import torch.utils.data
from torch import nn, optim
from torch.autograd import Variable
from torch.nn import functional as F

torch.manual_seed(3)
torch.backends.cudnn.benchmark = True
torch.set_float32_matmul_precision("high")


class VAE(nn.Module):
    def __init__(self):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(16, 32)
        self.fc21 = nn.Linear(32, 2)
        self.fc22 = nn.Linear(32, 2)
        self.decoder = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 16), nn.Sigmoid())

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        if self.training:
            eps = Variable(std.data.new(std.size()).normal_())
            return eps.mul(std).add_(mu)
        return mu

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 16))
        return self.decoder(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x.view(-1, 16), reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD


def main():
    n = 128
    rows = torch.arange(n) % 4
    pictures = torch.zeros(n, 1, 4, 4)
    pictures[torch.arange(n), 0, rows] = 1.0
    loader = torch.utils.data.DataLoader(pictures, batch_size=32, shuffle=True)
    model = torch.compile(VAE())
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    history = []
    for epoch in range(40):
        model.train()
        total = 0.0
        for data in loader:
            optimizer.zero_grad()
            with torch.autocast("cpu", enabled=False):
                loss = loss_function(*((lambda r: (r[0], data, r[1], r[2]))(model(data))))
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            total += loss.item()
        history.append(total / n)
    model.eval()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vae.pt")
        torch.save({"epoch": 40, "model": model.state_dict()}, path)
        assert torch.load(path)["epoch"] == 40
    with torch.no_grad():
        recon, _, _ = model(pictures[:4])
    print("loss falls:", history[-1] < 0.6 * history[0])
    print("reconstructs:", torch.equal(recon.round(), pictures[:4].view(4, 16)))
    print("scale", scaler.get_scale(), torch.is_tensor(recon), torch.is_grad_enabled())


if __name__ == "__main__":
    main()
