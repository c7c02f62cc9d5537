"""The composer's API as its script asks it, for one issue of one newsletter."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import httpx
from PIL import Image

from mailer.bootstrap import Mailer
from mailer.composing import editing
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, Role
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.staff import sign_in


@dataclass(frozen=True, slots=True)
class Desk:
    """One person at the composer; requests carry the proof that our page asks."""

    client: httpx.AsyncClient
    issue_id: int
    proof: dict[str, str]

    async def ask(
        self, method: str, path: str, value: Any = None, **headers: str
    ) -> httpx.Response:
        return await self.client.request(
            method,
            path,
            json=value,
            headers={"accept": "application/json", **self.proof, **headers},
        )

    async def load(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ask("GET", f"/issues/{self.issue_id}/document")).json()
        return found

    async def save(self, document: dict[str, Any], version: int) -> httpx.Response:
        named = {"if-match": f'"{version}"'}
        return await self.ask("PUT", f"/issues/{self.issue_id}/document", document, **named)

    async def post(self, what: str, value: Any = None) -> httpx.Response:
        return await self.ask("POST", f"/issues/{self.issue_id}/{what}", value)


def begin_issue(mailer: Mailer, **newsletter: Any) -> int:
    """A new issue of River Watch, which Ann reads."""
    with transaction(mailer.engine) as session:
        river = add_newsletter(session, **newsletter)
        add_subscriber(session, newsletter=river, name="Ann Example")
        return editing.begin(session, river, by="Ana", now=mailer.clock()).id


def another_issue(mailer: Mailer) -> int:
    with transaction(mailer.engine) as session:
        river = session.get_one(Newsletter, 1)
        return editing.begin(session, river, by="Ana", now=NOON).id


def desk(
    mailer: Mailer, client: httpx.AsyncClient, issue_id: int, *, role: Role = Role.OWNER, **who: Any
) -> Desk:
    """Somebody with *role* opens the issue."""
    signed_in = sign_in(mailer, role=role, **who)
    cookie = "; ".join(f"{name}={value}" for name, value in signed_in.cookies.items())
    return Desk(client, issue_id, {"cookie": cookie, "x-csrf-token": signed_in.form["csrf"]})


def update(headline: str, id: str = "a", **values: Any) -> dict[str, Any]:
    return {
        "kind": "update",
        "id": id,
        "headline": headline,
        "body": "<p>Words</p>",
        "button": {"label": "", "url": ""},
    } | values


def written(*blocks: dict[str, Any], subject: str = "The river is back") -> dict[str, Any]:
    return {
        "subject": subject,
        "preheader": "",
        "title": "",
        "language": "en",
        "blocks": list(blocks),
    }


def stored_subject(mailer: Mailer, issue_id: int) -> str:
    with reading(mailer.engine) as session:
        return editing.open_issue(session, issue_id).issue.subject


def photo(width: int = 1600, height: int = 900) -> bytes:
    """A JPEG that looks like a photo to an encoder."""
    bands = [Image.effect_noise((width // 8, height // 8), 90) for _ in range(3)]
    out = io.BytesIO()
    Image.merge("RGB", bands).resize((width, height)).save(out, "JPEG")
    return out.getvalue()
