"""The file of settings that `init` writes: every setting with its meaning and default, commented out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from server.config import EVERY_ADDRESS, ServerConfig

_HEAD = """\
# Settings of this Tallylight server. A line that begins with # shows the default; remove the # to change it.
# An environment variable such as TALLYLIGHT_HTTP__PORT stands before this file.
"""
_NOT_IN_FILE = frozenset({"data_dir"})


def settings_text(port: int | None = None, names: tuple[str, ...] = ()) -> str:
    """TOML. With `port`, pages listen there, metrics on the next one and the embedded broker on the one after.

    With `names`, pages and embedded broker listen on every address, and are reached by these.
    """
    fixed: dict[tuple[str, str], Any] = {}
    if names:
        fixed = {("tls", "names"): names, ("http", "host"): EVERY_ADDRESS, ("broker", "embedded_host"): EVERY_ADDRESS}
    if port is not None:
        fixed |= {("http", "port"): port, ("metrics", "port"): port + 1, ("broker", "embedded_port"): port + 2}
    lines, sections = [_HEAD], []
    for name, field in ServerConfig.model_fields.items():
        section = field.default
        if isinstance(section, BaseModel):
            sections.append((name, section))
        elif name not in _NOT_IN_FILE:
            lines.append(_line("", name, field, fixed))
    for name, section in sections:
        lines.append(f"\n[{name}]  # {(type(section).__doc__ or '').strip()}")
        lines.extend(_line(name, key, field, fixed) for key, field in type(section).model_fields.items())
    return "\n".join(lines) + "\n"


def _line(section: str, key: str, field: FieldInfo, fixed: dict[tuple[str, str], Any]) -> str:
    set_to = fixed.get((section, key))
    sign, value = ("# ", field.default) if set_to is None else ("", set_to)
    return f"{sign}{key} = {_toml(value)}  # {field.description}"


def _toml(value: Any) -> str:
    if value is None:
        return '""'
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
