"""What the READMEs say about columns, settings and commands is what the code does."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from readme_tables import READMES, ROOT, filled

from edge.devices.calibration_files import read_calibration
from edge.domain.calibration_faults import calibration_faults
from edge.domain.camera_calibration import Against, CalibrationLimits


@pytest.mark.parametrize("language", sorted(READMES))
def test_the_tables_are_those_of_the_code(language: str) -> None:
    text = READMES[language].read_text(encoding="utf-8")
    assert "<!-- table: csv-columns -->" in text
    assert "<!-- table: server-settings -->" in text
    assert "<!-- table: edge-settings -->" in text
    assert filled(text, language) == text, "run: .venv/bin/python scripts/readme_tables.py"


@pytest.mark.parametrize("language", sorted(READMES))
def test_every_file_a_readme_names_is_there(language: str) -> None:
    text = READMES[language].read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    named = re.findall(r"\]\(([^)#:]+)\)", prose) + re.findall(r"`(scripts/[a-z_]+)", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("language", sorted(READMES))
def test_the_calibration_a_readme_shows_is_fit(language: str, tmp_path: Path) -> None:
    text = READMES[language].read_text(encoding="utf-8")
    [shown] = [block for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL) if "camera_matrix" in block]
    file = tmp_path / "calibration.json"
    file.write_text(shown, encoding="utf-8")
    captured = Against(captured_from=date(2026, 11, 21), captured_until=date(2026, 11, 21), stream_px=(1920, 1080))
    reading = read_calibration(file)
    assert (*reading.faults, *calibration_faults(reading.calibration, CalibrationLimits(), captured)) == ()


@pytest.mark.parametrize("language", sorted(READMES))
def test_a_readme_shows_a_picture_and_says_what_is_missing(language: str) -> None:
    text = READMES[language].read_text(encoding="utf-8")
    assert re.search(r"!\[[^\]]+\]\([^)]+\.png\)", text)
    assert "## What it does not do yet" in text or "## 尚未实现" in text
