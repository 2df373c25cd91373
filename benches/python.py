#!/usr/bin/env python3
"""Measure the Python package against the library and the published package, and print a section of docs/performance.md.

usage: python.py RAW TARGET [--published MB]

Needs, in the Python that runs it, the package dsir with pyarrow, and data-selection==1.0.3 with nltk==3.9.1; and
`cargo build --release --examples`. The published package is timed on the first MB (default 8) of RAW.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow

import dsir

EXAMPLE = Path(__file__).resolve().parent.parent / "target/release/examples/weigh_texts"
DROP_IN = """
import sys, time
from {package} import HashedNgramDSIR
raw, target, cache, threads = sys.argv[1:]
selector = HashedNgramDSIR([raw], [target], cache, num_proc=int(threads))
start = time.perf_counter(); selector.fit_importance_estimator('all'); fit = time.perf_counter() - start
start = time.perf_counter(); selector.compute_importance_weights(); weigh = time.perf_counter() - start
print(fit, weigh)
"""


def best(work, times=5):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def log_weights(raw, model, path):
    """Megabytes of text in a second, by the threads and what the texts are in."""
    texts = [json.loads(line)["text"] for line in raw.open(encoding="utf-8")]
    size = sum(len(text.encode()) for text in texts) / 1e6
    forms = {
        "list of `str`": texts,
        "Arrow column": pyarrow.array(texts),
        "NumPy array of objects": np.array(texts, object),
    }
    rows = []
    for threads in [1, 2]:
        done = subprocess.run([EXAMPLE, path, raw, str(threads)], check=True, capture_output=True, text=True)
        own = float(done.stdout)
        rows.append(("the library, Rust", threads, own, 1.0))
        for name, form in forms.items():
            speed = size / best(partial(model.log_weights, form, threads=threads))
            rows.append((f"`Model.log_weights`, {name}", threads, speed, speed / own))
    return size, rows


def drop_in(raw, target, megabytes, folder):
    part = folder / "part.jsonl"
    with raw.open("rb") as lines, part.open("wb") as out:
        while out.tell() < megabytes * 1e6 and (line := lines.readline()):
            out.write(line)
    size, rows = part.stat().st_size / 1e6, []
    for threads in [1, 2]:
        speeds = []
        for package in ["data_selection", "dsir.data_selection"]:
            with tempfile.TemporaryDirectory(dir=folder) as cache:
                command = [sys.executable, "-c", DROP_IN.format(package=package), part, target, cache, str(threads)]
                done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
            speeds.append([size / float(seconds) for seconds in done.stdout.split()])
        rows += [
            (stage, threads, *pair) for stage, pair in zip(["fit", "weigh"], zip(*speeds, strict=True), strict=True)
        ]
    return size, rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("raw", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--published", type=float, default=8)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        model = dsir.fit(arguments.raw, arguments.target, out=folder / "model.json")
        size, rows = log_weights(arguments.raw, model, folder / "model.json")
        print(f"Texts in memory, {size:.0f} MB of text:\n")
        print("| weighed by | threads | MB/s | of the library |\n|---|---|---|---|")
        for name, threads, speed, share in rows:
            print(f"| {name} | {threads} | {speed:.0f} | {share:.0%} |")
        size, rows = drop_in(arguments.raw, arguments.target, arguments.published, folder)
        print(f"\nIn place of the published package (`data-selection` 1.0.3), {size:.0f} MB of JSONL:\n")
        print("| stage | `num_proc` | published, MB/s | `dsir.data_selection`, MB/s | times as fast |")
        print("|---|---|---|---|---|")
        for stage, threads, published, ours in rows:
            print(f"| {stage} | {threads} | {published:.1f} | {ours:.1f} | {ours / published:.0f} |")


if __name__ == "__main__":
    main()
