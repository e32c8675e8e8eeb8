"""What a forked process finds loaded: the product and the libraries that take long; nothing is opened or started here."""

from __future__ import annotations

import anthropic
import dbos
import uvicorn

from revenue_machine import domains
from revenue_machine.engine.registry import discover
from revenue_machine.sandbox import serve, world
from revenue_machine.surfaces.cli import opening, serving
from revenue_machine.surfaces.web import application
from tests.faults import day_worker

LOADED = (anthropic, dbos, uvicorn, serve, world, opening, serving, application, day_worker, discover(domains))
_ = anthropic.Anthropic
