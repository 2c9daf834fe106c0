"""An asyncio client library for the AI API of ZStack; it imports neither metrics nor settings."""

from .auth import LOG_IN, AccessKeyAuth, AccountAuth, Auth, SessionAuth
from .changes import Replace
from .client import Client
from .connections import Connections
from .cookies import Cookies
from .credentials import AccessKey, Account, GivenSession, Read
from .dates import timestamp, timestamps
from .errors import DeadlineError, Operation, PollError, ZStackError
from .loose_struct import Drifted, number
from .page_cache import PageCache
from .paging import Listing
from .records import SAMPLED_ROWS, Record
from .redaction import Redactor, one_line
from .resource import Resource
from .schema import (
    INSTANCE_GROUPS,
    MODEL_CENTERS,
    MODEL_SERVICES,
    QUERY_MODEL_SERVICE,
    DriftedInstance,
    DriftedModelService,
    Instance,
    InstanceGroup,
    ModelCenter,
    ModelService,
    ModelServiceRef,
)
from .transport import Exchange, Transport
from .worker import Worker

__all__ = [
    "INSTANCE_GROUPS",
    "LOG_IN",
    "MODEL_CENTERS",
    "MODEL_SERVICES",
    "QUERY_MODEL_SERVICE",
    "SAMPLED_ROWS",
    "AccessKey",
    "AccessKeyAuth",
    "Account",
    "AccountAuth",
    "Auth",
    "Client",
    "Connections",
    "Cookies",
    "DeadlineError",
    "Drifted",
    "DriftedInstance",
    "DriftedModelService",
    "Exchange",
    "GivenSession",
    "Instance",
    "InstanceGroup",
    "Listing",
    "ModelCenter",
    "ModelService",
    "ModelServiceRef",
    "Operation",
    "PageCache",
    "PollError",
    "Read",
    "Record",
    "Redactor",
    "Replace",
    "Resource",
    "SessionAuth",
    "Transport",
    "Worker",
    "ZStackError",
    "number",
    "one_line",
    "timestamp",
    "timestamps",
]
