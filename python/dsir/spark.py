"""Weighing and selecting with Spark: ``pip install "dsir[spark]"``.

>>> import dsir.spark
>>> weighed = dsir.spark.log_weights(df, dsir.Model.load("model.json"), "text")  # doctest: +SKIP
>>> dsir.spark.select(spark, raw="corpus/", target="wanted.jsonl", k=10_000, out="selected/")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql.types import ArrayType, DoubleType, LongType, StructField, StructType

from . import engine
from ._dsir import Model

if TYPE_CHECKING:
    import os

    from pyspark.sql import DataFrame, SparkSession

    from ._inputs import Path
    from ._report import Report

__all__ = ["log_weights", "select"]


def log_weights(df: DataFrame, model: Model | Path, column: str = "text") -> DataFrame:
    """Add the log weight and the number of tokens of each row's text, as the columns ``log_weight`` and ``tokens``.

    Args:
        df: A frame with a column of texts, none of them null.
        model: A model, or its path.
        column: The column of texts.

    Returns:
        The frame with ``log_weight`` (double, in nats; an array of one for each target, if the model has several) and
        ``tokens`` (long). A column of one of these names that is there already is replaced.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    # Sent to the workers once, and not with each task.
    shared = df.sparkSession.sparkContext.broadcast(model)
    several = len(model.targets) > 1
    own = {"log_weight": ArrayType(DoubleType(), False) if several else DoubleType(), "tokens": LongType()}
    kept = [field for field in df.schema.fields if field.name not in own]
    schema = StructType([*kept, *(StructField(name, kind, False) for name, kind in own.items())])
    names = [field.name for field in kept]

    def weighed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        model = shared.value
        for batch in batches:
            texts = batch.column(column)
            weights, tokens = model.log_weights(texts), model.tokens(texts)
            columns = [*(batch.column(name) for name in names), _arrow(weights), pa.array(tokens, pa.int64())]
            yield pa.RecordBatch.from_arrays(columns, [*names, *own])

    return df.mapInArrow(weighed, schema)


def _arrow(weights: Any) -> pa.Array:
    """Log weights of shape (rows,) or (rows, targets)."""
    return pa.array(weights if weights.ndim == 1 else list(weights))


def select(spark: SparkSession, raw: Path | Iterable[os.PathLike[str]], *arguments: Any, **options: Any) -> Report:
    """Select as :func:`dsir.select` does, with its arguments, while the executors of Spark read the raw corpus.

    All machines must have this version of dsir, and see the raw shards, ``out`` and its work directory under the same
    paths. A piece of the work is a job of one task, which Spark runs again if its executor dies.
    """
    context = spark.sparkContext
    places = 2 * context.defaultParallelism
    with ThreadPoolExecutor(places) as threads:

        def submit(function: Callable[[str], None], piece: str) -> Future[Any]:
            return threads.submit(lambda: context.parallelize([piece], 1).foreach(function))

        return engine.select(submit, raw, *arguments, places=places, **options)
