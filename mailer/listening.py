"""Listens on a TCP port, and says in one sentence why it cannot."""

from __future__ import annotations

import errno
import socket

from mailer.errors import ConfigurationError


def listen(host: str, port: int, *, what: str, backlog: int, setting: str = "") -> socket.socket:
    """A listener on *port* (0: any free one) for *what*: ``The web server``.

    ``ConfigurationError`` where something else listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: asyncio sets TCP_NODELAY only then, and else each answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        why = "another program does" if taken else error.strerror or error
        choose = f"set {setting} to another port" if setting else "choose another port"
        raise ConfigurationError(
            f"{what} cannot listen on {host}:{port}: {why}. Stop what uses it, or {choose}."
        ) from error
    listener.setblocking(False)
    return listener
