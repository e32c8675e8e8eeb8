"""What the product could not see, laid beside what it could; read after the run, stored nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from revenue_machine.kit.money import show
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.truth import Deed, every_deed, true_rates

_BY_POSTS = ("post", "lookup")
_STEPS = ("click", "visit", "signup", "trial", "purchase")
_POSTS = ("world", "post")
Amounts = Mapping[str, float]


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


@dataclass(frozen=True)
class ModelScore:
    """How far one model of attribution is from the truth, in shares of all that was earned or sold (0.01 is a point).

    `error`: mean over networks of the absolute difference; `bias`: what posts get too much (below zero: too little) altogether.
    """

    model: str
    error: float
    bias: float


def league(truth: Amounts, total: float, credited: Mapping[str, Amounts]) -> list[ModelScore]:
    """Models by their error, least first; the networks of the truth are compared, what nobody caused is the rest of `total`."""
    if total <= 0 or not truth:
        return []
    scores = []
    for model, amounts in credited.items():
        misses = [(amounts.get(network, 0.0) - caused) / total for network, caused in truth.items()]
        scores.append(ModelScore(model, sum(map(abs, misses)) / len(misses), sum(misses)))
    return sorted(scores, key=lambda one: (one.error, one.model))


def earned_by_network(store: WorldStore) -> tuple[dict[str, float], float]:
    """(micro-dollars caused by the posts of each network, all micro-dollars) since the machine came."""
    posts = {note["id"]: str(note["crowd"]).split("/")[0] for note in ServiceState(store, _POSTS[0], 0).list(_POSTS[1])}
    caused = dict.fromkeys(sorted(posts.values()), 0.0)
    total = 0
    for deed in every_deed(store):
        if deed.channel != "before":
            total += _money(deed)
            if deed.channel in _BY_POSTS and deed.post_id in posts:
                caused[posts[deed.post_id]] += _money(deed)
    return caused, total


def league_lines(scores: Sequence[ModelScore]) -> list[str]:
    """The league as indented lines, best first, and what the best still gets wrong."""
    if not scores:
        return []
    best = scores[0]
    verb = "too much" if best.bias > 0 else "too little"
    return [
        "  attribution against the truth, mean error per network and bias of all posts together, in points of revenue:",
        *(f"    {one.model:16} error {one.error * 100:5.1f}  bias {one.bias * 100:+6.1f}" for one in scores),
        f"  best is {best.model}: it credits posts with {abs(best.bias) * 100:.1f} points {verb}",
    ]


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


def score_lines(
    store: WorldStore, visible: Mapping[str, int] | None = None, credited: Mapping[str, Amounts] | None = None
) -> list[str]:
    """The truth as indented lines without a heading, beside the product's own counts of the same steps where it gives them.

    `credited`: micro-dollars per network by each model of attribution, as the product's tables have them.
    """
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
    return lines + test_lines(store) + league_lines(league(*earned_by_network(store), credited or {}))


def test_lines(store: WorldStore) -> list[str]:
    """Every test that people met, with what each arm really means to them."""
    lines = []
    for one in true_rates(store):
        arms = ", ".join(f"{arm} {rate:.1%}" for arm, rate in one.rates.items())
        lines.append(f"  {one.offer} {one.subject}, met by {one.people:,}: {arms} take the step on average")
    return lines


def _money_per_post(deeds: Iterable[Deed]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for deed in deeds:
        if deed.post_id is not None and _money(deed):
            sums[deed.post_id] = sums.get(deed.post_id, 0) + _money(deed)
    return sums


def _money(deed: Deed) -> int:
    return deed.amount_micro_usd if deed.kind in ("purchase", "renewal", "refund") else 0
