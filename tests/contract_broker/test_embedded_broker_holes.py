"""The holes of amqtt 0.12.1: each is shown on amqtt as it comes, and closed in the embedded broker.

Where the plain one no longer has a hole, its test fails here, and the code that closes it can go.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from running_broker import free_port
from scripted_gateway import until

from server.domain.broker_access import SERVER_USER
from server.ingest.embedded_broker import EmbeddedBroker

pytestmark = pytest.mark.broker
NORTH, SOUTH = "gw-0123456789abcdef", "gw-fedcba9876543210"
PASSWORDS = {user: f"secret-of-{user}" for user in (SERVER_USER, NORTH, SOUTH)}


@pytest.fixture
def hardened() -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker("127.0.0.1", free_port(), PASSWORDS)
    broker.start()
    assert broker.wait_up(20), broker.last_error
    yield broker
    broker.stop()


@pytest.fixture
def plain_port() -> Iterator[int]:
    port = free_port()
    child = Path(__file__).with_name("plain_amqtt_child.py")
    process = subprocess.Popen(
        [sys.executable, str(child), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(PASSWORDS) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    yield port
    process.kill()
    process.wait()


@pytest.fixture(params=["hardened", "plain"])
def port_and_hole(request: pytest.FixtureRequest) -> tuple[int, bool]:
    """A broker's port, and whether it is expected to have the hole."""
    if request.param == "hardened":
        return request.getfixturevalue("hardened").port, False
    return request.getfixturevalue("plain_port"), True


class Client:
    """A bare client that records what it hears."""

    def __init__(
        self, port: int, user: str, *, password: str | None = None, client_id: str = "", will: str = ""
    ) -> None:
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.answers: queue.Queue[bool] = queue.Queue()
        self.subscribed: queue.Queue[list[int]] = queue.Queue()
        self.mqtt = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False)
        self.mqtt.username_pw_set(user, PASSWORDS[user] if password is None else password)
        if will:
            self.mqtt.will_set(will, b"last words", qos=1)
        self.mqtt.on_connect = lambda _c, _u, _f, reason, _p: self.answers.put(not reason.is_failure)
        self.mqtt.on_subscribe = lambda _c, _u, _m, codes, _p: self.subscribed.put([code.value for code in codes])
        self.mqtt.on_message = lambda _c, _u, message: self.heard.put((message.topic, message.payload))
        self.mqtt.connect("127.0.0.1", port)
        self.mqtt.loop_start()
        self.let_in = self.answers.get(timeout=10)

    def subscribe(self, pattern: str) -> list[int]:
        self.mqtt.subscribe(pattern, qos=1)
        return self.subscribed.get(timeout=10)

    def hears(self, within_s: float = 1.5) -> bool:
        with contextlib.suppress(queue.Empty):
            return bool(self.heard.get(timeout=within_s))
        return False

    def cut(self) -> None:
        """As a broken cable would: without a DISCONNECT."""
        raw = self.mqtt.socket()
        assert raw is not None
        raw.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


def test_a_retained_message_reaches_nobody_who_did_not_subscribe(port_and_hole: tuple[int, bool]) -> None:
    port, has_hole = port_and_hole
    server, south = Client(port, SERVER_USER), Client(port, SOUTH)
    south.subscribe(f"tl/v1/down/{SOUTH}/#")
    server.mqtt.publish(f"tl/v1/down/{SOUTH}/grant", b"secret", qos=1, retain=True)
    assert south.hears()
    newcomer = Client(port, NORTH)
    assert newcomer.hears() is has_hole
    for client in (server, south, newcomer):
        client.end()


def test_a_last_will_never_speaks_where_its_owner_may_not(port_and_hole: tuple[int, bool]) -> None:
    port, has_hole = port_and_hole
    south = Client(port, SOUTH)
    south.subscribe(f"tl/v1/down/{SOUTH}/#")
    hostile = Client(port, NORTH, will=f"tl/v1/down/{SOUTH}/refusal")
    hostile.cut()
    assert south.hears() is has_hole
    hostile.end()
    south.end()


def test_a_wrong_password_with_a_known_client_id_does_not_deafen_its_owner(port_and_hole: tuple[int, bool]) -> None:
    port, has_hole = port_and_hole
    server, north = Client(port, SERVER_USER), Client(port, NORTH, client_id="known-id")
    north.subscribe(f"tl/v1/down/{NORTH}/#")
    intruder = Client(port, NORTH, password="guessed", client_id="known-id")
    assert not intruder.let_in
    server.mqtt.publish(f"tl/v1/down/{NORTH}/grant", b"for north", qos=1)
    assert north.hears() is not has_hole
    for client in (server, north, intruder):
        client.end()


@pytest.mark.parametrize("pattern", ["#", "tl/v1/#", "tl/v1/up/#", f"tl/v1/down/{SOUTH}/#", "tl/v1/down/+/grant"])
def test_a_gateway_cannot_listen_beyond_its_own_answers(hardened: EmbeddedBroker, pattern: str) -> None:
    north = Client(hardened.port, NORTH)
    assert north.subscribe(pattern) == [0x80]
    north.end()


def test_a_user_who_is_no_longer_among_the_logins_is_cut_and_kept_out(hardened: EmbeddedBroker) -> None:
    north, south = Client(hardened.port, NORTH), Client(hardened.port, SOUTH)
    hardened.apply({user: password for user, password in PASSWORDS.items() if user != NORTH})
    assert until(lambda: not north.mqtt.is_connected(), seconds=10)
    assert south.mqtt.is_connected()
    assert not Client(hardened.port, NORTH).let_in
    for client in (north, south):
        client.end()


def test_a_changed_password_ends_the_session_of_the_old_one(hardened: EmbeddedBroker) -> None:
    north = Client(hardened.port, NORTH)
    hardened.apply({**PASSWORDS, NORTH: "another-generation"})
    assert until(lambda: not north.mqtt.is_connected(), seconds=10)
    assert Client(hardened.port, NORTH, password="another-generation").let_in
    north.end()


@pytest.mark.kill
def test_a_broker_that_dies_is_started_again_with_its_logins(hardened: EmbeddedBroker) -> None:
    dead = hardened.pid
    assert dead is not None
    os.kill(dead, signal.SIGKILL)
    assert until(lambda: hardened.up and hardened.pid not in (None, dead), seconds=20)
    client = Client(hardened.port, NORTH)
    assert client.let_in
    client.end()


@pytest.mark.kill
def test_the_broker_dies_with_the_server(tmp_path: Path) -> None:
    port = free_port()
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(port)], stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert parent.stderr is not None
    child = int(parent.stderr.readline())
    parent.kill()
    parent.communicate()
    assert until(lambda: not Path(f"/proc/{child}").exists() or _is_zombie(child), seconds=10)


_PARENT = """
import sys, time
from server.ingest.embedded_broker import EmbeddedBroker
broker = EmbeddedBroker("127.0.0.1", int(sys.argv[1]), {"tl-server": "x"})
broker.start()
assert broker.wait_up(20), broker.last_error
print(broker.pid, file=sys.stderr, flush=True)  # log lines of another thread go to standard output
time.sleep(60)
"""


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_busy_port_is_named(hardened: EmbeddedBroker) -> None:
    second = EmbeddedBroker("127.0.0.1", hardened.port, PASSWORDS)
    second.start()
    assert until(lambda: str(hardened.port) in second.last_error, seconds=20)
    second.stop()


def test_a_connection_that_says_nothing_does_not_stay(hardened: EmbeddedBroker) -> None:
    with socket.create_connection(("127.0.0.1", hardened.port)) as silent:
        silent.settimeout(20)
        assert silent.recv(1) == b""


def test_a_packet_larger_than_anything_that_is_said_here_ends_its_connection(port_and_hole: tuple[int, bool]) -> None:
    port, has_hole = port_and_hole
    server, hostile, south = Client(port, SERVER_USER), Client(port, NORTH), Client(port, SOUTH)
    server.subscribe("tl/v1/up/#")
    hostile.mqtt.publish(f"tl/v1/up/{NORTH}/report", bytes(3_000_000), qos=1)
    assert server.hears(within_s=5) is has_hole
    south.mqtt.publish(f"tl/v1/up/{SOUTH}/report", bytes(900_000), qos=1)
    assert server.hears(within_s=5)
    for client in (server, hostile, south):
        client.end()
