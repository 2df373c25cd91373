"""Everything at once, from many threads: worth most under a Python without the interpreter's lock."""

from __future__ import annotations

import itertools
import pickle
import random
import sys
import sysconfig
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from conftest import made_texts

import dsir
from dsir import _dsir

pytestmark = pytest.mark.filterwarnings("ignore::dsir.DsirWarning")


def test_the_lock_is_not_needed() -> None:
    """Where Python runs without it, importing the extension has not brought it back."""
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("this Python has the lock")
    assert not sys._is_gil_enabled()


def test_many_threads_at_once() -> None:
    texts = made_texts(400, seed=3)
    model = dsir.fit(texts, texts[:40])
    engine = _dsir.HashedNgrams(2, 1000, "wordpunct")

    def counted() -> list[int]:
        counts, sums = np.zeros(1000, np.int64), np.zeros(1, np.int64)
        engine.count(texts, counts, sums, 0, None)
        return [int(number) for number in counts]

    work: list[Callable[[], Any]] = [
        lambda: model.log_weights(texts).tolist(),
        lambda: model.log_weights(iter(texts), threads=1).tolist(),
        lambda: model.tokens(np.array(texts)).tolist(),
        lambda: dsir.draw(model.log_weights(texts), k=20, ids=texts).tolist(),
        lambda: dsir.select(texts, texts[:40], k=20, min_tokens=1).indices.tolist(),
        lambda: dsir.fit(texts, texts[:40]).fingerprint,
        lambda: pickle.loads(pickle.dumps(model)).merge(dsir.fit(texts[:10])).fingerprint,
        lambda: _dsir.hash_ids(texts).tolist(),
        lambda: repr(model),
        counted,
    ]
    # The model that all share weighs for the first time in many threads.
    expected = [one() for one in work]
    model = pickle.loads(pickle.dumps(model))

    def some_of_it(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(30):
            number = rng.randrange(len(work))
            assert work[number]() == expected[number]

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(some_of_it, seed) for seed in range(16)]:
            done.result()


def test_one_iterator_for_all_threads() -> None:
    """A file of texts that threads share: each text goes to one of them."""
    texts = made_texts(2000, seed=4)
    model = dsir.fit(texts, texts[:40])
    lock, rest = threading.Lock(), iter(texts)

    def shared() -> Any:
        while True:
            with lock:
                text = next(rest, None)
            if text is None:
                return
            yield text

    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(lambda _: model.log_weights(shared()).tolist(), range(4)))
    assert sorted(itertools.chain(*parts)) == sorted(model.log_weights(texts).tolist())
