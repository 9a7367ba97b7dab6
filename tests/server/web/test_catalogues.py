"""What pages say: every message in both languages, and no code left unspoken."""

from __future__ import annotations

import re
from itertools import product

import pytest

from edge.platform.shipped import shipped
from server.domain.access import Role, Scope
from server.domain.findings import next_states
from server.pages.catalogues import Language, language_named, read_catalogue, translations, wanted_language
from server.pages.extraction import updated, used_messages
from server.pages.words import CODES, RULE_KEYS
from server.store.rule_files import load_rules

PLACEHOLDER = re.compile(r"%\((\w+)\)s|%[sd]|%02d|\{(\w+)(?:[:.\w]*)\}")


@pytest.mark.parametrize("language", Language)
def test_every_message_in_use_is_there_and_nothing_else(language: Language) -> None:
    used = {(message.context, str(message.id)) for message in used_messages() if message.id}
    held = {(message.context, str(message.id)) for message in read_catalogue(language) if message.id}
    assert held == used, "run: python -m server.pages.extraction, then translate what is empty"


@pytest.mark.parametrize("language", Language)
def test_every_message_has_words_in_the_language(language: Language) -> None:
    for message in read_catalogue(language):
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(texts), (message.context, message.id)
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("language", Language)
def test_a_translation_keeps_the_values_of_its_message(language: Language) -> None:
    for message in read_catalogue(language):
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[-1]
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        for text in texts:
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(source)), message.id


def test_no_chinese_message_is_plain_english() -> None:
    for message in read_catalogue(Language.CHINESE):
        texts = [message.string] if isinstance(message.string, str) else list(message.string)
        for text in texts if message.id else []:
            letters = re.sub(
                r"--[a-z-]+|https://|mqtts://|SHA-256|%\(\w+\)s|%s|CSV|WGS|UTF|GB|TLS|CA|SQLite|IANA|chrony|Asia/Shanghai|journal_mode|synchronous|wal|keys/|time_zone|\{[^}]*\}|`[^`]*`",
                "",
                text,
            )
            assert not re.search(r"[A-Za-z]{2,}", letters), (message.id, text)


def test_english_messages_have_a_plural() -> None:
    one = translations(Language.ENGLISH).ngettext("%(num)s clip", "%(num)s clips", 1)
    many = translations(Language.ENGLISH).ngettext("%(num)s clip", "%(num)s clips", 2)
    assert (one % {"num": 1}, many % {"num": 2}) == ("1 clip", "2 clips")


@pytest.mark.parametrize("language", Language)
def test_bringing_a_catalogue_up_to_date_changes_nothing_of_it(language: Language) -> None:
    fresh = {(m.context, str(m.id)): m.string for m in updated(language) if m.id}
    assert fresh == {(m.context, str(m.id)): m.string for m in read_catalogue(language) if m.id}


def test_every_rule_of_the_shipped_set_has_words() -> None:
    shipped_rules = load_rules(shipped("rules/cn-traffic.toml"))
    assert {rule.key for rule in shipped_rules.rules} == set(RULE_KEYS)
    units = {rule.unit for rule in shipped_rules.rules if rule.unit and not isinstance(rule.value, tuple)}
    assert units <= set(CODES["rule unit"])


def test_every_step_a_person_may_take_has_a_verb() -> None:
    scope = Scope("test", Role.SUPERVISOR, None)
    for kind, state in product(("late_start", "view_moved"), CODES["finding state"]):
        assert set(next_states(kind, state, scope)) <= set(CODES["finding step"])


@pytest.mark.parametrize(
    ("query", "cookies", "accepted", "language"),
    [
        ({"lang": "en"}, {"tallylight_lang": "zh-CN"}, "zh", Language.ENGLISH),
        ({}, {"tallylight_lang": "en"}, "zh", Language.ENGLISH),
        ({}, {}, "fr, en-GB;q=0.8, zh;q=0.9", Language.CHINESE),
        ({}, {}, "de, en;q=0.1", Language.ENGLISH),
        ({}, {}, "zh;q=0, en;q=0.2", Language.ENGLISH),
        ({}, {}, "fr", Language.CHINESE),
        ({"lang": "xx"}, {"tallylight_lang": "yy"}, "", Language.CHINESE),
        ({}, {}, "en;q=nonsense", Language.CHINESE),
    ],
)
def test_the_language_asked_for_stands_before_the_chosen_and_the_preferred_one(
    query: dict[str, str], cookies: dict[str, str], accepted: str, language: Language
) -> None:
    assert wanted_language(query, cookies, accepted) is language


@pytest.mark.parametrize(
    ("tag", "language"), [("zh-Hans-CN", Language.CHINESE), ("EN_us", Language.ENGLISH), ("", None), (None, None)]
)
def test_a_tag_is_read_by_its_first_part(tag: str | None, language: Language | None) -> None:
    assert language_named(tag) is language
