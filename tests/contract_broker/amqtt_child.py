"""amqtt as it comes, with a password for each user, in a process of its own. Arguments: port. Users: JSON on stdin."""

from __future__ import annotations

import asyncio
import json
import sys

from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

USERS: dict[str, str] = {}


class Passwords(BaseAuthPlugin):
    """Lets in whoever knows the password of the user he names."""

    async def authenticate(self, *, session: Session) -> bool:
        return session.username in USERS and USERS[session.username] == session.password


async def serve(port: int) -> None:
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {f"{__name__}.Passwords": {}},
    }
    broker = Broker(config)
    await broker.start()
    print("ready", flush=True)  # noqa: T201  (the parent waits for this word)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.modules["amqtt_child"] = sys.modules["__main__"]
    USERS.update(json.loads(sys.stdin.readline()))
    asyncio.run(serve(int(sys.argv[1])))
