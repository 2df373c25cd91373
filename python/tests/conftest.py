"""What the tests share: a small real corpus, and texts that are made."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

import dsir

# The command that was installed with the package.
PROGRAM = Path(sys.executable).with_name("dsir")
CORPUS = Path(__file__).parents[2] / "examples" / "corpus"


@pytest.fixture(scope="session")
def raw_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four shards of documents from five books, all of them plain."""
    folder = tmp_path_factory.mktemp("raw")
    for number, shard in enumerate(sorted((CORPUS / "raw").iterdir())):
        dsir.resample(shard, method="random", fraction=1.0, min_tokens=0, out=folder / f"{number}.jsonl")
    return folder


@pytest.fixture(scope="session")
def target_file() -> Path:
    return CORPUS / "target.jsonl"


@pytest.fixture(scope="session")
def raw_texts(raw_folder: Path) -> list[str]:
    """The texts of all shards, in input order."""
    return [text for shard in sorted(raw_folder.iterdir()) for text in texts_of(shard)]


@pytest.fixture(scope="session")
def target_texts(target_file: Path) -> list[str]:
    return texts_of(target_file)


def texts_of(shard: Path) -> list[str]:
    with shard.open(encoding="utf-8", newline="\n") as lines:
        return [json.loads(line)["text"] for line in lines]


def made_texts(count: int, seed: int = 0, words: int = 40) -> list[str]:
    """Texts in several scripts."""
    rng = random.Random(seed)
    vocabulary = [
        "sea",
        "tide",
        "form",
        "tax",
        "Der",
        "Straße",
        "naïve",
        "море",
        "прилив",
        "海",
        "潮汐",
        "😀",
        "İ",
        "3.14",
    ]
    return [" ".join(rng.choices(vocabulary, k=rng.randrange(words))) for _ in range(count)]
