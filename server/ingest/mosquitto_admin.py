"""Logins of an external Mosquitto through its dynamic-security plugin: one client and one role per gateway.

Dynamic security 2.0 puts no user name into topic patterns, so each role has its gateway's id written out. disableClient
cuts the live connection. Source: mosquitto.org/documentation/dynamic-security.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from edge.contract.topics import ROOT, server_subscriptions
from edge.platform.mqtt import BrokerLogin, MqttLink
from server.domain.broker_access import PING_TOPIC, SERVER_USER
from server.ingest.login_keeper import BrokerAdminError

log = structlog.get_logger(__name__)
_COMMANDS = "$CONTROL/dynamic-security/v1"
_ANSWERS = f"{_COMMANDS}/response"
_ANSWER_WAIT_S = 10.0
_THERE_ALREADY = frozenset({"Role already exists", "ACL with this topic already exists"})

Command = dict[str, Any]


class MosquittoAdmin:
    """An administrator's connection. `apply` may be called from one thread."""

    def __init__(self, login: BrokerLogin, *, on_connected: Callable[[], None]) -> None:
        """`on_connected` is called after every connect: a broker that was emptied must be filled again."""
        self._link = MqttLink(login, [_ANSWERS], on_message=self._hear, on_connected=on_connected, retry_s=(0.2, 5.0))
        self._answered = threading.Event()
        self._waiting_for = ""
        self._responses: list[dict[str, Any]] = []

    def start(self) -> None:
        """Begin connecting; returns at once."""
        self._link.start()

    def stop(self) -> None:
        """Close the connection."""
        self._link.stop()

    @property
    def link(self) -> MqttLink:
        """The connection, for its state."""
        return self._link

    def apply(self, logins: Mapping[str, str]) -> None:
        """From now on exactly these of our users may log in (user -> password). Raises BrokerAdminError."""
        if not self._link.wait_connected(_ANSWER_WAIT_S):
            raise BrokerAdminError(why=f"no connection as administrator ({self._link.last_error or 'no answer'})")
        present = self._clients()
        self._ask([_default_access()])
        for user, password in logins.items():
            mark = _mark(user, password)
            if present.get(user) == mark:
                continue  # telling it again would cut a connection that stands
            self._ask([_create_role(user), *_role_access(user)], forgive=_THERE_ALREADY)
            client = {"username": user, "password": password, "roles": _roles(user), "textdescription": mark}
            if user in present:
                self._ask([{"command": "modifyClient", **client}, {"command": "enableClient", "username": user}])
            else:
                self._ask([{"command": "createClient", **client}])
        for user in present.keys() - set(logins):
            if user.startswith("gw-") and present[user] is not None:
                self._ask([{"command": "disableClient", "username": user}])
                log.info("broker_client_disabled", gateway=user)

    def _clients(self) -> dict[str, str | None]:
        """User -> the mark it was left with; None where it is disabled."""
        (answer,) = self._ask([{"command": "listClients", "verbose": True}])
        return {
            client["username"]: None if client.get("disabled") else str(client.get("textdescription", ""))
            for client in answer["data"]["clients"]
        }

    def _ask(self, commands: list[Command], *, forgive: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
        mark = secrets.token_hex(8)
        self._answered.clear()
        self._responses, self._waiting_for = [], mark
        marked = [{**command, "correlationData": mark} for command in commands]
        self._link.publish(_COMMANDS, json.dumps({"commands": marked}).encode())
        if not self._answered.wait(_ANSWER_WAIT_S):
            raise BrokerAdminError(why="no answer: is the dynamic-security plugin loaded?")
        for response in self._responses:
            error = response.get("error")
            if error is not None and error not in forgive:
                raise BrokerAdminError(why=f"{response.get('command')}: {error}")
        return self._responses

    def _hear(self, topic: str, payload: bytes) -> None:
        try:
            responses = json.loads(payload)["responses"]
        except (ValueError, KeyError) as error:
            log.warning("broker_admin_unreadable_answer", topic=topic, why=type(error).__name__)
            return
        if any(response.get("correlationData") == self._waiting_for for response in responses):
            self._responses = responses
            self._answered.set()


def _mark(user: str, password: str) -> str:
    """Left at a client that was told all of it: this password, this access. The password has 256 random bits, so the
    digest tells nothing of it.
    """
    told = json.dumps([user, password, _role_access(user)])
    return hashlib.sha256(told.encode()).hexdigest()


def _default_access() -> Command:
    kinds = ("publishClientSend", "publishClientReceive", "subscribe")
    return {"command": "setDefaultACLAccess", "acls": [{"acltype": kind, "allow": False} for kind in kinds]}


def _roles(user: str) -> list[Command]:
    return [{"rolename": f"tallylight-{user}"}]


def _create_role(user: str) -> Command:
    return {"command": "createRole", "rolename": f"tallylight-{user}"}


def _role_access(user: str) -> list[Command]:
    """What the role may do; adding what is there already is no error."""
    if user == SERVER_USER:
        heard = [*server_subscriptions("+"), PING_TOPIC]
        access = [("publishClientSend", f"{ROOT}/down/#")]
        access += [("publishClientReceive", pattern) for pattern in heard]
        access += [("subscribePattern", f"{ROOT}/up/#"), ("subscribePattern", f"{ROOT}/data/#")]
        access += [("subscribePattern", f"$share/ingest/{ROOT}/up/#"), ("subscribePattern", PING_TOPIC)]
    else:
        access = [
            ("publishClientSend", f"{ROOT}/up/{user}/#"),
            ("publishClientSend", f"{ROOT}/data/+/{user}/#"),
            ("publishClientReceive", f"{ROOT}/down/{user}/#"),
            ("subscribePattern", f"{ROOT}/down/{user}/#"),
        ]
    return [
        {
            "command": "addRoleACL",
            "rolename": f"tallylight-{user}",
            "acltype": kind,
            "topic": topic,
            "priority": 0,
            "allow": True,
        }
        for kind, topic in access
    ]
