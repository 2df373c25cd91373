#!/usr/bin/env python3
"""Hold selections for small targets against each other, on the source files of packages.

    benches/small_targets.py DSIR FOLDER... [--targets 40] [--seed 0]

Each folder in a FOLDER (of Python packages, of Rust crates, ...) with 40 files or more is a domain; up to 120 pieces of
its files, of 1 500 to 6 000 characters, are its documents. Some domains are targets in turn: ten documents are held out,
a few are the target, and the others are raw with all other domains. A selection is judged by the bits per token that a
bigram model trained on it needs for what was held out. Needs numpy.
"""

import argparse
import json
import random
import re
import subprocess
import tempfile
import zlib
from pathlib import Path

import numpy as np

METHODS = {
    "plain": [],
    "--normalize tokens": ["--normalize", "tokens"],
    "--refine": ["--refine"],
    "--auto": ["--auto"],
    "random": ["--method", "random"],
}
TOKEN = re.compile(r"\w+|[^\w\s]+")
ENDINGS = {".py", ".rs", ".md", ".c", ".h", ".js", ".ts", ".go", ".java", ".rb", ".pm"}


def domains(folders: list[Path], rng: random.Random) -> dict[str, list[str]]:
    found = {}
    for folder in sorted(path for parent in folders for path in parent.iterdir() if path.is_dir()):
        files = sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS and path.is_file())
        rng.shuffle(files)
        documents = []
        for path in files:
            text = path.read_text(encoding="utf-8", errors="ignore")
            if len(text) >= 800 and len(documents) < 120:
                start = rng.randrange(max(1, len(text) - 6000))
                documents.append(text[start : start + rng.randrange(1500, 6000)])
        documents = [text for text in documents if len(TOKEN.findall(text)) >= 100]
        if len(documents) >= 40:
            found[folder.name] = documents
    return found


def ids(text: str) -> np.ndarray:
    return np.array([zlib.crc32(token.encode()) for token in TOKEN.findall(text.lower())], dtype=np.int64)


def pairs(words: np.ndarray) -> np.ndarray:
    return (words[:-1] * 1_000_003 + words[1:]) % (1 << 22)


def bits(selected: list[np.ndarray], held_out: list[np.ndarray]) -> float:
    """Bits per token by a bigram model, interpolated with the unigram one."""
    words = np.concatenate(selected) % (1 << 18)
    one = np.bincount(words, minlength=1 << 18)
    two = np.bincount(np.concatenate([pairs(document) for document in selected]), minlength=1 << 22)
    total, tokens = 0.0, 0
    for document in held_out:
        here = document % (1 << 18)
        alone = (one[here] + 0.5) / (len(words) + 0.5 * 60_000)
        after = (two[pairs(document)] + 5 * alone[1:]) / (one[here[:-1]] + 5)
        total -= np.log2(alone[0]) + np.log2(after).sum()
        tokens += len(here)
    return total / tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dsir")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--targets", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    corpus = domains(arguments.folders, rng)
    documents = [(name, text) for name, texts in corpus.items() for text in texts]
    words = [ids(text) for _, text in documents]
    print(f"{len(corpus)} domains, {len(documents)} documents, {sum(map(len, words))} tokens", flush=True)
    names = sorted(corpus)
    rng.shuffle(names)
    results: dict[tuple[int, float, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        raw, target = Path(folder, "raw.jsonl"), Path(folder, "target.jsonl")
        for name in names[: arguments.targets]:
            own = [number for number, (domain, _) in enumerate(documents) if domain == name]
            rng.shuffle(own)
            held_out, pool = own[:10], own[10:]
            for size in (1, 3, 10, 30):
                if len(pool) < size + 8:
                    continue
                out = {*held_out, *pool[:size]}
                rows = (number for number in range(len(documents)) if number not in out)
                raw.write_text("".join(json.dumps({"id": n, "text": documents[n][1]}) + "\n" for n in rows))
                target.write_text("".join(json.dumps({"text": documents[n][1]}) + "\n" for n in pool[:size]))
                for share in (0.01, 0.05):
                    tokens = int(share * sum(map(len, words)))
                    for method, options in METHODS.items():
                        command = [arguments.dsir, "select", "-q", "--target", target, "--tokens", tokens, *options, raw]
                        ran = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
                        chosen = [json.loads(line)["id"] for line in ran.stdout.splitlines()]
                        judged = bits([words[n] for n in chosen], [words[n] for n in held_out])
                        results.setdefault((size, share, method), []).append(judged)
    print("| target documents | selected | " + " | ".join(METHODS) + " |\n|---|---|" + "---|" * len(METHODS))
    for size, share in sorted({(size, share) for size, share, _ in results}):
        plain = np.array(results[size, share, "plain"])
        cells = []
        for method in METHODS:
            other = np.array(results[size, share, method])
            better = "" if method == "plain" else f" ({(other < plain).sum()}, {(other - plain).max():+.2f})"
            cells.append(f"{other.mean():.2f}{better}")
        print(f"| {size} | {share:.0%} | " + " | ".join(cells) + " |")
    print("In parentheses: for how many of the targets it is better than plain, and the largest difference to it.")


if __name__ == "__main__":
    main()
