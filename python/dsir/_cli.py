"""The command ``dsir``."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from . import _dsir

if TYPE_CHECKING:
    from ._engine import Engine


def main() -> int:
    """Run the program with the arguments of this process, and return its exit code."""
    return program(["dsir", *sys.argv[1:]])


def program(arguments: list[str], engine: Engine | None = None) -> int:
    """Run the program with these arguments, and return its exit code.

    Python's own handler would keep Ctrl-C from the program while it works: the program has handlers of its own.
    """
    _open_standard_files()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _dsir.main(arguments, engine)


def _open_standard_files() -> None:
    """Put the null device where standard input, output or error is closed, so that no other file takes its number.

    Python leaves that undone. The extension, which is loaded by now, has seen whether standard output was closed.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if descriptor == 0 else os.O_WRONLY)
