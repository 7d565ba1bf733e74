"""The messages of TensorBoard's plugins, made of arrays."""

from __future__ import annotations

import io
import re
import wave
from typing import Any

import numpy as np
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

from wengert import Tensor
from wengert.utils.tensorboard import _arrays


def clean_tag(tag: str) -> str:
    """The tag with underscores for what TensorBoard does not allow, and no slash before it."""
    return re.sub(r"[^-/\w\.]", "_", tag).lstrip("/")


def _plugin(name: str, content: bytes = b"") -> Any:
    data = SummaryMetadata.PluginData(plugin_name=name, content=content)
    return SummaryMetadata(plugin_data=data)


def _tensor(dtype: str, shape: tuple[int, ...], **values: Any) -> Any:
    dims = [TensorShapeProto.Dim(size=n) for n in shape]
    return TensorProto(dtype=dtype, tensor_shape=TensorShapeProto(dim=dims), **values)


def scalar(tag: str, value: Any, new_style: bool = False, double_precision: bool = False) -> Any:
    """One number: as a plain value in float32, or in the new style as a tensor."""
    array = _arrays.as_array(value).squeeze()
    if array.ndim != 0:
        raise AssertionError(f"add_scalar: expected one number, got an array of {array.shape}")
    number = float(array)
    if not new_style:
        return Summary(value=[Summary.Value(tag=tag, simple_value=number)])
    if double_precision:
        tensor = TensorProto(double_val=[number], dtype="DT_DOUBLE")
    else:
        tensor = TensorProto(float_val=[number], dtype="DT_FLOAT")
    return Summary(value=[Summary.Value(tag=tag, tensor=tensor, metadata=_plugin("scalars"))])


def default_bins() -> np.ndarray:
    """Borders that grow by a tenth from 1e-12 to 1e20, on both sides of 0."""
    positive = []
    border = 1e-12
    while border < 1e20:
        positive.append(border)
        border *= 1.1
    return np.array([-b for b in reversed(positive)] + [0] + positive)


def histogram(tag: str, values: Any, bins: Any, max_bins: int | None) -> Any:
    """How often values lie between borders; empty bins at both ends are left out but for one."""
    flat = _arrays.as_array(values).reshape(-1)
    if flat.size == 0:
        raise ValueError("add_histogram: the input has no element")
    borders = default_bins() if isinstance(bins, str) and bins == "tensorflow" else bins
    counts, limits = np.histogram(flat, bins=borders)
    if max_bins is not None and len(counts) > max_bins:
        # Neighbours become one bin.
        step = len(counts) // max_bins
        padded = np.pad(counts, (0, -len(counts) % step))
        counts = padded.reshape(-1, step).sum(1)
        last = limits[-1]
        limits = limits[:-1:step]
        limits = np.append(limits, last)
    used = np.flatnonzero(counts)
    if used.size == 0:
        raise ValueError("add_histogram: no value lies in a bin; are all infinite or NaN?")
    first, last_used = int(used[0]), int(used[-1])
    kept = counts[first : last_used + 1]
    # The first bin reaches down from the first border: an empty one says where values begin.
    proto = HistogramProto(
        min=float(flat.min()),
        max=float(flat.max()),
        num=flat.size,
        sum=float(flat.sum()),
        sum_squares=float(np.dot(flat, flat)),
        bucket_limit=limits[first : last_used + 2].tolist(),
        bucket=[0.0, *kept.tolist()],
    )
    return Summary(value=[Summary.Value(tag=tag, histo=proto)])


def histogram_raw(
    tag: str, min: Any, max: Any, num: Any, sum: Any, sum_squares: Any, limits: Any, counts: Any
) -> Any:
    """A histogram that was counted already."""
    proto = HistogramProto(
        min=min,
        max=max,
        num=num,
        sum=sum,
        sum_squares=sum_squares,
        bucket_limit=limits,
        bucket=counts,
    )
    return Summary(value=[Summary.Value(tag=tag, histo=proto)])


def image(tag: str, pixels: Any, format: str) -> Any:
    """One image, or several in a grid."""
    array = _arrays.as_bytes(_arrays.as_image(_arrays.as_array(pixels), format))
    height, width, channels = array.shape
    proto = Summary.Image(
        height=height,
        width=width,
        colorspace=channels,
        encoded_image_string=_arrays.png(array),
    )
    return Summary(value=[Summary.Value(tag=tag, image=proto)])


def audio(tag: str, samples: Any, rate: int) -> Any:
    """Samples from -1 to 1, of one channel, as a WAV file of 16 bits."""
    array = np.clip(_arrays.as_array(samples).squeeze(), -1, 1)
    if array.ndim != 1:
        raise AssertionError(f"add_audio: expected one channel, got an array of {array.shape}")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((array * np.iinfo(np.int16).max).astype("<i2").tobytes())
    proto = Summary.Audio(
        sample_rate=rate,
        num_channels=1,
        length_frames=len(array),
        encoded_audio_string=out.getvalue(),
        content_type="audio/wav",
    )
    return Summary(value=[Summary.Value(tag=tag, audio=proto)])


def text(tag: str, content: str) -> Any:
    """A text, which TensorBoard shows as Markdown."""
    from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData

    metadata = _plugin("text", TextPluginData(version=0).SerializeToString())
    tensor = _tensor("DT_STRING", (1,), string_val=[content.encode("utf-8")])
    return Summary(
        value=[Summary.Value(tag=tag + "/text_summary", metadata=metadata, tensor=tensor)]
    )


def pr_curve(tag: str, rows: np.ndarray, thresholds: int) -> Any:
    """Counts of true and false positives and negatives, precision and recall: (6, thresholds)."""
    from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData

    content = PrCurvePluginData(version=0, num_thresholds=thresholds).SerializeToString()
    tensor = _tensor("DT_FLOAT", rows.shape, float_val=rows.reshape(-1).tolist())
    return Summary(
        value=[Summary.Value(tag=tag, metadata=_plugin("pr_curves", content), tensor=tensor)]
    )


def pr_counts(labels: Any, predictions: Any, thresholds: int, weights: Any) -> np.ndarray:
    """The rows of `pr_curve` for predictions from 0 to 1 of labels that are 0 or 1."""
    truth = _arrays.as_array(labels).reshape(-1).astype(bool)
    guess = _arrays.as_array(predictions).reshape(-1)
    weight = np.ones(guess.shape) if weights is None else _arrays.as_array(weights).reshape(-1)
    # A prediction counts as positive for each threshold up to its bucket.
    bucket = np.int32(np.floor(guess * (thresholds - 1)))
    edges = (0, thresholds - 1)
    positive, _ = np.histogram(bucket, thresholds, edges, weights=truth * weight)
    negative, _ = np.histogram(bucket, thresholds, edges, weights=~truth * weight)
    tp = positive[::-1].cumsum()[::-1]
    fp = negative[::-1].cumsum()[::-1]
    tn, fn = fp[0] - fp, tp[0] - tp
    tiny = 1e-7
    precision = tp / np.maximum(tiny, tp + fp)
    recall = tp / np.maximum(tiny, tp + fn)
    return np.stack((tp, fp, tn, fn, precision, recall)).astype(np.float32)


def hparams(settings: dict[str, Any], metrics: dict[str, Any], domains: dict[str, Any]) -> Any:
    """The three messages of the plugin: the experiment, a session's beginning and its end."""
    from google.protobuf import struct_pb2
    from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
    from tensorboard.plugins.hparams.metadata import EXPERIMENT_TAG, PLUGIN_DATA_VERSION
    from tensorboard.plugins.hparams.metadata import PLUGIN_NAME as NAME
    from tensorboard.plugins.hparams.metadata import SESSION_END_INFO_TAG as END
    from tensorboard.plugins.hparams.metadata import SESSION_START_INFO_TAG as START

    for what, given in (("hparam_dict", settings), ("metric_dict", metrics)):
        if not isinstance(given, dict):
            raise TypeError(f"add_hparams: expected {what} to be a dict, got {type(given)}")
    if set(domains) - set(settings):
        raise TypeError(
            f"add_hparams: hparam_domain_discrete has unknown names {set(domains) - set(settings)}"
        )

    def message(tag: str, **content: Any) -> Any:
        data = plugin_data_pb2.HParamsPluginData(version=PLUGIN_DATA_VERSION, **content)
        metadata = _plugin(NAME, data.SerializeToString())
        return Summary(value=[Summary.Value(tag=tag, metadata=metadata)])

    start = plugin_data_pb2.SessionStartInfo()
    infos = []
    for name, value in settings.items():
        if value is None:
            continue
        # Truth is written as a number, as PyTorch does it.
        if isinstance(value, str):
            kind = api_pb2.DATA_TYPE_STRING
            start.hparams[name].string_value = value
        elif isinstance(value, (int, float, np.generic, Tensor)):
            kind = api_pb2.DATA_TYPE_FLOAT64
            start.hparams[name].number_value = float(_arrays.as_array(value).squeeze())
        else:
            raise ValueError(
                f"add_hparams: expected numbers, texts and tensors, got {type(value).__name__} "
                f"for {name!r}"
            )
        domain = None
        if name in domains:
            domain = struct_pb2.ListValue()
            domain.extend(domains[name])
        infos.append(api_pb2.HParamInfo(name=name, type=kind, domain_discrete=domain))
    named = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in metrics]
    experiment = api_pb2.Experiment(hparam_infos=infos, metric_infos=named)
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.Status.Value("STATUS_SUCCESS"))
    return (
        message(EXPERIMENT_TAG, experiment=experiment),
        message(START, session_start_info=start),
        message(END, session_end_info=end),
    )
