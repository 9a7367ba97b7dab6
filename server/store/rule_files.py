"""Reading a rule file (TOML) into a RuleSet. Every fault of the file is named with the row it is in."""

from __future__ import annotations

import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.contract.instants import UtcMicros, instant_of
from edge.contract.sentences import sentence, sentence_of
from edge.platform.faults import first_fault, not_toml, unreadable
from edge.platform.shipped import shipped
from server.domain.rules import Rule, RuleSet, RulesOverlapError

DEFAULT_RULES = "rules/cn-traffic.toml"


class RuleFileError(Exception):
    """The rule file cannot be used; whoever keeps it must mend it. The server does not start with half a rule set."""

    def __init__(self, *, path: Path, why: str) -> None:
        super().__init__(
            sentence("rule_file", "rule file {path}: {why}. Mend the file and start again", path=path, why=why)
        )
        self.path, self.why = path, why


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    key: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)+$", max_length=80)]
    value: bool | int | float | str | list[str]
    unit: Annotated[str, Field(max_length=32)]
    source: Annotated[str, Field(min_length=1)]
    note: str
    effective_from: date | None = None
    effective_to: date | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    time_zone: str
    rule: list[_Row]


def load_rules(path: Path | None = None) -> RuleSet:
    """The rule set in `path`, or the shipped one. Raises RuleFileError."""
    path = shipped(DEFAULT_RULES) if path is None else path
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RuleFileError(path=path, why=unreadable(error)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleFileError(path=path, why=not_toml(error)) from error
    try:
        parsed = _File.model_validate(values)
        zone = ZoneInfo(parsed.time_zone)
    except ValidationError as error:
        place, fault = first_fault(error)
        why = sentence("rule_at", "{place}: {fault}", place=place, fault=fault)
        raise RuleFileError(path=path, why=why) from error
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        why = sentence("rule_zone", "time_zone is no time zone of the IANA list, such as Asia/Shanghai")
        raise RuleFileError(path=path, why=why) from error
    try:
        rules = tuple(_rule(parsed.name, row, zone) for row in parsed.rule)
        return RuleSet(name=parsed.name, time_zone=parsed.time_zone, rules=rules)
    except RulesOverlapError as error:
        raise RuleFileError(path=path, why=sentence_of(error)) from error


def _rule(name: str, row: _Row, zone: ZoneInfo) -> Rule:
    since = "always" if row.effective_from is None else row.effective_from.isoformat()
    return Rule(
        key=row.key,
        value=tuple(row.value) if isinstance(row.value, list) else row.value,
        unit=row.unit,
        source=row.source,
        note=row.note,
        version=f"{name} since {since}",
        effective_from_us=_midnight(row.effective_from, zone),
        effective_until_us=_midnight(row.effective_to, zone),
    )


def _midnight(day: date | None, zone: ZoneInfo) -> UtcMicros | None:
    return None if day is None else instant_of(datetime.combine(day, time(), tzinfo=zone))
