"""Commits to PostgreSQL that the event loop sends off, and goes on working until they are back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic

from psycopg import OperationalError, pq
from psycopg.errors import Diagnostic

from mailer.database.writers import Done, Item, NotWritten, Writer
from mailer.errors import Unavailable

Statement = Callable[[Sequence[Item]], tuple[bytes, list[bytes]]]


class TravellingWriter(Generic[Item]):
    """A writer for PostgreSQL: one statement, which is one transaction, and one way there and back.

    It speaks on the connection of the *slow* writer, which has made it: connecting waits. While
    one of them uses it, the other does not.
    """

    def __init__(self, statement: Statement[Item], slow: Writer[Item]) -> None:
        self._statement, self._slow = statement, slow
        self._server: pq.abc.PGconn | None = None  # while we listen, on its socket
        self._descriptor = -1
        self._stop_noticing: Callable[[], None]
        self._done: Done | None = None  # while a statement is under way
        self._stored = False
        self._problem: Exception | None = None
        self._writing = False
        self._ending = False  # the server has said that it closes the connection

    def start(self, items: Sequence[Item], done: Done) -> None:
        """Send them off; *done* is called when the answer has come."""
        try:
            server = self._server or self._listen()
            if self._ending:
                raise NotWritten("The server closes the connection.")
            server.send_query_params(*self._statement(items))
            self._done = done
            self._flush()
        except Exception as error:  # noqa: BLE001  # whatever it is, nobody may wait for ever
            self._done = None
            self._leave()
            done(NotWritten(str(error)))

    def close(self) -> None:
        """Listen no more; the connection is the slow writer's."""
        self._leave()

    def _listen(self) -> pq.abc.PGconn:
        driver = self._slow.driver
        if driver is None or driver.closed:
            raise NotWritten("There is no connection yet.")
        server: pq.abc.PGconn = driver.pgconn
        driver.add_notice_handler(self._on_notice)
        self._stop_noticing = partial(driver.remove_notice_handler, self._on_notice)
        self._ending = False
        self._server, self._descriptor = server, server.socket
        asyncio.get_running_loop().add_reader(self._descriptor, self._on_answer)
        return server

    def _leave(self) -> None:
        if self._server is not None:
            self._server = None
            self._stop_noticing()
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._write_later(False)

    def _flush(self) -> None:
        if self._server is not None:
            self._write_later(self._server.flush() != 0)

    def _write_later(self, needed: bool) -> None:
        if needed and not self._writing:
            asyncio.get_running_loop().add_writer(self._descriptor, self._flush)
        elif self._writing and not needed:
            asyncio.get_running_loop().remove_writer(self._descriptor)
        self._writing = needed

    def _on_notice(self, notice: Diagnostic) -> None:
        # Said between two statements, it is the answer to none of them.
        self._ending |= notice.severity_nonlocalized == "FATAL"

    def _on_answer(self) -> None:
        server, owed = self._server, self._done is not None
        if server is None:
            return
        gone = self._take(server)
        if not gone and not (owed and self._done is None):
            # Of a broken socket uvloop tells once, even where something was said before the break.
            gone = self._take(server)
        if gone:
            self._leave()

    def _take(self, server: pq.abc.PGconn) -> str:
        """Take in what has come: how the connection was lost, if it was."""
        gone = ""
        try:
            server.consume_input()
        except OperationalError as error:
            gone = str(error)  # after what it may have answered
        while self._done is not None and (gone or not server.is_busy()):
            result = server.get_result()
            if result is None:
                self._finish(gone)
            elif result.status == pq.ExecStatus.COMMAND_OK:
                self._stored = True
            else:
                self._problem = self._problem or _meaning(result)
        return gone

    def _finish(self, gone: str) -> None:
        # That the rows are in is said before they are committed: then all has to end well, too.
        stored = self._stored and not gone
        problem = self._problem or (None if stored else _unknown(gone))
        if problem is not None:
            self._leave()
        done, self._done = self._done, None
        self._stored, self._problem = False, None
        if done is not None:
            done(problem)


def _meaning(result: pq.abc.PGresult) -> Exception:
    words = " ".join(result.error_message.decode(errors="replace").split())
    # What has a code was said by the server, which then has undone the statement.
    code = result.error_field(pq.DiagnosticField.SQLSTATE)
    return NotWritten(words) if code else _unknown(words)


def _unknown(words: str) -> Unavailable:
    # Whether it was committed before the connection was lost, nobody can say.
    return Unavailable(f"The database went away: {words}")
