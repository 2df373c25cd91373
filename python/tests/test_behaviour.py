"""Guests in somebody's process: locks, signals, threads, forks, memory, warnings, progress."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PROGRAM, made_texts

import dsir
from dsir._errors import in_python

quietly = pytest.mark.filterwarnings("ignore::dsir.DsirWarning")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shard that takes a second or more to select from."""
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randrange(2, 9))) for _ in range(20_000)]
    shard = tmp_path_factory.mktemp("large") / "raw.jsonl"
    with shard.open("w") as file:
        for _ in range(60_000):
            start = rng.randrange(len(words) - 400)
            file.write(json.dumps({"text": " ".join(rng.sample(words[start : start + 400], 300))}) + "\n")
    return shard


@pytest.fixture(scope="module")
def target(large: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    shard = tmp_path_factory.mktemp("target") / "target.jsonl"
    with large.open() as lines:
        shard.write_text("".join(line for line, _ in zip(lines, range(300), strict=False)))
    return shard


#: So that a single reading of the shard takes ten seconds or more.
SLOW = {"hash": "sha256", "ngrams": 12, "threads": 1, "min_tokens": 1}


def work_of(large: Path, target: Path) -> dict[str, Callable[[], Any]]:
    model = dsir.fit(target, target)
    slow: dict[str, Any] = dict(SLOW)
    del slow["min_tokens"]
    return {
        "select": lambda: dsir.select(large, target, k=1000, **SLOW),
        "refine": lambda: dsir.select(large, target, k=1000, refine=True, **SLOW),
        "auto": lambda: dsir.select(large, target, k=1000, auto=True, hash="sha256", threads=1),
        "fit": lambda: dsir.fit(large, target, **slow),
        "measure": lambda: dsir.measure(large, target, large, **slow),
        "draw": lambda: dsir.draw(np.zeros(30_000_000), k=1000, draws=1000, threads=1),
        "log_weights": lambda: model.log_weights("the sea and the tide " * 100 for _ in range(10**9)),
        "select from a generator": lambda: dsir.select(("the sea" for _ in range(10**9)), target, k=1),
    }


@quietly
@pytest.mark.parametrize(
    "what", ["select", "refine", "auto", "fit", "measure", "draw", "log_weights", "select from a generator"]
)
def test_ctrl_c_stops_it(what: str, large: Path, target: Path) -> None:
    """In the middle of one call that would take much longer; how soon is measured in docs/performance.md."""
    work, is_over = work_of(large, target)[what], False
    for delay in [0.2, 0.9]:
        timer = threading.Timer(delay, os.kill, [os.getpid(), signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            work()
            is_over = True
            time.sleep(60)
        timer.join()
        assert not is_over


@quietly
def test_others_work_meanwhile(large: Path, target: Path) -> None:
    """The interpreter's lock is free: a thread of Python's goes on while a job runs."""
    ticks, over = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not over.wait(0.001):
            ticks += 1

    ticking = threading.Thread(target=tick)
    ticking.start()
    before = ticks
    dsir.select(large, target, k=1000)
    meanwhile = ticks - before
    over.set()
    ticking.join()
    assert meanwhile > 10


@quietly
def test_two_threads_at_once_select_what_one_selects(large: Path, target: Path) -> None:
    def select(seed: int) -> list[int]:
        selected = dsir.select(large, target, k=500, seed=seed).selected
        assert selected is not None
        return selected[0][str(large)].tolist()

    alone = [select(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(select, range(4))) == alone
    texts = made_texts(2000)
    model = dsir.fit(texts, texts[:50])
    weights = model.log_weights(texts)
    with ThreadPoolExecutor(4) as threads:
        assert all(
            np.array_equal(other, weights) for other in threads.map(lambda _: model.log_weights(texts), range(20))
        )


@quietly
def test_memory_does_not_grow() -> None:
    texts = made_texts(200)
    model = dsir.fit(texts, texts[:20])

    def use() -> None:
        model.log_weights(texts)
        model.tokens(iter(texts))
        dsir.draw(model.log_weights(texts), k=10, ids=texts)
        pickle.loads(pickle.dumps(model))
        with pytest.raises(dsir.Error):
            model.log_weights(["a", None])  # type: ignore[list-item]

    def selected() -> None:
        dsir.select(texts, texts[:20], k=5, min_tokens=1)

    for work, times in [(use, 1000), (selected, 100)]:
        for _ in range(times // 10):
            work()
        before = resident()
        for _ in range(times):
            work()
        assert resident() - before < 8 << 20


def resident() -> int:
    """Bytes of memory that the process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def in_child(texts: list[str]) -> tuple[list[float], list[int], list[int]]:
    log_weights = dsir.fit(texts, texts[:5]).log_weights(texts)
    selected = dsir.select(texts, texts[:5], k=3, min_tokens=1).indices
    return log_weights.tolist(), dsir.draw(log_weights, k=3).tolist(), selected.tolist()


@quietly
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_processes(how: str) -> None:
    """Also those that are forked after the threads were started."""
    texts = made_texts(300)
    expected = in_child(texts)
    with multiprocessing.get_context(how).Pool(2) as pool:
        for found in pool.map(in_child, [texts] * 4):
            assert found == expected


def test_options_are_called_as_in_python() -> None:
    told = "pass --tokenizer unicode, or -k, --min-tokens 5.5 or --auto; dsir weigh"
    assert in_python(told) == ('pass `tokenizer="unicode"`, or `k`, `min_tokens=5.5` or `auto`; dsir.weigh')
    assert in_python("--random-things well-known --x-y") == "`random_things` well-known `x_y`"


def test_warnings_are_python_warnings() -> None:
    with pytest.warns(dsir.DsirWarning, match="`auto` next, then fewer `ngrams`") as told:
        dsir.fit(["a b", "c d"], ["a"])
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(dsir.DsirWarning):
            dsir.fit(["a b", "c d"], ["a"])
    with pytest.warns(dsir.DsirWarning):
        report = dsir.select(["a b", "c d"], ["a"], k=1, min_tokens=1)
    assert any("`auto` next" in words for words in report["warnings"])


@quietly
def test_progress_is_drawn_if_it_is_wanted(
    large: Path, target: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dsir.select(large, target, k=10)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("dsir._run.QUICK", 0)
    dsir.select(large, target, k=10, refine=True, progress=True)
    assert "B/s" in capsys.readouterr().err


@quietly
def test_reports_and_errors_can_be_sent(raw_texts: list[str], target_texts: list[str]) -> None:
    report = dsir.select(raw_texts, target_texts, k=10)
    sent = pickle.loads(pickle.dumps(report))
    assert sent == report and str(sent) == str(report) and np.array_equal(sent.indices, report.indices)
    with pytest.raises(dsir.Error) as caught:
        dsir.Model.load("/no/such/model.json")
    sent = pickle.loads(pickle.dumps(caught.value))
    assert (str(sent), sent.kind, sent.path) == (str(caught.value), "io", "/no/such/model.json")
    with pytest.raises(dsir.OptionError) as options:
        dsir.select(raw_texts, target_texts)
    assert type(pickle.loads(pickle.dumps(options.value))) is dsir.OptionError


@quietly
def test_reports_show_in_a_notebook(raw_texts: list[str], target_texts: list[str]) -> None:
    report = dsir.select(raw_texts, target_texts, k=50)
    html = report._repr_html_()
    assert html.startswith("<table>") and "<svg" in html and "random selections" in html
    assert "&lt;b&gt;" in dsir.Report({}, text="raw        <b>")._repr_html_()
    assert "effective" in str(report)
    measured = dsir.measure([raw_texts[0]], target_texts, raw_texts)
    assert measured._repr_html_().count("<svg") == 1


@quietly
def test_what_is_in_memory_is_called_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(dsir.Error, match=r"raw in memory, record 2: no field") as missing:
        dsir.fit([{"text": "a b"}, {"body": "c"}], ["a"])
    assert missing.value.path is None and missing.value.line == 2
    report = dsir.select(["a b", "c d"], ["a"], k=1, min_tokens=1, out=tmp_path / "out.jsonl")
    assert report["options"]["input"]["raw"] == ["raw in memory"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_paths_of_users_are_left_alone() -> None:
    for told in ["/tmp/RAW/-k/--all/a.jsonl: no", "a target `RAW` of --x/y", "/data/dsir fit/raw.jsonl"]:
        assert in_python(told) == told


@quietly
def test_without_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert dsir.select(["a b", "c d"], ["a"], k=1, min_tokens=1).indices.tolist() == [0]


@quietly
def test_temporary_folders_go(tmp_path: Path) -> None:
    dsir.select(["a b", "c d"], ["a"], k=1, min_tokens=1, temp_dir=tmp_path)
    with pytest.raises(dsir.Error):
        dsir.select(["a b", "c d"], ["a"], k=3, min_tokens=1, temp_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(dsir.Error) as nowhere:
        dsir.select(["a b", "c d"], ["a"], k=1, temp_dir=tmp_path / "no")
    assert nowhere.value.kind == "io"


class TestCommand:
    """The command `dsir` of the package is the program."""

    def run(self, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [PROGRAM, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, **options)

    def test_exit_codes(self, tmp_path: Path) -> None:
        version = self.run("--version")
        assert (version.returncode, version.stdout) == (0, f"dsir {dsir.__version__}\n")
        assert self.run("select").returncode == 2
        failed = self.run("fit", "--target", tmp_path / "absent.jsonl", "-o", tmp_path / "m.json", tmp_path / "absent")
        assert failed.returncode == 1 and failed.stderr.startswith("error: ")

    @pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
    def test_signals(self, stop: signal.Signals, large: Path, target: Path, tmp_path: Path) -> None:
        command = [PROGRAM, "select", "--target", target, "-k", "10", "--auto", "-o", "out.jsonl"]
        running = subprocess.Popen([*command, large], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        while not list(tmp_path.iterdir()) and running.poll() is None:
            time.sleep(0.01)
        running.send_signal(stop)
        _, told = running.communicate(timeout=60)
        assert running.returncode == -stop and "stopped by" in told
        assert not (tmp_path / "out.jsonl").exists()

    def test_closed_standard_files(self, target: Path, tmp_path: Path) -> None:
        script = f"exec {PROGRAM} fit --quiet --target {target} -o {tmp_path / 'model.json'} - <&-"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and "no document" in done.stderr
        script = f"exec {PROGRAM} --version >&- 2>&- <&-"
        assert subprocess.run(["bash", "-c", script], timeout=60).returncode in (0, 1)

    def test_a_closed_pipe(self, large: Path) -> None:
        command = f"{PROGRAM} resample --method random --fraction 1 --min-tokens 0 {large} | head -1"
        done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)
        assert (done.returncode, done.stdout.count("\n")) == (0, 1)
        assert "Traceback" not in done.stderr
