"""Generated sentences about risk: who may leave, what turned first and since when, as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboards.at_risk import RELATIONSHIP, Culprit, Driver, RenewalCounts, Risk, RiskCounts
from dashboards.labels import Labels
from dashboards.rows import Standing
from dashboards.texts import Words, lower_first

FELT = ("perception", "gap", "trend")
DONE = ("factual_gap", "broken_promises", "overdue_promises", "old_commitments")


@dataclass(frozen=True)
class Names:
    """Names of dimensions, of what belongs to none, and of drivers by code as (English, Chinese)."""

    labels: Labels
    drivers: Mapping[str, tuple[str, str]]

    @property
    def words(self) -> Words:
        """The language they are in."""
        return self.labels.words

    def dimension(self, code: str) -> str:
        """A service dimension, the relationship, or what stands in their place."""
        known = {
            RELATIONSHIP: self.words.say("Relationship"),
            "outside": self.words.say("Outside reasons"),
            "unknown": self.words.say("Cause not known"),
        }
        return known.get(code) or self.labels.of(code)

    def within(self, code: str) -> str:
        """The same within a sentence."""
        return lower_first(self.dimension(code), self.words.language)

    def joined(self, codes: Sequence[str]) -> str:
        """Those that share first place."""
        first, *others = codes
        return self.words.say(" and ").join([self.dimension(first), *(self.within(code) for code in others)])

    def driver(self, code: str) -> str:
        """What a driver is called."""
        return self.drivers.get(code, (code, code))[1 if self.words.language == "zh" else 0]


def risk_title(counts: RiskCounts, culprits: Sequence[Culprit], dim: str | None, names: Names) -> str:
    """The finding of the page of clients at risk."""
    words = names.words
    total = counts.n_clients
    if counts.n_at_risk == 0 and dim is not None:
        return words.say("No client is at risk because of {dimension}", dimension=names.within(dim))
    if counts.n_at_risk == 0:
        calm = words.say("No client is at risk this week")
        if not counts.n_silent:
            return calm
        return words.count(
            "{calm}, but {n} client is silent",
            "{calm}, but {n} clients are silent",
            counts.n_silent,
            calm=calm,
        )
    at_risk = words.integer(counts.n_at_risk)
    if dim is not None:
        return words.count(
            "{k} of {n} client may leave because of {dimension}",
            "{k} of {n} clients may leave because of {dimension}",
            total,
            k=at_risk,
            dimension=names.within(dim),
        )
    finding = words.count("{k} of {n} client may leave", "{k} of {n} clients may leave", total, k=at_risk)
    leaders = [each for each in culprits if each.n_clients == culprits[0].n_clients]
    if not leaders or len(leaders) > 2 or (leaders[0].n_clients == 1 and counts.n_at_risk > 1):
        return words.say("{finding}.", finding=finding)
    codes = [each.service_dimension for each in leaders]
    if len(leaders) == 1 and leaders[0].n_clients == counts.n_at_risk:
        return words.count(
            "{finding}. {dimension} is the culprit.",
            "{finding}. {dimension} is the culprit in each.",
            counts.n_at_risk,
            finding=finding,
            dimension=names.joined(codes),
        )
    if len(leaders) == 1:
        return words.say(
            "{finding}. {dimension} is the culprit in {k}.",
            finding=finding,
            dimension=names.joined(codes),
            k=words.integer(leaders[0].n_clients),
        )
    return words.say(
        "{finding}. {dimension} are the culprits in {k} each.",
        finding=finding,
        dimension=names.joined(codes),
        k=words.integer(leaders[0].n_clients),
    )


def renewal_title(counts: RenewalCounts, words: Words) -> str:
    """The finding of the page in the order of renewals."""
    if counts.n_renewing == 0:
        return words.say("No contract in view ends within {weeks} weeks")
    return words.count(
        "{k} of the {n} client that renews within {weeks} weeks may leave",
        "{k} of the {n} clients that renew within {weeks} weeks may leave",
        counts.n_renewing,
        k=words.integer(counts.n_at_risk),
    )


def culprit(risk: Risk, standing: Standing | None, names: Names) -> str | None:
    """What turned first and since when; None where the client is not at risk."""
    words = names.words
    if risk.culprit_driver is None or risk.culprit_dimension is None:
        return words.say("No single cause weighs enough") if risk.culprit_null_reason == "outside" else None
    moved = standing.moved if standing and standing.service_dimension == risk.culprit_dimension else None
    weeks = risk.culprit_weeks or 1
    dimensions = [risk.culprit_dimension]
    if risk.second_driver == risk.culprit_driver and risk.second_dimension:
        dimensions.append(risk.second_dimension)
    first = turned(risk.culprit_driver, dimensions, weeks, moved, names)
    if risk.second_driver is None or len(dimensions) > 1:
        return first
    second = turned(risk.second_driver, [risk.second_dimension or RELATIONSHIP], weeks, None, names)
    return words.say("{first}; {second}", first=first, second=lower_first(second, words.language))


def turned(driver: str, dimensions: Sequence[str], weeks: int, moved: str | None, names: Names) -> str:
    """What a driver's turn means in words: which dimension, what happened, how many weeks ago."""
    words = names.words
    dimension = names.joined(dimensions)
    if driver == "expectation_inflation":
        return words.count("Expectation rose {n} week ago", "Expectation rose {n} weeks ago", weeks)
    if driver == "single_voice":
        return words.count(
            "One voice far below the others for {n} week",
            "One voice far below the others for {n} weeks",
            weeks,
        )
    if driver == "silence":
        return words.count("Silent too long for {n} week", "Silent too long for {n} weeks", weeks)
    # What the window compares reaches two windows back: of an older turn it tells nothing.
    if weeks > 2 * words.weeks:
        moved = "earlier"
    if driver in FELT and moved == "both":
        return words.count(
            "{dimension}: perception fell and expectation rose {n} week ago",
            "{dimension}: perception fell and expectation rose {n} weeks ago",
            weeks,
            dimension=dimension,
        )
    if driver == "gap" and moved == "expectation_rose":
        return words.count(
            "{dimension}: expectation rose {n} week ago",
            "{dimension}: expectation rose {n} weeks ago",
            weeks,
            dimension=dimension,
        )
    if driver in ("perception", "gap") and moved not in (None, "perception_fell"):
        return words.count(
            "{dimension}: perception low for {n} week",
            "{dimension}: perception low for {n} weeks",
            weeks,
            dimension=dimension,
        )
    if driver in FELT:
        return words.count(
            "{dimension}: perception fell {n} week ago",
            "{dimension}: perception fell {n} weeks ago",
            weeks,
            dimension=dimension,
        )
    if driver in DONE:
        return words.count(
            "{dimension}: promises broken for {n} week",
            "{dimension}: promises broken for {n} weeks",
            weeks,
            dimension=dimension,
        )
    return words.count(
        "{dimension}: {driver} for {n} week",
        "{dimension}: {driver} for {n} weeks",
        weeks,
        dimension=dimension,
        driver=lower_first(names.driver(driver), words.language),
    )


def split(standing: Standing, words: Words) -> str:
    """How far perception and expectation moved in the window, side by side."""
    p, e = standing.perception_change_13, standing.expectation_change_13
    if p is None or e is None:
        return ""
    return words.say("perception {p}, expectation {e}", p=words.signed(p), e=words.signed(e))


def client_title(name: str, risk: Risk, standing: Standing | None, names: Names) -> str | None:
    """The finding of the client page where something of ours turned; None elsewhere."""
    finding = culprit(risk, standing, names)
    if finding is None:
        return None
    return names.words.say("{client} – {finding}", client=name, finding=finding)


def band(code: str, words: Words) -> str:
    """How high a risk is, in one word."""
    known = {"high": words.say("high"), "medium": words.say("medium"), "low": words.say("low")}
    return known.get(code, code)


def rules_only(reason: str | None, words: Words) -> str:
    """Why risk is in points and not a probability."""
    known = {
        "no_losses": words.say("no loss is known to learn from"),
        "too_few_losses": words.say("too few losses to test a model on"),
        "no_cut": words.say("the history is too short to test a model on"),
        "no_features": words.say("no sign tells the lost from the others"),
        "no_skill": words.say("a model foresaw no better than the base rate"),
        "no_precision_gain": words.say("a model foresaw no better than the rules"),
    }
    why = known.get(reason or "", words.say("no fitted model is published yet"))
    return words.say("Rules only: {reason}.", reason=why)


def lead(drivers: Sequence[Driver], dim: str, names: Names) -> str | None:
    """Which came first on a dimension: our broken promises, or their feeling it; None where neither."""
    words = names.words
    since = {each.driver: each.since_on for each in drivers if each.service_dimension == dim}
    broken = [day for day in (since.get("factual_gap"), since.get("broken_promises")) if day is not None]
    factual = min(broken, default=None)
    felt = since.get("perception") or since.get("trend")
    if factual is None:
        return words.say("Our promises held.") if felt is not None else None
    if felt is None:
        return words.say("Our promises broke; they do not feel it yet.")
    weeks = abs((felt - factual).days) // 7
    if weeks == 0:
        return words.say("Promises broke and they felt it in the same week.")
    if factual < felt:
        return words.count(
            "Promises broke {n} week before they felt it.",
            "Promises broke {n} weeks before they felt it.",
            weeks,
        )
    return words.count(
        "They felt it {n} week before our promises broke.",
        "They felt it {n} weeks before our promises broke.",
        weeks,
    )


def value(amount: float | None, unit: str | None, words: Words) -> str:
    """A driver's value in its unit."""
    if amount is None:
        return words.score(None)
    if unit == "share":
        return words.share(amount)
    if unit == "days":
        return words.say("{n} d", n=f"{amount:.0f}")
    if unit == "count":
        return f"{amount:.0f}"
    return words.decimal(amount, 0)
