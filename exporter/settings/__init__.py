"""Everything an operator can set.

`load` reads it from flags, environment, file and defaults, in this order of strength, and tells
all that is wrong with it at once. Each setting is declared in one place (`declaration.py`, for a
platform `target.py`); flags, names in the environment, `--help` and docs/settings.md follow.
"""

from .declaration import Settings, load
from .faults import Fault, SettingsError
from .names import Setting, declared, sections
from .target import Credentials, TargetSettings

__all__ = [
    "Credentials",
    "Fault",
    "Setting",
    "Settings",
    "SettingsError",
    "TargetSettings",
    "declared",
    "load",
    "sections",
]
