"""Pages for those who write and send, behind a login."""

from mailer.web.editor import (
    exports,
    fields,
    home,
    importing,
    inbox_pages,
    issues,
    person,
    segments,
    settings,
    signing_in,
    statistics,
    statistics_files,
    subscribers,
    tags,
    welcoming,
)
from mailer.web.editor.composer import routes as composer
from mailer.web.editor.review import routes as review

ROUTES = [
    *signing_in.ROUTES,
    *welcoming.ROUTES,
    *home.ROUTES,
    *issues.ROUTES,
    *composer.ROUTES,
    *review.ROUTES,
    *subscribers.ROUTES,
    *exports.ROUTES,
    *importing.ROUTES,
    *person.ROUTES,
    *segments.ROUTES,
    *fields.ROUTES,
    *tags.ROUTES,
    *statistics.ROUTES,
    *statistics_files.ROUTES,
    *settings.ROUTES,
]
INBOX_ROUTES = inbox_pages.ROUTES

__all__ = ["INBOX_ROUTES", "ROUTES"]
