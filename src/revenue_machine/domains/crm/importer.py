"""Takes an owner's list of people in, whatever its layout: joins who is known, leaves out who opted out, and can be undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.crm import rules, store
from revenue_machine.domains.crm.crm_engine import FILLED, contact_row
from revenue_machine.domains.crm.models import ContactDraft, IdentityDraft
from revenue_machine.domains.crm.shelf import Shelf
from revenue_machine.engine.bulk import roomy
from revenue_machine.engine.database import Database
from revenue_machine.engine.gates import person_address
from revenue_machine.engine.importing import BadRow, ImportField, ImportRow, ImportSource, LeftOut, Undone, Written
from revenue_machine.engine.switch import SuppressionList, suppress
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import NotFound
from revenue_machine.kit.ids import make_id

BATCH = 2000
# Names as HubSpot, Instantly, Smartlead, LinkedIn and our own export write them (lower case, words joined by `_`).
FIELDS = (
    ImportField("email", "text", ("email_address", "e_mail", "work_email", "email_1", "primary_email", "lead_email")),
    ImportField("more_emails", "text", ("additional_email_addresses", "personal_email", "secondary_email", "email_2")),
    ImportField("name", "text", ("full_name", "contact_name", "lead_name")),
    ImportField("first_name", "text", ("firstname", "given_name")),
    ImportField("last_name", "text", ("lastname", "surname", "family_name")),
    ImportField("profile_url", "text", (
        "url", "linkedin_url", "linkedin_profile", "linkedin", "linkedin_profile_url", "linkedin_bio", "person_linkedin_url",
    )),
    ImportField("platform", "text", ("network",)),
    ImportField("handle", "text", ("username", "twitter_username", "twitter_handle", "instagram_handle")),
    ImportField("phone", "text", ("phone_number", "mobile_phone_number", "phone_1", "mobile")),
    ImportField("company", "text", ("company_name", "companyname", "associated_company", "organization", "organisation")),
    ImportField("title", "text", ("job_title", "position", "jobtitle", "role")),
    ImportField("headline", "text", ("bio",)),
    ImportField("location", "text", ("city", "country_region", "country", "state_region")),
    ImportField("timezone", "text", ("time_zone",)),
    ImportField("niche", "text", ()),
    ImportField("tags", "text", ("labels", "lists", "list_memberships", "lead_category")),
    ImportField("status", "text", ("lead_status", "hs_lead_status", "lifecycle_stage", "stage")),
    ImportField("source", "text", ("original_source", "lead_source")),
    ImportField("lawful_basis", "text", ("legal_basis", "legal_basis_for_processing_contact_s_data")),
    ImportField("opted_out", "text", (
        "opted_out_at", "unsubscribed", "is_unsubscribed", "unsubscribed_from_all_email", "opted_out_of_all_email", "email_opt_out",
        "do_not_contact",
    )),
    ImportField("merged_into_id", "text", ()),
)  # fmt: skip
_LAYOUTS = (
    ("linkedin", {"connected on", "url"}), ("hubspot", {"record id"}), ("hubspot", {"lifecycle stage"}),
    ("smartlead", {"is_unsubscribed"}), ("smartlead", {"linkedin_profile", "custom_fields"}), ("smartlead", {"company_url"}),
    ("instantly", {"personalization"}), ("instantly", {"companyname"}), ("instantly", {"lead status", "email"}),
    ("own export", {"handle_key", "email_key"}),
)  # fmt: skip
_NO = {"", "0", "false", "no", "n", "none", "null", "subscribed", "active"}
_PARTS = re.compile(r"[;,|\s]+")
_TOLD = {"company", "title", "headline", "location", "timezone", "niche", "lawful_basis"}

# What a known person's row must tell to see what is missing there.
_BY_KEY = ("email_key", "email", "handle_key", "platform", "handle")
_STANDS = (*FILLED, "name_key", "company_key", "tags", *_BY_KEY)
_ALONE = re.compile(r"[^;,|<>\s\x80-\U0010ffff]+")


class NewPerson:
    """A row that can be kept, as it comes off the shelf: `keys` are (kind, key, platform, value)."""

    __slots__ = ("is_out", "keys", "number", "owned", "platform", "values")

    def __init__(self, packed: list[Any]) -> None:
        self.number, self.is_out, self.platform, self.keys, self.values = packed
        self.owned: list[tuple[str, str]] = [(one[0], one[1]) for one in self.keys]

    def drafts(self, owned: list[tuple[str, str]]) -> list[tuple[IdentityDraft, str]]:
        """Some of the keys as the people book takes them."""
        return [(IdentityDraft(kind, value, platform), key) for kind, key, platform, value in self.keys if (kind, key) in owned]


def free_id(first_id: str, taken: set[str]) -> str:
    """An id, or the next one when somebody had it who lost the key since."""
    while first_id in taken:
        first_id = make_id("con", first_id)
    return first_id


def begin(source: ImportSource, database: Database, clock: Clock) -> ContactImport:
    """Start on one file."""
    return ContactImport(source, database, clock)


def undo(connection: sa.Connection, wanted: str, database: Database, clock: Clock) -> Undone:
    """Take the newest standing import of that id or file back; people touched since are kept."""
    found = store.standing_import(connection, wanted)
    if found is None:
        raise NotFound("there is no such import that still stands; give its id or the same file", field="FILE")
    database.lock(connection, "crm/identities")
    removed, restored, kept = store.undo_import(connection, found, clock.now())
    words = tuple(f"{contact_id} was touched since" for contact_id in kept)
    return Undone(str(found["id"]), removed, restored, words)


class ContactImport:
    """The rows of one file: checked one by one, written in batches."""

    def __init__(self, source: ImportSource, database: Database, clock: Clock) -> None:
        self._source, self._database, self._now, self._clock = source, database, clock.now(), clock
        self._shelf, self._names, self._suppressed = Shelf(BATCH), tuple[str, ...](), 0
        self._written: tuple[int, int, int] | None = None
        with database.reading() as connection:
            self._list = SuppressionList(connection)
            self._gone = self._list.every_hash()
        columns = {column.strip().lower() for column in source.file.columns}
        self.layout = next((name for name, wanted in _LAYOUTS if wanted <= columns), "plain")
        self._label = "import" if self.layout == "plain" else f"import:{self.layout.replace(' ', '_')}"

    def read(self, row: ImportRow) -> None:
        """Take a row in; who opted out, here or there, is left out or shut."""
        draft = self._draft(row)
        keys = rules.identities_of(draft)
        if row.text("merged_into_id"):
            raise LeftOut("merged into another contact")
        if not keys:
            raise LeftOut("no e-mail, handle or profile: nobody to find again")
        if self._gone and any(self._list.stored_hash(key) in self._gone for one, key in keys if one.kind in ("email", "handle")):
            self._suppressed += 1
            raise LeftOut("asked never to be contacted again")
        status = row.text("status")
        kept = contact_row(draft, keys, self._now)
        del kept["created_at"], kept["updated_at"]
        if status in rules.STATUSES:
            kept["status"] = status
        self._names = tuple(kept)
        packed = [(one.kind, key, one.platform, one.value) for one, key in keys]
        is_out, platform = _says_yes(row.text("opted_out")), rules.platform_key(draft.platform)
        self._shelf.add([row.number, is_out, platform, packed, list(kept.values())])

    def write(self, connection: sa.Connection) -> Written:
        """Write new people, fill gaps of known ones; the same file twice changes nothing."""
        self._database.lock(connection, "crm/identities")
        import_id = make_id("imp", self._source.file.sha256, store.imports_of(connection, self._source.file.sha256))
        stored = joined = equal = 0
        with roomy(connection):
            for rows in self._batches():
                made, filled, same = self._write_batch(connection, import_id, rows)
                stored, joined, equal = stored + made, joined + filled, equal + same
        if stored or joined:
            row = {
                "id": import_id, "file": self._source.file.name, "sha256": self._source.file.sha256, "layout": self.layout,
                "stored": stored, "joined": joined, "applied_at": self._now,
            }  # fmt: skip
            store.keep_import(connection, self._database, row)
        self._written = (stored, joined, equal)
        return Written(stored, joined + equal)

    def notes(self) -> list[str]:
        """The layout, who stays shut, and what was or would be written."""
        found = [f"layout: {self.layout}"]
        if self._suppressed:
            found.append(f"{self._suppressed} people opted out earlier and were not taken in")
        if self._written is not None:
            stored, joined, equal = self._written
            found.append(f"new people {stored}, known people filled in {joined}, known and unchanged {equal}")
            return found
        known = 0
        with self._database.reading() as connection:
            for rows in self._batches():
                owners = store.owners(connection, (key for one in rows for key in one.owned))
                known += sum(any(key in owners for key in one.owned) for one in rows)
        return [*found, f"would add up to {len(self._shelf) - known} people; {known} rows are about known people"]

    def _batches(self) -> Iterator[list[NewPerson]]:
        for packed in self._shelf.batches():
            yield [NewPerson(one) for one in packed]

    def _draft(self, row: ImportRow) -> ContactDraft:
        said = {name: cell for name, cell in row.cells.items() if isinstance(cell, str)}.get
        emails = [*_emails(said("email")), *_emails(said("more_emails"))]
        url = _profile(said("profile_url"))
        handle, platform = said("handle"), said("platform")
        if handle and not platform:
            platform = "x" if "twitter" in self._source.mapping.get("handle", "").lower() else None
        name = said("name") or " ".join(part for part in (said("first_name"), said("last_name")) if part) or None
        told: dict[str, Any] = {field: said(field) for field in _TOLD}
        return ContactDraft(
            name=None if name is None else " ".join(name.split())[:200], email=emails[0] if emails else None,
            identities=tuple(IdentityDraft("email", one) for one in emails[1:]),
            platform=platform or ("linkedin" if self.layout == "linkedin" else None), handle=handle, phone=said("phone"),
            profile_url=url, source=said("source") or self._label, tags=_tags(said("tags")), **told,
        )  # fmt: skip

    def _write_batch(self, connection: sa.Connection, import_id: str, rows: list[NewPerson]) -> tuple[int, int, int]:
        """(made, known and filled in, known and unchanged) people of some rows."""
        owners = store.owners(connection, (key for one in rows for key in one.owned))
        known = store.contacts(connection, set(owners.values()), _STANDS)
        first = {one.owned[0]: make_id("con", *one.owned[0]) for one in rows if not any(key in owners for key in one.owned)}
        taken = store.taken_ids(connection, list(first.values()))
        batch, seen = store.ImportBatch(), set[str]()
        for one in rows:
            contact_id = next((owners[key] for key in one.owned if key in owners), None)
            if contact_id is None:
                contact_id = free_id(first[one.owned[0]], taken)
                taken.add(contact_id)
                batch.fresh[contact_id] = {"id": contact_id, **self._row(one), "import_id": import_id}
            else:
                others = {owners[key] for key in one.owned if key in owners} - {contact_id}
                batch.doubles.update((contact_id, other) for other in others)
                self._fill(batch, known, contact_id, self._row(one, [key for key in one.owned if owners.get(key) not in others]))
            seen.add(contact_id)
            for kind, key, platform, value in one.keys:
                if (kind, key) not in owners:
                    owners[kind, key] = contact_id
                    draft = IdentityDraft(kind, value, platform, import_id, f"row {one.number}")
                    batch.named.append(store.identity_row(contact_id, draft, key, self._now))
                    if contact_id in known:
                        batch.changed.setdefault(contact_id, {})
        store.write_people(connection, self._database, import_id, batch, self._now)
        for one in rows:
            if one.is_out:
                self._shut(connection, owners[one.owned[0]], one.owned)
        return len(batch.fresh), len(batch.changed), len(seen - set(batch.fresh) - set(batch.changed))

    def _row(self, one: NewPerson, owned: list[tuple[str, str]] | None = None) -> dict[str, Any]:
        """The person as a row, without the id; with only those keys that are not somebody else's."""
        row = {**dict(zip(self._names, one.values, strict=True)), "created_at": self._now, "updated_at": self._now}
        if owned is not None and len(owned) < len(one.owned):
            mine = contact_row(ContactDraft(platform=one.platform), one.drafts(owned), self._now)
            row |= {name: mine[name] for name in _BY_KEY}
        return row

    @staticmethod
    def _fill(batch: store.ImportBatch, known: dict[str, dict[str, Any]], contact_id: str, row: dict[str, Any]) -> None:
        """Empty fields of somebody known, or of somebody an earlier row of the file made."""
        stands = batch.fresh.get(contact_id) or known[contact_id]
        change = store.filled(stands, row, FILLED)
        if change and contact_id in known:
            noted = batch.before.setdefault(contact_id, {})
            noted |= {name: stands[name] for name in change if name not in noted}
            batch.changed.setdefault(contact_id, {}).update(change)
        stands.update(change)

    def _shut(self, connection: sa.Connection, contact_id: str, keys: list[tuple[str, str]]) -> None:
        """Somebody who opted out elsewhere has opted out here."""
        for address in (*(key for kind, key in keys if kind in ("email", "handle")), person_address(contact_id)):
            suppress(connection, self._database, address, reason="opted out elsewhere", source="import", clock=self._clock)
        store.opt_out_imported(connection, contact_id, self._now)


def _emails(text: str | None) -> list[str]:
    """Every address of a cell, `Ada <mailto:ada@x.com>; …` and all; BadRow when a word is none."""
    if text is None:
        return []
    # Asked with the same words as the people book asks, so that the key is worked out once.
    alone = text.removeprefix("mailto:").rstrip(".")
    if _ALONE.fullmatch(alone) and rules.value_key("email", alone, None) is not None:
        return [alone]
    bracketed = re.findall(r"<([^<>]+)>", text)
    words = bracketed or _PARTS.split(text if text.isascii() else rules.folded(text))
    plain = [word.strip().removeprefix("mailto:").rstrip(".") for word in words if word.strip()]
    wrong = [word for word in plain if rules.value_key("email", word, None) is None]
    if wrong and len(plain) > 1 and rules.value_key("email", "".join(plain)) is not None:
        return ["".join(plain)]  # a space slipped into one address
    if wrong:
        raise BadRow(f"'{wrong[0][:60]}' is no e-mail address")
    return plain


def _profile(text: str | None) -> str | None:
    if text is None:
        return None
    if rules.profile_key(text) is None:
        raise BadRow(f"'{text[:60]}' is no address of a profile")
    return text


def _tags(text: str | None) -> tuple[str, ...]:
    """Words of `a; b`, `a, b` or `["a", "b"]`."""
    if text is None:
        return ()
    words = (one.strip(" []\"'").lower() for one in re.split(r"[;,]", text))
    return tuple(sorted({word[:60] for word in words if word}))


def _says_yes(text: str | None) -> bool:
    return text is not None and text.strip().lower() not in _NO
