"""Answers what stands: delegations as people and agents read them, and the harness's own word about its projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from revenue_machine.domains.product import briefs, reads
from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.domains.product.delegations_harness import Harness, stats_of
from revenue_machine.domains.product.models import (
    Dashboard,
    DelegationView,
    HarnessList,
    HarnessProject,
    HarnessView,
    Imported,
    LogArgs,
    LogLines,
    ProjectList,
    StatusArgs,
    StatusResult,
)
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.integrations.acd.wire import HarnessRun, LogPage
from revenue_machine.kit.errors import NotFound, OutsideRejected
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.money import dollars

MOST_LINE = 2000


@dataclass(frozen=True)
class Views:
    """Reads rows and asks the harness; changes nothing but where a project lies."""

    database: Database
    harness: Harness

    def status(self, args: StatusArgs) -> StatusResult:
        """Delegations, newest first. Raises: not_found for an id nobody gave."""
        with self.database.reading() as connection:
            if args.delegation_id is not None:
                one = reads.delegation(connection, args.delegation_id)
                if one is None:
                    raise NotFound(f"there is no delegation {briefs.one_line(args.delegation_id, 80)}", field="delegation_id")
                rows = [one]
            else:
                open_ones = sorted(set(rules.TRANSITIONS) - rules.ENDED) if args.open_only else ()
                rows = reads.delegations(connection, project=args.project, statuses=open_ones)
            counts = reads.delegation_counts(connection)
        at_work = sum(counts.get(name, 0) for name in rules.AT_WORK)
        return StatusResult(total=len(rows), at_work=at_work, delegations=[view_of(row) for row in rows[: args.limit]])

    def harness_status(self, project: str) -> HarnessView:
        """How the harness of a project stands now; `not_imported` for a product of ours it does not know yet."""
        try:
            return _harness_view(self.harness.client.status(project))
        except OutsideRejected as refusal:
            self._is_only_unknown(refusal, project)
            return HarnessView(project=project, harness_project_id=None, status="not_imported")

    def harness_logs(self, args: LogArgs) -> LogLines:
        """Lines of the latest run: printable, bounded, without the folder's path."""
        client, project = self.harness.client, args.project
        try:
            page = client.log_tail(project, None, args.limit) if args.after is None else client.logs(project, None, args.after)
        except OutsideRejected as refusal:
            self._is_only_unknown(refusal, project)
            return LogLines(project=project, lines=[], next_after=args.after or 0, left_out=0)
        return self._lines(args, page)

    def harnesses(self) -> HarnessList:
        """Every project with its harness, one question each; open runs say more."""
        client = self.harness.client
        open_runs = {run.project: run for run in client.open_runs()}
        views = [
            _harness_view(open_runs[one.name]) if one.name in open_runs
            else HarnessView(project=one.name, harness_project_id=one.id, status=one.status)
            for one in sorted(client.projects(), key=lambda one: one.name)
        ]  # fmt: skip
        return HarnessList(count=len(views), running=len(open_runs), harnesses=views)

    def projects(self) -> ProjectList:
        """Projects the harness knows, by name."""
        ours = {one.key for one in self.harness.business.products} | {rules.SELF_PROJECT}
        found = [
            HarnessProject(project=one.name, harness_project_id=one.id, is_ours=one.name in ours)
            for one in sorted(self.harness.client.projects(), key=lambda one: one.name)
        ]
        return ProjectList(count=len(found), projects=found)

    def import_project(self, project: str, outside: Outside) -> Imported:
        """Tell the harness where a project lies; the path is found now and written down nowhere."""
        folder = str(self.harness.folder(project))
        key = f"{project}/{content_hash(folder)[:16]}"
        plan = Plan(
            service="acd", operation="import", key=key, payload={"project": project}, answer=str,
            send=lambda _key: self.harness.client.import_project(project, folder).id, repeats_safely=True,
        )  # fmt: skip
        return Imported(project=project, harness_project_id=outside.perform(plan))

    def dashboard(self) -> Dashboard:
        """The harness's counts beside ours."""
        with self.database.reading() as connection:
            counts = reads.delegation_counts(connection)
        return Dashboard(harness=self.harness.client.dashboard_stats().model_dump(), delegations=counts)

    def _is_only_unknown(self, refusal: OutsideRejected, project: str) -> None:
        """Raise the refusal again, unless the harness just has not heard of a project that we know."""
        if refusal.details.get("reason") not in {"unknown_project", "unknown_run"}:
            raise refusal
        self.harness.name_of(project)

    def _lines(self, args: LogArgs, page: LogPage) -> LogLines:
        shown = page.lines[: args.limit]
        hidden = [str(self.harness.settings.home)]
        texts = [_hide(briefs.one_line(line.text, MOST_LINE), hidden) for line in shown]
        after = shown[-1].number if shown else page.next_after
        return LogLines(project=args.project, lines=texts, next_after=after, left_out=page.dropped + len(page.lines) - len(shown))


def view_of(row: Mapping[str, Any]) -> DelegationView:
    """A row as the topics answer it; the task itself stands in its approval."""
    same = (
        "decision_key", "kind", "project", "title", "task_type", "model", "status", "reason", "approval_id", "experiment_id",
        "reverts_id", "end_state", "stats", "polls", "log_tail", "created_at", "started_at", "ended_at",
    )  # fmt: skip
    values: dict[str, Any] = {name: row[name] for name in same}
    for name in ("price", "cost"):
        exact = row[f"{name}_micro_usd"]
        values[f"{name}_usd"] = None if exact is None else dollars(exact)
    return DelegationView(delegation_id=row["id"], is_over=row["status"] in rules.ENDED, **values)


def _harness_view(run: HarnessRun) -> HarnessView:
    session_type = None if run.session_type is None else briefs.one_line(run.session_type, 80)
    return HarnessView(
        project=run.project, harness_project_id=run.project, status=run.status, delegation_id=run.reference,
        session_type=session_type, session_number=run.session_number, stats=stats_of(run), last_update=run.last_update,
    )  # fmt: skip


def _hide(text: str, paths: list[str]) -> str:
    for path in paths:
        text = text.replace(path, "<home>")
    return text
