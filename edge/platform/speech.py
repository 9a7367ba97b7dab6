"""What a program says at a terminal: in the language asked for, else of its settings, else of the locale."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from edge.contract.sentences import sentence_of
from edge.platform.terminal import Language, language_of, take_language, write_json


class Speech:
    """One terminal. `program` stands before every complaint; `told` puts a sentence into a language."""

    def __init__(self, program: str, told: Callable[[str, Language], str]) -> None:
        self._program, self._told = program, told
        self._asked = False
        self.language: Language = "en"

    def choose(self, arguments: Sequence[str]) -> list[str]:
        """The arguments without `--lang`, which is obeyed; without it the locale's. Raises UnknownLanguageError."""
        self._asked, self.language = False, language_of(None)
        rest, asked = take_language(arguments)
        if asked is not None:
            self._asked, self.language = True, asked
        return rest

    def follow(self, setting: str) -> None:
        """Speak the settings' language, unless another was asked for."""
        if not self._asked:
            self.language = language_of(setting)

    def told(self, said: str) -> str:
        """A sentence in the present language; text that is data as it is."""
        return self._told(said, self.language)

    def say(self, said: str) -> None:
        """A line on standard output."""
        sys.stdout.write(f"{self.told(said)}\n")

    def say_json(self, document: Any, *, indent: int | None = None) -> None:
        """A document on standard output, in no language."""
        write_json(document, sys.stdout, indent=indent)

    def complain(self, said: str | Exception) -> None:
        """A line on standard error: what is wrong and what to do."""
        text = self.told(_complaint(said) if isinstance(said, Exception) else said)
        sys.stderr.write(f"{self._program}: {text}\n")


def _complaint(error: Exception) -> str:
    if isinstance(error, OSError):
        from edge.platform.faults import os_complaint  # pydantic comes with it, which an overview need not wait for

        return os_complaint(error)
    return sentence_of(error)
