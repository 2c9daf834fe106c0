"""The colours of frameworks and of changes can be distinguished, also by the colour-blind."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import dist
from typing import Final

import pytest

from exporter.simulator.catalogue import RUNTIMES
from tests.support.grafana import Panel, panels

DIFFERENT: Final = 25
"""Distance in CIELAB from which areas beside each other are seen as two; 2 is just noticeable."""

PANELS: Final = {str(panel): panel for panel in panels()}

Colour = tuple[float, float, float]

# How colours are seen, as linear RGB: the model of Machado, Oliveira and Fernandes (2009).
EYES: Final[Mapping[str, Sequence[Colour]]] = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "red-blind": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "green-blind": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}

# To CIE XYZ, as shares of the white of sRGB.
TO_XYZ: Final[Sequence[Colour]] = (
    (0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505),
    (0.2126, 0.7152, 0.0722),
    (0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089),
)


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("panel", ["overview: By framework", "changes: Changes over time"])
def test_no_two_colours_look_alike(panel: str, eyes: str) -> None:
    palette = colours(PANELS[panel])
    seen = {name: lab(applied(EYES[eyes], linear(colour))) for name, colour in palette.items()}
    alike = [pair for pair in combinations(seen, 2) if dist(*(seen[n] for n in pair)) < DIFFERENT]
    assert alike == []


def test_every_framework_that_zstack_ships_has_its_colour() -> None:
    names = {runtime.framework for runtime in RUNTIMES}
    assert colours(PANELS["overview: By framework"]).keys() == names


def colours(panel: Panel) -> dict[str, str]:
    """The colour of each series that has one of its own."""
    return {
        override["matcher"]["options"]["names"][0]: each["value"]["fixedColor"]
        for override in panel.json["fieldConfig"]["overrides"]
        for each in override["properties"]
        if each["id"] == "color"
    }


def linear(colour: str) -> Colour:
    """Light, from 0 to 1, of a colour written as #RRGGBB."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _light(red), _light(green), _light(blue)


def _light(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def applied(matrix: Iterable[Colour], colour: Colour) -> Colour:
    first, second, third = (sum(a * b for a, b in zip(r, colour, strict=True)) for r in matrix)
    return first, second, third


def lab(light: Colour) -> Colour:
    """The same in CIELAB, where distances are as they are seen."""
    x, y, z = (_root(min(max(part, 0), 1)) for part in applied(TO_XYZ, light))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _root(share: float) -> float:
    return share ** (1 / 3) if share > (6 / 29) ** 3 else share * (29 / 6) ** 2 / 3 + 4 / 29
