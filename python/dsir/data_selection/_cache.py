"""The files of log importance weights and per-example metadata: one array for each virtual shard."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from dsir.data_selection._datasets import Dataset

Array = npt.NDArray[Any]


def plain_array(values: Sequence[Any], source: str) -> Array:
    """Return ``values`` as one array of numbers or strings.

    Raises:
        TypeError: If there is another kind of value among them.
        ValueError: If they have different shapes. ``source``, the method that gave them, is named in both.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{source} must give values of one shape for all examples: {error}") from None
    if array.dtype.hasobject:
        kinds = ", ".join(sorted({type(value).__name__ for value in values})[:3])
        raise TypeError(f"{source} must give numbers or arrays of numbers, not {kinds}")
    return array


class NewFiles:
    """New weights and metadata, written in a ``with`` block. At its end they replace the present files.

    If the block ends with an error, the present files stay as they are. The object can be sent to other
    processes.
    """

    def __init__(self, weights_dir: Path, metadata_dir: Path) -> None:
        self._folders = (weights_dir, metadata_dir)
        ending = secrets.token_hex(6)
        # Beside the folders, so that moving is renaming.
        self._staged = tuple(folder.with_name(f".{folder.name}.{ending}") for folder in self._folders)

    def __enter__(self) -> NewFiles:
        for folder in self._staged:
            folder.mkdir(parents=True)
        return self

    def write(self, index: int, weights: Array, metadata: Array | None) -> None:
        """Write the files of the virtual shard number ``index``."""
        np.save(self._staged[0] / f"{index}.npy", weights, allow_pickle=False)
        if metadata is not None:
            np.save(self._staged[1] / f"{index}.npy", metadata, allow_pickle=False)

    def drop_metadata(self) -> None:
        """Leave out the metadata of all shards."""
        for file in self._staged[1].iterdir():
            file.unlink()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._replace()
        finally:
            for folder in self._staged:
                shutil.rmtree(folder, ignore_errors=True)

    def _replace(self) -> None:
        # All old files go first. If this is interrupted, files are missing, which resample() reports; old
        # ones among new ones it could not tell apart.
        for folder in self._folders:
            for file in _numbered(folder).values():
                file.unlink()
        for folder, staged in zip(reversed(self._folders), reversed(self._staged), strict=True):
            files = list(staged.iterdir())
            if files:
                folder.mkdir(parents=True, exist_ok=True)
            elif folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()  # a folder of metadata means that there is metadata
            for file in files:
                os.replace(file, folder / file.name)


def read_in_order(folder: Path, datasets: Sequence[Dataset]) -> tuple[Array, list[int]]:
    """Read the arrays of all virtual shards.

    Args:
        folder: Where the arrays are, as ``0.npy``, ``1.npy`` and so on.
        datasets: All datasets, in order.

    Returns:
        One row for each example, in the order of the datasets and of the examples in them, in memory of its
        own; and the number of examples of each dataset.

    Raises:
        FileNotFoundError: If there are no such files.
        ValueError: If the files are not those of these datasets with these virtual shards, or are damaged.
    """
    found = _numbered(folder)
    files = sum(dataset.shards for dataset in datasets)
    if not found:
        raise FileNotFoundError(f"there are no arrays in {folder}: call compute_importance_weights() first")
    if sorted(found) != list(range(files)):
        raise ValueError(
            f"{folder} holds {len(found)} files, {min(found)}.npy to {max(found)}.npy, but the raw datasets"
            f" have {files} virtual shards. Set num_proc and raw_datasets to what they were at"
            " compute_importance_weights(), or call it again; remove files that are left from another run"
        )
    shards = [_load(found[index]) for index in range(files)]
    filled = [shard for shard in shards if len(shard)]
    if len({shard.shape[1:] for shard in filled}) > 1:
        raise ValueError(f"the arrays in {folder} differ in their number of columns: compute them again")
    sizes = [sum(len(shards[index]) for index in dataset.files()) for dataset in datasets]
    dtype = np.result_type(*filled) if filled else np.dtype(np.float64)
    values = np.empty((sum(sizes), *(filled[0].shape[1:] if filled else ())), dtype)
    start = 0
    for dataset, size in zip(datasets, sizes, strict=True):
        rows = values[start : start + size]
        for shard_idx, index in enumerate(dataset.files()):
            if len(shards[index]) != len(rows[shard_idx :: dataset.shards]):
                raise ValueError(
                    f"the lengths of the arrays in {folder} do not fit {dataset.shards} virtual shards of"
                    f" {dataset.path!r}. Set num_proc and raw_datasets to what they were at"
                    " compute_importance_weights(), or call it again"
                )
            if len(shards[index]):
                rows[shard_idx :: dataset.shards] = shards[index]
        start += size
    return values, sizes


def _numbered(folder: Path) -> dict[int, Path]:
    """The arrays in ``folder`` whose names are numbers."""
    if not folder.is_dir():
        return {}
    files = (file for file in folder.iterdir() if re.fullmatch(r"(0|[1-9][0-9]*)\.npy", file.name))
    return {int(file.stem): file for file in files}


def _load(file: Path) -> Array:
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{file} is not an array of numbers, or is damaged: {error}") from error
    if not isinstance(array, np.ndarray) or array.ndim == 0:
        raise ValueError(f"{file} is not an array with one row for each example")
    return array
