"""Old encodings are told by the letters that they make."""

from __future__ import annotations

import pytest

from mailer.alphabets import guess

TEXTS = {
    "cp1252": [
        "Jürgen Müller;Köln",
        "Amélie Lefèvre, Hélène Crépin, François",
        "José Núñez, Conceição João",
        "Søren Kierkegård Ærø",
        "l’association – « élan »",
        "Þórður Guðmundsson Ísafjörður",
    ],
    "cp1250": [
        "Łucja Żak Łódź",
        "Jiří Dvořák, Příbram",
        "Kovács Győző, Tűzoltó utca",
        "Đorđe Žižić Čačak",
    ],
    "cp1251": ["Иван Петров", "Шевченко Київ", "Имя;Фамилия;Почта"],
    "koi8_u": ["Иван Петров", "Имя;Фамилия;Почта"],
    "cp1253": ["Ελένη Παππά", "Όνομα;Επώνυμο"],
    "cp1254": ["Ayşe Yılmaz", "Çağlar Güneş İstanbul"],
    "cp1255": ["דוד כהן", "משה לוי ירושלים"],
    "cp1256": ["علي حسن", "محمد أحمد"],
    "cp1257": ["Jonas Žukauskas Šiauliai Ąžuolas", "Jānis Bērziņš Rīga"],
    "mac_roman": ["Jürgen Öl", "José Núñez", "Ville de Montréal – l’été"],
    "cp850": ["Jürgen Öl Köln", "Änne Müller"],
    "cp932": ["山田 太郎 メールアドレス", "東京"],
    "euc_jp": ["氏名 メールアドレス 山田 太郎"],
    "gbk": ["姓名,电子邮箱,城市 王小明 北京"],
    "big5": ["姓名,電子郵件,城市 王小明 臺北"],
    "euc_kr": ["이름 이메일 김철수 서울"],
}


@pytest.mark.parametrize(
    ("encoding", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts]
)
def test_a_text_is_read_as_it_was_written(encoding: str, text: str) -> None:
    data = text.encode(encoding)
    found = guess(data)
    assert found is not None
    assert data.decode(found) == text
