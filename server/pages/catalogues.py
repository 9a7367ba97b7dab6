"""The message catalogues: which languages there are, which one a request wants, and how a catalogue is read.

The catalogues are kept as text (`locales/*/LC_MESSAGES/tallylight.po`) and compiled in memory, so that checkout and
wheel are alike and no compiled file can be older than its source.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
LANGUAGE_COOKIE = "tallylight_lang"


class Language(StrEnum):
    """The value is the BCP 47 tag that stands in `lang` attributes and in `?lang=`."""

    CHINESE = "zh-CN"
    ENGLISH = "en"

    @property
    def locale(self) -> Locale:
        """Babel's locale, for dates and plurals."""
        return Locale.parse(_LOCALE_NAMES[self])

    @property
    def own_name(self) -> str:
        """How the language calls itself."""
        return {Language.CHINESE: "中文", Language.ENGLISH: "English"}[self]


_LOCALE_NAMES = {Language.CHINESE: "zh_Hans_CN", Language.ENGLISH: "en"}
DEFAULT_LANGUAGE = Language.CHINESE


def catalogue_path(language: Language) -> Path:
    """Where the language's messages are kept."""
    return LOCALES / _LOCALE_NAMES[language] / "LC_MESSAGES" / "tallylight.po"


def read_catalogue(language: Language) -> Catalog:
    """The messages as Babel holds them."""
    with catalogue_path(language).open("rb") as file:
        return read_po(file, locale=_LOCALE_NAMES[language], abort_invalid=True)


@cache
def translations(language: Language) -> gettext.GNUTranslations:
    """The language's catalogue, ready to be asked."""
    compiled = io.BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def language_named(tag: str | None) -> Language | None:
    """The language a tag such as `zh`, `zh-Hans-CN` or `en-GB` stands for; None where we have none for it."""
    primary = (tag or "").strip().lower().replace("_", "-").split("-", maxsplit=1)[0]
    return {"zh": Language.CHINESE, "en": Language.ENGLISH}.get(primary)


def wanted_language(query: Mapping[str, str], cookies: Mapping[str, str], accept_language: str) -> Language:
    """The language of an answer: asked for now, chosen before, preferred by the browser, else Chinese."""
    chosen = language_named(query.get("lang")) or language_named(cookies.get(LANGUAGE_COOKIE))
    return chosen or _preferred(accept_language) or DEFAULT_LANGUAGE


def _preferred(accept_language: str) -> Language | None:
    """The first language we have, by falling weight. Source: RFC 9110 section 12.5.4."""
    weighted: list[tuple[float, int, Language]] = []
    for place, part in enumerate(accept_language[:500].split(",")[:20]):
        tag, _, weight_text = part.partition(";")
        language = language_named(tag)
        weight = _weight(weight_text)
        if language is not None and weight > 0:
            weighted.append((-weight, place, language))
    return min(weighted)[2] if weighted else None


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
