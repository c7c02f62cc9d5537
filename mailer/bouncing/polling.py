"""Takes in reports from a mailbox, over IMAP or POP3 with TLS; the only importer of both clients.

A mail is marked only once it is recorded: whatever ends a poll, the next one goes on with what is
left, and what was recorded already counts once. Letters of people stay in the mailbox, unread:
over IMAP they get a flag, so that they are not read again.
"""

from __future__ import annotations

import imaplib
import poplib
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mailer.bouncing.taking import Intake, Taken
from mailer.errors import ConfigurationError, Unavailable
from mailer.mailboxes import Mailbox

_SECONDS = 30.0
_MOST_BYTES = 1024 * 1024  # of a mail: more is never read
_MOST_LINES = 20_000
_TROUBLE = (OSError, EOFError, imaplib.IMAP4.error, poplib.error_proto)

Counts = Counter[str]


def poll(mailbox: Mailbox, intake: Intake, *, most: int = 1000) -> Counts:
    """Take in what is new, at most so many mails; how many of each kind, and known ones.

    ``Unavailable`` when the mailbox or the database does not answer, ``ConfigurationError`` when
    the mailbox refuses us.
    """
    collect = _pop3 if mailbox.protocol == "pop3s" else _imap
    try:
        return collect(mailbox, intake, most)
    except ssl.SSLCertVerificationError as error:
        raise Unavailable(
            f"{mailbox} has a certificate we cannot trust: {error.verify_message}. Name the host as "
            "its certificate does; for a server on your own machine add ?verify=no."
        ) from error
    except _TROUBLE as error:
        words = " ".join(str(error).split()) or type(error).__name__
        raise Unavailable(f"{mailbox} does not give its mails: {words}.") from error


def _context(mailbox: Mailbox) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not mailbox.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _note(counts: Counts, taken: Taken) -> None:
    counts.update(["known"] if taken.known else [entry.kind.value for entry in taken.entries])


def _refused(mailbox: Mailbox, error: Exception) -> ConfigurationError:
    words = error.args[0] if error.args else ""
    words = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return ConfigurationError(
        f"{mailbox} refuses our user name or password ({words}). Correct MAILER_BOUNCE_MAILBOX."
    )


def _imap(mailbox: Mailbox, intake: Intake, most: int) -> Counts:
    counts: Counts = Counter()
    with _imap_session(mailbox) as box:
        answer, found = box.uid("SEARCH", "UNSEEN", "UNFLAGGED", "UNDELETED")
        if answer != "OK":
            raise Unavailable(f"{mailbox} does not search its folder {mailbox.folder!r}.")
        for uid in (found[0] or b"").split()[:most]:
            source = _fetched(box, uid.decode("ascii"))
            if source is None:  # gone meanwhile
                continue
            taken = intake.take(source)
            _note(counts, taken)
            done = r"(\Seen \Deleted)" if mailbox.delete else r"(\Seen)"
            flags = r"(\Flagged)" if taken.letter else done
            box.uid("STORE", uid.decode("ascii"), "+FLAGS", flags)
        if mailbox.delete:
            box.expunge()
    return counts


def _fetched(box: imaplib.IMAP4, uid: str) -> bytes | None:
    answer, parts = box.uid("FETCH", uid, f"(BODY.PEEK[]<0.{_MOST_BYTES}>)")
    if answer != "OK":
        return None
    return next((part[1] for part in parts if isinstance(part, tuple)), None)


@contextmanager
def _imap_session(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    context = _context(mailbox)
    if mailbox.protocol == "imaps":
        box: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            mailbox.host, mailbox.port, ssl_context=context, timeout=_SECONDS
        )
    else:
        box = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=_SECONDS)
    try:
        if mailbox.protocol == "imap":
            box.starttls(context)
        _log_in(mailbox, box.login)
        answer, said = box.select(f'"{mailbox.folder}"')
        if answer != "OK":
            words = (said[0] or b"").decode("utf-8", "replace")
            raise ConfigurationError(
                f"{mailbox} does not open the folder {mailbox.folder!r} ({words}). "
                "Correct MAILER_BOUNCE_MAILBOX."
            )
        yield box
    finally:
        try:
            box.logout()
        except _TROUBLE:  # gone already
            box.shutdown()


def _log_in(mailbox: Mailbox, login: Callable[[str, str], object]) -> None:
    try:
        login(mailbox.username, mailbox.password)
    except imaplib.IMAP4.abort:  # the connection broke: no word about the password
        raise
    except imaplib.IMAP4.error as error:
        raise _refused(mailbox, error) from error


def _pop3(mailbox: Mailbox, intake: Intake, most: int) -> Counts:
    counts: Counts = Counter()
    box = poplib.POP3_SSL(mailbox.host, mailbox.port, context=_context(mailbox), timeout=_SECONDS)
    try:
        _log_in_pop3(mailbox, box)
        for number in range(1, min(most, box.stat()[0]) + 1):
            source = b"\r\n".join(box.top(number, _MOST_LINES)[1]) + b"\r\n"
            taken = intake.take(source)
            _note(counts, taken)
            if not taken.letter:
                box.dele(number)
    finally:
        try:
            box.quit()  # only now are those marked removed
        except _TROUBLE:
            box.close()
    return counts


def _log_in_pop3(mailbox: Mailbox, box: poplib.POP3) -> None:
    try:
        box.user(mailbox.username)
        box.pass_(mailbox.password)
    except poplib.error_proto as error:
        raise _refused(mailbox, error) from error
