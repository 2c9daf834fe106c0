"""Sample lines, byte for byte as prometheus_client writes them, in compressed blocks.

A gauge's lines are alike in both formats. The labels are in the order of their names.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import add
from typing import Final

from prometheus_client.utils import floatToGoString

from .family import Family, Sample
from .gzipped import Block
from .inventory import Lines
from .metrics import ServiceRow
from .services import Numbers, Services

SAMPLES_PER_BLOCK: Final = 1000

_EXPONENT_FROM: Final = 1e6
_WHOLE_UP_TO: Final = 1e15
"""Below it every whole number has a float of its own."""


def header(family: Family) -> Block:
    """What stands before the family's samples."""
    text = f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.type}\n"
    return Block.of(text.encode())


def sample_blocks(family: Family, samples: Iterable[Sample], target: str) -> Iterator[Block]:
    """Blocks of many lines: few enough that compressing one does not hold up the event loop."""
    remaining = iter(samples)
    while chunk := list(islice(remaining, SAMPLES_PER_BLOCK)):
        labels, values = zip(*chunk, strict=True)
        columns = zip(*labels, strict=True) if family.own_labels else ()
        written = _labels(family.own_labels, tuple(columns), target, len(chunk))
        yield Block.of(_text(family.name, written, values))


def service_lines(rows: Iterable[ServiceRow], services: Services, target: str) -> Lines:
    """A block for each family that has samples; labels that families share are written once."""
    written: dict[tuple[str, ...], list[bytes]] = {}
    lines: dict[str, Block] = {}
    for row in rows:
        names = row.family.own_labels
        if names not in written:
            columns = [getattr(services, name) for name in names]
            written[names] = _labels(names, columns, target, len(services))
        text = _text(row.family.name, written[names], row.values(services))
        if text:
            lines[row.family.name] = Block.of(text)
    return lines


def _text(name: str, labels: Sequence[bytes], values: Numbers) -> bytes:
    """A line for each value that is known."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        labels = [label for label, value in zip(labels, values, strict=True) if value is not None]
    start = name.encode()
    lines = (b"\n" + start).join(map(add, labels, _numbers(known)))
    return b"%b%b\n" % (start, lines) if lines else b""


def _numbers(values: Sequence[float]) -> Iterable[bytes]:
    """Each written; those that keep coming back only once."""
    different = set(values)
    if len(different) > len(values) // 2:
        return map(_number, values)
    written = {value: _number(value) for value in different}
    return map(written.__getitem__, values)


def _labels(
    names: Sequence[str], columns: Sequence[Sequence[str]], target: str, rows: int
) -> list[bytes]:
    """`{name="value",…} ` of each row, the names in order, and the target's among them.

    A label value has no line break: it is no printable character.
    """
    fixed = f'target="{_escaped(target)}"'.replace("%", "%%")
    pairs = [fixed if name == "target" else f'{name}="%s"' for name in sorted([*names, "target"])]
    template = f"{{{','.join(pairs)}}} "
    if not names:
        return [(template % ()).encode()] * rows
    quotes = template.count('"')
    in_order = [column for _, column in sorted(zip(names, columns, strict=True))]
    return [
        # nearly always nothing has to be escaped
        text.encode()
        if (text := template % values).count('"') == quotes and "\\" not in text
        else (template % tuple(map(_escaped, values))).encode()
        for values in zip(*in_order, strict=True)
    ]


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> bytes:
    """As prometheus_client writes it; a whole number of many digits in half the time."""
    if _EXPONENT_FROM <= value < _WHOLE_UP_TO and value % 1 == 0:
        digits = "%d" % value  # noqa: UP031 - an f-string would say 1700000000.0
        mantissa = f"{digits[0]}.{digits[1:]}".rstrip("0.")
        return b"%be+%02d" % (mantissa.encode(), len(digits) - 1)
    written: str = floatToGoString(value)
    return written.encode()
