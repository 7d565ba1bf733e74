"""Datasets, samplers and loaders."""

from collections import Counter, namedtuple

import pytest

import wengert as wg
from wengert.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)


class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return {"x": i, "y": float(i * i)}


def seeded(n):
    g = wg.Generator()
    g.manual_seed(n)
    return g


def pairs(n=10):
    x = wg.arange(n)
    return TensorDataset(x, x * 10)


def test_tensor_dataset():
    data = pairs(4)
    assert len(data) == 4
    assert [v.item() for v in data[3]] == [3, 30]
    with pytest.raises(AssertionError, match="Size mismatch"):
        TensorDataset(wg.zeros(3), wg.zeros(4))


def test_concat_and_subset():
    both = pairs(3) + pairs(2)
    assert isinstance(both, ConcatDataset) and len(both) == 5
    assert [both[i][0].item() for i in (0, 2, 3, 4, -1)] == [0, 2, 0, 1, 1]
    with pytest.raises(IndexError, match="exceeds"):
        both[5]
    with pytest.raises(ValueError, match="exceeds"):
        both[-6]
    assert [s[0].item() for s in Subset(both, [4, 0])] == [1, 0]


@pytest.mark.parametrize(("lengths", "sizes"), [([3, 7], [3, 7]), ([0.5, 0.25, 0.25], [6, 2, 2])])
def test_random_split(lengths, sizes):
    parts = random_split(pairs(10), lengths, seeded(1))
    assert [len(p) for p in parts] == sizes
    assert sorted(s[0].item() for p in parts for s in p) == list(range(10))
    again = random_split(pairs(10), lengths, seeded(1))
    assert [p.indices for p in parts] == [p.indices for p in again]
    with pytest.raises(ValueError, match="Sum of input lengths"):
        random_split(pairs(10), [3, 3])


def test_samplers():
    assert list(SequentialSampler(range(3))) == [0, 1, 2]
    assert sorted(RandomSampler(range(50))) == list(range(50))
    assert list(RandomSampler(range(50), generator=seeded(2))) != list(range(50))
    drawn = list(RandomSampler(range(3), replacement=True, num_samples=40))
    assert len(drawn) == 40 and set(drawn) == {0, 1, 2}
    counts = Counter(RandomSampler(range(3), num_samples=7))
    assert sorted(counts.values()) == [2, 2, 3]
    assert sorted(SubsetRandomSampler([7, 8, 9])) == [7, 8, 9]
    batches = BatchSampler(range(7), 3, False)
    assert list(batches) == [[0, 1, 2], [3, 4, 5], [6]] and len(batches) == 3
    batches = BatchSampler(range(7), 3, True)
    assert list(batches) == [[0, 1, 2], [3, 4, 5]] and len(batches) == 2
    with pytest.raises(ValueError, match="batch_size"):
        BatchSampler(range(3), 0, False)


def test_weighted_sampler():
    counts = Counter(WeightedRandomSampler([0.0, 1.0, 3.0], 4000))
    assert set(counts) == {1, 2}
    assert counts[2] / 4000 == pytest.approx(0.75, abs=0.04)
    assert sorted(WeightedRandomSampler([1.0, 1.0, 1.0], 3, replacement=False)) == [0, 1, 2]


def test_collate():
    Point = namedtuple("Point", "x y")
    assert default_collate([1, 2]).dtype == wg.int64
    assert default_collate([1.0, 2.0]).dtype == wg.float64
    assert default_collate(["a", "b"]) == ["a", "b"]
    assert default_collate([{"k": 1}, {"k": 2}])["k"].tolist() == [1, 2]
    assert default_collate([Point(1, 2), Point(3, 4)]).y.tolist() == [2, 4]
    assert default_collate([wg.zeros(2), wg.ones(2)]).tolist() == [[0, 0], [1, 1]]
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([[1], [1, 2]])
    with pytest.raises(TypeError, match="found"):
        default_collate([object()])


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("subset", [False, True])
def test_picked_batches_are_those_of_single_samples(shuffle, drop_last, subset):
    data = Subset(pairs(20), [3, 1, 4, 15, 9, 2, 6, 5, 8, 7]) if subset else pairs()
    got, loaders = [], []
    for collate in (None, lambda samples: default_collate(samples)):
        loader = DataLoader(
            data, 4, shuffle, generator=seeded(5), drop_last=drop_last, collate_fn=collate
        )
        loaders.append(loader)
        got.append([[t.tolist() for t in batch] for batch in loader])
    assert got[0] == got[1]
    assert len(got[0]) == len(loaders[0]) == (2 if drop_last else 3)
    if not drop_last:
        seen = sorted(x for batch in got[0] for x in batch[0])
        assert seen == sorted(s[0].item() for s in data)


def test_batches_do_not_share_memory_with_the_data():
    data = pairs(4)
    for x, _ in DataLoader(data, 2):
        x.zero_()
    assert data.tensors[0].tolist() == [0, 1, 2, 3]


def test_passes_differ_and_seeds_repeat():
    loader = DataLoader(pairs(30), 30, shuffle=True, generator=seeded(7))
    first, second = next(iter(loader))[0].tolist(), next(iter(loader))[0].tolist()
    assert first != second and sorted(first) == sorted(second)
    loader = DataLoader(pairs(30), 30, shuffle=True, generator=seeded(7))
    assert next(iter(loader))[0].tolist() == first


def test_other_samplers_of_tensor_datasets():
    loader = DataLoader(pairs(), 2, sampler=[5, 1, 2])
    assert [b[0].tolist() for b in loader] == [[5, 1], [2]]
    loader = DataLoader(Subset(pairs(), [9, 8, 7]), batch_sampler=[[0, 2], [1]])
    assert [b[1].tolist() for b in loader] == [[90, 70], [80]]


def test_mapping_samples_and_workers():
    data = Squares(11)
    plain = [(b["x"].tolist(), b["y"].tolist()) for b in DataLoader(data, 3)]
    assert plain[-1] == ([9, 10], [81.0, 100.0])
    loader = DataLoader(data, 3, num_workers=2)
    assert [(b["x"].tolist(), b["y"].tolist()) for b in loader] == plain


def test_errors_of_workers_reach_the_caller():
    class Broken(Squares):
        def __getitem__(self, i):
            raise KeyError(i)

    with pytest.raises(KeyError):
        list(DataLoader(Broken(4), 2, num_workers=2))


def test_no_batching():
    assert [x.item() for x, _ in DataLoader(pairs(3), batch_size=None)] == [0, 1, 2]
    doubled = DataLoader(range(3), batch_size=None, collate_fn=lambda x: 2 * x)
    assert list(doubled) == [0, 2, 4] and len(doubled) == 3


def test_iterable_dataset():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(range(5))

    assert [b.tolist() for b in DataLoader(Stream(), 2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in DataLoader(Stream(), 2, drop_last=True)] == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="IterableDataset"):
        DataLoader(Stream(), shuffle=True)


def test_contradictions():
    with pytest.raises(ValueError, match="mutually exclusive with shuffle"):
        DataLoader(pairs(), shuffle=True, sampler=[0])
    with pytest.raises(ValueError, match="batch_sampler option is mutually exclusive"):
        DataLoader(pairs(), 2, batch_sampler=[[0]])
    with pytest.raises(ValueError, match="num_workers"):
        DataLoader(pairs(), num_workers=-1)
