"""Product-page tests at Apple: set up after a yes, started once its review is through, stopped when they harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from revenue_machine.domains.product import aso_rules, aso_store
from revenue_machine.domains.product.aso_models import CONTROL, StartArgs, StartResult
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.gates import Speech
from revenue_machine.engine.handwork import HandTask, Handwork
from revenue_machine.integrations.app_store.app_store_client import AppStoreClient
from revenue_machine.integrations.app_store.wire import ExperimentAttributes
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Conflict, Failure, NotFound
from revenue_machine.kit.money import dollars

Row = Mapping[str, Any]
CHANNEL = "app_store"
# Starts a day over all apps; more than that is a loop gone wrong.
CEILING = Ceiling(per_day=6)
LOOK_AGAIN_S = 6 * 3600.0
HOME = "https://appstoreconnect.apple.com"


class NotYet(Conflict):
    """Apple or its owner has not come so far; the yes waits."""

    is_for_now = True


@dataclass(frozen=True)
class PageTests:
    """Whatever of an App Store experiment happens at Apple."""

    database: Database
    clock: Clock
    clients: Clients
    handwork: Handwork

    def start(self, row: Row, args: StartArgs, outside: Outside, topics: Topics) -> StartResult:
        """Do what a person said yes to, as far as Apple lets us now.

        Raises: conflict (something else was asked about, it is over, or Apple has not accepted it yet: the yes waits); what a gate,
        the book or Apple refuses.
        """
        if args.change != row["change"] or args.app != row["app"] or args.traffic_percent != row["traffic_percent"]:
            raise Conflict("that is not what was proposed; propose the other words anew", field="change")
        if row["status"] in ("running", "releasing", "measuring"):
            return StartResult(
                aso_id=row["id"], status=row["status"], external_id=row["external_id"], words="it is on its way already"
            )
        if row["status"] not in ("awaiting_approval", "approved"):
            raise Conflict(f"this experiment is {row['status']}", status=row["status"])
        if row["road"] == "delegation":
            raise Conflict("this change goes through the coding harness: say yes to its delegation", field="aso_id")
        try:
            return self._write_words(row, outside) if row["road"] == "api" else self._run_test(row, outside, topics)
        except Failure as failure:
            if failure.nothing_happened and not failure.is_for_now:
                self._end(row, f"not started: {failure.message}")
            raise

    def prepare(self, row: Row, outside: Outside) -> str:
        """Everything a test needs at Apple, each once; Apple's id of it. Nothing of it reaches anybody yet."""
        client = self.clients.get(AppStoreClient)
        app_id, name = self._app_id(client, row), name_at_apple(row["id"])
        test_id = outside.perform(
            self._plan(
                "create_experiment",
                row["id"],
                {"app": row["app"], "traffic": row["traffic_percent"]},
                lambda: client.create_experiment(app_id, name, row["traffic_percent"]).id,
                lambda: next((one.id for one in client.experiments(app_id) if one.attributes.name == name), None),
            )
        )
        for one in row["change"]["treatments"]:
            arm_id = outside.perform(self._arm_plan(client, row, test_id, one))
            for locale in row["change"]["locales"]:
                outside.perform(self._locale_plan(client, row, arm_id, (one["name"], locale)))
        with self.database.writing() as connection:
            aso_store.note(connection, row, self.clock.now(), external_id=test_id)
        return test_id

    def stop(self, row: Row, outside: Outside) -> None:
        """Take a running test off the public's page; stopped already, nothing happens."""
        client = self.clients.get(AppStoreClient)
        test_id = str(row["external_id"])
        outside.perform(
            self._plan(
                "stop_experiment",
                row["id"],
                {"test": test_id},
                lambda: str(client.set_started(test_id, is_started=False).attributes.state),
                lambda: str(state.state) if (state := client.experiment(test_id).attributes).is_ended else None,
            )
        )

    def standing(self, row: Row) -> ExperimentAttributes:
        """How Apple says the test stands."""
        return self.clients.get(AppStoreClient).experiment(str(row["external_id"])).attributes

    def _run_test(self, row: Row, outside: Outside, topics: Topics) -> StartResult:
        test_id = self.prepare(row, outside)
        stands = self.clients.get(AppStoreClient).experiment(test_id).attributes
        if stands.is_ended:
            words = "Apple's review refused the test" if stands.state == "REJECTED" else f"the test is {stands.state} at Apple"
            self._end(row, words)
            return StartResult(aso_id=row["id"], status="failed", external_id=test_id, words=words)
        if not stands.is_running and not stands.may_start:
            self._hand_over_pictures(row)
            words = f"Apple has the test as {stands.state}; it starts by itself once its review has accepted it"
            with self.database.writing() as connection:
                aso_store.note(connection, row, self.clock.now(), waits_for=words)
            raise NotYet(words, retry_after_s=LOOK_AGAIN_S)
        self._register(row, topics)
        if not stands.is_running:
            self._begin(row, test_id, outside)
        now = self.clock.now()
        with self.database.writing() as connection:
            words = "figures from Apple's page: aso.record_result"
            aso_store.move(connection, row, "running", now, started_at=stands.start_date or now, waits_for=words)
        return StartResult(aso_id=row["id"], status="running", external_id=test_id, words="the test runs; type its figures in")

    def _begin(self, row: Row, test_id: str, outside: Outside) -> None:
        client = self.clients.get(AppStoreClient)
        plan = self._plan(
            "start_experiment", row["id"], {"test": test_id, "change": row["change"]},
            lambda: str(client.set_started(test_id, is_started=True).attributes.state),
            lambda: str(state.state) if (state := client.experiment(test_id).attributes).start_date is not None else None,
            Speech(CHANNEL, CEILING),
        )  # fmt: skip
        outside.perform(plan)

    def _register(self, row: Row, topics: Topics) -> None:
        """The book knows the test before anybody is counted; its refusal keeps the test from starting."""
        names = [one["name"] for one in row["change"]["treatments"]]
        own, each = aso_rules.shares(row["traffic_percent"], len(names))
        split = {CONTROL: own, **dict.fromkeys(names, each)} if own > 0 else {}
        answer = topics.call(
            "experiments.open",
            {
                "kind": "aso", "subject": row["app"], "opened_for": row["id"], "title": row["acd_task"],
                "hypothesis": row["hypothesis"],
                "metric": row["metric_name"], "arms": [CONTROL, *names], "control": CONTROL, "planned_split": split,
                "planned_days": row["planned_days"], "minimum_days": 7,
                "value_per_conversion_usd": str(dollars(row["value_per_conversion_micro_usd"])),
            },
            key=f"{row['id']}/open",
        )  # fmt: skip
        if answer.error is not None:
            raise answer.error

    def _write_words(self, row: Row, outside: Outside) -> StartResult:
        """Put the new words into the version its owner opened; he releases it."""
        client = self.clients.get(AppStoreClient)
        place_id = self._draft_place(client, row)
        change = row["change"]
        in_info = change["field"] in ("name", "subtitle")
        write: Callable[..., Any] = client.change_info_localization if in_info else client.change_version_localization
        words = {change["field"]: change["after"]}
        outside.perform(
            Plan(
                service="app_store",
                operation="change_words",
                key=row["id"],
                payload={"place": place_id, **words},
                answer=str,
                send=lambda _key: str(write(place_id, words).id),
                repeats_safely=True,
                speech=Speech(CHANNEL, CEILING),
            )
        )
        with self.database.writing() as connection:
            now = self.clock.now()
            aso_store.move(connection, row, "releasing", now, started_at=now, waits_for="your release of that version")
        said = "the words stand in the version in preparation; release it"
        return StartResult(aso_id=row["id"], status="releasing", external_id=place_id, words=said)

    def _draft_place(self, client: AppStoreClient, row: Row) -> str:
        """The id of the language's words in the version in preparation. Raises: conflict (none is open: the yes waits)."""
        app = client.app(str(row["bundle_id"]))
        if app is None:
            raise NotFound(f"App Store Connect has no app {row['bundle_id']}", field="bundle_id")
        locale = row["locale"] or app.attributes.primary_locale
        drafts = client.versions(app.id, "PREPARE_FOR_SUBMISSION")
        if not drafts:
            raise NotYet("no version is in preparation: open one in App Store Connect", retry_after_s=LOOK_AGAIN_S)
        if row["change"]["field"] in ("name", "subtitle"):
            open_infos = [one for one in client.infos(app.id) if one.attributes.state == "PREPARE_FOR_SUBMISSION"]
            places = [place for one in open_infos for place in client.info_localizations(one.id)]
            found = next((one.id for one in places if one.attributes.locale == locale), None)
        else:
            texts = client.version_localizations(drafts[0].id)
            found = next((one.id for one in texts if one.attributes.locale == locale), None)
        if found is None:
            raise NotFound(f"the version in preparation has no words in {locale}", field="locale")
        return found

    def _app_id(self, client: AppStoreClient, row: Row) -> str:
        app = client.app(str(row["bundle_id"]))
        if app is None:
            raise NotFound(f"App Store Connect has no app {row['bundle_id']}", field="bundle_id")
        return app.id

    def _arm_plan(self, client: AppStoreClient, row: Row, test_id: str, arm: Mapping[str, Any]) -> Plan[str]:
        name, icon = arm["name"], arm["icon"]
        return self._plan(
            "create_treatment", f"{row['id']}/{name}", {"test": test_id, "name": name, "icon": icon},
            lambda: client.create_treatment(test_id, name, icon).id,
            lambda: next((one.id for one in client.treatments(test_id) if one.attributes.name == name), None),
        )  # fmt: skip

    def _locale_plan(self, client: AppStoreClient, row: Row, arm_id: str, place: tuple[str, str]) -> Plan[str]:
        name, locale = place
        return self._plan(
            "create_localization", f"{row['id']}/{name}/{locale}", {"treatment": arm_id, "locale": locale},
            lambda: client.create_treatment_localization(arm_id, locale).id,
            lambda: next((one.id for one in client.treatment_localizations(arm_id) if one.attributes.locale == locale), None),
        )  # fmt: skip

    def _plan(self, operation: str, key: str, payload: Mapping[str, Any], send: Callable[[], str], *rest: Any) -> Plan[str]:
        look_up, speech = rest[0], rest[1] if len(rest) > 1 else None
        return Plan(
            service="app_store", operation=operation, key=key, payload=payload, answer=str, send=lambda _key: send(),
            look_up=look_up, speech=speech,
        )  # fmt: skip

    def _hand_over_pictures(self, row: Row) -> None:
        if not row["change"]["locales"]:
            return
        arms, places = ", ".join(one["name"] for one in row["change"]["treatments"]), ", ".join(row["change"]["locales"])
        text = (
            f"Test '{name_at_apple(row['id'])}' of {row['app']}: put the pictures of {arms} in for {places}, "
            "then hand the test in for review. It is started for you once Apple has accepted it."
        )
        self.handwork.hand_over(
            HandTask(
                key=f"aso/{row['id']}/pictures",
                topic="aso.start",
                channel=CHANNEL,
                intent_key=f"app_store.create_experiment/{row['id']}",
                title=row["acd_task"],
                text=text,
                link=HOME,
            )
        )

    def _end(self, row: Row, words: str) -> None:
        with self.database.writing() as connection:
            aso_store.move(connection, row, "failed", self.clock.now(), result=words)


def name_at_apple(aso_id: str) -> str:
    """What a test is called at Apple: found again by it after a lost answer."""
    return f"revenue {aso_id}"
