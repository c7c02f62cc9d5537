"""Single mails to single people: confirm, welcome, sign in, invitations, tests of an issue.

Whoever wants one sent calls `Mailer.notifier` inside the transaction of what it is about::

    with transaction(mailer.engine) as session:
        ...
        mailer.notifier.notify(
            session, "sign-in", to="ann@example.com", values={"link": url}, now=now,
            language="de", expires_at=now + timedelta(minutes=15),
        )

Rolled back, nothing is sent; committed, it is sent once: by `mailer schedule`, within a second or
two, through the relays of the settings. `Notifier.queue` takes a message that is written already.
"""
