"""dsir.data_selection: what is refused, and in what words."""

import json

import pytest

from dsir import Error, _dsir
from dsir.data_selection import HashedNgramDSIR


class Scaled(HashedNgramDSIR):
    def importance_estimator(self, features):
        return 2 * super().importance_estimator(features)


@pytest.fixture
def make(tmp_path):
    """Makes a HashedNgramDSIR of lists of raw and target texts."""

    def paths(kind, datasets):
        for i, texts in enumerate(datasets):
            path = tmp_path / f"{kind}{i}.jsonl"
            path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
            yield str(path)

    def make(raw, target, cls=HashedNgramDSIR, **options):
        options = {"num_proc": 1, "ngrams": 1, **options}
        return cls(list(paths("raw", raw)), list(paths("target", target)), str(tmp_path / "cache"), **options)

    return make


def test_errors_name_the_dataset_and_the_row(make):
    def examples(path):
        return [{"text": "a"}, {"text": "b"}, {"text": None}]

    for options in ({}, {"ngrams": _dsir.HashedNgrams.MAX_NGRAMS + 1}):  # the second in Python alone
        dsir = make([["-"]], [["a"]], raw_load_dataset_fn=examples, num_proc=1, **options)
        with pytest.raises(TypeError, match=r"gave NoneType, not str, for example 2 of '.*raw0.jsonl'"):
            dsir.fit_importance_estimator()
    dsir = make([["-"]], [["a"]], raw_load_dataset_fn=lambda path: [{"text": "a"}, {"text": "b \ud800"}])
    with pytest.raises(UnicodeEncodeError, match=r"example 1 of '.*raw0.jsonl'"):
        dsir.fit_importance_estimator()


def test_errors_of_files(make):
    dsir = make([["a", "b"]], [["a"]])
    with open(dsir.raw_datasets[0], "a") as file:
        file.write('{"title": "c"}\n')
    with pytest.raises(Error, match=r"raw0\.jsonl:3"):
        dsir.fit_importance_estimator()
    dsir.raw_datasets = ["not there"]
    for parse in (dsir.raw_parse_example_fn, lambda ex: ex["text"]):
        dsir.raw_parse_example_fn = parse
        with pytest.raises(FileNotFoundError, match="not there"):
            dsir.fit_importance_estimator()


def test_errors_of_the_order_of_calls(make):
    dsir = make([["a"]], [["a"], ["b"]], separate_targets=True)
    with pytest.raises(RuntimeError, match=r"call fit_importance_estimator\(\)"):
        dsir.compute_importance_weights()
    with pytest.raises(FileNotFoundError, match=r"call compute_importance_weights\(\) first"):
        dsir.resample(dsir.cache_dir / "out", 1)
    dsir.fit_importance_estimator()
    dsir.compute_importance_weights()
    dsir.target_proportions = None
    with pytest.raises(RuntimeError, match="target_proportions are not known"):
        dsir.resample(dsir.cache_dir / "out", 1)


def test_errors_of_empty_datasets(make):
    def fit(*args, **options):
        make(*args, **options).fit_importance_estimator()

    with pytest.raises(ValueError, match="raw_datasets is empty"):
        fit([], [["a"]])
    with pytest.raises(ValueError, match="target_datasets is empty"):
        fit([["a"]], [])
    with pytest.raises(ValueError, match="no tokens in the raw datasets"):
        fit([[], [""]], [["a"]])
    with pytest.raises(ValueError, match=r"no tokens in the target '.*target1.jsonl'"):
        fit([["a"]], [["a"], [" "]], separate_targets=True)
    fit([["a"], []], [["a"], []])  # one that is empty among others does not matter
    dsir = make([["a"]], [["a"]])
    dsir.fit_importance_estimator()
    for cls in (HashedNgramDSIR, Scaled):
        empty = make([[]], [["a"]], cls)
        empty.log_diff = dsir.log_diff
        with pytest.raises(ValueError, match="have no examples"):
            empty.compute_importance_weights()
    dsir.raw_datasets = []
    with pytest.raises(ValueError, match="raw_datasets is empty"):
        dsir.compute_importance_weights()


def test_errors_of_the_constructor(tmp_path):
    with pytest.raises(TypeError, match="raw_datasets must be a list"):
        HashedNgramDSIR("raw.jsonl", [], str(tmp_path))
    for options, message in [
        ({"tokenizer": "spaces"}, "tokenizer must be one of wordpunct, word_tokenize, not 'spaces'"),
        ({"num_proc": 0}, "num_proc must not be 0"),
        ({"ngrams": 0}, "ngrams must be at least 1"),
        ({"num_buckets": 1.5}, "num_buckets must be a whole number"),
        ({"target_proportions": [1, -1]}, "target_proportions must be"),
        ({"target_proportions": [0, 0]}, "target_proportions must be"),
    ]:
        with pytest.raises(ValueError, match=message):
            HashedNgramDSIR([], [], str(tmp_path), **options)
