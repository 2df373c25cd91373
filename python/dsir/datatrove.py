"""Blocks for datatrove pipelines: a score for each document, and a whole selection over shards.

``DsirScorer`` scores what comes through a pipeline. The others make a selection, one pipeline after the other, with
any executor, and end with the records of ``dsir select``: ``DsirCounter`` and ``DsirWeigher`` share the shards out to
the tasks, ``DsirModel`` and ``DsirPlanner`` are for one task, and ``DsirReader`` begins a pipeline with the selected
documents. ``examples/datatrove/selection.py`` puts them together.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document, DocumentsPipeline
from datatrove.io import DataFolderLike, get_datafolder
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.readers import JsonlReader
from datatrove.utils.batching import batched

from . import _jobs
from ._dsir import Model

__all__ = ["DsirCounter", "DsirModel", "DsirPlanner", "DsirReader", "DsirScorer", "DsirWeigher"]


class DsirScorer(PipelineStep):  # type: ignore[misc]
    """Add the log weight of each document and its number of tokens to the metadata, as ``log_weight`` and ``tokens``.

    Log weights are in nats; a model of several targets gives a list of one for each.

    Args:
        model: The path of a model.
        batch_size: How many documents are weighed at a time.
    """

    type = "🎯 - DSIR"
    name = "⚖️ Scorer"

    def __init__(self, model: str, batch_size: int = 1000) -> None:
        super().__init__()
        self.model = model
        self.batch_size = batch_size

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        model = Model.load(self.model)
        for batch in batched(data, self.batch_size):
            with self.track_time("batch"):
                texts = [document.text for document in batch]
                log_weights, tokens = model.log_weights(texts).tolist(), model.tokens(texts).tolist()
            for document, log_weight, count in zip(batch, log_weights, tokens, strict=True):
                document.metadata["log_weight"] = log_weight
                document.metadata["tokens"] = count
                self.stat_update("scored")
                self.update_doc_stats(document)
                yield document


class _OverShards(PipelineStep):  # type: ignore[misc]
    """A step that reads shards itself: those whose turn it is, of a folder on this machine or a shared one."""

    type = "🎯 - DSIR"

    def __init__(self, data_folder: DataFolderLike, options: dict[str, Any]) -> None:
        super().__init__()
        self.data_folder = get_datafolder(data_folder)
        self.options = options

    def shards(self, rank: int, world_size: int) -> Iterator[tuple[str, Path]]:
        """The shards of a task: their paths in the folder, and their paths."""
        for name in self.data_folder.get_shard(rank, world_size):
            self.stat_update("shards")
            yield name, Path(self.data_folder.resolve_paths(name))


class DsirCounter(_OverShards):
    """Count the n-grams of the shards of each task into a file of its own.

    Args:
        data_folder: The raw shards.
        counts: The folder for the counts.
        options: The options of :func:`dsir.fit`.
    """

    name = "🔢 Counter"

    def __init__(self, data_folder: DataFolderLike, counts: str, **options: Any) -> None:
        super().__init__(data_folder, options)
        self.counts = Path(counts)

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        yield from data or ()
        if shards := [path for _, path in self.shards(rank, world_size)]:
            self.counts.mkdir(parents=True, exist_ok=True)
            with self.track_time("task"):
                out = self.counts / f"{rank:05d}-of-{world_size:05d}.json"
                _jobs.fit(shards, out=out, progress=False, **self.options)


class DsirModel(PipelineStep):  # type: ignore[misc]
    """Merge the counts of all tasks with those of the target into a model: for a pipeline of one task.

    Args:
        counts: The folder with the counts.
        target: The target, as for :func:`dsir.fit`.
        model: The path of the model.
        options: The options of :func:`dsir.fit`, as for :class:`DsirCounter`.
    """

    type = "🎯 - DSIR"
    name = "🧩 Model"

    def __init__(self, counts: str, target: Any, model: str, **options: Any) -> None:
        super().__init__()
        self.counts = Path(counts)
        self.target = target
        self.model = model
        self.options = options

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        yield from data or ()
        with self.track_time("task"):
            merged = _jobs.fit(target=self.target, progress=False, **self.options)
            counts = sorted(self.counts.glob("*-of-*.json"))
            if len({path.stem.partition("-of-")[2] for path in counts}) != 1:
                raise ValueError(f"{self.counts} has no counts, or those of runs with other numbers of tasks")
            for path in counts:
                merged = merged.merge(Model.load(path))
            merged.save(self.model)


class DsirWeigher(_OverShards):
    """Weigh the records of the shards of each task.

    Args:
        data_folder: The raw shards.
        weights: The folder for the weights.
        model: The path of the model.
        options: The options of :func:`dsir.weigh`.
    """

    name = "⚖️ Weigher"

    def __init__(self, data_folder: DataFolderLike, weights: str, model: str, **options: Any) -> None:
        super().__init__(data_folder, options)
        self.weights = Path(weights)
        self.model = model

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        yield from data or ()
        for name, path in self.shards(rank, world_size):
            folder = (self.weights / name).parent
            with self.track_time("shard"):
                _jobs.weigh(path, self.model, folder, progress=False, **self.options)


class DsirPlanner(_OverShards):
    """Decide which records are selected: for a pipeline of one task, which reads the weights and no text.

    Args:
        data_folder: The raw shards.
        weights: The folder with the weights.
        plan: The path of the plan.
        options: The arguments of :func:`dsir.resample`: ``k``, ``fraction``, ``tokens`` or ``bytes``, ``seed`` and
            others.
    """

    name = "🎲 Planner"

    def __init__(self, data_folder: DataFolderLike, weights: str, plan: str, **options: Any) -> None:
        super().__init__(data_folder, options)
        self.weights = Path(weights)
        self.plan = plan

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        yield from data or ()
        raw = [path for _, path in self.shards(0, 1)]
        # Weights of shards that lie in folders are told what they are of there.
        described = self.weights / "weights.meta"
        others = [path for path in self.weights.rglob("weights.meta") if path != described]
        if others and not described.exists():
            shutil.copy(others[0], described)
        with self.track_time("task"):
            _jobs.resample(raw, self.weights, plan_only=self.plan, progress=False, **self.options)


class DsirReader(JsonlReader):  # type: ignore[misc]
    """Read the selected documents of the shards of each task.

    Args:
        data_folder: The raw shards.
        weights: The folder with the weights.
        plan: The path of the plan.
        reader: The arguments of datatrove's ``JsonlReader``, such as ``text_key``. Ids that it makes itself are numbers
            in the selection, not in the shard.
    """

    name = "🎯 DSIR"

    def __init__(self, data_folder: DataFolderLike, weights: str, plan: str, **reader: Any) -> None:
        super().__init__(data_folder, **reader)
        self.weights = Path(weights)
        self.plan = plan

    def read_file(self, filepath: str) -> Iterator[Document]:
        shard = Path(self.data_folder.resolve_paths(filepath))
        with tempfile.TemporaryDirectory(prefix="dsir-") as folder:
            selected = os.path.join(folder, "selected.jsonl")
            with self.track_time("shard"):
                _jobs.resample([shard], self.weights, plan=self.plan, out=selected, progress=False)
            reader = JsonlReader(folder, text_key=self.text_key, id_key=self.id_key)
            reader.get_document_from_dict = lambda record, _, number: self.get_document_from_dict(
                record, filepath, number
            )
            yield from reader.read_file("selected.jsonl")
