"""Which format and encoding a client gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics.page import Format
from exporter.web.negotiation import accepts_gzip, page_format

TEXT, OPENMETRICS = Format.TEXT, Format.OPENMETRICS

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_PROTOBUF = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
    "q=0.7," + PROMETHEUS_3
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html, */*;q=0.8", TEXT),
        ("text/plain", TEXT),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        (PROMETHEUS_PROTOBUF, OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS),
        ('application/openmetrics-text; version="1.0.0"; charset=utf-8', OPENMETRICS),
        ('APPLICATION/OpenMetrics-Text ;Version="1\\.0.0" ; Q=0.001', OPENMETRICS),
        ("application/openmetrics-text;version=99.0.0", TEXT),
        ("application/openmetrics-text;version=0.0.1", TEXT),
        ("application/openmetrics-text;version=abc, text/plain;q=0.1", TEXT),
        ("application/openmetrics-text;q=0.5, text/plain;q=0.4", OPENMETRICS),
        ("application/openmetrics-text;q=0.4, text/plain;q=0.5", TEXT),
        ("application/openmetrics-text;q=0, */*", TEXT),
        ("text/plain;q=0, */*", OPENMETRICS),
        ("text/plain;q=0, application/*", OPENMETRICS),
        ("text/*;q=0.5, application/openmetrics-text;q=0.4", TEXT),
        ("text/plain;version=0.0.4;q=0.2, text/plain;q=0.9, application/*;q=0.5", OPENMETRICS),
        ("text/plain, application/openmetrics-text", TEXT),
        ("application/openmetrics-text, text/plain", OPENMETRICS),
        ("text/plain;q=0, application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=2, text/plain;q=0.1", TEXT),
        ('application/openmetrics-text;x=",text/plain;q=0"', OPENMETRICS),
        ("application/json", TEXT),
        ('",;=,;"', TEXT),
    ],
)
def test_the_preferred_format_by_q_values(accept: str, expected: Format) -> None:
    assert page_format(accept) is expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        ("gzip", True),
        ("GZIP;q=0.001", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("*", True),
        ("gzip, identity;q=0", True),
        ("gzip;q=0.5, identity;q=0.5", True),
        ("", False),
        ("identity", False),
        ("deflate, br, zstd", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=0.5, identity;q=1", False),
    ],
)
def test_gzip_only_if_it_is_accepted(accept_encoding: str, *, expected: bool) -> None:
    assert accepts_gzip(accept_encoding) is expected


@given(st.text())
def test_any_header_gives_a_format(header: str) -> None:
    assert page_format(header) in Format
    assert accepts_gzip(header) in {True, False}


_TYPES = {
    TEXT: ("*/*", "text/*", "text/plain", "text/plain;version=0.0.4"),
    OPENMETRICS: (
        "*/*",
        "application/*",
        "application/openmetrics-text",
        "application/openmetrics-text;version=1.0.0",
    ),
}
_PREFERENCES = st.dictionaries(
    st.sampled_from([name for names in _TYPES.values() for name in names] + ["a/b", "text/html"]),
    st.integers(0, 1000),
    max_size=6,
)


@given(_PREFERENCES, st.sampled_from([",", ", ", " ,", ",,", "\t,"]))
def test_no_less_preferred_format_is_sent(preferences: dict[str, int], comma: str) -> None:
    def preference(offer: Format) -> int:
        named = [name for name in _TYPES[offer] if name in preferences]
        return preferences[named[-1]] if named else 0

    header = comma.join(f"{name};q={q / 1000:.3f}" for name, q in preferences.items())
    chosen = page_format(header)
    assert preference(chosen) == max(map(preference, Format))
    assert preference(chosen) or chosen is TEXT


@given(st.dictionaries(st.sampled_from(["gzip", "identity", "br"]), st.integers(0, 1000)))
def test_gzip_is_not_sent_to_a_client_that_refuses_it(preferences: dict[str, int]) -> None:
    header = ", ".join(f"{name}; q={q / 1000:.3f}" for name, q in preferences.items())
    wanted = preferences.get("gzip", 0)
    assert accepts_gzip(header) == (wanted > 0 and wanted >= preferences.get("identity", 0))
