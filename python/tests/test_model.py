"""Models: what they weigh, and how they are kept, joined and sent."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections import Counter
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from conftest import made_texts

import dsir

pytestmark = pytest.mark.filterwarnings("ignore::dsir.DsirWarning")


def bucket(ngram: str) -> int:
    """The reference's hash."""
    return int(sha256(ngram.encode()).hexdigest(), 16) % 10_000


def test_log_weights_are_the_sums_of_the_paper() -> None:
    raw, target = ["a b", "c"], ["a a b"]
    p_raw = Counter(map(bucket, ["a", "b", "a b", "c"]))
    p_target = Counter(map(bucket, ["a", "a", "b", "a a", "a b"]))

    def log_ratio(ngram: str) -> float:
        return math.log(p_target[bucket(ngram)] / 5 + 1e-8) - math.log(p_raw[bucket(ngram)] / 4 + 1e-8)

    model = dsir.fit(raw, target, hash="sha256")
    expected = [log_ratio("a") + log_ratio("b") + log_ratio("a b"), log_ratio("c"), 0.0]
    np.testing.assert_allclose(model.log_weights(["A b", "c", ""]), expected, rtol=1e-9)


def test_an_explanation_adds_up_to_the_log_weight() -> None:
    model = dsir.fit(["tax form", "the sea"], {"sea": ["the tide"], "tax": ["a form"]})
    text = "The sea, ſea \U0001f30a the tide"
    explained = model.explain(text)
    assert (explained["dsir_explanation"], explained["targets"], explained["text"]) == (1, ["sea", "tax"], text)
    sums = np.array([ngram["parts"] for ngram in explained["ngrams"]]).sum(axis=0)
    assert sums.tolist() == explained["log_weights"] == model.log_weights([text])[0].tolist()
    first = explained["words"][0]
    assert text.encode()[first["start"] : first["end"]] == b"The"
    with pytest.raises(dsir.Error, match="raw"):
        dsir.fit(target=["a"]).explain("a")


def test_log_weights_are_those_of_the_weights_files(
    raw_folder: Path, target_file: Path, raw_texts: list[str], tmp_path: Path
) -> None:
    model = dsir.fit(raw_folder, target_file)
    dsir.weigh(raw_folder, model, tmp_path)
    rows = np.concatenate([np.load(path) for path in sorted(tmp_path.glob("*.npy"))])
    assert np.array_equal(model.log_weights(raw_texts), rows["log_weight"])
    assert np.array_equal(model.tokens(raw_texts), rows["tokens"])


def test_one_column_for_each_target() -> None:
    model = dsir.fit(["a b", "c"], {"first": ["a"], "second": ["c"]})
    assert model.targets == ["first", "second"]
    weights = model.log_weights(["a", "c", "a c"])
    assert weights.shape == (3, 2)
    one = dsir.fit(["a b", "c"], ["c"])
    assert np.array_equal(one.log_weights(["a", "c", "a c"]), weights[:, 1])


def test_no_texts_at_all() -> None:
    assert dsir.fit(["a b"], ["a"]).log_weights([]).shape == (0,)
    assert dsir.fit(["a b"], {"x": ["a"], "y": ["b"]}).log_weights([]).shape == (0, 2)
    assert dsir.fit(["a b"], ["a"]).tokens(iter([])).shape == (0,)


@pytest.mark.parametrize("threads", [None, 1, 3])
def test_the_same_on_any_number_of_threads(threads: int | None) -> None:
    texts = made_texts(3000)
    model = dsir.fit(texts, texts[::7])
    assert np.array_equal(model.log_weights(texts, threads=threads), model.log_weights(texts[::-1])[::-1])


def test_parts_of_a_corpus_can_be_counted_apart() -> None:
    texts = made_texts(300)
    whole = dsir.fit(texts, texts[:20])
    parts = [dsir.fit(texts[start : start + 100]) for start in range(0, 300, 100)]
    merged = dsir.fit(target=texts[:20]).merge(*parts)
    assert np.array_equal(merged.log_weights(texts), whole.log_weights(texts))
    with pytest.raises(dsir.Error, match="raw") as partial:
        dsir.fit(target=texts[:20]).log_weights(texts)
    assert partial.value.kind == "impossible"
    with pytest.raises(dsir.Error) as other:
        whole.merge(dsir.fit(texts, ngrams=1))
    assert other.value.kind == "mismatch"


def test_files_and_pickles_hold_the_same_model(tmp_path: Path) -> None:
    model = dsir.fit(made_texts(50), made_texts(5), ngrams=3, buckets=500, smoothing=0.1)
    model.save(tmp_path / "model.json")
    for other in [dsir.Model.load(tmp_path / "model.json"), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]:
        assert other == model and hash(other) == hash(model)
        assert other.fingerprint == model.fingerprint
    assert model != dsir.fit(made_texts(50), made_texts(5), ngrams=3, buckets=500)
    with pytest.raises(dsir.Error) as nowhere:
        model.save(tmp_path / "no" / "model.json")
    assert nowhere.value.kind == "io"


def test_a_model_tells_what_it_is() -> None:
    model = dsir.fit(["a b", "c"], {"sea": ["a"]}, ngrams=1, buckets=77, hash="sha256", smoothing=0.5)
    assert (model.ngrams, model.buckets, model.hash, model.tokenizer) == (1, 77, "sha256", "wordpunct")
    assert (model.smoothing, model.raw_documents, model.is_learned) == (0.5, 2, False)
    assert repr(model) == (
        "<dsir.Model: wordpunct tokens, n-grams of 1 to 1, 77 buckets, hash sha256; raw 2 documents; "
        "targets: sea (1 documents, 1 tokens)>"
    )
    assert "raw not counted" in repr(dsir.fit(target=["a"])) and "targets: none" in repr(dsir.fit(["a"]))


def test_a_classifier_tells_probabilities(raw_texts: list[str], target_texts: list[str], tmp_path: Path) -> None:
    model = dsir.fit(raw_texts, target_texts, learn="classifier", min_tokens=1)
    model.save(tmp_path / "model.json")
    assert model.is_learned and ", classifier)" in repr(model)
    bias = json.loads((tmp_path / "model.json").read_text())["targets"][0]["classifier"]["bias"]
    texts = [*target_texts[:5], *raw_texts[:5], ""]
    log_weights, tokens = model.log_weights(texts), np.maximum(model.tokens(texts), 1)
    expected = 1 / (1 + np.exp(-(bias + 100 * log_weights / tokens)))
    np.testing.assert_allclose(model.probabilities(texts), expected, rtol=1e-12)
    two = dsir.fit(raw_texts, {"a": target_texts, "b": raw_texts[:40]}, learn="classifier", min_tokens=1)
    assert two.probabilities(texts).shape == (11, 2)
    with pytest.raises(ValueError, match="has no classifier"):
        dsir.fit(raw_texts, target_texts).probabilities(texts)


def test_a_refined_model(raw_texts: list[str], target_texts: list[str]) -> None:
    model = dsir.fit(raw_texts, target_texts, refine_for=0.1)
    assert model.is_learned
    selected = dsir.select(raw_texts, model=model, k=100, temperature=0).indices
    log_weights, tokens = model.log_weights(raw_texts), model.tokens(raw_texts)
    with pytest.raises(dsir.OptionError, match="token_counts"):
        dsir.draw(log_weights, k=100, model=model)
    drawn = dsir.draw(log_weights, k=100, model=model, token_counts=tokens, temperature=0)
    assert drawn.tolist() == selected.tolist()


def test_what_is_no_text() -> None:
    model = dsir.fit(["a b"], ["a"])
    with pytest.raises(TypeError, match="not a single str"):
        model.log_weights("a single text")
    with pytest.raises(dsir.Error, match="text 1: it is a bytes"):
        model.log_weights(["a", b"b"])  # type: ignore[list-item]
    with pytest.raises(dsir.Error, match="no text in its field `text`"):
        model.log_weights([{"body": "a"}])
    with pytest.raises(ZeroDivisionError):
        model.log_weights(str(1 // number) for number in [1, 0])
    assert model.tokens([{"body": "a b c"}], text_field="body").tolist() == [3]
