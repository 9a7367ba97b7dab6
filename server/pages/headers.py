"""What every answer carries, and how large a request may be. Plain ASGI, so that files stream through untouched."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_BODY_MAX_BYTES = 1_000_000
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "media-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_ONLY_ENCRYPTED = "max-age=31536000"
"""A year: a browser that was here once over TLS never speaks to this name unencrypted again (RFC 6797)."""
_PUBLIC_PATHS = ("/static/", "/sites")


class SafeHeaders:
    """Adds the security headers to every answer; what is not public is never stored by a browser or a proxy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        public = scope["path"] == "/" or scope["path"].startswith(_PUBLIC_PATHS)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", _ONLY_ENCRYPTED)
                headers.setdefault("Cache-Control", "no-cache" if public else "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyTooLargeError(Exception):
    """The request's body goes on beyond the limit; the connection is answered and closed."""

    def __init__(self) -> None:
        super().__init__(f"the request is larger than {REQUEST_BODY_MAX_BYTES} bytes")


class BodyLimit:
    """Refuses a body beyond the limit, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held_bytes, begun = 0, False

        async def limited() -> Message:
            nonlocal held_bytes
            message = await receive()
            held_bytes += len(message.get("body", b""))
            if held_bytes > REQUEST_BODY_MAX_BYTES:
                raise BodyTooLargeError
            return message

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if _announced_bytes(scope) > REQUEST_BODY_MAX_BYTES:
                raise BodyTooLargeError
            await self._app(scope, limited, noting)
        except BodyTooLargeError as error:
            if begun:
                raise
            await PlainTextResponse(str(error), status_code=413)(scope, receive, send)


def _announced_bytes(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
