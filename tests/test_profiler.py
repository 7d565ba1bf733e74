"""Profiles: what is recorded, and that nothing is left when they are off."""

from __future__ import annotations

import gzip
import json
import os
import threading
import time
import warnings
from collections import Counter

import pytest

import wengert as wg
from wengert import nn
from wengert.profiler import ProfilerAction, ProfilerActivity, profile, record_function, schedule


def count(prof, **names):
    rows = {r.key: r.count for r in prof.key_averages()}
    assert {n: rows.get(n, 0) for n in names} == names


def row(prof, key):
    return next(r for r in prof.key_averages() if r.key == key)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, x):
        return x + self.act(self.conv(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(Block(), Block())
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.layers(x).mean((2, 3)))


def test_one_event_for_each_call():
    x, y = wg.ones(3, requires_grad=True), wg.ones(3)
    with profile() as prof:
        for _ in range(7):
            z = x * y
        z.add_(y)
        z.exp().sum().backward()
        with pytest.raises(RuntimeError):
            wg.ones(2, 3) @ wg.ones(2, 3)
    count(prof, mul=7 + 2, add_=1, exp=1, mm=1, MulBackward0=1, ExpBackward0=1, AccumulateGrad=1)
    assert all(e.time_range.end >= e.time_range.start for e in prof.events())


def test_off_leaves_nothing_behind():
    def run():
        wg.manual_seed(0)
        net = Net()
        net(wg.randn(2, 4, 6, 6)).pow(2).sum().backward()
        return [p.grad.tolist() for p in net.parameters()]

    call = nn.Module.__call__
    before = run()
    with profile(with_modules=True, record_shapes=True, profile_memory=True, with_stack=True):
        assert wg._core._is_profiling() and nn.Module.__call__ is not call
        during = run()
    assert not wg._core._is_profiling() and nn.Module.__call__ is call
    assert before == during == run()


def test_times_nest():
    x = wg.randn(64, 64, requires_grad=True)
    began = time.perf_counter()
    with profile() as prof:
        with record_function("outer"):
            with record_function("inner"):
                time.sleep(0.02)
            (x @ x).relu().sum().backward()
        time.sleep(0.02)
    wall = (time.perf_counter() - began) * 1e6
    events = prof.events()
    assert [e.time_range.start for e in events] == sorted(e.time_range.start for e in events)
    for e in events:
        assert 0 <= e.self_cpu_time_total <= e.cpu_time_total + 1e-6
        if e.cpu_parent is not None:
            assert e in e.cpu_parent.cpu_children
            assert e.cpu_parent.time_range.start <= e.time_range.start
            assert e.time_range.end <= e.cpu_parent.time_range.end
    assert events.self_cpu_time_total <= wall - 20e3
    assert prof.key_averages().self_cpu_time_total == pytest.approx(events.self_cpu_time_total)
    inner, outer = row(prof, "inner"), row(prof, "outer")
    assert 20e3 <= inner.cpu_time_total <= outer.cpu_time_total
    assert outer.self_cpu_time_total < outer.cpu_time_total - inner.cpu_time_total + 1
    inside = [e for e in events if e.cpu_parent is not None and e.cpu_parent.name == "outer"]
    assert outer.bytes == sum(e.bytes for e in inside) > 0


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64])
def test_flops_and_bytes(dtype):
    size = wg.empty(0, dtype=dtype).element_size()
    a = wg.randn(5, 7, dtype=dtype, requires_grad=True)
    b = wg.randn(7, 3, dtype=dtype, requires_grad=True)
    batches = wg.randn(4, 5, 7, dtype=dtype)
    x = wg.randn(2, 6, 8, 9, dtype=dtype, requires_grad=True)
    conv = nn.Conv2d(6, 4, 3, stride=2, groups=2, dtype=dtype)
    back = nn.ConvTranspose2d(6, 4, 3, dtype=dtype)
    linear = nn.Linear(7, 3, dtype=dtype)
    lstm = nn.LSTM(7, 5, dtype=dtype)
    with profile(with_flops=True) as prof:
        c = a @ b
        wg.addmm(c.detach(), a.detach(), b.detach())
        wg.bmm(batches, batches.mT)
        y = conv(x)
        up = back(x.detach())
        linear(batches)
        nn.functional.scaled_dot_product_attention(batches, batches, batches)
        lstm(batches)
        c.sum().backward()
        y.sum().backward()
        wg.sub(a, a)
        wg.maximum(a, wg.ones(1, dtype=dtype).expand(5, 7))
    flops = {e.name: e.flops for e in prof.events()}
    bytes = {e.name: e.bytes for e in reversed(prof.events())}
    assert flops["mm"] == flops["addmm"] == 2 * 5 * 7 * 3
    assert flops["bmm"] == 2 * 4 * 5 * 7 * 5
    assert flops["convolution"] == 2 * y.numel() * 3 * 9
    assert flops["convolution_input"] in (2 * x.numel() * 4 * 9, flops["convolution"])
    assert flops["linear"] == 2 * 4 * 5 * 7 * 3
    assert flops["recurrent_layer"] == 2 * (4 * 5) * (4 * 5 * 7 + 4 * 5 * 5)
    assert flops["MmBackward0"] == 2 * flops["mm"]
    assert flops["ConvolutionBackward0"] == 2 * flops["convolution"]
    assert 2 * 4 * 5 * 5 * (7 + 7) in flops.values()
    assert up.shape[1] == 4
    assert bytes["sub"] == 3 * a.numel() * size
    assert bytes["maximum"] == (2 * a.numel() + 1) * size
    assert bytes["mm"] == (5 * 7 + 7 * 3 + 5 * 3) * size
    assert row(prof, "mm").share_of_peak > 0
    assert row(prof, "mm").flops64 == (3 * flops["mm"] if dtype == wg.float64 else 0)


def test_backward_is_linked_to_forward():
    x = wg.randn(4, requires_grad=True)
    with profile() as prof:
        y = (x.exp() * x).sin()
        y.sum().backward(create_graph=True)
        x.grad.sum().backward()
    nodes = [e for e in prof.events() if e.name.endswith("Backward0")]
    assert len(nodes) > 8
    for e in nodes:
        assert e.forward is not None, e
        assert e.forward.sequence_nr == e.sequence_nr > 0
        assert e.forward.time_range.end <= e.time_range.start
        assert e.name.lower() == e.forward.name.replace("_", "") + "backward0"
        assert e.scope == 1 and e.fwd_thread == 1


def test_a_second_backward_fails_as_without():
    x = wg.ones(3, requires_grad=True)
    y = (x * x).sum()
    with profile() as prof:
        y.backward()
        with pytest.raises(RuntimeError, match="second time"):
            y.backward()
    count(prof, MulBackward0=2)


def test_one_graph_from_several_threads():
    x = wg.randn(50, requires_grad=True)
    y = (x.exp() * x).sin().sum()

    def work(prof):
        with prof.join():
            for _ in range(50):
                y.backward(retain_graph=True)

    with profile() as prof:
        threads = [threading.Thread(target=work, args=(prof,)) for _ in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    count(prof, MulBackward0=150, SinBackward0=150)


def test_custom_functions():
    class Twice(wg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = wg.ones(3, requires_grad=True)
    with profile() as prof:
        Twice.apply(x).sum().backward()
    count(prof, Twice=1, TwiceBackward=1, mul=2)
    node = next(e for e in prof.events() if e.name == "TwiceBackward")
    assert node.forward.name == "Twice"
    assert [c.name for c in node.cpu_children][:1] == ["mul"]


def test_modules():
    net, x = Net(), wg.randn(2, 4, 6, 6)
    with profile(with_modules=True) as prof:
        net(x).sum().backward()
        net.head(wg.randn(3, 4))
    rows = {r.name: r for r in prof.modules()}
    assert list(rows) == [
        "Net",
        "Net.layers",
        "Net.layers.0",
        "Net.layers.0.conv",
        "Net.layers.0.act",
        "Net.layers.1",
        "Net.layers.1.conv",
        "Net.layers.1.act",
        "Net.head",
        "Linear",
    ]
    one = 2 * (2 * 4 * 6 * 6) * 4 * 9
    assert rows["Net.layers.0.conv"].flops == 2 * one  # its input needs no gradient
    assert rows["Net.layers.1.conv"].flops == 3 * one
    assert rows["Net.head"].flops == 3 * 2 * 2 * 4 * 2
    assert rows["Linear"].flops == 2 * 3 * 4 * 2 and rows["Linear"].backward_time == 0
    assert rows["Net"].flops == rows["Net.layers"].flops + rows["Net.head"].flops
    assert rows["Net.layers"].flops == 5 * one
    inner = sum(r.backward_time for r in rows.values() if r.name.startswith("Net.layers."))
    assert 0 < rows["Net.layers.0"].backward_time < inner
    assert rows["Net.layers"].forward_time < rows["Net"].forward_time
    assert rows["Net.layers.0.act"].bytes == 5 * 4 * 2 * 4 * 6 * 6
    assert "Net.layers.0.conv" in str(prof.modules())
    # Modules are in the trace, not among the operations.
    assert "Net" not in {r.key for r in prof.key_averages()}
    assert next(e for e in prof.events() if e.name == "relu").module == "Net.layers.0.act"
    assert next(e for e in prof.events() if e.name == "ReluBackward0").module == "Net.layers.1.act"
    with profile() as plain:
        net(x)
    with pytest.raises(AssertionError, match="with_modules"):
        plain.modules()


def test_failing_modules_end():
    class Fails(nn.Module):
        def forward(self, x):
            raise KeyError("no")

    net = nn.Sequential(nn.Linear(2, 2), Fails())
    with profile(with_modules=True) as prof:
        for _ in range(2):
            with pytest.raises(KeyError):
                net(wg.ones(1, 2))
        nn.ReLU()(wg.ones(2))
    counts = Counter(e.name for e in prof.events() if "." in e.name or e.name == "ReLU")
    assert counts == {"Sequential.0": 2, "Sequential.1": 2, "ReLU": 1}


def test_chrome_trace(tmp_path):
    x = wg.randn(8, 8, requires_grad=True)
    with profile(record_shapes=True, with_modules=True) as prof:
        with record_function('a "quoted" \\ name'):
            nn.Linear(8, 8)(x).relu().sum().backward()
        prof.add_metadata("who", 'me "x"')
        prof.add_metadata_json("numbers", "[1, 2]")
    for name, opener in (("t.json", open), ("t.json.gz", gzip.open)):
        prof.export_chrome_trace(str(tmp_path / name))
        with opener(tmp_path / name, "rt") as f:
            trace = json.load(f)
        events = trace["traceEvents"]
        spans = [e for e in events if e["ph"] == "X"]
        assert Counter(e["name"] for e in spans) == Counter(e.trace_name for e in prof.events())
        assert all(e["dur"] >= 0 and e["ts"] >= 0 and e["pid"] == 1 for e in spans)
        starts = {e["id"]: e for e in events if e["ph"] == "s"}
        ends = {e["id"]: e for e in events if e["ph"] == "f"}
        assert starts.keys() == ends.keys() and len(starts) >= 3
        for id, start in starts.items():
            at = [e for e in spans if e["ts"] == start["ts"] and e["cat"] == "cpu_op"]
            to = [e for e in spans if e["ts"] == ends[id]["ts"] and e["cat"] == "backward"]
            assert at and to and start["ts"] < ends[id]["ts"]
        linear = next(e for e in spans if e["name"] == "linear")
        assert linear["args"]["Input Dims"] == [[8, 8], [8, 8], [8]]
        assert trace["who"] == 'me "x"' and trace["numbers"] == [1, 2]
        assert trace["trace_id"] == prof.get_trace_id()
    with pytest.raises(ValueError, match="JSON"):
        prof.add_metadata_json("a", "{")


def test_tables():
    x = wg.randn(32, 32, requires_grad=True)
    with profile(record_shapes=True, profile_memory=True, with_flops=True) as prof:
        (x @ x).relu().sum().backward()
    averages = prof.key_averages(group_by_input_shape=True)
    table = averages.table(sort_by="cpu_time_total", row_limit=3, header="HEADER")
    for text in ("HEADER", "Self CPU %", "CPU Mem", "# of Calls", "Input Shapes", "FLOPs", "GB/s"):
        assert text in table
    assert "Share of peak" in table and "Self CPU time total:" in table
    assert len(table.splitlines()) == 2 + 3 + 3 + 2
    assert "[[32, 32], [32, 32]]" in averages.table()
    short = averages.table(max_name_column_width=8, time_unit="ms")
    assert "MmBac..." in short and "us " not in short
    assert "AccumulateGrad" not in prof.events().table(top_level_events_only=True)
    with pytest.raises(AttributeError):
        averages.table(sort_by="nonsense")
    times = [e.cpu_time_total for e in sorted(averages, key=lambda e: -e.cpu_time_total)]
    assert averages.total_average().cpu_time_total == pytest.approx(sum(times))


def test_memory():
    with profile(profile_memory=True) as prof:
        kept = wg.ones(1000, 1000)
        kept + 1
    added = row(prof, "add")
    assert added.cpu_memory_usage >= 4_000_000
    assert row(prof, "full").cpu_memory_usage >= 4_000_000
    with profile() as prof:
        kept + 1
    assert row(prof, "add").cpu_memory_usage == 0


def test_stacks(tmp_path):
    def named_function(x):
        for _ in range(200):
            x = x.exp()
        return x

    with profile(with_stack=True) as prof:
        named_function(wg.zeros(10_000))
    stack = next(e for e in prof.events() if e.name == "exp").stack
    assert "named_function" in stack[0] and "test_stacks" in stack[1]
    rows = prof.key_averages(group_by_stack_n=1)
    assert any("named_function" in r.stack[0] for r in rows if r.stack)
    assert "Source Location" in rows.table()
    prof.export_stacks(str(tmp_path / "stacks"))
    lines = (tmp_path / "stacks").read_text().splitlines()
    assert any("test_stacks;" in x and "named_function " in x for x in lines)
    with pytest.raises(ValueError, match="metric"):
        prof.export_stacks(str(tmp_path / "stacks"), "bad")


def test_schedule_and_handler(tmp_path):
    seen = []
    wanted = schedule(wait=1, warmup=1, active=2, repeat=2)
    with profile(schedule=wanted, on_trace_ready=lambda p: seen.append((p.step_num, p))) as prof:
        for i in range(10):
            x = wg.ones(2)
            for _ in range(i):
                x = x + 1
            if i in (4, 8):
                count(prof, add=2 + 3 if i == 4 else 6 + 7, **{"ProfilerStep*": 2})
            prof.step()
    assert [n for n, _ in seen] == [4, 8]
    handler = wg.profiler.tensorboard_trace_handler(str(tmp_path / "a" / "b"), "me", use_gzip=True)
    with profile(on_trace_ready=handler):
        wg.ones(2)
    (name,) = os.listdir(tmp_path / "a" / "b")
    assert name.startswith("me.") and name.endswith(".pt.trace.json.gz")
    with profile(schedule=schedule(wait=0, warmup=1, active=1), acc_events=True) as prof:
        for _ in range(6):
            wg.ones(2).exp()
            prof.step()
    count(prof, exp=3)


def test_a_wrong_schedule_warns():
    for actions in (("RECORD", "NONE"), ("WARMUP", "NONE"), ("RECORD", "WARMUP")):
        chosen = [ProfilerAction[a] for a in actions]
        warns = pytest.warns(UserWarning, match="Incorrect schedule")
        with warns, profile(schedule=chosen.__getitem__) as prof:
            prof.step()
    assert not wg._core._is_profiling()


def test_threads():
    ready = threading.Barrier(4)

    def work(prof, calls):
        with prof.join(), record_function("work"):
            ready.wait()
            for _ in range(calls):
                x = wg.ones(100, requires_grad=True)
                x.exp().sum().backward()

    def alone():
        with profile() as own:
            wg.ones(3).sin()
        count(own, sin=1, exp=0)

    with profile() as prof:
        threads = [threading.Thread(target=work, args=(prof, 50 * i)) for i in (1, 2, 3)]
        for t in threads:
            t.start()
        ready.wait()
        for t in threads:
            t.join()
        other = threading.Thread(target=alone)
        other.start()
        other.join()
    count(prof, exp=300, ExpBackward0=300, work=3, sin=0)
    for e in prof.events():
        if e.name == "ExpBackward0":
            assert e.forward.thread == e.thread > 1
    per_thread = Counter(e.thread for e in prof.events() if e.name == "exp")
    assert sorted(per_thread.values()) == [50, 100, 150]


def test_profiles_nest():
    x = wg.ones(3)
    with profile() as outer:
        x.exp()
        with profile() as inner, record_function("both"):
            x.sin()
        x.cos()
    count(outer, exp=1, sin=1, cos=1, both=1)
    count(inner, exp=0, sin=1, cos=0, both=1)


def test_modes_around():
    x = wg.ones(3, 4)
    with profile() as prof:
        with wg.inference_mode():
            x.exp()
        wg.func.vmap(wg.sin)(x)
        wg.func.jvp(wg.cos, (x,), (x,))
        with wg.autograd.set_detect_anomaly(True):
            wg.ones(2, requires_grad=True).tanh().sum().backward()
    count(prof, exp=1, cos=1, tanh=1, TanhBackward0=1)
    assert row(prof, "sin").count == 2  # of all rows at once, and for the tangent


def test_changes_in_place_are_linked():
    x = wg.ones(3, 4, requires_grad=True)
    with profile() as prof:
        y = x * 1
        y[0].mul_(2)
        y.view(-1).add_(1)
        y.sum().backward()
    linked = [
        (e.name, e.forward.name)
        for e in prof.events()
        if e.scope == 1 and e.sequence_nr > 0 and e.forward is not None
    ]
    assert [f for n, f in linked if n == "CopySlicesBackward0"] == ["add_", "mul_"]


def test_a_profile_that_another_thread_drops_records_no_more():
    def begin_and_drop():
        profiles = [wg._core._Profile()]
        dropped = threading.Thread(target=profiles.clear)
        dropped.start()
        dropped.join()
        x = wg.ones(3)
        for _ in range(10):
            x = x.exp()
        return x.tolist()

    results = []
    thread = threading.Thread(target=lambda: results.append(begin_and_drop()))
    thread.start()
    thread.join()
    assert len(results) == 1


def test_fork():
    with profile() as prof:
        wg.ones(3).exp()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                wg.ones(3).sin()
                prof.stop()
                count(prof, exp=1, sin=1)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert status == 0
        wg.ones(3).cos()
    count(prof, exp=1, sin=0, cos=1)


def test_optimizer_steps():
    net = nn.Linear(2, 2)
    before = wg.optim.SGD(net.parameters(), lr=0.1)
    with profile() as prof:
        after = wg.optim.Adam(net.parameters())
        net(wg.ones(1, 2)).sum().backward()
        before.step()
        after.step()
    count(prof, **{"Optimizer.step#SGD.step": 1, "Optimizer.step#Adam.step": 1})
    before.step()
    after.step()
    assert "step" not in vars(before) and "step" not in vars(after)


def test_wrong_use():
    prof = profile(activities=[ProfilerActivity.CPU])
    prof.step()
    assert prof.profiler is None
    for call in (prof.events, prof.key_averages, prof.stop, lambda: prof.export_chrome_trace("a")):
        with pytest.raises(AssertionError, match="must be initialized"):
            call()
    with pytest.raises(NotImplementedError, match="profile_memory"):
        prof.export_memory_timeline("a")
    with prof:
        assert prof.events() == []
        failed = []

        def stop():
            try:
                prof.stop()
            except RuntimeError as error:
                failed.append(str(error))

        thread = threading.Thread(target=stop)
        thread.start()
        thread.join()
        assert "thread" in failed[0]
    old = wg.autograd.profiler.profile()
    assert repr(old) == "<unfinished wengert.autograd.profile>"
    with old:
        wg.ones(2)
    with pytest.raises(RuntimeError, match="not reentrant"), old:
        pass
    assert old.total_average().count == len(old.function_events) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with wg.autograd.profiler.profile(enabled=False) as nothing:
            wg.ones(2)
    assert nothing is None


def test_other_devices_have_no_events(tmp_path):
    seen = []
    with profile(activities=[ProfilerActivity.CUDA], on_trace_ready=seen.append) as prof:
        wg.ones(2).exp()
    assert seen == [prof] and prof.events() == []
    prof.export_chrome_trace(str(tmp_path / "t.json"))
    assert json.loads((tmp_path / "t.json").read_text())["traceEvents"]


def test_pausing():
    with profile() as prof:
        wg.ones(2).exp()
        prof.toggle_collection_dynamic(False, [ProfilerActivity.CPU])
        wg.ones(2).sin()
        prof.toggle_collection_dynamic(True, [ProfilerActivity.CPU])
        wg.ones(2).cos()
    count(prof, exp=1, sin=0, cos=1)


def test_the_kernels_are_those_without_a_profile():
    x = wg.randn(16, requires_grad=True)
    with profile() as prof:
        (x.relu().exp() * wg.ones(16)).sum().backward()
    below = {e.name: [c.name for c in e.cpu_children] for e in prof.events() if e.scope == 1}
    assert below["ExpBackward0"] == [] and below["ReluBackward0"] == ["AccumulateGrad"]
