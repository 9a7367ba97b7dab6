"""Connections that are encrypted: who is believed, and what a person is told about who is not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running_broker import GATEWAY_USER, USERS, RunningBroker
from scripted_gateway import until
from tls_listener import DAY_US, made_ca, now_us, tls_in_front_of

from edge.local.words import told as told_in
from edge.platform.mqtt import BrokerLogin, MqttLink
from edge.platform.tls import Trust

pytestmark = pytest.mark.broker
YEARS_US = 1000 * DAY_US


@contextmanager
def linked(url: str, trust: Trust) -> Iterator[MqttLink]:
    login = BrokerLogin(url, GATEWAY_USER, USERS[GATEWAY_USER], trust)
    link = MqttLink(login, [f"tl/v1/down/{GATEWAY_USER}/#"], on_message=lambda _topic, _payload: None)
    link.start()
    try:
        assert until(lambda: link.connected or bool(link.last_error))
        yield link
    finally:
        link.stop()


def test_a_broker_is_believed_by_its_ca_and_its_name(broker: RunningBroker, tmp_path: Path) -> None:
    ca = made_ca(now_us())
    files = ca.files(tmp_path / "tls", "127.0.0.1", at_us=now_us())
    with tls_in_front_of(broker.port, files) as port, linked(f"mqtts://127.0.0.1:{port}", Trust(ca.pem)) as link:
        assert link.connected, link.last_error


@pytest.mark.parametrize(
    ("made", "name", "newest", "trusted", "code"),
    [
        pytest.param(0, "127.0.0.1", None, "another", "tls_other_ca", id="another CA"),
        pytest.param(0, "t.example", None, "this", "tls_other_name", id="another name"),
        pytest.param(-YEARS_US, "127.0.0.1", None, "this", "tls_expired", id="expired"),
        pytest.param(2 * DAY_US, "127.0.0.1", None, "this", "tls_not_yet", id="not valid yet"),
        pytest.param(0, "127.0.0.1", ssl.TLSVersion.TLSv1_2, "this", "tls_old", id="TLS 1.2 alone"),
    ],
)
def test_a_broker_that_may_not_be_believed_is_named_with_the_reason_in_both_languages(
    broker: RunningBroker, tmp_path: Path, made: int, name: str, newest: ssl.TLSVersion | None, trusted: str, code: str
) -> None:
    ca = made_ca(now_us() - 2 * YEARS_US)
    believed = ca if trusted == "this" else made_ca(now_us())
    files = ca.files(tmp_path / "tls", name, at_us=now_us() + made)
    with (
        tls_in_front_of(broker.port, files, newest=newest) as port,
        linked(f"mqtts://127.0.0.1:{port}", Trust(believed.pem)) as link,
    ):
        assert not link.connected
        told = link.last_error
    assert getattr(told, "code", told) == code
    english, chinese = told_in(told, "en"), told_in(told, "zh-CN")
    assert english == told
    assert chinese != english


def test_a_machine_that_does_not_know_the_time_believes_the_pinned_ca_without_it(
    broker: RunningBroker, tmp_path: Path
) -> None:
    ca = made_ca(now_us() + 10 * YEARS_US)
    files = ca.files(tmp_path / "tls", "127.0.0.1", at_us=now_us() + 10 * YEARS_US)
    with tls_in_front_of(broker.port, files) as port:
        with linked(f"mqtts://127.0.0.1:{port}", Trust(ca.pem)) as strict:
            assert getattr(strict.last_error, "code", "") == "tls_not_yet"
        with linked(f"mqtts://127.0.0.1:{port}", Trust(ca.pem, checks_time=False)) as link:
            assert link.connected, link.last_error
        with linked(f"mqtts://127.0.0.1:{port}", Trust(made_ca(now_us()).pem, checks_time=False)) as other:
            assert getattr(other.last_error, "code", "") == "tls_other_ca"


def test_plain_words_to_a_port_with_tls_are_told(broker: RunningBroker, tmp_path: Path) -> None:
    ca = made_ca(now_us())
    files = ca.files(tmp_path / "tls", "127.0.0.1", at_us=now_us())
    with tls_in_front_of(broker.port, files) as port, linked(f"mqtt://127.0.0.1:{port}", Trust()) as link:
        assert getattr(link.last_error, "code", "") == "broker_wants_tls"
        assert "TLS" in told_in(link.last_error, "zh-CN")


def test_tls_to_a_port_where_a_broker_speaks_plainly_is_told(broker: RunningBroker) -> None:
    with linked(f"mqtts://127.0.0.1:{broker.port}", Trust()) as link:
        assert getattr(link.last_error, "code", link.last_error) == "broker_speaks_plain"


def test_tls_to_what_speaks_none_is_told() -> None:
    def answer() -> None:
        taken, _ = listening.accept()
        with taken:
            taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, daemon=True).start()
        with linked(f"mqtts://127.0.0.1:{listening.getsockname()[1]}", Trust()) as link:
            assert getattr(link.last_error, "code", link.last_error) == "tls_none"
