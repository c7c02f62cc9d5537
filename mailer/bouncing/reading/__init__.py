"""Reads a mail that came back; pure: bytes in, a report out, whatever the bytes are."""

from mailer.bouncing.reading.opening import read

__all__ = ["read"]
