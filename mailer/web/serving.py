"""Runs the web application: uvicorn with uvloop and httptools."""

from __future__ import annotations

import gc
import signal
import socket
from dataclasses import dataclass, field
from threading import Thread
from types import FrameType

import uvicorn

from mailer.base_urls import remember
from mailer.bootstrap import Mailer
from mailer.event_loop import leave_within
from mailer.inbox.server import InboxServer
from mailer.listening import listen
from mailer.web.app import create_app
from mailer.web.preparing import prepare
from mailer.web.site import Site

_BACKLOG = 2048
_OBJECTS_BETWEEN_COLLECTIONS = 20_000
_STOP_SECONDS = 8.0  # requests get six of them, what they brought the others


class _Server(uvicorn.Server):
    """uvicorn, but that it ends once it is asked to, also where the database answers nobody."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        if not self.should_exit:
            leave_within(_STOP_SECONDS)  # also from waiting for threads, at the very end
        super().handle_exit(sig, frame)


@dataclass(slots=True)
class WebServer:
    """A server bound to its port; `run` serves until `stop` (or a signal, in the main thread)."""

    host: str
    port: int
    _socket: socket.socket
    _server: uvicorn.Server = field(repr=False)
    _site: Site = field(repr=False)

    def run(self) -> None:
        """Serve; blocks."""
        _spare_the_collector()
        preparing = Thread(target=prepare, args=(self._site,))
        preparing.start()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            preparing.join()
            self._socket.close()

    def close(self) -> None:
        """Give the port back without having served."""
        self._socket.close()

    def stop(self) -> None:
        """Finish what was begun, store what waits, and return from `run`; from any thread."""
        self._server.should_exit = True


def bind(
    mailer: Mailer,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    inbox: bool | None = None,
    record_clicks: bool = True,
) -> WebServer:
    """A server on *port* (0: any free one), not yet serving; ``ConfigurationError`` if it is taken."""
    listener = listen(host, port, what="The web server", backlog=_BACKLOG)
    application = create_app(mailer, inbox=inbox, record_clicks=record_clicks)
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        # We need neither the asker's address nor our own: both are overhead and personal data.
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=6,  # `mailer up` waits a little longer
    )
    server = _Server(config)
    application.state.stopping = lambda: server.should_exit  # open streams end by themselves
    return WebServer(host, listener.getsockname()[1], listener, server, application.state.site)


def serve(mailer: Mailer, *, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve until a signal comes; where no relay is set, run the built-in inbox, too."""
    server = bind(mailer, host, port)
    remember(mailer.engine, mailer.settings.base_url)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has shut down; being asked to end is no failure.
        signal.signal(number, lambda _number, _frame: None)
    if mailer.settings.smtp_url is not None:
        server.run()
        return
    inbox = InboxServer(mailer.engine, mailer.clock, mailer.settings.inbox_port)
    inbox.start()
    try:
        server.run()
    finally:
        inbox.stop()


def _spare_the_collector() -> None:
    # Hundreds of requests that wait for one commit are no garbage; looked through every 700
    # objects, and with them all that was ever loaded, they would cost a sixth of our time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
