"""Profiles: what is the same though operations have names of their own."""

from harness import Case

# Operations without the prefix that PyTorch gives them, and without what it composes them of.
_NAMES = """
CPU = torch.profiler.ProfilerActivity.CPU
def calls(prof, *names):
    found = {r.key.replace("aten::", ""): r.count for r in prof.key_averages()}
    return [(n, found.get(n, 0)) for n in names]
def event(prof, name):
    return next(e for e in prof.events() if e.name.replace("aten::", "") == name)
"""


def _case(names: str, code: str, **kwargs: object) -> Case:
    lines = code.strip("\n").split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip())
    return Case(names, _NAMES + "\n".join(line[indent:] for line in lines), **kwargs)  # type: ignore[arg-type]


CASES = [
    _case(
        "torch.profiler.profile torch.profiler.record_function torch.profiler.ProfilerActivity",
        """
        x = T(3, 4)
        with torch.profiler.profile(activities=[CPU]) as prof:
            with torch.profiler.record_function("outer"):
                for i in range(3):
                    with torch.profiler.record_function("inner"):
                        y = x.exp() * x
            z = y.sin()
            z.sum().backward(retain_graph=True)
        e = event(prof, "inner")
        [z, calls(prof, "outer", "inner", "exp", "sin", "relu"),
         e.cpu_parent.name, [c.name for c in e.cpu_parent.cpu_children],
         [c.name.replace("aten::", "") for c in e.cpu_children],
         event(prof, "outer").cpu_parent, e.is_user_annotation, e.scope, e.thread,
         event(prof, "exp").is_user_annotation, event(prof, "exp").scope,
         {r.key for r in prof.key_averages()} >= {"SinBackward0", "ExpBackward0", "MulBackward0"},
         event(prof, "SinBackward0").scope, event(prof, "SinBackward0").fwd_thread,
         e.count, e.node_id, e.is_async, e.is_legacy, e.use_device, e.overload_name]
        """,
    ),
    _case(
        "torch.profiler.profile",
        """
        x = T(3, 4)
        with torch.profiler.profile(activities=[CPU], record_shapes=True) as prof:
            x.exp(), x.exp(), x[0].exp()
            (x @ x.t())
        shapes = {(r.key.replace("aten::", ""), str(r.input_shapes)): r.count
                  for r in prof.key_averages(group_by_input_shape=True)}
        [shapes["exp", "[[3, 4]]"], shapes["exp", "[[4]]"], shapes["mm", "[[3, 4], [4, 3]]"],
         event(prof, "exp").input_shapes, event(prof, "mm").input_shapes]
        """,
        order=0,
        only="float32",
    ),
    _case(
        "torch.profiler.profile",
        """
        x = T(6, 4)
        with torch.profiler.profile(activities=[CPU], with_flops=True) as prof:
            x @ x.t(), torch.bmm(x[None], x.t()[None])
            F.conv2d(T(2, 4, 8, 9), T(6, 2, 3, 3), groups=2, stride=2)
        found = {e.name.replace("aten::", ""): e.flops for e in prof.events()}
        [found["mm"], found["bmm"]]
        """,
        order=0,
        only="float32",
    ),
    _case(
        "torch.profiler.profile torch.autograd.profiler.profile",
        """
        x = T(3, 4)
        def columns(prof, **kwargs):
            table = prof.key_averages(**kwargs).table(sort_by="self_cpu_time_total", row_limit=2)
            names = next(line for line in table.splitlines() if "Name" in line)
            known = ("Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg",
                     "CPU Mem", "Self CPU Mem", "# of Calls", "Input Shapes", "MFLOPs", "CUDA")
            return [n in names for n in known], len(table.splitlines()), "Self CPU time total: " in table
        out = []
        for o in ({}, {"profile_memory": True}, {"record_shapes": True}, {"with_flops": True}):
            with torch.profiler.profile(activities=[CPU], **o) as prof:
                (torch.ones(200, 200) @ torch.ones(200, 200)).exp()
            with torch.autograd.profiler.profile(**o) as old:
                (torch.ones(200, 200) @ torch.ones(200, 200)).exp()
            for p in (prof, old):
                out += [columns(p), columns(p, group_by_input_shape=True)]
        out
        """,
        order=0,
        only="float32",
    ),
    _case(
        "torch.profiler.profile torch.profiler.schedule torch.profiler.ProfilerAction",
        """
        x = T(3)
        out = []
        for o in ({"wait": 1, "warmup": 1, "active": 2}, {"wait": 0, "warmup": 1, "active": 1},
                  {"wait": 1, "warmup": 1, "active": 2, "repeat": 1},
                  {"wait": 1, "warmup": 1, "active": 1, "skip_first": 2, "skip_first_wait": 1}):
            for steps in (0, 1, 2, 3, 4, 5, 8):
                seen = []
                def ready(p):
                    seen.append((p.step_num, calls(p, "ProfilerStep*", "exp")))
                with torch.profiler.profile(activities=[CPU], schedule=torch.profiler.schedule(**o),
                                            on_trace_ready=ready) as prof:
                    for i in range(steps):
                        for _ in range(i):
                            x.exp()
                        prof.step()
                out.append((seen, prof.step_num, prof.current_action.name))
        out
        """,
        order=0,
        only="float32",
    ),
    _case(
        "torch.profiler.profile",
        """
        x = T(3)
        A = torch.profiler.ProfilerAction
        out = []
        for actions in ((A.NONE, A.RECORD), (A.NONE, A.WARMUP), (A.WARMUP, A.RECORD),
                        (A.WARMUP, A.RECORD_AND_SAVE), (A.NONE, A.NONE), (A.WARMUP, A.WARMUP)):
            seen = []
            with torch.profiler.profile(activities=[CPU], schedule=lambda i: actions[i],
                                        on_trace_ready=lambda p: seen.append(p.step_num)) as prof:
                x.exp()
                prof.step()
                x.exp()
            out.append((seen, [] if prof.profiler is None else calls(prof, "exp")))
        out + [[(a.name, a.value) for a in A]]
        """,
        order=0,
        only="float32",
    ),
    _case(
        "torch.profiler.profile torch.profiler.tensorboard_trace_handler",
        """
        import gzip, json, os, tempfile
        x = T(3)
        folder = tempfile.mkdtemp()
        for zipped in (False, True):
            handler = torch.profiler.tensorboard_trace_handler(folder + "/a/b", "me", zipped)
            with torch.profiler.profile(activities=[CPU], on_trace_ready=handler) as prof:
                with torch.profiler.record_function("part"):
                    x.exp()
        names = sorted(os.listdir(folder + "/a/b"))
        out = [[n.split(".")[0], n.split(".")[2:]] for n in names]
        with torch.profiler.profile(activities=[CPU]) as prof:
            with torch.profiler.record_function("part"):
                x.exp()
        prof.export_chrome_trace(folder + "/one.json.gz")
        with gzip.open(folder + "/one.json.gz", "rt") as f:
            trace = json.load(f)
        spans = [e for e in trace["traceEvents"] if e.get("ph") == "X"]
        out + [sorted(trace.keys() & {"traceEvents", "schemaVersion", "displayTimeUnit"}),
               [(e["name"], e["cat"]) for e in spans if e["name"] == "part"],
               [e["cat"] for e in spans if e["name"].endswith("exp")]]
        """,
        order=0,
        only="float32",
    ),
    _case(
        "torch.profiler.profile",
        """
        def run():
            with torch.profiler.profile(activities=[CPU], with_stack=True) as prof:
                torch.ones(2).exp()
            return prof
        prof = run()
        a = prof.key_averages().total_average()
        before = torch.profiler.profile()
        [a.key, prof.events().supported_export_stacks_metrics(), prof.profiler is not None,
         before.profiler, before.get_trace_id(), before.step_num, before.current_action.name,
         len(prof.get_trace_id()) > 8, sorted(a.name for a in before.activities),
         sorted(a.name for a in torch.profiler.supported_activities()),
         torch.profiler.DeviceType.CPU.name, int(torch.profiler.ProfilerActivity.CUDA)]
        """,
        order=0,
        only="float32",
    ),
    _case(
        "torch.autograd.profiler.profile torch.autograd.profiler.record_function",
        """
        x = T(3)
        @torch.autograd.profiler.record_function("f")
        def f(x):
            "What f does."
            return x.exp()
        with torch.autograd.profiler.profile() as prof:
            y = f(f(x))
        with torch.autograd.profiler.profile(enabled=False) as off:
            pass
        unfinished = torch.autograd.profiler.profile()
        [y, f.__doc__, f.__name__, calls(prof, "f", "exp"), off, str(unfinished).split()[0],
         list(unfinished.function_events), unfinished.self_cpu_time_total, unfinished.table(),
         unfinished.total_average().key, prof.total_average().key,
         prof.self_cpu_time_total > 0, prof.total_average().count == len(prof.function_events),
         len(prof.table(row_limit=1).splitlines())]
        """,
    ),
    *(
        _case(name, code, raises=True)
        for name, code in (
            ("torch.profiler.profile", "torch.profiler.profile(activities=[])"),
            ("torch.profiler.profile", "torch.profiler.profile(activities=['cpu'])"),
            ("torch.profiler.profile", "torch.profiler.profile(activities=5)"),
            ("torch.profiler.profile", "torch.profiler.profile([CPU])"),
            ("torch.profiler.profile", "torch.profiler.profile(activities=[CPU]).events()"),
            ("torch.profiler.profile", "torch.profiler.profile(activities=[CPU]).key_averages()"),
            ("torch.profiler.profile", "torch.profiler.profile(activities=[CPU]).stop()"),
            ("torch.profiler.profile", "torch.profiler.profile().export_chrome_trace('a')"),
            ("torch.profiler.profile", "torch.profiler.profile().export_stacks('a')"),
            (
                "torch.profiler.profile",
                "with torch.profiler.profile() as p: torch.ones(2)\np.export_stacks('a')",
            ),
            (
                "torch.profiler.profile",
                "with torch.profiler.profile(with_stack=True) as p: torch.ones(2)\n"
                "p.export_stacks('a', 'b')",
            ),
            (
                "torch.profiler.profile",
                "with torch.profiler.profile() as p: torch.ones(2)\n"
                "p.key_averages().table(sort_by='b')",
            ),
            (
                "torch.autograd.profiler.profile",
                "p = torch.autograd.profiler.profile()\nwith p: pass\nwith p: pass",
            ),
            ("torch.autograd.profiler.profile", "torch.autograd.profiler.profile(use_cpu=False)"),
            (
                "torch.autograd.profiler.profile",
                "torch.autograd.profiler.profile().export_stacks('a')",
            ),
            ("torch.profiler.schedule", "torch.profiler.schedule(wait=-1, warmup=1, active=1)"),
            ("torch.profiler.schedule", "torch.profiler.schedule(wait=1, warmup=1, active=0)"),
            ("torch.profiler.schedule", "torch.profiler.schedule(1, 1, 1)"),
            ("torch.profiler.schedule", "torch.profiler.schedule(wait=1, warmup=1, active=1)(-1)"),
            ("torch.profiler.record_function", "torch.profiler.record_function(5).__enter__()"),
        )
    ),
]
