"""What is kept on which layer, how words match, and what a page keeps."""

from __future__ import annotations

import pytest

from revenue_machine.domains.memory import rules


@pytest.mark.parametrize(
    ("confidence", "tags", "score", "layer"),
    [
        (0.49, (), 4.9, None), (0.5, (), 5.0, 2), (0.69, (), 6.9, 2), (0.7, (), 7.0, 1), (1.0, (), 10.0, 1),
        (0.32, ("MRR",), 4.8, None), (0.4, ("revenue",), 6.0, 2), (0.5, ("paywall", "x"), 7.5, 1), (0.9, ("churn",), 10.0, 1),
    ],
)  # fmt: skip
def test_gate_has_two_steps(confidence: float, tags: tuple[str, ...], score: float, layer: int | None) -> None:
    found = rules.cognitive_score(confidence, tags)
    assert found == pytest.approx(score)
    assert rules.layer_for(found) == layer


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("winning", "win"), ("winner", "win"), ("winners", "win"), ("win", "win"), ("lessons", "lesson"), ("posting", "post"),
        ("posted", "post"), ("selling", "sell"), ("class", "clas"), ("is", "is"), ("mrr", "mrr"),
    ],
)  # fmt: skip
def test_endings_do_not_matter(word: str, stem: str) -> None:
    assert rules.stem(word) == stem


def test_words_ignore_case_and_marks() -> None:
    assert rules.words("The WINNER's hooks, a_b: Ünï!") == {"the", "win", "hook", "ünï"}


@pytest.mark.parametrize(
    ("question", "text", "importance", "value"),
    [
        ("winning lessons", "a winner teaches a lesson", 0.0, 1.0),
        ("winning lessons", "a winner", 0.0, 0.5),
        ("winning lessons", "a winner", 10.0, 0.6),
        ("winning lessons", "nothing here", 10.0, 0.0),
    ],
)
def test_relevance_counts_words_first(question: str, text: str, importance: float, value: float) -> None:
    assert rules.relevance(rules.words(question), text, importance) == pytest.approx(value)


def test_outside_label_sticks() -> None:
    assert rules.stricter("own", "own") == "own"
    assert rules.stricter("outside", "own") == rules.stricter("own", "outside") == "outside"


def test_stored_text_is_clean() -> None:
    assert rules.clean(" a\x00b\u202e c\n\nd ") == "a b c d"


def test_machine_part_alone_is_replaced() -> None:
    first = rules.with_machine_part(None, "one\n")
    page = f"My own words.\n\n{first}\nMore of mine.\n"
    assert rules.with_machine_part(page, "two") == page.replace("one", "two")
    assert rules.with_machine_part(rules.with_machine_part(page, "two"), "one") == page


def test_foreign_page_is_kept_whole() -> None:
    page = rules.with_machine_part("Only mine.", "one")
    assert page.startswith("Only mine.\n\n<!-- machine")
    assert rules.with_machine_part(page, "one") == page
