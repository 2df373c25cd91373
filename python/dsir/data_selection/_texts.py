"""The texts of a dataset, in batches for the extension module."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dsir import Error, _dsir
from dsir.data_selection._datasets import (
    LoadFn,
    ParseFn,
    default_load_dataset_fn,
    default_parse_example_fn,
)

Batch = Any  # a list of texts, or what JsonlTexts gives in place of one

# A batch is enough work to divide among threads, and small beside the counts and weights.
BATCH_TEXTS = 1024
BATCH_CHARACTERS = 1 << 20


def text_of(parse: ParseFn | None, ex: Any, path: Any, row: int) -> str:
    """Return the text of example number ``row`` of the dataset ``path``.

    Raises:
        TypeError: If it is no str.
    """
    text = ex if parse is None else parse(ex)
    if not isinstance(text, str):
        source = "the load function" if parse is None else "the parse function"
        raise TypeError(f"{source} gave {type(text).__name__}, not str, for example {row} of {path!r} (counted from 0)")
    return text


def batches(path: Any, load: LoadFn, parse: ParseFn | None) -> Iterator[tuple[int, Batch]]:
    """Read the texts of a dataset once, in order.

    Args:
        path: The dataset.
        load: Gives its examples; called once.
        parse: Gives the text of an example. None: the example is the text.

    Yields:
        The number of examples before the batch, and the batch.
    """
    first = 0
    if load is default_load_dataset_fn and parse is default_parse_example_fn:
        os.stat(path)  # so that a missing file is the error that it is in Python
        for texts in _dsir.JsonlTexts(os.fsdecode(path)):
            yield first, texts
            first += len(texts)
        return
    batch: list[str] = []
    characters = 0
    for row, ex in enumerate(load(path)):
        batch.append(text_of(parse, ex, path, row))
        characters += len(batch[-1])
        if len(batch) == BATCH_TEXTS or characters >= BATCH_CHARACTERS:
            yield first, batch
            first += len(batch)
            batch, characters = [], 0
    if batch:
        yield first, batch


@contextmanager
def naming(texts: Batch, first: int, path: Any) -> Iterator[None]:
    """Let an error about a lone surrogate in a batch of ``path`` name the example.

    Args:
        texts: The batch.
        first: The number of examples before it.
        path: The dataset.

    Raises:
        UnicodeEncodeError: If a text has a lone surrogate. Other errors stay what they are.
    """
    try:
        yield
    except (Error, UnicodeEncodeError):
        for row, text in enumerate(texts if isinstance(texts, list) else (), first):
            try:
                text.encode("utf-8")
            except UnicodeEncodeError as error:
                error.reason += f", in example {row} of {path!r} (counted from 0)"
                raise error from None
        raise
