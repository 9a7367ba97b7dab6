"""Names in the table of an inspection: what all have in common stands above it once."""

from __future__ import annotations

import pytest

from edge.local.inspect_view import _common_folder


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        ([], ""),
        (["a.mp4"], ""),
        (["./a.mp4", "./b/c.mp4"], ""),
        (["/media/card/a.mp4"], "/media/card/"),
        (["/media/card/a/x.mp4", "/media/card/ab/y.mp4"], "/media/card/"),
        (["/a.mp4", "/media/b.mp4"], "/"),
        (["card/a.mp4", "/media/b.mp4"], ""),
        (["../a.mp4", "../b/c.mp4"], "../"),
    ],
)
def test_the_folder_above_all_files(paths: list[str], folder: str) -> None:
    assert _common_folder(paths) == folder
