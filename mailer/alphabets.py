"""Which old encoding makes words of a text: the alphabets that people write in, letter by letter; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

_WESTERN = (
    "äöüß", "éèêëàâçîïôûùœæÿ", "áéíóúñü", "ãõáéíóúâêôàçü", "àèéìîòù", "åäöéü", "åæøéòô", "ëïéèöüó",
    "áðéíóúýþæö",
)  # fmt: skip
_CENTRAL = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "äöüß", "ëç",
)  # fmt: skip
_CYRILLIC = ("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
             "абвгдђежзијклљмнњопрстћуфхцчџш")  # fmt: skip
_GREEK = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",)
# The alphabets of those who used an encoding. In the order in which encodings are believed where
# two make as much of a text.
_ALPHABETS = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1254": ("çğıöşüâîû",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
    "cp1251": _CYRILLIC,
    "cp1253": _GREEK,
    "cp1255": ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",),
    "cp1256": ("ءآأؤإئابةتثجحخدذرزسشصضطظعغـفقكلمنهوىيپچژگکی",),
}
_WIDE = ("cp932", "euc_jp", "cp949", "gbk", "big5hkscs")
_RARE = {
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
    "cp852": _CENTRAL,
    "koi8_u": _CYRILLIC,
    "cp866": _CYRILLIC,
}
_VOWELS = frozenset("аеиоуыэюяёіїєαεηιουωάέήίόύώ")
_MARKS = frozenset("–—‘’‚“”„…•€«»\xa0")  # stand at words, not in them; ’ does
_OPENING = frozenset("‚„«")
_HIGH = re.compile(r"[^\x00-\x7f]")
_INSIDE = re.compile(r"[A-Za-z][^\x00-\x7f][A-Za-z]")
_FINAL = frozenset("ךםןףץ")  # Hebrew: only at the end of words
_GOOD_ENOUGH = 0.6


def guess(sample: bytes, *, old_mac: bool = False) -> str | None:
    """The encoding that makes words of *sample*, lines with letters beyond ASCII; ``None``: none does.

    Lines that end with carriage returns only come from an old Macintosh.
    """
    scores = [(_letters(sample, "mac_roman", _WESTERN), "mac_roman")] if old_mac else []
    scores += [(_letters(sample, name, _ALPHABETS[name]), name) for name in _ALPHABETS]
    scores += [(_wide(sample, name), name) for name in _WIDE]
    scores += [(_letters(sample, name, _RARE[name]), name) for name in _RARE]
    best, name = max(scores, key=lambda one: one[0])  # of equals the first
    return name if best >= _GOOD_ENOUGH else None


def _letters(sample: bytes, encoding: str, alphabets: Sequence[str]) -> float:
    """How well an encoding of one byte a letter fits: the share of its high bytes that make sense."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    found = [one.start() for one in _HIGH.finditer(text)]
    if not found:
        return 0.0
    marks = sum(_mark_fits(text, at) for at in found)
    letters = [text[at] for at in found if _letter_fits(text, at)]
    best = max(_known(letters, alphabet) for alphabet in alphabets)
    return (marks + best * _likely(letters)) / len(found)


def _known(letters: Iterable[str], alphabet: str) -> float:
    """One for a letter of this alphabet, less for what another language's name may have."""
    known = _both_cases(alphabet)
    doubtful = "ðþýÐÞÝ" if "ð" in alphabet else ""  # far more often Turkish misread
    return sum((0.9 if one in doubtful else 1.0) if one in known else 0.4 for one in letters)


@lru_cache
def _both_cases(alphabet: str) -> frozenset[str]:
    return frozenset(alphabet) | {one.upper() for one in alphabet if one not in "ßı"} | {"İ"}


def _likely(letters: Sequence[str]) -> float:
    """Cyrillic and Greek without vowels, in capitals or without, or Greek without accents, are misread."""
    lower = [one.lower() for one in letters if "\u0370" <= one < "\u0530"]
    if not lower:
        return 1.0
    vowels = sum(one in _VOWELS for one in lower) / len(lower)
    greek = [one for one in letters if "\u0370" <= one < "\u0400" and one.islower()]
    bare = len(greek) > 2 and not any(unicodedata.decomposition(one) for one in greek)
    capitals = any(one.isupper() for one in letters) and any(one.islower() for one in letters)
    return (1.0 if vowels > 0.25 else 0.8) * (1.0 if capitals else 0.9) * (0.8 if bare else 1.0)


def _letter_fits(text: str, at: int) -> bool:
    """A letter among its like, and no capital inside a word: ``JŸrgen``."""
    one, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if not one.isalpha() or one in _MARKS:
        return False
    if one.isupper() and before.isalpha() and (before.islower() or after.islower()):
        return False
    if one < "\u0370":  # Latin: such letters stand among plain ones
        around = text[max(0, at - 2) : at + 3]
        return len(_HIGH.findall(around)) < 2 or any(map(str.isascii, filter(str.isalpha, around)))
    if "\u0590" <= one < "\u0600" and after.isalpha() and one in _FINAL:
        return False
    return not any(near.isascii() and near.isalpha() for near in (before, after))


def _mark_fits(text: str, at: int) -> float:
    """A quotation mark or dash at a word makes sense, a sign inside one does not: ``K”ln``."""
    one, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if one.isalpha() and one not in _MARKS:
        return 0.0
    inside = before.isalpha() and after.isalpha()
    if one == "€" and (before.isalpha() or after.isalpha()):
        return -1.0
    if one == "’" or (one in _MARKS and not inside and not (one in _OPENING and before.isalpha())):
        return 0.9 if one == "…" else 1.0
    return -1.0 if inside or not one.isprintable() else -0.5


def _wide(sample: bytes, encoding: str) -> float:
    """How well an encoding of East Asia fits: the share of its usual letters."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    found = list(_HIGH.finditer(text))
    alone = [one[0] for one in found if not _INSIDE.match(text, max(0, one.start() - 1))]
    usual = sum(_usual(one, encoding) for one in alone)
    return usual / len(found) if found else 0.0


def _usual(one: str, encoding: str) -> float:
    if encoding in ("cp932", "euc_jp"):
        if "ぁ" <= one <= "ヿ" or one in "、。・ー　":
            return 1.0
        usual = "一" <= one <= "鿿" and _level(one, "euc_jp") <= 0xCF
        return 0.0 if not usual else 1.0 if encoding == "cp932" else 0.9
    if encoding == "cp949":
        return 1.0 if "가" <= one <= "힣" and len(one.encode("euc_kr", "ignore")) == 2 else 0.0
    if not "一" <= one <= "鿿":
        return 1.0 if one in "，。、（）　·" else 0.0
    return 1.0 if _level(one, encoding) <= (0xD7 if encoding == "gbk" else 0xC6) else 0.0


def _level(one: str, encoding: str) -> int:
    """The first byte: what is used most was given the lowest, of those of two bytes."""
    code = one.encode("gb2312" if encoding == "gbk" else encoding, "ignore")
    return code[0] if len(code) == 2 else 0xFF
