"""What a column can mean, and the words for it in the headers of many programs and languages."""

from __future__ import annotations

import enum
import re
import unicodedata
from functools import lru_cache


class Meaning(enum.StrEnum):
    """What the cells of a column are."""

    ADDRESS = "address"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    LANGUAGE = "language"
    TIME_ZONE = "time_zone"
    STATUS = "status"  # a word: subscribed, cleaned, …
    SUBSCRIBED = "subscribed"  # yes or no
    CONFIRMED = "confirmed"  # yes, or when; no: never proved
    PENDING = "pending"  # yes, or since when: never proved
    UNSUBSCRIBED = "unsubscribed"  # yes, or the time they left
    SUPPRESSED = "suppressed"  # yes, or the time it happened: bounced, blocked
    REASON = "reason"  # why they left
    JOINED = "joined"  # when they joined: the subscriber's age
    EVIDENCE = "evidence"  # of consent: times and computers' addresses; kept word for word
    TAGS = "tags"
    DATA = "data"  # more fields, as a JSON object
    FIELD = "field"  # a custom field
    IGNORE = "ignore"


# Normalised headers (see :func:`normalise`), languages side by side.
_WORDS: dict[Meaning, str] = {
    Meaning.ADDRESS: """
        email emailaddress emailadress mail mailaddress mailadresse emailadresse epost epostadress
        epostadresse emailadres correo correoelectronico direcciondecorreo direcciondeemail
        direccionemail courriel courrier adressemail adresseemail adresseelectronique
        adressecourriel adressedemessagerie posta postaelettronica indirizzoemail indirizzomail
        indirizzodipostaelettronica enderecodeemail enderecodeemail correioeletronico
        correioeletronico emailcim sahkoposti sahkopostiosoite adresemail adresemail
        adrespocztyelektronicznej eposta epostaadresi emailadresa adresaemail adresadeemail
        электроннаяпочта почта адресэлектроннойпочты емейл имейл елпошта електроннапошта
        メールアドレス メール eメール 电子邮件 电子邮箱 邮箱 邮件 電子郵件 電郵 이메일 이메일주소
        البريدالالكتروني البريدالإلكتروني دواל דואל דואראלקטרוני ايميل ηλεκτρονικηδιευθυνση
        ηλεκτρονικοταχυδρομειο email1value primaryemail useremail subscriberemail memberemail contactemail workemail homeemail personalemail
        email1 emailaddress1 ایمیل پستالکترونیک رایانامه メール宛先 emailaddresshome""",
    Meaning.FIRST_NAME: """
        firstname fname givenname forename vorname rufname prenom nombre nombredepila voornaam
        fornamn fornavn etunimi imie jmeno krstnimeno keresztnev имя име імя όνομα ονομα
        primeironome nomeproprio primonome ad adı isim 名 名字 이름 الاسمالاول שםפרטי імя prvnijmeno""",
    Meaning.LAST_NAME: """
        lastname lname surname familyname secondname nachname familienname zuname nomdefamille
        apellido apellidos cognome sobrenome apelido ultimonome achternaam efternamn etternavn
        efternavn sukunimi nazwisko prijmeni priezvisko vezeteknev фамилия прізвище επωνυμο 姓 성
        اسمالعائلة שםמשפחה نامخانوادگی soyad soyadı soyisim familiennamen""",
    Meaning.NAME: """
        name fullname displayname contactname subscribername membername username realname
        firstandlastname nom nomcomplet nometprenom prenometnom nombrecompleto nombreyapellidos
        nome nomecompleto nomeecognome naam volledigenaam namn fullstandigtnamn navn nimi
        vollername namevollstandig imieinazwisko jmenoaprijmeni nev teljesnev фио полноеимя
        имяифамилия نام نامکامل adsoyad adısoyadı 氏名 名前 お名前 姓名 성명 الاسم الاسمالكامل שם שםמלא ονοματεπωνυμο""",
    Meaning.LANGUAGE: """
        language lang locale preferredlanguage sprache langue idioma lingua taal sprak kieli jezyk
        jazyk язык мова 语言 言語""",
    Meaning.TIME_ZONE: "timezone zeitzone fuseauhoraire zonahoraria fusoorario tijdzone часовойпояс",
    Meaning.STATUS: """
        status state subscriptionstatus subscriberstatus substatus emailstatus memberstatus
        emailmarketingstatus subscribertype subscriptionstate globalstatus optinstatus consent
        einwilligung zustimmung consentement consentimiento consentimento consenso toestemming zgoda
        souhlas samtycke samtykke izin согласие згода 同意 رضایت 配信状況 購読状況         consentstatus newsletterstatus abostatus abonnementstatus statut estado stato situacao
        stav tila durum статус 状态 ステータス 상태 وضعیت الحالة סטטוס κατασταση""",
    Meaning.SUBSCRIBED: """
        subscribed issubscribed subscribedtoemails optin optedin emailoptin newsletteroptin
        newsletter newsletterabo acceptsmarketing acceptsemailmarketing acceptsemails
        emailconsent marketingconsent marketingoptin receivesnewsletter active isactive enabled
        isenabled emailok oktoemail oktomail canemail mayemail emailallowed allowemail allowemails
        allowsemail receiveemail receiveemails receivesemail receivesemails acceptsemail acceptemail
        optinemail optedinemail emailoptedin emailsubscribed mailable emailable
        receivenewsletter receivenewsletters wantsnewsletter newslettersubscribed abonniert angemeldet abonne inscrit suscrito iscritto inscrito подписан""",
    Meaning.CONFIRMED: """
        confirmed isconfirmed verified isverified emailverified emailconfirmed doubleoptin
        istheemailofthisuserconfirmed istheemailofthissubscriberconfirmed isthissubscriberconfirmed
        bestatigt confirme
        confirmado confermato activated activatedat aktiviert emailvalidated emailconfirmation
        potvrzeno potwierdzony bevestigd confirmada confermata confirmee подтвержден 確認済み""",
    Meaning.PENDING: """
        pending ispending optinpending isoptinpending pendingoptin pendingconfirmation
        unconfirmed isunconfirmed notconfirmed unverified isunverified notverified unactivated
        awaitingconfirmation waitingforconfirmation confirmationpending needsconfirmation
        confirmationrequired unbestatigt nichtbestatigt bestatigungausstehend nonconfirme
        noconfirmado naoconfirmado nonconfermato nietbevestigd niepotwierdzony 未確認""",
    Meaning.UNSUBSCRIBED: """
        unsubscribed isunsubscribed unsubscribedat unsubscribedate unsubscribeddate unsubtime
        unsubscriptiondate unsubscribetime optout optedout isoptedout emailoptout hasoptedoutofemail
        optoutat optouttime optedoutat donotemail donotmail donotcontact donotsendemail
        nobulkemail nobulkemails nobulkemailsuseroptout isoptout emailunsubscribed nomail nonewsletter
        emaildisabled disabled isdisabled deletedat deleted isdeleted deactivated
        isexcludedfromcampaigns excludedfromcampaigns excluded
        isthisaccountdisabled abgemeldet abgemeldetam abbestellt desabonne desinscrit
        abmeldung abmeldedatum austritt austrittam austrittsdatum ausgetreten ausgetretenam
        kundigung kundigungsdatum gekundigt gekundigtam keinemail keineemail keineemails keinemails
        keinnewsletter keinenewsletter keinmassenversand nichtkontaktieren
        pasdemail pasdemails pasdenewsletter nepascontacter nepasenvoyer
        baja fechabaja fechadebaja bajael nocontactar noenviar noenviaremails cancelado
        cancelamento datadecancelamento naocontatar naoenviar
        cancellazione datacancellazione noncontattare noninviare
        geenmail geenemail geenmailing geennieuwsbrief nietmailen nietcontacteren afgemeld
        afgemeldop uitschrijfdatum opgezegd wypisany rezygnacja niekontaktowac avregistrerad
        退会 退会日 解除日 配信停止 配信停止日 購読解除 لغواشتراک لغوعضویت انصراف aboneliktencikti
        cancelledat canceledat cancelled canceled lefton leftat dateleft exitdate removedat
        canceldate cancellationdate exclu exclue excludescampagnes
        debaja dadodebaja disiscritto cancellato descadastrado uitgeschreven отписан""",
    Meaning.SUPPRESSED: """
        cleantime cleaned bounced isbounced hardbounced hardbounce bouncedat bouncetime bouncedate
        blocked isblocked blocklisted isblocklisted blacklisted isblacklisted blacklist blocklist
        isthisuserblacklisted isthissubscriberblacklisted emailblacklisted suppressed issuppressed
        onhold isonhold emailonhold emailisbad email1isbad emailbounced
        isspamcomplaining complained complaint complaintat spam markedasspam spamreport unreachable undeliverable
        npai plainte plaintes verstorben decede decedee fallecido falecido deceduto overleden zmarly avliden rebond rebonds
        rebotado rimbalzato 不達 無効         gesperrt unzustellbar""",
    Meaning.REASON: "unsubreason unsubscribereason unsubscriptionreason reasonforleaving abmeldegrund",
    Meaning.JOINED: """
        createdat created creationdate datecreated dateadded addedat added joined joinedat joindate
        datejoined subscribedat subscribedon subscriptiondate subscribedate subscribedatetime
        signupdate signedupat signupat registered registeredat registrationdate entered optindate
        dateofsubscription anmeldedatum angemeldetam eintragungsdatum erstelltam datedinscription
        dateinscription fechadealta fechadesuscripcion datadiiscrizione datadeinscricao
        userregistered signuptime signuptimestamp dataiscrizione
        erstellt hinzugefugt hinzugefugtam datedajout ajoutele dateajout dataaggiunta datazapisu
        datadodania ingeschrevenop aangemaaktop subscribersince datesubscribed addedon
        تاریخعضویت 作成日 登録日時         inschrijfdatum датаподписки timestamp createdate createddate addedtime subscribeddate
        登録日 datadeinscricao kayıttarihi""",
    Meaning.EVIDENCE: """
        optintime optinip timestampopt ipopt timestampsignup ipsignup confirmtime confirmip confirmedat confirmationdate confirmationtime
        confirmedoptindate confirmedoptintime consentat consentgivenat einwilligungam
        einwilligungsdatum bestatigtam bestatigungsdatum activationdate aktivierungsdatum aktiviertam
        confirmationip confirmedip ipaddress ip signupip optinipaddress subscribedip
        registrationip ipadresse adresseip optinsource signupsource signupform consenttext
        consentdate consenttime gdprconsent dsgvo doubleoptindate""",
    Meaning.TAGS: """
        tags tag taglist tagnames can2usertags contacttags usertags labels label segments segment groups group schlagworte schlagworter etiquettes
        etiquetas etichette etiketten gruppen groupes grupos gruppi метки теги 标签 タグ""",
    Meaning.DATA: "fields attributes attribs data metadata customfields customdata mergefields extradata",
}

_NOISE = re.compile(r"[\W_]+")


def normalise(header: str) -> str:
    """A header's letters and digits only, lower case, without accents: ``E-Mail`` → ``email``."""
    plain = unicodedata.normalize("NFKD", header.casefold())
    return _NOISE.sub("", "".join(c for c in plain if not unicodedata.combining(c)))


_MEANINGS = {
    normalise(word): meaning for meaning, words in _WORDS.items() for word in words.split()
}


def known_meaning(word: str) -> Meaning | None:
    """What a normalised header means by itself."""
    return _MEANINGS.get(word)


@lru_cache(maxsize=4096)
def field_name(header: str) -> str:
    """The name of the custom field for a header: lower case, words joined by ``_``.

    Letters of every script stay; what placeholders know already gets a name of its own.
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", header.strip())
    name = re.sub(r"[\W_]+", "_", unicodedata.normalize("NFC", words).lower()).strip("_")
    if not name or not name[0].isalpha():
        name = f"field_{name}".rstrip("_")
    return {"address": "postal_address", "token": "token_field", "name": "name_2"}.get(name, name)[
        :60
    ].rstrip("_")
