"""What a person is told, before it has a language: a code, an English text, and the values for its places.

A sentence is a `str`, so that logs and exceptions hold plain English; whoever shows it to a person looks its code or
its text up in the other language and puts the same values in. Values may be sentences themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Sentence(str):
    """English text that remembers how it was made; made by `sentence` alone."""

    code: str
    text: str
    values: Mapping[str, object]


def sentence(code: str, text: str, /, **values: object) -> Sentence:
    """The sentence of a code. `text` has places in the form of `str.format`, each named in `values`."""
    made = Sentence(text.format(**{name: _plain(value) for name, value in values.items()}))
    made.code, made.text, made.values = code, text, values
    return made


def sentence_of(error: BaseException) -> str:
    """What an error says: its sentence, where it was made with one."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, Sentence) else str(error)


def in_words(said: str, text_of: Callable[[Sentence], str]) -> str:
    """What was said, with the text that `text_of` has for it; plain text stays as it is."""
    if not isinstance(said, Sentence):
        return said
    values = {name: _in_words(value, text_of) for name, value in said.values.items()}
    return text_of(said).format(**values)


def in_code(said: str) -> dict[str, Any] | str | None:
    """The same for programs, free of any language; None where nothing was said, plain text as it is."""
    if not isinstance(said, Sentence):
        return said or None
    return {"code": said.code, "values": {name: _in_code(value) for name, value in said.values.items()}}


def _in_words(value: object, text_of: Callable[[Sentence], str]) -> object:
    if isinstance(value, str):
        return in_words(value, text_of)
    if isinstance(value, tuple):
        return ", ".join(str(_in_words(part, text_of)) for part in value)
    return value


def _plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _in_code(value: object) -> object:
    if isinstance(value, Sentence):
        return in_code(value)
    if isinstance(value, tuple):
        return [_in_code(part) for part in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
