"""Writes the event files that TensorBoard reads."""

from __future__ import annotations

import os
import socket
import time
from datetime import datetime
from typing import Any

__all__ = ["FileWriter", "SummaryWriter"]

_MISSING = (
    "utils.tensorboard: the package {name!r} is missing; install it with "
    "pip install 'wengert[tensorboard]'"
)


class FileWriter:
    """Appends events to a new file in a folder, by a thread of its own."""

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        try:
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ModuleNotFoundError as e:
            raise ModuleNotFoundError(_MISSING.format(name=e.name), name=e.name) from e
        self._new_event = Event
        self._log_dir = os.fspath(log_dir)
        self.event_writer = EventFileWriter(self._log_dir, max_queue, flush_secs, filename_suffix)

    def get_logdir(self) -> str:
        """The folder."""
        return self._log_dir

    def add_event(self, event: Any, step: int | None = None, walltime: float | None = None) -> None:
        """Appends an event, with its time and step."""
        event.wall_time = time.time() if walltime is None else walltime
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)

    def add_summary(
        self, summary: Any, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """Appends an event with a summary."""
        self.add_event(self._new_event(summary=summary), global_step, walltime)

    def add_graph(self, graph: Any, walltime: float | None = None) -> None:
        """Appends an event with a graph."""
        event = self._new_event(graph_def=graph.SerializeToString())
        self.add_event(event, None, walltime)

    def flush(self) -> None:
        """Writes what waits."""
        self.event_writer.flush()

    def close(self) -> None:
        """Writes what waits and closes the file."""
        self.event_writer.close()


class SummaryWriter:
    """Writes numbers, images, texts and more to a folder that TensorBoard reads.

    Args:
        log_dir: the folder; by default ``runs/<time>_<host><comment>``.
        comment: the end of the default folder's name.
        purge_step: what an earlier run wrote from this step on is no longer shown.
        max_queue: how many events may wait before adding one waits.
        flush_secs: how often waiting events are written.
        filename_suffix: the end of the names of files.

    Raises ModuleNotFoundError where the package ``tensorboard`` is not installed.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        if not log_dir:
            now = datetime.now().strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{now}_{socket.gethostname()}{comment}")
        self.log_dir = os.fspath(log_dir)
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self.file_writer: FileWriter | None = None
        self.all_writers: dict[str, FileWriter] | None = {}
        self._get_file_writer()

    def _new_writer(self, log_dir: str) -> FileWriter:
        return FileWriter(log_dir, self.max_queue, self.flush_secs, self.filename_suffix)

    def _get_file_writer(self) -> FileWriter:
        if self.file_writer is None or self.all_writers is None:
            self.file_writer = self._new_writer(self.log_dir)
            self.all_writers = {self.log_dir: self.file_writer}
            if self.purge_step is not None:
                from tensorboard.compat.proto.event_pb2 import Event, SessionLog

                step = self.purge_step
                self.file_writer.add_event(Event(step=step, file_version="brain.Event:2"))
                start = SessionLog(status=SessionLog.START)
                self.file_writer.add_event(Event(step=step, session_log=start))
                self.purge_step = None
        return self.file_writer

    def _beside(self, log_dir: str) -> FileWriter:
        """The writer of another folder, opened when first used."""
        self._get_file_writer()
        writers = self.all_writers
        assert writers is not None
        if log_dir not in writers:
            writers[log_dir] = self._new_writer(log_dir)
        return writers[log_dir]

    def get_logdir(self) -> str:
        """The folder."""
        return self.log_dir

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Adds a number.

        Args:
            tag: the name of the curve.
            global_step: where it lies on the curve.
            walltime: seconds since 1970; by default now.
            new_style: as a tensor, which TensorBoard reads faster.
        """
        from wengert.utils.tensorboard import _summary

        summary = _summary.scalar(tag, scalar_value, new_style, double_precision)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: dict[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Adds a number for each curve of one chart; each curve has a folder of its own."""
        from wengert.utils.tensorboard import _summary

        walltime = time.time() if walltime is None else walltime
        base = os.path.join(self.log_dir, main_tag.replace("/", "_"))
        for tag, value in tag_scalar_dict.items():
            writer = self._beside(f"{base}_{tag}")
            writer.add_summary(_summary.scalar(main_tag, value), global_step, walltime)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: int | None = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """Adds how the values are distributed.

        Args:
            bins: what `numpy.histogram` takes, or "tensorflow" for borders that grow by a tenth.
            max_bins: neighbouring bins become one where there are more.

        Raises ValueError if there is no value.
        """
        from wengert.utils.tensorboard import _summary

        summary = _summary.histogram(tag, values, bins, max_bins)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_histogram_raw(
        self,
        tag: str,
        min: float,
        max: float,
        num: int,
        sum: float,
        sum_squares: float,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Adds a histogram that was counted already: upper borders and counts of its bins."""
        from wengert.utils.tensorboard import _summary

        if len(bucket_limits) != len(bucket_counts):
            raise ValueError("add_histogram_raw: there must be one count for each limit")
        summary = _summary.histogram_raw(
            tag, min, max, num, sum, sum_squares, bucket_limits, bucket_counts
        )
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """Adds an image of uint8, or of numbers from 0 to 1; ``dataformats`` orders its dimensions:
        "CHW", "HWC", "HW"."""
        from wengert.utils.tensorboard import _summary

        summary = _summary.image(tag, img_tensor, dataformats)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Adds several images as one, in rows of eight."""
        if isinstance(img_tensor, list):
            import numpy as np

            from wengert.utils.tensorboard import _arrays

            img_tensor = np.stack([_arrays.as_array(i) for i in img_tensor])
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Adds a Matplotlib figure, or a list of them, as an image; ``close`` closes it."""
        from wengert.utils.tensorboard import _arrays

        pixels, format = _arrays.figure_pixels(figure, close)
        self.add_image(tag, pixels, global_step, walltime, dataformats=format)

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: int | None = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """Adds samples from -1 to 1, of one channel."""
        from wengert.utils.tensorboard import _summary

        summary = _summary.audio(tag, snd_tensor, sample_rate)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_text(
        self,
        tag: str,
        text_string: str,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Adds a text, which is shown as Markdown."""
        from wengert.utils.tensorboard import _summary

        summary = _summary.text(tag, text_string)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_graph(
        self,
        model: Any,
        input_to_model: Any = None,
        verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:
        """Calls the model once and adds the graph of the operations that the call records.

        Raises ValueError without input; RuntimeError if nothing is recorded.
        """
        from wengert.utils.tensorboard import _graph

        if input_to_model is None:
            raise ValueError("add_graph: expected an input, with which the model is called")
        graph = _graph.graph_of(model, input_to_model)
        if verbose:
            print(graph)
        self._get_file_writer().add_graph(graph)

    def add_embedding(
        self,
        mat: Any,
        metadata: Any = None,
        label_img: Any = None,
        global_step: int | None = None,
        tag: str = "default",
        metadata_header: Any = None,
    ) -> None:
        """Adds points for the projector.

        Args:
            mat: the points (N, D).
            metadata: a label for each; with metadata_header a row of labels.
            label_img: an image for each, (N, C, H, W).
        """
        from wengert.utils.tensorboard import _projector

        self._get_file_writer()
        _projector.write_embedding(
            self.log_dir, mat, metadata, label_img, global_step or 0, tag, metadata_header
        )

    def add_hparams(
        self,
        hparam_dict: dict[str, Any],
        metric_dict: dict[str, Any],
        hparam_domain_discrete: dict[str, Any] | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """Adds the settings of a run and what it reached, in a folder of their own."""
        from wengert.utils.tensorboard import _summary

        messages = _summary.hparams(hparam_dict, metric_dict, hparam_domain_discrete or {})
        folder = os.path.join(self.log_dir, str(time.time()) if run_name is None else run_name)
        writer = self._beside(folder)
        for message in messages:
            writer.add_summary(message, global_step)
        for tag, value in metric_dict.items():
            writer.add_summary(_summary.scalar(tag, value), global_step)

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Adds precision against recall, for labels that are 0 or 1 and predictions from 0 to 1."""
        from wengert.utils.tensorboard import _summary

        thresholds = min(num_thresholds, 127)
        rows = _summary.pr_counts(labels, predictions, thresholds, weights)
        summary = _summary.pr_curve(tag, rows, thresholds)
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def add_pr_curve_raw(
        self,
        tag: str,
        true_positive_counts: Any,
        false_positive_counts: Any,
        true_negative_counts: Any,
        false_negative_counts: Any,
        precision: Any,
        recall: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Adds precision against recall, counted already."""
        import numpy as np

        from wengert.utils.tensorboard import _arrays, _summary

        columns = (
            true_positive_counts,
            false_positive_counts,
            true_negative_counts,
            false_negative_counts,
            precision,
            recall,
        )
        rows = np.stack([_arrays.as_array(c) for c in columns])
        summary = _summary.pr_curve(tag, rows, min(num_thresholds, 127))
        self._get_file_writer().add_summary(summary, global_step, walltime)

    def flush(self) -> None:
        """Writes what waits."""
        for writer in (self.all_writers or {}).values():
            writer.flush()

    def close(self) -> None:
        """Writes what waits and closes the files; a later call opens new ones."""
        for writer in (self.all_writers or {}).values():
            writer.flush()
            writer.close()
        self.file_writer = self.all_writers = None

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
