"""Alembic migrations, inside the package; `mailer.database.upgrading` runs them."""
