"""Moments that graphs point out: when services came, went, were updated or request more."""

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build

from .history import IN_STEP, with_number
from .look import CHANGES, DATASOURCE, SMALLEST_STEP

_TITLES: Final = {
    "came": "{{number}} came",
    "went": "{{number}} went",
    "updated": "{{number}} updated",
    "new version": "new version of {{number}}",
    "requests more": "{{number}} request more",
}


def marks(*kinds: str) -> Iterator[build.AnnotationQuery]:
    """A vertical line where services of a platform changed, for each of these kinds of change."""
    for kind in kinds:
        yield (
            build.AnnotationQuery()
            .name(f"Services: {kind}")
            .datasource(DATASOURCE)
            .enable(True)  # noqa: FBT003 - the builder's own form
            .icon_color(CHANGES[kind])
            .expr(with_number(IN_STEP[kind]))
            .step(SMALLEST_STEP)
            .title_format(_TITLES[kind])
            .text_format("{{target}}")
        )
