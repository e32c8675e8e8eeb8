"""What becomes of a start, a stop or an import whose answer was lost: the harness knows its runs by our reference."""

from __future__ import annotations

from revenue_machine.domains.product import reads
from revenue_machine.domains.product.acd_delegation_engine import DelegationEngine
from revenue_machine.domains.product.aso import AsoLoop
from revenue_machine.domains.product.aso_at_apple import PageTests
from revenue_machine.domains.product.delegations_polling import Poller
from revenue_machine.domains.product.delegations_views import Views
from revenue_machine.engine.doubts import Doubt, settles
from revenue_machine.engine.effects import Outside


@settles("acd.start")
def look_for_the_run(doubt: Doubt, engine: DelegationEngine, outside: Outside) -> bool:
    """Found: it runs. Not found: it starts now, if it is still approved and its place is free."""
    with engine.database.reading() as connection:
        row = reads.delegation(connection, doubt.business_key)
    if row is None or row["status"] != "starting":
        return False
    engine.send(row, outside)
    return True


@settles("acd.stop")
def stop_again(doubt: Doubt, poller: Poller, outside: Outside) -> bool:
    """A run that has ended stays as it is: to stop it once more changes nothing."""
    project, _, reference = doubt.business_key.rpartition("/")
    if not project:
        with poller.engine.database.reading() as connection:
            row = reads.delegation(connection, doubt.business_key)
        if row is None:
            return False
        project = row["project"]
    poller.brake(project, reference, doubt.business_key, outside)
    return True


@settles("acd.import")
def import_again(doubt: Doubt, views: Views, outside: Outside) -> bool:
    """The same place once more is the same project."""
    views.import_project(doubt.business_key.rpartition("/")[0], outside)
    return True


# --- App Store experiments ---------------------------------------------------------------------------------------------
@settles("app_store.create_experiment", "app_store.create_treatment", "app_store.create_localization")
def prepare_again(doubt: Doubt, loop: AsoLoop, tests: PageTests, outside: Outside) -> bool:
    """Found again by its name at Apple, or made now; nothing of it reaches anybody before it is started."""
    tests.prepare(loop.found(doubt.business_key.split("/")[0]), outside)
    return True


@settles("app_store.stop_experiment")
def stop_test_again(doubt: Doubt, loop: AsoLoop, tests: PageTests, outside: Outside) -> bool:
    """A test that has ended stays ended."""
    tests.stop(loop.found(doubt.business_key), outside)
    return True
