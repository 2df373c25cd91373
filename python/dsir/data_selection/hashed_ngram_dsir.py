"""DSIR with hashed n-grams as features."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dsir import _dsir
from dsir.data_selection._cache import NewFiles
from dsir.data_selection._datasets import (
    LoadFn,
    ParseFn,
    _iterate_virtually_sharded_dataset,
    datasets_of,
    default_load_dataset_fn,
    default_parse_example_fn,
)
from dsir.data_selection._ngrams import Tokenizer, get_ngram_counts, hash_buckets, word_tokenize, wpt
from dsir.data_selection._saved import Kinds, Named
from dsir.data_selection._texts import batches, naming, text_of
from dsir.data_selection.base import DSIR
from dsir.data_selection.utils import Progress, is_unchanged, parallelize, whole_number

__all__ = [
    "DSIR",
    "HashedNgramDSIR",
    "_iterate_virtually_sharded_dataset",
    "default_load_dataset_fn",
    "default_parse_example_fn",
    "get_ngram_counts",
    "hash_buckets",
    "parallelize",
    "word_tokenize",
    "wpt",
]

Array = npt.NDArray[Any]


class HashedNgramDSIR(DSIR):
    """Selects by the counts of hashed n-grams, whose distributions in raw and target are compared.

    Counting and weighing run in the extension module, unless ``featurizer``, ``importance_estimator``,
    ``get_perexample_metadata`` or ``tokenizer`` is replaced, or ``ngrams`` or ``num_buckets`` is more than it
    takes (``dsir._dsir.HashedNgrams``).
    """

    _NAMED_FUNCTIONS: ClassVar[Named] = {"tokenizer": {"wordpunct": wpt.tokenize, "word_tokenize": word_tokenize}}
    _KINDS: ClassVar[Mapping[str, Kinds]] = {
        **DSIR._KINDS,
        "ngrams": int,
        "num_buckets": int,
        "min_example_length": (int, float),
        "raw_probs": (np.ndarray, type(None)),
        "target_probs": (np.ndarray, type(None)),
        "log_diff": (np.ndarray, type(None)),
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
        ngrams: int = 2,
        num_buckets: int = 10000,
        tokenizer: str = "wordpunct",
        min_example_length: int = 100,
        separate_targets: bool = False,
        target_proportions: Sequence[float] | npt.NDArray[Any] | None = None,
    ) -> None:
        """
        Args not named here are those of ``DSIR``.

        Args:
            ngrams: The longest n-grams; 2 stands for single tokens and pairs.
            num_buckets: How many buckets n-grams are hashed into.
            tokenizer: "wordpunct" or "word_tokenize".
            min_example_length: The fewest tokens of an example that may be selected.

        Raises:
            ValueError: If there is no such tokenizer, or a number is out of range.
        """
        super().__init__(
            raw_datasets=raw_datasets,
            target_datasets=target_datasets,
            cache_dir=cache_dir,
            raw_load_dataset_fn=raw_load_dataset_fn,
            raw_parse_example_fn=raw_parse_example_fn,
            target_load_dataset_fn=target_load_dataset_fn,
            target_parse_example_fn=target_parse_example_fn,
            num_proc=num_proc,
            separate_targets=separate_targets,
            target_proportions=target_proportions,
        )
        tokenizers = self._NAMED_FUNCTIONS["tokenizer"]
        if tokenizer not in tokenizers:
            raise ValueError(f"tokenizer must be one of {', '.join(tokenizers)}, not {tokenizer!r}")
        self.tokenizer: Tokenizer = tokenizers[tokenizer]
        self.ngrams = whole_number(ngrams, "ngrams", 1)
        self.num_buckets = whole_number(num_buckets, "num_buckets", 1)
        self.min_example_length = min_example_length
        self.raw_probs: Array | None = None
        self.target_probs: Array | None = None
        self.log_diff: Array | None = None

    def featurizer(self, text: str) -> Array:
        """Return how often each bucket's n-grams are in a text: ``num_buckets`` integers."""
        return get_ngram_counts(text, n=self.ngrams, num_buckets=self.num_buckets, tokenizer=self.tokenizer)

    def importance_estimator(self, features: Array) -> float | Array:
        """Return the log importance weight of a text: how much likelier it is in the target than in raw.

        Args:
            features: What ``featurizer`` made of the text.

        Returns:
            The natural logarithm of the ratio; with ``separate_targets``, one for each target.

        Raises:
            RuntimeError: If nothing is fitted yet.
        """
        weight: float | Array = np.dot(self._fitted(), features)
        return weight

    def get_perexample_metadata(self, ex: Any, features: Array) -> Any:
        """Return the number of tokens of an example, derived from its number of n-grams.

        It is right if there are at least ``ngrams`` - 1 tokens.
        """
        return self._lengths(features.sum())

    def perexample_metadata_filter(self, concat_metadata: Array) -> npt.NDArray[np.bool_]:
        """Return which examples have at least ``min_example_length`` tokens."""
        long_enough: npt.NDArray[np.bool_] = concat_metadata >= self.min_example_length
        return long_enough

    def fit_importance_estimator(self, num_tokens_to_fit: str | int | None = "auto") -> None:
        """Count n-grams in raw and target datasets, and compare their distributions.

        Sets ``raw_probs`` and ``target_probs``, the share of each bucket, and ``log_diff``, the difference of
        their logarithms: arrays of shape (num_buckets,). With separate targets, ``target_probs`` and
        ``log_diff`` have the shape (targets, num_buckets), and ``target_proportions`` are set if none were
        given.

        Args:
            num_tokens_to_fit: After about how many n-grams to stop counting the raw datasets, and with
                ``separate_targets`` each target dataset too. They are divided equally among virtual shards,
                each of which stops after the text that goes beyond its part. "auto": 100000 for each bucket.
                "all" or None: count everything.

        Raises:
            TypeError: If a parse function gives anything but a str.
            ValueError: If the raw datasets or a target have no n-grams, or ``num_tokens_to_fit`` is out of
                range.
        """
        limit: int | None
        if num_tokens_to_fit == "auto":
            limit = 100000 * self.num_buckets
        elif num_tokens_to_fit in ("all", None, math.inf):
            limit = None
        elif isinstance(num_tokens_to_fit, str) or not num_tokens_to_fit >= 0:
            raise ValueError(f"num_tokens_to_fit must be 'auto', 'all' or at least 0, not {num_tokens_to_fit!r}")
        else:
            limit = int(num_tokens_to_fit)
        self._raw()
        if not len(self.target_datasets):
            raise ValueError("target_datasets is empty")
        given = self.target_proportions
        if self.separate_targets and given is not None and len(given) != len(self.target_datasets):
            raise ValueError(
                f"there are {len(given)} target_proportions for {len(self.target_datasets)} target datasets"
            )

        raw = self._fit_bow(
            self.raw_datasets,
            num_tokens_to_fit=limit,
            parse_example_fn=self.raw_parse_example_fn,
            load_dataset_fn=self.raw_load_dataset_fn,
        )
        if not raw.sum():
            raise ValueError(f"there are no tokens in the raw datasets {list(self.raw_datasets)!r}")
        targets = []
        together = [self.target_datasets]
        for group in [[one] for one in self.target_datasets] if self.separate_targets else together:
            counts = self._fit_bow(
                group,
                num_tokens_to_fit=limit if self.separate_targets else None,
                parse_example_fn=self.target_parse_example_fn,
                load_dataset_fn=self.target_load_dataset_fn,
            )
            if not counts.sum():
                raise ValueError(f"there are no tokens in the target {', '.join(map(repr, group))}")
            targets.append(counts)
        # Nothing is set before all is known, so that an error leaves what was fitted before.
        self.raw_probs = raw / raw.sum()
        shares = np.asarray([counts / counts.sum() for counts in targets])
        self.target_probs = shares if self.separate_targets else shares[0]
        if self.separate_targets and given is None:
            sums = np.asarray([counts.sum() for counts in targets])
            self.target_proportions = sums / sums.sum()
        self.log_diff = np.log(self.target_probs + 1e-8) - np.log(self.raw_probs + 1e-8)

    def _fit_bow(
        self,
        paths: Sequence[Any],
        num_tokens_to_fit: int | None = None,
        load_dataset_fn: LoadFn = default_load_dataset_fn,
        parse_example_fn: ParseFn | None = default_parse_example_fn,
    ) -> Array:
        """Count the n-grams of datasets.

        Args:
            paths: The datasets.
            num_tokens_to_fit: As in ``fit_importance_estimator``, as a number; None: count everything.
            load_dataset_fn: Takes a dataset and gives its examples.
            parse_example_fn: Takes an example and gives its text. None: the example is the text.

        Returns:
            The counts, one for each bucket.
        """
        shards = self._get_virtually_sharded_datasets(paths)
        # No sum goes beyond 64 bits, but a limit can.
        limit = None if num_tokens_to_fit is None else min(num_tokens_to_fit // len(shards), 2**62)
        engine = self._engine()
        if engine is None:

            def job(shard: dict[str, Any]) -> Array:
                counts = np.zeros(self.num_buckets, dtype=int)
                examples = _iterate_virtually_sharded_dataset(
                    load_dataset_fn(shard["path"]), shard["num_shards"], shard["shard_idx"]
                )
                for i, ex in enumerate(examples):
                    row = i * shard["num_shards"] + shard["shard_idx"]
                    text = text_of(parse_example_fn, ex, shard["path"], row)
                    get_ngram_counts(text, self.ngrams, self.num_buckets, counts, self.tokenizer)
                    if limit is not None and counts.sum() > limit:
                        break
                return counts

            total: Array = np.sum(parallelize(job, shards, self.num_proc), axis=0)
            return total

        counts = np.zeros(self.num_buckets, dtype=np.int64)
        with Progress("counting") as bar:
            for dataset in datasets_of(shards):
                sums = np.zeros(dataset.shards, dtype=np.int64)
                for first, texts in batches(dataset.path, load_dataset_fn, parse_example_fn):
                    with naming(texts, first, dataset.path):
                        enough = engine.count(texts, counts, sums, first, limit)
                    bar.update(len(texts))
                    if enough:
                        break
        return counts

    def compute_importance_weights(self) -> None:
        """Weigh all raw examples, as ``DSIR.compute_importance_weights`` says.

        Raises:
            RuntimeError: If nothing is fitted yet.
            TypeError: If a parse function gives anything but a str.
            ValueError: If there are no raw datasets or no raw examples.
        """
        if is_unchanged(self, "importance_estimator", HashedNgramDSIR):
            self._fitted()
        replaceable = ("featurizer", "importance_estimator", "get_perexample_metadata")
        engine = None
        if all(is_unchanged(self, name, HashedNgramDSIR) for name in replaceable):
            engine = self._engine()
        if engine is None:
            super().compute_importance_weights()
            return
        log_diff = np.ascontiguousarray(self._fitted(), dtype=np.float64)
        examples = 0
        with NewFiles(self.log_importance_weights_dir, self.perexample_metadata_dir) as files:
            with Progress("weighing") as bar:
                for dataset in self._raw():
                    # One batch of no rows gives the arrays their shape when there is no example.
                    weights = [np.empty((0, *log_diff.shape[:-1]))]
                    ngrams = [np.empty(0, dtype=np.int64)]
                    for first, texts in batches(dataset.path, self.raw_load_dataset_fn, self.raw_parse_example_fn):
                        with naming(texts, first, dataset.path):
                            batch = engine.weigh(texts, log_diff)
                        weights.append(batch[0])
                        ngrams.append(batch[1])
                        bar.update(len(texts))
                    rows, lengths = np.concatenate(weights), self._lengths(np.concatenate(ngrams))
                    for shard, index in enumerate(dataset.files()):
                        files.write(index, rows[shard :: dataset.shards], lengths[shard :: dataset.shards])
                    examples += len(rows)
            if not examples:
                raise ValueError(f"the raw datasets {list(self.raw_datasets)!r} have no examples")

    def _parsed(self, parse: ParseFn | None, ex: Any, path: Any, row: int) -> Any:
        if is_unchanged(self, "featurizer", HashedNgramDSIR):
            return text_of(parse, ex, path, row)
        return super()._parsed(parse, ex, path, row)

    def _fitted(self) -> Array:
        if self.log_diff is None:
            raise RuntimeError("nothing is fitted yet: call fit_importance_estimator() or load() first")
        if self.log_diff.ndim not in (1, 2) or self.log_diff.shape[-1] != self.num_buckets:
            raise ValueError(f"log_diff of shape {self.log_diff.shape} is not for {self.num_buckets} buckets")
        return self.log_diff

    def _lengths(self, ngrams: Any) -> Any:
        """The numbers of tokens of texts with these numbers of n-grams: L tokens have n L - n (n - 1) / 2."""
        return (ngrams + self.ngrams * (self.ngrams - 1) / 2) // self.ngrams

    def _engine(self) -> _dsir.HashedNgrams | None:
        """The extension module's counter of n-grams, or None if it cannot do what is asked."""
        tokenizers = self._NAMED_FUNCTIONS["tokenizer"]
        tokenizer = next((name for name, own in tokenizers.items() if own == self.tokenizer), None)
        engine = _dsir.HashedNgrams
        if tokenizer is None or self.ngrams > engine.MAX_NGRAMS or self.num_buckets > engine.MAX_BUCKETS:
            return None
        # A negative number of processes means one for each core, as joblib has it.
        threads = self.num_proc if self.num_proc > 0 else None
        return engine(self.ngrams, self.num_buckets, tokenizer, threads=threads)
