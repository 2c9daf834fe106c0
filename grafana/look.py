"""What all panels have in common: their data source, colours and captions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

GOOD: Final = "green"
NOTABLE: Final = "orange"
BAD: Final = "red"
CALM: Final = "blue"
PLAIN: Final = "text"
MUTED: Final = "#8e8e8e"

FRAMEWORKS: Final[Mapping[str, str]] = {
    "BentoML": "#1665F6",
    "Diffusers": "#FFE300",
    "LlamaCpp": "#43579B",
    "MindIE": "#CBAB35",
    "Ollama": "#01A5FF",
    "Other": "#5B5B5B",
    "SGLang": "#A33400",
    "SentenceTransformers": "#8AF7C0",
    "Transformers": "#BE94C0",
    "vLLM": "#4BA35D",
}
"""A framework has the same colour in every panel, and one that the colour-blind can distinguish;
others get theirs from Grafana's own palette."""

CHANGES: Final[Mapping[str, str]] = {
    "came": "#00A1FF",
    "went": "#B26D00",
    "updated": "#77D48D",
    "new version": "#FFD200",
    "requests more": "#927693",
}

NO_ERROR: Final = "no error"
"""What the line is called that stands for health."""

NO_EXPORTER: Final = "no exporter is scraped"
NO_INVENTORY: Final = "no inventory: see Platforms"

DATASOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")

SMALLEST_STEP: Final = "1m"
"""The default interval of polls: nothing changes more often. It also widens what rates look at
to some four polls, so that they don't fall to nothing between two."""


@dataclass(frozen=True, slots=True)
class Caption:
    """The caption of a panel: title, description, text without data, and unit."""

    title: str
    about: str
    empty: str
    unit: str = "none"


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and how its series are called."""

    expression: str
    legend: str = ""

    def now(self) -> Dataquery:
        """Its value at the end of the time range."""
        return self._target().instant().format(PromQueryFormat.TIME_SERIES)

    def rows(self) -> Dataquery:
        """The same, with a column for each label."""
        return self._target().instant().format(PromQueryFormat.TABLE)

    def over_time(self) -> Dataquery:
        return self._target().range().interval(SMALLEST_STEP)

    def _target(self) -> Dataquery:
        return Dataquery().expr(self.expression).legend_format(self.legend or "__auto")


def steps(base: str, *above: tuple[float, str]) -> build.ThresholdsConfig:
    """A colour to begin with, and others from some value on."""
    thresholds = [model.Threshold(color=base)]
    thresholds += [model.Threshold(value=value, color=color) for value, color in above]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(thresholds)


def value_mappings(mapped: Mapping[str, tuple[str, str]]) -> list[model.ValueMapping]:
    """A word and a colour in place of some values."""
    options = {
        value: model.ValueMappingResult(text=text, color=color, index=index)
        for index, (value, (text, color)) in enumerate(mapped.items())
    }
    return [model.ValueMap(options=options)]


def fixed(color: str) -> dict[str, str]:
    """An override that gives a field a colour of its own."""
    return {"mode": "fixed", "fixedColor": color}


def named(name: str) -> model.MatcherConfig:
    """The one series or column that an override is for.

    Grafana's own `byName` takes a bare string, which strict schemas of dashboards refuse.
    """
    return model.MatcherConfig(id_val="byNames", options={"mode": "include", "names": [name]})


def prop(name: str, value: object) -> model.DynamicConfigValue:
    """One property of an override."""
    return model.DynamicConfigValue(id_val=name, value=value)
