"""Deep Q-learning on a line of cells, of which the last gives a reward."""

import random
from collections import deque, namedtuple
from itertools import count

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
FloatTensor = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor
Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))
CELLS = 6


class Memory(object):
    def __init__(self, capacity):
        self.memory = deque([], maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


class DQN(nn.Module):
    def __init__(self):
        super(DQN, self).__init__()
        self.layer1 = nn.Linear(CELLS, 16)
        self.layer2 = nn.Linear(16, 2)

    def forward(self, x):
        return self.layer2(F.relu(self.layer1(x)))


def one_hot(cell):
    state = torch.zeros(1, CELLS, device=device)
    state[0, cell] = 1.0
    return state


def main():
    random.seed(0)
    policy, target = DQN().to(device), DQN().to(device)
    with torch.no_grad():
        for p in policy.parameters():
            p.copy_(
                torch.linspace(-0.5, 0.5, p.numel(), device=device).mul(31).cos().view(p.shape) / 4
            )
    target.load_state_dict(policy.state_dict())
    optimizer = optim.Adam(policy.parameters(), lr=1e-2, amsgrad=True)
    memory = Memory(500)
    steps = 0
    losses = []
    for episode in range(30):
        cell = 0
        for t in count():
            steps += 1
            state = one_hot(cell)
            if random.random() > 0.9 * 0.98**steps:
                with torch.no_grad():
                    action = policy(state).max(1).indices.view(1, 1)
            else:
                action = torch.tensor([[random.randrange(2)]], device=device, dtype=torch.long)
            cell = max(0, cell - 1) if action.item() == 0 else cell + 1
            done = cell == CELLS - 1
            memory.push(state, action, None if done else one_hot(cell), FloatTensor([float(done)]))
            if len(memory) >= 16:
                batch = Transition(*zip(*memory.sample(16)))
                mask = torch.tensor([s is not None for s in batch.next_state], dtype=torch.bool)
                following = torch.cat([s for s in batch.next_state if s is not None])
                values = policy(torch.cat(batch.state)).gather(1, torch.cat(batch.action))
                next_values = torch.zeros(16, device=device)
                with torch.no_grad():
                    next_values[mask] = target(following).max(1).values
                expected = next_values * 0.9 + torch.cat(batch.reward)
                loss = nn.SmoothL1Loss()(values, expected.unsqueeze(1))
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_value_(policy.parameters(), 100)
                optimizer.step()
                losses.append(loss.item())
                new, old = policy.state_dict(), target.state_dict()
                for key in new:
                    old[key] = new[key] * 0.05 + old[key] * 0.95
                target.load_state_dict(old)
            if done or t > 100:
                break
    print("steps", steps, "losses", len(losses))
    with torch.no_grad():
        best = policy(torch.eye(CELLS)[:-1]).argmax(1)
    print("policy", best.tolist(), "last loss %.3f" % losses[-1])


if __name__ == "__main__":
    main()
