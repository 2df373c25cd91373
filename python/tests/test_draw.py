"""Draws in memory: the draw of the command line, on arrays."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import dsir
from dsir import _dsir

pytestmark = pytest.mark.filterwarnings("ignore::dsir.DsirWarning")
RNG = np.random.default_rng(0)


def test_the_largest_weights_without_noise() -> None:
    log_weights = [0.5, 3.0, -np.inf, 2.0]
    assert dsir.draw(log_weights, k=2, temperature=0).tolist() == [1, 3]
    assert dsir.draw(log_weights, k=3, method="topk").tolist() == [0, 1, 3]
    assert dsir.draw(log_weights, fraction=1.0).tolist() == [0, 1, 3]
    with pytest.raises(dsir.Error, match="4 records asked for") as impossible:
        dsir.draw(log_weights, k=4)
    assert impossible.value.kind == "impossible"
    assert dsir.draw(log_weights, k=4, allow_fewer=True).tolist() == [0, 1, 3]


def test_frequencies_are_in_proportion_to_the_weights() -> None:
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    drawn = [int(dsir.draw(np.log(weights), k=1, seed=seed)[0]) for seed in range(4000)]
    shares = np.bincount(drawn, minlength=4) / 4000
    # Four standard deviations of a share of 4000.
    assert np.all(np.abs(shares - weights / 10) < 4 * np.sqrt(0.25 / 4000))


def test_rows_are_drawn_by_their_ids_in_any_order_and_in_parts() -> None:
    log_weights, ids = RNG.normal(size=1000), [f"document {number}" for number in range(1000)]
    drawn = {ids[row] for row in dsir.draw(log_weights, k=50, ids=ids, seed=7)}
    order = RNG.permutation(1000)
    shuffled = [ids[row] for row in order]
    assert {shuffled[row] for row in dsir.draw(log_weights[order], k=50, ids=shuffled, seed=7)} == drawn
    assert {ids[row] for row in dsir.draw(log_weights, k=50, ids=ids, seed=8)} != drawn
    # Nested: a larger draw holds the smaller one.
    assert drawn < {ids[row] for row in dsir.draw(log_weights, k=100, ids=ids, seed=7)}


def test_hashes_of_ids_are_those_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "feature-space.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\S+) \| `([0-9a-f]{16})` \|$", page.split("### Ids")[1].split("\n## ")[0], re.MULTILINE)
    assert [f"{number:016x}" for number in _dsir.hash_ids([row[0] for row in rows])] == [row[1] for row in rows]
    assert len(rows) == 3 and _dsir.hash_ids([17]) == _dsir.hash_ids(["17"])


def test_ids_of_several_kinds() -> None:
    log_weights = RNG.normal(size=100)
    by_default = dsir.draw(log_weights, k=10).tolist()
    numbers = np.arange(100)
    for ids in [numbers, numbers.astype(np.uint8), numbers.tolist(), [str(number) for number in range(100)]]:
        assert dsir.draw(log_weights, k=10, ids=ids).tolist() == by_default
    with pytest.raises(TypeError, match=r"ids\[1\] is a float"):
        dsir.draw([0.0, 1.0], k=1, ids=[1, 2.5])  # type: ignore[list-item]
    with pytest.raises(dsir.OptionError, match="3 ids for 2 rows"):
        dsir.draw([0.0, 1.0], k=1, ids=["a", "b", "c"])


def test_budgets_in_tokens_and_bytes() -> None:
    log_weights, counts = [4.0, 3.0, 2.0, 1.0], [100, 200, 300, 400]
    assert dsir.draw(log_weights, tokens=350, token_counts=counts, temperature=0).tolist() == [0, 1]
    assert dsir.draw(log_weights, bytes=650, sizes=counts, temperature=0).tolist() == [0, 1, 2]
    assert dsir.draw(log_weights, k=2, token_counts=counts, min_tokens=300, temperature=0).tolist() == [2, 3]
    with pytest.raises(dsir.OptionError, match="token_counts"):
        dsir.draw(log_weights, tokens=350)
    with pytest.raises(dsir.OptionError, match="sizes"):
        dsir.draw(log_weights, bytes=350)


def test_targets_and_groups() -> None:
    log_weights = np.array([[5.0, 0.0], [4.0, 0.0], [0.0, 5.0], [0.0, 4.0], [0.0, 3.0]])
    drawn = dsir.draw(log_weights, k=4, temperature=0, proportions=[1, 3])
    assert drawn.tolist() == [0, 2, 3, 4]
    named = dsir.draw(log_weights, k=4, temperature=0, targets=["a", "b"], proportions={"b": 3, "a": 1})
    assert named.tolist() == drawn.tolist()
    groups = ["x", "y", "x", "y", "x"]
    falling = [5.0, 4.0, 3.0, 2.0, 1.0]
    even = dsir.draw(falling, k=2, temperature=0, groups=groups, group_share="even")
    assert even.tolist() == [0, 1]
    missing = [True, float("nan"), None, np.bool_(True), False]
    even = dsir.draw(falling, k=3, temperature=0, groups=missing, group_share={"true": 1, "false": 1, "(none)": 1})  # type: ignore[arg-type]
    assert even.tolist() == [0, 1, 4]
    unnamed = dsir.draw(
        falling, k=1, temperature=0, groups=["x", None, "x", "x", "x"], group_share={"(none)": 1, "x": 0}
    )
    assert unnamed.tolist() == [1]
    only_x = dsir.draw(falling, k=2, temperature=0, groups=groups, group_share={"x": 1, "y": 0})
    assert only_x.tolist() == [0, 2]


def test_several_draws() -> None:
    first, second = dsir.draw(np.zeros(100), k=50, draws=2, disjoint=True)
    assert sorted([*first, *second]) == list(range(100))
    assert first.tolist() == dsir.draw(np.zeros(100), k=50).tolist()


def test_what_makes_no_sense() -> None:
    for unsound in [np.nan, np.inf]:
        with pytest.raises(dsir.Error):
            dsir.draw([0.0, unsound], k=1)
    with pytest.raises(dsir.OptionError, match="shape"):
        dsir.draw(np.zeros((2, 2, 2)), k=1)
    with pytest.raises(dsir.OptionError, match="how much"):
        dsir.draw([0.0, 1.0])
    with pytest.raises(dsir.OptionError, match="2 columns for 1 targets"):
        dsir.draw(np.zeros((4, 2)), k=1, targets=["a"], proportions=[1])
    with pytest.raises(dsir.OptionError, match="pass proportions"):
        dsir.draw(np.zeros((4, 2)), k=1)
    with pytest.raises(dsir.Error, match="no eligible record"):
        dsir.draw([], k=1, token_counts=[])
    with pytest.raises(dsir.Error, match="no eligible record"):
        dsir.draw([], k=1)
    with pytest.raises(ValueError, match="threads"):
        dsir.draw([0.0, 1.0], k=1, threads=0)
    with pytest.raises(dsir.OptionError, match="below"):
        dsir.draw([0.0, 1.0], bytes=2**40, sizes=[2**33, 1])
    with pytest.raises(dsir.OptionError, match="ids are one for each row"):
        dsir.draw([0.0, 1.0], k=1, ids="ab")
    with pytest.raises(dsir.OptionError, match="pareto"):
        dsir.draw([0.0, 1.0], k=1, method="pareto")
    with pytest.raises(TypeError, match=r"dsir\.draw\(\) has no option `shuffle`"):
        dsir.draw([0.0, 1.0], k=1, shuffle=True)  # type: ignore[call-arg]


def test_documents_in_memory_are_drawn_as_their_shard_is(
    raw_folder: Path, target_file: Path, raw_texts: list[str]
) -> None:
    """The draw by log weights and tokens is that of `select`, where ids are the lines of the shards."""
    model = dsir.fit(raw_folder, target_file)
    lines = [line for shard in sorted(raw_folder.iterdir()) for line in shard.read_text(encoding="utf-8").splitlines()]
    options = {"k": 100, "temperature": 30, "normalize": "tokens", "seed": 5}
    drawn = dsir.draw(model.log_weights(raw_texts), token_counts=model.tokens(raw_texts), ids=lines, **options)
    selected = dsir.select(raw_folder, model=model, **options).selected
    assert selected is not None
    expected = [
        shard.read_text(encoding="utf-8").splitlines()[row]
        for shard in sorted(raw_folder.iterdir())
        for row in selected[0][str(shard)]
    ]
    assert [lines[row] for row in drawn] == expected
    assert json.loads(expected[0])["text"]


def _noise(ids: list[str], *parts: int) -> np.ndarray:
    """u of rows with these ids: docs/feature-space.md, in NumPy."""

    def mix(x: np.ndarray) -> np.ndarray:
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))

    step, key = np.uint64(0x9E3779B97F4A7C15), np.zeros(1, dtype=np.uint64)
    for part in parts:
        key = mix((key ^ np.uint64(part)) + step)
    bits = mix((np.array(_dsir.hash_ids(ids), dtype=np.uint64) ^ key) + step)
    return ((bits >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def test_repeats_are_those_of_numpy() -> None:
    rows, repeat = 100_000, 4
    ids, log_weights = [f"document {number}" for number in range(rows)], RNG.normal(size=rows) * 2
    uniform = np.stack([_noise(ids, 3, 0, 0, *([number] if number else [])) for number in range(repeat)])
    keys = log_weights / 1.5 - np.log(-np.log(uniform))
    largest = np.argpartition(-keys.ravel(), 150_000)[:150_000] % rows
    drawn = dsir.draw(log_weights, k=150_000, ids=ids, seed=3, repeat=repeat, temperature=1.5)
    assert np.array_equal(np.bincount(drawn, minlength=rows), np.bincount(largest, minlength=rows))


def test_a_curve_is_that_of_numpy() -> None:
    # So few that each is a stretch of its own.
    rows = 1000
    ids, log_weights = [f"document {number}" for number in range(rows)], RNG.normal(size=rows)
    ranks = np.argsort(np.argsort(log_weights))
    expected = np.interp((ranks + 0.5) / rows, [0.4, 0.9, 1.0], [0.0, 1.0, 6.0])
    times = np.arange(1, 7)[:, None]
    with np.errstate(divide="ignore"):
        keys = (_noise(ids, 0, 0, 0) - times) / expected
    largest = np.argsort(-keys.ravel())[:1500] % rows
    drawn = dsir.draw(log_weights, k=1500, ids=ids, repeat_curve="40:0,90:1,100:6")
    assert np.array_equal(np.bincount(drawn, minlength=rows), np.bincount(largest, minlength=rows))
