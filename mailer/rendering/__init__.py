"""From blocks to a mail: HTML, plain text, links; pure, without a database."""
