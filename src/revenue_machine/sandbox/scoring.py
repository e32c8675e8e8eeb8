"""What the product could not see, laid beside what it could; read after the run, stored nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from revenue_machine.kit.money import show
from revenue_machine.sandbox.store import WorldStore
from revenue_machine.sandbox.truth import Deed, every_deed

_BY_POSTS = ("post", "lookup")
_STEPS = ("click", "visit", "signup", "trial", "purchase")


@dataclass(frozen=True)
class Score:
    """The truth of a run in numbers; money in micro-dollars."""

    counts: Mapping[str, int]
    caused_by_posts: int
    visible_of_those: int
    earned_micro_usd: int
    earned_by_posts_micro_usd: int
    best_post: str | None
    best_post_micro_usd: int

    @property
    def captured_share(self) -> float | None:
        """Share of the purchases caused by posts that analytics could trace; None without any."""
        return self.visible_of_those / self.caused_by_posts if self.caused_by_posts else None


def score(store: WorldStore) -> Score:
    """Sum up the truth since the machine came (what was before does not count)."""
    deeds = [deed for deed in every_deed(store) if deed.channel != "before"]
    bought = [deed for deed in deeds if deed.kind == "purchase"]
    caused = [deed for deed in bought if deed.channel in _BY_POSTS]
    per_post = _money_per_post(deeds)
    best = max(sorted(per_post), key=lambda name: per_post[name], default=None)
    return Score(
        counts=Counter(deed.kind for deed in deeds),
        caused_by_posts=len(caused),
        visible_of_those=sum(deed.channel == "post" and deed.seen for deed in caused),
        earned_micro_usd=sum(_money(deed) for deed in deeds),
        earned_by_posts_micro_usd=sum(_money(deed) for deed in deeds if deed.channel in _BY_POSTS),
        best_post=best,
        best_post_micro_usd=per_post[best] if best else 0,
    )


def score_lines(store: WorldStore, visible: Mapping[str, int] | None = None) -> list[str]:
    """The truth as indented lines without a heading, beside the product's own counts of the same steps where it gives them."""
    found = score(store)
    shown = visible or {}
    steps = [
        f"{step} {found.counts.get(step, 0)}" + (f" (the machine saw {shown[step]})" if step in shown else "") for step in _STEPS
    ]
    lines = [
        "  " + " · ".join(steps) + f" · programs following links {found.counts.get('bot', 0)}",
        f"  earned {show(found.earned_micro_usd)}, of that because of posts {show(found.earned_by_posts_micro_usd)}",
    ]
    if found.captured_share is not None:
        lines.append(
            f"  {found.caused_by_posts} bought because of a post; {found.visible_of_those} of them left a trace "
            f"({found.captured_share:.0%} can be attributed at best)"
        )
    if found.best_post is not None:
        lines.append(f"  best post {found.best_post}: {show(found.best_post_micro_usd)}")
    return lines


def _money_per_post(deeds: Iterable[Deed]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for deed in deeds:
        if deed.post_id is not None and _money(deed):
            sums[deed.post_id] = sums.get(deed.post_id, 0) + _money(deed)
    return sums


def _money(deed: Deed) -> int:
    return deed.amount_micro_usd if deed.kind in ("purchase", "renewal", "refund") else 0
