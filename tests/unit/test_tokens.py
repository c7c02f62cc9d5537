"""Readers' tokens are what RFC 2104 says, so that links in mails already sent go on working."""

from __future__ import annotations

import base64
import hmac

from mailer.tokens import Reader, Signer

KEY = b"a secret key of this installation"


def test_a_token_is_the_ids_and_their_hmac_sha256() -> None:
    key = hmac.digest(KEY, b"mailer: reader token", "sha256")
    ids = (7).to_bytes(4, "big") + (123_456_789_012).to_bytes(6, "big")
    expected = base64.urlsafe_b64encode(ids + hmac.digest(key, ids, "sha256")[:14]).decode()

    assert Signer(KEY).sign(7, 123_456_789_012) == expected
    assert Signer(KEY).read(expected) == Reader(7, 123_456_789_012)
