"""The runbook for each trouble that the page shows: that of the alert about it."""

from collections.abc import Mapping
from typing import Final

from exporter.build import PAGES
from exporter.zstack import MODEL_SERVICES

_BY_REASON: Final[Mapping[str, str]] = {
    "unauthorized": "ZStackAIOSCredentialsRefused",
    "unsupported": "ZStackAIOSUnsupported",
    "incomplete": "ZStackAIOSListIncomplete",
}
_BY_TROUBLE: Final[Mapping[str, str]] = {
    "config": "ZStackAIOSConfigReloadFailed",
    "web_config": "ZStackAIOSWebConfigReloadFailed",
    "state": "ZStackAIOSStateNotWritten",
    "targets_file": "ZStackAIOSTargetsFileReloadFailed",
    "no_services": "ZStackAIOSServicesVanished",
    "stale": "ZStackAIOSDataStale",
    "records_left_out": "ZStackAIOSRecordsSkipped",
    "series_left_out": "ZStackAIOSSeriesLeftOut",
    "drift": "ZStackAIOSSchemaDrift",
}
_ANY_ERROR: Final = "ZStackAIOSAPIErrors"
_OF_LISTS: Final = "ZStackAIOSListFailing"

ALERTS: Final = frozenset({*_BY_REASON.values(), *_BY_TROUBLE.values(), _ANY_ERROR, _OF_LISTS})


def runbook(trouble: str) -> str:
    """The URL of the runbook for a trouble that is no error of a poll."""
    return _url(_BY_TROUBLE[trouble])


def runbook_of_error(reason: str, resource: str = MODEL_SERVICES.name) -> str:
    """The URL of the runbook for a failure to read a list, the model services by default."""
    if resource != MODEL_SERVICES.name:
        return _url(_OF_LISTS)
    return _url(_BY_REASON.get(reason, _ANY_ERROR))


def _url(alert: str) -> str:
    return f"{PAGES}/docs/runbooks/{alert}.md"
