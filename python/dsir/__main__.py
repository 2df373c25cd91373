"""``python -m dsir``: the command ``dsir``."""

import sys

from ._cli import main

sys.exit(main())
