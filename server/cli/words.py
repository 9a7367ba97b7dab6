"""What the commands say, in the languages of the pages and by their catalogues: English text is its own key."""

from __future__ import annotations

from edge.contract.sentences import Sentence, in_words
from edge.platform.terminal import Language


def told(said: str, language: Language) -> str:
    """A sentence in the language; text that is data stays as it is."""
    return in_words(said, _english if language == "en" else _chinese)


def _english(said: Sentence) -> str:
    return said.text


def _chinese(said: Sentence) -> str:
    from edge.platform.chinese import SHARED
    from server.pages.catalogues import Language as PageLanguage
    from server.pages.catalogues import translations

    return SHARED.get(said.code) or translations(PageLanguage.CHINESE).gettext(said.text)
