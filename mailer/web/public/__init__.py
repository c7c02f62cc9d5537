"""Pages of readers: opened by the links of their mails, without an account."""
