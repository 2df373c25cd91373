"""Tokens and hashed n-grams of one text, in Python. The extension module gives the same, faster."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from dsir import _dsir

Array = npt.NDArray[Any]
Tokenizer = Callable[[str], list[str]]


class _WordPunct:
    """Words and runs of punctuation, as NLTK's WordPunctTokenizer gives them."""

    def __init__(self) -> None:
        self.tokenize: Tokenizer = re.compile(r"\w+|[^\w\s]+").findall


wpt = _WordPunct()


def word_tokenize(text: str) -> list[str]:
    """Return the tokens of a text as ``nltk.word_tokenize`` gives them.

    Raises:
        dsir.Error: If NLTK's sentence model ``punkt_tab`` is not where NLTK looks for it.
    """
    return _dsir.word_tokenize(text)


def hash_buckets(text: str, num_buckets: int = 10000) -> int:
    """Return the bucket of an n-gram: the SHA-256 of its UTF-8, as a number, modulo ``num_buckets``."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest(), "big") % num_buckets


def get_ngram_counts(
    line: str,
    n: int = 2,
    num_buckets: int = 10000,
    counts: Array | None = None,
    tokenizer: Tokenizer = wpt.tokenize,
) -> Array:
    """Count the hashed n-grams of a text in lower case.

    Args:
        line: The text.
        n: The longest n-grams; all from 1 to ``n`` tokens are counted.
        num_buckets: How many buckets there are.
        counts: An array of ``num_buckets`` integers to add to, in place. None: a new one.
        tokenizer: Takes a text and gives its tokens.

    Returns:
        The counts, one for each bucket.
    """
    if counts is None:
        counts = np.zeros(num_buckets, dtype=int)
    tokens = tokenizer(line.lower())
    for token in tokens:
        counts[hash_buckets(token, num_buckets)] += 1
    for length in range(2, n + 1):
        for start in range(len(tokens) - length + 1):
            counts[hash_buckets(" ".join(tokens[start : start + length]), num_buckets)] += 1
    return counts
