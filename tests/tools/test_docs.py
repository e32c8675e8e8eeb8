"""The generated pages say what the code says, and drift is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from revenue_machine.kit.errors import every_code
from revenue_machine.kit.settings import Settings
from tools import docs_settings
from tools.docs import PAGES, drift, fields, kind_of, table

ROOT = Path(__file__).resolve().parents[2]


class Sample(BaseModel):
    """Two fields."""

    steps: list[str] = Field(description="in | order")
    window_days: int | None = None


def test_written_pages_match_code() -> None:
    assert drift(ROOT) == {}


def test_changed_page_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name, page in PAGES.items():
        (tmp_path / name).write_text(page(), encoding="utf-8")
    assert drift(tmp_path) == {}
    (tmp_path / "docs" / "errors.md").write_text("# Errors\n", encoding="utf-8")
    assert list(drift(tmp_path)) == ["docs/errors.md"]


def test_missing_page_is_found(tmp_path: Path) -> None:
    assert set(drift(tmp_path)) == set(PAGES)


def test_fields_become_one_table() -> None:
    assert fields(Sample).splitlines()[2:] == [
        "| `steps` | array of string | yes | in \\| order |",
        "| `window_days` | integer or null | `None` |  |",
    ]


def test_cells_cannot_break_tables() -> None:
    assert table(["A"], [["x\ny | z"]]) == "| A |\n| --- |\n| x y \\| z |\n"


def test_choices_are_listed() -> None:
    assert kind_of({"enum": ["first", "last"]}) == "`first`, `last`"


def test_every_error_code_is_documented() -> None:
    page = PAGES["docs/errors.md"]()
    assert [code for code in every_code() if f"| `{code}` |" not in page] == []


def test_undescribed_setting_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(docs_settings.MACHINE, "timezone")
    with pytest.raises(KeyError, match="timezone"):
        PAGES["docs/settings.md"]()


def test_example_holds_every_plain_setting() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = [row[0] for row in docs_settings.MACHINE.values() if row[0]]
    assert set(docs_settings.MACHINE) == set(Settings.model_fields)
    assert [name for name in named if f"\n# {name}=" not in text] == []


def test_example_sets_nothing() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
