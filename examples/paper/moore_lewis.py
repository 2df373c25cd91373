"""Moore and Lewis (2010): how much likelier a document's words are to a model of the target than to one of raw.

Both models are 3-grams of words with interpolated Kneser-Ney smoothing, one of the target's documents, one of as many
words of random raw ones.  The score is the difference of their cross-entropies, in nats per token.  The judges have
the same smoothing, over other symbols: if that favours any method, it is this one.
"""
from collections import Counter

import numpy as np

from classifier import as_words
from corpus import texts
from judge import KneserNey, ngrams

ORDER, BITS = 3, 20
VOCABULARY = 1 << BITS
BREAK, OTHER = 0, 1                # symbols: between documents, and for words that raw has once at most


def prepare(corpus):
    """Write raw as numbers of n-grams: those that it has are the same for all targets."""
    if corpus.ngrams.exists():
        return
    with open(corpus.words, encoding="utf-8") as lines:
        counts = Counter(word for line in lines for word in line.split())
    words = [word for word, count in counts.most_common(VOCABULARY - 2) if count > 1]
    with open(corpus.words, encoding="utf-8") as lines:
        stream, starts = symbols(lines, {word: i for i, word in enumerate(words, start=2)})
    part = corpus.ngrams.with_suffix(".part")
    part.mkdir(exist_ok=True)
    (part / "words.txt").write_text("\n".join(words), encoding="utf-8")
    kept = {"stream": stream, "starts": starts}
    keys, at = np.unique(ngrams(stream, ORDER, BITS), return_inverse=True)
    kept["at"] = at.astype(np.int32)
    for n in range(ORDER, 0, -1):
        # The place of each n-gram less its first word among the shorter ones.
        shorter, at = np.unique(keys & ((1 << BITS * (n - 1)) - 1), return_inverse=True)
        kept |= {f"keys{n}": keys, f"shorter{n}": at.astype(np.int32)}
        keys = shorter
    for name, array in kept.items():
        np.save(part / f"{name}.npy", array)
    part.rename(corpus.ngrams)


def symbols(lines, numbers):
    """(stream, starts): the words of all documents as numbers, after two breaks each, and where each begins."""
    parts = [np.array([BREAK, BREAK, *(numbers.get(word, OTHER) for word in line.split())], dtype=np.int32)
             for line in lines]
    lengths = np.array([len(part) for part in parts])
    # With breaks at the end, too, a document has an n-gram for each of its symbols: those that begin there.
    return np.concatenate([*parts, [BREAK, BREAK]]).astype(np.int32), np.cumsum(lengths) - lengths


def score(corpus, target, seed=0):
    """Keep each raw document's score: nats per token by which the target's model is better."""
    scores = corpus.scores(target, "moore-lewis")
    if scores.exists():
        return
    raw = {file.stem: np.load(file, mmap_mode="r") for file in corpus.ngrams.glob("*.npy")}
    words = (corpus.ngrams / "words.txt").read_text(encoding="utf-8").split("\n")
    numbers = {word: i for i, word in enumerate(words, start=2)}
    wanted, _ = symbols(map(as_words, texts(corpus.target(target))), numbers)
    ends = np.append(raw["starts"][1:], len(raw["at"]))
    order = np.random.default_rng(seed).permutation(len(ends))
    lengths = (ends - raw["starts"])[order]
    chosen = order[:np.searchsorted(np.cumsum(lengths), len(wanted)) + 1]
    other = np.concatenate([raw["stream"][raw["starts"][i]:ends[i]] for i in chosen])
    difference = (log_p(wanted, raw) - log_p(other, raw)).astype(np.float32)
    np.save(scores, np.add.reduceat(difference[raw["at"]], raw["starts"]) / (ends - raw["starts"]))


def log_p(stream, raw):
    """ln p of each of raw's n-grams, of the last word given those before it, by a model of the stream."""
    model = KneserNey(stream, ORDER, BITS, VOCABULARY)
    p = np.array([1 / VOCABULARY])
    for n, level in enumerate(reversed(model.levels), start=1):
        p = level.interpolate(raw[f"keys{n}"], p[raw[f"shorter{n}"]])
    return np.log(p)
