"""Datasets, samplers, collation and loaders, where the order does not depend on random numbers."""

from harness import Case

D = "torch.utils.data"
START = """
import importlib
from collections import OrderedDict, UserDict, UserList, namedtuple
d = importlib.import_module(torch.__name__ + ".utils.data")
class Squares(d.Dataset):
    def __init__(self, n):
        self.n = n
    def __len__(self):
        return self.n
    def __getitem__(self, i):
        if not -self.n <= i < self.n:
            raise IndexError(i)
        return {"i": i, "y": float(i * i)}
class Pair(d.Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.x[i], self.y[i]
class Batched(Squares):
    def __getitems__(self, indices):
        return [(i, -i) for i in indices]
class Stream(d.IterableDataset):
    def __init__(self, n, said=None):
        self.n, self.said = n, said
    def __iter__(self):
        info = d.get_worker_info()
        if info is None:
            return iter(range(self.n))
        return iter(range(info.id, self.n, info.num_workers))
class Sized(Stream):
    def __len__(self):
        return self.said
class Failing(Squares):
    def __getitem__(self, i):
        if i == 3:
            raise self.error("three")
        return i
Point = namedtuple("Point", "x y")
def tensors():
    return d.TensorDataset(C(7, 3), I(7), M(7, 2))
def rest(loader):
    return len(loader), list(loader)
def kinds(x):
    if isinstance(x, dict):
        return type(x).__name__, {k: kinds(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [kinds(v) for v in x]
    return type(x).__name__
"""


def case(names: str, code: str, **options: object) -> Case:
    """A case of these names of the module, or of the ones in brackets."""
    all_names = tuple(
        "subclass of torch.utils.data." + n[1:] if n[0] == "<" else f"{D}.{n}"
        for n in names.split()
    )
    *statements, last = code.strip().split("\n")
    text = "\n".join([f"# {last}", START, *statements, last])
    return Case(all_names, text, **options)  # type: ignore[arg-type]


def refused(names: str, code: str) -> Case:
    """A case that is an error."""
    return case(names, code, raises=True, only="float64")


LOADER = "DataLoader Dataset <Dataset"
CASES = [
    # Datasets.
    *(
        case(names, code)
        for names, code in (
            ("TensorDataset", "t = tensors()\nlen(t), t[0], t[-1], t[2:4], len(t.tensors)"),
            ("TensorDataset", "t = d.TensorDataset(C(4))\nt[torch.tensor([1, 3])], t[3]"),
            ("TensorDataset", "a = T(3, 2)\nd.TensorDataset(a * 2, a)[1]"),
            ("Dataset <Dataset", "s = Squares(5)\nlen(s), s[2], list(s)"),
            ("Dataset", "s = Squares(2) + Squares(3)\ntype(s).__name__, len(s), list(s)"),
            (
                "ConcatDataset",
                "s = d.ConcatDataset([Squares(2), Batched(1), [7, 8]])\n"
                "s.cumulative_sizes, [s[i] for i in range(-5, 5)], len(s)",
            ),
            ("ConcatDataset", "s = d.ConcatDataset(x for x in ([1], [], [2]))\nlist(s), len(s)"),
            (
                "StackDataset",
                "s = d.StackDataset(Squares(3), [4, 5, 6])\n"
                "len(s), s[1], s.__getitems__([2, 0]), type(s.datasets).__name__",
            ),
            (
                "StackDataset",
                "s = d.StackDataset(a=Squares(3), b=Batched(3), c=[1, 2, 3])\n"
                "len(s), s[1], s.__getitems__([2, 0]), list(s.datasets)",
            ),
            (
                "StackDataset DataLoader",
                "rest(d.DataLoader(d.StackDataset(tensors(), k := Squares(7)), 3))",
            ),
            ("IterableDataset", "list(Stream(4)), d.Dataset in d.IterableDataset.__mro__"),
            (
                "ChainDataset IterableDataset",
                "s = Stream(2) + Sized(3, 3)\n"
                "type(s).__name__, list(s), list(d.ChainDataset([Stream(1), s]))",
            ),
            ("ChainDataset", "len(Sized(2, 2) + Sized(3, 3))"),
            (
                "Subset",
                "s = d.Subset(Squares(9), [8, 1, 1])\n"
                "len(s), s[0], s[-1], list(s), s.__getitems__([2, 0])",
            ),
            ("Subset", "s = d.Subset(Batched(9), range(2, 6))\ns[1], s.__getitems__([2, 0])"),
            ("Subset", "d.Subset(C(5), [3, 2, 4])[[0, 1]]"),
            (
                "Subset Dataset",
                "d.Dataset[int], d.Sampler[int], d.IterableDataset[str]\n"
                "class G(d.Dataset[int]): pass\nissubclass(G, d.Dataset)",
            ),
        )
    ),
    refused("TensorDataset", "d.TensorDataset(C(3), C(4))"),
    refused("TensorDataset", "d.TensorDataset(C(3), C())"),
    refused("TensorDataset", "len(d.TensorDataset())"),
    refused("TensorDataset", "d.TensorDataset(C(3))[3]"),
    refused("Dataset", "d.Dataset()[0]"),
    refused("Dataset", "len(d.Dataset())"),
    refused("IterableDataset", "iter(d.IterableDataset())"),
    refused("IterableDataset", "Stream(3)[0]"),
    refused("ConcatDataset", "d.ConcatDataset([])"),
    refused("ConcatDataset", "d.ConcatDataset([Stream(3)])"),
    refused("ConcatDataset", "d.ConcatDataset([[1], [2]])[2]"),
    refused("ConcatDataset", "d.ConcatDataset([[1], [2]])[-3]"),
    refused("ChainDataset", "list(d.ChainDataset([[1]]))"),
    refused("ChainDataset", "len(d.ChainDataset([[1]]))"),
    refused("ChainDataset", "len(d.ChainDataset([Stream(1)]))"),
    refused("StackDataset", "d.StackDataset()"),
    refused("StackDataset", "d.StackDataset([1], [1, 2])"),
    refused("StackDataset", "d.StackDataset(a=[1], b=[1, 2])"),
    refused("StackDataset", "d.StackDataset([1], b=[1])"),
    refused(
        "StackDataset",
        "class Short(Squares):\n    def __getitems__(self, i): return []\n"
        "d.StackDataset(Short(3), [1, 2, 3]).__getitems__([0, 1])",
    ),
    refused(
        "Subset",
        "class Odd(d.Subset):\n    def __getitem__(self, i): return 1\nOdd([1], [0])",
    ),
    refused("Subset", "d.Subset([1, 2], [0])[1]"),
    # Splits: sizes and what belongs together.
    *(
        case(
            "random_split Subset",
            f"import warnings\nwith warnings.catch_warnings(record=True) as seen:\n"
            f'    warnings.simplefilter("always")\n'
            f"    parts = d.random_split(range({n}), {lengths}, torch.Generator().manual_seed(1))\n"
            "[len(p) for p in parts], sorted(i for p in parts for i in p), "
            "[type(p).__name__ for p in parts], [w.category.__name__ for w in seen]",
            only="float64",
        )
        for n, lengths in (
            (10, "[3, 7]"),
            (10, "[10]"),
            (10, "[0, 10, 0]"),
            (10, "[0.5, 0.25, 0.25]"),
            (11, "[0.3, 0.3, 0.4]"),
            (7, "(1/3, 1/3, 1/3)"),
            (3, "[0.1] * 10"),
            (1, "[0.5, 0.5]"),
            (0, "[0, 0]"),
            (0, "[0.5, 0.5]"),
            (1, "[1]"),
            (5, "[1.0]"),
            (2, "[0.0, 1.0]"),
        )
    ),
    refused("random_split", "d.random_split(range(3), [1, 1])"),
    refused("random_split", "d.random_split(range(3), [2, 2])"),
    refused("random_split", "d.random_split(range(3), [0.5, 0.4])"),
    refused("random_split", "d.random_split(range(3), [1.5, -0.5])"),
    refused("random_split", "d.random_split(range(3), [1.5, 1.5])"),
    refused("random_split", "d.random_split(3, [1, 2])"),
    # Samplers.
    *(
        case(names, code, only="float64")
        for names, code in (
            ("SequentialSampler", "s = d.SequentialSampler(Squares(4))\nlist(s), list(s), len(s)"),
            ("RandomSampler", "s = d.RandomSampler(Squares(40))\nsorted(s), len(s), s.num_samples"),
            (
                "RandomSampler",
                "s = d.RandomSampler(range(3), num_samples=7)\n"
                "x = list(s)\nsorted(x[:3]), sorted(x[3:6]), len(x), len(s)",
            ),
            (
                "RandomSampler",
                "s = d.RandomSampler(range(3), True, 70)\n"
                "x = list(s)\nlen(x), len(s), set(x) == {0, 1, 2}, s.replacement",
            ),
            (
                "RandomSampler",
                "s = d.RandomSampler(range(8), generator=torch.Generator())\n"
                "s.generator.manual_seed(3)\na = list(s)\nb = list(s)\ns.generator.manual_seed(3)\n"
                "a == list(s), b == list(s), a == b",
            ),
            (
                "RandomSampler",
                "d.RandomSampler(range(1), True)\n"
                "list(d.RandomSampler(range(1), replacement=True)), type(next(iter("
                "d.RandomSampler([5])))).__name__",
            ),
            ("SubsetRandomSampler", "s = d.SubsetRandomSampler([7, 8, 9])\nsorted(s), len(s)"),
            (
                "SubsetRandomSampler",
                "s = d.SubsetRandomSampler('abc', torch.Generator())\n"
                "sorted(s), len(s), list(d.SubsetRandomSampler([]))",
            ),
            (
                "WeightedRandomSampler",
                "s = d.WeightedRandomSampler([0.0, 2.0, 0], 5)\n"
                "list(s), len(s), s.weights, s.replacement, s.num_samples",
            ),
            (
                "WeightedRandomSampler",
                "s = d.WeightedRandomSampler(torch.tensor([1, 2, 1]), 3, "
                "replacement=False, generator=torch.Generator())\nsorted(s), len(s)",
            ),
            ("BatchSampler", "s = d.BatchSampler(range(7), 3, False)\nlist(s), list(s), len(s)"),
            ("BatchSampler", "s = d.BatchSampler(range(7), 3, drop_last=True)\nlist(s), len(s)"),
            (
                "BatchSampler",
                "s = d.BatchSampler(d.SequentialSampler([]), 1, False)\nlist(s), len(s)",
            ),
            (
                "BatchSampler",
                "[list(d.BatchSampler(iter(range(6)), n, drop)) for n in (2, 6, 9) "
                "for drop in (False, True)]",
            ),
            (
                "Sampler",
                "class S(d.Sampler):\n    def __iter__(self): return iter('ab')\nlist(S())",
            ),
        )
    ),
    *(
        case(
            "DistributedSampler",
            f"s = [d.DistributedSampler(range({n}), {replicas}, r, {options}) "
            f"for r in range({replicas})]\n"
            "[list(x) for x in s], [len(x) for x in s], [x.total_size for x in s], s[0].epoch",
            only="float64",
        )
        for n, replicas in ((10, 3), (9, 3), (2, 5), (1, 4), (7, 1), (0, 2))
        for options in ("shuffle=False", "shuffle=False, drop_last=True")
    ),
    case(
        "DistributedSampler",
        "s = [d.DistributedSampler(range(12), num_replicas=3, rank=r, seed=4) for r in range(3)]\n"
        "a = [list(x) for x in s]\nb = [list(x) for x in s]\nfor x in s: x.set_epoch(2)\n"
        "c = [list(x) for x in s]\n"
        "sorted(sum(a, [])), a == b, a == c, sorted(sum(c, [])), s[0].epoch, s[0].seed",
        only="float64",
    ),
    case(
        "DistributedSampler DataLoader",
        "s = d.DistributedSampler(Squares(7), 2, 1, shuffle=False)\n"
        "rest(d.DataLoader(Squares(7), 2, sampler=s))",
    ),
    refused("DistributedSampler", "d.DistributedSampler(range(3), 2, 2)"),
    refused("DistributedSampler", "d.DistributedSampler(range(3), 2, -1)"),
    refused("DistributedSampler", "d.DistributedSampler(range(3))"),
    refused("Sampler", "iter(d.Sampler())"),
    refused("SequentialSampler", "list(d.SequentialSampler(3))"),
    refused("RandomSampler", "d.RandomSampler([])"),
    refused("RandomSampler", "d.RandomSampler([1], replacement=1)"),
    refused("RandomSampler", "d.RandomSampler([1], num_samples=0)"),
    refused("RandomSampler", "d.RandomSampler([1], num_samples=-2)"),
    refused("RandomSampler", "d.RandomSampler([1], num_samples=1.0)"),
    refused("WeightedRandomSampler", "d.WeightedRandomSampler([1.0], 0)"),
    refused("WeightedRandomSampler", "d.WeightedRandomSampler([1.0], True)"),
    refused("WeightedRandomSampler", "d.WeightedRandomSampler([1.0], 1, replacement=0)"),
    refused("WeightedRandomSampler", "d.WeightedRandomSampler([[1.0]], 1)"),
    refused("WeightedRandomSampler", "list(d.WeightedRandomSampler([1.0], 2, False))"),
    refused("BatchSampler", "d.BatchSampler(range(3), 0, False)"),
    refused("BatchSampler", "d.BatchSampler(range(3), True, False)"),
    refused("BatchSampler", "d.BatchSampler(range(3), 2.0, False)"),
    refused("BatchSampler", "d.BatchSampler(range(3), 2, 0)"),
    refused("BatchSampler", "len(d.BatchSampler(iter([1]), 2, False))"),
]

# Collation.
BATCHES = (
    "[1, 2]",
    "[True, False]",
    "[1.0, 2.0]",
    "[1, 2.5]",
    "['a', 'b']",
    "[b'a', b'b']",
    "('a', 'b')",
    "[C(2), C(2)]",
    "(C(), C())",
    "[C(0, 2), C(0, 2)]",
    "[(1, 2.0), (3, 4.0)]",
    "[[1, 'x'], [2, 'y']]",
    "[{'k': 1, 'l': [C(2), 'z']}, {'k': 2, 'l': [C(2), 'w'], 'm': 3}]",
    "[OrderedDict(b=1, a=2), OrderedDict(a=3, b=4)]",
    "[Point(1, C(2)), Point(2, C(2))]",
    "[np.float32(1), np.float32(2)]",
    "[np.int16(1), np.int16(2)]",
    "[np.float64(1), np.float64(2)]",
    "[np.bool_(True), np.bool_(False)]",
    "[np.arange(3), np.arange(3)]",
    "[np.ones((2, 2), 'float32'), np.zeros((2, 2), 'float32')]",
    "[np.array(1.5), np.array(2.5)]",
    "[range(3), range(3)]",
    "[(), ()]",
    "[[], []]",
    "[{}, {}]",
)
CASES += [
    *(
        case("default_collate", f"x = d.default_collate({batch})\n{result}")
        for batch in BATCHES
        for result in ("x", "kinds(x)")
    ),
    case("default_collate", "a, b = T(2, 2), T(2, 2)\nd.default_collate([(a, b), (b, a)])"),
    case(
        "default_collate",
        "x = d.default_collate([UserDict(a=1), UserDict(a=2)])\ntype(x).__name__, x['a']",
    ),
    case(
        "default_collate",
        "x = d.default_collate([UserList([1, 2]), UserList([3, 4])])\ntype(x).__name__, list(x)",
    ),
    case(
        "default_collate",
        "class K(dict):\n    note = 3\nk = K(a=1)\nk.note = 4\n"
        "x = d.default_collate([k, K(a=2)])\ntype(x).__name__, x.note, x['a'], k['a']",
    ),
    *(
        refused("default_collate", f"d.default_collate({batch})")
        for batch in (
            "[]",
            "[object()]",
            "[None, None]",
            "[[1], [1, 2]]",
            "[C(2), C(3)]",
            "[1, 'a']",
            "[{'a': 1}, {'b': 1}]",
            "[np.array(['a']), np.array(['b'])]",
            "[{1}, {2}]",
            "3",
            "[np.array([None]), np.array([None])]",
            "['a', {}, object]\nd.default_collate([3, {}])",
        )
    ),
    case(
        "default_collate",
        "c = importlib.import_module(d.__name__ + '._utils.collate')\n"
        "class Mine:\n    def __init__(self, v): self.v = v\n"
        "class Yours(Mine): pass\n"
        "def f(batch, *, collate_fn_map=None): return c.collate([b.v for b in batch], "
        "collate_fn_map=collate_fn_map)\n"
        "c.default_collate_fn_map[Mine] = f\n"
        "try:\n    x = d.default_collate([(Yours(1), Mine(2)), (Mine(3), Mine(4))])\n"
        "finally:\n    del c.default_collate_fn_map[Mine]\n"
        "x, c.collate([Mine(3)], collate_fn_map={(Mine, str): lambda b, **k: (len(b), sorted(k))})",
    ),
    refused(
        "default_collate",
        "c = importlib.import_module(d.__name__ + '._utils.collate')\nc.collate([1, 2])",
    ),
    *(
        case("default_convert", f"x = d.default_convert({data})\n{result}")
        for data in (
            "3",
            "2.5",
            "'a'",
            "b'a'",
            "None",
            "C(2)",
            "np.arange(2)",
            "np.float32(2)",
            "np.int64(3)",
            "np.str_('a')",
            "(1, np.ones(2))",
            "[np.ones(2), 'x']",
            "{'a': np.ones(2), 'b': (1, 2)}",
            "OrderedDict(a=np.ones(1))",
            "Point(np.ones(1), 2)",
            "[[np.ones(1)], {'q': [np.zeros(1)]}]",
            "()",
            "[]",
            "{}",
        )
        for result in ("x", "kinds(x)")
    ),
    case("default_convert", "x = np.array(['a', 'b'])\nd.default_convert(x) is x"),
    case(
        "default_convert",
        "list(d.default_convert(range(3))), list(d.default_convert(UserList([1])))",
    ),
]

# Loaders on the calling thread.
CASES += [
    *(
        case(LOADER, f"rest(d.DataLoader({arguments}))")
        for arguments in (
            "Squares(5)",
            "Squares(7), 3",
            "Squares(7), 3, False",
            "Squares(7), batch_size=3, drop_last=True",
            "Squares(2), batch_size=3, drop_last=True",
            "Squares(0), 2",
            "Squares(3), batch_size=None",
            "Squares(5), 2, sampler=[4, 0, 0]",
            "Squares(5), 2, sampler=d.SequentialSampler(Squares(3))",
            "Squares(5), None, sampler=[4, 2]",
            "Squares(5), batch_sampler=[[0, 1, 2], [], [4]][::2]",
            "Squares(5), batch_sampler=d.BatchSampler([4, 3, 2, 1], 3, False)",
            "Squares(5), 2, collate_fn=lambda samples: [s['i'] for s in samples]",
            "Squares(5), batch_size=None, collate_fn=lambda s: s['y']",
            "Batched(5), 2",
            "Batched(5), None",
            "d.Subset(Batched(9), [8, 3, 5]), 2",
            "[3, 4, 5], 2",
            "C(5, 2), 2",
            "range(5), 4",
            "np.arange(6.0).reshape(3, 2), 2",
            "np.arange(6.0).reshape(3, 2), None",
            "['a', 'b', 'c'], 2",
            "tensors(), 3",
            "tensors(), 3, drop_last=True",
            "tensors(), 7",
            "tensors(), 10",
            "tensors(), None",
            "tensors(), 2, sampler=[-1, 0, 5]",
            "tensors(), 3, sampler=[0, 6]",
            "tensors(), batch_sampler=[[0, 2], [1]]",
            "tensors(), batch_sampler=[[0, 2], [1]], collate_fn=len",
            "d.Subset(tensors(), [5, 3, 1]), 2",
            "d.Subset(tensors(), [-1, 3, 1]), 2",
            "d.Subset(tensors(), range(1, 4)), 2",
            "d.Subset(tensors(), []), 2",
            "Pair(C(5, 2), I(5)), 2, timeout=0, pin_memory_device='', in_order=True",
            "Squares(5), 2, in_order=False, persistent_workers=False, worker_init_fn=print",
            "Squares(4) + Squares(3), 3",
        )
    ),
    case(LOADER, "a = T(5, 2)\nlist(d.DataLoader(d.TensorDataset(a * 2, a), 2))"),
    case(LOADER, "a = T(5, 2)\nlist(d.DataLoader(Pair(a * 2, a), 2))"),
    case(
        LOADER,
        "x = d.DataLoader(Squares(20), 4, shuffle=True)\n"
        "sorted(i for b in x for i in b['i'].tolist()), [len(b['i']) for b in x], len(x)",
    ),
    case(
        LOADER,
        "g = torch.Generator().manual_seed(2)\nx = d.DataLoader(tensors(), 3, True, "
        "generator=g)\na = [b[1] for b in x]\ng.manual_seed(2)\n"
        "[len(b) for b in a], all(torch.equal(p, b[1]) for p, b in zip(a, x))",
    ),
    *(
        case("DataLoader IterableDataset", code)
        for code in (
            "x = d.DataLoader(Stream(5), 2)\nlist(x), list(x)",
            "list(d.DataLoader(Stream(5), 2, drop_last=True))",
            "list(d.DataLoader(Stream(4), 2, False))",
            "list(d.DataLoader(Stream(3), batch_size=None))",
            "list(d.DataLoader(Stream(3), None, collate_fn=lambda x: x + 1))",
            "list(d.DataLoader(Stream(0), 2))",
            "rest(d.DataLoader(Sized(5, 5), 2))",
            "rest(d.DataLoader(Sized(5, 5), 2, drop_last=True))",
            "rest(d.DataLoader(Sized(5, 5), None))",
            "list(d.DataLoader(Stream(2) + Stream(3), 2))",
            "import warnings\nwith warnings.catch_warnings(record=True) as seen:\n"
            '    warnings.simplefilter("always")\n    got = rest(d.DataLoader(Sized(5, 3), 1))\n'
            "got, [w.category.__name__ for w in seen]",
        )
    ),
    case(
        "DataLoader <DataLoader",
        "class L(d.DataLoader):\n    def __iter__(self):\n"
        "        for b in super().__iter__(): yield b['i'] * 2\nrest(L(Squares(5), 2))",
    ),
    case(
        "DataLoader",
        "x = d.DataLoader(Squares(5), 2, drop_last=True)\n"
        "x.batch_size, x.num_workers, x.drop_last, x.timeout, x.pin_memory, x.prefetch_factor, "
        "type(x.sampler).__name__, type(x.batch_sampler).__name__, x.generator, x.in_order, "
        "x.persistent_workers, x.worker_init_fn, x.multiprocessing_context, "
        "x.collate_fn.__name__, x.pin_memory_device, len(x.dataset)",
    ),
    case(
        "DataLoader",
        "x = d.DataLoader(Squares(5), batch_sampler=[[1]])\n"
        "x.batch_size, x.drop_last, type(x.sampler).__name__, x.batch_sampler",
    ),
    case(
        "DataLoader",
        "x = d.DataLoader(Squares(5), None, shuffle=True)\n"
        "x.batch_size, x.batch_sampler, type(x.sampler).__name__, x.collate_fn.__name__",
    ),
    case(
        "DataLoader",
        "x = d.DataLoader(Squares(5), 2, num_workers=2, "
        "multiprocessing_context='spawn')\nx.prefetch_factor, type(x.multiprocessing_context)."
        "__name__",
    ),
    case("DataLoader", "x = iter(d.DataLoader(Squares(5), 2))\nlen(x), next(x), iter(x) is x"),
    case("DataLoader get_worker_info", "d.get_worker_info()"),
    case(
        "DataLoader", "x = d.DataLoader(Squares(3))\nx.num_workers = 0\nx.collate_fn = len\nlist(x)"
    ),
    *(
        refused("DataLoader", f"d.DataLoader({arguments})")
        for arguments in (
            "[1], num_workers=-1",
            "[1], timeout=-1",
            "[1], prefetch_factor=2",
            "[1], num_workers=1, prefetch_factor=-1",
            "[1], persistent_workers=True",
            "[1], shuffle=True, sampler=[0]",
            "[1], 2, batch_sampler=[[0]]",
            "[1], shuffle=True, batch_sampler=[[0]]",
            "[1], sampler=[0], batch_sampler=[[0]]",
            "[1], drop_last=True, batch_sampler=[[0]]",
            "[1], None, drop_last=True",
            "[1], batch_size=0",
            "[1], batch_size=-1",
            "[1], batch_size=1.5",
            "[], shuffle=True",
            "Stream(2), shuffle=True",
            "Stream(2), sampler=[0]",
            "Stream(2), batch_sampler=[[0]]",
            "[1], multiprocessing_context='fork'",
            "[1], num_workers=1, multiprocessing_context='none'",
            "[1], num_workers=1, multiprocessing_context=3",
            "[1], 1, False, None, None, 0, None, False, False, 0, None, None, None, 2",
        )
    ),
    *(
        refused("DataLoader", f"x = d.DataLoader(Squares(3))\nx.{name} = None")
        for name in (
            "batch_size",
            "batch_sampler",
            "sampler",
            "drop_last",
            "dataset",
            "persistent_workers",
        )
    ),
    refused("DataLoader", "len(d.DataLoader(Stream(3)))"),
    refused("DataLoader", "list(d.DataLoader(3))"),
    refused("DataLoader", "list(d.DataLoader(Squares(3), sampler=[5]))"),
    refused("DataLoader", "list(d.DataLoader(tensors(), sampler=[7]))"),
    refused("DataLoader", "list(d.DataLoader(tensors(), sampler=['a']))"),
    refused("DataLoader", "list(d.DataLoader([None]))"),
    refused("DataLoader", "list(d.DataLoader([1], collate_fn=3))"),
    *(
        refused("DataLoader", f"x = Failing(5)\nx.error = {error}\nlist(d.DataLoader(x, 2))")
        for error in ("ValueError", "KeyError")
    ),
]

# Loaders with worker processes. Those that fail are tested elsewhere: PyTorch's handler of the
# signal that a process has ended may raise in whatever runs then.
CASES += [
    *(
        case(LOADER, f"rest(d.DataLoader({arguments}))", only="float64")
        for arguments in (
            "Squares(7), 3, num_workers=1",
            "Squares(7), 2, num_workers=2, drop_last=True, prefetch_factor=1",
            "Pair(C(9, 4), I(9)), 2, num_workers=2, persistent_workers=True",
            "Squares(5), None, num_workers=2, timeout=60",
            "Squares(5), 2, sampler=[3, 1, 0], num_workers=1, in_order=False",
            "Squares(1), 1, num_workers=2",
            "Squares(0), 1, num_workers=1",
        )
    ),
    *(
        case("DataLoader IterableDataset get_worker_info", code, only="float64")
        for code in (
            "list(d.DataLoader(Stream(11), 2, num_workers=2))",
            "list(d.DataLoader(Stream(11), 2, num_workers=2, drop_last=True))",
            "list(d.DataLoader(Stream(3), None, num_workers=2))",
            "x = d.DataLoader(Stream(5), 2, num_workers=1, persistent_workers=True)\n"
            "list(x), list(x)",
        )
    ),
]
