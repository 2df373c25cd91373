"""Weighing and selecting with Spark.

    spark-submit selection.py RAW TARGET OUT

selects 5% of the documents of the folder RAW that are like TARGET into the folder OUT, and shows the heaviest rows of a
data frame.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pyspark.sql import SparkSession

import dsir.spark


def main(raw: str, target: str, out: str) -> None:
    spark = SparkSession.builder.appName("dsir").getOrCreate()
    report = dsir.spark.select(spark, raw, target, fraction=0.05, out=out)
    print(report)
    # A model of the whole corpus weighs any frame of texts.
    model = dsir.fit(raw, target)
    some = spark.read.json(str(sorted(Path(raw).iterdir())[0]))
    dsir.spark.log_weights(some, model, "text").orderBy("log_weight", ascending=False).show(5, truncate=60)


if __name__ == "__main__":
    main(*sys.argv[1:])
