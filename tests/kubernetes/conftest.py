"""Every way in which the project is put on Kubernetes, each held to the same promises."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import pytest

from .objects import Objects
from .programs import RESOURCES, kustomize, template
from .values import GOOD

_OVERLAYS: Final = sorted((RESOURCES / "overlays").iterdir())
_RENDERED: Final[Mapping[str, Callable[[], Objects]]] = {
    "base": partial(kustomize, RESOURCES / "base"),
    **{f"overlay-{each.name}": partial(kustomize, each) for each in _OVERLAYS},
    **{f"chart-{each.stem}": partial(template, "--values", str(each)) for each in GOOD},
}


@pytest.fixture(params=_RENDERED)
def rendered(request: pytest.FixtureRequest) -> Objects:
    """What is applied: the kustomize base, its overlays, the chart with each set of good values."""
    return _RENDERED[request.param]()
