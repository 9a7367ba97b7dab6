"""The gateway's settings: one TOML file, every key known, every value checked before anything starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic.main import BaseModel
from pydantic_settings import SettingsConfigDict, SettingsError

from edge.contract.sentences import sentence
from edge.domain.uplink import UplinkRule, daily_hours
from edge.domain.zones import known_zone
from edge.platform.settings import FileSettings, config_error, read_toml

_ENV_PREFIX = "TALLYLIGHT_EDGE_"
CONFIG_NAME = "edge.toml"
DEFAULT_PATTERNS = (
    r"(?P<device>[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)[_-](?P<start>\d{8}[T_-]?\d{6}Z?)(?:[_-](?P<sequence>\d{1,6}))?",
    r"(?P<start>\d{8}[T_-]?\d{6}Z?)[_-](?P<device>[A-Za-z0-9]*[A-Za-z][A-Za-z0-9-]*)(?:_(?P<sequence>\d{1,6}))?",
)
"""`BC01_20261121080000_0001` and `20261121_080000_BC01`; matched against the whole name without its extension."""
_GROUPS = {"device", "start", "sequence"}

TimeZone = Annotated[str, AfterValidator(known_zone)]


class SourceConfig(BaseModel, extra="forbid", frozen=True):
    """A folder from which recordings come. Nothing in it is ever changed or deleted."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    folder: Path
    patterns: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)] = DEFAULT_PATTERNS
    time_zone: TimeZone = "Asia/Shanghai"
    rest_s: Annotated[float, Field(ge=0, le=86_400)] = 10.0
    scan_interval_s: Annotated[float, Field(ge=0.1, le=86_400)] = 5.0
    list_interval_s: Annotated[float, Field(ge=1, le=86_400)] = 600.0
    container_time: Literal["utc", "local", "end"] = "utc"

    @field_validator("patterns")
    @classmethod
    def _patterns_are_readable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                groups = set(re.compile(pattern).groupindex)
            except re.error as error:
                raise ValueError(
                    sentence(
                        "no_pattern",
                        "{pattern} is no regular expression (at sign {place})",
                        pattern=repr(pattern),
                        place=(error.pos or 0) + 1,
                    )
                ) from error
            if unknown := groups - _GROUPS:
                raise ValueError(
                    sentence(
                        "unknown_groups",
                        "{pattern} names the groups {groups}; known are {known}",
                        pattern=repr(pattern),
                        groups=tuple(sorted(unknown)),
                        known=tuple(sorted(_GROUPS)),
                    )
                )
            if not groups:
                raise ValueError(
                    sentence(
                        "no_group",
                        "{pattern} names no group; known are {known}",
                        pattern=repr(pattern),
                        known=tuple(sorted(_GROUPS)),
                    )
                )
        return patterns


class EdgeConfig(FileSettings):
    """Everything that can be set. An environment variable `TALLYLIGHT_EDGE_<KEY>` stands before the file."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix=_ENV_PREFIX)

    data_dir: Path
    sources: Annotated[tuple[SourceConfig, ...], Field(max_length=100)] = ()
    release: Literal["keep", "receipted"] = "keep"
    clock_vouched: bool = False  # a person vouches that the host keeps this clock, where the kernel cannot know
    uploads_in_flight: Annotated[int, Field(ge=1, le=64)] = 4
    uplink_kbit_s: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    uplink_hours: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    uplink_time_zone: TimeZone = "Asia/Shanghai"
    inspection_workers: Annotated[int, Field(ge=0, le=64)] = 0
    landing_keep_days: Annotated[float, Field(ge=0, le=3_650)] = 7.0
    disk_warn_percent: Annotated[float, Field(gt=0, le=100)] = 80.0
    disk_drop_released_percent: Annotated[float, Field(gt=0, le=100)] = 90.0
    disk_stop_copying_percent: Annotated[float, Field(gt=0, le=100)] = 95.0
    status_interval_s: Annotated[float, Field(ge=0.2, le=3_600)] = 30.0
    resend_interval_s: Annotated[float, Field(ge=0.2, le=3_600)] = 10.0
    language: Literal["auto", "zh-CN", "en"] = "auto"

    @field_validator("uplink_hours")
    @classmethod
    def _are_hours(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        for text in hours:
            daily_hours(text)
        return hours

    @property
    def uplink(self) -> UplinkRule:
        """When and how fast footage may leave."""
        return UplinkRule(
            self.uplink_kbit_s, tuple(daily_hours(text) for text in self.uplink_hours), self.uplink_time_zone
        )

    @property
    def shown_time_zone(self) -> str:
        """In which local times are shown at the gateway: that of the first source."""
        return self.sources[0].time_zone if self.sources else "Asia/Shanghai"

    @model_validator(mode="after")
    def _fits_together(self) -> EdgeConfig:
        names = [source.name for source in self.sources]
        if len(set(names)) != len(names):
            raise ValueError(sentence("same_name", "two sources have the same name: give each its own"))
        levels = (self.disk_warn_percent, self.disk_drop_released_percent, self.disk_stop_copying_percent)
        if list(levels) != sorted(levels):
            raise ValueError(
                sentence(
                    "levels_rise",
                    "disk_warn_percent, disk_drop_released_percent and disk_stop_copying_percent must rise in this"
                    " order",
                )
            )
        if self.release != "keep" and self.sources:
            raise ValueError(
                sentence(
                    "keep_alone", 'a watched folder supports release = "keep" alone: nothing in it is ever deleted'
                )
            )
        return self


def load_config(path: Path) -> EdgeConfig:
    """The settings in a file; relative paths in it start at the file's folder. Raises ConfigError."""
    values = read_toml(path, made_by="tallylight-edge init")
    try:
        return EdgeConfig(**_with_absolute_paths(values, path.absolute().parent))
    except (ValidationError, SettingsError) as error:
        raise config_error(path, error, env_prefix=_ENV_PREFIX) from error


def _with_absolute_paths(values: dict[str, Any], home: Path) -> dict[str, Any]:
    values = {"data_dir": ".", **values}
    if isinstance(values["data_dir"], str):
        values["data_dir"] = (home / values["data_dir"]).resolve()
    sources = values.get("sources", [])
    if isinstance(sources, list):
        for source in sources:
            if isinstance(source, dict) and isinstance(source.get("folder"), str):
                source["folder"] = (home / Path(source["folder"]).expanduser()).resolve()
    return values
