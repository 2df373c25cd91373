"""ZIP-FIT (Obbad et al. 2024): how well the target helps to compress a document.

As published, a document's score is 1 - NCD, the mean over the target's documents of the normalized distance of gzip.
A compression for each pair of documents is 29 million of them for one target here.  Instead, all of the target is the
dictionary with which Zstandard compresses a document, and the score is 1 - C(document | target) / C(document).
"""
import numpy as np
import zstandard

from corpus import texts

LEVEL = 6


def prepare(corpus):
    """Keep the size of each raw document, compressed alone."""
    if not corpus.compressed.exists():
        np.save(corpus.compressed, sizes(corpus, zstandard.ZstdCompressor(level=LEVEL)))


def score(corpus, target):
    """Keep each raw document's score: the share of its compressed size that the target saves."""
    scores = corpus.scores(target, "zip-fit")
    if scores.exists():
        return
    dictionary = zstandard.ZstdCompressionDict("\n\n".join(texts(corpus.target(target))).encode(),
                                               dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    dictionary.precompute_compress(level=LEVEL)
    given = sizes(corpus, zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary))
    np.save(scores, 1 - given / np.load(corpus.compressed))


def sizes(corpus, compressor):
    """The compressed size of each raw document, in bytes, in the order in which the program reads the shards."""
    return np.array([len(compressor.compress(text.encode())) for shard in sorted(corpus.raw.glob("*.jsonl"))
                     for text in texts(shard)])
