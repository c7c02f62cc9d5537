"""What a row says about consent, in the words of many programs; read exactly, never in part."""

from __future__ import annotations

import enum
import re
import unicodedata
from functools import cache
from itertools import pairwise

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
        bevestigd; aangemeld; aktywny; zapisany; prenumererar; aktif; abone; подписан; активен;
        активный; подтвержден; підписаний; підписано; активний; ενεργός; aktivní; přihlášen; aktív;
        已订阅; 購読中; 配信中; 配信可; 会員; 購読; 登録済み; 구독중; مشترك; نشط; فعال; מנוי; פעיל;
        implicit; explicit; implied; express; marketing contact; single opt-in; double opt-in;
        softbounced; unengaged marketable; allow; allowed; granted; accepted; consented; good;
        normal""",
    Standing.PENDING: """
        pending; unconfirmed; not confirmed; unactivated; unverified; not verified; waiting;
        awaiting confirmation; pending confirmation; opt-in pending; optin pending; validating;
        not opted in; no opt-in; kein opt-in; not set; ausstehend; unbestätigt; nicht bestätigt; wartend; en attente; non confirmé;
        pendiente; no confirmado; in attesa; non confermato; pendente; não confirmado;
        niet bevestigd; in afwachting; oczekujący; niepotwierdzony; beklemede; onaylanmadı; ожидает;
        не подтвержден; не підтверджено; 未確認; 待确认; قيد الانتظار; در انتظار; ממתין;
        onbevestigd; do aktywacji; неподтверждён; неподтвержден; не подтверждён;
        no permissions set; temporary hold; double opt-in pending; pending double opt-in; pending opt-in;
        waiting for confirmation; confirmation pending; not yet confirmed; non-confirmed; nonconfirmed;
        awaiting opt-in; confirmation sent; optin requested; à confirmer;
        a confirmar; da confermare; te bevestigen; temp hold; en attente de confirmation;
        pendiente de confirmación; pendente de confirmação; in attesa di conferma; 仮登録; 確認待ち""",
    Standing.UNSUBSCRIBED: """
        unsubscribed; inactive; disabled; opted out; opted-out; opt out; optout; removed; deleted;
        unsub; cancelled; canceled; left; deactivated; archived; on hold opt out; not subscribed; non-subscribed;
        nonsubscribed; transactional; declined; abgemeldet; inaktiv; ausgetragen; gelöscht; désabonné; désabonnée;
        désinscrit; désinscrite; inactif; inactivo; inactiva; baja; dado de baja; cancelado;
        desuscrito; inattivo; disiscritto; disiscritta; cancellato; inativo; descadastrado;
        cancelada; uitgeschreven; afgemeld; inactief; nieaktywny; wypisany; avregistrerad; avslutad;
        abonelikten çıktı; pasif; iptal; отписан; отписался; неактивен; неактивный; відписаний;
        відписався; неактивний; ανενεργός; neaktivní; odhlášen; leiratkozott; inaktív;
        已退订; 購読解除; 配信不可; 配信拒否; 配信しない; 退会; 解除; 수신거부; 구독취소; غير مشترك; ملغى; إلغاء الاشتراك; غير نشط;
        لغو اشتراک; غیرفعال; לא פעיל; הוסר; do not contact; do not email; do not mail; no contact;
        never subscribed; unengaged non-marketable; non-marketable; unsubscribe; unsubscribes; not active; non-marketing contact; gekündigt;
        abgemeldete; ausgetreten; widerrufen; résilié; désactivé; revocado; revogado; revocato;
        opgezegd; deceased; verstorben; no lists; by user; by moderator; unsubscribed by user;
        rezygnacja; usunięty; wypisana; do not allow; not allowed; disallowed; no email; no e-mails;
        no mail; keine e-mails; never; deny; denied; refused; withdrawn; revoked; not given;
        no consent""",
    Standing.SUPPRESSED: """
        cleaned; bounced; bounce; bouncing; spammy; spam complaint; hard bounced; hard bounce; hard-bounced; hardbounced;
        unreachable; undeliverable; complained; complaint; complaints; on hold; on hold bounce; spam;
        marked as spam; abuse; blocked; blocklisted; blacklisted; suppressed; invalid; junk;
        malicious; unzustellbar; gesperrt; gebounced; gebounct; bounce (hard); hardbounce; rebotado;
        rebondi; rimbalzato; bloqué; bloqueado; bloqueada; bloccato; geblokkeerd; zablokowany;
        engellendi; заблокирован; заблокований; 配信停止; 不達; 반송; محظور; חסום;
        spammed; by bounces; opgeschoond; zwrot twardy; twarde odbicie; недоступен; エラー停止;
        rejected; abused; deferred permanently; blocked by user; marked spam; reported spam;
        previous bounce; previous spam complaint; spam report; user suppressed""",
}
_SPACES = re.compile(r"[\s_-]+")
_STANDINGS = {
    " ".join(word.split()): standing
    for standing, words in _WORDS.items()
    for word in words.split(";")
}
# However they are joined: "Not confirmed", "not_confirmed", "NotConfirmed".
_JOINED = {_SPACES.sub("", word): standing for word, standing in _STANDINGS.items()}
# Elsewhere than in a column of consent they are said of anything.
_OF_ANYTHING = frozenset(("never", "not set"))
_OF_MUCH = frozenset(("deny", "denied", "refused", "withdrawn", "revoked", "not given"))
# Said of nothing but mails, also among other words of one cell: "Do Not Call; Do Not Email".
_OF_MAILS = frozenset((
    "unsubscribed", "unsub", "opt out", "optout", "opted out", "do not email", "do not contact", "do not mail",
    "no email", "no e mails", "no mail", "keine e mails", "abgemeldet", "désabonné", "désinscrit",
))  # fmt: skip
# Of files and sheets named after what they hold; only what makes a standing worse is taken.
_FILES = {
    Standing.PENDING: "unconfirmed pending unbestatigt unbestatigte nonconfirmes",
    Standing.UNSUBSCRIBED: """
        unsubscribed unsubscribes unsubscribers unsubscribe unsub unsubs optout optouts optedout nonsubscribed
        nonsubscribers transactional inactive inactives archived abgemeldet abgemeldete
        abgemeldeten abmeldungen inaktiv inaktive ausgetreten desabonnes desabonnements desinscrits
        bajas baja desuscritos disiscritti cancellati descadastrados uitgeschreven afgemeld
        uitschrijvingen wypisani отписавшиеся отписанные""",
    Standing.SUPPRESSED: """
        cleaned bounced bounces bounce hardbounces complaints complained abuse spam suppressed suppression
        suppressions blocklist blocklisted blacklist blacklisted blocked sperrliste blockliste
        gesperrt gesperrte unzustellbar""",
}
_OF_FILES = {word: standing for standing, words in _FILES.items() for word in words.split()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_YES = _words(
    "true yes y 1 1.0 t x on ja oui si sí sim да так tak evet ano igen ναι نعم بله כן はい 是 예 "
    "wahr vrai verdadero verdadeiro vero waar prawda истина ✓ ✔ ☑ ✅ ○"
)
_NO = _words(
    "false no n 0 0.0 f off nein non não nee nej нет ні nie hayır ne nem όχι لا خیر לא いいえ 否 아니요 "
    "null none falsch faux falso onwaar fałsz ложь ✗ ✘ ☐ ❌ ×"
)
_NEVER = frozenset((
    "-", "–", "—", "n/a", "never", "nie gesetzt", "[]", "{}", "not set", "\\n", "(null)", "nan", "nat", "#n/a",
))  # fmt: skip
_TIME = re.compile(
    r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?!\d).*|\d{9,13}|(?:19|20)\d{6}|[34]\d{4}(?:\.\d+)?"
)
# 0000-00-00 00:00:00, and what programs write for the number nought taken as a time.
_NO_TIME = re.compile(
    r"[0\W]{8,}|(?:1900-01-00|00\.01\.1900|0?1/0/1900|1899-12-30|0001-01-01)(?:\D.*)?"
    r"|1970-01-01t?\W*00:00.*"
)
_CODE = re.compile(r"-?\d{1,2}")
YES_AND_NO = frozenset("01")
_BETWEEN = re.compile(r"[,;|/\n]")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
# Months and days of the week by their first letters, in the languages of the exports.
_CALENDAR = _words(
    "jan feb mar mrz apr may mai maj jun jul aug sep okt oct nov dec dez dic fev avr jui aou ene abr "
    "ago set out gen mag giu lug ott mon tue wed thu fri sat sun die mit don fre sam son lun mer jeu "
    "ven dim am pm utc gmt"
)


def standing_of(status: str) -> Standing | None:
    """What the whole of a status says; ``None`` when the word is not known."""
    word = _plain(status)
    known = _JOINED.get(_SPACES.sub("", word))
    if (
        known is None and word not in ("null", "none") and (word in _YES or word in _NO)
    ):  # a database's nothing
        return Standing.CONFIRMED if word in _YES else Standing.UNSUBSCRIBED
    return known


def says_no() -> frozenset[str]:
    """All words, in lower case, for "no"."""
    return _NO | _OF_MUCH


@cache
def says_no_reader() -> frozenset[str]:
    """All words, in lower case, of those who get no mail, however programs put them."""
    never = _OF_ANYTHING | _OF_MUCH
    told = (word for word, standing in _STANDINGS.items() if standing >= Standing.PENDING)
    words = [word for word in told if word not in never]
    ways = (_SPACES.sub(between, word) for word in words for between in ("_", "-", " ", ""))
    both = (f"{word[:-1]}(e)" for word in words if word.endswith("e"))  # désabonné(e)
    return frozenset((*words, *ways, *both))


def among_words(cell: str) -> bool:
    """Whether one of several words in a cell says that somebody wants no mail."""
    parts = _BETWEEN.split(cell.lower())
    return len(parts) > 1 and any(
        " ".join(_SPACES.sub(" ", part.strip("[]\"' ")).split()) in _OF_MAILS for part in parts
    )


def standing_of_file(name: str) -> Standing | None:
    """What a file's name says of everybody in it: ``unsubscribed_members_export.csv``."""
    words = re.findall(r"[^\W\d_]+", _without_accents(name))
    pairs = map("".join, pairwise(words))  # opt-outs
    return max((_OF_FILES[word] for word in (*words, *pairs) if word in _OF_FILES), default=None)


def is_yes(cell: str) -> bool | None:
    """A cell that says yes or no; a time says yes; ``None`` when it says neither."""
    word = _plain(cell)
    if word in _NO or word in _NEVER or _NO_TIME.fullmatch(word):
        return False
    return True if word in _YES or is_time(cell) else None


def is_code(cell: str) -> bool:
    """A number, as programs write one for each state."""
    return _CODE.fullmatch(cell) is not None


def is_time(cell: str) -> bool:
    """A cell that says when."""
    word = _plain(cell)
    return _TIME.fullmatch(word) is not None or _is_date(word)


def _is_date(word: str) -> bool:
    """A date in words: ``Tue 2 Jan 2024``, ``2. Januar 2024``."""
    letters = re.findall(r"[^\W\d_]+", _without_accents(word))
    in_calendar = all(one[:3] in _CALENDAR for one in letters)
    return bool(letters) and in_calendar and _YEAR.search(word) is not None


def _without_accents(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in plain if not unicodedata.combining(one))


def _plain(text: str) -> str:
    word = (
        unicodedata.normalize("NFC", text.strip("[]\"'") or text)
        .lower()
        .replace("_", " ")
        .replace("(e)", "")
    )
    return " ".join(word.split())
