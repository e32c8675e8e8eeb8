"""Building blocks without product words: clock, ids, money, errors, settings, HTTP, signing."""
