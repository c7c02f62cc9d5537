"""`mailer schedule`: issues go out at their time."""

from __future__ import annotations

from mailer import scheduling


def schedule() -> None:
    scheduling.main()
