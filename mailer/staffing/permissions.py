"""What each role may do: the one place that says so."""

from __future__ import annotations

import enum

from mailer.database.tables import Role


class Permission(enum.Enum):
    """One kind of thing that may be done."""

    VIEW = "see issues and their figures"
    COMPOSE = "write issues"
    SUBSCRIBERS = "see and change subscribers"
    FORMS = "change sign-up forms"
    SEND = "schedule, send, pause and cancel issues"
    SETTINGS = "change newsletters, senders and looks"
    ACCOUNTS = "invite people, and make keys for programs"


_VIEWER = frozenset({Permission.VIEW})
_EDITOR = _VIEWER | {Permission.COMPOSE, Permission.SUBSCRIBERS, Permission.FORMS}
_SENDER = _EDITOR | {Permission.SEND}
_OWNER = _SENDER | {Permission.SETTINGS, Permission.ACCOUNTS}
_BY_ROLE = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.SENDER: _SENDER,
    Role.OWNER: _OWNER,
}


def permissions(role: Role) -> frozenset[Permission]:
    """Everything that *role* may do."""
    return _BY_ROLE[role]
