"""Prometheus and promtool, as tools/prometheus installs them."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BROUGHT: Final = Path(__file__).parents[2] / ".tools" / "prometheus"
_GIVEN: Final = os.environ.get("ZSTACK_TEST_PROMETHEUS_DIR")

MISSING: Final = (
    f"no prometheus and promtool in {_GIVEN}, set by ZSTACK_TEST_PROMETHEUS_DIR"
    if _GIVEN
    else "no prometheus and promtool here: run tools/prometheus"
)


@dataclass(frozen=True)
class Programs:
    """The folder of one release of both."""

    folder: Path

    @property
    def prometheus(self) -> Path:
        return self.folder / "prometheus"

    @property
    def promtool(self) -> Path:
        return self.folder / "promtool"

    async def check_metrics(self, page: str) -> tuple[int | None, str]:
        """Exit status and all that `promtool check metrics` prints about a page in text format."""
        return await self._check("metrics", stdin=page)

    async def check_config(self, file: Path) -> tuple[int | None, str]:
        """Exit status and all that `promtool check config` prints about a configuration."""
        return await self._check("config", str(file))

    async def check_rules(self, file: Path) -> tuple[int | None, str]:
        """Exit status and all that `promtool check rules` prints about rules."""
        return await self._check("rules", str(file))

    async def test_rules(self, file: Path) -> tuple[int | None, str]:
        """Exit status and all that `promtool test rules` prints about cases for rules."""
        return await self._promtool("test", "rules", str(file))

    async def _check(self, *what: str, stdin: str = "") -> tuple[int | None, str]:
        return await self._promtool("check", *what, stdin=stdin)

    async def _promtool(self, *what: str, stdin: str = "") -> tuple[int | None, str]:
        program = await asyncio.create_subprocess_exec(
            self.promtool,
            *what,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        answer, _ = await program.communicate(stdin.encode())
        return program.returncode, answer.decode()


def installed() -> tuple[Programs, ...]:
    """Every release that can be run here."""
    folders = [Path(_GIVEN)] if _GIVEN else sorted(_BROUGHT.glob("*"))
    found = map(Programs, folders)
    return tuple(each for each in found if _runs(each.prometheus) and _runs(each.promtool))


def _runs(program: Path) -> bool:
    return program.is_file() and os.access(program, os.X_OK)
