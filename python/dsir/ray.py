"""Selecting on a Ray cluster: ``pip install "dsir[ray]"``.

    >>> import dsir.ray
    >>> dsir.ray.select(raw="corpus/", target="wanted.jsonl", k=10_000, out="selected/")  # doctest: +SKIP

or, with the options of ``dsir select``::

    dsir-ray select --address auto --target wanted.jsonl -k 10000 -o selected/ corpus/

Tasks get paths, never rows. All nodes must have this version of dsir, and see the raw shards, the output and the work
directory beside it under the same paths. A task whose worker or node dies is run again.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import ray

from ._cli import program
from ._engine import MOMENT, do_piece
from ._errors import OptionError
from ._jobs import Targets, select_on

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from typing_extensions import Unpack

    from ._dsir import Model
    from ._inputs import Path
    from ._options import SelectOptions
    from ._report import Report

UNSHARED = "a cluster needs a folder that all its nodes see"
#: So often a task is run again after its worker or its node has died.
RETRIES = 20


def select(
    raw: Path | Iterable[os.PathLike[str]],
    target: Targets | None = None,
    *,
    address: str | None = None,
    model: Path | Model | None = None,
    k: int | str | None = None,
    fraction: float | None = None,
    tokens: int | str | None = None,
    bytes: int | str | None = None,
    out: Path | None = None,
    progress: bool | None = None,
    **options: Unpack[SelectOptions],
) -> Report:
    """Select as :func:`dsir.select` does, and write the same bytes, while the tasks of a cluster read the raw corpus.

    Args:
        address: The cluster, as ``ray.init`` takes it. By default the one that this process is connected to, the one
            in ``RAY_ADDRESS``, or one of this machine alone.
        raw, target, model, k, fraction, tokens, bytes, out, progress, options: As for :func:`dsir.select`; ``raw`` is
            one path or several. After an error, or if this process is killed, the same call resumes.
    """
    with _connected(address):
        if out is None and options.get("work") is None and _nodes() > 1:
            raise OptionError(f"{UNSHARED}: pass `out` or `work`")
        return select_on(Tasks(), raw, target, model, (k, fraction, tokens, bytes), out, progress, options)


class Tasks:
    """An engine that runs a piece in a task."""

    piece_bytes: int | None = None

    def __init__(self) -> None:
        self._do_piece = ray.remote(num_cpus=1, max_retries=RETRIES)(do_piece)
        self._pieces: dict[Any, str] = {}

    def places(self) -> int:
        # With one more for each processor, none waits while the next is sent.
        return 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))

    def begin(self, piece: str) -> None:
        self._pieces[self._do_piece.remote(piece)] = piece

    def ended(self) -> list[str]:
        ended, waiting = ray.wait(list(self._pieces), timeout=MOMENT, fetch_local=False)
        if ended and waiting:
            ended += ray.wait(waiting, num_returns=len(waiting), timeout=0, fetch_local=False)[0]
        ray.get(ended)
        return [self._pieces.pop(task) for task in ended]

    def stop(self) -> None:
        for task in self._pieces:
            ray.cancel(task)
        self._pieces.clear()


@contextlib.contextmanager
def _connected(address: str | None, **how: Any) -> Iterator[None]:
    """Connect to a cluster, unless this process is connected to one."""
    if ray.is_initialized():
        if address is not None:
            raise OptionError("this process is connected to a cluster already: leave out `address`, or ray.shutdown()")
        yield
        return
    ray.init(address, **how)
    try:
        yield
    finally:
        ray.shutdown()


def _nodes() -> int:
    return sum(node["Alive"] for node in ray.nodes())


def main() -> int:
    """The command ``dsir-ray``: ``dsir select`` on a cluster."""
    address, arguments = _address(sys.argv[1:])
    usage = "dsir-ray select [--address ADDRESS], with the options and arguments of dsir select"
    if asked := [argument for argument in arguments if argument in ("-h", "--help")]:
        print(f"{usage}:\n", flush=True)
        return program(["dsir-ray", "select", asked[0]])
    if arguments[:1] != ["select"]:
        print(f"usage: {usage}; see dsir-ray select --help", file=sys.stderr)
        return 2
    with _connected(address, log_to_driver=False, logging_level="warning"):
        if _nodes() > 1 and not any(argument.startswith(("-o", "--output", "--work")) for argument in arguments):
            print(f"error: {UNSHARED}: pass -o or --work", file=sys.stderr)
            return 2
        return program(["dsir-ray", *arguments], Tasks())


def _address(arguments: list[str]) -> tuple[str | None, list[str]]:
    """The address, if there is one, and the other arguments."""
    for at, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument == "--address":
            return "".join(arguments[at + 1 : at + 2]) or None, arguments[:at] + arguments[at + 2 :]
        if argument.startswith("--address="):
            return argument.partition("=")[2] or None, arguments[:at] + arguments[at + 1 :]
    return None, arguments
