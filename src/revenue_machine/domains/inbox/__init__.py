"""Decides how questions reach the owner in Telegram, and which of the taps and words that come back count."""

NEEDS: tuple[str, ...] = ("credit",)
