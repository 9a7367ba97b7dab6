"""Two gateways alive under one id are told from one that was restarted."""

from __future__ import annotations

import pytest

from server.domain.presence import OVERLAP_S, SILENCE_S, Presence, Word, hear

SOON, LATER = 5.0, OVERLAP_S + 5.0


@pytest.mark.parametrize(
    ("story", "last_word"),
    [
        pytest.param([("A", True, 0)], Word.ACCEPTED, id="the first hello"),
        pytest.param([("A", True, 0), ("B", True, 1), ("B", False, 2)], Word.ACCEPTED, id="a restart"),
        pytest.param([("A", True, 0), ("B", True, 1), ("A", False, 1 + SOON)], Word.ACCEPTED, id="a late word"),
        pytest.param([("A", True, 0), ("B", True, 1), ("A", False, 1 + LATER)], Word.CLONE_FOUND, id="both speak"),
        pytest.param(
            [("A", True, 0), ("B", True, 1), ("A", True, 2)], Word.CLONE_FOUND, id="the first says hello again"
        ),
        pytest.param(
            [("A", True, 0), ("B", True, 1), ("A", True, 2), ("B", False, 3)], Word.REFUSED, id="the second is refused"
        ),
        pytest.param(
            [("A", True, 0), ("B", True, 1), ("A", True, 2), ("B", True, 3)], Word.REFUSED, id="even with a hello"
        ),
        pytest.param(
            [("A", True, 0), ("B", True, 1), ("A", True, 2), ("B", True, 3 + SILENCE_S)],
            Word.ACCEPTED,
            id="until the first has been silent for long",
        ),
        pytest.param(
            [("A", True, 0), ("B", True, 1), ("C", True, 2), ("C", False, 3)], Word.ACCEPTED, id="two restarts"
        ),
    ],
)
def test_a_story_of_boots(story: list[tuple[str, bool, float]], last_word: Word) -> None:
    presence: Presence | None = None
    word = Word.ACCEPTED
    for boot_id, is_hello, at_s in story:
        presence, word = hear(presence, boot_id, is_hello=is_hello, now_s=at_s)
    assert word is last_word
