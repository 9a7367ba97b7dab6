"""Which addresses lead no further than this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_PLAIN = frozenset({"http", "mqtt"})


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine; a name is not looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def url_is_loopback(url: str) -> bool:
    """The same for the host of an address such as `mqtt://127.0.0.1:1883`."""
    return is_loopback(urlsplit(url).hostname or "")


def is_plain_beyond_loopback(url: str) -> bool:
    """Whether an address (`http://`, `mqtt://`) would carry words unencrypted to another machine."""
    return urlsplit(url).scheme in _PLAIN and not url_is_loopback(url)
