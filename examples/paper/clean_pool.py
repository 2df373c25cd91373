"""A clean pool: from good prose of many kinds, is what is selected towards a reference work better for other kinds?

The pool is English manuals, documentation and reference works.  The target is a part of two of these, the Collaborative
International Dictionary of English and the Free On-line Dictionary of Computing, of which the rest stays in the pool.
Selections are judged on held-out text of the two and of kinds that nobody selected for, beside random selections of as
many tokens.
"""
import json
import random

import numpy as np

import corpus as corpora
from figure import table
from judge import Judges, Tokenizer

KINDS = ["administration", "desktop-help", "man-pages", "mathematics", "python-docs"]
POOL = [*KINDS, "databases", "kernel-docs", "dictionaries"]
REFERENCE = {"dict-gcide", "dict-foldoc"}
NO_PROSE = {"dict-de-en"}          # pairs of words
METHODS = {
    "DSIR": [],
    "refined": ["--refine"],
    "auto": ["--auto"],
    "classifier, likeliest": ["--learn", "classifier", "--buckets", "65536", "--temperature", "0"],
}
SHARES = [0.03, 0.1, 0.3]
SEEDS = [0, 1, 2]                  # of random selections


def run(dsir, whole, work, bpe):
    """{name: table} of the page: percent of random's bits saved, for each kind of held-out text."""
    pool, target, heldout = deal(whole, work / "clean-pool")
    judges = {"reference works": Judges(Tokenizer.from_file(str(bpe)), heldout)}
    judges |= {kind: Judges(Tokenizer.from_file(str(bpe)), corpora.texts(whole.heldout(kind))) for kind in KINDS}
    out = []
    for share in SHARES:
        def judged(*options, share=share):
            lines = dsir.run("select", "--target", target, "--fraction", share, *options, pool).splitlines()
            texts = [json.loads(line)["text"] for line in lines]
            return {kind: judge.judge(texts, with_bytes=False)["bpe"] for kind, judge in judges.items()}
        chance = [judged("--method", "random", "--seed", seed) for seed in SEEDS]
        for name, options in METHODS.items():
            bits = judged(*options)
            saved = {kind: 100 * (1 - bits[kind] / np.mean([one[kind] for one in chance])) for kind in judges}
            others = np.mean([saved[kind] for kind in KINDS])
            out.append([f"{share:.0%}", name, *(f"{saved[kind]:.1f}" for kind in judges), f"{others:.1f}"])
        spread = {kind: 100 * np.std([one[kind] for one in chance], ddof=1) / np.mean([one[kind] for one in chance])
                  for kind in judges}
        out.append([f"{share:.0%}", "random, ±", *(f"{spread[kind]:.1f}" for kind in judges), ""])
    return {"clean-pool": table(["selected", "method", *judges, "mean of the other kinds"], out)}


def deal(whole, folder):
    """The folder of the pool, the target's file, and held-out texts like it; each text in one of them."""
    target, pool = folder / "target.jsonl", folder / "pool"
    pool.mkdir(parents=True, exist_ok=True)
    shards = {name: (whole.raw / f"{name}.jsonl").read_text(encoding="utf-8").splitlines(keepends=True) for name in POOL}
    prose = [line for line in shards["dictionaries"] if json.loads(line)["source"] not in NO_PROSE]
    own = [line for line in prose if json.loads(line)["source"] in REFERENCE]
    shards["dictionaries"] = prose
    random.Random(1).shuffle(own)
    apart = {*own[:300]}
    for name, lines in shards.items():
        (pool / f"{name}.jsonl").write_text("".join(line for line in lines if line not in apart), encoding="utf-8")
    target.write_text("".join(own[:200]), encoding="utf-8")
    return pool, target, [json.loads(line)["text"] for line in own[200:300]]
