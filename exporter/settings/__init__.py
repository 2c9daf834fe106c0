"""Everything an operator can set.

`load` reads it from flags, environment, file and defaults, each overriding those after it, and
reports every fault at once. Each setting is declared in one place (`declaration.py`, for a
platform `target.py`); flags, names in the environment, `--help` and docs/settings.md follow.
"""

from .declaration import Settings, WebSettings, load, where_it_listens
from .faults import Fault, SettingsError
from .file import is_text, read_file, yaml_node, yaml_problem
from .names import Setting, declared, sections
from .target import CredentialSettings, TargetSettings

__all__ = [
    "CredentialSettings",
    "Fault",
    "Setting",
    "Settings",
    "SettingsError",
    "TargetSettings",
    "WebSettings",
    "declared",
    "is_text",
    "load",
    "read_file",
    "sections",
    "where_it_listens",
    "yaml_node",
    "yaml_problem",
]
