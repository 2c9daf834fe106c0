"""Moments that graphs point out: when services came, went, were updated or request more."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build

from .history import IN_STEP, with_number
from .look import CHANGES, DATASOURCE

_TITLES: Final = {
    "came": "{{number}} came",
    "went": "{{number}} went",
    "updated": "{{number}} updated",
    "new version": "new version of {{number}}",
    "requests more": "{{number}} request more",
}

_STEP: Final = "2m"
"""Each step looks at every service: half of the usual resolution of a day."""


def marks(*shown: str) -> Iterator[build.AnnotationQuery]:
    """A vertical line where services of a platform changed, one kind of line for each change.

    Those not `shown` at first can be switched on at the top of the dashboard.
    """
    for kind, services in IN_STEP.items():
        yield (
            build.AnnotationQuery()
            .name(f"Services: {kind}")
            .datasource(DATASOURCE)
            .enable(kind in shown)
            .icon_color(CHANGES[kind])
            .expr(with_number(services))
            .step(_STEP)
            .title_format(_TITLES[kind])
            .text_format("{{target}}")
        )
