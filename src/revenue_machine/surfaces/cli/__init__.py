"""The command line: data on stdout, one clear line on stderr, exit 0 only when it did what was asked."""
