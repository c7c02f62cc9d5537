"""Everything a browser or a mail program asks for over HTTP."""
