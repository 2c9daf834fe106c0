"""Everything an operator can set.

`load` reads it from flags, environment, file and defaults, each overriding those after it, and
reports every fault at once. Each setting is declared in one place (`declaration.py`, for a
platform `target.py`); flags, names in the environment, `--help` and docs/settings.md follow.
"""

from .addresses import Address
from .credentials import CredentialSettings
from .declaration import LogSettings, MetricsSettings, Settings, WebSettings
from .faults import Fault, SettingsError
from .file import NAME_A_READABLE_FILE, read_failure, read_file
from .loading import listen_addresses, load, variables_not_read
from .names import Setting, declared, sections
from .nearest import did_you_mean
from .notation import is_quoted
from .shard import ShardSettings
from .target import TargetSettings

__all__ = [
    "NAME_A_READABLE_FILE",
    "Address",
    "CredentialSettings",
    "Fault",
    "LogSettings",
    "MetricsSettings",
    "Setting",
    "Settings",
    "SettingsError",
    "ShardSettings",
    "TargetSettings",
    "WebSettings",
    "declared",
    "did_you_mean",
    "is_quoted",
    "listen_addresses",
    "load",
    "read_failure",
    "read_file",
    "sections",
    "variables_not_read",
]
