"""The judges: n-gram language models that train on a selection in a second and are asked about held-out text.

Both are interpolated modified Kneser-Ney models (Chen and Goodman 1999) over a closed set of symbols that is the same
for every selection, so that bits compare: 4-grams of a byte-level BPE vocabulary trained once on a sample of the raw
corpus, and 6-grams of bytes.  Neither knows words, features or weights of the methods that are judged; bytes stand
for whatever the BPE has no symbol for, so no text is out of vocabulary.

`python judge.py` checks that the probabilities after a context sum to one.
"""
import re
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 16384
BPE_ORDER, BPE_BITS = 4, 14        # 4 symbols of 14 bits, 6 symbols of 9 bits: an n-gram is one 64-bit number
BYTE_ORDER, BYTE_BITS = 6, 9       # a symbol of its own for the end of a document beside the 256 bytes


class KneserNey:
    """An n-gram model of a stream of symbols (array of ints below 2^bits, documents ended by symbol 0)."""

    def __init__(self, symbols, order, bits, vocabulary):
        self.order, self.bits, self.vocabulary = order, bits, vocabulary
        self.levels = []                                       # from the longest n-grams to single symbols
        keys, counts = np.unique(ngrams(symbols, order, bits), return_counts=True)
        for n in range(order, 0, -1):
            self.levels.append(Level(keys, counts, bits))
            # Shorter n-grams count by how many different symbols they follow.
            keys, counts = np.unique(keys & ((1 << bits * (n - 1)) - 1), return_counts=True)

    def bits_of(self, symbols):
        """-log2 p of each symbol but the first order-1, given those before it (array of float)."""
        keys = ngrams(symbols, self.order, self.bits)
        p = np.full(len(keys), 1 / self.vocabulary)
        for n, level in enumerate(reversed(self.levels), start=1):
            p = level.interpolate(keys & ((1 << self.bits * n) - 1), p)
        return -np.log2(p)


class Level:
    """The n-grams of one length: what is seen in full after each context, and what is left for shorter ones."""

    def __init__(self, keys, counts, bits):
        self.bits, self.keys = bits, keys
        discount = discounts(counts)[np.minimum(counts, 3)]
        self.contexts, starts = np.unique(keys >> bits, return_index=True)
        totals = np.add.reduceat(counts, starts)
        self.left = np.add.reduceat(discount, starts) / totals
        self.seen = (counts - discount) / np.repeat(totals, np.diff(np.append(starts, len(keys))))

    def interpolate(self, keys, shorter):
        """p(last symbol | those before) of each key, given the same for keys one symbol shorter."""
        context, known = find(self.contexts, keys >> self.bits)
        ngram, met = find(self.keys, keys)
        return np.where(known, self.left[context] * shorter + met * self.seen[ngram], shorter)


def discounts(counts):
    """What is taken off a count of 0, 1, 2, 3 and more: estimated from how many n-grams have each count."""
    n = np.bincount(np.minimum(counts, 5), minlength=6)[:5].astype(float)
    y = n[1] / max(1.0, n[1] + 2 * n[2])
    wanted = [0.0] + [c - (c + 1) * y * n[c + 1] / max(1.0, n[c]) for c in (1, 2, 3)]
    return np.clip(wanted, [0, 0.1, 0.1, 0.1], [0, 0.95, 1.9, 2.8])


def find(table, keys):
    """(index, found) of each key in the sorted table."""
    at = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    return at, table[at] == keys


def ngrams(symbols, order, bits):
    """Each run of `order` symbols as one number, in order of the text."""
    symbols = np.asarray(symbols, dtype=np.int64)
    count = len(symbols) - order + 1
    keys = np.zeros(count, dtype=np.int64)
    for i in range(order):
        keys = keys << bits | symbols[i:i + count]
    return keys


def train_bpe(texts, path, vocabulary):
    """Train a byte-level BPE vocabulary on the texts, unless `path` holds it already."""
    if not Path(path).exists():
        bpe = Tokenizer(models.BPE())
        bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        bpe.decoder = decoders.ByteLevel()
        bpe.train_from_iterator(texts, trainers.BpeTrainer(
            vocab_size=vocabulary, special_tokens=["<end>"], show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
        bpe.save(str(path))
    return Tokenizer.from_file(str(path))


def bpe_symbols(bpe, texts, known=None):
    """The texts as BPE symbols, each ended by symbol 0; `known` keeps them by text, as selections overlap."""
    known = {} if known is None else known
    new = [text for text in texts if hash(text) not in known]
    known.update((hash(t), np.array(e.ids + [0], dtype=np.uint16)) for t, e in zip(new, bpe.encode_batch_fast(new)))
    return np.concatenate([known[hash(text)] for text in texts])


def byte_symbols(texts):
    """The texts as bytes plus one, each ended by symbol 0."""
    return np.concatenate([np.append(np.frombuffer(t.encode(), dtype=np.uint8).astype(np.int64) + 1, 0) for t in texts])


class Judges:
    """Both judges for one target's held-out texts; `judge` trains them on a selection and asks."""

    def __init__(self, bpe, heldout):
        """heldout: the texts, of `bytes` bytes and `tokens` words and runs of punctuation."""
        self.bpe, self.bytes, self.known = bpe, sum(len(t.encode()) for t in heldout), {}
        self.tokens = sum(len(re.findall(r"\w+|[^\w\s]+", t)) for t in heldout)
        self.as_bpe, self.as_bytes = bpe_symbols(bpe, heldout), byte_symbols(heldout)

    def judge(self, texts, with_bytes=True):
        """Bits per byte of the held-out texts by models trained on `texts`: {"bpe": ..., "bytes": ...}."""
        bits = {"bpe": self._ask(bpe_symbols(self.bpe, texts, self.known), self.as_bpe, BPE_ORDER, BPE_BITS, VOCABULARY)}
        if with_bytes:
            bits["bytes"] = self._ask(byte_symbols(texts), self.as_bytes, BYTE_ORDER, BYTE_BITS, 257)
        return bits

    def _ask(self, training, heldout, order, bits, vocabulary):
        model = KneserNey(training, order, bits, vocabulary)
        padded = np.concatenate([np.zeros(order - 1, dtype=np.int64), heldout])
        return float(model.bits_of(padded)[heldout > 0].sum()) / self.bytes


def check():
    """Probabilities of all symbols after known, half-known and unknown contexts sum to one."""
    rng = np.random.default_rng(0)
    model = KneserNey(rng.zipf(1.5, 5000) % 30, 3, 5, 30)
    for context in ([1, 1], [1, 29], [29, 28], [0, 7], [31, 31]):
        p = [2 ** -model.bits_of(np.array([*context, s]))[0] for s in range(30)]
        assert abs(sum(p) - 1) < 1e-9, (context, sum(p))
    print("probabilities sum to one")


if __name__ == "__main__":
    check()
