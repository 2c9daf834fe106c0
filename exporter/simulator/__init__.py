"""A ZStack with AIOS that lives on loopback: for tests, for demos, for whoever has no cloud.

    cloud = Cloud(services=300, seed=7, profile="5.5", time_zone="Asia/Shanghai")
    async with serving(cloud) as url:
        ...
        cloud.sessions.clear()
        cloud.faults.append(Fault.slow(5, operation="QueryModelService"))

It writes the JSON that ZStack writes and shares no code with the exporter, so that a mistake of one
can't hide behind the same mistake of the other.
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
