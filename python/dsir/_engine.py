"""What runs pieces of a selection on other machines."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from . import _dsir

#: So long an engine waits for a piece before it lets the job look for signals, in seconds.
MOMENT = 0.2


class Engine(Protocol):
    """What :func:`dsir.engine.select` asks of an engine."""

    #: About how many bytes of the corpus make up a piece; None: as is best for its size.
    piece_bytes: int | None

    def places(self) -> int:
        """How many pieces to give it before the first of them has ended."""
        ...

    def begin(self, piece: str) -> None:
        """Begin the piece that is written down in this file: :func:`do_piece` does it."""
        ...

    def ended(self) -> list[str]:
        """The pieces that have ended; if there are none, wait for one for a moment."""
        ...

    def stop(self) -> None:
        """Stop all pieces that have not ended."""
        ...


def do_piece(piece: str) -> None:
    """Do a piece of a selection that is written down in this file, with one thread.

    It may be done again, also at once on several machines, and after it was killed: the first try that ends counts.
    """
    _dsir.do_piece(piece, threads=1)


class Futures:
    """An engine made of a function that begins a call elsewhere and returns its future."""

    def __init__(
        self, submit: Callable[[Callable[[str], None], str], Any], places: int, piece_bytes: int | None = None
    ) -> None:
        self._submit = submit
        self._places = places
        self._futures: dict[str, Any] = {}
        self.piece_bytes = piece_bytes

    def places(self) -> int:
        return self._places

    def begin(self, piece: str) -> None:
        self._futures[piece] = self._submit(do_piece, piece)

    def ended(self) -> list[str]:
        end = time.monotonic() + MOMENT
        while True:
            ended = [piece for piece, future in self._futures.items() if future.done()]
            if ended or time.monotonic() > end:
                break
            time.sleep(0.005)
        for piece in ended:
            self._futures.pop(piece).result()
        return ended

    def stop(self) -> None:
        for future in self._futures.values():
            future.cancel()
        self._futures.clear()
