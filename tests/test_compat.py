"""Names of PyTorch without a meaning on the CPU: state, warnings and errors."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import wengert as wg
from wengert import nn
from wengert.nn import functional as F

HOME = Path(wg.__file__).parent.parent

CPU_ONLY = [
    lambda: wg.ones(2).cuda(),
    lambda: wg.ones(2).xpu(),
    lambda: wg.ones(2).to("cuda"),
    lambda: wg.ones(2, device="cuda"),
    lambda: wg.tensor([1.0], device="cuda:0"),
    lambda: wg.device("cuda"),
    lambda: nn.Linear(1, 1).cuda(),
    lambda: nn.Linear(1, 1).xpu(),
    lambda: nn.Linear(1, 1).to("cuda"),
    lambda: wg.set_default_device("cuda"),
    lambda: wg.cuda.current_device(),
    lambda: wg.cuda.get_device_properties(0),
    lambda: wg.cuda.get_device_name(),
    lambda: wg.cuda.FloatTensor(2),
    lambda: wg.cuda.Stream(),
    lambda: wg.cuda.device(0).__enter__(),
    lambda: wg.accelerator.set_device_index(0),
    lambda: wg.xpu.current_device(),
    lambda: wg.mps.get_rng_state(),
    lambda: wg.FloatTensor(2, device="cuda"),
    lambda: nn.DataParallel(nn.Linear(1, 1), device_ids=[0]),
    lambda: wg.random.fork_rng(devices=[0]).__enter__(),
]


@pytest.mark.parametrize("call", CPU_ONLY)
def test_other_devices_are_errors_that_say_so(call):
    with pytest.raises(RuntimeError, match="CPU engine"):
        call()


def test_what_only_tidies_up_does_nothing():
    c = wg.cuda
    for f in (c.empty_cache, c.synchronize, c.reset_peak_memory_stats, c.ipc_collect, c.seed_all):
        assert f() is None
    c.set_device(0)
    assert "CPU engine" in c.memory_summary()
    with c.nvtx.range("a"), c.stream(None):
        pass
    start, end = c.Event(enable_timing=True), c.Event(enable_timing=True)
    with pytest.raises(RuntimeError, match="recorded"):
        start.elapsed_time(end)
    start.record()
    end.record()
    end.synchronize()
    assert start.query() and start.elapsed_time(end) >= 0
    with pytest.raises(RuntimeError, match="enable_timing"):
        c.Event().elapsed_time(end)


def test_loading_rarely_used_names_is_left_to_their_first_use():
    code = """
import sys
import wengert
for name in ("cuda", "amp", "jit", "distributed", "backends", "storage", "_legacy", "profiler"):
    assert f"wengert.{name}" not in sys.modules, name
assert "cuda" in dir(wengert) and "FloatTensor" in dir(wengert)
wengert.FloatTensor
assert "wengert._legacy" in sys.modules
assert "tensorboard" not in sys.modules and "numpy" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(HOME)})
    assert done.returncode == 0
    with pytest.raises(AttributeError, match="no_such_name"):
        wg.no_such_name  # noqa: B018


def test_compilers_return_what_they_are_given_and_warn_once():
    from wengert import _once

    _once._given.clear()
    model = nn.Linear(2, 2)
    with pytest.warns(UserWarning, match="compiler"):
        assert wg.compile(model) is model
    with pytest.warns(UserWarning, match="TorchScript"):
        assert wg.jit.script(model) is model
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        @wg.compile(mode="reduce-overhead", fullgraph=True)
        def double(x):
            return x * 2

        @wg.compile
        def triple(x):
            return x * 3

        assert double(1) == 2 and triple(1) == 3
        assert wg.jit.trace(model, wg.ones(1, 2)) is model
        assert model.compile() is None
        assert wg.jit.wait(wg.jit.fork(double, 4)) == 8

    class Scripted(wg.jit.ScriptModule):
        @wg.jit.script_method
        def forward(self, x):
            return x + 1

    assert Scripted()(1) == 2
    for call in (lambda: wg.jit.load("a"), lambda: wg.jit.save(model, "a")):
        with pytest.raises(NotImplementedError, match="state_dict"):
            call()


def test_distribution_is_not_available():
    d = wg.distributed
    assert not d.is_available() and not d.is_initialized()
    assert d.ReduceOp.SUM is not d.ReduceOp.MAX
    for call in (d.barrier, d.all_reduce, lambda: d.init_process_group("gloo")):
        with pytest.raises(RuntimeError, match=r"is_available\(\)"):
            call()


def test_parallel_modules_hand_on():
    layer = nn.Linear(3, 2)
    for kind in (nn.DataParallel, nn.parallel.DistributedDataParallel):
        model = kind(layer)
        assert model.module is layer
        assert list(model.state_dict()) == ["module.weight", "module.bias"]
        x = wg.randn(4, 3)
        assert wg.equal(model(x), layer(x))
    with model.no_sync():
        model(x).sum().backward()
    assert layer.weight.grad is not None
    p = nn.parallel
    assert wg.equal(p.data_parallel(layer, x), layer(x))
    parts = p.scatter({"x": x, "n": 3}, ["cpu", "cpu"])
    assert [part["x"].shape[0] for part in parts] == [2, 2] and parts[0]["n"] == 3
    assert [wg.equal(a[0], b) for a, b in zip(p.scatter((x,), ["cpu"] * 2), x.chunk(2))] == [
        True
    ] * 2
    results = p.parallel_apply(p.replicate(layer, ["cpu", "cpu"]), [q["x"] for q in parts])
    assert wg.equal(p.gather(results, "cpu"), wg.cat(results))
    assert p.gather([{"a": wg.ones(1)}, {"a": wg.zeros(1)}], "cpu")["a"].tolist() == [1, 0]
    with pytest.raises(RuntimeError, match="gradient"):
        nn.parallel.DistributedDataParallel(nn.ReLU())


def test_switches_are_kept():
    with pytest.warns(UserWarning, match="highest"):
        wg.set_float32_matmul_precision("foo")
    wg.set_num_interop_threads(2)
    assert wg.get_num_interop_threads() == 2
    assert wg.backends.cpu.get_cpu_capability() in ("AVX512", "AVX2", "DEFAULT")


def test_hub_loads_files_by_their_address(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WENGERT_HOME", str(tmp_path))
    assert wg.hub.get_dir() == str(tmp_path / "hub")
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    wg.save({"w": wg.ones(2)}, cache / "b.pt")
    from wengert.utils import model_zoo

    # What is in the cache is not asked for again.
    url = "https://example.org/a/b.pt"
    assert model_zoo.load_url(url, map_location="cpu")["w"].tolist() == [1, 1]
    source = tmp_path / "c.pt"
    wg.save({"w": wg.zeros(3)}, source)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    named = f"c-{digest[:8]}.pt"
    for name, check in (("c.pt", False), (named, True), ("d.pt", True)):
        state = wg.hub.load_state_dict_from_url(
            source.as_uri(), progress=name == "c.pt", check_hash=check, file_name=name
        )
        assert state["w"].shape == (3,) and (cache / name).exists()
    shown = capsys.readouterr()
    assert "100 %" in shown.err and not shown.out
    with pytest.raises(RuntimeError, match="SHA-256"):
        wg.hub.load_state_dict_from_url(
            source.as_uri(), progress=False, check_hash=True, file_name="c-0123.pt"
        )
    with pytest.raises(OSError, match="nowhere"):
        wg.hub.load_state_dict_from_url((tmp_path / "nowhere.pt").as_uri(), progress=False)
    assert sorted(p.name for p in cache.iterdir()) == sorted(["b.pt", "c.pt", named, "d.pt"])
    with pytest.raises(FileNotFoundError, match="folder"):
        wg.hub.download_url_to_file(source.as_uri(), str(tmp_path / "none" / "c.pt"))


def test_hub_loads_models_from_folders(tmp_path, monkeypatch):
    (tmp_path / "hubconf.py").write_text(
        "import wengert as torch\ndef net(n=1):\n    'A net.'\n    return torch.nn.Linear(n, n)\n"
    )
    assert wg.hub.load(str(tmp_path), "net", source="local", n=3).in_features == 3
    assert "net" in wg.hub.list(str(tmp_path))
    assert wg.hub.help(str(tmp_path), "net") == "A net."
    with pytest.raises(RuntimeError, match="no callable"):
        wg.hub.load(str(tmp_path), "other", source="local")
    with pytest.raises(NotImplementedError, match="clone"):
        wg.hub.load("pytorch/vision", "resnet18")
    wg.hub.set_dir(tmp_path)
    assert wg.hub.get_dir() == str(tmp_path)
    monkeypatch.setattr(wg.hub, "_dir", None)


def test_memory_is_shared_with_a_forked_process():
    import os

    t = wg.zeros(3).share_memory_()
    assert t.share_memory_() is t and t.is_shared() and not wg.zeros(3).is_shared()
    child = os.fork()
    if child == 0:
        t[1] = 5.0
        os._exit(0)
    os.waitpid(child, 0)
    assert t.tolist() == [0, 5, 0]
    assert wg.multiprocessing.get_sharing_strategy() == "file_descriptor"


def test_many_shared_tensors_leave_nothing_behind():
    import os

    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = open_files()
    for _ in range(20):
        wg.ones(100).share_memory_()
    assert open_files() <= before + 1


def test_layouts_and_storages_travel():
    assert pickle.loads(pickle.dumps(wg.strided)) is wg.strided
    x = wg.ones(4)
    storage = x[1:].untyped_storage()
    del x
    assert storage.nbytes() == 16 and len(bytes(storage)) == 16
    assert storage == storage and storage.device.type == "cpu"
    with pytest.raises(TypeError, match="tensor"):
        wg.UntypedStorage(4)


def test_autocast_is_of_one_thread():
    import threading

    seen = []
    with wg.autocast("cpu"):
        thread = threading.Thread(target=lambda: seen.append(wg.is_autocast_enabled("cpu")))
        thread.start()
        thread.join()
        assert wg.is_autocast_enabled("cpu")
    assert seen == [False] and not wg.is_autocast_enabled("cpu")


def test_autocast_keeps_out_and_in_place_forms_as_they_are():
    x = wg.randn(3, 3)
    out = wg.empty(3, 3)
    with wg.autocast("cpu"):
        wg.mm(x, x, out=out)
        assert x.clone().addmm_(x, x).dtype is wg.float32
        assert (x @ x).dtype is wg.bfloat16
    assert wg.equal(out, x @ x)


def test_training_under_autocast_learns():
    wg.manual_seed(0)
    x = wg.randn(64, 4)
    y = (x.sum(1) > 0).long()
    model = nn.Sequential(nn.Linear(4, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = wg.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(60):
        with wg.autocast("cpu", dtype=wg.bfloat16):
            loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.dtype is wg.float32 and loss.item() < 0.2
    assert all(p.grad.dtype is wg.float32 for p in model.parameters())


def test_a_scaler_is_pickled_between_iterations():
    scaler = wg.amp.GradScaler("cpu", init_scale=8.0)
    p = nn.Parameter(wg.ones(1))
    optimizer = wg.optim.SGD([p], lr=0.1)
    scaler.scale(p.sum()).backward()
    scaler.step(optimizer)
    with pytest.raises(AssertionError, match="pickled"):
        pickle.dumps(scaler)
    scaler.update(2.0)
    assert pickle.loads(pickle.dumps(scaler)).get_scale() == 2.0
    with pytest.warns(UserWarning, match="CPU engine"):
        assert not wg.cuda.amp.GradScaler().is_enabled()
    with pytest.warns(UserWarning, match="CPU engine"), wg.cuda.amp.autocast():
        assert not wg.is_autocast_enabled()
