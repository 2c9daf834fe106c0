"""An asyncio client library for the AI API of ZStack; it imports neither metrics nor settings."""

from .auth import LOG_IN, AccessKeyAuth, AccountAuth, Auth, SessionAuth
from .client import QUERY_MODEL_SERVICE, Client
from .condensing import Condenser
from .credentials import AccessKey, Account, GivenSession, Read
from .dates import timestamp, timestamps
from .errors import DeadlineError, Operation, PollError, ZStackError
from .paging import Listing
from .schema import ModelService, ModelServiceRef
from .transport import Exchange, Transport

__all__ = [
    "LOG_IN",
    "QUERY_MODEL_SERVICE",
    "AccessKey",
    "AccessKeyAuth",
    "Account",
    "AccountAuth",
    "Auth",
    "Client",
    "Condenser",
    "DeadlineError",
    "Exchange",
    "GivenSession",
    "Listing",
    "ModelService",
    "ModelServiceRef",
    "Operation",
    "PollError",
    "Read",
    "SessionAuth",
    "Transport",
    "ZStackError",
    "timestamp",
    "timestamps",
]
