"""When a clip that was refused for good is offered again.

The refusal stands until a person at the server has settled the finding, and nothing tells the gateway of it. So it
asks: once a day, which costs a message for each such clip, and once after a new connection, since a server that was
mended or restored begins with one; but no more than once an hour, for a link may come and go.
"""

from __future__ import annotations

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR, UtcMicros

LONGEST_WAIT_US = MICROS_PER_DAY
"""No clip is put off longer, whatever the reason. House rule; the wire allows no later retry either."""
SHORTEST_WAIT_US = MICROS_PER_HOUR


def asked_again_at(refused_us: UtcMicros, *, connected_since: bool = False) -> UtcMicros:
    """When a clip that was refused for good at `refused_us` is offered again, at the earliest.

    `connected_since`: whether there was a new connection after the refusal.
    """
    return UtcMicros(refused_us + (SHORTEST_WAIT_US if connected_since else LONGEST_WAIT_US))
