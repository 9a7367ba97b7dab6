"""When a picture counts as not seeing and a sound track as muted: the thresholds, as data.

The defaults are the rows `view.*` and `sound.*` of the rule set `cn-traffic`; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from edge.contract.messages import Register, RegisterRule

_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0}


@dataclass(frozen=True, slots=True)
class LookLimits:
    """Seconds, grey levels of 255, shares and probabilities 0..1. A field is the rule of the same name with a point.

    `view_not_clear_at`, `view_strong_at`: p(not clear) above which a sample is not seeing, and strongly so.
    `view_agree` of `view_window` neighbouring samples must say so. `view_sample_s`, `view_refine_s`: how far samples
    lie apart, and how far near anything suspicious. `view_least_s`: shorter stretches are passing.
    `view_glare_least_s`: a low sun may dazzle for so long. `view_detail_grey`, `view_detail_share`: fewer tiles with
    that much detail say nothing about the cause. `view_least_width_px`: smaller pictures cannot be judged.
    `frozen_*`: thumbnails a second apart differ by less, for at least so long, and pictures cost less than so many
    bytes per block of 16 x 16. `sound_*`: muted packets are smaller than that share of the usual one, or than so many
    bytes a second, for at least so long.
    """

    view_not_clear_at: float = 0.5
    view_strong_at: float = 0.8
    view_agree: int = 3
    view_window: int = 4
    view_sample_s: float = 10.0
    view_refine_s: float = 2.0
    view_least_s: float = 5.0
    view_glare_least_s: float = 60.0
    view_detail_grey: float = 4.0
    view_detail_share: float = 0.01
    view_least_width_px: int = 240
    frozen_grey: float = 0.12
    frozen_least_s: float = 10.0
    frozen_block_bytes: float = 0.15
    sound_mute_share: float = 0.1
    sound_mute_bytes_s: float = 500.0
    sound_mute_least_s: float = 2.0

    def values(self) -> dict[str, float]:
        """For a limited worker's JSON argument."""
        return asdict(self)


DEFAULT_LOOK_LIMITS = LookLimits()


def rule_key(field: str) -> str:
    """The rule of a field: `view_sample_s` is `view.sample_s`."""
    return field.replace("_", ".", 1)


def look_limits_of(register: Register | None) -> LookLimits:
    """The register's limits; a rule that is absent or no number keeps its default."""
    rules = {} if register is None else {rule.key: rule for rule in register.rules}
    found = {field.name: rules.get(rule_key(field.name)) for field in fields(LookLimits)}
    return limits_from({name: _in_unit(rule, name) for name, rule in found.items() if rule is not None})


def _in_unit(rule: RegisterRule, field: str) -> object:
    """The rule's value in the unit of the field; one in a unit unknown here says nothing."""
    if not field.endswith("_s") or field == "sound_mute_bytes_s" or isinstance(rule.value, str | bool):
        return rule.value
    return rule.value * _SECONDS[rule.unit] if rule.unit in _SECONDS else None


def limits_from(values: Mapping[str, object]) -> LookLimits:
    """Limits of named values; what is absent, no number or below zero keeps its default."""
    taken = {
        field.name: type(getattr(DEFAULT_LOOK_LIMITS, field.name))(value)
        for field in fields(LookLimits)
        if isinstance(value := values.get(field.name), int | float) and not isinstance(value, bool) and value > 0
    }
    return LookLimits(**taken)
