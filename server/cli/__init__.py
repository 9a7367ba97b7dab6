"""`tallylight-server`: what an administrator types.

Exit codes: 0 done, 1 something is wrong, 2 wrong use or settings, 130 ended by Ctrl-C.
"""

from __future__ import annotations

import sys


def main() -> None:
    """The command's entry. It loads nothing by itself, so that Ctrl-C while it loads ends it quietly too."""
    try:
        from edge.platform.terminal import run_command

        code = run_command(_run)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _run() -> int:
    from server.cli.commands import execute
    from server.cli.logs import configure_logging

    configure_logging()
    return execute(sys.argv[1:])
