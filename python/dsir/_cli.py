"""The command ``dsir``."""

from __future__ import annotations

import signal
import sys

from . import _dsir


def main() -> int:
    """Run the program with the arguments of this process, and return its exit code.

    Python's own handler would keep Ctrl-C from the program while it works: the program has handlers of its own.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _dsir.main(["dsir", *sys.argv[1:]])
