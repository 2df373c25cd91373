"""Selections that other machines work on: the same bytes and the same report as of one machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import dsir
import dsir.engine
from dsir._engine import Futures
from dsir._jobs import select_on

EXAMPLES = Path(__file__).parents[2] / "examples"
#: What two reports may differ in.
APART = {"seconds", "threads", "stages", "options"}
OPTIONS: list[dict[str, Any]] = [
    {"fraction": 0.1},
    {"tokens": 20_000, "refine": True, "draws": 2},
    {"k": 60, "auto": True, "annotate": True},
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers import what is in the current folder: it must not hold the package without its extension."""
    monkeypatch.chdir(tmp_path)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def of_one_machine(raw: Path, target: Path, folder: Path, options: dict[str, Any]) -> tuple[dict[str, bytes], Any]:
    report = dsir.select(raw, target, out=f"{folder}/alone/", **options)
    written = files(folder / "alone")
    assert any(written.values())
    return written, comparable(report, folder / "alone")


def comparable(report: Any, out: Path) -> Any:
    kept = {key: value for key, value in report.items() if key not in APART}
    return json.loads(json.dumps(kept).replace(str(out), "OUT"))


@pytest.mark.parametrize("options", OPTIONS, ids=["plain", "refine", "auto"])
def test_futures_that_fail_once(raw_folder: Path, target_file: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    expected = of_one_machine(raw_folder, target_file, tmp_path, options)
    # Each piece is given out twice: what comes second finds what the first has left, or does the same at the same time.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:

        def submit(function: Callable[[str], None], piece: str) -> Future[None]:
            pool.submit(function, piece)
            return pool.submit(function, piece)

        report = dsir.engine.select(submit, raw_folder, target_file, places=3, out=f"{tmp_path}/many/", **options)
    assert (files(tmp_path / "many"), comparable(report, tmp_path / "many")) == expected
    assert not list(tmp_path.glob("*.dsir-work"))


def test_shards_that_are_cut(raw_folder: Path, target_file: Path, tmp_path: Path) -> None:
    expected = of_one_machine(raw_folder, target_file, tmp_path, OPTIONS[1])
    with ThreadPoolExecutor(2) as pool:
        engine = Futures(pool.submit, 3, piece_bytes=20_000)
        budget = (None, None, 20_000, None)
        options: Any = {"refine": True, "draws": 2}
        report = select_on(engine, raw_folder, target_file, None, budget, f"{tmp_path}/many/", None, options)
    assert (files(tmp_path / "many"), comparable(report, tmp_path / "many")) == expected


def test_rows_are_told_where_nothing_is_written(raw_folder: Path, target_file: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        told = dsir.engine.select(pool.submit, raw_folder, target_file, places=2, k=50).selected
    alone = dsir.select(raw_folder, target_file, k=50).selected
    assert told and alone
    assert {path: rows.tolist() for path, rows in told[0].items()} == {
        path: rows.tolist() for path, rows in alone[0].items()
    }


def test_errors_are_those_of_one_machine(raw_folder: Path, target_file: Path, tmp_path: Path) -> None:
    shards = [tmp_path / f"{number}.jsonl" for number in range(3)]
    for shard, whole in zip(shards, sorted(raw_folder.iterdir()), strict=False):
        shard.write_bytes(whole.read_bytes())
    with shards[1].open("a") as file:
        file.write('{"text": "cut')

    def error_of(select: Callable[[], object]) -> tuple[object, ...]:
        with pytest.raises(dsir.Error) as caught:
            select()
        return str(caught.value), caught.value.kind, caught.value.path, caught.value.line

    with ThreadPoolExecutor(2) as pool:
        elsewhere = error_of(lambda: dsir.engine.select(pool.submit, shards, target_file, places=2, k=5))
    assert elsewhere == error_of(lambda: dsir.select(shards, target_file, k=5))
    assert elsewhere[1:] == ("invalid_record", str(shards[1]), 1 + len(shards[1].read_bytes().splitlines()) - 1)


def test_what_the_engine_raises_is_told_and_the_same_call_resumes(
    raw_folder: Path, target_file: Path, tmp_path: Path
) -> None:
    expected = of_one_machine(raw_folder, target_file, tmp_path, {"k": 50})
    out, begun = f"{tmp_path}/many/", []

    def submit(function: Callable[[str], None], piece: str) -> Future[None]:
        begun.append(piece)
        future: Future[None] = Future()
        if len(begun) == 2:
            future.set_exception(RuntimeError("no machines are left"))
        else:
            future.set_result(function(piece))
        return future

    with pytest.raises(dsir.Error, match="no machines are left") as caught:
        dsir.engine.select(submit, raw_folder, target_file, places=1, k=50, out=out)
    assert caught.value.kind == "engine" and caught.value.resumable == f"{tmp_path}/many.dsir-work"
    report = dsir.engine.select(submit, raw_folder, target_file, places=1, k=50, out=out)
    assert (files(tmp_path / "many"), comparable(report, tmp_path / "many")) == expected
    # The first piece had been done.
    assert begun.count(begun[0]) == 1 and begun.count(begun[1]) == 2


def test_texts_in_memory_are_refused() -> None:
    with pytest.raises(dsir.OptionError, match="no other machine can read it"):
        dsir.engine.select(lambda function, piece: None, ["a text"], ["a target"], places=1, k=1)


def test_a_killed_call_ends_and_the_next_resumes(raw_folder: Path, target_file: Path, tmp_path: Path) -> None:
    expected = of_one_machine(raw_folder, target_file, tmp_path, {"k": 50})
    program = f"""
import dsir.engine, os
from concurrent.futures import ThreadPoolExecutor
begun = []
def submit(function, piece):
    begun.append(piece)
    if len(begun) == 2:
        os.kill(os.getpid(), 9)
    return pool.submit(function, piece)
pool = ThreadPoolExecutor(1)
dsir.engine.select(submit, {str(raw_folder)!r}, {str(target_file)!r}, places=1, k=50, out={f"{tmp_path}/many/"!r})
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == -signal.SIGKILL
    with ThreadPoolExecutor(1) as pool:
        report = dsir.engine.select(pool.submit, raw_folder, target_file, places=1, k=50, out=f"{tmp_path}/many/")
    assert (files(tmp_path / "many"), comparable(report, tmp_path / "many")) == expected
    assert not list(tmp_path.glob("*.dsir-work"))


def test_ctrl_c_stops_it(raw_folder: Path, target_file: Path) -> None:
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    cancelled = []

    class Waiting:
        def done(self) -> bool:
            return False

        def cancel(self) -> None:
            cancelled.append(self)

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        dsir.engine.select(lambda function, piece: Waiting(), raw_folder, target_file, places=3, k=5)
    assert cancelled and time.monotonic() - start < 30


def test_ray_whose_workers_are_killed(
    raw_folder: Path, target_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")
    import dsir.ray

    expected = of_one_machine(raw_folder, target_file, tmp_path, OPTIONS[1])
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setattr(dsir.ray.Tasks, "piece_bytes", 20_000)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    killed, ended = [], threading.Event()

    def kill() -> None:
        while not ended.wait(0.3):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if (process / "cmdline").read_bytes().startswith(b"ray::do_piece") and len(killed) < 5:
                        os.kill(int(process.name), signal.SIGKILL)
                        killed.append(process.name)
                        break
                except OSError:
                    continue

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        report = dsir.ray.select(raw_folder, target_file, out=f"{tmp_path}/many/", **OPTIONS[1])
    finally:
        ended.set()
        killer.join()
        ray.shutdown()
    assert killed
    assert (files(tmp_path / "many"), comparable(report, tmp_path / "many")) == expected


def test_the_command_of_ray(raw_folder: Path, target_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    typed = ["--target", str(target_file), "-k", "50", "-q", str(raw_folder)]
    program = Path(sys.executable).with_name("dsir-ray")
    environment = {**os.environ, "RAY_AUTH_MODE": "disabled"}
    environment.pop("RAY_ADDRESS", None)
    run = subprocess.run([program, "select", *typed], capture_output=True, env=environment)
    assert run.returncode == 0, run.stderr
    assert run.stdout == subprocess.run([program.with_name("dsir"), "select", *typed], capture_output=True).stdout
    for wrong in [["select", "-k", "5", "missing.jsonl"], ["weigh", "x"], []]:
        assert subprocess.run([program, *wrong], capture_output=True, env=environment).returncode == 2
    shown = subprocess.run([program, "select", "--help"], capture_output=True, text=True)
    assert shown.returncode == 0 and "--address" in shown.stdout and "--target" in shown.stdout


def test_datatrove(raw_folder: Path, target_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("datatrove")
    script = EXAMPLES / "datatrove" / "selection.py"
    subprocess.run(
        [sys.executable, script, raw_folder, target_file, tmp_path / "work"], check=True, capture_output=True
    )
    written = [json.loads(line) for part in sorted((tmp_path / "work" / "selected").iterdir()) for line in part.open()]
    dsir.select(raw_folder, target_file, fraction=0.05, out=tmp_path / "alone.jsonl", annotate=True)
    alone = [json.loads(line) for line in (tmp_path / "alone.jsonl").open()]
    assert [record["text"] for record in written] == [record["text"] for record in alone]
    weights = [record["metadata"]["log_weight"] for record in written]
    assert weights == [record["log_weight"] for record in alone]


def test_spark(raw_folder: Path, target_file: Path, tmp_path: Path) -> None:
    sql = pytest.importorskip("pyspark.sql")
    import dsir.spark

    os.environ.update(dict.fromkeys(["PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"], sys.executable))
    spark = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        expected = of_one_machine(raw_folder, target_file, tmp_path, OPTIONS[1])
        report = dsir.spark.select(spark, raw_folder, target_file, out=f"{tmp_path}/many/", **OPTIONS[1])
        assert (files(tmp_path / "many"), comparable(report, tmp_path / "many")) == expected

        texts = [json.loads(line)["text"] for line in next(iter(raw_folder.iterdir())).open()]
        for target in [target_file, {"one": target_file, "two": target_file}]:
            model = dsir.fit(raw_folder, target)
            df = spark.createDataFrame([(number, text) for number, text in enumerate(texts)], "id long, text string")
            rows = dsir.spark.log_weights(df, model).orderBy("id").collect()
            assert [row["log_weight"] for row in rows] == model.log_weights(texts).tolist()
            assert [row["tokens"] for row in rows] == model.tokens(texts).tolist()
    finally:
        spark.stop()

    script = EXAMPLES / "spark" / "selection.py"
    out = f"{tmp_path}/script/"
    subprocess.run([sys.executable, script, raw_folder, target_file, out], check=True, capture_output=True)
    dsir.select(raw_folder, target_file, fraction=0.05, out=f"{tmp_path}/alone-too/")
    assert files(tmp_path / "script") == files(tmp_path / "alone-too")
