"""The tables of the READMEs, made from the code: CSV columns and settings. Run it after changing either."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from readme_words import CHINESE

from edge.local.settings_file import settings_text
from server.config import ServerConfig
from server.usecases.imports.columns import COLUMNS, Column

ROOT = Path(__file__).resolve().parents[1]
READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
_BLOCK = re.compile(r"(<!-- table: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)
_HEADS = {
    "columns": {
        "en": ("kind", "column", "中文", "", "meaning"),
        "zh": ("类别", "列名", "中文列名", "", "含义"),
    },
    "settings": {"en": ("setting", "default", "meaning"), "zh": ("设置", "默认值", "含义")},
}
_MUST = {"en": "required", "zh": "必填"}


def filled(text: str, language: str) -> str:
    """A README with every marked table made anew."""

    def table(match: re.Match[str]) -> str:
        return f"{match.group(1)}{_TABLES[match['name']](language)}\n{match.group(4)}"

    return _BLOCK.sub(table, text)


def columns_table(language: str) -> str:
    """Every column of every CSV kind."""
    rows = [
        (f"`{kind}`" if index == 0 else "", f"`{column.name}`", column.chinese, *_column_told(column, language))
        for kind, columns in COLUMNS.items()
        for index, column in enumerate(columns)
    ]
    return _markdown(_HEADS["columns"][language], rows)


def server_table(language: str) -> str:
    """Every key of `server.toml`."""
    return _markdown(
        _HEADS["settings"][language], [(*told, _meaning(why, language)) for *told, why in _settings(ServerConfig, "")]
    )


def edge_settings(_language: str) -> str:
    """`edge.toml` as `init` writes it."""
    return f"```toml\n{settings_text(None).strip()}\n```"


_TABLES = {"csv-columns": columns_table, "server-settings": server_table, "edge-settings": edge_settings}


def _column_told(column: Column, language: str) -> tuple[str, str]:
    return (_MUST[language] if column.required else "", _meaning(column.meaning, language))


def _meaning(english: str, language: str) -> str:
    return english if language == "en" else CHINESE[english]


def _settings(model: type[BaseModel], prefix: str) -> Iterable[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from _settings(type(field.default), f"{prefix}{name}.")
        elif name not in {"data_dir", "sources"}:
            yield f"`{prefix}{name}`", _default(field.default), field.description or ""


def _default(value: Any) -> str:
    if value is None or value == "":
        return ""
    if "Undefined" in type(value).__name__:
        return "—"
    text = json.dumps(value if isinstance(value, int | float | str) else list(value), ensure_ascii=False)
    return "two patterns" if len(text) > 80 else f"`{text}`"


def _markdown(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    for of_language, path in READMES.items():
        if path.exists():
            path.write_text(filled(path.read_text(encoding="utf-8"), of_language), encoding="utf-8")
