"""Rules as data: every limit and deadline with its unit, its source and the time it is in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, UtcMicros
from edge.contract.sentences import sentence

RuleValue = bool | int | float | str | tuple[str, ...]

_MICROS_OF_UNIT = {
    "s": MICROS_PER_SECOND,
    "min": 60 * MICROS_PER_SECOND,
    "h": MICROS_PER_HOUR,
    "d": MICROS_PER_DAY,
}
DURATION_UNITS = frozenset(_MICROS_OF_UNIT)


class RuleNotInForceError(LookupError):
    """No row of the key is in force at that moment; whoever keeps the rule file must add one."""

    def __init__(self, *, rule_set: str, key: str, at_us: int) -> None:
        super().__init__(f"rule set {rule_set} has no row of {key} in force at {at_us} us: add one to its file")
        self.rule_set, self.key, self.at_us = rule_set, key, at_us


class RuleUnitError(ValueError):
    """The rule has a value or unit that cannot be used so; whoever keeps the rule file must mend it."""

    def __init__(self, *, key: str, unit: str, wanted: str) -> None:
        super().__init__(f"rule {key} is given in {unit or 'no unit'}, needed is {wanted}")
        self.key, self.unit, self.wanted = key, unit, wanted


class RulesOverlapError(ValueError):
    """Two rows of one key are in force at once; which one is meant must be said."""

    def __init__(self, *, key: str, first: str, second: str) -> None:
        super().__init__(
            sentence(
                "rules_overlap",
                "rule {key}: the rows {first} and {second} are in force at the same time",
                key=key,
                first=first,
                second=second,
            )
        )
        self.key, self.first, self.second = key, first, second


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: in force over [effective_from_us, effective_until_us); None: without bound on that side."""

    key: str
    value: RuleValue
    unit: str
    source: str
    note: str
    version: str
    effective_from_us: UtcMicros | None = None
    effective_until_us: UtcMicros | None = None

    def in_force(self, at_us: UtcMicros) -> bool:
        """Whether the row is in force at that moment."""
        begun = self.effective_from_us is None or self.effective_from_us <= at_us
        return begun and (self.effective_until_us is None or at_us < self.effective_until_us)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rows of one rule file. `time_zone`: the IANA zone in which its days and local times are meant."""

    name: str
    time_zone: str
    rules: tuple[Rule, ...]
    _by_key: dict[str, tuple[Rule, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for rule in self.rules:
            self._by_key[rule.key] = (*self._by_key.get(rule.key, ()), rule)
        for key, rows in self._by_key.items():
            _refuse_overlap(key, rows)

    def rule(self, key: str, at_us: UtcMicros) -> Rule:
        """The row in force at that moment. Raises RuleNotInForceError."""
        for rule in self._by_key.get(key, ()):
            if rule.in_force(at_us):
                return rule
        raise RuleNotInForceError(rule_set=self.name, key=key, at_us=at_us)

    def value(self, key: str, at_us: UtcMicros) -> RuleValue:
        """The value in force at that moment, in the row's own unit. Raises RuleNotInForceError."""
        return self.rule(key, at_us).value

    def has(self, key: str, at_us: UtcMicros) -> bool:
        """Whether a row of the key is in force at that moment."""
        return any(rule.in_force(at_us) for rule in self._by_key.get(key, ()))

    def duration_us(self, key: str, at_us: UtcMicros) -> int:
        """A duration in microseconds. Raises RuleNotInForceError, or RuleUnitError where the row is no duration."""
        rule = self.rule(key, at_us)
        if rule.unit not in _MICROS_OF_UNIT:
            raise RuleUnitError(key=key, unit=rule.unit, wanted="s, min, h or d")
        return round(_number(rule) * _MICROS_OF_UNIT[rule.unit])

    def number(self, key: str, at_us: UtcMicros) -> float:
        """A plain number. Raises RuleNotInForceError, or RuleUnitError where the row is none."""
        return _number(self.rule(key, at_us))

    def words(self, key: str, at_us: UtcMicros) -> tuple[str, ...]:
        """A list of words. Raises RuleNotInForceError, or RuleUnitError where the row is none."""
        rule = self.rule(key, at_us)
        if not isinstance(rule.value, tuple):
            raise RuleUnitError(key=key, unit=rule.unit, wanted="a list")
        return rule.value

    def used(self, keys: Iterable[str], at_us: UtcMicros) -> tuple[Rule, ...]:
        """The rows of these keys that were in force at that moment, in the order of the keys: what a verdict names."""
        return tuple(self.rule(key, at_us) for key in dict.fromkeys(keys) if self.has(key, at_us))


def _number(rule: Rule) -> float:
    if isinstance(rule.value, bool) or not isinstance(rule.value, int | float):
        raise RuleUnitError(key=rule.key, unit=rule.unit, wanted="a number")
    return rule.value


def _refuse_overlap(key: str, rows: tuple[Rule, ...]) -> None:
    ordered = sorted(rows, key=lambda rule: (rule.effective_from_us is not None, rule.effective_from_us or 0))
    for earlier, later in pairwise(ordered):
        if earlier.effective_until_us is None or later.effective_from_us is None:
            raise RulesOverlapError(key=key, first=earlier.version, second=later.version)
        if later.effective_from_us < earlier.effective_until_us:
            raise RulesOverlapError(key=key, first=earlier.version, second=later.version)
