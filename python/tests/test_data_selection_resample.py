"""dsir.data_selection: the base class, the files of weights, and resampling."""

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from dsir import _dsir
from dsir.data_selection import DSIR, HashedNgramDSIR, _output


class Given(DSIR):
    """Takes the weights from the examples. Needs no target, no fit and no metadata."""

    def featurizer(self, text):
        return np.asarray(text)

    def importance_estimator(self, features):
        return features


class Short(Given):
    """Also leaves out examples whose field `id` is 5 or more."""

    def get_perexample_metadata(self, ex, features):
        return ex["id"]

    def perexample_metadata_filter(self, concat_metadata):
        return concat_metadata < 5


def weight(ex):
    return ex["weight"]


@pytest.fixture
def make(tmp_path):
    """Makes an object with weights from a list of weights for each raw dataset."""

    def make(*datasets, cls=Given, num_proc=1, load=None, **options):
        paths, number = [], 0
        for i, dataset in enumerate(datasets):
            paths.append(str(tmp_path / f"raw{i}.jsonl"))
            with open(paths[-1], "w") as file:
                for value in dataset:
                    file.write(json.dumps({"id": number, "weight": value}) + "\n")
                    number += 1
        load = {} if load is None else {"raw_load_dataset_fn": load}
        cache = str(tmp_path / "cache")
        dsir = cls(paths, [], cache, raw_parse_example_fn=weight, num_proc=num_proc, **load, **options)
        dsir.compute_importance_weights()
        return dsir

    return make


def selected(folder):
    """For each file in order, the ids in it."""
    files = sorted(folder.glob("*.jsonl"), key=lambda file: int(file.stem))
    return [[json.loads(line)["id"] for line in file.read_text().splitlines()] for file in files]


def draw(dsir, number, name="out", **options):
    out = dsir.cache_dir.parent / name
    dsir.resample(out, number, **options)
    return sorted(number for file in selected(out) for number in file)


# Weights


def test_base_class_without_metadata(make):
    dsir = make([0.5, 2.5, 1.5])
    assert np.load(dsir.log_importance_weights_dir / "0.npy").tolist() == [0.5, 2.5, 1.5]
    assert not dsir.perexample_metadata_dir.exists()
    assert draw(dsir, 2, top_k=True) == [1, 2]
    # A virtual shard without examples does not know that there is no metadata.
    assert not make([0.5], []).perexample_metadata_dir.exists()


def test_base_class_in_processes(make):
    pytest.importorskip("joblib")
    dsir = make([1.0, 2.0, 3.0], num_proc=2)
    assert [np.load(dsir.log_importance_weights_dir / f"{i}.npy").tolist() for i in (0, 1)] == [[1, 3], [2]]


def test_methods_that_give_no_numbers(make):
    class NoWeight(Given):
        def importance_estimator(self, features):
            return None

    class Ragged(Given):
        def get_perexample_metadata(self, ex, features):
            return [0] * ex["id"]

    class ReturnsTheError(Given):  # as the published base class does
        def get_perexample_metadata(self, ex, features):
            return NotImplementedError

    with pytest.raises(TypeError, match=r"importance_estimator must give numbers.*not NoneType"):
        make([1.0], cls=NoWeight)
    with pytest.raises(ValueError, match="get_perexample_metadata must give values of one shape"):
        make([1.0, 2.0], cls=Ragged)
    assert not make([1.0], cls=ReturnsTheError).perexample_metadata_dir.exists()


def test_new_weights_replace_all_old_files_or_none(make):
    dsir = make([1.0, 2.0, 3.0, 4.0], cls=Short, num_proc=1)
    old = {path: path.read_bytes() for path in sorted(dsir.cache_dir.rglob("*.npy"))}
    assert len(old) == 2
    dsir.raw_parse_example_fn = lambda ex: 1 / (ex["id"] - 3)
    with pytest.raises(ZeroDivisionError):
        dsir.compute_importance_weights()
    assert {path: path.read_bytes() for path in sorted(dsir.cache_dir.rglob("*.npy"))} == old
    folders = sorted(path.name for path in dsir.cache_dir.iterdir())
    assert folders == ["log_importance_weights", "perexample_metadata"]
    make([1.0], [2.0])  # the same cache, without metadata
    assert sorted(p.name for p in dsir.log_importance_weights_dir.iterdir()) == ["0.npy", "1.npy"]
    assert not dsir.perexample_metadata_dir.exists()


def test_weights_of_other_virtual_shards_are_refused(make):
    dsir = make([1.0, 2.0, 3.0])
    dsir.num_proc = 2
    with pytest.raises(ValueError, match=r"holds 1 files, 0.npy to 0.npy, but .* 2 virtual shards"):
        draw(dsir, 1)
    np.save(dsir.log_importance_weights_dir / "1.npy", np.zeros(1))
    with pytest.raises(ValueError, match="do not fit 2 virtual shards"):
        draw(dsir, 1)
    short = make([1.0, 2.0, 3.0], cls=Short)
    np.save(short.perexample_metadata_dir / "0.npy", np.zeros(4))
    with pytest.raises(ValueError, match="metadata is not of the same examples"):
        draw(short, 1)
    dsir = make([1.0, 2.0], [3.0])
    dsir.separate_targets, dsir.target_proportions = True, np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="not those of 2 separate targets"):
        draw(dsir, 1)


def test_files_of_the_published_package(make):
    # For a class without metadata it writes pickled objects, which nothing reads here.
    dsir = make([1.0, 2.0, 3.0])
    dsir.perexample_metadata_dir.mkdir()
    objects = np.array([NotImplementedError] * 3)
    np.save(dsir.perexample_metadata_dir / "0.npy", objects, allow_pickle=True)
    assert draw(dsir, 1, top_k=True) == [2]
    filtered = Short(dsir.raw_datasets, [], dsir.cache_dir, num_proc=1)
    with pytest.raises(ValueError, match=r"0.npy is not an array of numbers"):
        draw(filtered, 1)
    # Virtual shards without examples have one dimension there.
    separate = {"separate_targets": True, "target_proportions": [1, 1]}
    dsir = make([[1.0, 2.0]], num_proc=1, **separate)
    dsir.num_proc = 2
    np.save(dsir.log_importance_weights_dir / "1.npy", np.array([]))
    assert draw(dsir, 1) == [0]


# Which examples


def test_largest_sums_of_weight_and_noise(make):
    values = [0.1 * i for i in range(50)]
    dsir = make(values[:20], values[20:])
    keys = values + _dsir.gumbel(7, 0, np.arange(50, dtype=np.uint64))
    assert draw(dsir, 10, seed=7) == sorted(np.argsort(-keys)[:10].tolist())
    assert draw(dsir, 10, "again", seed=7) == draw(dsir, 10, seed=7)
    assert draw(dsir, 10, "other", seed=8) != draw(dsir, 10, seed=7)
    assert draw(dsir, 10, "none") == draw(dsir, 10, "zero", seed=0)


def test_noise_is_that_of_the_id_and_the_target(make):
    ids = np.arange(5, dtype=np.uint64)  # the filter leaves these
    short = make([0.0] * 8, cls=Short)
    assert draw(short, 1, seed=3) == [np.argmax(_dsir.gumbel(3, 0, ids))]
    options = {"separate_targets": True, "target_proportions": [1, 1]}
    separate = make([[0.0, 0.0]] * 5, **options)
    first = np.argmax(_dsir.gumbel(3, 0, ids))
    second = next(i for i in np.argsort(-_dsir.gumbel(3, 1, ids)) if i != first)
    assert draw(separate, 2, seed=3) == sorted([first, second])


def test_selection_does_not_depend_on_num_proc(make):
    pytest.importorskip("joblib")
    values = [i * 7 % 11 / 3 for i in range(40)]
    expected = draw(make(values[:25], values[25:]), 12, "1")
    dsir = make(values[:25], values[25:], num_proc=5)
    assert draw(dsir, 12, "5") == expected
    assert len(selected(dsir.cache_dir.parent / "5")) == 5
    assert all(i % 3 == shard for shard in range(3) for i in selected(dsir.cache_dir.parent / "5")[shard])


def test_equal_weights_are_taken_in_order(make):
    dsir = make([1.0, 3.0, 1.0], [1.0, float("nan"), 1.0])
    assert draw(dsir, 3, top_k=True) == [0, 1, 2]
    assert draw(dsir, 5, top_k=True) == [0, 1, 2, 3, 5]
    assert draw(dsir, 6, top_k=True) == [0, 1, 2, 3, 4, 5]


def test_sampling_is_in_proportion_to_the_weights():
    # The first of two examples, with weights 3 and 1, comes first in 3/4 of all draws. A mean of 4000 draws
    # has a standard deviation of 0.0068: a right program fails here less than once in a million.
    log_weights, eligible = np.log([[3.0], [1.0]]), np.ones(2, dtype=bool)
    first = np.mean([_output.choose(log_weights, eligible, [1], seed)[0] for seed in range(4000)])
    assert abs(first - 0.75) < 5 * 0.0068


def test_filter_and_numbers_to_sample(make):
    dsir = make([float(i) for i in range(8)], cls=Short)
    weights = (dsir.log_importance_weights_dir / "0.npy").read_bytes()
    assert draw(dsir, 2, top_k=True) == [3, 4]
    assert draw(dsir, 5) == draw(dsir, np.int64(5)) == [0, 1, 2, 3, 4]
    assert draw(dsir, 0) == []
    assert (dsir.cache_dir.parent / "out" / "0.jsonl").read_text() == ""
    with pytest.raises(ValueError, match=r"is 6, but only 5 of 8 examples are eligible: ask for fewer"):
        draw(dsir, 6)
    for bad in (-1, 2.0, True, "3", None):
        with pytest.raises(ValueError, match="num_to_sample must be"):
            draw(dsir, bad)
    for bad in (-1, 2**64, 0.5):
        with pytest.raises(ValueError, match="seed must be"):
            draw(dsir, 1, seed=bad)
    assert (dsir.log_importance_weights_dir / "0.npy").read_bytes() == weights


def test_a_filter_must_give_booleans(make):
    dsir = make([1.0, 2.0], cls=Short)
    dsir.perexample_metadata_filter = lambda metadata: metadata
    with pytest.raises(TypeError, match="must give 2 booleans"):
        draw(dsir, 1)


def test_separate_targets_choose_in_turn(make):
    # Both targets weigh example 3 most; the first takes it. Of five, 0.3 x 5 = 1 is for the first target.
    values = [[0, 0], [0, 1], [1, 5], [9, 9], [0, 4], [0, 3], [8, 0]]
    dsir = make(values, separate_targets=True, target_proportions=[3, 7])
    assert draw(dsir, 1, top_k=True) == [3]  # none for the first, the rest for the last
    assert draw(dsir, 5, top_k=True) == [1, 2, 3, 4, 5]
    dsir.target_proportions = np.array([1.0, 0.0])
    assert draw(dsir, 3, top_k=True) == [2, 3, 6]


# Files


def test_lines_are_written_as_they_are(make, tmp_path):
    dsir = make([1.0, 2.0, 3.0, 4.0])
    lines = ['{"weight":2,  "id":0}', "", '\t{"weight": 1.50, "id": 1} ', '{"weight":3, "id":"ä"}']
    Path(dsir.raw_datasets[0]).write_text("\n".join(lines), encoding="utf-8")
    dsir.compute_importance_weights()
    dsir.resample(tmp_path / "out", 3)
    written = (tmp_path / "out" / "0.jsonl").read_text(encoding="utf-8")
    assert written == "".join(line + "\n" for line in lines if line)


def test_examples_of_a_custom_load_function(make, tmp_path):
    examples = [{"weight": i, "id": i, "é": value} for i, value in enumerate(["x", Decimal(1), "ü"])]
    dsir = make([1.0], load=lambda path: examples)
    dsir.resample(tmp_path / "out", 1, top_k=True)
    assert (tmp_path / "out" / "0.jsonl").read_text() == '{"weight": 2, "id": 2, "\\u00e9": "\\u00fc"}\n'
    with pytest.raises(TypeError, match=r"example 1 of '.*raw0.jsonl' .*cannot be written as JSON.*Decimal"):
        dsir.resample(tmp_path / "out", 2, top_k=True)


def test_datasets_that_changed_since_they_were_weighed(make, tmp_path):
    for change in ([1.0, 2.0], [1.0] * 4):
        dsir = make([1.0] * 3)
        lines = "".join(json.dumps({"id": i, "weight": w}) + "\n" for i, w in enumerate(change))
        Path(dsir.raw_datasets[0]).write_text(lines)
        with pytest.raises(ValueError, match=r"raw0\.jsonl"):
            dsir.resample(tmp_path / "out", 1)
        with open(dsir.raw_datasets[0]) as file:
            examples = [json.loads(line) for line in file]
        dsir.raw_load_dataset_fn = lambda path, examples=examples: examples
        with pytest.raises(ValueError, match=rf"raw0.jsonl' gave {len(change)} examples, but had 3"):
            dsir.resample(tmp_path / "out", 1)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "raw0.jsonl"]


def test_folders(make, tmp_path):
    dsir = make([1.0, 2.0], [3.0])
    out, scratch = tmp_path / "new" / "out", tmp_path / "scratch" / "deep"
    dsir.resample(str(out), 3, cache_dir=str(scratch))
    assert [p.name for p in sorted(out.iterdir())] == ["0.jsonl", "1.jsonl"]
    assert not scratch.exists()
    # Files of the same names are replaced; others stay, in both folders.
    (out / "notes").write_text("kept")
    scratch.mkdir()
    (scratch / "notes").write_text("kept")
    dsir.resample(out, 1, cache_dir=scratch, top_k=True)
    assert selected(out) == [[], [2]]
    assert sorted(p.name for p in out.iterdir()) == ["0.jsonl", "1.jsonl", "notes"]
    assert [p.name for p in scratch.iterdir()] == ["notes"]
    dsir.resample(out, 2, cache_dir=out, top_k=True)
    assert selected(out) == [[1], [2]]
    (out / "2.jsonl").write_text("")
    with pytest.raises(FileExistsError, match=r"holds 2.jsonl, which this selection would not replace"):
        dsir.resample(out, 1)
    assert selected(out) == [[1], [2], []]


def test_a_raw_dataset_is_not_replaced(make, tmp_path):
    dsir = make([1.0])
    (tmp_path / "raw0.jsonl").rename(tmp_path / "0.jsonl")
    dsir.raw_datasets = [str(tmp_path / "0.jsonl")]
    with pytest.raises(ValueError, match=r"0.jsonl is a raw dataset and would be replaced"):
        dsir.resample(tmp_path, 1)


def test_a_short_example_is_not_selected(tmp_path):
    raw = tmp_path / "raw.jsonl"
    raw.write_text('{"text": "a a a"}\n{"text": "b b b b"}\n')
    target = tmp_path / "target.jsonl"
    target.write_text('{"text": "a a a"}\n')
    options = {"num_proc": 1, "min_example_length": 4}
    dsir = HashedNgramDSIR([raw], [target], tmp_path / "cache", **options)
    dsir.fit_importance_estimator()
    dsir.compute_importance_weights()
    dsir.resample(tmp_path / "out", 1)
    assert (tmp_path / "out" / "0.jsonl").read_text() == '{"text": "b b b b"}\n'
    with pytest.raises(ValueError, match="only 1 of 2 examples"):
        dsir.resample(tmp_path / "out", 2)
