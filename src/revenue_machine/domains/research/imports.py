"""The kinds of file research takes in."""

from __future__ import annotations

from revenue_machine.domains.research.importer import FIELDS, begin
from revenue_machine.engine.importing import ImportKind

IMPORTS = {
    "market_items": ImportKind(
        name="market_items",
        summary="other people's posts with their numbers; text teaches mechanics, numbers teach what is normal",
        fields=FIELDS,
        begin=begin,
    ),
}
