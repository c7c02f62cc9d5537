"""What is kept of people, for how long, and how it leaves: disclosure, erasure, retention, export."""
