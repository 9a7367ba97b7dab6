"""From a template and values to an answer, in the language the request wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from edge.contract.fault_words import fault_label, told_fault
from edge.contract.reference_words import reference_label, told_reference
from edge.contract.view_words import sound_label, sound_sentence, view_label, view_sentence
from server.pages.catalogues import LANGUAGE_COOKIE, Language, translations, wanted_language
from server.pages.formats import DEFAULT_ZONE, Formats

SHARED_TEMPLATES = Path(__file__).parent / "templates"
_YEAR_S = 365 * 24 * 3600


class Pages:
    """Renders the templates of one room over the shared ones; one Jinja environment per language."""

    def __init__(self, templates: Path, *, zone: str = DEFAULT_ZONE) -> None:
        self._zone = zone
        self._environments = {language: _environment(templates, language) for language in Language}

    def html(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        zone: str | None = None,
        repeats_address: bool = True,
        **values: Any,
    ) -> HTMLResponse:
        """The page as an answer.

        `zone`: the time zone of its times, else the rule set's. `repeats_address`: whether links may repeat the
        address that was asked for; a refusal says nothing back of what was sent.
        """
        language = language_of(request)
        text = self._environments[language].get_template(template).render(
            request_path=request.url.path,
            here=Here(request) if repeats_address else Here(None),
            language=language,
            languages=list(Language),
            dates=Formats(language, zone or self._zone),
            signed_in=getattr(request.state, "signed_in", None),
            **values,
        )  # fmt: skip
        answer = HTMLResponse(text, status_code=status, headers=dict(headers or {}))
        answer.headers["Content-Language"] = language.value
        answer.headers["Vary"] = "Accept-Language, Cookie"
        keep_language(request, answer)
        return answer


class Here:
    """The address of the page itself, so that a link can change one part of it and keep the others."""

    def __init__(self, request: Request | None) -> None:
        """None: the address is not repeated; links lead to it by being relative."""
        self._path, self._query = "", []
        if request is not None:
            self._path = request.url.path
            self._query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]

    def with_(self, **changed: str | int | None) -> str:
        """This address with some query values changed; None removes one."""
        return self.with_path(self._path, **changed)

    def with_path(self, path: str, **changed: str | int | None) -> str:
        """The same query, changed in part, at another address."""
        kept = [(name, value) for name, value in self._query if name not in changed]
        added = [(name, str(value)) for name, value in changed.items() if value is not None]
        query = urlencode(kept + added)
        return f"{path}?{query}" if query else path


def language_of(request: Request) -> Language:
    """The language this request wants."""
    return wanted_language(request.query_params, request.cookies, request.headers.get("accept-language", ""))


def keep_language(request: Request, answer: Response) -> None:
    """Remember a language that was asked for with `?lang=`. The cookie says nothing about the person."""
    if "lang" in request.query_params:
        secure = request.url.scheme == "https"
        answer.set_cookie(
            LANGUAGE_COOKIE, language_of(request).value, max_age=_YEAR_S, secure=secure, httponly=True, samesite="lax"
        )


def _told_at_the_gateway(language: Language) -> dict[str, Callable[..., str]]:
    """The words that gateway and server share: what a gateway found, saw and heard."""
    return {
        "fault_label": partial(fault_label, language=language.value),
        "told_fault": partial(told_fault, language=language.value),
        "reference_label": partial(reference_label, language=language.value),
        "told_reference": partial(told_reference, language=language.value),
        "view_label": partial(view_label, language=language.value),
        "sound_label": partial(sound_label, language=language.value),
        "view_sentence": partial(view_sentence, language=language.value),
        "sound_sentence": partial(sound_sentence, language=language.value),
    }


def _environment(templates: Path, language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([templates, SHARED_TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(language)
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # by the extension

    def word(context: str, code: str | None) -> str:
        """A code in the reader's words; a code without words is shown as it is, never hidden."""
        return "–" if code is None else catalogue.pgettext(context, code)

    environment.globals.update(word=word, **_told_at_the_gateway(language))
    return environment
