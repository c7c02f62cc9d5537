"""Sending: the ledger, leases, SMTP lanes, and what an issue may do next."""
