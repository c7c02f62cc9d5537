"""Everything the composer answers, as one list."""

from __future__ import annotations

from starlette.routing import BaseRoute

from mailer.web.editor.composer import documents, materials, page, previews, rooms

ROUTES: list[BaseRoute] = [
    *page.ROUTES,
    *documents.ROUTES,
    *previews.ROUTES,
    *materials.ROUTES,
    *rooms.ROUTES,
]
