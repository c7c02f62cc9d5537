"""What an import tells the editor: what was dropped, changed or guessed, and where."""

from __future__ import annotations


class Notes:
    """Collects sentences; details of one kind are gathered into one sentence."""

    def __init__(self) -> None:
        self._details: dict[str, dict[str, int]] = {}
        self._counts: dict[str, int] = {}

    def say(self, sentence: str) -> None:
        """*sentence* once, however often it is said."""
        self._details.setdefault(sentence, {})

    def list(self, opening: str, detail: str) -> None:
        """*detail* under *opening*; all details of one opening make one sentence."""
        details = self._details.setdefault(opening, {})
        details[detail] = details.get(detail, 0) + 1

    def count(self, opening: str, more: int = 1) -> None:
        """*more* of one kind, of which only the number matters."""
        if more:
            self._counts[opening] = self._counts.get(opening, 0) + more

    def sentences(self) -> tuple[str, ...]:
        told = (_sentence(opening, details) for opening, details in self._details.items())
        counted = (f"{opening}: {number}." for opening, number in self._counts.items())
        return (*told, *counted)


def _sentence(opening: str, details: dict[str, int]) -> str:
    if not details:
        return opening
    told = "; ".join(
        f"{detail} ({count} times)" if count > 1 else detail for detail, count in details.items()
    )
    return f"{opening}: {told}."
