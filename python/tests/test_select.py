"""What the command line selects, Python selects: of paths, and of the same documents in memory."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow
import pytest
from conftest import PROGRAM

import dsir

RAW = ["tax form", "the sea", "a form to file", "the tide rises"]
TARGET = ["the tide of the sea", "sea and tide"]


def program(*arguments: object) -> str:
    """Run the command line, and return what it prints."""
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_selection_of_the_first_example() -> None:
    report = dsir.select(RAW, TARGET, k=2, min_tokens=1)
    assert report.indices.tolist() == [1, 3]
    assert report["selected"]["records"] == 2
    assert report.targets is not None and report.targets[0].tolist() == [0, 0]


OPTIONS: list[dict[str, Any]] = [
    {"k": 150},
    {"k": 150, "auto": True},
    {"k": 150, "refine": True, "seed": 3},
    {"fraction": 0.1, "hash": "sha256", "ngrams": 3, "buckets": 50_000},
    {"tokens": "40k", "normalize": "tokens", "temperature": 30, "tokenizer": "unicode"},
    {"bytes": 200_000, "min_tokens": 20, "method": "topk"},
    {"k": 100, "group_by": "source", "group_share": {"jargon": 3, "devil": 1}, "min_tokens": 20},
    {"k": 100, "where": ["source=jargon", "source=devil"], "fit_tokens": 100_000},
]


def typed(options: dict[str, Any]) -> list[str]:
    """The options as a person types them."""
    words: list[str] = []
    for name, value in options.items():
        option = "-k" if name == "k" else "--" + name.replace("_", "-")
        values = value if isinstance(value, list) else [value]
        for one in values:
            if isinstance(one, dict):
                one = ",".join(f"{key}={share}" for key, share in one.items())
            words += [option] if one is True else [option, str(one)]
    return words


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.filterwarnings("ignore::dsir.DsirWarning")
def test_paths_select_what_the_command_line_selects(
    options: dict[str, Any], raw_folder: Path, target_file: Path, tmp_path: Path
) -> None:
    expected = program("select", "--target", target_file, *typed(options), raw_folder)
    out = tmp_path / "selected.jsonl"
    report = dsir.select(raw_folder, target_file, out=out, **options)
    assert out.read_text(encoding="utf-8") == expected
    assert report["selected"]["records"] == expected.count("\n") > 0

    # Nothing is written, but told by shard and row.
    told = dsir.select(raw_folder, target_file, **options).selected
    assert told is not None and set(told[0]) == {str(shard) for shard in raw_folder.iterdir()}
    lines = {shard: Path(shard).read_text(encoding="utf-8").splitlines() for shard in told[0]}
    assert "".join(lines[shard][row] + "\n" for shard, rows in told[0].items() for row in rows) == expected


@pytest.mark.filterwarnings("ignore::dsir.DsirWarning")
def test_records_in_memory_are_the_records_of_a_shard(
    raw_folder: Path, target_file: Path, raw_texts: list[str], tmp_path: Path
) -> None:
    records = [json.loads(line) for shard in sorted(raw_folder.iterdir()) for line in shard.open(encoding="utf-8")]
    shard = tmp_path / "shard.jsonl"
    shard.write_text("".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in records))
    from_file = dsir.select(shard, target_file, k=100, where="source=jargon").selected
    assert from_file is not None
    in_memory = dsir.select(iter(records), target_file, k=100, where="source=jargon")
    assert in_memory.indices.tolist() == from_file[0][str(shard)].tolist()


@pytest.mark.filterwarnings("ignore::dsir.DsirWarning")
def test_steps_give_what_select_gives(raw_folder: Path, target_file: Path, tmp_path: Path) -> None:
    model = dsir.fit(raw_folder, target_file, out=tmp_path / "model.json")
    assert model == dsir.Model.load(tmp_path / "model.json")
    dsir.weigh(raw_folder, model, tmp_path / "weights")
    dsir.resample(raw_folder, tmp_path / "weights", k=50, out=tmp_path / "steps.jsonl")
    dsir.select(raw_folder, target_file, k=50, out=tmp_path / "whole.jsonl")
    assert (tmp_path / "steps.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    dsir.select(raw_folder, model=model, k=50, out=tmp_path / "by_model.jsonl")
    assert (tmp_path / "by_model.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


@pytest.mark.filterwarnings("ignore::dsir.DsirWarning")
def test_several_targets_draw_their_shares(raw_texts: list[str], target_texts: list[str]) -> None:
    targets = {"one": target_texts[:40], "two": raw_texts[:40]}
    report = dsir.select(raw_texts, targets, k=100, proportions={"one": 1, "two": 3})
    assert [draw["selected"]["records"] for draw in report["draw"]] == [25, 75]
    assert report.targets is not None
    assert np.bincount(report.targets[0]).tolist() == [25, 75]


@pytest.mark.filterwarnings("ignore::dsir.DsirWarning")
def test_several_draws_are_lists() -> None:
    report = dsir.select(RAW, TARGET, k=1, draws=3, min_tokens=1, temperature=100)
    assert [len(rows) for rows in report.indices] == [1, 1, 1]


@pytest.mark.filterwarnings("ignore::dsir.DsirWarning")
def test_tokens_that_are_integers() -> None:
    raw, target = [[1, 2, 3], [7, 8, 9], [1, 2]], [[1, 2, 3, 1, 2]]
    report = dsir.select(raw, target, k=2, tokenizer="ids", min_tokens=1)  # type: ignore[arg-type]
    assert report.indices.tolist() == [0, 2]
    model = dsir.fit(raw, target, tokenizer="ids")  # type: ignore[arg-type]
    assert model.tokens(raw).tolist() == [3, 3, 2]  # type: ignore[arg-type]
    weights = model.log_weights(raw)  # type: ignore[arg-type]
    assert weights[0] > 0 > weights[1]


@pytest.mark.filterwarnings("ignore::dsir.DsirWarning")
def test_a_field_of_another_name(tmp_path: Path) -> None:
    shard = tmp_path / "raw.jsonl"
    shard.write_text("".join(json.dumps({"body": {"text": text}}) + "\n" for text in RAW))
    told = dsir.select(shard, TARGET, k=2, min_tokens=1, text_field="body.text").selected
    assert told is not None and told[0][str(shard)].tolist() == [1, 3]


def test_measuring(raw_texts: list[str], target_texts: list[str]) -> None:
    ours = dsir.select(raw_texts, target_texts, k=150, auto=True).indices
    theirs = range(0, len(raw_texts), 11)
    measured = dsir.measure(
        {"ours": [raw_texts[row] for row in ours], "every_11th": [raw_texts[row] for row in theirs]},
        target_texts,
        raw_texts,
        hash="sha256",
    )
    assert measured["dsir_measurement"] == 1
    closeness = {one["name"]: one["kl"][0]["reduction"] for one in measured["selections"]}
    assert closeness["ours"] > closeness["every_11th"]
    assert "every_11th" in str(measured)


def test_preparing(tmp_path: Path) -> None:
    report = dsir.prepare(["one two three four five", "six"], chunk_words=2)
    assert report.records == [{"text": text} for text in ["one two", "three four", "five", "six"]]
    dsir.prepare(["one two three"], tmp_path / "out.jsonl", chunk_words=2)
    assert (tmp_path / "out.jsonl").read_text() == '{"text":"one two"}\n{"text":"three"}\n'


def test_drawing_by_scores() -> None:
    by_scores = dsir.resample(RAW, scores=np.array([0.1, 0.9, 0.3, 0.8]), k=2, temperature=0, min_tokens=1)
    assert by_scores.indices.tolist() == [1, 3]
    by_weights = dsir.resample(RAW, np.log([0.1, 0.9, 0.3, 0.8]), k=2, temperature=0, min_tokens=1)
    assert by_weights.indices.tolist() == [1, 3]


def test_values_of_other_libraries_in_records() -> None:
    records = [{"text": text, "n": np.int64(n), "day": date(2026, 1, n + 1)} for n, text in enumerate(RAW)]
    report = dsir.select(records, TARGET, k=2, min_tokens=1, where=["n>=1", "day=2026*"])
    assert report.indices.tolist() == [1, 3]


def test_conditions_are_for_records() -> None:
    with pytest.raises(dsir.OptionError, match="`lang=en` asks for a field, and raw has only texts"):
        dsir.select(RAW, TARGET, k=1, where="lang=en")
    with pytest.raises(dsir.OptionError, match="asks for a field"):
        dsir.select(pyarrow.table({"text": RAW, "s": RAW}), TARGET, k=1, group_by="s")
    assert dsir.select(RAW, TARGET, k=1, min_tokens=1, where="text=the*").indices.tolist() in ([1], [3])
    data_set = datasets.Dataset.from_dict({"text": RAW, "n": [0, 1, 2, 3]}).with_format("arrow")
    assert dsir.select(data_set, TARGET, k=1, min_tokens=1, where="n>=3").indices.tolist() == [3]


def test_planning(raw_folder: Path, target_file: Path, tmp_path: Path) -> None:
    model = dsir.fit(raw_folder, target_file)
    dsir.weigh(raw_folder, model, tmp_path / "weights")
    plan = tmp_path / "plan.json"
    dsir.resample(raw_folder, tmp_path / "weights", k=50, plan_only=plan)
    shards = sorted(raw_folder.iterdir())
    with pytest.raises(dsir.OptionError, match="name its place with `out`"):
        dsir.resample(shards[0], tmp_path / "weights", plan=plan)
    with pytest.raises(dsir.OptionError):
        dsir.resample(shards[0], tmp_path / "weights", plan=plan, k=1, out=tmp_path / "part.jsonl")
    parts = ""
    for shard in shards:
        dsir.resample(shard, tmp_path / "weights", plan=plan, out=tmp_path / "part.jsonl")
        parts += (tmp_path / "part.jsonl").read_text(encoding="utf-8")
    dsir.resample(raw_folder, tmp_path / "weights", k=50, out=tmp_path / "whole.jsonl")
    assert parts == (tmp_path / "whole.jsonl").read_text(encoding="utf-8")


def test_an_array_of_weights_is_for_all_shards(raw_folder: Path, raw_texts: list[str]) -> None:
    log_weights = np.zeros(len(raw_texts))
    log_weights[[3, -1]] = 5.0
    told = dsir.resample(raw_folder, log_weights, k=2, temperature=0, min_tokens=0).selected
    assert told is not None
    assert next(rows.tolist() for rows in told[0].values() if len(rows)) == [3]
    assert sum(len(rows) for rows in told[0].values()) == 2


def test_what_makes_no_sense_is_told() -> None:
    with pytest.raises(TypeError, match=r"no option `min_toks`; did you mean `min_tokens`\?"):
        dsir.select(RAW, TARGET, k=1, min_toks=1)  # type: ignore[call-arg]
    with pytest.raises(dsir.OptionError, match="`ngrams`") as ngrams:
        dsir.select(RAW, TARGET, k=1, ngrams=0)
    assert ngrams.value.kind == "invalid_options" and isinstance(ngrams.value, ValueError)
    with pytest.raises(dsir.OptionError, match="`auto` is True or False"):
        dsir.select(RAW, TARGET, k=1, auto="yes")  # type: ignore[arg-type]
    with pytest.raises(dsir.OptionError, match="standard input"):
        dsir.select("-", TARGET, k=1)
    with pytest.raises(dsir.OptionError, match="how much"):
        dsir.select(RAW, TARGET)
    with pytest.raises(dsir.OptionError, match="one of them"):
        dsir.select(RAW, TARGET, k=1, tokens=100)
    with pytest.raises(dsir.OptionError, match="target or a model"):
        dsir.select(RAW, k=1)
    with pytest.raises(dsir.OptionError, match="standard input and output"):
        dsir.prepare(RAW, "-", chunk_words=2)
    with pytest.raises(TypeError, match="out is a bytes"):
        dsir.select(RAW, TARGET, k=1, out=b"out.jsonl")  # type: ignore[arg-type]
    with pytest.raises(dsir.Error, match="target has no texts"):
        dsir.fit(RAW, [])
    with pytest.raises(dsir.Error, match="record 1: it is a str"):
        dsir.fit([{"text": "a"}, "b"], TARGET)  # type: ignore[list-item]
    with pytest.raises(dsir.OptionError, match="`k` takes a value"):
        dsir.select(RAW, TARGET, k=True)
    with pytest.raises(dsir.OptionError, match="one of them"):
        dsir.resample(RAW, np.zeros(4), scores=np.ones(4), k=1)
    with pytest.raises(dsir.OptionError, match="number 2 is nan"):
        dsir.resample(RAW, [0.0, -np.inf, np.nan, 1.0], k=1)
    with pytest.raises(dsir.OptionError, match="has no order"):
        dsir.select(RAW, TARGET, k=1, temperature={1, 30})  # type: ignore[arg-type]
    with pytest.raises(dsir.Error, match="text 0: it is a NoneType"):
        dsir.fit(RAW, [None, "a"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="raw is a dict"):
        dsir.select({"text": "the sea"}, TARGET, k=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="raw is a int"):
        dsir.select(17, TARGET, k=1)  # type: ignore[arg-type]


def test_names_of_files_are_not_taken_for_texts(tmp_path: Path) -> None:
    shard = tmp_path / "raw.jsonl"
    shard.write_text('{"text": "the sea"}\n')
    with pytest.raises(dsir.OptionError, match=r"pathlib\.Path"):
        dsir.fit([str(shard)], TARGET)
    assert dsir.fit([shard], TARGET).raw_documents == 1
    assert dsir.fit([{"text": str(shard)}, {"text": "the sea"}], TARGET).raw_documents == 2
    for names in [{str(shard)}, iter([str(shard)]), np.array([str(shard)]), ["mistyped.jsonl"], ("corpus.jsonl.zst",)]:
        with pytest.raises(dsir.OptionError, match=r"pathlib\.Path"):
            dsir.fit(names, TARGET)  # type: ignore[arg-type]


def test_errors_say_what_and_where(tmp_path: Path) -> None:
    shard = tmp_path / "raw.jsonl"
    shard.write_text('{"text": "the sea"}\n{"text": 17}\n')
    with pytest.raises(dsir.Error) as bad:
        dsir.fit(shard, TARGET)
    assert (bad.value.kind, Path(str(bad.value.path)), bad.value.line) == ("invalid_record", shard, 2)
    assert '`invalid="skip"`' in str(bad.value)
    with pytest.raises(dsir.Error, match="only 4 documents") as impossible:
        dsir.select(RAW, TARGET, k=5)
    assert impossible.value.kind == "impossible" and "`allow_fewer`" in str(impossible.value)
    with pytest.raises(dsir.Error) as absent:
        dsir.Model.load(tmp_path / "absent.json")
    assert (absent.value.kind, Path(str(absent.value.path))) == ("io", tmp_path / "absent.json")
    with pytest.raises(dsir.Error, match="text 1: it is a float, not a str"):
        dsir.fit(RAW, ["the sea", float("nan")])  # type: ignore[list-item]
    with pytest.raises(dsir.Error, match="text 0: it has a lone surrogate"):
        dsir.fit(RAW, ["\ud800"])
