"""Uploaded pictures come out small, clean and safe, or are refused with a reason."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mailer.composing.picturing import prepare
from mailer.errors import InvalidFile


def file(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def reopened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def noisy(width: int, height: int) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise((width, height), 90) for _ in range(3)])


def test_a_large_photo_becomes_1200_wide() -> None:
    made = prepare(file(noisy(3000, 2000)))
    assert (made.kind, made.width, made.height) == ("jpeg", 1200, 800)
    assert reopened(made.data).size == (1200, 800)


def test_small_pictures_are_not_blown_up() -> None:
    assert prepare(file(noisy(300, 200))).width == 300


def test_where_it_was_taken_is_removed_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter
    exif[0x010F] = "Camera of somebody"
    exif.get_ifd(0x8825)[1] = "N"
    made = prepare(file(noisy(400, 200), exif=exif))

    assert (made.width, made.height) == (200, 400)
    assert not reopened(made.data).getexif()
    assert b"Camera" not in made.data


def test_words_hidden_in_a_png_are_removed() -> None:
    hidden = PngInfo()
    hidden.add_text("Comment", "secret")
    data = file(noisy(50, 50), "PNG", pnginfo=hidden, exif=b"Exif\x00\x00secret")
    assert b"secret" in data
    assert b"secret" not in prepare(data).data


def test_clear_places_stay_clear_and_drawings_stay_sharp() -> None:
    clear = Image.new("RGBA", (80, 40), (255, 0, 0, 0))
    drawing = Image.new("RGB", (80, 40), "white")
    solid = noisy(80, 40).convert("RGBA")

    assert prepare(file(clear, "PNG")).kind == "png"
    assert reopened(prepare(file(clear, "PNG")).data).mode == "RGBA"
    assert prepare(file(drawing, "PNG")).kind == "png"
    assert prepare(file(solid, "PNG")).kind == "jpeg"


def test_a_photo_in_black_and_white_does_not_grow() -> None:
    grey = file(Image.effect_noise((600, 400), 90).convert("L"), quality=80)
    made = prepare(grey)
    assert made.kind == "jpeg"
    assert len(made.data) < 2 * len(grey)


def test_a_scan_of_sixteen_bits_is_not_blank() -> None:
    scan = Image.new("I;16", (40, 40), 30_000)
    made = reopened(prepare(file(scan, "PNG")).data)
    assert {100 < value < 130 for value in made.convert("L").tobytes()} == {True}


def test_of_an_animation_the_first_picture_is_kept_and_that_is_told() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    moving = file(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert prepare(moving).moved
    assert not prepare(file(frames[0], "GIF")).moved


def test_the_same_picture_has_the_same_name() -> None:
    data = file(noisy(60, 40))
    assert prepare(data).digest == prepare(data).digest


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 2.5 thousand million dots."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "no SVG"),
        (b"<html>not a picture</html>", "no picture"),
        (b"", "no picture"),
        (bomb(), "million dots"),
        (file(Image.new("1", (8_000, 8_000)), "PNG"), "million dots"),
        (b"\x00\x00\x00\x18ftypheic" + b"0" * 100, "as JPEG"),
        (file(noisy(200, 200))[:900], "damaged"),
        (b"\xff\xd8" + b"0" * (15 * 1024 * 1024), "15 MB"),
    ],
    ids=["svg", "html", "empty", "bomb", "wide", "heic", "cut", "large"],
)
def test_what_is_no_safe_picture_is_refused_with_a_reason(data: bytes, words: str) -> None:
    with pytest.raises(InvalidFile, match=words):
        prepare(data)


def test_a_script_behind_a_picture_does_not_come_out() -> None:
    assert b"<script>" not in prepare(file(noisy(40, 40)) + b"<script>alert(1)</script>").data
