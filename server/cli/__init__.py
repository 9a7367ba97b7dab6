"""`tallylight-server`: what an administrator types.

Exit codes: 0 done, 1 something is wrong, 2 wrong use or settings, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from edge.platform.terminal import run_command


def main() -> NoReturn:
    """The command's entry. It loads nothing by itself, so that Ctrl-C while it loads ends it quietly too."""
    sys.exit(run_command(_run))


def _run() -> int:
    from server.cli.commands import execute
    from server.cli.logs import configure_logging

    configure_logging()
    return execute(sys.argv[1:])
