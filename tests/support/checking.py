"""Runs the check in this process, and reads its JSON document."""

import asyncio
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporter.cli.check.report import JsonReport
from exporter.cli.check.steps import check
from exporter.settings import load

ACCOUNT = {"account": "admin", "password": "password"}


@dataclass(frozen=True)
class CheckResult:
    """One run of the check as JSON."""

    document: Mapping[str, Any]
    ready: bool

    @property
    def steps(self) -> dict[str, dict[str, str]]:
        """The steps towards the first target, by name."""
        [first, *_] = self.document["targets"]
        return {step["step"]: step for step in first["steps"]}

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: step["outcome"] for name, step in self.steps.items()}

    @property
    def failure(self) -> dict[str, str]:
        """The one step that failed; nothing after it may have been tried."""
        failed = [step for step in self.steps.values() if step["outcome"] == "fail"]
        assert len(failed) == 1, self.document
        assert not self.ready
        assert failed[0]["fix"]
        return failed[0]


async def checking(**settings: Any) -> CheckResult:
    out = io.StringIO()
    loaded = await asyncio.to_thread(load, settings, environ={})
    ready = await check(loaded, asyncio.Event(), JsonReport(out))
    document = json.loads(out.getvalue())
    assert document["ready"] is ready
    return CheckResult(document, ready)


async def checking_target(url: str, **settings: Any) -> CheckResult:
    """One target, with the account of the simulator where nothing else is given."""
    kinds = {"account", "access_key_id", "session_uuid_file"}
    given = settings if kinds & settings.keys() else ACCOUNT | settings
    return await checking(target={"url": url} | given)
