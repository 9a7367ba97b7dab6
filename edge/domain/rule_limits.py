"""Limits of a decision out of the register's rules: a frozen dataclass whose fields are rules of one prefix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from edge.contract.messages import Register

Limits = TypeVar("Limits", bound=Any)


def with_rules(limits: Limits, prefix: str, register: Register | None, units: Mapping[str, float]) -> Limits:
    """`limits` with the register's rules `prefix` + field. A rule that is absent or no number keeps its default.

    `units`: what a rule's unit is worth in the field's; any other unit leaves the value as it is.
    """
    rules = {} if register is None else {rule.key: rule for rule in register.rules}
    changed: dict[str, float] = {}
    for field in fields(limits):
        rule = rules.get(prefix + field.name)
        if rule is not None and not isinstance(rule.value, str | bool):
            changed[field.name] = rule.value * units.get(rule.unit, 1.0)
    return replace(limits, **changed)
