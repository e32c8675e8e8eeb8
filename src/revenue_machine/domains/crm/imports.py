"""The kinds of file the people book takes in."""

from __future__ import annotations

from revenue_machine.domains.crm.importer import FIELDS, begin, undo
from revenue_machine.engine.importing import ImportKind

IMPORTS = {
    "contacts": ImportKind(
        name="contacts",
        summary="people from HubSpot, Instantly, Smartlead, LinkedIn or our own export; who opted out is never taken in again",
        fields=FIELDS,
        begin=begin,
        undo=undo,
    ),
}
