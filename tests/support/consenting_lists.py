"""What files, staff and programs bring into the small world of `consenting`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from mailer.audience import newsletters, subscribers
from mailer.audience.importing import inspect, run
from mailer.database.engine import transaction
from mailer.errors import Conflict
from tests.support.consenting import House, Spot


@dataclass(slots=True)
class Lists(House):
    """A house that lists are brought to."""

    def _import_subscribed(self, spot: Spot) -> None:
        self._import(spot, "subscribed")
        if self._may_join(spot):
            self._joined(spot, "subscribed", over=("nothing", "pending"))

    def _import_pending(self, spot: Spot) -> None:
        self._import(spot, "unconfirmed")
        if self._may_join(spot):
            self._joined(spot, "pending", over=("nothing",))

    def _import_unsubscribed(self, spot: Spot) -> None:
        self._import(spot, "unsubscribed")
        person = spot.person
        if person and person.state in ("pending", "subscribed"):
            person.state, person.undoable = "left", True
        elif not (spot.shut or spot.own):
            self._joined(spot, "left", over=("nothing",))

    def _import_cleaned(self, spot: Spot) -> None:
        self._import(spot, "cleaned")
        spot.suppressed |= not (spot.shut or spot.own)

    def _import(self, spot: Spot, word: str) -> None:
        path = self.folder / f"{self.slug}.csv"
        path.write_text(f"email,status,step\n{self.written(spot)},{word},{self.steps}\n")
        run(self.engine, inspect(path), self.slug, signer=self.mailer.signer, now=self.now)

    def _add(self, spot: Spot) -> None:
        """By hand, or by a program."""
        self._add_to(spot, self.slug)
        if self._may_join(spot):
            self._joined(spot, "subscribed", over=("nothing", "pending"))

    def _add_elsewhere(self, spot: Spot) -> None:
        self._add_to(spot, self.other)
        if not (spot.shut or spot.own):
            person = spot.person or self._arrived(spot, "nothing")
            person.elsewhere = True

    def _add_to(self, spot: Spot, slug: str) -> None:
        with suppress(Conflict), transaction(self.engine) as session:
            subscribers.add(
                session,
                newsletters.get(session, slug),
                self.written(spot),
                signer=self.mailer.signer,
                now=self.now,
            )

    def _may_join(self, spot: Spot) -> bool:
        return not (spot.shut or spot.own or (spot.person and spot.person.state == "left"))

    def _joined(self, spot: Spot, state: str, *, over: tuple[str, ...]) -> None:
        person = spot.person or self._arrived(spot, state)
        if person.state in over:
            person.state, person.by_form = state, False
