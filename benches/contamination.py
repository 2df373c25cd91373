#!/usr/bin/env python3
"""Measure how well `--decontaminate` finds what it should: recall and precision on contamination that is made.

    benches/contamination.py DSIR [CORPUS]

Items are passages of some length, of documents that are not in the corpus. A part of the corpus's documents gets one
item each, as it is, with other case and white space, or with words replaced. Recall is the part of these that is left
out; precision the part of what is left out that is one of these. CORPUS is a JSONL file with a field `text`; without it,
the corpus of examples/. Items are from its target, so that the corpus itself should have none of them.
"""

import argparse
import json
import random
import subprocess
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples" / "corpus"
CHANGES = ["verbatim", "case and space", "5% of words", "10% of words", "20% of words"]


def changed(words: list[str], change: str, vocabulary: list[str], rng: random.Random) -> str:
    if change == "verbatim":
        return " ".join(words)
    if change == "case and space":
        return "".join(word.upper() + rng.choice([" ", "\n", "   ", "\t"]) for word in words)
    share = int(change.split("%")[0]) / 100
    return " ".join(rng.choice(vocabulary) if rng.random() < share else word for word in words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dsir")
    parser.add_argument("corpus", nargs="?", type=Path)
    arguments = parser.parse_args()
    rng = random.Random(0)
    files = [arguments.corpus] if arguments.corpus else sorted((EXAMPLES / "raw").glob("*.jsonl"))
    documents = [json.loads(line)["text"] for file in files for line in file.open(encoding="utf-8")]
    target = (EXAMPLES / "target.jsonl").open(encoding="utf-8")
    passages = [json.loads(line)["text"].split() for line in target]
    vocabulary = [word for text in rng.sample(documents, min(200, len(documents))) for word in text.split()]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        run = lambda *words: subprocess.run([arguments.dsir, *map(str, words)], check=True, capture_output=True)  # noqa: E731
        write(work / "target.jsonl", [{"text": " ".join(passages[0])}])
        write(work / "clean.jsonl", [{"text": text} for text in documents])
        run("fit", "-q", "--target", work / "target.jsonl", "-o", work / "model.json", work / "clean.jsonl")
        print("| words of an item | change | " + " | ".join(f"recall, {n}" for n in (5, 8, 13)) + " | precision |")
        print("|---|---|---|---|---|---|")
        for length in (20, 40, 80):
            starts = [(p, rng.randrange(len(p) - length)) for p in passages if len(p) > length for _ in range(3)]
            items = [p[start : start + length] for p, start in starts]
            write(work / "items.jsonl", [{"text": " ".join(item)} for item in items])
            for change in CHANGES:
                dirty = dict(zip(rng.sample(range(len(documents)), len(items)), items))
                texts = [
                    f"{text[:400]} {changed(dirty[i], change, vocabulary, rng)} {text[400:]}" if i in dirty else text
                    for i, text in enumerate(documents)
                ]
                write(work / "raw.jsonl", [{"text": text} for text in texts])
                cells, precisions = [], []
                for ngrams in (5, 8, 13):
                    report = work / "left-out.jsonl"
                    run(
                        "weigh", "-q", "--model", work / "model.json", "--decontaminate", work / "items.jsonl",
                        "--decontaminate-ngrams", ngrams, "--decontaminate-report", report, "-o", work / f"w-{length}-{CHANGES.index(change)}-{ngrams}",
                        work / "raw.jsonl",
                    )  # fmt: skip
                    left_out = {json.loads(line)["line"] - 1 for line in report.open(encoding="utf-8")}
                    cells.append(f"{len(left_out & dirty.keys()) / len(dirty):.1%}")
                    precisions.append(f"{len(left_out & dirty.keys()) / max(1, len(left_out)):.1%}")
                print(f"| {length} | {change} | " + " | ".join(cells) + " | " + ", ".join(precisions) + " |", flush=True)


def write(path: Path, records: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


if __name__ == "__main__":
    main()
