"""Drawing from log weights in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _arguments, _dsir
from ._dsir import Model
from ._errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Unpack

    from ._options import DrawOptions


def draw(
    log_weights: npt.ArrayLike,
    *,
    k: int | str | None = None,
    fraction: float | None = None,
    tokens: int | str | None = None,
    bytes: int | str | None = None,
    ids: Iterable[str] | Iterable[int] | None = None,
    token_counts: npt.ArrayLike | None = None,
    sizes: npt.ArrayLike | None = None,
    groups: Iterable[str] | None = None,
    targets: Sequence[str] | None = None,
    model: Model | None = None,
    threads: int | None = None,
    **options: Unpack[DrawOptions],
) -> Any:
    """Draw rows in proportion to exp(log weight), without replacement: the draw of ``dsir resample``.

    The noise of a row is a function of ``seed`` and of the row's id, so that the same rows are drawn in whatever order
    and in whatever parts they come. (Gumbel-top-k; DSIR, section 3.)

        >>> import numpy as np
        >>> log_weights = np.array([0.5, 3.0, -1.0, 2.0])
        >>> dsir.draw(log_weights, k=2, ids=["a", "b", "c", "d"])
        array([0, 1])
        >>> dsir.draw(log_weights[::-1], k=2, ids=["d", "c", "b", "a"])
        array([2, 3])

    Args:
        log_weights: One for each row, shape (rows,), or one for each row and target, shape (rows, targets), in nats.
            −inf is never drawn; NaN and +inf are errors.
        k: How many rows; or instead one of ``fraction`` (of the eligible rows, from 0 to 1), ``tokens`` (at most so
            many, by ``token_counts``) and ``bytes`` (by ``sizes``).
        ids: What each row is known by: strings or integers. By default a row's id is its number.
        token_counts: The tokens of each row, as ``Model.tokens`` counts them: for ``tokens``, ``min_tokens`` and
            ``normalize``.
        sizes: The bytes of each row, for ``bytes``.
        groups: The group of each row; the budget is split between groups by ``group_share``.
        targets: The names of the targets, for ``proportions`` and ``exponents`` by name.
        model: The model that the log weights are from: it knows the names and sizes of its targets, and whether it
            is refined, so that log weights count per token.
        threads: At most so many.
        options: ``seed``, ``temperature``, ``method``, ``min_tokens`` and the other options of a draw. ``min_tokens``
            is 100 as everywhere, if there are ``token_counts``.

    Returns:
        The numbers of the rows, int64, rising. With ``draws``, a list of such arrays, one for each draw.

    Raises:
        OptionError: Options that make no sense together.
        Error: More rows are asked for than are eligible, and ``allow_fewer`` is not set.
    """
    import numpy as np

    weights = np.ascontiguousarray(log_weights, dtype=np.float64)
    if weights.ndim not in (1, 2) or (weights.ndim == 2 and weights.shape[1] == 0):
        raise OptionError(f"log_weights have the shape (rows,) or (rows, targets), not {weights.shape}")
    rows = len(weights)
    weights = weights.reshape(rows, weights.shape[1] if weights.ndim == 2 else 1)
    given: dict[str, Any] = dict(options)
    _check_targets(weights.shape[1], targets, model, given)
    if token_counts is None:
        if tokens is not None or given.get("min_tokens") or given.get("normalize") not in (None, "none"):
            raise OptionError("a budget in tokens, min_tokens and normalize need token_counts: see Model.tokens")
        if model is not None and model.is_learned and given.get("normalize") is None:
            raise OptionError("a learned model weighs per token: pass token_counts, as Model.tokens gives them")
        given["min_tokens"] = 0
    if bytes is not None and sizes is None:
        raise OptionError("a budget in bytes needs sizes")
    if given.get("method") == "pareto":
        raise OptionError("method pareto draws by scores, not by log weights: see dsir.resample")
    _check_order(ids=ids, groups=groups)
    if groups is None and given.get("group_share") is not None:
        raise OptionError("group_share needs groups")
    arguments = _arguments.budget(k, fraction, tokens, bytes) + _arguments.typed("resample", given, HIDDEN, "draw")
    names, numbers = _groups(groups, rows)
    if numbers is not None:
        arguments += ["--group-by=group"]
    columns = {
        "records": _dsir.hash_ids(np.arange(rows) if ids is None else _plain(ids)),
        "tokens": _counts("token_counts", token_counts, rows),
        "bytes": _counts("sizes", sizes, rows),
        "groups": numbers,
        "group_names": names,
    }
    if len(columns["records"]) != rows:
        raise OptionError(f"{len(columns['records'])} ids for {rows} rows")
    drawn = _dsir.draw(
        ["dsir", "resample", *arguments],
        weights,
        columns,
        model,
        None if targets is None else list(targets),
        threads,
    )
    return drawn[0] if given.get("draws") is None else drawn


#: The options of ``dsir resample`` that have no meaning for arrays.
HIDDEN = {
    "annotate", "exclude", "group_by", "id_field", "invalid", "log_scores", "mix_in", "output", "plan", "plan_only",
    "punkt", "quality", "quality_informative", "quality_length", "quality_numeric", "quality_repeating",
    "rejects", "score_field", "scores", "shuffle", "summary", "temp_dir", "text_field", "threads",
    "tokenizer", "unique", "weights", "where", "where_not",
}  # fmt: skip


def _check_order(**columns: Any) -> None:
    for name, column in columns.items():
        if isinstance(column, (str, bytes, set, frozenset, Mapping)):
            raise OptionError(f"{name} are one for each row, in order, not a {type(column).__name__}")


def _check_targets(
    columns: int, targets: Sequence[str] | None, model: Model | None, options: Mapping[str, Any]
) -> None:
    if targets is not None and model is not None:
        raise OptionError("targets are those of the model: pass one of them")
    names = model.targets if model is not None else targets
    if names is not None and len(names) != columns:
        raise OptionError(f"log_weights have {columns} columns for {len(names)} targets")
    shares = model is not None or options.get("proportions") is not None or options.get("combine") == "product"
    if columns > 1 and not shares:
        raise OptionError("log_weights of several targets: pass proportions, or the model that knows their sizes")


def _counts(name: str, given: Any, rows: int) -> npt.NDArray[np.uint32]:
    import numpy as np

    if given is None:
        return np.zeros(rows, dtype=np.uint32)
    counts = np.asarray(given, dtype=None if rows else np.int64)
    if counts.shape != (rows,) or not np.issubdtype(counts.dtype, np.integer):
        raise OptionError(f"{name} are integers of the shape ({rows},), not {counts.dtype} of {counts.shape}")
    if rows and counts.min() < 0:
        raise OptionError(f"{name} are not negative")
    if rows and counts.max() >= 2**32:
        raise OptionError(f"{name} are below 2**32; count in larger units")
    return np.ascontiguousarray(counts, dtype=np.uint32)


def _groups(groups: Iterable[str] | None, rows: int) -> tuple[list[str], Any]:
    import numpy as np

    if groups is None:
        return [], None
    numbers: dict[str, int] = {}
    of_rows = np.fromiter((numbers.setdefault(_group(group), len(numbers)) for group in groups), dtype=np.int64)
    if len(of_rows) != rows:
        raise OptionError(f"{len(of_rows)} groups for {rows} rows")
    return list(numbers), of_rows


def _group(group: Any) -> str:
    """The name of a group, as it has it in records; None and what is not equal to itself are no value."""
    if isinstance(group, str):
        return group
    if group is None or _is_missing(group):
        return "(none)"
    return str(group).lower() if isinstance(group, bool) or type(group).__name__ == "bool" else str(group)


def _is_missing(group: Any) -> bool:
    """Whether it is NaN, or pandas' own missing value, of which not even that can be asked."""
    try:
        return bool(group != group)
    except TypeError:
        return True


def _plain(ids: Any) -> Any:
    """Integers as the arrays that are hashed without Python; all else as it is."""
    import numpy as np

    if hasattr(ids, "to_pylist"):
        return ids.to_pylist()
    if isinstance(ids, np.ndarray) and ids.dtype.kind in "iu":
        wide = np.uint64 if ids.dtype.kind == "u" else np.int64
        return np.ascontiguousarray(ids, dtype=wide)
    return ids
