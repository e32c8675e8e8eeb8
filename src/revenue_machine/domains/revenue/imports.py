"""The kinds of file about money: what was sold, what was spent, and what a foreign amount is worth."""

from __future__ import annotations

from revenue_machine.domains.revenue import cost_import, purchase_import, rate_import
from revenue_machine.engine.importing import ImportKind

IMPORTS = {
    "costs": ImportKind(
        name="costs",
        summary="what was spent where the machine cannot see it: date, amount, source; booked as cost in the ledger",
        fields=cost_import.FIELDS,
        begin=cost_import.begin,
    ),
    "fx_rates": ImportKind(
        name="fx_rates",
        summary="dollars for one unit of a currency on a date; payments that waited for the rate count from then on",
        fields=rate_import.FIELDS,
        begin=rate_import.begin,
    ),
    "purchases": ImportKind(
        name="purchases",
        summary="sales the tills did not tell of: customer, time, amount; never counted twice, by transaction id or by content",
        fields=purchase_import.FIELDS,
        begin=purchase_import.begin,
    ),
}
