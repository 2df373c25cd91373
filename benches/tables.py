"""Weighs the same rows as JSONL, Parquet and Arrow, in turn, on one processor: benches/tables.py DSIR CORPUS.jsonl

Needs pyarrow. The rows are the texts of the corpus with ten columns as crawls have them; speeds are by bytes of text.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

import pyarrow
import pyarrow.parquet


def table(lines):
    chance = random.Random(0)
    texts = [json.loads(line)["text"] for line in lines]
    number = chance.randrange
    columns = {
        "text": texts,
        "id": [f"<urn:uuid:{chance.getrandbits(128):032x}>" for _ in texts],
        "dump": [f"CC-MAIN-2024-{number(10)}" for _ in texts],
        "url": [f"https://example{number(100_000)}.com/{chance.getrandbits(60):x}/page.html" for _ in texts],
        "date": [f"2024-0{number(1, 9)}-11T02:{number(10, 60)}:00Z" for _ in texts],
        "file_path": [f"s3://commoncrawl/crawl-data/x/{number(1000)}.warc.gz" for _ in texts],
        "language": ["en" for _ in texts],
        "language_score": [chance.random() for _ in texts],
        "token_count": [len(text) // 4 for text in texts],
        "score": [chance.random() * 5 for _ in texts],
        "int_score": [number(6) for _ in texts],
    }
    return pyarrow.table(columns), sum(len(text.encode()) for text in texts)


def main(dsir, corpus):
    with open(corpus, encoding="utf-8") as lines, tempfile.TemporaryDirectory() as folder:
        rows, size = table(lines)
        path = lambda name: os.path.join(folder, name)
        with open(path("raw.jsonl"), "w", encoding="utf-8") as out:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows.to_pylist())
        pyarrow.parquet.write_table(rows, path("zstd.parquet"), compression="zstd")
        pyarrow.parquet.write_table(rows, path("snappy.parquet"), row_group_size=2000)
        with pyarrow.ipc.new_stream(path("raw.arrow"), rows.schema) as out:
            out.write_table(rows, max_chunksize=1000)
        model = ["--model", path("model.json")]
        with open(path("target.jsonl"), "w") as target:
            subprocess.run(["head", "-n", "500", path("raw.jsonl")], stdout=target, check=True)
        fit = [dsir, "fit", "-q", "--target", path("target.jsonl"), "-o", path("model.json"), path("raw.jsonl")]
        subprocess.run(fit, check=True, stderr=subprocess.DEVNULL)
        seconds = {}
        for _ in range(7):
            for name in ["raw.jsonl", "zstd.parquet", "snappy.parquet", "raw.arrow"]:
                command = ["taskset", "-c", "0", dsir, "weigh", "-q", "--threads", "1", *model]
                command += ["-o", path("w"), path(name)]
                start = time.perf_counter()
                subprocess.run(command, check=True)
                seconds.setdefault(name, []).append(time.perf_counter() - start)
        plain = statistics.median(seconds["raw.jsonl"])
        for name, times in seconds.items():
            median = statistics.median(times)
            print(
                f"{name:15} {median:.2f} s {size / median / 1e6:5.0f} MB/s of text {plain / median:.2f} of plain JSONL"
            )


main(*sys.argv[1:])
