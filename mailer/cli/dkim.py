"""`mailer dkim …`: make a key for signing, and show what to publish in the DNS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mailer.cli.output import AsJson, say, write
from mailer.dkim_keys import load_dkim, make_key, write_key
from mailer.errors import NotFound
from mailer.settings import load_settings
from mailer.signing import LEAST_BITS, MOST_BITS, DkimKey, new_key

app = typer.Typer(no_args_is_help=True)

_STRING = 255  # octets in one string of a TXT record (RFC 1035 3.3)


@app.command()
def make(
    domain: Annotated[
        str, typer.Option("--domain", metavar="DOMAIN", help="That of the From address, or above.")
    ],
    selector: Annotated[
        str, typer.Option("--selector", metavar="NAME", help="Names this key: s2026.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The new file for the key.")],
    kind: Annotated[
        Literal["rsa", "ed25519"], typer.Option("--type", help="RSA first; Ed25519 is a second.")
    ] = "rsa",
    bits: Annotated[
        int, typer.Option("--bits", min=LEAST_BITS, max=MOST_BITS, help="Of an RSA key.")
    ] = LEAST_BITS,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print the DNS record that lets receivers check its signatures."""
    pem = new_key(kind, bits)
    key = make_key(domain, selector, pem)  # first: wrong names leave no file behind
    write_key(out, pem)
    name = "" if kind == "rsa" else "ED25519_"
    words = [
        f"The private key is in {out}; only its owner can read it. Publish this record:",
        *_record(key),
        "When it is visible to others, set:",
        *([] if name else [f"MAILER_DKIM_DOMAIN={key.domain}"]),
        f"MAILER_DKIM_{name}SELECTOR={key.selector}",
        f"MAILER_DKIM_{name}KEY_FILE={out.absolute()}",
    ]
    _print(words, [key], as_json=as_json)


@app.command()
def show(as_json: AsJson = False) -> None:
    """The DNS records of the keys in use."""
    signer = load_dkim(load_settings())
    if signer is None:
        raise NotFound(
            "No mail is signed here: MAILER_DKIM_DOMAIN is not set. Make a key with "
            "`mailer dkim make`, or let the relay sign."
        )
    words = [f"Mails from addresses at or below {signer.keys[0].domain} are signed."]
    for key in signer.keys:
        words += _record(key)
    _print(words, signer.keys, as_json=as_json)


def _record(key: DkimKey) -> list[str]:
    strings = [key.record[at : at + _STRING] for at in range(0, len(key.record), _STRING)]
    lines = ["", f"Name   {key.record_name}", "Type   TXT", f"Value  {key.record}"]
    if len(strings) > 1:
        quoted = " ".join(f'"{string}"' for string in strings)
        lines.append(f"In a zone file, where one string holds {_STRING} characters:")
        lines.append(f"{key.record_name}. IN TXT ( {quoted} )")
    return [*lines, ""]


def _print(words: list[str], keys: tuple[DkimKey, ...] | list[DkimKey], *, as_json: bool) -> None:
    records = [
        {"name": key.record_name, "type": "TXT", "value": key.record, "key": key.kind}
        for key in keys
    ]
    if as_json:
        say("", {"records": records}, as_json=True)
    else:
        write("\n".join(words))
