"""Letters that were encoded twice are mended; what was encoded once is never touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.audience.importing.blocks import Block
from mailer.audience.importing.doubling import look, mended, mended_blocks

_LETTERS = (
    "äöüß", "éèêëàâçîïôûùœæÿ", "áéíóúñü", "ãõáéíóúâêôàçü", "åäöéü", "åæøéòô", "áðéíóúýþæö", "ąćęłńóśźż",
    "áčďéěíňóřšťúůýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "çğıöşüâîû", "ąčęėįšųūž", "āčēģīķļņšūž", "ảạấầẩẫậắằđẻẽẹềểễệ",
    "абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ",
    "אבגדהוזחטיכלמנסעפצקרשת", "ابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگ", "山田太郎東京都", "ひらがなカタカナ", "김철수서울", "王小明北京",
)  # fmt: skip
_BEFORE, _AFTER = (
    ("", "«", "“", "„", "¿", "‘"),
    ("", "»", "”", "’", "…", ".", " –", "!", "\xa0", "™"),
)


@st.composite
def _correct(draw: st.DrawFn) -> str:
    """Some words of one language, as they are written."""
    letters = st.sampled_from(draw(st.sampled_from(_LETTERS)) + "abehinorst")
    words = draw(st.lists(st.text(letters, min_size=1, max_size=9), min_size=1, max_size=6))
    kinds = st.sampled_from([str.lower, str.title, str.upper])
    return " ".join(
        draw(st.sampled_from(_BEFORE)) + draw(kinds)(word) + draw(st.sampled_from(_AFTER))
        for word in words
    )


def _twice(text: str) -> str:
    """As a program writes it that takes UTF-8 for Windows-1252."""
    return "".join(bytes((one,)).decode("cp1252", "ignore") or chr(one) for one in text.encode())


@given(st.lists(_correct(), min_size=1, max_size=5))
def test_correct_text_of_no_language_is_taken_for_text_encoded_twice(lines: list[str]) -> None:
    assert look(lines) is None


@given(_correct())
def test_text_encoded_twice_comes_back_as_it_was(text: str) -> None:
    assert mended(_twice(text)) == text


@pytest.mark.parametrize(
    "text", ["José", "Müller", "it’s", "Иван", "山田", "Łódź", "دود", "Ελένη", "🎉 party", "“so”"]
)
def test_one_word_encoded_twice_is_told(text: str) -> None:
    found = look(["email,name\n", f"ann@x.test,{_twice(text)}\n"])
    assert found is not None
    assert (found.before, found.after) == (_twice(text), text)


def test_where_most_is_encoded_once_nothing_is_mended() -> None:
    assert look(["José, Zoë, Änne, JosÃ©"]) is None


def test_addresses_and_cells_that_are_right_stay_as_they_are() -> None:
    rows = [["jÃ¶rg@x.test", "JÃ¶rg", "Zoë"], ["ann@x.test", "Ann", "JosÃ© Núñez"]]
    (block,) = mended_blocks([Block([2, 3], rows)])
    assert block.cells == [["jÃ¶rg@x.test", "Jörg", "Zoë"], rows[1]]
    assert block.notes == ["letters that were encoded twice were mended", ""]
