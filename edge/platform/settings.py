"""Settings of a program: one TOML file, every key known, every value checked before anything starts."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsError

from edge.contract.sentences import sentence
from edge.platform.faults import first_fault, not_toml, unreadable

_FIELD = re.compile(r'field "(?P<name>\w+)"')


class ConfigError(Exception):
    """The settings cannot be used; a person must change the file."""

    def __init__(self, *, path: Path, key: str, why: str) -> None:
        if key:
            said = sentence("config_key", "{path}, key `{key}`: {why}", path=path, key=key, why=why)
        else:
            said = sentence("config", "{path}: {why}", path=path, why=why)
        super().__init__(said)
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


def refuse_folder_of(program: str, settings: Path) -> None:
    """Keep two programs from sharing a data folder. Raises ConfigError where `settings`, the other's file, exists."""
    if settings.exists():
        why = sentence(
            "other_program", "this is the data folder of `{program}`: choose another one with --data", program=program
        )
        raise ConfigError(path=settings, key="", why=why)


def read_toml(path: Path, *, made_by: str) -> dict[str, Any]:
    """What the file says. `made_by` is the command that makes one. Raises ConfigError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        why = sentence("config_missing", "no such file: make it with `{made_by}`", made_by=made_by)
        raise ConfigError(path=path, key="", why=why) from error
    except OSError as error:
        why = unreadable(error)
        raise ConfigError(path=path, key="", why=why) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path=path, key="", why=not_toml(error)) from error


def config_error(path: Path, error: ValidationError | SettingsError, *, env_prefix: str) -> ConfigError:
    """The first thing wrong with the values, without the value itself: it may be a secret.

    Where a variable of the environment gave it, that is named in place of the file.
    """
    if isinstance(error, SettingsError):
        named = _FIELD.search(str(error))
        key, why = named["name"] if named else "", sentence("not_json_at_all", "is not JSON")
    else:
        key, why = first_fault(error)
    variable = f"{env_prefix}{key.replace('.', '__')}".upper()
    if variable in os.environ:
        path, key = Path(variable), ""
    return ConfigError(path=path, key=key, why=why)
