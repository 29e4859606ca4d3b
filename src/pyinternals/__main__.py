"""``python -m pyinternals``."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # `-m` puts the current folder first on the search path. Nothing of it may be executed in place of a
    # module that we need: a file called argparse.py, say. Targets are looked up there all the same.
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        here = ""
    if not sys.flags.safe_path and sys.path and sys.path[0] in ("", here):
        del sys.path[0]

    from .cli import entry_point

    entry_point()
