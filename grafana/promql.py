"""Queries, so that each is right for one exporter and for several that poll the same platform.

A platform is known by its `job` and `target`. Replicas of an exporter differ in `instance` alone,
and report the same numbers but for a poll that one of them is ahead. So the largest of them is
taken before platforms are added up.
"""

from typing import Final

EXPORTERS: Final = 'job=~"$job",instance=~"$instance"'
PLATFORMS: Final = f'{EXPORTERS},target=~"$target"'

WATCHED: Final = "zstack_poll_interval_seconds"
"""What an exporter exposes for each of its platforms from the start, polled or not."""

KNOWN: Final = f"{WATCHED}{{{PLATFORMS}}}"


def of_exporters(metric: str, *, rate: bool = False, among: str = KNOWN) -> str:
    """The series that the chosen exporters have of their own, independent of their targets.

    Every job has `up` and many have `process_*`: those of exporters are recognized by the metrics
    beside them.
    """
    own = f"{metric}{{{EXPORTERS}}}"
    own = f"rate({own}[$__rate_interval])" if rate else own
    return own if metric.startswith("zstack_") else f"{own} and on (job, instance) {among}"


def exporters_seen() -> str:
    """Whether Prometheus can scrape each exporter that it has scraped in the time range."""
    return of_exporters("up", among=f"present_over_time({KNOWN}[$__range])")


def series(metric: str, *matchers: str) -> str:
    """The series of the chosen platforms, one for each replica."""
    return f"{metric}{{{','.join([PLATFORMS, *matchers])}}}"


def recorded(metric: str) -> str:
    """What rules have recorded of the chosen platforms, one series for all replicas."""
    return f'{metric}{{job=~"$job",target=~"$target"}}'


def platforms(vector: str, *labels: str) -> str:
    """One series for each platform and value of these labels, for any number of replicas."""
    return f"max by ({', '.join(('job', 'target', *labels))}) ({vector})"


def earliest(timestamps: str, *labels: str) -> str:
    """The same of timestamps, of which the earliest one counts."""
    return f"min by ({', '.join(('job', 'target', *labels))}) ({timestamps})"


def inventory(metric: str, *by: str, where: tuple[str, ...] = ()) -> str:
    """The sum over all platforms, or by these labels.

    The series of one replica are added up first: a service that moves from one label to
    another must not count twice while only one of them knows.
    """
    own = [label for label in by if label != "target"]
    of_each = total(series(metric, *where), "job", "instance", "target", *own)
    return total(platforms(of_each, *own), *by)


def total(vector: str, *by: str) -> str:
    """The sum over everything, or by these labels."""
    return f"sum by ({', '.join(by)}) ({vector})" if by else f"sum({vector})"


def filled(vector: str, label: str, word: str) -> str:
    """A word where a label is empty."""
    return f'label_replace({vector}, "{label}", "{word}", "{label}", "")'


def ranked(vector: str) -> str:
    """The largest first."""
    return f"sort_desc({vector})"


def age(timestamp: str) -> str:
    """Seconds since then."""
    return f"time() - {timestamp}"


def a_minute(counter: str) -> str:
    """How fast a counter grows."""
    return f"60 * rate({counter}[$__rate_interval])"


def how_many(condition: str, among: str) -> str:
    """How many meet the condition; 0 only if there is something that could, else nothing."""
    return f"count({condition}) or 0 * count({among})"


def none_of(errors: str) -> str:
    """0 while there is an exporter that knows of none of these, else nothing."""
    return f"0 * max({KNOWN}) unless on () {errors}"


def counted_errors() -> str:
    """Every error that is known: the first of its kind has no rate yet, but failed a poll."""
    return f"({a_minute(series('zstack_api_errors_total'))} or {series('zstack_api_error')})"


def quantile(share: float, histogram: str, *by: str) -> str:
    """The value that this share of the observations does not exceed; nothing without any."""
    rates = total(f"rate({histogram}[$__rate_interval])", "le", *by)
    return f"histogram_quantile({share}, {rates}) >= 0"  # NaN is not
