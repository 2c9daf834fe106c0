"""Good settings to start from, and the complaints about wrong ones."""

from collections.abc import Callable
from typing import Any

import pytest

from exporter.settings import SettingsError, TargetSettings, load

CANARY = "hunter2canary"

E = "ZSTACK_EXPORTER_"

TARGET = {"url": "http://10.0.0.5:8080", "account": "admin", "password_file": "/run/password"}

Write = Callable[[str], dict[str, Any]]


def target(**changes: Any) -> TargetSettings:
    """A target read from flags, with changes to a good one."""
    settings = load({"target": {**TARGET, **changes}}, {})
    return settings.named_targets["default"]


def complaint(flags: dict[str, Any], environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(flags, environ or {})
    return str(caught.value)


def complaint_of_target(**changes: Any) -> str:
    return complaint({"target": {**TARGET, **changes}})
