"""Pages for those who write and send, behind a login."""
