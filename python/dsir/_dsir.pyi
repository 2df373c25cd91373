"""
The library of dsir for the Python package around it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from ._engine import Engine
from ._inputs import Path
from ._inputs import Texts as GivenTexts

__all__ = [
    "__version__",
    "HashedNgrams",
    "JsonlLines",
    "JsonlTexts",
    "Model",
    "Texts",
    "do_piece",
    "draw",
    "gumbel",
    "hash_ids",
    "main",
    "options",
    "run",
    "spool",
    "word_tokenize",
    "write_records",
]

__version__: Final[str]

@final
class HashedNgrams:
    """
    Counts n-grams into buckets by SHA-256, and adds up what they weigh in double precision.

    Args:
        tokenizer: ``"wordpunct"`` or ``"word_tokenize"``.
        threads: At most so many.
        punkt: The folder of NLTK's sentence model.
    """

    MAX_BUCKETS: Final[int]
    MAX_NGRAMS: Final[int]
    def __new__(
        cls, /, ngrams: int, buckets: int, tokenizer: str, threads: int | None = None, punkt: Path | None = None
    ) -> HashedNgrams: ...
    def count(
        self,
        /,
        texts: Texts | Iterable[str],
        counts: npt.NDArray[np.int64],
        sums: npt.NDArray[np.int64],
        first: int,
        limit: int | None,
    ) -> bool:
        """
        Add the n-grams of the texts to ``counts``, shape (buckets,).

        Text number j is of shard ``(first + j) % len(sums)``. It is counted if the n-grams of its shard so far,
        ``sums[shard]``, are no more than ``limit``. Returns whether all shards are past it.
        """
    def weigh(
        self, /, texts: Texts | Iterable[str], log_diff: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """
        The dot product of each text's counts with ``log_diff``, shape (buckets,) or (targets, buckets).

        Returns:
            The products, shape (texts,) or (texts, targets), and each text's number of n-grams, shape (texts,).
        """

@final
class JsonlLines:
    """
    The records of a JSONL file, plain or compressed, in lists: for each that is not blank, the number of its line, from
    1, and its bytes without the end of the line.
    """
    def __iter__(self, /) -> JsonlLines: ...
    def __new__(cls, /, path: Path) -> JsonlLines: ...
    def __next__(self, /) -> list[tuple[int, bytes]]: ...

@final
class JsonlTexts:
    """
    The texts of a JSONL file, plain or compressed, in batches; blank lines are no records.

    Raises:
        Error: A record that is not valid, with its file and line.
    """
    def __iter__(self, /) -> JsonlTexts: ...
    def __new__(cls, /, path: Path, field: str = "text") -> JsonlTexts: ...
    def __next__(self, /) -> Texts: ...

@final
class Model:
    """
    What was counted of a raw corpus and of targets, and the log weights that follow from it.

    :func:`dsir.fit` makes one. It may be partial, raw counts or targets alone: :meth:`merge` joins such models, so that
    parts of a corpus can be counted anywhere. Models can be pickled and compared; the pickle holds the JSON of a model
    file and no code.

        >>> model = dsir.fit(["tax form", "the sea"], ["the tide of the sea"])
        >>> model.log_weights(["the sea", "tax form"]).round(1)
        array([ -0.5, -49.9])
        >>> model.tokens(["a sea", "one two, three"])
        array([2, 4])
    """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self, /) -> tuple[Any, ...]: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    def _of_json(json: bytes, punkt: Path | None) -> Model: ...
    @property
    def buckets(self, /) -> int:
        """
        How many buckets n-grams are hashed into.
        """
    def explain(self, /, text: str) -> dict[str, Any]:
        """
        What the log weight of a text is made of, n-gram by n-gram.

        Returns:
            What ``dsir explain --json`` prints: ``tokens``, ``log_weights`` and ``targets``, ``ngrams`` whose ``parts``
            add up to the log weights, and ``words`` with their places in the text, in bytes of UTF-8. For the
            tokenizer ``ids``, a text is integers with spaces between them.

        Raises:
            Error: A partial model.
        """
    @property
    def fingerprint(self, /) -> str:
        """
        A hash of the model file, by which weights know their model; 16 hexadecimal digits.
        """
    @property
    def hash(self, /) -> str:
        """
        How an n-gram finds its bucket: ``"dsir1"`` or ``"sha256"``.
        """
    @property
    def is_learned(self, /) -> bool:
        """
        Whether its log-ratios were learned (``refine_for``, ``learn``): draws then count log weights per token.
        """
    @staticmethod
    def load(path: Path, *, punkt: Path | None = None) -> Model:
        """
        Read a model file.

        Args:
            path: The file, as :meth:`save`, :func:`dsir.fit` or ``dsir fit`` has written it.
            punkt: The folder of NLTK's sentence model, for the tokenizer ``word_tokenize``; by default it is looked for
                where NLTK would.

        Raises:
            Error: A file that cannot be read, is no model, or is of a later version.
        """
    def log_weights(
        self, /, texts: GivenTexts, *, text_field: str = "text", threads: int | None = None
    ) -> npt.NDArray[np.float64]:
        """
        How much likelier each text is under the target than under raw, in nats: the sum over its n-grams.

        The same bits on every machine, and as ``dsir weigh`` gives them. (DSIR, section 3: log p_target − log p_raw.)

        Args:
            texts: Strings, records with a text, or Arrow data, which is not copied. For the tokenizer ``ids``, lists of
                integers.
            text_field: The column of a table, or the field of records.
            threads: At most so many; by default what the machine and its cgroup allow.

        Returns:
            Shape (texts,), or (texts, targets) if the model has several; float64.

        Raises:
            Error: A partial model; a text that is null or has a lone surrogate.
            TypeError: What is no text.
        """
    def merge(self, /, *others: Model, add_targets: bool = False) -> Model:
        """
        The model of all that this one and the others have counted.

        Raw counts are added; a target that is the same in several is kept once.

        Args:
            add_targets: Add up targets that have one name and differ, which is an error otherwise.

        Raises:
            Error: Models of different feature spaces or options; refined models.
        """
    @property
    def ngrams(self, /) -> int:
        """
        The largest n of the n-grams.
        """
    def probabilities(
        self, /, texts: GivenTexts, *, text_field: str = "text", threads: int | None = None
    ) -> npt.NDArray[np.float64]:
        """
        How likely each text is of the target, where as many texts are of it as are not. For models with a classifier
        (``learn="classifier"``).

        Arguments as of :meth:`log_weights`.

        Returns:
            Shape (texts,), or (texts, targets) if the model has several; float64, from 0 to 1.

        Raises:
            Error: As :meth:`log_weights`.
            ValueError: A target without a classifier.
        """
    @property
    def raw_documents(self, /) -> int | None:
        """
        How many raw documents were read; ``None`` for a model of targets alone.
        """
    def save(self, /, path: Path) -> None:
        """
        Write the model as a file, which appears whole or not at all.

        Raises:
            Error: What the system says.
        """
    @property
    def smoothing(self, /) -> float:
        """
        What is added to every count of a target.
        """
    @property
    def targets(self, /) -> list[str]:
        """
        The names of the targets, in the order of the columns of log weights.
        """
    @property
    def tokenizer(self, /) -> str:
        """
        How a text is split into tokens.
        """
    def tokens(
        self, /, texts: GivenTexts, *, text_field: str = "text", threads: int | None = None
    ) -> npt.NDArray[np.int64]:
        """
        How many tokens each text has; shape (texts,), int64. Arguments and errors as of :meth:`log_weights`.
        """

@final
class Texts:
    """
    Texts that were read by :class:`JsonlTexts`.
    """
    def __len__(self, /) -> int: ...

def do_piece(path: Path, threads: int) -> None:
    """
    Do a piece of a job's work, which is written down in the file ``path``, with so many threads.
    """

def draw(
    args: list[str],
    log_weights: npt.NDArray[np.float64],
    columns: dict[str, Any],
    model: Model | None,
    targets: list[str] | None,
    threads: int | None,
) -> list[npt.NDArray[np.int64]]:
    """
    The rows that each draw selects; ``args`` are the options of ``dsir resample``.
    """

def gumbel(seed: int, target: int, ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """
    The noise of records with these content hashes, Gumbel(0, 1), in the first draw for a target.
    """

def hash_ids(ids: Iterable[str] | Iterable[int] | npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """
    The content hash of each id: of a string its UTF-8, of an integer its decimal digits.
    """

def main(args: Sequence[str], engine: Engine | None = None) -> int:
    """
    The program; returns its exit code.
    """

def options(command: str) -> list[tuple[str, str, bool, list[str], str]] | None:
    """
    The options of a command: name, kind, whether it repeats, the values there are, and help.
    """

def run(
    args: Sequence[str],
    on_warning: Callable[[str], object],
    on_progress: Callable[[str, int, int | None], object] | None,
    engine: Engine | None = None,
) -> tuple[str, str, str, tuple[list[str], list[tuple[npt.NDArray[np.int64], ...]]] | None]:
    """
    Run a command: its report as JSON and in words, what it prints, and what it selected but did not write: the paths of
    the shards, and for each draw the shard, the row and the target of each record.
    """

def spool(path: Path, texts: GivenTexts, text_field: str, record_field: str, ids: bool) -> int:
    """
    Write each text as a record with one field to a JSONL file, which must not be there; returns how many. A text of
    ids becomes an array.
    """

def word_tokenize(text: str, punkt: Path | None = None) -> list[str]:
    """
    The tokens of NLTK's `word_tokenize`, of the text as it is.
    """

def write_records(source: Path, mask: npt.NDArray[np.bool_], outs: Sequence[Path]) -> None:
    """
    Of the records of a JSONL file, write those of ``mask``: record number r to the file ``outs[r % len(outs)]``.

    Raises:
        ValueError: As many records as ``mask`` has were expected, and there are others.
    """
