"""Settings of a program: one TOML file, every key known, every value checked before anything starts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource


class ConfigError(Exception):
    """The settings cannot be used; a person must change the file."""

    def __init__(self, *, path: Path, key: str, why: str) -> None:
        where = f", key `{key}`" if key else ""
        super().__init__(f"{path}{where}: {why}")
        self.path, self.key, self.why = path, key, why


class FileSettings(BaseSettings):
    """Settings from a file, before which the environment stands; no other source."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before what the file says."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def read_toml(path: Path, *, made_by: str) -> dict[str, Any]:
    """What the file says. `made_by` is the command that makes one. Raises ConfigError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(path=path, key="", why=f"no such file: make it with `{made_by}`") from error
    except OSError as error:
        raise ConfigError(path=path, key="", why=f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path=path, key="", why=f"is not TOML: {error}") from error


def config_error(path: Path, error: ValidationError) -> ConfigError:
    """The first thing wrong with the values of a file, without the value itself: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    match first["type"]:
        case "extra_forbidden":
            why = "unknown key: remove it or correct its name (the README lists all)"
        case "missing":
            why = "is missing: add it"
        case _:
            why = f"{first['msg'].removeprefix('Value error, ')}: correct the value"
    return ConfigError(path=path, key=key, why=why)
