"""Selecting on many machines, with whatever runs functions there.

    >>> from concurrent.futures import ProcessPoolExecutor
    >>> import dsir.engine
    >>> with ProcessPoolExecutor(8) as pool:  # doctest: +SKIP
    ...     dsir.engine.select(pool.submit, raw="corpus/", target="wanted.jsonl", k=10_000, out="selected/", places=16)

Pieces of the work are written to files, and their paths are given to a function like ``Executor.submit`` of
``concurrent.futures``, dask, mpi4py or submitit; ``python -m dsir.engine PIECE`` does one where only commands are
run. ``docs/engines.md`` tells how it works. :mod:`dsir.ray` and :mod:`dsir.spark` are engines that are ready to use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._engine import Futures, do_piece
from ._jobs import Targets, select_on

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from typing_extensions import Unpack

    from ._dsir import Model
    from ._inputs import Path
    from ._options import SelectOptions
    from ._report import Report

__all__ = ["do_piece", "select"]


def select(
    submit: Callable[[Callable[[str], None], str], Any],
    raw: Path | Iterable[os.PathLike[str]],
    target: Targets | None = None,
    *,
    places: int,
    model: Path | Model | None = None,
    k: int | str | None = None,
    fraction: float | None = None,
    tokens: int | str | None = None,
    bytes: int | str | None = None,
    out: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[SelectOptions],
) -> Report:
    """Select as :func:`dsir.select` does, and write the same bytes, while other machines read the raw corpus.

    Args:
        submit: Called with a function and its one argument, a string; begins the call on any machine and returns a
            future, with the methods ``done()``, ``result()`` and ``cancel()``. It may call the function again after a
            machine has died. All machines must have this version of dsir, and see the raw shards, ``out`` and its
            work directory (``work``, by default beside ``out``) under the same paths.
        raw: The path of a shard or of a folder of shards, or several ``pathlib.Path``.
        places: How many calls to begin before the first of them has ended: more than there are workers, so that none
            waits for the next call.
        target, model, k, fraction, tokens, bytes, out, progress, options: As for :func:`dsir.select`. Several threads
            are used by this machine alone, which draws and writes; a call uses one.

    Raises:
        Error: As by :func:`dsir.select`; of kind ``"engine"`` if a call fails for a reason that is not dsir's.
    """
    engine = Futures(submit, places)
    return select_on(engine, raw, target, model, (k, fraction, tokens, bytes), out, progress, options)


if __name__ == "__main__":
    import sys

    for path in sys.argv[1:]:
        do_piece(path)
