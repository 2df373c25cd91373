"""What Ray costs: a selection by its tasks, held against the same pieces of work run by hand.

    python benches/ray_tasks.py RAW TARGET [--dsir PROGRAM] [--rounds 5] [OPTIONS OF dsir select ...]

By hand, two processes of the program with one thread each count, weigh and write half of the shards, by bytes, and one
merges and decides between them. Ray has two workers, and was started before. Both are timed in turns; the figure is the
median of the ratios of wall times. The bytes must be the same.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import ray

import dsir.ray

WORKERS = 2


def by_hand(program: str, shards: list[Path], target: str, amount: str, out: Path, work: Path) -> None:
    """The pieces of docs/engines.md."""

    def run(*commands: list[str]) -> None:
        running = [subprocess.Popen([program, *command]) for command in commands]
        assert all(process.wait() == 0 for process in running)

    # Each worker has a run of shards that follow each other, so that the outputs follow each other too.
    halves: list[list[str]] = [[] for _ in range(WORKERS)]
    total, seen = sum(shard.stat().st_size for shard in shards), 0
    for shard in shards:
        halves[min(WORKERS - 1, WORKERS * seen // total)].append(str(shard))
        seen += shard.stat().st_size
    each, once = list(enumerate(halves)), ["--quiet", "--threads", "1"]
    weights, model, plan = str(work / "weights"), str(work / "model.json"), str(work / "plan.json")
    run(*(["fit", *once, "-o", f"{work}/{number}.json", *half] for number, half in each))
    run(["fit", *once, "--target", target, "-o", f"{work}/target.json"])
    run(["merge", f"{work}/target.json", *(f"{work}/{number}.json" for number, _ in each), "-o", model])
    run(*(["weigh", *once, "--model", model, "-o", weights, *half] for _, half in each))
    run(["resample", "--quiet", "--weights", weights, "--tokens", amount, "--plan-only", plan, *map(str, shards)])
    part = ["resample", *once, "--weights", weights, "--plan", plan]
    run(*([*part, "-o", f"{work}/{number}.jsonl", *half] for number, half in each))
    with out.open("wb") as file:
        for number, _ in each:
            shutil.copyfileobj((work / f"{number}.jsonl").open("rb"), file)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("raw", type=Path)
    parser.add_argument("target")
    parser.add_argument("--dsir", default="dsir")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", default="2M")
    arguments = parser.parse_args()
    os.environ["RAY_AUTH_MODE"] = "disabled"
    ray.init(num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, logging_level="error")
    shards = sorted(path for path in arguments.raw.rglob("*") if path.is_file())
    size = sum(shard.stat().st_size for shard in shards)
    print(f"{len(shards)} shards, {size / 1e9:.2f} GB")
    ratios = []
    for number in range(arguments.rounds + 1):
        with tempfile.TemporaryDirectory(prefix="dsir-bench-") as folder:
            hand, many = Path(folder) / "hand.jsonl", Path(folder) / "many.jsonl"
            start = time.perf_counter()
            by_hand(arguments.dsir, shards, arguments.target, arguments.tokens, hand, Path(folder))
            between = time.perf_counter()
            dsir.ray.select(arguments.raw, arguments.target, tokens=arguments.tokens, out=many)
            end = time.perf_counter()
            assert hand.read_bytes() == many.read_bytes()
        by, ray_took = between - start, end - between
        print(f"by hand {by:.2f} s, Ray {ray_took:.2f} s: {ray_took / by:.3f}" + ("" if number else ", to warm up"))
        if number:
            ratios.append(ray_took / by)
    print(f"Ray over by hand: {statistics.median(ratios):.3f}, median of {len(ratios)}")


if __name__ == "__main__":
    main()
