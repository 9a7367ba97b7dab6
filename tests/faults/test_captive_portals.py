"""A sign-in page of a network stands where server and broker should be: nothing of it is taken as an answer."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from running_broker import free_port
from scripted_gateway import CLOCK, until
from served import new_context

from edge.local.enrolment import enrol
from edge.local.words import told as told_in
from edge.platform.mqtt import BrokerLogin, LinkState, MqttLink
from edge.storage.identity import NotEnrolledError, load_identity
from edge.transport.enrolment_call import ForeignServerError, ServerUnreachableError, ask_to_enrol
from server.usecases.enrol_gateway import enrol_gateway, invite_gateway

PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: 46\r\n\r\n"
    b"<html><body>Please sign in to WLAN</body></html>"
)


class Page(socketserver.BaseRequestHandler):
    """Answers whatever comes with the page."""

    def handle(self) -> None:
        with suppress(OSError):  # who heard enough goes away
            self.request.recv(65_536)
            self.request.sendall(PAGE)


@contextmanager
def portal(port: int) -> Iterator[None]:
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join(5)


def test_a_page_in_place_of_the_server_enrols_nobody_and_the_code_stays_good(tmp_path: Path) -> None:
    context = new_context(tmp_path / "server")
    invitation = invite_gateway(
        context.db, "dock", unit_number=None, tls_fingerprint=context.tls_fingerprint, by="t", now_us=CLOCK.now_us()
    )
    port, code, data = free_port(), str(invitation.code), tmp_path / "edge"
    with portal(port):
        for scheme, told in (("http", ServerUnreachableError), ("https", (ServerUnreachableError, ForeignServerError))):
            with pytest.raises(told):
                enrol(data, f"{scheme}://127.0.0.1:{port}", code, now_us=CLOCK.now_us(), ask=ask_to_enrol)
    with pytest.raises(NotEnrolledError):
        load_identity(data)
    identity = enrol(
        data,
        "http://127.0.0.1:1",
        code,
        now_us=CLOCK.now_us(),
        ask=lambda _url, request, **_pin: enrol_gateway(context, request, now_us=CLOCK.now_us()),
    )
    assert load_identity(data) == identity
    context.db.close()


@pytest.mark.parametrize("prefer_mqtt5", [True, False])
def test_a_page_in_place_of_the_broker_is_no_connection_and_is_told_as_what_it_is(*, prefer_mqtt5: bool) -> None:
    port, heard = free_port(), []
    login = BrokerLogin(f"mqtt://127.0.0.1:{port}", "gw-0123456789abcdef", "password")
    link = MqttLink(
        login,
        ["tl/v1/down/gw-0123456789abcdef/#"],
        on_message=lambda topic, payload: heard.append((topic, payload)),
        prefer_mqtt5=prefer_mqtt5,
        retry_s=(0.1, 0.2),
    )
    with portal(port):
        link.start()
        assert not link.wait_connected(1.5)
        state, told = link.state, link.last_error
        assert not link.publish("tl/v1/up/gw-0123456789abcdef/hello", b"{}")
    link.stop()
    assert state is LinkState.UNANSWERED
    assert getattr(told, "code", told) == "broker_no_mqtt"
    assert told_in(told, "zh-CN") != told_in(told, "en") == told
    assert heard == []


def test_a_name_that_nobody_knows_is_told() -> None:
    link = MqttLink(
        BrokerLogin("mqtt://no-such-broker.invalid:1883", "gw-0123456789abcdef", "password"),
        [],
        on_message=lambda _topic, _payload: None,
        retry_s=(0.1, 0.2),
    )
    link.start()
    assert until(lambda: link.state is LinkState.UNREACHABLE, 20)
    link.stop()
    assert getattr(link.last_error, "code", link.last_error) == "os_no_name"
