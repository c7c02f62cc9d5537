"""What people do in the small world of `consenting`: forms, their own page, the links of mails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.addresses import parse_address
from mailer.audience import preferences
from mailer.audience.preferences import Preferences
from mailer.audience.readers import Visit, find_visit
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, Notice, OptIn
from mailer.errors import Conflict, ExpiredToken
from mailer.joining import moving, signing_up
from mailer.joining.office import Asked, Trace
from mailer.tokens import Reader
from tests.support.consenting import LINKS_LAST, PAUSE, Person, Spot
from tests.support.consenting_lists import Lists
from tests.support.notices import newest_link

_CLICK = Trace("confirm")


@dataclass(slots=True)
class World(Lists):
    """A house, its lists, and the people around it."""

    # Forms, and the links of their mails.

    def _sign_up(self, spot: Spot, *, proved: bool = False) -> None:
        address = parse_address(self.written(spot))
        with transaction(self.engine) as session:
            signing_up.ask(
                session,
                self.mailer.office,
                session.get_one(Newsletter, self.newsletter_id),
                Asked(address, Trace("page"), proved=proved),
                self.now,
            )
        if spot.shut:
            return
        if spot.person and spot.person.state == "subscribed":
            spot.person.linked = True  # the mail that says so
            return
        at_once = self.opt_in is OptIn.SINGLE and proved and not spot.own
        person = spot.person or self._arrived(spot, "nothing")
        if person.state == "nothing" and at_once:
            person.state, person.linked = "subscribed", True
            return
        if person.state == "nothing":
            person.state, person.by_form = "pending", True
        spot.asked, spot.token_until = True, self.now + LINKS_LAST
        spot.token = self._link("/confirm/", spot)

    def _sign_up_with_work(self, spot: Spot) -> None:
        self._sign_up(spot, proved=True)

    def _confirm(self, spot: Spot) -> None:
        if not spot.token:
            return
        try:
            with transaction(self.engine) as session:
                signing_up.confirm(session, self.mailer.office, spot.token, _CLICK, self.now)
        except (Conflict, ExpiredToken):
            assert spot.shut or not spot.asked or self.now >= spot.token_until
            return
        if spot.asked:
            assert not spot.shut
            spot.asked = spot.own = False
            person = spot.person or self._arrived(spot, "subscribed")
            person.state, person.linked = "subscribed", True

    # What people do on their own page, and with the links that move them.

    def _leave(self, spot: Spot) -> None:
        with transaction(self.engine) as session:
            if visit := self._visit(session, spot):
                preferences.leave(session, visit, method="one-click", now=self.now)
                self._left(spot)

    def _undo(self, spot: Spot) -> None:
        with transaction(self.engine) as session:
            if visit := self._visit(session, spot):
                preferences.come_back(session, visit, now=self.now)
                if spot.person and spot.person.state == "left" and spot.person.undoable:
                    spot.person.state = "subscribed"

    def _tick(self, spot: Spot) -> None:
        if self._save(spot, wanted=True) and spot.person and spot.person.state != "nothing":
            spot.person.state = "subscribed"

    def _untick(self, spot: Spot) -> None:
        if self._save(spot, wanted=False) and spot.person and spot.person.state == "subscribed":
            self._left(spot)

    def _save(self, spot: Spot, *, wanted: bool) -> bool:
        ours = frozenset({self.newsletter_id})
        form = Preferences("", None, None, ours, ours if wanted else frozenset())
        with transaction(self.engine) as session:
            visit = self._visit(session, spot)
            if visit is not None:
                preferences.save(session, visit, form, now=self.now)
        return visit is not None

    def _pause(self, spot: Spot) -> None:
        self._rest(spot, self.now + PAUSE)

    def _resume(self, spot: Spot) -> None:
        self._rest(spot, None)

    def _rest(self, spot: Spot, until: datetime | None) -> None:
        with transaction(self.engine) as session:
            visit = self._visit(session, spot)
            if visit is not None and spot.person is not None:
                preferences.pause(session, visit, until, now=self.now)
                spot.person.paused_until = until or self.now

    def _ask_to_move(self, spot: Spot) -> None:
        new = self.spots[(self.spots.index(spot) + 1) % len(self.spots)]
        with transaction(self.engine) as session:
            visit, office = self._visit(session, spot), self.mailer.office
            if visit is None or spot.person is None:
                return
            address = parse_address(self.written(new))
            moving.ask_to_move(session, office, visit.subscriber_id, address, self.now)
        if not new.shut:
            token = self._link("/address/", new)
            spot.move = (token, spot.person, spot, new, self.now + LINKS_LAST)

    def _confirm_move(self, spot: Spot) -> None:
        if spot.move is None:
            return
        token, person, old, new, until = spot.move
        possible = old.person is person and self.now < until
        if self._follow(token, new, person, possible=possible) and old is not new:
            told = not (old.shut or old.own)
            self._moved(person, old, new)
            if told:
                link = self._link("/address/", old)
                old.back = (link, person, self.now + LINKS_LAST)

    def _take_back(self, spot: Spot) -> None:
        if spot.back is None:
            return
        token, person, until = spot.back
        now_at = next((one for one, who in self.people if who is person), None)
        possible = now_at is not None and self.now < until
        if self._follow(token, spot, person, possible=possible) and now_at is not None:
            self._moved(person, now_at, spot)

    def _follow(self, token: str, new: Spot, person: Person, *, possible: bool) -> bool:
        """Whether pressing the button of a link that moves somebody moved them."""
        try:
            with transaction(self.engine) as session:
                moving.move(session, self.mailer.office, token, _CLICK, self.now)
        except (Conflict, ExpiredToken):
            assert new.shut or new.person is not None or not possible
            return False
        assert new.person is person or (possible and new.person is None and not new.shut)
        return new.person is not person

    def _moved(self, person: Person, old: Spot, new: Spot) -> None:
        old.person, new.person = None, person
        old.own |= not old.suppressed
        new.own = False
        person.before.add(old.key)

    def _visit(self, session: Session, spot: Spot) -> Visit | None:
        """Their page, by a link that they have, or that is mailed to them now."""
        if spot.person is None:
            return None
        if not spot.person.linked:
            office, address = self.mailer.office, parse_address(self.written(spot))
            moving.send_link(session, office, address, None, self.now)
            spot.person.linked = not (spot.shut or spot.own)
        if not spot.person.linked:
            return None
        return find_visit(session, Reader(0, spot.person.number))

    def _link(self, path: str, spot: Spot) -> str:
        """What follows *path* in the newest mail to an address, however that is spelled."""
        wires = {parse_address(one).wire for one in spot.spellings}
        mails = select(Notice).where(Notice.recipient.in_(wires)).order_by(Notice.id)
        with reading(self.engine) as session:
            return newest_link(session.scalars(mails).all(), path)
