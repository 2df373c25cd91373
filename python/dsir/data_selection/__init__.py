"""Data selection with importance resampling (DSIR), with the interface of ``data-selection`` 1.0.3.

    from dsir.data_selection import HashedNgramDSIR

    dsir = HashedNgramDSIR(["raw.jsonl"], ["target.jsonl"], cache_dir="cache")
    dsir.fit_importance_estimator()
    dsir.compute_importance_weights()
    dsir.resample("selected", num_to_sample=10_000)

``__version__`` is the version of ``data-selection`` whose interface this is.
"""

from dsir.data_selection.base import (
    DSIR,
    __version__,
    _iterate_virtually_sharded_dataset,
    default_load_dataset_fn,
    default_parse_example_fn,
)
from dsir.data_selection.hashed_ngram_dsir import (
    HashedNgramDSIR,
    get_ngram_counts,
    hash_buckets,
    word_tokenize,
    wpt,
)

__all__ = [
    "DSIR",
    "HashedNgramDSIR",
    "__version__",
    "_iterate_virtually_sharded_dataset",
    "default_load_dataset_fn",
    "default_parse_example_fn",
    "get_ngram_counts",
    "hash_buckets",
    "word_tokenize",
    "wpt",
]
