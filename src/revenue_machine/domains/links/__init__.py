"""HookLite: decides where a tracking link leads, and whether a click was a person."""

NEEDS: tuple[str, ...] = ()
