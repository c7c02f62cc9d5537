"""Uploaded pictures: made small and clean for mail, and kept by their content."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from datetime import datetime

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy.orm import Session, undefer

from mailer.database.tables import Picture
from mailer.errors import InvalidFile, NotFound

MOST_BYTES = 15 * 1024 * 1024
_MOST_PIXELS = 60_000_000
_WIDTH = 1200  # twice what the mail shows: sharp on phones
_HEIGHT = 2400
_QUALITY = 82
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as readers get it: no wider than needed, nothing in it but what is seen."""

    data: bytes
    kind: str
    width: int
    height: int
    moved: bool = False  # it was an animation, of which this is the first picture

    @property
    def digest(self) -> str:
        """Its name for ever."""
        return hashlib.sha256(self.data).hexdigest()[:40]


def prepare(data: bytes) -> Prepared:
    """Upright, small, without EXIF; ``InvalidFile`` says what is wrong with it.

    Only what is decoded and written anew leaves here: no file passes through as it came.
    """
    if len(data) > MOST_BYTES:
        raise InvalidFile(
            "This picture has more than {most} MB. Make it smaller first.",
            most=MOST_BYTES // 1024**2,
        )
    if b"<svg" in data[:1000].lower():
        raise InvalidFile("Mail programs show no SVG. Save the picture as PNG and upload that.")
    if (
        data[4:8] == b"ftyp"
    ):  # ISO 23008-12: what telephones save, and what mail programs do not show
        raise InvalidFile(
            "Mail programs show no HEIC or AVIF. Save the picture as JPEG and upload that."
        )
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            moved = getattr(opened, "is_animated", False)
            return replace(_written(_upright(opened)), moved=moved)
    except InvalidFile:
        raise
    except UnidentifiedImageError as error:
        raise InvalidFile("This is no picture we can read. Use JPEG, PNG, WebP or GIF.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (OSError, ValueError, SyntaxError) as error:
        raise InvalidFile("This picture is damaged. Save it again and upload that.") from error


def _too_many_pixels() -> InvalidFile:
    return InvalidFile(
        "This picture has more than {n} million dots. Make it smaller.", n=_MOST_PIXELS // 1_000_000
    )


def _upright(opened: Image.Image) -> Image.Image:
    if opened.width * opened.height > _MOST_PIXELS:
        raise _too_many_pixels()
    if opened.format == "JPEG":  # decodes no more than is needed
        opened.draft("RGB", (2 * _WIDTH, 2 * _HEIGHT))
    opened.load()
    try:
        image = ImageOps.exif_transpose(opened)
    except (SyntaxError, ValueError, OSError, LookupError):  # what a camera wrote of it is damaged
        image = opened.copy()
    image.thumbnail((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)
    return image


def _written(image: Image.Image) -> Prepared:
    if image.mode.startswith("I;16"):  # a scan; conversion would make all of it white
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    clear = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    seen = image.convert("RGBA" if clear else "RGB")
    if clear and seen.getchannel("A").getextrema() == (255, 255):
        seen, clear = seen.convert("RGB"), False
    bare = Image.frombytes(seen.mode, seen.size, seen.tobytes())  # leaves all metadata behind
    if clear:
        return _as_png(bare)
    photo = _as_jpeg(bare)
    if not _few_colours(bare):
        return photo
    drawing = _as_png(bare)
    # A photo in black and white has few colours, too: as PNG it has some megabytes.
    return min(drawing, photo, key=lambda one: len(one.data))


def _few_colours(image: Image.Image) -> bool:
    """Drawings and screenshots blur as JPEG, and are small as PNG."""
    return image.getcolors(256) is not None


def _as_png(image: Image.Image) -> Prepared:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return Prepared(out.getvalue(), "png", *image.size)


def _as_jpeg(image: Image.Image) -> Prepared:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return Prepared(out.getvalue(), "jpeg", *image.size)


def keep(session: Session, prepared: Prepared, *, by: str, now: datetime) -> Picture:
    """Store it, once however often it is uploaded."""
    found = session.get(Picture, prepared.digest)
    if found is not None:
        found.unused_since = None
        return found
    picture = Picture(
        digest=prepared.digest,
        kind=prepared.kind,
        width=prepared.width,
        height=prepared.height,
        by=by,
        at=now,
        data=prepared.data,
    )
    session.add(picture)
    session.flush()
    return picture


def get(session: Session, digest: str) -> Picture:
    """One picture with its bytes; ``NotFound``."""
    found = session.get(Picture, digest, options=[undefer(Picture.data)])
    if found is None:
        raise NotFound("There is no such picture.")
    return found


def path_of(picture: Picture) -> str:
    """Where the public finds it, below our base address."""
    return f"/pictures/{picture.digest}.{picture.kind}"
