"""The command lines a message travels behind: who it comes from, and whom it is for."""

from __future__ import annotations


def envelope(sender: bytes, recipient: bytes, *, identity: bytes = b"") -> bytes:
    """MAIL, RCPT and DATA, whole lines (RFC 5321 section 3.3).

    With an *identity*, reports of failure and delay are asked for under that name, and on headers
    only (RFC 3461).
    """
    utf8 = b"" if recipient.isascii() else b" SMTPUTF8"  # RFC 6531 section 3.4
    if not identity:
        return b"MAIL FROM:<%s>%s\r\nRCPT TO:<%s>\r\nDATA\r\n" % (sender, utf8, recipient)
    return (
        b"MAIL FROM:<%s> RET=HDRS ENVID=%s%s\r\nRCPT TO:<%s> NOTIFY=FAILURE,DELAY%s\r\nDATA\r\n"
    ) % (sender, identity, utf8, recipient, _original(recipient))


def _original(recipient: bytes) -> bytes:
    """RFC 3461 section 4.2, in xtext; nothing for letters beyond ASCII (RFC 6533 has no need)."""
    if not recipient.isascii():
        return b""
    return b" ORCPT=rfc822;" + recipient.replace(b"+", b"+2B").replace(b"=", b"+3D")
