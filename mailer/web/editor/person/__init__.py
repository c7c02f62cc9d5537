"""One person: what is known of them, and what staff may change of it."""
