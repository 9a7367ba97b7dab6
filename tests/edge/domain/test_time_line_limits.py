"""The limits of the time line are those of the rule file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from edge.contract.messages import Register, RegisterRule
from edge.domain.device_files import DEFAULT_LIMITS, TimeLineLimits, limits_of
from tests.edge.domain.device_times import NOON_US

KEYS = (
    "gap.join_tolerance",
    "timeline.merge_tolerance",
    "timeline.clock_step",
    "clock.drift_limit",
    "clock.drift_assumed",
)


def test_the_defaults_are_the_rule_files(checkout: Path) -> None:
    rows = tomllib.loads((checkout / "configs/rules/cn-traffic.toml").read_text(encoding="utf-8"))["rule"]
    rules = tuple(
        RegisterRule(key=row["key"], value=row["value"], unit=row["unit"]) for row in rows if row["key"] in KEYS
    )
    assert {rule.key for rule in rules} == set(KEYS)
    nothing = Register(number=1, issued=NOON_US)
    assert limits_of(Register(number=1, issued=NOON_US, rules=rules)) == limits_of(nothing) == DEFAULT_LIMITS


@pytest.mark.parametrize(
    ("key", "value", "unit", "field", "limit"),
    [
        ("gap.join_tolerance", 5, "s", "join_us", 5_000_000),
        ("timeline.merge_tolerance", 1, "furlongs", "merge_us", DEFAULT_LIMITS.merge_us),
        ("timeline.clock_step", 1500, "ms", "step_us", 1_500_000),
        ("clock.drift_limit", 200, "ppm", "drift_limit_ppm", 200.0),
        ("clock.drift_assumed", True, "ppm", "drift_assumed_ppm", DEFAULT_LIMITS.drift_assumed_ppm),
    ],
)
def test_the_registers_limits_stand_before_the_defaults(
    key: str, value: float, unit: str, field: str, limit: float
) -> None:
    register = Register(number=1, issued=NOON_US, rules=(RegisterRule(key=key, value=value, unit=unit),))
    found: TimeLineLimits = limits_of(register)
    assert getattr(found, field) == limit
