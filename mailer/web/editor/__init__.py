"""Pages for those who write and send, behind a login."""

from mailer.web.editor import (
    exports,
    fields,
    home,
    importing,
    inbox_pages,
    issues,
    segments,
    settings,
    signing_in,
    statistics,
    statistics_files,
    subscribers,
    suppressions,
    tags,
    welcoming,
)
from mailer.web.editor.composer import routes as composer
from mailer.web.editor.person import routes as person
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
    *suppressions.ROUTES,
    *statistics.ROUTES,
    *statistics_files.ROUTES,
    *settings.ROUTES,
]
INBOX_ROUTES = inbox_pages.ROUTES

__all__ = ["INBOX_ROUTES", "ROUTES"]
