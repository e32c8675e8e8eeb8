"""Brings a database to the schema this version declares; forward only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from revenue_machine import migrations
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import metadata
from revenue_machine.kit.errors import Conflict

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(migrations.__path__[0])
_VERSION = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))


def newest_revision() -> str:
    """The number of the last revision this version knows."""
    return max(path.name.split("_", 1)[0] for path in (FOLDER / "versions").glob("[0-9]*_*.py"))


def migrate(database: Database) -> None:
    """Make an empty database whole at once; bring an old one forward revision by revision.

    Raises: conflict when the database is from a later version of the product.
    """
    stands, wanted = _revision(database), newest_revision()
    if stands == wanted:
        return
    if stands is not None and stands > wanted:
        raise Conflict(f"this database is from a later version (revision {stands}, this one knows {wanted})")
    with database.writing() as connection:
        database.lock(connection, "migrate")
        if stands is None:
            metadata.create_all(connection)
            _VERSION.create(connection, checkfirst=True)
            connection.execute(_VERSION.delete())
            connection.execute(_VERSION.insert().values(version_num=wanted))
        else:
            upgrade(connection)


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Run the revisions this database has not seen."""
    from alembic import command

    command.upgrade(config_for(connection), revision)


def config_for(connection: Any) -> Config:
    """The migration tool's settings for one open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def _revision(database: Database) -> str | None:
    """Where a database stands; None when it is empty."""
    with database.reading() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(sa.select(_VERSION.c.version_num)).scalar()
        return found
