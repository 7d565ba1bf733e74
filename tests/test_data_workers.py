"""Loaders with worker processes."""

import gc
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import wengert as wg
from wengert.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    get_worker_info,
)
from wengert.utils.data._utils import transfer

WAIT = 60


class Calls(Dataset):
    """The results of a function of the index."""

    def __init__(self, f, n=8):
        self.f, self.n = f, n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return self.f(i)


def loader(f, n=8, **options):
    options = {"num_workers": 2, "timeout": WAIT, **options}
    return DataLoader(Calls(f, n), **options)


def identity(x):
    return x


def large(i):
    return wg.full((200, 300), float(i)), np.full((100, 200), i)


def alone():
    gc.collect()
    return not multiprocessing.active_children()


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("persistent", [False, True])
def test_order_does_not_depend_on_workers(shuffle, persistent):
    orders = []
    for workers in (0, 1, 2):
        g = wg.Generator()
        g.manual_seed(5)
        options = {"persistent_workers": True} if persistent and workers else {}
        data = loader(
            identity,
            23,
            batch_size=3,
            shuffle=shuffle,
            generator=g,
            num_workers=workers,
            timeout=0,
            **options,
        )
        orders.append([b.tolist() for b in data])
    assert orders[0] == orders[1] == orders[2]
    flat = [i for b in orders[0] for i in b]
    assert (sorted(flat) == flat) == (not shuffle)
    wg.manual_seed(3)
    expected = [b.tolist() for b in DataLoader(range(9), 2, shuffle=True)]
    wg.manual_seed(3)
    assert [b.tolist() for b in DataLoader(range(9), 2, shuffle=True, num_workers=2)] == expected


def test_picked_batches_see_the_same_random_numbers():
    x = wg.arange(40)
    orders = []
    for collate in (None, lambda samples: wg.utils.data.default_collate(samples)):
        wg.manual_seed(11)
        data = DataLoader(TensorDataset(x), 8, shuffle=True, collate_fn=collate)
        orders.append([[b.tolist() for (b,) in data], wg.rand(1).item()])
    assert orders[0] == orders[1]


def test_large_batches_are_whole_and_writable():
    for i, (tensor, array) in enumerate(loader(large, 5, batch_size=1)):
        assert tensor.shape == (1, 200, 300) and (tensor == i).all()
        assert array.dtype == wg.int64 and (array == i).all()
        tensor += 1
        assert (tensor == i + 1).all()
    kinds = (wg.bfloat16, wg.float16, wg.bool, wg.complex64, wg.uint8)
    made = loader(lambda i: [wg.ones(0, 2), *(wg.ones(3, 5, dtype=k) for k in kinds)], 2)
    for empty, *others in made:
        assert empty.shape == (1, 0, 2)
        assert [t.dtype for t in others] == list(kinds)
        assert all((t.to(wg.complex64) == 1).all() for t in others)


def test_any_result_can_be_sent():
    given = {"s": "x" * 300_000, "o": {3}, "a": np.arange(50_000), "p": wg.nn.Parameter(wg.ones(2))}
    (got,) = loader(lambda i: given, 1, batch_size=None, collate_fn=identity)
    assert got["s"] == given["s"] and got["o"] == {3} and (got["a"] == given["a"]).all()
    assert isinstance(got["p"], wg.nn.Parameter) and got["p"].requires_grad
    transposed = wg.arange(6.0).view(2, 3).t()
    (got,) = loader(lambda i: transposed, 1, batch_size=None)
    assert got.tolist() == transposed.tolist()
    same = loader(lambda i: [transposed] * 2, 1, batch_size=None, collate_fn=identity)
    a, b = next(iter(same))
    assert a is b


def test_more_batches_than_files_can_be_kept(monkeypatch):
    monkeypatch.setattr(transfer, "_MOST_MAPPINGS", 2)
    kept = list(loader(large, 6))
    assert [int(t[0, 0, 0]) for t, _ in kept] == list(range(6))
    files = len(os.listdir("/proc/self/fd"))
    assert alone()
    del kept
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= files


def test_memory_of_the_data_is_not_copied():
    data = wg.ones(1 << 20)

    def resident(i):
        assert data.sum() == 1 << 20
        text = Path("/proc/self/smaps_rollup").read_text()
        return int(text.split("Private_Dirty:")[1].split()[0])

    assert max(b.item() for b in loader(resident, 4)) < 60_000  # KiB


def test_long_lists_of_indices_and_large_results_do_not_block():
    data = loader(
        identity,
        400_000,
        batch_size=100_000,
        prefetch_factor=4,
        num_workers=1,
        collate_fn=lambda x: "y" * 1_000_000,
    )
    assert [len(b) for b in data] == [1_000_000] * 4


class Stream(IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, self.n, info.num_workers))


@pytest.mark.parametrize("persistent", [False, True])
def test_iterable_datasets_are_shared_out(persistent):
    data = DataLoader(Stream(9), 2, num_workers=2, persistent_workers=persistent)
    expected = [[0, 2], [1, 3], [4, 6], [5, 7], [8]]
    for _ in range(3):
        assert [b.tolist() for b in data] == expected


def test_seeds_and_infos():
    def about(i):
        info = get_worker_info()
        return (
            info.id, info.num_workers, info.seed, wg.initial_seed(), random.random(),
            np.random.rand(), len(info.dataset), wg.get_num_threads(), os.getpid(),
        )  # fmt: skip

    def run(seed):
        wg.manual_seed(seed)
        return list(loader(about, 4, batch_size=None, collate_fn=identity))

    a, b, c = run(1), run(1), run(2)
    assert [r[:-1] for r in a] == [r[:-1] for r in b] and a[0][2] != c[0][2]
    assert [r[:2] for r in a] == [(0, 2), (1, 2), (0, 2), (1, 2)]
    assert a[1][2] == a[0][2] + 1 == a[1][3]
    assert a[0][4:6] != a[1][4:6]
    assert a[0][6:8] == (4, 1) and a[0][-1] != os.getpid()
    assert get_worker_info() is None


def test_init_functions():
    def init(i):
        get_worker_info().dataset.f = lambda k: 10 * i + k

    assert [b.item() for b in loader(None, 4, worker_init_fn=init)] == [0, 11, 2, 13]

    def fail(i):
        raise LookupError("no init")

    with pytest.raises(LookupError, match="no init"):
        list(loader(identity, worker_init_fn=fail))
    # Picking batches out whole would leave it out.
    with pytest.raises(LookupError):
        list(DataLoader(TensorDataset(wg.ones(2)), num_workers=1, worker_init_fn=fail))


class Odd(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)


def test_exceptions_arrive_with_their_traceback():
    class Local(ValueError):
        pass

    def fail(error):
        def f(i):
            if i == 2:
                raise error
            return i

        return f

    for error, kind in (
        (ValueError("a"), ValueError),
        (KeyError("a\nb"), KeyError),
        (Odd(1, 2), RuntimeError),
        (Local("x"), RuntimeError),
        (UnicodeDecodeError("utf8", b"", 0, 1, "?"), RuntimeError),
        (OSError(2, "nothing"), OSError),
    ):
        passes = iter(loader(fail(error), 4, num_workers=1))
        assert [next(passes).item(), next(passes).item()] == [0, 1]
        with pytest.raises(kind, match=r"DataLoader worker process 0\.\nOriginal Trace") as caught:
            next(passes)
        assert type(error).__name__ in str(caught.value) and "in f" in str(caught.value)
        assert next(passes).item() == 3
    with pytest.raises(StopIteration):
        next(passes)
    with pytest.raises((AttributeError, TypeError, RuntimeError), match="worker process 0"):
        list(loader(lambda i: lambda: i, batch_size=None, num_workers=1))
    with pytest.raises(RuntimeError, match="history"):
        list(loader(lambda i: wg.ones(2, requires_grad=True) * 2))
    assert alone()


def test_a_dead_worker_is_told():
    def kill(i):
        if i == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return i

    passes = iter(loader(kill))
    with pytest.raises(RuntimeError, match=r"pid\(s\) \d+: exit code -9, by signal SIGKILL"):
        list(passes)
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        next(passes)
    with pytest.raises(RuntimeError, match="exit code 7"):
        list(loader(lambda i: os._exit(7), num_workers=1))
    kept = loader(kill, persistent_workers=True)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="exited unexpectedly"):
            list(kept)
    del kept, passes
    assert alone()


def test_nothing_to_fetch_ahead():
    with pytest.raises(AssertionError, match="prefetch_factor"):
        iter(loader(identity, prefetch_factor=0))


def test_timeout():
    def slow(i):
        time.sleep(1.5 * (i == 1))
        return i

    passes = iter(loader(slow, 3, num_workers=1, timeout=0.4))
    assert next(passes).item() == 0
    with pytest.raises(RuntimeError, match=r"timed out after 0\.4 seconds"):
        next(passes)
    time.sleep(1.5)
    assert [b.item() for b in passes] == [1, 2]


def test_persistent_workers_draw_one_seed():
    """Also where batches are picked out of tensors on the calling thread."""
    orders = []
    for data in (TensorDataset(wg.arange(9)), Calls(lambda i: [i], 9)):
        wg.manual_seed(3)
        loader = DataLoader(data, 2, shuffle=True, num_workers=2, persistent_workers=True)
        orders.append([[b[0].tolist() for b in loader] for _ in range(3)])
    assert orders[0] == orders[1]


def test_nothing_is_left_behind():
    for _ in loader(identity):
        break
    assert alone()
    passes = iter(loader(identity, persistent_workers=True))
    next(passes)
    assert len(multiprocessing.active_children()) == 2
    del passes
    assert alone()
    with pytest.raises(KeyboardInterrupt):
        for _ in loader(identity):
            raise KeyboardInterrupt
    assert alone()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        list(loader(identity))
    assert alone() and len(os.listdir("/proc/self/fd")) <= before


def test_persistent_workers_stay():
    data = loader(lambda i: os.getpid(), 6, persistent_workers=True)
    first = {b.item() for b in data}
    next(iter(data))  # left early: the rest of that pass must not come in the next one
    assert {b.item() for b in data} == first and len(first) == 2
    data = loader(identity, 6, persistent_workers=True)
    next(iter(data))
    assert [b.item() for b in data] == list(range(6)) == [b.item() for b in data]
    fresh = loader(lambda i: os.getpid(), 6)
    assert {b.item() for b in fresh}.isdisjoint({b.item() for b in fresh})


def test_out_of_order():
    def slow(i):
        time.sleep(0.8 * (i == 0))
        return i

    got = [b.item() for b in loader(slow, 8, in_order=False)]
    assert sorted(got) == list(range(8)) and got[0] != 0
    assert [b.item() for b in loader(slow, 8)] == list(range(8))


def test_two_loaders_at_once():
    a, b = iter(loader(identity, 4)), iter(loader(identity, 4))
    assert [(x.item(), y.item()) for x, y in zip(a, b)] == [(i, i) for i in range(4)]


def test_workers_of_workers_are_refused():
    def nested(i):
        return len(list(loader(identity, 2, num_workers=1)))

    with pytest.raises(AssertionError, match="daemonic"):
        list(loader(nested, 1, num_workers=1))


def test_workers_end_though_others_hold_their_sockets():
    passes = iter(loader(identity, 4))
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(20,))
    child.start()
    start = time.monotonic()
    del passes
    assert time.monotonic() - start < 4
    child.kill()
    child.join()


def test_fork_after_threads_have_started():
    wg.randn(600, 600) @ wg.randn(600, 600)
    wg.randn(1 << 22).exp()
    made = loader(lambda i: (wg.ones(300, 300) @ wg.ones(300, 300)).sum(), 4)
    assert [b.item() for b in made] == [300.0**3] * 4


def test_spawned_workers():
    data = TensorDataset(wg.arange(30_000.0).view(300, 100), wg.arange(300))
    made = DataLoader(data, 100, num_workers=2, collate_fn=identity, timeout=WAIT,
                      multiprocessing_context="spawn")  # fmt: skip
    batches = list(made)
    assert [len(b) for b in batches] == [100] * 3
    for i, (x, y) in enumerate(sample for b in batches for sample in b):
        assert y.item() == i and x[0].item() == 100 * i
    assert made.multiprocessing_context.get_start_method() == "spawn"
    assert alone()


PROGRAM = """
import os, sys, time
import wengert as wg
from wengert.utils.data import DataLoader, Dataset
class Slow(Dataset):
    def __len__(self): return 100
    def __getitem__(self, i):
        time.sleep(0.01)
        return os.getpid()
loader = DataLoader(Slow(), num_workers=2, persistent_workers={persistent})
passes = iter(loader)
print(next(passes).item(), next(passes).item(), flush=True)
{then}
"""


@pytest.mark.parametrize(
    ("then", "interrupt"),
    [
        ("", None),
        ("sys.exit(3)", None),
        ("1 / 0", None),
        ("os._exit(1)", None),
        ("time.sleep(60)", signal.SIGINT),
        ("list(passes)", signal.SIGINT),
        ("time.sleep(60)", signal.SIGKILL),
    ],
)
def test_workers_end_with_the_program(then, interrupt):
    text = PROGRAM.format(persistent=interrupt is None, then=then)
    program = subprocess.Popen(
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    pids = [int(p) for p in program.stdout.readline().split()]
    assert len(pids) == 2
    if interrupt == signal.SIGINT:  # a terminal sends it to all
        os.killpg(program.pid, interrupt)
    elif interrupt:
        program.send_signal(interrupt)
    errors = program.communicate(timeout=WAIT)[1]
    assert "Exception ignored" not in errors and errors.count("Traceback") <= 1, errors
    deadline = time.monotonic() + 15
    while any(os.path.exists(f"/proc/{p}") and _running(p) for p in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
