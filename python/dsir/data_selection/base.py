"""The base class of data selection with importance resampling (DSIR), for any features and estimator."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dsir.data_selection import _output, _saved
from dsir.data_selection._cache import NewFiles, plain_array, read_in_order
from dsir.data_selection._datasets import (
    Dataset,
    LoadFn,
    ParseFn,
    _iterate_virtually_sharded_dataset,
    datasets_of,
    default_load_dataset_fn,
    default_parse_example_fn,
)
from dsir.data_selection.utils import Progress, is_unchanged, parallelize, unless_missing, whole_number

__all__ = [
    "DSIR",
    "__version__",
    "_iterate_virtually_sharded_dataset",
    "default_load_dataset_fn",
    "default_parse_example_fn",
    "parallelize",
]

__version__ = "1.0.3"

Array = npt.NDArray[Any]


class DSIR(_saved.Savable):
    """Selects from raw datasets what is distributed like the target datasets.

    A subclass defines ``featurizer``, ``importance_estimator`` and ``fit_importance_estimator``. It may also
    define ``get_perexample_metadata`` and ``perexample_metadata_filter`` to leave out examples. Then call, in
    this order, ``fit_importance_estimator``, ``compute_importance_weights`` and ``resample``.
    """

    __version__ = __version__

    _KINDS: ClassVar[Mapping[str, _saved.Kinds]] = {
        "raw_datasets": (list, tuple, np.ndarray),
        "target_datasets": (list, tuple, np.ndarray),
        "cache_dir": Path,
        "log_importance_weights_dir": Path,
        "perexample_metadata_dir": Path,
        "num_proc": int,
        "separate_targets": bool,
        "target_proportions": (np.ndarray, type(None)),
    }

    def __init__(
        self,
        raw_datasets: Sequence[Any],
        target_datasets: Sequence[Any],
        cache_dir: str | os.PathLike[str],
        raw_load_dataset_fn: LoadFn = default_load_dataset_fn,
        raw_parse_example_fn: ParseFn | None = default_parse_example_fn,
        target_load_dataset_fn: LoadFn = default_load_dataset_fn,
        target_parse_example_fn: ParseFn | None = default_parse_example_fn,
        num_proc: int | None = None,
        separate_targets: bool = False,
        target_proportions: Sequence[float] | npt.NDArray[Any] | None = None,
    ) -> None:
        """
        Args:
            raw_datasets: Paths of the datasets to select from, or whatever ``raw_load_dataset_fn`` takes.
            target_datasets: The same for the datasets that the selection should be like.
            cache_dir: Folder for the weights and the metadata of the raw examples. It is made if needed.
            raw_load_dataset_fn: Takes one entry of ``raw_datasets`` and gives its examples, as any iterable.
                Each call must give the same examples in the same order.
            raw_parse_example_fn: Takes an example and gives its text. None: the example is the text.
            target_load_dataset_fn: As ``raw_load_dataset_fn``, for the target datasets.
            target_parse_example_fn: As ``raw_parse_example_fn``, for the target datasets.
            num_proc: How many processes or threads to use, and about how many files to write. None: one for
                each core that this process may use.
            separate_targets: Whether to select for each target dataset apart.
            target_proportions: With ``separate_targets``, the share of each target in the selection, in any
                unit. None: in proportion to the number of n-grams of each target.

        Raises:
            TypeError: If one string is given in place of a list of datasets.
            ValueError: If ``num_proc`` is 0, or ``target_proportions`` are negative or all zero.
        """
        for name, datasets in (("raw_datasets", raw_datasets), ("target_datasets", target_datasets)):
            if isinstance(datasets, (str, bytes, os.PathLike)):
                raise TypeError(f"{name} must be a list of datasets, not {datasets!r} alone")
        self.raw_datasets = raw_datasets
        self.target_datasets = target_datasets
        self.raw_parse_example_fn = raw_parse_example_fn
        self.raw_load_dataset_fn = raw_load_dataset_fn
        self.target_parse_example_fn = target_parse_example_fn
        self.target_load_dataset_fn = target_load_dataset_fn
        self.cache_dir = Path(cache_dir)
        if num_proc is None:
            # Not every system tells which cores this process may use.
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
            num_proc = cores or 1
        if num_proc == 0:
            raise ValueError("num_proc must not be 0")
        self.num_proc: int = num_proc
        self.log_importance_weights_dir = self.cache_dir / "log_importance_weights"
        self.log_importance_weights_dir.mkdir(parents=True, exist_ok=True)
        self.perexample_metadata_dir = self.cache_dir / "perexample_metadata"
        self.separate_targets = separate_targets
        self.target_proportions: Array | None = None
        if target_proportions is not None:
            proportions = np.asarray(target_proportions, dtype=np.float64)
            total = proportions.sum()
            if proportions.ndim != 1 or not (proportions >= 0).all() or not 0 < total < np.inf:
                raise ValueError(
                    "target_proportions must be one number of at least 0 for each target, not all 0, not"
                    f" {target_proportions!r}"
                )
            self.target_proportions = proportions / total

    def _get_virtually_sharded_datasets(self, datasets: Sequence[Any]) -> list[dict[str, Any]]:
        """Cut datasets into virtual shards, about ``num_proc`` in all and at least one for each dataset.

        Returns:
            For each virtual shard ``path``, its dataset; ``shard_idx`` and ``num_shards``, its number in the
            dataset and how many there are; and ``overall_idx``, its number in all datasets.
        """
        if not len(datasets):
            raise ValueError("there are no datasets: the list is empty")
        each, more = divmod(self.num_proc, len(datasets)) if self.num_proc >= len(datasets) else (1, 0)
        shards: list[dict[str, Any]] = []
        for i, path in enumerate(datasets):
            num_shards = each + (i < more)
            for shard_idx in range(num_shards):
                shard = {"path": path, "shard_idx": shard_idx, "num_shards": num_shards}
                shards.append({**shard, "overall_idx": len(shards)})
        return shards

    def _raw(self) -> list[Dataset]:
        if not len(self.raw_datasets):
            raise ValueError("raw_datasets is empty")
        return datasets_of(self._get_virtually_sharded_datasets(self.raw_datasets))

    def _parsed(self, parse: ParseFn | None, ex: Any, path: Any, row: int) -> Any:
        """What the featurizer takes of example number ``row`` of the dataset ``path``."""
        return ex if parse is None else parse(ex)

    def featurizer(self, text: str) -> Array:
        """Return the features of a text. A subclass defines this."""
        raise NotImplementedError

    def importance_estimator(self, features: Array) -> float | Array:
        """Return the log importance weight of features. A subclass defines this.

        With ``separate_targets`` it is an array, of one weight for each target.
        """
        raise NotImplementedError

    def get_perexample_metadata(self, ex: Any, features: Array) -> Any:
        """Return numbers about an example, for ``perexample_metadata_filter``. A subclass may define this.

        Args:
            ex: The example, as the load function gave it.
            features: What ``featurizer`` made of its text.
        """
        raise NotImplementedError

    def fit_importance_estimator(self) -> None:
        """Learn what ``importance_estimator`` needs. A subclass defines this."""
        raise NotImplementedError

    def perexample_metadata_filter(self, concat_metadata: Array) -> npt.NDArray[np.bool_]:
        """Return which examples may be selected. A subclass may define this; by default all may.

        Args:
            concat_metadata: The metadata, one row for each raw example.
        """
        raise NotImplementedError

    def compute_importance_weights(self) -> None:
        """Weigh all raw examples with ``importance_estimator``.

        For each virtual shard, the weights are written to ``log_importance_weights_dir/{index}.npy``, one row
        for each example. If there is metadata, it is written to ``perexample_metadata_dir/{index}.npy``.
        Files of an earlier call are replaced when all are complete.

        Raises:
            ValueError: If there are no raw datasets or no raw examples.
        """
        self._raw()
        with NewFiles(self.log_importance_weights_dir, self.perexample_metadata_dir) as files:

            def job(shard: dict[str, Any]) -> tuple[int, bool]:
                weights: list[Any] = []
                metadata: list[Any] | None = []
                examples = _iterate_virtually_sharded_dataset(
                    self.raw_load_dataset_fn(shard["path"]), shard["num_shards"], shard["shard_idx"]
                )
                with Progress("weighing") as bar:
                    for i, ex in enumerate(examples):
                        row = i * shard["num_shards"] + shard["shard_idx"]
                        features = self.featurizer(self._parsed(self.raw_parse_example_fn, ex, shard["path"], row))
                        weights.append(self.importance_estimator(features))
                        if metadata is not None:
                            about = unless_missing(self.get_perexample_metadata, ex, features)
                            if about is None:
                                metadata = None
                            else:
                                metadata.append(about)
                        bar.update(1)
                files.write(
                    shard["overall_idx"],
                    plain_array(weights, "importance_estimator"),
                    None if metadata is None else plain_array(metadata, "get_perexample_metadata"),
                )
                return len(weights), metadata is not None

            done = parallelize(job, self._get_virtually_sharded_datasets(self.raw_datasets), self.num_proc)
            if not sum(examples for examples, _ in done):
                raise ValueError(f"the raw datasets {list(self.raw_datasets)!r} have no examples")
            if not all(has_metadata for _, has_metadata in done):
                files.drop_metadata()  # shards without examples could not know that there is none

    def resample(
        self,
        out_dir: str | os.PathLike[str],
        num_to_sample: int,
        cache_dir: str | os.PathLike[str] | None = None,
        top_k: bool = False,
        *,
        seed: int = 0,
    ) -> None:
        """Select raw examples by weight, without replacement, and write them as JSONL.

        The selection depends on the weights, the arguments and the order of the raw examples, not on
        ``num_proc``.

        Args:
            out_dir: Folder for ``0.jsonl`` and so on, one for each virtual shard. It is made if needed; files
                of the same names are replaced when all are complete.
            num_to_sample: How many examples to select.
            cache_dir: Folder to write to before the files are moved to ``out_dir``. It is removed, unless
                something else is in it. None: no other folder.
            top_k: Take the examples of largest weight, without noise.
            seed: Of the noise, from 0 to 2**64 - 1. Another seed gives another selection.

        Raises:
            FileExistsError: If ``out_dir`` has numbered files of another run that this one would not replace.
            FileNotFoundError: If there are no weights yet.
            TypeError: If an example that a load function gave cannot be written as JSON.
            ValueError: If there are too few eligible examples, an argument is out of range, or the weights
                are not those of the raw datasets.
        """
        num_to_sample = whole_number(num_to_sample, "num_to_sample", 0)
        seed = whole_number(seed, "seed", 0, 2**64)
        datasets = self._raw()
        out = Path(out_dir).resolve()
        scratch = None if cache_dir is None else Path(cache_dir).resolve()
        _output.check_destination(out, sum(dataset.shards for dataset in datasets), self.raw_datasets)
        log_weights, sizes = read_in_order(self.log_importance_weights_dir, datasets)
        quotas = self._quotas(num_to_sample)
        if self.separate_targets and log_weights.shape[1:] != (len(quotas),):
            raise ValueError(f"the weights are not those of {len(quotas)} separate targets: compute them again")
        if not self.separate_targets:
            if log_weights.ndim != 1:
                raise ValueError("the weights are those of separate targets: compute them again")
            log_weights = log_weights[:, np.newaxis]
        eligible = self._eligible(datasets, sizes)
        if num_to_sample > np.count_nonzero(eligible):
            raise ValueError(
                f"num_to_sample is {num_to_sample}, but only {np.count_nonzero(eligible)} of {len(eligible)}"
                " examples are eligible: ask for fewer, or let perexample_metadata_filter pass more (for"
                " HashedNgramDSIR, lower min_example_length)"
            )
        chosen = _output.choose(log_weights, eligible, quotas, None if top_k else seed)
        masks = np.split(chosen, np.cumsum(sizes)[:-1])
        with _output.complete_folder(out, None if scratch == out else scratch) as folder:
            if self.raw_load_dataset_fn is default_load_dataset_fn:
                _output.write_lines(folder, datasets, masks)
            else:
                _output.write_examples(folder, datasets, masks, self.raw_load_dataset_fn)

    def _quotas(self, num_to_sample: int) -> list[int]:
        """How many examples to select for each target."""
        if not self.separate_targets:
            return [num_to_sample]
        if self.target_proportions is None:
            raise RuntimeError("target_proportions are not known yet: call fit_importance_estimator() or load() first")
        quotas = [int(num_to_sample * share) for share in self.target_proportions]
        quotas[-1] += num_to_sample - sum(quotas)
        return quotas

    def _eligible(self, datasets: Sequence[Dataset], sizes: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Which raw examples may be selected."""
        everything = np.ones(sum(sizes), dtype=np.bool_)
        filtered = not is_unchanged(self, "perexample_metadata_filter", DSIR)
        if not filtered or not self.perexample_metadata_dir.exists():
            return everything
        metadata, metadata_sizes = read_in_order(self.perexample_metadata_dir, datasets)
        if metadata_sizes != list(sizes):
            raise ValueError("the metadata is not of the same examples as the weights: compute them again")
        mask = unless_missing(self.perexample_metadata_filter, metadata)
        if mask is None:
            return everything
        mask = np.array(mask)
        if mask.dtype != np.bool_ or mask.shape != everything.shape:
            raise TypeError(
                f"perexample_metadata_filter must give {len(everything)} booleans, one for each example, not"
                f" {mask.dtype} of shape {mask.shape}"
            )
        return mask
