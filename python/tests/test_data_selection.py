"""dsir.data_selection: n-grams, fitting and weighing."""

import gzip
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from dsir import Error, data_selection
from dsir.data_selection import (
    DSIR,
    HashedNgramDSIR,
    _iterate_virtually_sharded_dataset,
    _texts,
    default_load_dataset_fn,
    get_ngram_counts,
    hash_buckets,
    hashed_ngram_dsir,
    utils,
    wpt,
)

N = 10000


def jsonl(path, texts):
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    return str(path)


@pytest.fixture
def make(tmp_path):
    """Makes a HashedNgramDSIR of lists of raw and target texts. One process, so that nothing is pickled."""

    def make(raw, target, cls=HashedNgramDSIR, **options):
        options = {"num_proc": 1, "ngrams": 1, "min_example_length": 0, **options}
        raw = [jsonl(tmp_path / f"raw{i}.jsonl", texts) for i, texts in enumerate(raw)]
        target = [jsonl(tmp_path / f"target{i}.jsonl", texts) for i, texts in enumerate(target)]
        return cls(raw, target, str(tmp_path / "cache"), **options)

    return make


def weights(dsir):
    files = sorted(dsir.log_importance_weights_dir.glob("*.npy"), key=lambda file: int(file.stem))
    return [np.load(file, allow_pickle=False) for file in files]


# Names and single functions


def test_names_of_the_published_package():
    assert data_selection.__version__ == HashedNgramDSIR.__version__ == DSIR.__version__ == "1.0.3"
    from dsir.data_selection.base import default_load_dataset_fn, default_parse_example_fn  # noqa: F401
    from dsir.data_selection.hashed_ngram_dsir import hash_buckets, word_tokenize  # noqa: F401
    from dsir.data_selection.utils import parallelize  # noqa: F401


def test_tokens_buckets_and_counts():
    assert wpt.tokenize("Don't stop!! 3.5") == ["Don", "'", "t", "stop", "!!", "3", ".", "5"]
    assert hash_buckets("alice") == 6720
    assert hash_buckets("alice went") == 114
    assert hash_buckets("alice", num_buckets=1) == 0
    counts = get_ngram_counts("Alice went. ALICE WENT.", n=2)
    assert counts.dtype == np.int64 and counts.shape == (N,)
    assert counts.sum() == 6 + 5
    assert counts[6720] == counts[114] == 2  # "alice" and "alice went"
    more = get_ngram_counts("alice", n=3, counts=counts, tokenizer=str.split)
    assert more is counts and counts[6720] == 3 and counts.sum() == 12
    assert get_ngram_counts("", n=3).sum() == 0


def test_virtual_shards(make):
    def cut(datasets, num_proc):
        shards = make([["x"]], [["x"]], num_proc=num_proc)._get_virtually_sharded_datasets(datasets)
        return [(s["path"], s["shard_idx"], s["num_shards"], s["overall_idx"]) for s in shards]

    assert cut("ab", 5) == [("a", 0, 3, 0), ("a", 1, 3, 1), ("a", 2, 3, 2), ("b", 0, 2, 3), ("b", 1, 2, 4)]
    assert cut("abc", 2) == [("a", 0, 1, 0), ("b", 0, 1, 1), ("c", 0, 1, 2)]
    assert list(_iterate_virtually_sharded_dataset("abcdefg", 3, 1)) == ["b", "e"]


def add_one(value):
    return value + 1


def test_parallelize_with_and_without_joblib(monkeypatch):
    pytest.importorskip("joblib")
    assert utils.parallelize(add_one, [1, 2, 3], 1) == [2, 3, 4]
    monkeypatch.setitem(sys.modules, "joblib", None)
    assert utils.parallelize(add_one, [1, 2, 3], 2) == [2, 3, 4]


def test_default_load_function(tmp_path):
    content = b'\xef\xbb\xbf{"text": "a"}\n\n \t\r\n{"text": "\xc3\xa4"}\r\n{"text": "c"}'
    for name, data in (("plain", content), ("compressed", gzip.compress(content))):
        (tmp_path / name).write_bytes(data)
        assert [ex["text"] for ex in default_load_dataset_fn(tmp_path / name)] == ["a", "ä", "c"]
    (tmp_path / "bad").write_bytes(b'{"text": "a"}\n\n{"text": }\n')
    with pytest.raises(Error, match=r"bad:3: not JSON"):
        list(default_load_dataset_fn(str(tmp_path / "bad")))
    (tmp_path / "cut").write_bytes(gzip.compress(content)[:-6])
    with pytest.raises(Error, match="cut: cannot be read past byte"):
        list(default_load_dataset_fn(str(tmp_path / "cut")))


# Fitting


def test_fit_by_hand(make):
    dsir = make([["a b", "b"], ["B"]], [["A"]])
    dsir.fit_importance_estimator()
    a, b = hash_buckets("a"), hash_buckets("b")
    assert dsir.raw_probs[[a, b]].tolist() == [0.25, 0.75]
    assert dsir.target_probs[[a, b]].tolist() == [1, 0]
    assert dsir.log_diff[[a, b]] == pytest.approx([np.log(1 / 0.25), np.log(1e-8 / 0.75)], abs=1e-7)
    assert dsir.raw_probs.shape == dsir.target_probs.shape == dsir.log_diff.shape == (N,)
    assert dsir.target_proportions is None


def test_fit_stops_in_each_virtual_shard_past_its_part(make):
    # Two virtual shards: texts 0, 2, 4 and 1, 3, 5. Four n-grams to fit are two for each: the first stops
    # after text 2, when it has four; the second after text 1, when it has three.
    dsir = make([["a a", "b b b", "c c", "d", "e", "f"]], [["a"]], num_proc=2)
    dsir.fit_importance_estimator(num_tokens_to_fit=4)
    share = {letter: dsir.raw_probs[hash_buckets(letter)] for letter in "abcdef"}
    assert share == pytest.approx({"a": 2 / 7, "b": 3 / 7, "c": 2 / 7, "d": 0, "e": 0, "f": 0})
    dsir.fit_importance_estimator(num_tokens_to_fit="all")
    assert dsir.raw_probs[hash_buckets("f")] == 0.1
    for bad in ("most", -1, float("nan")):
        with pytest.raises(ValueError, match="num_tokens_to_fit must be"):
            dsir.fit_importance_estimator(num_tokens_to_fit=bad)


def test_fit_in_batches_is_the_same(make, monkeypatch):
    # Twelve megabytes, mostly of spaces: several batches of each kind. Counting stops in a late one.
    texts = [f"{i} {i * i % 97} " + "ab" * (i % 50) + 250 * " " for i in range(40_000)]
    dsir = make([texts], [["7"]], num_proc=3)
    dsir.fit_importance_estimator(num_tokens_to_fit=100_000)
    probs = dsir.raw_probs
    dsir.raw_load_dataset_fn = lambda path: list(default_load_dataset_fn(path))
    for characters in (1 << 20, 1000):
        monkeypatch.setattr(_texts, "BATCH_CHARACTERS", characters)
        dsir.fit_importance_estimator(num_tokens_to_fit=100_000)
        assert (dsir.raw_probs == probs).all()
    dsir.tokenizer = lambda text: wpt.tokenize(text)  # by Python alone
    monkeypatch.setattr(hashed_ngram_dsir, "parallelize", lambda fn, args, num_proc: list(map(fn, args)))
    dsir.fit_importance_estimator(num_tokens_to_fit=100_000)
    assert (dsir.raw_probs == probs).all()


def test_separate_targets(make):
    dsir = make([["a b c"]], [["a a a"], ["b"]], separate_targets=True)
    dsir.fit_importance_estimator()
    assert dsir.target_proportions.tolist() == [0.75, 0.25]
    assert dsir.target_probs[:, [hash_buckets("a"), hash_buckets("b")]].tolist() == [[1, 0], [0, 1]]
    dsir.compute_importance_weights()
    assert weights(dsir)[0].shape == (1, 2)
    given = make([["a"]], [["a"], ["b"]], separate_targets=True, target_proportions=[1, 3])
    given.fit_importance_estimator()
    assert given.target_proportions.tolist() == [0.25, 0.75]


def test_datasets_are_loaded_once_for_each_pass_and_no_further_than_needed(make):
    calls, read = [], []

    def load(path):
        calls.append(path)
        for i in range(5000):
            read.append(i)
            yield {"text": "a a"}

    dsir = make([["-"], ["-"]], [["a"]], num_proc=6, raw_load_dataset_fn=load)
    dsir.fit_importance_estimator(num_tokens_to_fit=60)
    assert calls == dsir.raw_datasets
    assert len(read) < 2 * 5000
    dsir.compute_importance_weights()
    assert calls == 2 * dsir.raw_datasets
    assert [len(shard) for shard in weights(dsir)] == [1667, 1667, 1666] * 2


class Indexed:
    """Has only what the oldest protocol of iteration needs."""

    def __init__(self, texts):
        self.texts = texts

    def __getitem__(self, i):
        return {"text": self.texts[i]}


@pytest.mark.parametrize("kind", ["list", "generator", "indexed", "datasets"])
def test_any_iterable_is_a_dataset(make, kind):
    texts = ["a b", "", "b c", "é"]
    examples = {
        "list": lambda: [{"text": text} for text in texts],
        "generator": lambda: ({"text": text} for text in texts),
        "indexed": lambda: Indexed(texts),
        "datasets": lambda: pytest.importorskip("datasets").Dataset.from_dict({"text": texts}),
    }[kind]
    examples()  # skips here, if at all
    expected = make([texts], [["b"]], num_proc=3)
    expected.fit_importance_estimator()
    expected.compute_importance_weights()
    expected_weights = weights(expected)
    dsir = make([["-"]], [["b"]], num_proc=3, raw_load_dataset_fn=lambda path: examples())
    dsir.fit_importance_estimator()
    dsir.compute_importance_weights()
    assert (dsir.log_diff == expected.log_diff).all()
    for one, other in zip(weights(dsir), expected_weights, strict=True):
        assert one == pytest.approx(other, rel=1e-12)


def test_without_a_parse_function_examples_are_texts(make):
    load = {"raw": ["a", "b"], "target": ["b"]}.__getitem__
    dsir = make([], [], raw_load_dataset_fn=load, raw_parse_example_fn=None)
    dsir.target_load_dataset_fn, dsir.target_parse_example_fn = load, None
    dsir.raw_datasets, dsir.target_datasets = ["raw"], ["target"]
    dsir.fit_importance_estimator()
    assert dsir.raw_probs[hash_buckets("a")] == 0.5


# Weighing


def test_weights_and_metadata_files(make):
    dsir = make([["a b a", "", "b"], ["a"]], [["a"]], num_proc=3, ngrams=2)
    dsir.fit_importance_estimator()
    dsir.compute_importance_weights()
    features = [dsir.featurizer(text) for text in ("a b a", "", "b", "a")]
    expected = [dsir.importance_estimator(f) for f in features]
    # Two virtual shards of the first dataset, one of the second.
    assert [w.tolist() for w in weights(dsir)] == [
        pytest.approx([expected[0], expected[2]]),
        pytest.approx([expected[1]]),
        pytest.approx([expected[3]]),
    ]
    lengths = [np.load(dsir.perexample_metadata_dir / f"{i}.npy") for i in range(3)]
    assert all(length.dtype == np.float64 for length in lengths)
    assert [length.tolist() for length in lengths] == [[3, 1], [0], [1]]


def test_more_virtual_shards_than_examples(make):
    dsir = make([["a"]], [["a"], ["b"]], num_proc=3, separate_targets=True)
    dsir.fit_importance_estimator()
    dsir.compute_importance_weights()
    assert [shard.shape for shard in weights(dsir)] == [(1, 2), (0, 2), (0, 2)]
    dsir.resample(dsir.cache_dir / "out", 1)


def by_spaces(text):
    return text.split(" ")


class FirstLetter(HashedNgramDSIR):
    def featurizer(self, text):
        features = np.zeros(self.num_buckets, dtype=int)
        features[hash_buckets(text[0])] = 1
        return features


class Scaled(HashedNgramDSIR):
    def importance_estimator(self, features):
        return 2 * super().importance_estimator(features)


class Numbered(HashedNgramDSIR):
    def get_perexample_metadata(self, ex, features):
        return [len(ex["text"]), features.sum()]

    def perexample_metadata_filter(self, concat_metadata):
        return concat_metadata[:, 0] > 3


def test_replaced_parts_are_honoured(make):
    def weigh(cls=HashedNgramDSIR, **attributes):
        dsir = make([["b-a", "b"]], [["b"]], cls)
        for name, value in attributes.items():
            setattr(dsir, name, value)
        dsir.fit_importance_estimator()
        dsir.compute_importance_weights()
        return weights(dsir)[0]

    plain = weigh()
    a, minus, b = (np.log(share / raw) for share, raw in ((1e-8, 1 / 4), (1e-8, 1 / 4), (1, 1 / 2)))
    assert plain == pytest.approx([b + minus + a, b], abs=1e-6)
    # By spaces, the tokens are "b-a" and "b".
    assert weigh(tokenizer=by_spaces) == pytest.approx([np.log(1e-8 / 0.5), np.log(1 / 0.5)], abs=1e-6)
    assert weigh(FirstLetter) == pytest.approx([b, b], abs=1e-6)
    assert weigh(Scaled) == pytest.approx(2 * plain)
    assert weigh(importance_estimator=lambda features: features.sum()).tolist() == [3, 1]


def test_what_the_extension_module_does_not_take(make, monkeypatch):
    dsir = make([["b-a", "b"]], [["b"]], ngrams=hashed_ngram_dsir._dsir.HashedNgrams.MAX_NGRAMS + 1)
    dsir.fit_importance_estimator()
    dsir.compute_importance_weights()
    # Two of the seven n-grams of the raw texts are "b": b - a, b-, -a, b-a; b.
    assert weights(dsir)[0][1] == pytest.approx(np.log(7 / 2), abs=1e-6)
    small = SimpleNamespace(MAX_NGRAMS=8, MAX_BUCKETS=N - 1)  # cannot be called
    monkeypatch.setattr(hashed_ngram_dsir, "_dsir", SimpleNamespace(HashedNgrams=small))
    dsir.fit_importance_estimator()
    dsir.compute_importance_weights()
    assert weights(dsir)[0][1] == pytest.approx(np.log(7 / 2), abs=1e-6)


def test_own_metadata_and_filter(make):
    dsir = make([["a b c", "a", "b b"]], [["a"]], Numbered)
    dsir.fit_importance_estimator()
    dsir.compute_importance_weights()
    assert np.load(dsir.perexample_metadata_dir / "0.npy").tolist() == [[5, 3], [1, 1], [3, 2]]
    dsir.resample(dsir.cache_dir / "out", 1)
    assert (dsir.cache_dir / "out" / "0.jsonl").read_text() == '{"text": "a b c"}\n'
