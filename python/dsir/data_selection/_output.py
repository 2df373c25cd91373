"""Choosing examples by weight, and writing those that were chosen."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsir import _dsir
from dsir.data_selection._datasets import Dataset, LoadFn

Mask = npt.NDArray[np.bool_]


def choose(log_weights: npt.NDArray[Any], eligible: Mask, quotas: Sequence[int], seed: int | None) -> Mask:
    """Choose examples for each target in turn, none of them twice.

    For each target, those with the largest sum of log weight and Gumbel noise are chosen: a sample without
    replacement in proportion to the weights. Among equals, the earlier example is chosen.

    Args:
        log_weights: One row for each example, one column for each target.
        eligible: Which examples may be chosen.
        quotas: How many examples to choose for each target; in all, at most as many as are eligible.
        seed: The seed of the noise; None for no noise.

    Returns:
        Which examples were chosen.
    """
    left = eligible.copy()
    for target, quota in enumerate(quotas):
        ids = np.flatnonzero(left)
        keys = log_weights[ids, target].astype(np.float64)
        if seed is not None:
            keys += _dsir.gumbel(seed, target, ids.astype(np.uint64))
        left[ids[_largest(keys, quota)]] = False
    chosen: Mask = eligible & ~left
    return chosen


def _largest(keys: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.intp]:
    """The places of the ``count`` largest keys; of equal ones, the first. NaN is smaller than all else."""
    if count == 0:
        return np.empty(0, np.intp)
    keys = np.where(np.isnan(keys), -np.inf, keys)
    cut = len(keys) - count
    threshold = np.partition(keys, cut)[cut]
    above = np.flatnonzero(keys > threshold)
    equal = np.flatnonzero(keys == threshold)
    return np.concatenate([above, equal[: count - len(above)]])


def check_destination(out_dir: Path, files: int, sources: Sequence[Any]) -> None:
    """Check that ``0.jsonl`` and so on, ``files`` of them, can be written to ``out_dir``.

    Raises:
        FileExistsError: If there are numbered files that would not be replaced.
        ValueError: If one of ``sources``, the raw datasets, would be replaced.
    """
    if not out_dir.exists():
        return
    names = [f"{index}.jsonl" for index in range(files)]
    others = sorted(
        file.name for file in out_dir.iterdir() if re.fullmatch(r"[0-9]+\.jsonl", file.name) and file.name not in names
    )
    if others:
        raise FileExistsError(
            f"{out_dir} holds {', '.join(others[:3])}, which this selection would not replace: it has {files}"
            " files. Remove the old files or choose another folder, so that selections are not mixed"
        )
    for source in sources:
        if not isinstance(source, (str, os.PathLike)) or not os.path.exists(source):
            continue
        for name in names:
            if (out_dir / name).exists() and os.path.samefile(source, out_dir / name):
                raise ValueError(f"{out_dir / name} is a raw dataset and would be replaced: choose another folder")


@contextmanager
def complete_folder(out_dir: Path, scratch: Path | None) -> Iterator[Path]:
    """Give an empty folder to write to; if the block ends without an error, its files go to ``out_dir``.

    Args:
        out_dir: Is made if needed; files of the same names are replaced.
        scratch: Where to write first, for instance a faster disk. It is made if needed, and removed at the
            end unless something else is in it. None: write to the file system of ``out_dir``.
    """
    name = f".{out_dir.name}.{secrets.token_hex(6)}"
    # Inside an existing folder, which can be on another file system than the folder around it.
    beside = (out_dir if out_dir.exists() else out_dir.parent) / name
    work = beside if scratch is None else scratch / name
    work.mkdir(parents=True)
    try:
        yield work
        if work != beside:
            beside.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(work, beside)
        if not out_dir.exists():
            os.rename(beside, out_dir)
        else:
            for file in sorted(beside.iterdir()):
                os.replace(file, out_dir / file.name)
    finally:
        for folder in (work, beside):
            shutil.rmtree(folder, ignore_errors=True)
        if scratch is not None:
            with suppress(OSError):  # something else may be in it
                scratch.rmdir()


def write_lines(folder: Path, datasets: Sequence[Dataset], masks: Sequence[Mask]) -> None:
    """Write the chosen lines of JSONL files as they are, one file for each virtual shard.

    Args:
        folder: Where to write ``0.jsonl`` and so on.
        datasets: All datasets, in order; their paths are files.
        masks: For each dataset, which examples were chosen.
    """
    for dataset, mask in zip(datasets, masks, strict=True):
        files = [folder / f"{index}.jsonl" for index in dataset.files()]
        _dsir.write_records(os.fsdecode(dataset.path), np.ascontiguousarray(mask), files)


def write_examples(folder: Path, datasets: Sequence[Dataset], masks: Sequence[Mask], load: LoadFn) -> None:
    """Write the chosen examples as JSON, one file for each virtual shard.

    Args:
        folder: Where to write ``0.jsonl`` and so on.
        datasets: All datasets, in order.
        masks: For each dataset, which examples were chosen.
        load: Gives the examples of a dataset; it is called once for each.

    Raises:
        TypeError: If a chosen example cannot be written as JSON.
        ValueError: If a dataset has more or fewer examples than its mask.
    """
    for dataset, mask in zip(datasets, masks, strict=True):
        rows = 0
        with ExitStack() as stack:
            files = [
                stack.enter_context(open(folder / f"{index}.jsonl", "w", encoding="utf-8", newline="\n"))
                for index in dataset.files()
            ]
            for ex in load(dataset.path):
                if rows < len(mask) and mask[rows]:
                    files[rows % dataset.shards].write(_as_json(ex, dataset.path, rows) + "\n")
                rows += 1
        if rows != len(mask):
            raise ValueError(
                f"{dataset.path!r} gave {rows} examples, but had {len(mask)} when its weights were computed:"
                " call compute_importance_weights() again"
            )


def _as_json(ex: Any, path: Any, row: int) -> str:
    try:
        return json.dumps(ex)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(
            f"example {row} of {path!r} (counted from 0) cannot be written as JSON: {error}."
            " Let the load function give dicts of strings, numbers and lists"
        ) from error
