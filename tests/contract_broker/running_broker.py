"""Real brokers on free ports of the loopback, one process each, ended by their own id."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

SERVER_USER, GATEWAY_USER, OTHER_GATEWAY_USER = "tl-server", "gw-0123456789abcdef", "gw-fedcba9876543210"
USERS = {user: f"secret-of-{user}" for user in (SERVER_USER, GATEWAY_USER, OTHER_GATEWAY_USER)}

_MOSQUITTO_ACL = f"""
user {SERVER_USER}
topic readwrite tl/#
pattern write tl/v1/up/%u/#
pattern write tl/v1/data/+/%u/#
pattern read tl/v1/down/%u/#
"""


@dataclass
class RunningBroker:
    """A broker that can be stopped and started again on the same port."""

    kind: str
    folder: Path
    port: int
    users: dict[str, str] = field(default_factory=lambda: dict(USERS))
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when connections are taken."""
        self.process = self._mosquitto() if self.kind == "mosquitto" else self._amqtt()
        until = time.monotonic() + 15
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{self.kind} does not come up")

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _amqtt(self) -> subprocess.Popen[str]:
        child = Path(__file__).with_name("amqtt_child.py")
        log = (self.folder / "amqtt.log").open("a")
        process = subprocess.Popen(
            [sys.executable, str(child), str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            text=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(self.users) + "\n")
        process.stdin.flush()
        return process

    def _mosquitto(self) -> subprocess.Popen[str]:
        passwords, acl, config = (self.folder / name for name in ("passwords", "acl", "mosquitto.conf"))
        passwords.write_text("".join(f"{user}:{password}\n" for user, password in self.users.items()))
        subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)
        acl.write_text(_MOSQUITTO_ACL)
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\nacl_file {acl}\n"
            "max_queued_messages 0\nmax_inflight_messages 0\nuser root\n"
        )
        for secret in (passwords, acl):
            secret.chmod(0o600)
        log = (self.folder / "mosquitto.log").open("a")
        return subprocess.Popen(["mosquitto", "-c", str(config)], stdout=log, stderr=log, text=True)


def free_port(count: int = 1) -> int:
    """The first of `count` ports of the loopback that were free a moment ago.

    Below the range the kernel takes outgoing ports from: there, a client that calls a closed port could get just that
    one as its own and keep the server off it.
    """
    while True:
        first = 20_000 + secrets.randbelow(12_000 - count)
        if all(_is_free(first + step) for step in range(count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
