"""What listens at a broker's port where the broker did not answer: with the wrong form of address nothing says why."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

_WAIT_S = 3.0
_CONNECT = bytes.fromhex("100c00044d51545404020000") + bytes.fromhex("0000")
"""An MQTT 3.1.1 CONNECT without a name: whatever it thinks of that, a broker answers it with a CONNACK."""
_CONNACK = 0x20
_WANTS_A_CERTIFICATE = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "PROTOCOL_VERSION", "UNRECOGNIZED_NAME")


def speaks_tls(host: str, port: int) -> bool:
    """Whether a TLS handshake begins there. Nobody is believed by it and nothing is said over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout=_WAIT_S) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            return True
    except ssl.SSLError as error:  # it refuses this client, and says so in TLS
        return any(word in (error.reason or "") for word in _WANTS_A_CERTIFICATE)
    except OSError:
        return False


def speaks_plain_mqtt(host: str, port: int) -> bool:
    """Whether a broker answers there without TLS."""
    with suppress(OSError), socket.create_connection((host, port), timeout=_WAIT_S) as plain:
        plain.settimeout(_WAIT_S)
        plain.sendall(_CONNECT)
        return plain.recv(1)[:1] == bytes([_CONNACK])
    return False
