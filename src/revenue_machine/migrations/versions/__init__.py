"""One file per revision; the name begins with its number."""
