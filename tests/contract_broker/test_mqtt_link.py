"""The link to the broker, on each broker."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

import pytest
from running_broker import GATEWAY_USER, SERVER_USER, USERS, RunningBroker

from edge.platform.mqtt import BrokerLogin, LinkState, MqttLink

pytestmark = pytest.mark.broker
DOWN = f"tl/v1/down/{GATEWAY_USER}/grant"


def login(broker: RunningBroker, user: str, password: str | None = None) -> BrokerLogin:
    return BrokerLogin(broker.url, user, USERS[user] if password is None else password)


def until(true: Callable[[], bool], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("prefer_mqtt5", [False, True], ids=["mqtt 3.1.1", "mqtt 5 where the broker has it"])
def test_what_is_published_arrives_at_who_subscribed(broker: RunningBroker, prefer_mqtt5: bool) -> None:
    heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
    gateway = MqttLink(
        login(broker, GATEWAY_USER),
        [f"tl/v1/down/{GATEWAY_USER}/#"],
        on_message=lambda topic, payload: heard.put((topic, payload)),
        prefer_mqtt5=prefer_mqtt5,
    )
    server = MqttLink(login(broker, SERVER_USER), [], on_message=lambda _t, _p: None, prefer_mqtt5=prefer_mqtt5)
    gateway.start()
    server.start()
    try:
        assert gateway.wait_connected(20)
        assert server.wait_connected(20)
        assert server.publish(DOWN, b"x" * 600_000)
        assert heard.get(timeout=10) == (DOWN, b"x" * 600_000)
    finally:
        gateway.stop()
        server.stop()
    assert gateway.state is LinkState.STOPPED


def test_a_wrong_password_is_named_as_such(broker: RunningBroker) -> None:
    link = MqttLink(login(broker, GATEWAY_USER, "wrong"), [], on_message=lambda _t, _p: None)
    link.start()
    try:
        assert until(lambda: link.state is LinkState.LOGIN_REFUSED)
        assert not link.connected
        assert "refused" in link.last_error
    finally:
        link.stop()


def test_after_a_restart_of_the_broker_the_link_comes_back_by_itself(broker: RunningBroker) -> None:
    connections: list[bool] = []
    link = MqttLink(
        login(broker, GATEWAY_USER),
        [f"tl/v1/down/{GATEWAY_USER}/#"],
        on_message=lambda _t, _p: None,
        on_connected=lambda: connections.append(True),
    )
    link.start()
    try:
        assert link.wait_connected(10)
        broker.kill()
        assert until(lambda: not link.connected)
        assert not link.publish(f"tl/v1/up/{GATEWAY_USER}/status", b"{}")
        broker.start()
        assert link.wait_connected(20)
        assert len(connections) == 2
    finally:
        link.stop()


def test_a_broker_that_is_not_there_is_named_unreachable(broker: RunningBroker) -> None:
    broker.kill()
    link = MqttLink(login(broker, GATEWAY_USER), [], on_message=lambda _t, _p: None)
    link.start()
    try:
        assert until(lambda: link.state is LinkState.UNREACHABLE)
    finally:
        link.stop()


def test_a_handler_that_fails_ends_the_connection_and_not_the_link(broker: RunningBroker) -> None:
    heard: list[bytes] = []

    def fail_once(_topic: str, payload: bytes) -> None:
        heard.append(payload)
        if len(heard) == 1:
            raise RuntimeError("broken handler")

    gateway = MqttLink(login(broker, GATEWAY_USER), [f"tl/v1/down/{GATEWAY_USER}/#"], on_message=fail_once)
    server = MqttLink(login(broker, SERVER_USER), [], on_message=lambda _t, _p: None)
    gateway.start()
    server.start()
    try:
        assert gateway.wait_connected(10)
        assert server.wait_connected(10)
        server.publish(DOWN, b"1")
        assert until(lambda: len(heard) == 1)
        assert until(lambda: not gateway.connected)
        assert gateway.wait_connected(10)
        server.publish(DOWN, b"2")
        assert until(lambda: b"2" in heard)
    finally:
        gateway.stop()
        server.stop()
