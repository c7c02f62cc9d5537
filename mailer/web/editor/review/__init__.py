"""The last page before an issue goes out, and the one that shows how it goes."""
