"""What a row says about consent, in the words of many programs; read exactly, never in part."""

from __future__ import annotations

import enum
import re
import unicodedata

from mailer.database.tables import Consent


class Standing(enum.IntEnum):
    """What a row says of its address; of two, the greater holds."""

    CONFIRMED = 0
    PENDING = 1
    UNSUBSCRIBED = 2
    SUPPRESSED = 3

    @property
    def consent(self) -> Consent:
        """The subscription's state."""
        return _CONSENTS[self]


_CONSENTS = {
    Standing.CONFIRMED: Consent.CONFIRMED,
    Standing.PENDING: Consent.PENDING,
    Standing.UNSUBSCRIBED: Consent.UNSUBSCRIBED,
    Standing.SUPPRESSED: Consent.UNSUBSCRIBED,
}

# Whole words only: "inactive" holds "active", and "unsubscribed" holds "subscribed".
_WORDS: dict[Standing, str] = {
    Standing.CONFIRMED: """
        subscribed; active; confirmed; enabled; opted in; opt in; optin; opted-in; subscriber;
        regular; premium; free; paid; comp; complimentary; gift; gifted; trialed; trialing; trial;
        churning; past due; upcoming; unpaid; churned; soft bounced; soft bounce; member; ok;
        valid; verified; registered; aktiv; abonniert; angemeldet; bestätigt; actif; active et confirmée; abonné;
        abonnée; inscrit; inscrite; confirmé; activo; activa; suscrito; suscrita; confirmado;
        attivo; iscritto; iscritta; confermato; ativo; inscrito; inscrita; actief; ingeschreven;
        bevestigd; aktywny; zapisany; prenumererar; подписан; активен; активный; подтвержден;
        已订阅; 購読中""",
    Standing.PENDING: """
        pending; unconfirmed; not confirmed; unactivated; unverified; not verified; waiting;
        awaiting confirmation; pending confirmation; opt-in pending; optin pending; validating;
        not opted in; ausstehend; unbestätigt; nicht bestätigt; wartend; en attente; non confirmé;
        pendiente; no confirmado; in attesa; non confermato; pendente; não confirmado;
        niet bevestigd; oczekujący; ожидает; не подтвержден""",
    Standing.UNSUBSCRIBED: """
        unsubscribed; inactive; disabled; opted out; opted-out; opt out; optout; removed; deleted;
        unsub; cancelled; canceled; left; deactivated; archived; on hold opt out; not subscribed; non-subscribed;
        nonsubscribed; transactional; declined; abgemeldet; inaktiv; ausgetragen; gelöscht; désabonné; désabonnée;
        désinscrit; désinscrite; inactif; inactivo; inactiva; baja; dado de baja; cancelado;
        desuscrito; inattivo; disiscritto; disiscritta; cancellato; inativo; descadastrado;
        cancelada; uitgeschreven; inactief; nieaktywny; wypisany; avregistrerad; отписан;
        неактивен; неактивный; 已退订; 購読解除""",
    Standing.SUPPRESSED: """
        cleaned; bounced; bounce; bouncing; spammy; spam complaint; hard bounced; hard bounce; hard-bounced;
        unreachable; undeliverable; complained; complaint; complaints; on hold; on hold bounce; spam;
        marked as spam; abuse; blocked; blocklisted; blacklisted; suppressed; invalid; junk;
        malicious; unzustellbar; gesperrt; rebotado; rebondi; rimbalzato""",
}
_STANDINGS = {
    " ".join(word.split()): standing
    for standing, words in _WORDS.items()
    for word in words.split(";")
}
# Of files named after what they hold; only what makes a standing worse is taken from a name.
_FILES = {
    "unsubscribed": Standing.UNSUBSCRIBED,
    "unsubscribes": Standing.UNSUBSCRIBED,
    "optouts": Standing.UNSUBSCRIBED,
    "abgemeldet": Standing.UNSUBSCRIBED,
    "unconfirmed": Standing.PENDING,
    "cleaned": Standing.SUPPRESSED,
    "bounced": Standing.SUPPRESSED,
    "bounces": Standing.SUPPRESSED,
    "complaints": Standing.SUPPRESSED,
    "complained": Standing.SUPPRESSED,
}

_YES = frozenset(("true", "yes", "y", "1", "t", "x", "on", "ja", "oui", "si", "sí", "sim", "да"))
_NO = frozenset(
    ("false", "no", "n", "0", "f", "off", "nein", "non", "não", "nee", "nej", "нет", "null", "none")
)
_TIME = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?!\d).*|\d{9,13}")


def standing_of(status: str) -> Standing | None:
    """What the whole of a status says; ``None`` when the word is not known."""
    word = _plain(status)
    known = _STANDINGS.get(word)
    if known is None and (word in _YES or word in _NO):
        return Standing.CONFIRMED if word in _YES else Standing.UNSUBSCRIBED
    return known


def standing_of_file(name: str) -> Standing | None:
    """What a file's name says of everybody in it: ``unsubscribed_members_export.csv``."""
    words = re.findall(r"[a-z]+", name.lower())
    return max((_FILES[word] for word in words if word in _FILES), default=None)


def is_yes(cell: str) -> bool | None:
    """A cell that says yes or no; a time says yes; ``None`` when it says neither."""
    word = _plain(cell)
    if word in _NO:
        return False
    return True if word in _YES or _TIME.fullmatch(word) else None


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).lower().replace("_", " ").split())
