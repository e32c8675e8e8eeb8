"""A database of its own for a demo on a PostgreSQL server."""

from __future__ import annotations

import re

import sqlalchemy as sa

from revenue_machine.kit.errors import NotConfigured


def rebuilt_database(url: str, name: str) -> str:
    """Drop and make the demo's database beside the owner's; its URL."""
    safe = re.sub(r"[^a-z0-9_]", "_", name.lower())
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f'drop database if exists "{safe}" with (force)')
            connection.exec_driver_sql(f'create database "{safe}"')
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).strip().split("\n")[0]
        raise NotConfigured(f"the demo needs a database of its own and may not make one: {reason}", field="REVENUE_DATABASE_URL") from None
    finally:
        engine.dispose()
    return sa.make_url(url).set(database=safe).render_as_string(hide_password=False)
