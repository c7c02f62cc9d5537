"""Rules of segments as text, as a tree, and as JSON: who is meant, without any database."""

from mailer.rules.building import from_json, to_json
from mailer.rules.parsing import parse, positions, reread
from mailer.rules.syntax import Rule

__all__ = ["Rule", "from_json", "parse", "positions", "reread", "to_json"]
