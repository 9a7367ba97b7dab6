"""`doctor` on a running agent that is connected and gets no answer, or is put off: likely causes, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.contract.instants import UtcMicros, rfc3339
from edge.contract.messages import RefusalReason
from edge.contract.sentences import Sentence, sentence
from edge.local.checks import Check, Health
from edge.local.status_facts import running_agent
from edge.workers.agent_state import AgentState

_SERVER = sentence("server", "server")
_OWN_COPY = sentence(
    "answers_own_copy",
    "Stop this agent at once if this data folder is a copy: end the other machine, or run `tallylight-edge init` and"
    " `enrol` with a new code in an empty folder",
)
_PUT_OFF: dict[str, tuple[Sentence, Sentence]] = {
    RefusalReason.GATEWAY_CLONED: (
        sentence("answers_cloned", "another machine runs under this gateway's id and was there first"),
        _OWN_COPY,
    ),
    RefusalReason.SIGNING_STOPPED: (
        sentence("answers_signing", "it signs no receipts for now; footage is kept here"),
        sentence("answers_signing_do", "At the server, `tallylight-server doctor` says why and what to decide"),
    ),
    RefusalReason.STORE_FULL: (
        sentence("answers_full", "its store is full; footage is kept here"),
        sentence("answers_full_do", "Free space at the server"),
    ),
}


def answer_checks(data_dir: Path) -> Iterator[Check]:
    """Nothing where the agent rests or everything is answered."""
    agent = running_agent(data_dir)
    if agent is None:
        return
    if agent.put_off_by_server in _PUT_OFF:
        found, advice = _PUT_OFF[agent.put_off_by_server]
        yield Check(_SERVER, Health.BAD, found, advice)
    elif agent.unanswered_since_us is not None:
        yield _unanswered(agent, UtcMicros(agent.unanswered_since_us))


def _unanswered(agent: AgentState, since_us: UtcMicros) -> Check:
    since = rfc3339(since_us)
    if agent.set_aside.get("bad_signature"):
        return Check(
            _SERVER,
            Health.BAD,
            sentence("answers_unknown_key", "its answers since {since} bear a signature unknown here", since=since),
            sentence(
                "answers_unknown_key_do",
                "The server was set up anew, or this data folder is an old copy: enrol this gateway with a new code",
            ),
        )
    return Check(
        _SERVER,
        Health.BAD,
        sentence("answers_none", "connected, but no report was noted since {since}", since=since),
        sentence(
            "answers_none_do",
            "At the server, look at `tallylight-server doctor` and the messages set aside: bad_signature means that"
            " it knows another key for this gateway (this data folder is an old or foreign copy: use the right one, or"
            " enrol anew), gateway_cloned that a second machine runs under its id (stop one). With neither, the server"
            " behind the broker stands still: start it",
        ),
    )
