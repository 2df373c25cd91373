"""Corpora in object stores: the same results as from files, whatever happens on the way."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
import zstandard
from conftest import PROGRAM, made_texts
from stores import BUCKET, Store, serving

import dsir

URL = f"s3://{BUCKET}"


def lines(texts: list[str]) -> bytes:
    return b"".join(json.dumps({"text": text, "n": n}).encode() + b"\n" for n, text in enumerate(texts))


@pytest.fixture(scope="module")
def server() -> Iterator[Store]:
    with serving() as server:
        yield server


@pytest.fixture
def store(server: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    """An empty bucket, an environment that leads to it, and a current folder whose modules workers may import."""
    monkeypatch.chdir(tmp_path)
    server.clear()
    for name, value in {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": "AKIAOFTHETEST",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def corpus(store: Store, tmp_path: Path) -> Path:
    """The same shards in a folder and in the bucket: plain over several parts, compressed, Parquet, in folders."""
    raw = tmp_path / "raw"
    (raw / "more").mkdir(parents=True)
    plain = lines(made_texts(40_000, seed=1))
    assert len(plain) > 9_000_000, "several parts"
    (raw / "a.jsonl").write_bytes(plain)
    (raw / "more" / "b.jsonl.zst").write_bytes(zstandard.compress(lines(made_texts(2_000, seed=2))))
    texts = made_texts(3_000, seed=3)
    table = pyarrow.table({"text": texts, "n": range(len(texts))})
    pyarrow.parquet.write_table(table, raw / "more" / "c.parquet", row_group_size=700)
    (tmp_path / "target.jsonl").write_bytes(lines(made_texts(50, seed=4)))
    for path in [*raw.rglob("*.*"), tmp_path / "target.jsonl"]:
        store.put(str(path.relative_to(tmp_path)), path.read_bytes())
    store.put("raw/README.md", "no shard")
    store.put("raw/.hidden.jsonl", "no shard")
    return tmp_path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)


def select(folder: str, out: str, *more: str) -> subprocess.CompletedProcess[str]:
    return run(
        *("select", "--target", f"{folder}/target.jsonl", "-k", "300", "--seed", "3", "--min-tokens", "5"),
        *(f"{folder}/raw", "-o", out, *more),
    )


def test_a_selection_is_that_of_the_same_files(store: Store, corpus: Path) -> None:
    assert select(str(corpus), str(corpus / "out.jsonl")).returncode == 0
    done = select(URL, f"{URL}/out/selected.jsonl", "--summary", f"{URL}/out/summary.json")
    assert done.returncode == 0, done.stderr
    assert store.get("out/selected.jsonl") == (corpus / "out.jsonl").read_bytes()
    assert json.loads(store.get("out/summary.json"))["dsir_summary"] == 1
    assert not store.unfinished_uploads()


def test_a_folder_of_outputs_has_the_names_of_the_shards(store: Store, corpus: Path) -> None:
    assert select(str(corpus), f"{corpus}/out/").returncode == 0
    done = select(URL, f"{URL}/out/")
    assert done.returncode == 0, done.stderr
    for name in ["a.jsonl", "more/b.jsonl.zst", "more/c.parquet"]:
        assert store.get(f"out/{name}") == (corpus / "out" / name).read_bytes()


def test_models_and_weights_lie_in_a_store_too(store: Store, corpus: Path) -> None:
    for place in [URL, str(corpus)]:
        steps = [
            ["fit", f"{place}/raw", "--target", f"{place}/target.jsonl", "-o", f"{place}/model.json"],
            ["weigh", "--model", f"{place}/model.json", f"{place}/raw", "-o", f"{place}/weights"],
            ["resample", f"{place}/raw", "--weights", f"{place}/weights", "-k", "200", "--min-tokens", "5"]
            + ["-o", f"{place}/drawn.jsonl"],
        ]
        for step in steps:
            done = run(*step)
            assert done.returncode == 0, (step, done.stderr)
    assert store.get("model.json") == (corpus / "model.json").read_bytes()
    assert store.get("drawn.jsonl") == (corpus / "drawn.jsonl").read_bytes()
    assert store.get("weights/more/c.parquet.npy") == (corpus / "weights/more/c.parquet.npy").read_bytes()
    again = run("weigh", "--model", f"{URL}/model.json", f"{URL}/raw", "-o", f"{URL}/weights")
    assert again.returncode == 0, again.stderr
    looked = run("inspect", f"{URL}/weights")
    assert "45 000" in looked.stdout, looked.stderr


def test_scores_and_lists_lie_in_a_store_too(store: Store, corpus: Path) -> None:
    scores = np.random.default_rng(1).random(40_000)
    np.save(corpus / "scores.npy", scores)
    pyarrow.parquet.write_table(pyarrow.table({"quality": scores}), corpus / "scores.parquet")
    store.put("scores.npy", (corpus / "scores.npy").read_bytes())
    store.put("scores.parquet", (corpus / "scores.parquet").read_bytes())
    store.put("list.txt", f"{URL}/raw/a.jsonl\n")
    outputs = set()
    for given in [f"{corpus}/scores.npy", f"{URL}/scores.npy", f"{URL}/scores.parquet:quality"]:
        done = run("resample", "--files-from", f"{URL}/list.txt", "--scores", given, "-k", "50", "--min-tokens", "0")
        assert done.returncode == 0, done.stderr
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_a_large_output_goes_in_parts(store: Store, corpus: Path) -> None:
    arguments = ["--method", "random", "--fraction", "1.0", "--min-tokens", "0", f"{URL}/raw/a.jsonl"] + [
        "--shuffle",
        "-o",
    ]
    store.put("raw/a.jsonl", (corpus / "raw/a.jsonl").read_bytes() * 2)
    assert run("resample", *arguments, f"{corpus}/all.jsonl").returncode == 0
    done = run("resample", *arguments, f"{URL}/all.jsonl")
    assert done.returncode == 0, done.stderr
    assert store.get("all.jsonl") == (corpus / "all.jsonl").read_bytes()
    assert store.requests[f"PUT /{BUCKET}/all.jsonl"] > 1
    # A part that cannot be sent leaves the object that was there, and nothing else.
    store.put("all.jsonl", "before")
    store.fault = lambda method, path, number: "403" if method == "PUT" and path.endswith("all.jsonl") else None
    failed = run("resample", *arguments, f"{URL}/all.jsonl")
    assert failed.returncode == 1 and f"{URL}/all.jsonl" in failed.stderr
    assert store.get("all.jsonl") == b"before" and not store.unfinished_uploads()


@pytest.mark.parametrize("fault", ["cut", "500", "503", "slow"])
def test_a_fault_is_tried_again(store: Store, corpus: Path, fault: str) -> None:
    assert select(str(corpus), f"{corpus}/out.parquet").returncode == 0
    store.fault = lambda method, path, number: fault if number % 3 == 1 and method != "HEAD" else None
    done = select(URL, f"{URL}/out.parquet")
    assert done.returncode == 0, done.stderr
    assert store.get("out.parquet") == (corpus / "out.parquet").read_bytes()


@pytest.mark.parametrize("name", ["a.jsonl", "more/b.jsonl.zst", "more/c.parquet"])
def test_an_object_that_changes_between_two_readings_is_an_error(store: Store, corpus: Path, name: str) -> None:
    other = bytearray((corpus / "raw" / name).read_bytes())
    other[len(other) // 2] ^= 1

    def change(method: str, path: str, number: int) -> None:
        # In the second pass, or late in the first.
        if f"{method} {path}" == f"GET /{BUCKET}/raw/{name}" and number == 2:
            store.put(f"raw/{name}", bytes(other))

    store.fault = change
    done = select(URL, f"{URL}/out.jsonl")
    assert done.returncode == 1
    assert f"{URL}/raw/{name}" in done.stderr and "changed" in done.stderr
    assert "out.jsonl" not in store.objects()


def test_what_is_not_there_or_not_allowed_is_told(store: Store, tmp_path: Path) -> None:
    cases = {
        (f"{URL}/none.jsonl",): f"{URL}/none.jsonl: no such object",
        (f"{URL}/none/",): "no shard",
        (URL,): "no shard",
        ("s3://no-such-bucket/a.jsonl",): "no-such-bucket",
        ("s3:///a.jsonl",): "a bucket must be named",
        ("https://user:word@127.0.0.1/a.jsonl",): "credentials do not belong in a URL",
        ("https://127.0.0.1/a.jsonl?signature=secret-of-the-test",): "may be secret",
        ("s3://AKIAOFTHETEST:secret-of-the-test@corpus/a",): "credentials do not belong in a URL",
        ("S3://corpus/a.jsonl",): "S3:// is not read",
        ("hdfs://there/a.jsonl",): "s3://, gs://, az://, https://",
    }
    for given, told in cases.items():
        done = run("resample", *given, "--method", "random", "-k", "5")
        assert done.returncode in (1, 2) and told in done.stderr, (given, done.stderr)
        assert "secret-of-the-test" not in done.stderr and "AKIAOFTHETEST" not in done.stderr
    raw = tmp_path / "raw.jsonl"
    raw.write_bytes(lines(made_texts(10)))
    store.put("folder/a.txt", "something")
    outputs = ["s3://no-such-bucket/out.jsonl", "s3://no-such-bucket/out/", "https://127.0.0.1:9/out.jsonl"]
    for output in [*outputs, "https://127.0.0.1:9/out/", f"{URL}/folder"]:
        done = run("resample", str(raw), "--method", "random", "-k", "5", "--min-tokens", "0", "-o", output)
        assert done.returncode == 1 and output in done.stderr, done.stderr


def test_files_of_a_web_server_are_read(store: Store, corpus: Path) -> None:
    """Without lists, and by their URLs, in which letters may be escaped."""
    for name in ["a.jsonl", "more/b.jsonl.zst", "more/c.parquet"]:
        store.client.put_object_acl(Bucket=BUCKET, Key=f"raw/{name}", ACL="public-read")
        url = f"{store.endpoint}/{BUCKET}/raw/{name}".replace("more", "%6Dore")
        done = run("resample", url, "--method", "random", "-k", "20", "--seed", "1", "--min-tokens", "0")
        local = run(
            "resample", f"{corpus}/raw/{name}", "--method", "random", "-k", "20", "--seed", "1", "--min-tokens", "0"
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == local.stdout


def test_the_package_takes_urls(store: Store, corpus: Path) -> None:
    options = {"k": 300, "seed": 1, "min_tokens": 5}
    raw = [f"{URL}/raw/a.jsonl", f"{URL}/raw/more/b.jsonl.zst", f"{URL}/raw/more/c.parquet"]
    selected = dsir.select(raw, f"{URL}/target.jsonl", out=f"{URL}/selected.jsonl", **options)
    expected = dsir.select(f"{corpus}/raw/", f"{corpus}/target.jsonl", out=f"{corpus}/s.jsonl", **options)
    assert selected["selected"] == expected["selected"]
    assert store.get("selected.jsonl") == (corpus / "s.jsonl").read_bytes()
    with pytest.raises(dsir.OptionError, match="takes a slash out"):
        dsir.select(Path(f"{URL}/raw/a.jsonl"), f"{URL}/target.jsonl", k=1)


def test_ray_reads_and_writes_a_store(store: Store, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    import dsir.ray

    expected = select(str(corpus), f"{corpus}/out.jsonl")
    assert expected.returncode == 0
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setattr(dsir.ray.Tasks, "piece_bytes", 2_000_000)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    try:
        out, work = f"{URL}/out.jsonl", corpus / "work"
        dsir.ray.select(f"{URL}/raw/", f"{URL}/target.jsonl", k=300, seed=3, min_tokens=5, out=out, work=work)
    finally:
        ray.shutdown()
    assert store.get("out.jsonl") == (corpus / "out.jsonl").read_bytes()


def test_a_process_that_is_forked_reads_a_store_too(store: Store, corpus: Path) -> None:
    def draw() -> None:
        dsir.resample(f"{URL}/raw/a.jsonl", method="random", k=5, min_tokens=0, out=corpus / "five.jsonl")

    for _ in range(2):
        child = multiprocessing.get_context("fork").Process(target=draw)
        child.start()
        child.join(timeout=60)
        assert child.exitcode == 0
        of_child = (corpus / "five.jsonl").read_bytes()
        # The second child has a parent that reads stores itself.
        draw()
        assert of_child == (corpus / "five.jsonl").read_bytes()
