"""amqtt as it comes, with the same passwords and topic rules as its plugins. Arguments: port. Users: JSON on stdin."""

from __future__ import annotations

import asyncio
import json
import sys

from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from server.domain.broker_access import may_publish, may_subscribe

USERS: dict[str, str] = {}


class Passwords(BaseAuthPlugin):
    """Lets in whoever knows the password of the user he names."""

    async def authenticate(self, *, session: Session) -> bool:
        return session.username in USERS and USERS[session.username] == session.password


class Topics(BaseTopicPlugin):
    """The rules of the hardened broker."""

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        user = (session.username if session is not None else None) or ""
        return may_publish(user, topic or "") if action is Action.PUBLISH else may_subscribe(user, topic or "")


async def serve(port: int) -> None:
    plugins = {f"{__name__}.Passwords": {}, f"{__name__}.Topics": {}}
    broker = Broker({"listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}, "plugins": plugins})
    await broker.start()
    print("ready", flush=True)  # noqa: T201  (the parent waits for this word)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.modules["plain_amqtt_child"] = sys.modules["__main__"]
    USERS.update(json.loads(sys.stdin.readline()))
    asyncio.run(serve(int(sys.argv[1])))
