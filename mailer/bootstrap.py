"""Settings become one frozen value that every entry point works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from mailer.address_rules import BUILT_IN, AddressRules, load_rules
from mailer.addresses import parse_domain
from mailer.bouncing.taking import Intake, Rules
from mailer.clock import Clock, utc_now
from mailer.composing.publishing import Publisher
from mailer.database.engine import open_engine
from mailer.database.upgrading import upgrade
from mailer.delivering.guarding import Thresholds
from mailer.delivering.lanes import LaneOptions
from mailer.delivering.permits import Limits
from mailer.delivering.starting import Starter
from mailer.delivering.worker import Worker, WorkerOptions
from mailer.dkim_keys import load_dkim
from mailer.joining.office import Office
from mailer.keeping.retaining import Terms
from mailer.mailboxes import Mailbox, parse_mailbox
from mailer.notifying.sending import Post
from mailer.notifying.writing import Notifier
from mailer.relays import Relay, parse_relays
from mailer.rendering.environment import Themes
from mailer.rendering.notice import NoticePress
from mailer.sealing import Sealer
from mailer.secret_key import load_secret_key
from mailer.settings import Settings
from mailer.signing import DkimSigner
from mailer.tokens import Signer


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
        return Post(self.engine, self.relays, self._hostname, self.clock, self.dkim)

    @property
    def publisher(self) -> Publisher:
        """Renders issues as this installation does."""
        return Publisher(
            self.themes,
            self.settings.base_url,
            track_clicks=self.settings.track_clicks,
            track_opens=self.settings.track_opens,
            tag_links=self.settings.tag_links,
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
        settings = self.settings
        return Limits(
            settings.rates,
            settings.domain_rates,
            {parse_domain(domain): plan for domain, plan in settings.warm_up.items()},
            ZoneInfo(settings.time_zone),
        )

    @property
    def intake(self) -> Intake:
        """Takes in mails that came back."""
        settings = self.settings
        rules = Rules(
            count=settings.bounce_limit,
            days=settings.bounce_days,
            trusted=settings.unsigned_reports == "act",
        )
        return Intake(self.engine, self.signer, rules, self.clock)

    @property
    def bounce_mailbox(self) -> Mailbox | None:
        """The mailbox that reports come to, where one is set; ``ConfigurationError``."""
        given = self.settings.bounce_mailbox
        return parse_mailbox(given.get_secret_value()) if given is not None else None

    @property
    def retention(self) -> Terms:
        """How long what is kept."""
        settings = self.settings
        return Terms(settings.keep_clicks, settings.keep_deliveries, settings.keep_unsubscribed)

    def worker(self, issue_id: int | None = None) -> Worker:
        """A worker for everything that is due, or for one issue."""
        settings = self.settings
        return Worker(
            self.engine,
            self.signer,
            self.relays,
            WorkerOptions(
                lanes=LaneOptions(
                    settings.connections,
                    settings.messages_per_connection,
                    settings.smtp_timeout,
                    self._hostname,
                ),
                base_url=settings.base_url,
                lease_seconds=settings.lease_seconds,
                retry_schedule=settings.retry_schedule,
                hold_uncertain=settings.uncertain == "hold",
                thresholds=Thresholds(
                    settings.stop_at_refused_percent,
                    settings.stop_at_bounced_percent,
                    settings.stop_at_complained_percent,
                    settings.stop_among,
                ),
                limits=self.limits,
                dkim=self.dkim,
            ),
            clock=self.clock,
            issue_id=issue_id,
        )

    @property
    def _hostname(self) -> str:
        """What we call ourselves in EHLO."""
        return urlsplit(self.settings.base_url).hostname or "localhost"


def bootstrap(settings: Settings, *, clock: Clock = utc_now) -> Mailer:
    """Open the database (made and brought up to date where needed) and wire everything.

    ``ConfigurationError`` or ``Unavailable`` say in one sentence what stands in the way.
    """
    engine = open_engine(settings.database_url)
    upgrade(engine)
    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    key = load_secret_key(engine, given)
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


def relays_of(settings: Settings) -> tuple[Relay, ...]:
    """The relays that take our mail: those set, else the built-in inbox."""
    if settings.smtp_url is not None:
        return parse_relays(settings.smtp_url.get_secret_value())
    inbox = Relay(
        host="127.0.0.1", port=settings.inbox_port, starttls=False, name="the built-in inbox"
    )
    return (inbox,)
