"""Everything that is answered about one person, as one list."""

from __future__ import annotations

from starlette.routing import BaseRoute

from mailer.web.editor.person import details, page, standing

ROUTES: list[BaseRoute] = [*page.ROUTES, *details.ROUTES, *standing.ROUTES]
