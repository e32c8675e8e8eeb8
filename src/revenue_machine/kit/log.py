"""JSON lines on stderr with dotted event names; no secrets, no personal data."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure(style: str) -> None:
    """`json` or `pretty`, once per process; data stays on stdout."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if style == "pretty" else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger() -> Any:
    """The process's logger; bind what identifies the line."""
    return structlog.get_logger()
