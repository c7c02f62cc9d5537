"""Permits to send that one worker holds: each for one recipient, and good for a short time only."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from mailer.rates import KEPT, PUNCTUAL, Rate
from mailer.warming import WarmUpPlan

EVERYBODY = ""  # the scope of the rates for all recipients; others are their domains
_FROM = "from "  # and, with this before them, the domains that are warmed up
_MOST_MOMENTS = 2000  # asked for at once: the ledger gives out those of the next half second only
_SECOND = timedelta(seconds=1)


class Kind(NamedTuple):
    """Recipients to whom the same limits apply; empty where nothing is limited by it."""

    sender: str = ""  # the domain that it is sent from, where that is being warmed up
    domain: str = ""  # of the recipient, where it has rates of its own


@dataclass(frozen=True, slots=True)
class Limits:
    """Rates for all recipients, those of single domains, and for domains being warmed up."""

    rates: tuple[Rate, ...] = ()
    domains: Mapping[str, tuple[Rate, ...]] = field(default_factory=dict)
    warm_ups: Mapping[str, WarmUpPlan] = field(default_factory=dict)
    zone: tzinfo = UTC  # where the days of warm-up plans begin

    def __bool__(self) -> bool:
        return bool(self.rates or self.domains or self.warm_ups)

    def kind(self, sender: str, domain: str = "") -> Kind:
        """The kind of a recipient at *domain* of what comes from *sender*."""
        return Kind(
            sender if sender in self.warm_ups else "", domain if self.domains.get(domain) else ""
        )

    def scopes(self, kind: Kind) -> tuple[str, ...]:
        """What limits a kind: everybody's rates, those of its domain, its sender's plan."""
        everybody = (EVERYBODY,) if self.rates else ()
        domain = (kind.domain,) if kind.domain else ()
        sender = (f"{_FROM}{kind.sender}",) if kind.sender else ()
        return everybody + domain + sender

    def rates_of(self, scope: str) -> tuple[Rate, ...]:
        """The rates of one scope: a recipients' domain, or everybody."""
        return self.rates if scope == EVERYBODY else self.domains.get(scope, ())

    def rates_for(self, kind: Kind) -> list[Rate]:
        """All rates that apply to a kind."""
        return [rate for scope in self.scopes(kind) for rate in self.rates_of(scope)]

    def punctual(self, kind: Kind) -> bool:
        """Whether its permits are for a moment: a rate is spread over its window."""
        return any(rate.smooth for rate in self.rates_for(kind))

    def counted(self, kind: Kind) -> bool:
        """Whether permits that are not used are given back: something is used up."""
        return bool(kind.sender) or not all(rate.smooth for rate in self.rates_for(kind))


NO_LIMITS = Limits()


class Permit(NamedTuple):
    """One recipient of *kind* may be handed over, *since* and *until* by the monotonic clock."""

    kind: Kind
    since: float
    until: float
    given: datetime


# Permits not used, by kind and by when they were given.
Unused = Counter[tuple[Kind, datetime]]


class Permits:
    """Those that one worker has and has not used; without limits, everybody may go."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._held: dict[Kind, deque[Permit]] = {}
        self._unused: Unused = Counter()

    def take(self, kind: Kind) -> Permit | None:
        """A permit for one recipient of *kind*, if there is one."""
        return self._held[kind].popleft() if self.held(kind) else None

    def held(self, kind: Kind) -> int:
        """How many there are for recipients of *kind*."""
        held = self._held.get(kind, deque())
        now = time.monotonic()
        while held and held[0].until < now:
            self._drop(held.popleft())
        return len(held)

    def wanted(self, waiting: Mapping[Kind, int], *, room: int) -> dict[Kind, int]:
        """What to ask for when so many are *waiting*; of quotas, no more than there is *room* for."""
        wanted = {}
        for kind, number in waiting.items():
            if self.limits.scopes(kind):
                most = _MOST_MOMENTS if self.limits.punctual(kind) else room
                wanted[kind] = min(number, most) - self.held(kind)
        return {kind: number for kind, number in wanted.items() if number > 0}

    @property
    def total(self) -> int:
        """How many there are, to whomever."""
        return sum(map(self.held, self._held))

    def held_of(self, sender: str) -> int:
        """How many there are for what comes from *sender*, to whomever."""
        return sum(self.held(kind) for kind in self._held if kind.sender == sender)

    def back(self, permit: Permit | None) -> None:
        """Whoever had it was not handed over: another may have it."""
        if permit is not None:
            self._held.setdefault(permit.kind, deque()).appendleft(permit)

    def add(self, kind: Kind, moments: Iterable[datetime], *, now: datetime, began: float) -> None:
        """Permits came in, asked for at *now*, which the monotonic clock calls *began*."""
        good = (PUNCTUAL if self.limits.punctual(kind) else KEPT).total_seconds()
        since = [began + (moment - now) / _SECOND for moment in moments]
        self._held.setdefault(kind, deque()).extend(
            Permit(kind, one, one + good, now) for one in since
        )

    def unused(self, *, all_of_them: bool = False) -> Unused:
        """What is to be given back; with *all_of_them*, what could still be used, too."""
        for kind, held in self._held.items():
            self.held(kind)
            while all_of_them and held:
                self._drop(held.popleft())
        unused, self._unused = self._unused, Counter()
        return unused

    def keep_unused(self, unused: Unused) -> None:
        """It could not be given back yet."""
        self._unused.update(unused)

    def _drop(self, permit: Permit) -> None:
        if self.limits.counted(permit.kind):
            self._unused[permit.kind, permit.given] += 1
