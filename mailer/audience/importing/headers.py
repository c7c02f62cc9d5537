"""What a column's header says, however it is put: about leaving, bouncing, consent, or other things."""

from __future__ import annotations

import re

from mailer.audience.importing.meanings import Meaning, known_meaning, normalise

# Status of what? Of mails and consent: email_subscription_status.
_ABOUT_CONSENT = re.compile(
    r"(?:mail|newsletter|subscri|optin|consent|marketing).*(?:status|state)$"
)
# Of those who left or cannot be reached: unsubscribed_from_all_email, Keine E-Mails (Massenversand).
_GONE = (
    (re.compile(r"(?:unsub|opt(?:ed)?out|abmelde|abgemeld|austritt|kundigung|desabon|desinscri|baja)"
                r".*(?:reason|grund|motif|motivo)"), Meaning.REASON),
    (re.compile(r"unsub|opt(?:ed)?out|do(?:no|n)t(?:e?mail|contact|send)|isdeleted$|"
                r"(?:^|wants|requests?|prefers)no(?:bulk)?(?:e?mails?|newsletters?)$|"
                r"donotallow(?:bulk)?emails?$|pleaseremove|removeme$|widerspr|widerruf|"
                r"abmeld|abgemeld|abbestell|austritt|ausgetret|kundigung|gekundigt|"
                r"(?:werbe|mail|mailing|newsletter|versand)sperre|sperrvermerk|sperrkennzeichen|"
                r"kein(?:e|en)?(?:e?mail|newsletter|massenversand|werbung|rundbrief)|"
                r"nicht(?:kontaktier|anschreib|mailen)|desabon|desinscri|resilie(?:le)?$|resiliation|"
                r"nepas(?:contacter|envoyer|e?mailer)|pasd(?:e|')?(?:e?mail|newsletter|courriel)|"
                r"dado(?:de)?baja|fecha(?:de)?baja|no(?:contactar|enviar)|"
                r"descadastr|nao(?:contatar|contactar|enviar)|disiscri|non(?:contattare|inviare)|"
                r"uitgeschr|uitschrij|afgemeld|afmeld|opgezegd|geen(?:e?mail|nieuwsbrief)|"
                r"niet(?:e?mailen|contacteren|benaderen)|wypis|rezygnacj|avregistr|avmeld|"
                r"отпис|неприсыл|неписать|退会|購読解除|配信停止|配信拒否|لغو|انصراف"),
     Meaning.UNSUBSCRIBED),
    (re.compile(r"(?:optin|confirmation|doi)pending|pending(?:optin|confirm|doi)|unconfirmed|"
                r"(?:awaiting|waitingfor|needs)confirm|notconfirmed|nichtbestatigt|unbestatigt|"
                r"n(?:on|ao)?confirmad[ao]$|nonconfirme"), Meaning.PENDING),
    (re.compile(r"bounced|bounce(?:date|time|reason|at)|complain|block(?:list|ed)|blacklist|suppress|"
                r"undeliver|unzustell|schwarzeliste|listenoire|listanegra|listanera|zwartelijst|"
                r"czarnalista|черныйсписок|(?:invalid|bad)(?:e?mail|address)|"
                r"e?mail(?:address)?(?:is)?(?:invalid|bad)$|ungultige(?:e?mail|adresse)|"
                r"mail(?:adresse)?ungultig|spam|gesperrt|deceased|verstorben|fallecid|falecid|overleden"),
     Meaning.SUPPRESSED),
    (re.compile(r"(?:doi|optin|e?mail|address|subscription|newsletter|user|account)(?:is|was)?"
                r"(?:confirmed|verified|validated|bestatigt|confirme|confirmado|confermato)$"),
     Meaning.CONFIRMED),
)  # fmt: skip
# … but no numbers and names beside it,
_ASIDE = re.compile(
    r"soft|(?:source|campaign|title|id|ip|count|number|rate|score|url|link|page|hash|key|list|"
    r"token|code|guid|order|position|text|form)s?$"
)
# and nothing about other ways to reach people.
_OTHER_WAYS = re.compile(r"sms|phone|mobile|telefon|handy|whatsapp|push|fax|電話")
# What has states of its own: nobody leaves by a cancelled order.
_BUSINESS = re.compile(
    r"order|bestell|commande|pedido|ordine|encomenda|zamowien|payment|zahlung|paiement|pago|"
    r"pagamento|betaling|invoice|rechnung|facture|factura|fattura|shipp|shipment|ticket|booking|"
    r"buchung|prioridad|priority|track|cookie|photo|foto|bild|charge|pledge|patron|attend|approval|"
    r"rsvp|billing|注文|支払"
)
# What may be about consent, so that "no" below it is not passed over.
_LIKE_CONSENT = re.compile(
    r"newsletter|rundbrief|nieuwsbrief|infolettre|boletin|boletim|bollettino|biuletyn|mailing|"
    r"consent|einwillig|zustimm|optin|permission|toestemming|zgoda|souhlas|samty|abonn|subscri|"
    r"marketing|werbung|receives?|gdpr|dsgvo|rgpd|согласи|подпис|рассылк|同意|メルマガ|配信|رضایت|خبرنامه"
)
# A count of something, or the kind of mail: phpList's "Send this subscriber HTML emails".
_COUNTED = re.compile(
    r"^(?:number|num|count|anzahl|nombre|numero|total)|(?:count|number|rate|score)s?$|html"
)
# A status of whatever kind, in the languages of the exports; not a state, which countries have, too.
_STATUS = re.compile(
    r"status|statut(?!e)|статус|状態|状态|ステータス|durum|وضعیت|الحالة|סטטוס|κατασταση"
)
_LAW = re.compile(r"gdpr|dsgvo|rgpd|lgpd|ccpa")
# An address, and which of somebody's.
_MAIL = frozenset(
    [
        "mail",
        "mails",
        "email",
        "emails",
        "emailaddress",
        "emailaddresses",
        "mailadresse",
        "emailadresse",
        "mailadres",
        "emailadres",
        "courriel",
        "courriels",
        "correo",
        "posta",
        "epost",
        "epostadress",
        "eposta",
        "eadresse",
    ]
)
_WHICH = frozenset(
    [
        "e",
        "address",
        "addresses",
        "adresse",
        "adressen",
        "adres",
        "adress",
        "addresse",
        "electronique",
        "electronico",
        "electronica",
        "elettronica",
        "value",
        "second",
        "secondary",
        "secundario",
        "secundaria",
        "secondaire",
        "secondaria",
        "other",
        "alternate",
        "alternative",
        "alternativ",
        "alternatif",
        "alternativo",
        "additional",
        "weitere",
        "zweite",
        "zweit",
        "andere",
        "autre",
        "autres",
        "otro",
        "otra",
        "altra",
        "altro",
        "backup",
        "work",
        "business",
        "office",
        "home",
        "private",
        "privat",
        "private",
        "personal",
        "personnel",
        "personnelle",
        "pro",
        "professionnel",
        "professionnelle",
        "beruflich",
        "dienstlich",
        "geschaftlich",
        "arbeit",
        "buro",
        "zakelijk",
        "prive",
        "werk",
        "lavoro",
        "ufficio",
        "personale",
        "privata",
        "trabajo",
        "oficina",
        "trabalho",
        "pessoal",
        "profissional",
        "arbete",
        "jobb",
    ]
)
# Whose it is may stand before it: user.confirmed, subscriber_active.
_WHOSE = re.compile(r"^(?:user|subscriber|contact|member|person|recipient|profile|customer)s?")
_YES_OR_NO = frozenset((
    Meaning.SUBSCRIBED, Meaning.CONFIRMED, Meaning.PENDING, Meaning.UNSUBSCRIBED,
    Meaning.SUPPRESSED,
))  # fmt: skip
_SENDERS = frozenset(("from", "frm", "fromemail", "fromaddress", "sender", "replyto", "absender"))
# Never kept, whoever exported them.
_SECRETS = frozenset(("password", "passwort", "passwordchanged", "passwordhash", "token", "apikey"))


def meaning_of(header: str) -> Meaning | None:
    """What a column with this header means in most programs; ``None`` for a field of their own."""
    word = normalise(header)
    if word in _SECRETS:
        return Meaning.IGNORE
    known = known_meaning(word) or _of_whom(word)
    if known is not None or not is_about_mail(header):
        return known
    if _ABOUT_CONSENT.search(word):
        return Meaning.STATUS
    if _ASIDE.search(word):
        return None
    return next((meaning for pattern, meaning in _GONE if pattern.search(word)), None)


def _of_whom(word: str) -> Meaning | None:
    meaning = known_meaning(_WHOSE.sub("", word))
    return meaning if meaning in _YES_OR_NO else None


def is_about_mail(header: str) -> bool:
    """Whether it may be: not about text messages or telephones."""
    return _OTHER_WAYS.search(normalise(header)) is None


def is_about_readers(header: str) -> bool:
    """Whether it may say who reads: not about telephones, orders or payments."""
    return is_about_mail(header) and _BUSINESS.search(normalise(header)) is None


def is_address_too(header: str) -> bool:
    """Whether it is called an address of the same person: *E-Mail 2*, *E-Mail dienstlich*."""
    if meaning_of(header) is Meaning.ADDRESS:
        return True
    words = {normalise(word) for word in re.findall(r"[^\W\d_]+", header)}
    return bool(words & _MAIL) and words <= _MAIL | _WHICH


def is_like_consent(header: str) -> bool:
    """Whether a "no" below it may be somebody who wants no mail."""
    word = normalise(header)
    return _LIKE_CONSENT.search(word) is not None and _COUNTED.search(word) is None


def is_wish(header: str) -> bool:
    """Whether a cross below it may be all that tells who wants a newsletter.

    Not that somebody agreed to a law's name: programs such as Sendy note it besides.
    """
    return is_like_consent(header) and _LAW.search(normalise(header)) is None


def is_status(header: str) -> bool:
    """Whether it is called a status, of whatever."""
    return _STATUS.search(normalise(header)) is not None


def is_status_of_somebody(header: str) -> bool:
    """Whether it is called the status of a user, subscriber, …: *user_status*."""
    word = normalise(header)
    return word.endswith("status") and _WHOSE.fullmatch(word.removesuffix("status")) is not None


def is_sender(header: str) -> bool:
    """Whether it is called the address that mails come from."""
    return normalise(header) in _SENDERS


def is_nameless(header: str) -> bool:
    """Whether nothing is said of what stands below it: columns that are numbered only."""
    return re.fullmatch(r"\s*(?:column \d+)?\s*", header) is not None
