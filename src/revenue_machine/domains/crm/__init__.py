"""Decides who a person is, how warm, and what was said when."""

NEEDS: tuple[str, ...] = ()
