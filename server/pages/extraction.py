"""Which messages the pages use, read from templates and word list; and how the catalogues are kept up to date.

`python -m server.pages.extraction` adds what is new to both catalogues and drops what is no longer used; a person
then translates what is empty. English messages are their own translation; codes need one in every language.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from server.pages.catalogues import Language, catalogue_path, read_catalogue
from server.pages.words import CODES

_SERVER = Path(__file__).parents[1]
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)  # a file that says the same is the same file, whenever it was written
_METHOD = "jinja2.ext:babel_extract"
_SENTENCES = {"sentence": (2,)}
"""What the commands say stands in the source, as the second argument of `sentence`; pages may show it too."""
_IN_PYTHON = {"server/pages/formats.py": ("%s s", "%d min %02d s", "%d h %02d min", "%d d %d h")}


def template_paths() -> Iterator[Path]:
    """Every template of every room."""
    return iter(sorted(_SERVER.glob("*/templates/*.html")))


def used_messages() -> Catalog:
    """All messages that pages may show, without translations."""
    catalogue = Catalog()
    for path in template_paths():
        name = path.relative_to(_SERVER.parent).as_posix()
        with path.open("rb") as file:
            found = extract(_METHOD, file, _KEYWORDS, options={"trim_blocks": "true", "lstrip_blocks": "true"})
            for _, message, _, context in found:
                catalogue.add(message, locations=[(name, 0)], context=context)
    for name, messages in _IN_PYTHON.items():
        for message in messages:
            catalogue.add(message, locations=[(name, 0)])
    for path in sorted(_SERVER.rglob("*.py")):
        name = path.relative_to(_SERVER.parent).as_posix()
        with path.open("rb") as file:
            for _, message, _, _ in extract("python", file, _SENTENCES):
                catalogue.add(message, locations=[(name, 0)])
    for context, codes in CODES.items():
        for code in codes:
            catalogue.add(str(code), locations=[("server/pages/words.py", 0)], context=context)
    return catalogue


def updated(language: Language) -> Catalog:
    """The language's catalogue with exactly the messages in use; translations are kept, new ones are empty."""
    kept = read_catalogue(language) if catalogue_path(language).exists() else Catalog()
    fresh = Catalog(
        locale=language.locale,
        project="Tallylight",
        header_comment="# What the pages of Tallylight say. Kept up to date by server.pages.extraction.",
        creation_date=_NO_DATE,
        revision_date=_NO_DATE,
        last_translator="",
        language_team="",
        msgid_bugs_address="",
        fuzzy=False,
        charset="utf-8",
    )
    for message in used_messages():
        if not message.id:
            continue
        old = kept.get(_singular(message.id), message.context)
        text = old.string if old is not None else ""
        if not _filled(text) and language is Language.ENGLISH and message.context is None:
            text = message.id
        fresh.add(message.id, text, locations=message.locations, context=message.context)
    return fresh


def write_catalogue(language: Language, catalogue: Catalog) -> None:
    """Write it sorted and without line numbers, so that a change of a page changes only what it must."""
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, sort_output=True, width=110, include_lineno=False, omit_header=False)


def _singular(message_id: str | list[str] | tuple[str, ...]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def _filled(text: str | list[str] | tuple[str, ...] | None) -> bool:
    return bool(text) if text is None or isinstance(text, str) else all(text)


if __name__ == "__main__":
    for each in Language:
        write_catalogue(each, updated(each))
