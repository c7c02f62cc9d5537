"""Settings become one frozen value that every entry point works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from mailer.address_rules import BUILT_IN, AddressRules, load_rules
from mailer.base_urls import settled
from mailer.bouncing.suppressing import Rules
from mailer.bouncing.taking import Intake
from mailer.clock import Clock, utc_now
from mailer.composing.publishing import Publisher
from mailer.database.engine import open_engine
from mailer.database.upgrading import upgrade
from mailer.delivering.permits import Limits
from mailer.delivering.starting import Starter
from mailer.dkim_keys import load_dkim
from mailer.hosts import is_this_machine
from mailer.joining.office import Office
from mailer.keeping.terms import Fixed, Rule
from mailer.mailboxes import Mailbox, parse_mailbox
from mailer.notifying.sending import Post
from mailer.notifying.writing import Notifier
from mailer.relays import Relay
from mailer.rendering.environment import Themes
from mailer.rendering.notice import NoticePress
from mailer.sealing import Sealer
from mailer.settings import Settings
from mailer.signing import DkimSigner
from mailer.tokens import Signer
from mailer.working import hostname_of, limits_of, relays_of, secret_key


@dataclass(frozen=True, slots=True)
class Mailer:
    """One installation, ready to work."""

    settings: Settings
    engine: Engine
    signer: Signer
    sealer: Sealer
    themes: Themes
    relays: tuple[Relay, ...]
    clock: Clock = utc_now
    dkim: DkimSigner | None = None
    address_rules: AddressRules = BUILT_IN
    press: NoticePress = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "press", NoticePress(self.themes))  # it remembers what it inlined

    @property
    def notifier(self) -> Notifier:
        """Writes mails to single people, such as "Please confirm"."""
        return Notifier(self.press, self.settings.system_from)

    @property
    def office(self) -> Office:
        """Where people sign up, confirm, and ask for their link."""
        settings = self.settings
        return Office(self.notifier, self.signer, settings.base_url, settings.confirm_within)

    @property
    def post(self) -> Post:
        """Sends what the notifier wrote."""
        hostname = hostname_of(self.settings)
        return Post(self.engine, self.relays, hostname, self.clock, self.dkim, self.limits)

    @property
    def publisher(self) -> Publisher:
        """Renders issues as this installation does."""
        return Publisher(
            self.themes,
            self.settings.base_url,
            track_clicks=self.settings.track_clicks,
            track_opens=self.settings.track_opens,
            tag_links=self.settings.tag_links,
            stranded=is_this_machine(hostname_of(self.settings))
            and not all(is_this_machine(relay.host) for relay in self.relays),
        )

    @property
    def starter(self) -> Starter:
        """Schedules and starts issues."""
        return Starter(
            self.engine,
            self.publisher,
            batch_size=self.settings.batch_size,
            undo=timedelta(seconds=self.settings.undo_seconds),
        )

    @property
    def limits(self) -> Limits:
        """How much may be sent in which time, by all workers together."""
        return limits_of(self.settings)

    @property
    def bounce_rules(self) -> Rules:
        """When bounces and refusals end in a suppression."""
        settings = self.settings
        return Rules(
            count=settings.bounce_limit,
            days=settings.bounce_days,
            trusted=settings.unsigned_reports == "act",
        )

    @property
    def intake(self) -> Intake:
        """Takes in mails that came back."""
        return Intake(self.engine, self.signer, self.bounce_rules, self.clock)

    @property
    def bounce_mailbox(self) -> Mailbox | None:
        """The mailbox that reports come to, where one is set; ``ConfigurationError``."""
        given = self.settings.bounce_mailbox
        return parse_mailbox(given.get_secret_value()) if given is not None else None

    @property
    def fixed_terms(self) -> Fixed:
        """How long what is kept, where the settings say it: people cannot change that."""
        settings = self.settings
        return {
            rule: getattr(settings, rule.setting)
            for rule in Rule
            if rule.setting in settings.model_fields_set
        }


def bootstrap(settings: Settings, *, clock: Clock = utc_now) -> Mailer:
    """Open the database (made and brought up to date where needed) and wire everything.

    ``ConfigurationError`` or ``Unavailable`` say in one sentence what stands in the way.
    """
    engine = open_engine(settings.database_url, zone=ZoneInfo(settings.time_zone))
    upgrade(engine)
    settings = settled(engine, settings)
    key = secret_key(engine, settings)
    return Mailer(
        settings=settings,
        engine=engine,
        signer=Signer(key),
        sealer=Sealer(key),
        themes=Themes(settings.templates_dir),
        relays=relays_of(settings),
        clock=clock,
        dkim=load_dkim(settings),
        address_rules=load_rules(settings.address_rules_file),
    )
