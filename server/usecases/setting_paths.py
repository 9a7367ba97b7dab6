"""Settings that name files: which there are, and how a restored `server.toml` comes to name the restored ones."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel
from sqlalchemy.engine import make_url

from edge.contract.sentences import sentence
from server.config import ServerConfig

_NO_FILES = frozenset({"data_dir", "store.clips"})
_SECTION = re.compile(r"^\s*\[(?P<name>[A-Za-z0-9_.-]+)\]")


class SettingNotFoundError(Exception):
    """The settings file could not be changed as needed; a person writes this line."""

    def __init__(self, *, key: str, value: str) -> None:
        super().__init__(
            sentence(
                "setting_by_hand",
                "server.toml could not be changed: set `{key}` to {value} in it by hand",
                key=key,
                value=value,
            )
        )
        self.key, self.value = key, value


def database_path(config: ServerConfig) -> Path:
    """Where the database lies; asked before it is opened, since it may be damaged."""
    return Path(make_url(config.database_url).database or "")


def path_settings(config: ServerConfig) -> dict[str, Path]:
    """Key, such as `broker.ca_file` -> the file it names now."""
    return {key: path for key, path in _paths(config, "").items() if key not in _NO_FILES}


def _paths(model: BaseModel, prefix: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            found |= _paths(value, f"{prefix}{name}.")
        elif isinstance(value, Path):
            found[f"{prefix}{name}"] = value
    return found


def with_settings(text: str, changes: Mapping[str, str]) -> str:
    """The text of a `server.toml` with these keys set, all other lines as they are. Raises SettingNotFoundError.

    An empty value stands for the default. A key that the file does not set is added to its section.
    """
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        text = _with_one(text, section, name, f"{name} = {json.dumps(value, ensure_ascii=False)}")
        document = tomllib.loads(text)
        if (document.get(section, {}) if section else document).get(name) != value:
            raise SettingNotFoundError(key=key, value=value)
    return text


def _with_one(text: str, section: str, name: str, line: str) -> str:
    lines, here, at = text.splitlines(), "", None
    for number, existing in enumerate(lines):
        if (begun := _SECTION.match(existing)) is not None:
            here = begun["name"]
            at = number + 1 if here == section else at
        elif here == section and re.match(rf"\s*{re.escape(name)}\s*=", existing):
            lines[number] = line
            return "\n".join(lines) + "\n"
    if section and at is None:
        return "\n".join([*lines, f"[{section}]", line]) + "\n"
    lines.insert(at or 0, line)
    return "\n".join(lines) + "\n"
