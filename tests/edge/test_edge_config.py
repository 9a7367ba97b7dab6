"""The settings file: what `init` writes can be read, what is wrong in it is named with file, key and what to do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from edge.config import DEFAULT_PATTERNS, EdgeConfig, SourceConfig, load_config
from edge.local.settings_file import SettingsExistError, settings_text, write_settings
from edge.platform.settings import ConfigError


def refused(tmp_path: Path, text: str) -> ConfigError:
    path = tmp_path / "edge.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert str(path) in str(error.value)
    return error.value


SOURCE = '[[sources]]\nname = "a"\nfolder = "in"\n'


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        pytest.param("uplods_in_flight = 3", "uplods_in_flight", "unknown key", id="an unknown key"),
        pytest.param(SOURCE + "time_zon = 'x'", "sources.0.time_zon", "unknown key", id="an unknown key of a source"),
        pytest.param(SOURCE + "time_zone = 'Mars/Base'", "sources.0.time_zone", "IANA", id="a zone that is none"),
        pytest.param("uploads_in_flight = 0", "uploads_in_flight", "at least 1", id="a value too low"),
        pytest.param("disk_warn_percent = 99.0", "", "must rise", id="levels that do not rise"),
        pytest.param(SOURCE + "patterns = ['(']", "sources.0.patterns", "regular expression", id="a broken pattern"),
        pytest.param(SOURCE + "patterns = ['(?P<x>.)']", "sources.0.patterns", "known are", id="an unknown group"),
        pytest.param(SOURCE + "patterns = ['.*']", "sources.0.patterns", "no group", id="a pattern that says nothing"),
        pytest.param("[[sources]]\nname = 'a'", "sources.0.folder", "is missing", id="a source without its folder"),
        pytest.param(SOURCE + SOURCE, "", "same name", id="two sources of one name"),
        pytest.param(
            "release = 'receipted'\n" + SOURCE, "", "nothing in it is ever deleted", id="a folder that deletes"
        ),
        pytest.param("data_dir = [", "", "not TOML", id="broken TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, key: str, says: str) -> None:
    error = refused(tmp_path, text)
    assert error.key == key
    assert says in str(error)


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tallylight-edge init"):
        load_config(tmp_path / "edge.toml")


def test_relative_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text(SOURCE)
    config = load_config(tmp_path / "edge.toml")
    assert config.data_dir == tmp_path
    assert config.sources[0].folder == tmp_path / "in"


def test_the_environment_stands_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "edge.toml").write_text('language = "zh-CN"')
    monkeypatch.setenv("TALLYLIGHT_EDGE_LANGUAGE", "en")
    assert load_config(tmp_path / "edge.toml").language == "en"


def test_init_writes_settings_that_can_be_read(tmp_path: Path) -> None:
    source = tmp_path / 'records "of" 执法'
    config = load_config(write_settings(tmp_path / "data", source))
    assert config == EdgeConfig(data_dir=tmp_path / "data", sources=(SourceConfig(name="folder", folder=source),))


def test_init_never_overwrites(tmp_path: Path) -> None:
    write_settings(tmp_path, None)
    with pytest.raises(SettingsExistError):
        write_settings(tmp_path, None)


def test_every_setting_is_explained_with_its_default(tmp_path: Path) -> None:
    text = re.sub(r"^# (?=[a-z_]+ = |\]|  ')", "", settings_text(tmp_path), flags=re.MULTILINE)
    uncommented = tomllib.loads(text)
    (source,) = uncommented.pop("sources")
    defaults = EdgeConfig(data_dir=tmp_path)
    assert uncommented.keys() == EdgeConfig.model_fields.keys() - {"sources"}
    assert EdgeConfig(**(uncommented | {"data_dir": tmp_path})) == defaults
    assert source.keys() == SourceConfig.model_fields.keys()
    assert SourceConfig(**source) == SourceConfig(name="folder", folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "device", "start", "sequence"),
    [
        ("BC01_20261121080000_0001", "BC01", "20261121080000", "0001"),
        ("BC-01_20261121T080000Z", "BC-01", "20261121T080000Z", None),
        ("DSJ-K9-000123_20261121_080000_12", "DSJ-K9-000123", "20261121_080000", "12"),
        ("20261121_080000_BC01_3", "BC01", "20261121_080000", "3"),
        ("BC01-20261121-080000", "BC01", "20261121-080000", None),
    ],
)
def test_the_usual_names_are_read(name: str, device: str, start: str, sequence: str | None) -> None:
    for pattern in DEFAULT_PATTERNS:
        if match := re.fullmatch(pattern, name):
            assert (match["device"], match["start"], match["sequence"]) == (device, start, sequence)
            return
    raise AssertionError(f"no pattern reads {name}")


@pytest.mark.parametrize("name", ["holiday", "VID_2026", "20261121080000", "IMG_1234"])
def test_other_names_are_not_read_as_devices(name: str) -> None:
    assert not any(re.fullmatch(pattern, name) for pattern in DEFAULT_PATTERNS)
