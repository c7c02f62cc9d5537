"""Everything that is answered about reviewing and sending, as one list."""

from __future__ import annotations

from starlette.routing import BaseRoute

from mailer.web.editor.review import page, progress, steps

ROUTES: list[BaseRoute] = [*page.ROUTES, *steps.ROUTES, *progress.ROUTES]
