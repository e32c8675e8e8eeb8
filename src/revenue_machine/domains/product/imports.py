"""The kinds of file product takes in."""

from __future__ import annotations

from revenue_machine.domains.product.aso_imports import FIELDS, begin
from revenue_machine.engine.importing import ImportKind

# --- App Store experiments ---------------------------------------------------------------------------------------------
IMPORTS = {
    "app_store_report": ImportKind(
        name="app_store_report",
        summary="figures of the App Store per app and day: Apple's report files, or date, app, impressions, page_views, downloads",
        fields=FIELDS,
        begin=begin,
    ),
}
