"""A ZStack with AIOS that lives on loopback: for tests, for demos, for whoever has no cloud.

    cloud = Cloud(services=300, seed=7, profile="5.5", time_zone="Asia/Shanghai")
    async with serving(cloud) as url:
        ...
        cloud.sessions.clear()
        cloud.faults.append(Fault.slow(5, operation="QueryModelService"))

It writes the JSON that ZStack writes and shares no code with the exporter, so that a mistake of one
can't hide behind the same mistake of the other.

It can do more than the exporter ever asks for: the older API at `/zstack/api/`, sessions that are
renewed and jobs to wait for, the server's clock and release, projections (`fields`), sorting, every
operator of a condition. That is for two others: the client of a third party that the simulator is
held to (tests/simulator/test_legacy.py), which speaks the older API; and whoever tries a client or
a script of their own on it, and would take a gap in it for one of ZStack's.
"""

from .accounts import AccessKey, Account, Session
from .api import serving
from .cloud import Cloud, SeenRequest
from .estate import Estate
from .faults import HOSTILE, Fault
from .inventory import PROFILES, Image, ModelRef, ModelService, Profile
from .signature import signature
from .trouble import live
from .wire import DATE_STYLES, DateStyle

__all__ = [
    "DATE_STYLES",
    "HOSTILE",
    "PROFILES",
    "AccessKey",
    "Account",
    "Cloud",
    "DateStyle",
    "Estate",
    "Fault",
    "Image",
    "ModelRef",
    "ModelService",
    "Profile",
    "SeenRequest",
    "Session",
    "live",
    "serving",
    "signature",
]
