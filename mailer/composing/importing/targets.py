"""Which addresses of a foreign text can stand in an issue, and what is said about the others."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from mailer.blocks import Url
from mailer.composing.importing.notes import Notes
from mailer.sentences import Sentence

_URL: TypeAdapter[str] = TypeAdapter(Url)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# Hosts and paths behind which other newsletter systems count clicks.
_COUNTED = re.compile(
    r"//(?:[\w.-]+\.)?(?:list-manage\.com/track|mailchi\.mp/track|mandrillapp\.com/track"
    r"|rs6\.net|mjt\.lu|sendgrid\.net|sparkpostmail\.com|hubspotlinks?\.com|cmail\d+\.com"
    r"|createsend\d*\.com|klclick\d*\.com|sendinblue\.com|substack\.com/redirect)"
    r"|//(?:click|clicks|track|tracking|trk|links?|lnks?|email|mailtrack)\.[\w.-]+/"
    r"(?:ls/click|c/|e/|f/a/|CL0/|track|u/|[\w-]{24,})"
    r"|/ls/click\?upn=|/CL0/http|/e3t/|/track/click",
    re.IGNORECASE,
)

LEFT_AS_WORDS = Sentence("Links without a full address were left as words")
NOT_ALLOWED = Sentence("Links that no mail may carry were left as words")
COUNTED = Sentence("Links through another system's click counter were kept as they are")
MADE_WHOLE = Sentence("Addresses without https: in front were given it")


@lru_cache(maxsize=4096)
def usable(url: str) -> bool:
    """Whether *url* can stand in an issue as it is."""
    try:
        return _URL.validate_python(url) == url
    except ValidationError:
        return False


def link_target(href: str, notes: Notes, *, label: str = "") -> str:
    """*href* as an issue can carry it, or an empty string and a note saying why not."""
    # Browsers drop line breaks and tabs inside an address and write blanks as %20.
    url = re.sub(r"[\t\r\n]", "", href).strip(" ").replace(" ", "%20")
    if not url or url == "#":
        return ""
    told = f"“{label[:80]}” ({url[:200]})" if label else url[:200]
    if url.startswith("//"):
        url = f"https:{url}"
        if usable(url):
            notes.list(MADE_WHOLE, url)
    if usable(url):
        if _COUNTED.search(url[:500]):
            notes.list(COUNTED, urlsplit(url).hostname or url)
        return url
    notes.list(NOT_ALLOWED if _SCHEME.match(url) else LEFT_AS_WORDS, told)
    return ""
