"""A path as text that every database and message can hold, and back again without loss.

A name on disk is bytes; Python gives bytes that are no UTF-8 as lone surrogates, which neither SQLite nor JSON takes.
They become `\\xNN`, and a backslash of the name becomes two, so that no two paths share a text.
"""

from __future__ import annotations

import re

_WIRE_LIMIT = 1024
_ESCAPE = re.compile(r"\\(\\|x[0-9a-f]{2})")


def text_of_path(path: str) -> str:
    """The text of a path as the operating system gave it."""
    escaped = path.replace("\\", "\\\\")
    return escaped.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def path_of_text(text: str) -> str:
    """The path the text was made from."""

    def unescaped(match: re.Match[str]) -> str:
        escape = match[1]
        return "\\" if escape == "\\" else chr(0xDC00 + int(escape[1:], 16))

    return _ESCAPE.sub(unescaped, text)


def shown_text(text: str) -> str:
    """The text as a terminal may show it: what would move, colour or turn its line is written out."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


def wire_name(text: str) -> str:
    """The text as a message carries it: of a longer one the end, which holds the name."""
    return text if len(text) <= _WIRE_LIMIT else "…" + text[1 - _WIRE_LIMIT :]
