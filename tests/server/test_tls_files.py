"""Certificate and CA of a server: made once, renewed in time, and never exchanged behind a gateway's back."""

from __future__ import annotations

import re
import resource
from pathlib import Path

import pytest
from bench import BEGIN_US, BenchClock
from tls_listener import DAY_US, made_ca

from edge.contract.instants import UtcMicros
from edge.platform.signing import KeyFileError
from edge.platform.tls import ServedCertificate
from server.config import ServerConfig, load_config
from server.usecases.examine_tls import examine_certificate
from server.usecases.own_ca import names_of
from server.usecases.set_up import open_context, set_up
from server.usecases.tls_files import (
    CA,
    CA_CERTIFICATES,
    NEXT_CA,
    TLS_CERTIFICATE,
    TLS_KEY,
    begin_new_ca,
    broker_ca_pem,
    keep_certificate,
    load_authority,
    load_certificate,
    renew,
    take_new_ca,
    tls_files,
    tls_fingerprint,
)

NOW = UtcMicros(BEGIN_US)


def later(days: int) -> UtcMicros:
    return UtcMicros(NOW + days * DAY_US)


@pytest.fixture
def config(tmp_path: Path) -> ServerConfig:
    set_up(tmp_path / "server", now_us=NOW, names=("tally.example", "10.0.0.7"))
    return load_config(tmp_path / "server")


def fingerprint(config: ServerConfig) -> bytes:
    return tls_fingerprint(config.keys_dir / TLS_CERTIFICATE)


def is_issued_by_the_ca(config: ServerConfig) -> bool:
    keys = config.keys_dir
    return load_authority(keys / CA).issued(load_certificate(keys / TLS_CERTIFICATE))


def test_a_server_that_others_reach_listens_everywhere_under_its_names(config: ServerConfig) -> None:
    assert (config.url, config.broker_url) == ("https://tally.example:8470", "mqtts://tally.example:8472")
    assert config.unfit_addresses() == []
    names = names_of(load_certificate(config.keys_dir / TLS_CERTIFICATE))
    assert {"tally.example", "10.0.0.7", "localhost", "127.0.0.1"} <= names
    assert broker_ca_pem(config) == (config.keys_dir / CA_CERTIFICATES).read_text()


@pytest.mark.parametrize(
    ("days", "is_renewed"),
    [
        pytest.param(0, False, id="new"),
        pytest.param(760, False, id="more than two months are left"),
        pytest.param(770, True, id="less than two months are left"),
        pytest.param(900, True, id="it has ended"),
        pytest.param(-20_000, False, id="a clock that lost its time ends nothing"),
    ],
)
def test_a_certificate_is_renewed_two_months_before_its_end_with_the_same_key(
    config: ServerConfig, days: int, is_renewed: bool
) -> None:
    before = fingerprint(config)
    assert keep_certificate(config, now_us=later(days)) is is_renewed
    assert fingerprint(config) == before
    assert is_issued_by_the_ca(config)


def test_another_name_in_the_settings_is_in_the_certificate_at_the_next_look(config: ServerConfig) -> None:
    tls = config.tls.model_copy(update={"names": ("other.example",)})
    moved = config.model_copy(update={"tls": tls})
    assert keep_certificate(moved, now_us=NOW)
    names = names_of(load_certificate(config.keys_dir / TLS_CERTIFICATE))
    assert "other.example" in names
    assert "tally.example" not in names


@pytest.mark.parametrize("gone", [[TLS_CERTIFICATE], [TLS_KEY], [TLS_KEY, TLS_CERTIFICATE]])
def test_whoever_was_stopped_while_renewing_has_a_pair_that_fits_at_the_next_start(
    config: ServerConfig, gone: list[str]
) -> None:
    for name in gone:
        (config.keys_dir / name).unlink()
    assert keep_certificate(config, now_us=NOW)
    assert is_issued_by_the_ca(config)
    assert not keep_certificate(config, now_us=NOW)


def test_a_key_exchanged_without_its_certificate_gets_a_new_one(config: ServerConfig) -> None:
    before = fingerprint(config)
    (config.keys_dir / TLS_KEY).unlink()
    keep_certificate(config, now_us=NOW)
    assert fingerprint(config) != before
    assert renew(config, now_us=NOW, with_new_key=True)
    assert is_issued_by_the_ca(config)


@pytest.mark.parametrize("with_new_key", [False, True], ids=["same key", "new key"])
def test_a_full_disk_while_renewing_leaves_the_pair_that_serves(config: ServerConfig, with_new_key: bool) -> None:
    files, before = tls_files(config), fingerprint(config)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, limits[1]))  # room for a key, and for no certificate
    try:
        with pytest.raises(OSError, match=re.escape(str(files.certificate))):
            renew(config, now_us=later(1), with_new_key=with_new_key)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert fingerprint(config) == before
    ServedCertificate(files.certificate, files.key)
    assert renew(config, now_us=later(1), with_new_key=with_new_key)
    assert (fingerprint(config) != before) is with_new_key
    ServedCertificate(files.certificate, files.key)


def test_a_ca_that_gateways_hold_is_never_made_anew_by_itself(config: ServerConfig) -> None:
    (config.keys_dir / CA).unlink()
    with pytest.raises(KeyFileError, match="Restore it"):
        keep_certificate(config, now_us=NOW)


def test_a_folder_of_an_older_release_gets_a_ca_and_keeps_its_key(config: ServerConfig) -> None:
    keys, before = config.keys_dir, fingerprint(config)
    for name in (CA, CA_CERTIFICATES):
        (keys / name).unlink()
    assert keep_certificate(config, now_us=NOW)
    assert fingerprint(config) == before


def test_a_new_ca_is_given_out_beside_the_old_one_until_it_takes_over(config: ServerConfig) -> None:
    keys, before = config.keys_dir, (config.keys_dir / CA_CERTIFICATES).read_text()
    assert begin_new_ca(config, now_us=NOW)
    assert not begin_new_ca(config, now_us=NOW)
    both = (keys / CA_CERTIFICATES).read_text()
    assert both.startswith(before)
    assert both.count("BEGIN CERTIFICATE") == 2
    old = load_authority(keys / CA)
    assert old.issued(load_certificate(keys / TLS_CERTIFICATE))
    assert take_new_ca(config, now_us=NOW)
    assert not take_new_ca(config, now_us=NOW)
    assert both == before + (keys / CA_CERTIFICATES).read_text()
    assert not old.issued(load_certificate(keys / TLS_CERTIFICATE))


def test_a_handover_that_was_stopped_half_way_can_be_finished(config: ServerConfig) -> None:
    keys = config.keys_dir
    begin_new_ca(config, now_us=NOW)
    (keys / CA).write_bytes((keys / NEXT_CA).read_bytes())  # the power went before the next line
    keep_certificate(config, now_us=NOW)
    assert is_issued_by_the_ca(config)
    assert take_new_ca(config, now_us=NOW)
    assert (keys / CA_CERTIFICATES).read_text().count("BEGIN CERTIFICATE") == 1


def with_own_files(config: ServerConfig, folder: Path, *names: str, at_us: int) -> ServerConfig:
    ca = made_ca(at_us)
    certificate, key = ca.files(folder, *names, at_us=at_us)
    (folder / "ca.pem").write_text(ca.pem)
    files = {"certificate_file": certificate, "key_file": key, "ca_file": folder / "ca.pem"}
    return config.model_copy(update={"tls": config.tls.model_copy(update=files)})


def test_a_certificate_of_a_departments_own_ca_is_used_and_left_alone(config: ServerConfig, tmp_path: Path) -> None:
    own = with_own_files(config, tmp_path / "own", "tally.example", at_us=NOW)
    before = (tmp_path / "own" / "leaf.pem").read_bytes()
    assert not keep_certificate(own, now_us=later(2000))
    assert not renew(own, now_us=NOW)
    assert (tmp_path / "own" / "leaf.pem").read_bytes() == before
    assert broker_ca_pem(own) == (tmp_path / "own" / "ca.pem").read_text()


@pytest.mark.parametrize(
    ("names", "days", "ok", "said"),
    [
        pytest.param(("tally.example", "10.0.0.7"), 0, True, "certificate_good", id="in order"),
        pytest.param(("tally.example",), 0, False, "certificate_nameless", id="a name is missing"),
        pytest.param(("tally.example", "10.0.0.7"), 810, False, "certificate_good", id="it ends in two weeks"),
    ],
)
def test_doctor_looks_at_the_certificate(
    config: ServerConfig, tmp_path: Path, names: tuple[str, ...], days: int, ok: bool, said: str
) -> None:
    own = with_own_files(config, tmp_path / "own", *names, at_us=NOW)
    context = open_context(own, BenchClock(later(days)))
    check = examine_certificate(context)
    assert (check.ok, getattr(check.detail, "code", "")) == (ok, said)
    assert bool(check.do) is not ok
    context.db.close()


def test_doctor_names_a_key_that_is_not_the_certificates(config: ServerConfig, tmp_path: Path) -> None:
    own = with_own_files(config, tmp_path / "own", "tally.example", at_us=NOW)
    made_ca(NOW).files(tmp_path / "other", "tally.example", at_us=NOW)
    (tmp_path / "own" / "leaf-key.pem").write_bytes((tmp_path / "other" / "leaf-key.pem").read_bytes())
    context = open_context(own, BenchClock())
    check = examine_certificate(context)
    assert not check.ok
    assert "its key is another one" in check.detail
    context.db.close()
