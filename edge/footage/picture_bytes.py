"""Whether the bytes of one demuxed picture can be a picture: its units, its start, no zeros where none can stand.

Source: ITU-T H.264, 7.4.1 and Annex B; H.265, Annex B.
"""

from __future__ import annotations

_ZEROS = bytes(64)
_MOST_PADDING_BYTES = 512
_UNITS = frozenset({"h264", "hevc"})
_HEADS = {"mjpeg": b"\xff\xd8", "mpeg4": b"\0\0\1"}
_MAX_UNITS = 1000


class PictureCheck:
    """The check for one stream; `config` is its codec's own record, as the container holds it."""

    def __init__(self, codec: str, config: bytes) -> None:
        self._has_units = codec in _UNITS
        self._head = _HEADS.get(codec, b"")
        place = 4 if codec == "h264" else 21
        is_record = self._has_units and len(config) > place and config[0] == 1
        self._length_bytes = (config[place] & 3) + 1 if is_record else 0

    def is_whole(self, data: bytes) -> bool:
        """Whether the bytes can be a picture; a flipped bit in a slice is not seen."""
        if not self._has_units:
            return data.startswith(self._head) and any(data[:64])
        if not any(data[:8]) or self._has_inner_zeros(data):
            return False
        if self._length_bytes and not data.startswith(b"\0\0\0\1"):
            return self._is_chain(data)
        return data.startswith((b"\0\0\1", b"\0\0\0\1"))

    def _has_inner_zeros(self, data: bytes) -> bool:
        """Zeros inside, or so many at the end that no writer left them as padding."""
        at = data.find(_ZEROS)
        return at >= 0 and (any(data[at:]) or len(data) - at >= _MOST_PADDING_BYTES)

    def _is_chain(self, data: bytes) -> bool:
        at, length_bytes = 0, self._length_bytes
        for _ in range(_MAX_UNITS):
            length = int.from_bytes(data[at : at + length_bytes], "big")
            begin = at + length_bytes
            at = begin + length
            if length == 0:
                return not any(data[begin:])
            if at > len(data) or data[begin] & 0x80:
                return False
            if len(data) - at <= length_bytes:
                return True
        return False
