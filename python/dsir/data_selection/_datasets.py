"""Datasets: the functions that give their examples, and how they are cut into virtual shards."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from dsir import Error, _dsir

LoadFn = Callable[[Any], Iterable[Any]]
"""Takes one entry of a list of datasets and gives its examples."""

ParseFn = Callable[[Any], Any]
"""Takes an example and gives its text."""


def default_load_dataset_fn(path: str) -> Iterable[dict[str, Any]]:
    """Read a JSONL file of UTF-8, plain or compressed with gzip or zstd. Blank lines are left out.

    Raises:
        Error: If a line is not JSON, or the file is damaged; it names the file and the line.
    """
    os.stat(path)  # so that a missing file is the error that it is in Python
    for number, line in chain.from_iterable(_dsir.JsonlLines(path)):
        try:
            yield json.loads(line.decode("utf-8"))
        except ValueError as error:
            name = os.fsdecode(path)
            message = f"{name}:{number}: not JSON: {error}"
            raise Error(message, kind="invalid_record", path=name, line=number) from error


def default_parse_example_fn(ex: dict[str, Any]) -> str:
    """Return the field ``text`` of an example."""
    text: str = ex["text"]
    return text


def _iterate_virtually_sharded_dataset(dataset: Iterable[Any], num_shards: int, shard_idx: int) -> Iterator[Any]:
    """Yield the examples number ``shard_idx``, ``shard_idx + num_shards`` and so on."""
    for i, ex in enumerate(dataset):
        if i % num_shards == shard_idx:
            yield ex


@dataclass(frozen=True)
class Dataset:
    """A dataset whose example number i is in virtual shard i % shards.

    Attributes:
        path: The dataset, as the user gave it.
        shards: Its number of virtual shards.
        first_file: The number of its first virtual shard's files; the others follow.
    """

    path: Any
    shards: int
    first_file: int

    def files(self) -> range:
        """The numbers of its files, in the order of its virtual shards."""
        return range(self.first_file, self.first_file + self.shards)


def datasets_of(virtual_shards: Sequence[dict[str, Any]]) -> list[Dataset]:
    """Return the datasets that were cut into ``virtual_shards``."""
    return [
        Dataset(shard["path"], shard["num_shards"], shard["overall_idx"])
        for shard in virtual_shards
        if shard["shard_idx"] == 0
    ]
