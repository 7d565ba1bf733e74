"""Files by their address, classes declared safe, and functions run in processes."""

from __future__ import annotations

from harness import Case

SAFE = """
import importlib
S = importlib.import_module(torch.__name__ + ".serialization")
import argparse, collections
S.clear_safe_globals()
"""
HUB = """
import hashlib, importlib, os, pathlib, tempfile
hub = importlib.import_module(torch.__name__ + ".hub")
zoo = importlib.import_module(torch.__name__ + ".utils.model_zoo")
d = tempfile.mkdtemp()
os.environ["TORCH_HOME"] = os.environ["WENGERT_HOME"] = d
p = os.path.join(d, "m.pth")
torch.save({"a": torch.arange(3.0)}, p)
digest = hashlib.sha256(open(p, "rb").read()).hexdigest()
url = pathlib.Path(p).as_uri()
listed = lambda: sorted(os.listdir(os.path.join(hub.get_dir(), "checkpoints")))
quiet = {"progress": False}
"""
SPAWN = """
import importlib
mp = importlib.import_module(torch.__name__ + ".multiprocessing")
"""


def safe(code: str, **kwargs: object) -> Case:
    names = ("safe_globals", "add_safe_globals", "get_safe_globals", "clear_safe_globals")
    full = tuple(f"torch.serialization.{n}" for n in names)
    return Case(full, SAFE + code, only="float32", **kwargs)  # type: ignore[arg-type]


def hub(code: str, **kwargs: object) -> Case:
    names = (
        "torch.hub.load_state_dict_from_url",
        "torch.utils.model_zoo.load_url",
        "torch.hub.download_url_to_file",
    )
    return Case(names, HUB + code, only="float32", **kwargs)  # type: ignore[arg-type]


def spawn(code: str, **kwargs: object) -> Case:
    names = ("torch.multiprocessing.spawn", "torch.multiprocessing.start_processes")
    return Case(names, SPAWN + code, only="float32", **kwargs)  # type: ignore[arg-type]


# Forked processes run functions of the case itself; in spawned ones they must be importable.
CASES = [
    safe("S.add_safe_globals([argparse.Namespace])\nr = S.get_safe_globals()\n"
         "S.add_safe_globals([argparse.Namespace, collections.Counter])\n"
         "q = len(S.get_safe_globals())\nS.clear_safe_globals()\n"
         "[c.__name__ for c in r], q, S.get_safe_globals()"),
    safe("S.add_safe_globals([collections.Counter])\n"
         "with S.safe_globals([argparse.Namespace]):\n"
         "    r = sorted(c.__name__ for c in S.get_safe_globals())\n"
         "q = [c.__name__ for c in S.get_safe_globals()]\nS.clear_safe_globals()\nr, q"),
    safe("try:\n    with S.safe_globals([argparse.Namespace]):\n        raise KeyError\n"
         "except KeyError: pass\nS.get_safe_globals()"),
    Case("torch.save torch.load", HUB + "import pickle\ntorch.save({'a': torch.ones(2)}, p, pickle, 2, True)\n"
         "torch.load(p, 'cpu', None, weights_only=True, encoding='utf-8')", only="float32"),
    hub("hub.load_state_dict_from_url(url, **quiet)['a'], listed()"),
    hub("zoo.load_url(url, **quiet)['a'], zoo.load_url(url, map_location='cpu')['a'], listed()"),
    hub("hub.load_state_dict_from_url(url, model_dir=os.path.join(d, 'x', 'y'), file_name='q.pt', "
        "**quiet)['a'], os.listdir(os.path.join(d, 'x', 'y'))"),
    hub("hub.load_state_dict_from_url(url, weights_only=True, map_location='cpu', **quiet)['a']"),
    hub("q = os.path.join(d, f'm-{digest[:8]}.pth')\nos.rename(p, q)\n"
        "hub.load_state_dict_from_url(pathlib.Path(q).as_uri(), check_hash=True, **quiet)['a']"),
    hub("hub.load_state_dict_from_url(url, check_hash=True, **quiet)['a']"),
    hub("hub.load_state_dict_from_url(url, **quiet)\nos.unlink(p)\nzoo.load_url(url)['a']"),
    hub("q = os.path.join(d, 'm-deadbeef.pth')\nos.rename(p, q)\n"
        "hub.load_state_dict_from_url(pathlib.Path(q).as_uri(), check_hash=True, **quiet)",
        raises=True),
    hub("hub.load_state_dict_from_url(url + '.none', **quiet)", raises=True),
    hub("hub.download_url_to_file(url, os.path.join(d, 'o.pth'), digest[:10], False)\n"
        "open(os.path.join(d, 'o.pth'), 'rb').read() == open(p, 'rb').read(), "
        "sorted(os.listdir(d))"),
    *(
        hub(code, raises=True)
        for code in (
            "hub.download_url_to_file(url, os.path.join(d, 'o.pth'), '00', False)",
            "hub.download_url_to_file(url, os.path.join(d, 'none', 'o.pth'), None, False)",
            "hub.download_url_to_file('foo://x', os.path.join(d, 'o.pth'), None, False)",
            "hub.download_url_to_file('x.pth', os.path.join(d, 'o.pth'), None, False)",
        )
    ),
    spawn("""
shared = torch.zeros(3).share_memory_()
def work(i, out, by): out[i] = (i + 1) * by
mp.start_processes(work, (shared, 2.0), nprocs=3, start_method="fork")
shared"""),
    spawn("""
import time
c = mp.start_processes(lambda i: time.sleep(0.01), nprocs=2, join=False, start_method="fork")
pids = len(set(c.pids())), isinstance(c, mp.ProcessContext)
while not c.join(timeout=5): pass
pids, c.join()"""),
    spawn("""
def fail(i):
    if i == 1: raise KeyError("the key")
try:
    mp.start_processes(fail, nprocs=2, start_method="fork")
except mp.ProcessRaisedException as e:
    r = ("KeyError: 'the key'" in e.msg, "in fail" in e.msg, e.error_index, e.error_pid > 0,
         isinstance(e, mp.ProcessExitedException))
r"""),
    spawn("""
import os
try:
    mp.start_processes(lambda i: os._exit(3), nprocs=1, start_method="fork")
except mp.ProcessExitedException as e:
    r = e.exit_code, e.error_index, e.signal_name
r"""),
    spawn("mp.spawn(lambda i: None, nprocs=1)", raises=True),
    Case("torch.multiprocessing.Pipe", SPAWN
         + "a, b = mp.Pipe()\na.send([C(3), 'x'])\nr = b.recv()\na.close(); b.close()\nr"),
    Case("torch.multiprocessing.set_start_method", SPAWN
         + "before = mp.get_start_method()\nmp.set_start_method('fork', force=True)\n"
           "r = mp.get_start_method()\nmp.set_start_method(before, force=True)\nr"),
    Case("torch.multiprocessing.set_start_method", SPAWN
         + "mp.set_start_method('sideways', force=True)", raises=True),
]  # fmt: skip
