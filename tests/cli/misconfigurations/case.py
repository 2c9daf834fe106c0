"""One misconfiguration: what is given, and what one line of each mode must name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SECRET: Final = "hunter2-is-not-to-be-seen"
"""Stands where an operator's secret may stand, and in no line that is printed."""

CHECK, CONFIG_CHECK, START = "check", "--config.check", "start"
ALL: Final = (CHECK, CONFIG_CHECK, START)
CONNECTING: Final = (CHECK, START)
"""The modes that ask the platform."""

FOLDER: Final = "DIRECTORY"
"""In place of a file's content: it is a folder."""


@dataclass(frozen=True)
class Case:
    """A wrong configuration, and what one line must name: what is wrong, where, how to fix it.

    In all texts `{url}` is the platform, `{port}` its port, `{closed}` a port where nothing
    listens, `{folder}` where the files are, `{file}` exporter.yaml, `{secret}` a secret.
    """

    name: str
    what: str
    where: str
    fix: str
    yaml: str | bytes | None = None
    """The content of exporter.yaml; None for no file."""
    flags: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    """Beside exporter.yaml, by name. `secret` is there, too, where it is not given otherwise."""
    readable: tuple[str, ...] = ()
    """The files that every user can read."""
    modes: tuple[str, ...] = ALL
    platform: str = ""
    """What is at `{url}`, by its name in platforms.py; empty for nothing."""
    lines: int = 1
    """More where one mistake has a second consequence."""

    def write(self, fill: Mapping[str, str]) -> None:
        """Put the files into the folder."""
        given = {} if self.yaml is None else {"exporter.yaml": self.yaml}
        for name, content in {"secret": "password\n", **self.files, **given}.items():
            file = Path(fill["folder"], name)
            if content == FOLDER:
                file.mkdir()
            else:
                file.write_bytes(_encoded(content, fill))
                file.chmod(0o644 if name in self.readable else 0o600)

    def arguments(self, fill: Mapping[str, str]) -> list[str]:
        """The flags of the command."""
        file = () if self.yaml is None else ("--config.file", "{file}")
        return [filled(each, fill) for each in (*file, *self.flags)]

    def named(self, fill: Mapping[str, str]) -> list[str]:
        """What one line must have in it."""
        return [filled(each, fill) for each in (self.what, self.where, self.fix)]


def _encoded(content: str | bytes, fill: Mapping[str, str]) -> bytes:
    return content if isinstance(content, bytes) else filled(content, fill).encode()


def filled(text: str, fill: Mapping[str, str]) -> str:
    """The text with each known `{name}` in its place; other braces are YAML's."""
    for name, value in fill.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def one(
    *lines: str, url: str = "http://10.0.0.5:8080", secret: str = "password_file: secret"
) -> str:
    """A configuration of one target, of which further lines begin at the fifth."""
    return "\n  ".join(["target:", f"url: {url}", "account: admin", secret, *lines]) + "\n"


def here(*lines: str, url: str = "{url}", secret: str = "password_file: secret") -> str:
    """The same, of a platform that runs and is asked often."""
    return one(*lines, url=url, secret=secret) + "web: {listen_address: ['127.0.0.1:0']}\n"


def line(number: int, key: str = "target") -> str:
    """A place in exporter.yaml."""
    return f"{key} (in {{file}}, line {number})"
