"""Runs a part of `mailer up`, and ends it when that has gone."""

from __future__ import annotations

from mailer.attending import end_with_parent
from mailer.cli.commands import main as run


def main() -> None:
    """``python -m mailer.cli.attending web …``: `mailer web …`, with `mailer up` at its stdin."""
    end_with_parent()
    run()


if __name__ == "__main__":
    main()
