"""Does in Python what training_in_cpp.h does in C++."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training_rows import OptimizerRow, OrderRow, SchedulerRow

import wengert as wg
from wengert import Tensor, optim
from wengert.utils import data


class Shares(data.IterableDataset):
    """Every n-th number below 20 with a random one, n being the number of workers."""

    def __iter__(self) -> Any:
        info: Any = data.get_worker_info()
        for i in range(info.id, 20, info.num_workers):
            yield wg.tensor(i), wg.rand(1)


NAMES = {
    "wg": wg, "optim": optim, "sched": optim.lr_scheduler, "data": data, "Shares": Shares,
}  # fmt: skip
SHAPES = ((4, 5), (5,), (3, 5))


def _sparse(shape: tuple[int, ...], dtype: wg.dtype) -> Tensor:
    """Some rows, some of them twice; of vectors too."""
    count = 4
    indices = wg.randint(0, shape[0], (1, count))
    return wg.sparse_coo_tensor(indices, wg.randn(count, *shape[1:], dtype=dtype), shape)


class Optimization:
    """A row of optimizers."""

    def __init__(self, row: OptimizerRow, dtype: str, folder: Path) -> None:
        self.row, self.dtype = row, getattr(wg, dtype)
        self.prefix = folder / f"{row.name}.{dtype}."

    def path(self, what: str) -> Path:
        return Path(f"{self.prefix}{what}")

    def prepare(self) -> None:
        """Draws what both languages begin with."""
        wg.manual_seed(3)
        draw = _sparse if self.row.gradients == "sparse" else wg.randn
        gradients: list = [
            [draw(s, dtype=self.dtype) for s in SHAPES] for _ in range(self.row.steps)
        ]
        gradients[1][1] = None  # a parameter without a gradient
        values = {
            "parameters": [wg.randn(s, dtype=self.dtype) for s in SHAPES],
            "gradients": gradients,
            "x": wg.randn(7, 4, dtype=self.dtype),
            "y": wg.randn(7, 3, dtype=self.dtype),
        }
        wg.save(values, self.path("input"))
        self.input = values

    def begin(self) -> tuple[list[Tensor], Any]:
        ps = [p.clone().requires_grad_() for p in self.input["parameters"]]
        names = {**NAMES, "ps": ps, **{f"p{i}": p for i, p in enumerate(ps)}}
        return ps, eval(self.row.python, names)

    def step(self, optimizer: Any, ps: list[Tensor], i: int) -> dict:
        loss = None
        if self.row.gradients == "closure":
            loss = optimizer.step(self.closure(optimizer, ps)).detach()
        else:
            for p, g in zip(ps, self.input["gradients"][i]):
                p.grad = g
            optimizer.step()
        return {"parameters": [p.detach().clone() for p in ps], "loss": loss}

    def closure(self, optimizer: Any, ps: list[Tensor]) -> Callable[[], Tensor]:
        def evaluate() -> Tensor:
            optimizer.zero_grad()
            h = (self.input["x"] @ ps[0] + ps[1]).tanh()
            e = h @ ps[2].t() - self.input["y"]
            loss = (e * e).mean()
            loss.backward()
            return loss

        return evaluate

    def train(self) -> None:
        ps, optimizer = self.begin()
        self.noted = {}
        for i in range(self.row.steps):
            if i == self.row.before:
                state = {"parameters": ps, "optimizer": optimizer.state_dict()}
                wg.save(state, self.path("python_state"))
            self.noted[str(i)] = self.step(optimizer, ps, i)

    def resume(self) -> dict:
        """Goes on where C++ has saved."""
        ps, optimizer = self.begin()
        saved = wg.load(self.path("cpp_state"))
        with wg.no_grad():
            for p, value in zip(ps, saved["parameters"], strict=True):
                p.copy_(value)
        optimizer.load_state_dict(saved["optimizer"])
        steps = range(self.row.before, self.row.steps)
        return {str(i): self.step(optimizer, ps, i) for i in steps}


class Schedule:
    """A row of schedulers."""

    def __init__(self, row: SchedulerRow, folder: Path) -> None:
        self.row = row
        self.prefix = folder / f"{row.name}."

    def path(self, what: str) -> Path:
        return Path(f"{self.prefix}{what}")

    def prepare(self) -> None:
        wg.manual_seed(4)
        self.metrics = [float(v) / (1 + i // 9) for i, v in enumerate(wg.rand(self.row.steps))]
        wg.save(self.metrics, self.path("input"))

    def begin(self) -> tuple[Any, Any]:
        ps = [wg.ones(n, requires_grad=True) for n in (2, 3, 4)]
        names = {**NAMES, "ps": ps, "p0": ps[0], "p1": ps[1]}
        names["optimizer"] = optimizer = eval(self.row.optimizer[0], names)
        with warnings.catch_warnings():
            # Chained schedulers within a sequence are stepped when it is made.
            warnings.simplefilter("ignore", UserWarning)
            scheduler = eval(self.row.python, names)
        optimizer.step()  # nothing has a gradient
        return optimizer, scheduler

    def step(self, optimizer: Any, scheduler: Any, i: int) -> list[float]:
        if i >= 0:
            scheduler.step(*([self.metrics[i]] if self.row.metric else []))
        values = []
        for group in optimizer.param_groups:
            values += [group["lr"], group["betas"][0] if "betas" in group else group["momentum"]]
        return values + list(scheduler.get_last_lr())

    def train(self) -> None:
        optimizer, scheduler = self.begin()
        self.noted = {}
        for i in range(-1, self.row.steps):
            if i == self.row.before:
                state = {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
                wg.save(state, self.path("python_state"))
            self.noted[str(i)] = self.step(optimizer, scheduler, i)

    def resume(self) -> dict:
        optimizer, scheduler = self.begin()
        saved = wg.load(self.path("cpp_state"))
        scheduler.load_state_dict(saved["scheduler"])
        optimizer.load_state_dict(saved["optimizer"])
        steps = range(self.row.before, self.row.steps)
        return {str(i): self.step(optimizer, scheduler, i) for i in steps}


def order(row: OrderRow) -> dict:
    """The batches of two passes, and the random numbers behind them."""
    wg.manual_seed(5)
    generator = wg.Generator()
    generator.manual_seed(77)
    names: dict[str, Any] = {
        **NAMES, "x": wg.arange(20), "y": wg.arange(100, 120).reshape(20, 1),
        "generator": generator,
    }  # fmt: skip
    loader = eval(row.python, names)
    size = -1 if isinstance(loader.dataset, data.IterableDataset) else len(loader)
    passes = [{"size": size, "batches": [list(b) for b in loader]} for _ in range(2)]
    return {
        "passes": passes,
        "random": wg.rand(2),
        "own": wg.rand(2, generator=generator),
        "state": wg.get_rng_state(),
        "own_state": generator.get_state(),
    }


def average(folder: Path) -> list:
    """The averages of a model that has had several states, before and after `update_bn`."""
    wg.manual_seed(6)
    swa = optim.swa_utils

    def make() -> Any:
        return wg.nn.Sequential(wg.nn.Linear(3, 4), wg.nn.BatchNorm1d(4), wg.nn.Linear(4, 2))

    model, x = make(), wg.randn(10, 3)
    model(x)
    states = []
    for _ in range(4):
        states.append({n: t.detach().clone() for n, t in model.state_dict().items()})
        model(x * 2 + 1)
        with wg.no_grad():
            for p in model.parameters():
                p.add_(wg.randn(p.shape))
    wg.save({"states": states, "x": x}, folder / "averages.python")
    noted: list = []
    for kind in (
        {},
        {"avg_fn": swa.get_ema_avg_fn(0.9), "use_buffers": True},
        {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.8)},
        {"multi_avg_fn": swa.get_swa_multi_avg_fn(), "use_buffers": True},
    ):
        averaged = swa.AveragedModel(make(), **kind)
        for state in states:
            model.load_state_dict(state)
            averaged.update_parameters(model)
        noted.append({n: t.detach().clone() for n, t in averaged.state_dict().items()})
        averaged.eval()
        swa.update_bn(data.DataLoader(data.TensorDataset(x), 4), averaged)
        noted.append({n: t.detach().clone() for n, t in averaged.state_dict().items()})
        noted.append(averaged(x).detach())
    return noted


def embed(folder: Path) -> list:
    """Tables trained by sparse gradients."""
    wg.manual_seed(7)
    indices = [wg.randint(0, 7, (2, 4)) for _ in range(3)]
    weight = wg.randn(7, 3)
    wg.save({"weight": weight, "indices": indices}, folder / "tables.python")
    noted = []
    for make in (
        lambda ps: optim.SGD(ps, lr=0.1, momentum=0.5),
        lambda ps: optim.Adagrad(ps, lr=0.1),
        lambda ps: optim.SparseAdam(ps, lr=0.1),
    ):
        tables: list[wg.nn.Embedding | wg.nn.EmbeddingBag] = [
            wg.nn.Embedding(7, 3, padding_idx=2, sparse=True)
        ]
        tables += [
            wg.nn.EmbeddingBag(7, 3, mode=mode, sparse=True, padding_idx=2)
            for mode in ("sum", "mean")
        ]
        for table in tables:
            table.load_state_dict({"weight": weight})
            optimizer = make(table.parameters())
            for i in indices:
                optimizer.zero_grad()
                rows = table(i)
                (rows * rows * rows).sum().backward()
                optimizer.step()
                noted.append(table.weight.detach().clone())
    return noted
