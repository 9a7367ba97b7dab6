"""The server's settings: a commented file, each key known, nothing unencrypted beyond this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.platform.settings import ConfigError
from server.config import ServerConfig, load_config
from server.usecases.settings_file import settings_text


def written(folder: Path, text: str) -> Path:
    (folder / "server.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_file_that_init_writes_means_the_defaults(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, settings_text())) == ServerConfig(data_dir=tmp_path)


def test_every_line_of_the_file_is_a_setting_that_may_be_uncommented(tmp_path: Path) -> None:
    lines = settings_text().splitlines()[2:]
    uncommented = "\n".join(line.removeprefix("# ") for line in lines)
    assert load_config(written(tmp_path, uncommented)) == ServerConfig(data_dir=tmp_path)


def test_a_port_moves_pages_figures_and_broker_together(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, settings_text(9000)))
    assert (config.http.port, config.metrics.port, config.broker.embedded_port) == (9000, 9001, 9002)
    assert config.http.url == "http://127.0.0.1:9000"
    assert config.broker.told_to_gateways == "mqtt://127.0.0.1:9002"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("[http]\nprot = 1", "http.prot", id="an unknown key"),
        pytest.param("[http]\nport = 0", "http.port", id="a port out of range"),
        pytest.param("[broker]\nurl = 'tcp://x'", "broker.url", id="no broker address"),
        pytest.param("language = 'fr'", "language", id="an unknown language"),
        pytest.param("not toml", "", id="not TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, text))
    assert caught.value.key == key
    assert str(tmp_path / "server.toml") in str(caught.value)


def test_the_environment_stands_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYLIGHT_HTTP__PORT", "9100")
    config = load_config(written(tmp_path, "[http]\nport = 9000\nsign_in_idle_minutes = 7"))
    assert (config.http.port, config.http.sign_in_idle_minutes) == (9100, 7)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[http]\nhost = '0.0.0.0'", ["http.host = '0.0.0.0'"]),
        ("[broker]\nembedded_host = '10.0.0.1'", ["broker.embedded_host = '10.0.0.1'"]),
        ("[broker]\nurl = 'mqtt://broker.example'", ["broker.url = 'mqtt://broker.example'"]),
        ("[broker]\nurl = 'mqtts://broker.example'", []),
        ("[broker]\ngateway_url = 'mqtt://broker.example'", ["broker.gateway_url = 'mqtt://broker.example'"]),
        ("", []),
    ],
)
def test_an_address_that_would_speak_unencrypted_beyond_this_machine_is_named(
    tmp_path: Path, text: str, wrong: list[str]
) -> None:
    assert load_config(written(tmp_path, text)).addresses_without_tls() == wrong
