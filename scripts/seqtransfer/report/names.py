"""Identifiers of arms, measures and metrics -> what they are called where people read."""

import re
from collections.abc import Iterable

from seqtransfer.encoders import arm_descriptions, controls
from seqtransfer.similarity.measures import MEASURES

HTML_CODE = "<code>{}</code>"
METRICS = {
    "mcc": "MCC",
    "spearman": "Spearman correlation",
    "pearson": "Pearson correlation",
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "f1": "F1",
    "mae": "mean absolute error",
    "auc": "area under the ROC curve",
}
UNITS = {
    "mcc": "MCC", "macro_f1": "macro-F1", "f1": "F1", "auc": "AUC",
    "spearman": "Spearman", "pearson": "Pearson",
}  # fmt: skip
BASELINES = {
    "baseline": "the best baseline",  # of a task, on dev
    "majority": "the majority class",
    "mean": "the training mean",
    "ngram": "n-gram regression",
    "additive": "the additive model of symbols by place",
    "symbol": "the symbol's most frequent class",
    "window": "logistic regression on a window of symbols",
    "dtw": "nearest neighbour by time warping",
    "minirocket": "ridge regression on MiniRocket",
    "frequencies": "frequencies of symbols",
}
LEAKS = {  # measures of the leak audit, or what their names begin with
    "kmer": "k of the k-mers",
    "duplicates": "sequences that train holds, too",
    "similarity": "k-mer similarity to train",
    "identity": "identity with train in edits",
    "overlap": "runs of numbers in common with train",
    "overlap_run": "numbers of a run",
    "distance": "distance of the numbers from train",
    "distance_limit": "distance below which a series is near",
    "distance_limit_units": "training units that this distance was taken from",
    "distance_near": "share of series near to train, those at distance 0 apart",
    "distance_duplicates": "series at distance 0 from train",
}
REPAIRED = "re-paired"  # of a contrast: the null of (d1)


def arm(name: str) -> str:
    """An arm, a control or a baseline in words, such as `first 2 layers of text`; other names as
    they are."""
    others = BASELINES | controls.TITLES | {REPAIRED: "units re-paired at random"}
    if name in others:
        return others[name]
    try:
        return arm_descriptions.title(name)
    except ValueError:
        return name


def contrast(text: str) -> str:
    """Arms in words: `text - random` as `text pretraining minus random weights`, and
    `text-vs-domain` as `text pretraining with domain pretraining`."""
    shared = re.sub(r"^(.+)-vs-(.+) - (.+)-vs-\2$", r"\1 - \3, each with \2", text)
    apart = shared.replace("-vs-", " with ").replace(" - ", " minus ")
    return re.sub(r"[\w-]+", lambda word: arm(word[0]), apart)


def measure(name: str) -> str:
    """A measure of similarity in words, without its source: `PWCCA, weighted by the left
    representation`; or one of the leak audit."""
    title = MEASURES[name].title if name in MEASURES else leak(name)
    return re.sub(r"(?: \([^()]*\d{4}\))?\.$", "", title)


def leak(name: str) -> str:
    """A measure of the leak audit in words, such as `k-mer similarity to train: share at 0.5 or
    more`; see the table `leaks`."""
    kind, _, rest = name.partition("_")
    said = LEAKS.get(name) or LEAKS.get(kind, name)
    if rest.startswith("share_"):
        return f"{said}: share at {rest.removeprefix('share_')} or more"
    if rest.startswith("q"):
        return f"{said}: {int(rest[1:])} % point"
    return said


def metric(name: str) -> str:
    """A metric in words, or several between commas; of an unknown one its name."""
    return ", ".join(METRICS.get(one, one.replace("_", " ")) for one in name.split(", "))


def unit(metric: str) -> str:
    """A metric as figures and units say it: `MCC`."""
    return UNITS.get(metric, metric.replace("_", " "))


def quantity(name: str) -> str:
    """A quantity of an analysis in words, such as `5 % quantile of log10`, `minimum cosine`."""
    quantile = re.fullmatch(r"log10_q(\d+)", name)
    if quantile:
        return f"{int(quantile[1])} % quantile of log10"
    return name.replace("log10_", "log10 of the ").replace("_", " ")


def coded(text: str, form: str) -> str:
    """The text with what stands in backticks written as `form` writes it, such as HTML_CODE."""
    return re.sub(r"`([^`]+)`", lambda found: form.format(found[1]), text)


def runs(task: str, name: str, *seeds: int) -> str:
    """Runs of an arm, such as `random weights in splice, seeds 0, 1`."""
    return f"{arm(name)} in {task}, seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def span(numbers: Iterable[float]) -> str:
    """`8`, or `4 to 8` where numbers differ."""
    known = sorted(set(numbers))
    return f"{known[0]:.0f}" if len(known) == 1 else f"{known[0]:.0f} to {known[-1]:.0f}"


def levels(found: Iterable[float], joint: str = "and") -> str:
    """`95 %`, or `90 % and 95 %` where levels differ, in the order in which they come."""
    return f" {joint} ".join(f"{100 * level:.0f} %" for level in dict.fromkeys(found))


def minus(text: str) -> str:
    """The text with minus signs, as typeset, before negative numbers; ranges keep their hyphen."""
    return re.sub(r"(?<!\w)-(?=\d)", "\N{MINUS SIGN}", text)


def typed(number: float, digits: int = 3) -> str:
    """`+0.031`, with a minus as typed; what rounds to 0 has no sign."""
    text = f"{number:+.{digits}f}"
    return text if float(text) else text[1:]


def typed_bound(number: float, digits: int = 3, line: float = 0.0) -> str:
    """`typed`, of an interval's end: with up to three digits more where it would be the line, so
    that one sees on which side of it the end lies."""
    return typed(number, telling_digits(number, line, digits))


def typed_ends(low: float, high: float, line: float = 0.0) -> str:
    """`-0.004 to +0.031`, an interval's ends by `typed_bound`."""
    return f"{typed_bound(low, line=line)} to {typed_bound(high, line=line)}"


def telling_digits(number: float, line: float, digits: int = 3) -> int:
    """Decimals, up to three more than `digits`, by which a number is told from a line that it is
    not on; `digits` where none does."""
    more = range(digits, digits + 4)
    return next((n for n in more if round(number, n) != round(line, n)), digits)


def signed(number: float, digits: int = 3) -> str:
    """`typed`, with a typeset minus."""
    return minus(typed(number, digits))


def bound(number: float, digits: int = 3, line: float = 0.0) -> str:
    """`typed_bound`, with a typeset minus."""
    return minus(typed_bound(number, digits, line))


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, or `a, b and c`; words that hold commas are set apart by semicolons."""
    *first, last = words
    if any("," in word for word in (*first, last)) and first:
        return f"{'; '.join(first)}; and {last}"
    return f"{', '.join(first)} and {last}" if first else last
