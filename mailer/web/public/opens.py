"""The tracking picture, ``/o/<token>.gif``: bare ASGI, and always a picture, whoever asks."""

from __future__ import annotations

import base64
from contextlib import suppress

from starlette.types import Scope, Send

from mailer.errors import InvalidToken
from mailer.tokens import Signer
from mailer.tracking.machines import open_machine_reason
from mailer.tracking.opens import OpenRecorder

PREFIX = "/o/"
_ENDING = ".gif"
# One transparent point, 42 bytes: the smallest that every mail program shows.
_PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_HEADERS = [
    (b"content-type", b"image/gif"),
    (b"content-length", str(len(_PICTURE)).encode()),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]


class TrackingPicture:
    """Answers with the picture; before that, where opens are counted, stores the fetch."""

    def __init__(self, signer: Signer, recorder: OpenRecorder | None) -> None:
        self._signer = signer
        self._recorder = recorder

    async def __call__(self, scope: Scope, path: str, send: Send) -> None:
        """Answer one request; *path* starts with ``/o/``."""
        if self._recorder is not None and scope["method"] in ("GET", "HEAD"):
            await self._store(self._recorder, scope, path)
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        body = b"" if scope["method"] == "HEAD" else _PICTURE
        await send({"type": "http.response.body", "body": body})

    async def _store(self, recorder: OpenRecorder, scope: Scope, path: str) -> None:
        try:
            reader = self._signer.read(path[len(PREFIX) :].removesuffix(_ENDING))
        except InvalidToken:
            return  # the public copy's, or nobody's
        # One that cannot be stored is counted and logged; the mail shows all the same.
        with suppress(Exception):
            await recorder.record(reader, open_machine_reason(scope["method"], scope["headers"]))
