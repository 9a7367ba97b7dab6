"""The server's settings: a commented file, each key known, nothing unencrypted beyond this machine."""

from __future__ import annotations

import os
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
    assert config.url == "http://127.0.0.1:9000"
    assert config.broker_url == "mqtt://127.0.0.1:9002"


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
    ("text", "unfit"),
    [
        pytest.param(
            "[http]\nhost = '0.0.0.0'", "http.host = '0.0.0.0': say in `tls.names`", id="nobody knows its name"
        ),
        pytest.param(
            "[broker]\nembedded_host = '::'", "broker.embedded_host = '::': say in `tls.names`", id="nor there"
        ),
        pytest.param("[broker]\nurl = 'mqtt://b.example'", "broker.url = 'mqtt://b.example': beyond", id="plain words"),
        pytest.param("[broker]\ngateway_url = 'mqtt://10.0.0.1'", "broker.gateway_url = 'mqtt://10.0.0.1'", id="told"),
        pytest.param("[http]\npublic_url = 'http://t.example'", "http.public_url = 'http://t.example'", id="links"),
        pytest.param("[http]\nhost = '0.0.0.0'\n[tls]\nnames = ['t.example']", "", id="a name makes it fit"),
        pytest.param("[broker]\nurl = 'mqtts://b.example'", "", id="a broker with TLS"),
        pytest.param("[broker]\nembedded_host = '10.0.0.1'", "", id="an address is a name"),
        pytest.param("", "", id="this machine alone"),
    ],
)
def test_what_keeps_the_server_from_starting_is_named_with_its_setting(tmp_path: Path, text: str, unfit: str) -> None:
    told = load_config(written(tmp_path, text)).unfit_addresses()
    assert bool(told) == bool(unfit)
    assert not told or told[0].startswith(unfit)


@pytest.mark.parametrize(
    ("text", "url", "broker_url"),
    [
        pytest.param("", "http://127.0.0.1:8470", "mqtt://127.0.0.1:8472", id="this machine alone is plain"),
        pytest.param(
            "[http]\nhost = '10.0.0.1'\n[broker]\nembedded_host = '10.0.0.1'",
            "https://10.0.0.1:8470",
            "mqtts://10.0.0.1:8472",
            id="beyond it everything is encrypted",
        ),
        pytest.param(
            "[http]\ntls = true\n[broker]\nembedded_tls = true",
            "https://127.0.0.1:8470",
            "mqtts://127.0.0.1:8472",
            id="on this machine where it is wanted",
        ),
        pytest.param(
            "[http]\nhost = '0.0.0.0'\n[broker]\nembedded_host = '::'\n[tls]\nnames = ['t.example', '10.0.0.1']",
            "https://t.example:8470",
            "mqtts://t.example:8472",
            id="gateways are told the first name",
        ),
        pytest.param(
            "[http]\npublic_url = 'https://t.example/'",
            "https://t.example",
            "mqtt://127.0.0.1:8472",
            id="behind a proxy",
        ),
    ],
)
def test_addresses_follow_from_where_the_server_listens(tmp_path: Path, text: str, url: str, broker_url: str) -> None:
    config = load_config(written(tmp_path, text))
    assert (config.url, config.broker_url) == (url, broker_url)


def test_a_certificate_without_its_key_or_ca_is_no_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="belong together"):
        load_config(written(tmp_path, "[tls]\ncertificate_file = '/x.pem'"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_of_another_user_is_told_by_its_settings(tmp_path: Path) -> None:
    folder = written(tmp_path, settings_text())
    folder.chmod(0o700)
    os.seteuid(65_534)
    try:
        with pytest.raises(ConfigError, match=r"server\.toml.*no right"):
            load_config(folder)
    finally:
        os.seteuid(0)
