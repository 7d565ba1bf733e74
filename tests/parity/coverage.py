"""Which of the names that programs use have cases, and what became of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field

import harness

_PROCESSES = "one process on one machine"
_NO_DEVICE = "no device: RuntimeError, as from PyTorch with CUDA but without a driver"
_SCRIPT = "PyTorch compiles it from a file's text; here it runs as it is written"
_REMOVED = "not in PyTorch 2.13"
_INTERNAL = "an internal part of PyTorch"

# Names, or beginnings of names, that are different on purpose or cannot be compared, and why.
LEFT_OUT = {
    "subclass of torch.jit.ScriptModule": _SCRIPT,
    "subclass of torchvision": "PyTorch's own package for images is not there to compare with",
    "Tensor.pin_memory": "no device that copies faster from pinned memory: the tensor itself",
    "torch._C": _INTERNAL,
    "torch._amp_foreach_non_finite_check_and_unscale_": _INTERNAL,
    "torch._inductor": "no compiler stands behind torch.compile",
    "torch.cuda.HalfTensor": _NO_DEVICE,
    "torch.cuda.amp.grad_scaler._MultiDeviceReplicator": _REMOVED,
    "torch.cuda.current_device": _NO_DEVICE,
    "torch.cuda.get_device_properties": _NO_DEVICE,
    "torch.cuda.memory_summary": _NO_DEVICE,
    "torch.distributed": _PROCESSES,
    "torch.fx": "graphs of programs are not there",
    "torch.jit.ScriptModule": _SCRIPT,
    "torch.jit._overload_method": _SCRIPT,
    "torch.jit.load": "TorchScript's files are not read: NotImplementedError",
    "torch.jit.script_method": _SCRIPT,
    "torch.nn.MaskedLinear": _REMOVED,
    "torch.nn.NonDynamicallyQuantizableLinear": _REMOVED,
    "torch.nn._BatchNorm": _REMOVED,
    "torch.nn.parallel.DistributedDataParallel": _PROCESSES,
    "torch.nn.parallel.data_parallel": "without a device PyTorch's does nothing but raise",
    "torch.nn.parallel.distributed": _PROCESSES,
    "torch.nn.parallel.scatter": "without a device PyTorch's does nothing but raise",
    "torch.onnx._export": _REMOVED,
    "torch.symeig": "PyTorch 2.13's raises, with a hint to linalg.eigh",
    "torch.utils.serialization": _REMOVED,
    "torch.utils.tensorboard.summary": "TensorBoard's own messages, which need its package",
    "torch.onnx.export": "files are run and compared with eager mode in tests/test_onnx.py",
}


@dataclass
class Name:
    """One name: by how many programs it is used, and its cases."""

    name: str
    programs: int
    cases: list[harness.Case] = field(default_factory=list)

    @property
    def left_out(self) -> str:
        """Why there is no case; empty if there should be."""
        found = [r for p, r in LEFT_OUT.items() if self.name == p or self.name.startswith(p + ".")]
        return found[0] if found and not self.cases else ""


def read_names() -> list[Name]:
    """The names of names.csv, most used first, with the cases of each."""
    with open(harness.HERE / "names.csv", newline="") as file:
        names = {r["name"]: Name(r["name"], int(r["programs"])) for r in csv.DictReader(file)}
    for case in harness.all_cases():
        for name in case.all_names:
            if name in names:
                names[name].cases.append(case)
    return list(names.values())
