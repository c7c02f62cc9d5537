"""Text in: an issue read from plain text, Markdown, HTML or JSON."""

from mailer.composing.importing.reading import Imported, read_issue

__all__ = ["Imported", "read_issue"]
