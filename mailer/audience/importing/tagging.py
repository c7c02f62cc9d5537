"""Writing the tags of many people at once."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from mailer.database.tables import Tag
from mailer.names import LONGEST_NAME, name_key

_PARTS = 500  # keys of one question


def write(session: Session, tagged: Sequence[tuple[int, str]], *, now: datetime) -> None:
    """Mark subscribers, each with the tags of a JSON array; those that do not exist are made."""
    if not tagged:
        return
    of_texts = {tags: _shown(tags) for _, tags in tagged}
    wanted = {name_key(name): name for names in of_texts.values() for name in names}
    ids = _ids(session, list(wanted))
    missing = [key for key in wanted if key not in ids]
    if missing:
        session.execute(
            insert(Tag),
            [{"name": wanted[key], "key": key, "created_at": now} for key in missing],
        )
        ids |= _ids(session, missing)
    numbers = {tags: [ids[name_key(name)] for name in names] for tags, names in of_texts.items()}
    pairs = [(tag, one) for one, tags in tagged for tag in numbers[tags]]
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text(
                "INSERT INTO subscriber_tags (tag_id, subscriber_id) SELECT * FROM"
                " unnest(CAST(:tags AS int[]), CAST(:ids AS bigint[])) ON CONFLICT DO NOTHING"
            ),
            {"tags": [tag for tag, _ in pairs], "ids": [one for _, one in pairs]},
        )
    else:
        session.execute(
            text(
                "INSERT OR IGNORE INTO subscriber_tags (tag_id, subscriber_id)"
                " SELECT value ->> 0, value ->> 1 FROM json_each(:pairs)"
            ),
            {"pairs": json.dumps(pairs)},
        )


def _shown(tags: str) -> list[str]:
    names = (" ".join(unicodedata.normalize("NFC", one).split()) for one in json.loads(tags))
    return [name[:LONGEST_NAME] for name in names if name and name.isprintable()]


def _ids(session: Session, keys: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(keys), _PARTS):
        some = keys[start : start + _PARTS]
        rows = session.execute(select(Tag.key, Tag.id).where(Tag.key.in_(some)))
        found |= {row.key: row.id for row in rows}
    return found
