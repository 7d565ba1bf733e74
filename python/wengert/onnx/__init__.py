"""The exchange format ONNX: models as files that other runtimes read.

``export(model, args, "model.onnx")`` records the model (:mod:`wengert.tape`) and writes its
operations as nodes of an ONNX graph; see ``docs/onnx.md``.
"""

from wengert.onnx._export import ONNXProgram, TrainingMode, export, is_in_onnx_export

__all__ = ["ONNXProgram", "TrainingMode", "export", "is_in_onnx_export"]
