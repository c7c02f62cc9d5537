"""The built-in inbox: an SMTP server that keeps what it is sent, for trying things out."""
