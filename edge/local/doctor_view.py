"""A check of `doctor` as lines for a person."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from edge.domain.path_text import shown_text
from edge.local.checks import Check, Health
from edge.local.words import told, word
from edge.platform.terminal import Language

_STYLES = {Health.GOOD: "green", Health.DOUBTFUL: "yellow", Health.BAD: "bold red"}


def show_check(check: Check, language: Language) -> None:
    """What was found, and below it what to do."""
    console = Console(highlight=False)
    mark = (word(check.health, language), _STYLES[check.health])
    found = shown_text(f"  {told(check.subject, language)}: {told(check.found, language)}")
    console.print(Text.assemble(mark, found), soft_wrap=True)
    if check.advice:
        style = "dim" if check.health is Health.GOOD else ""
        console.print(Text(f"      {shown_text(told(check.advice, language))}", style), soft_wrap=True)
