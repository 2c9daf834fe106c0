"""The values of the chart, as values.yaml declares and describes them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

VALUES: Final = Path("deploy/helm/zstack-aios-exporter/values.yaml")

_MARK: Final = "# -- "


@dataclass(frozen=True)
class Value:
    """One thing that can be set."""

    path: tuple[str, ...]
    default: Any
    description: str

    @property
    def key(self) -> str:
        return ".".join(self.path)


def read_values(text: str) -> tuple[Value, ...]:
    """Every value: what has a comment that begins with `# --`, nested ones included.

    Raises ValueError for a value without one.
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        return ()
    return tuple(_values(node, yaml.safe_load(text), text.splitlines(), ()))


def _values(
    node: yaml.Node, content: Any, lines: Sequence[str], path: tuple[str, ...]
) -> Iterator[Value]:
    for key, held in node.value:
        here = (*path, key.value)
        above = lines[key.start_mark.line - 1].strip()
        if above.startswith(_MARK):
            yield Value(here, content[key.value], above.removeprefix(_MARK))
        elif isinstance(held, yaml.MappingNode) and held.value:
            yield from _values(held, content[key.value], lines, here)
        else:
            raise ValueError(f"{'.'.join(here)} has no comment that begins with {_MARK}")


def table(values: Sequence[Value]) -> str:
    """A table of the values, for the chart's README."""
    rows = (f"| `{each.key}` | {_shown(each.default)} | {each.description} |" for each in values)
    return "\n".join(["| value | default | meaning |\n|---|---|---|", *rows])


def _shown(default: Any) -> str:
    return "" if default == "" else f"`{json.dumps(default, ensure_ascii=False)}`"
