"""The terminal of this process, the settings a command works with, and how an error becomes a message."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edge.domain.path_text import shown_text
from edge.local.words import told
from edge.platform.speech import Speech
from edge.platform.terminal import USAGE, WRONG, Language

if TYPE_CHECKING:
    from edge.config import EdgeConfig

PROGRAM = "tallylight-edge"
DEFAULT_DATA = Path("edge-data")


def _shown(said: str, language: Language) -> str:
    """A sentence whose values move no cursor: the name of a file is whatever its maker wrote."""
    return "\n".join(shown_text(line) for line in told(said, language).split("\n"))


terminal = Speech(PROGRAM, _shown)
"""The one terminal of this process, and the language it reads."""


def settings_in(data: Path, config: Path | None) -> EdgeConfig:
    """The settings in `config`, else in the data folder; from now on the terminal speaks their language."""
    from edge.config import CONFIG_NAME, load_config
    from edge.platform.settings import ConfigError

    with complaining(ConfigError, code=USAGE):
        settings = load_config(config or data / CONFIG_NAME)
    terminal.follow(settings.language)
    return settings


@contextmanager
def complaining(*errors: type[Exception], code: int = WRONG) -> Iterator[None]:
    """Turn an error a person can act on into its message and an exit code; any other is a fault of the program."""
    try:
        yield
    except errors as error:
        terminal.complain(error)
        sys.exit(code)
