"""What an import tells the editor: what was dropped, changed or guessed, and where."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.sentences import Sentence, Several


class Notes:
    """Collects sentences; details of one kind are gathered into one sentence."""

    def __init__(self) -> None:
        self._details: dict[Sentence, dict[str, int]] = {}
        self._counts: dict[Sentence, int] = {}

    def say(self, sentence: Sentence) -> None:
        """*sentence* once, however often it is said."""
        self._details.setdefault(sentence, {})

    def list(self, opening: Sentence, detail: str) -> None:
        """*detail* under *opening*; all details of one opening make one sentence."""
        details = self._details.setdefault(opening, {})
        details[detail] = details.get(detail, 0) + 1

    def count(self, opening: Sentence, more: int = 1) -> None:
        """*more* of one kind, of which only the number matters."""
        if more:
            self._counts[opening] = self._counts.get(opening, 0) + more

    def sentences(self) -> tuple[Sentence, ...]:
        told = (_sentence(opening, details) for opening, details in self._details.items())
        counted = (
            Sentence("{what}: {number}.", what=opening, number=number)
            for opening, number in self._counts.items()
        )
        return (*told, *counted)


def _sentence(opening: Sentence, details: Mapping[str, int]) -> Sentence:
    if not details:
        return opening
    told = [
        Sentence("{detail} ({count} times)", detail=detail, count=count) if count > 1 else detail
        for detail, count in details.items()
    ]
    return Sentence("{what}: {details}.", what=opening, details=Several(told))
