"""A ZStack with AIOS that lives on loopback: for tests, for demos, for users without a cloud.

    cloud = Cloud(services=300, seed=7, profile="5.5", time_zone="Asia/Shanghai")
    async with serving(cloud) as url:
        ...
        cloud.sessions.clear()
        cloud.groups.lose_instance(next(iter(cloud.groups)))
        cloud.faults.append(Fault.slow(5, operation="QueryModelCenter"))

It has three lists, each of records that are added, altered and removed by uuid: model services
(`cloud.estate`), instance groups (`cloud.groups`) and model centers (`cloud.centers`).

It writes the JSON that ZStack writes and shares no code with the exporter, so that a mistake of one
can't hide behind the same mistake of the other.

It can do more than the exporter uses: the older API at `/zstack/api/`, sessions that are
renewed and jobs to wait for, the server's clock and release, projections (`fields`), sorting, every
operator of a condition. That is for two others: the client of a third party that the simulator is
held to (tests/simulator/test_legacy.py), which speaks the older API; and users who
try a client or script of their own on it, and would take a gap in it for one of ZStack's.
"""

from .accounts import AccessKey, Account, Session
from .api import serving, serving_several
from .centers import Capacity, Centers, ModelCenter
from .cloud import Cloud, SeenRequest
from .deployments import ODD_URLS
from .estate import Estate
from .faults import Fault
from .groups import Groups, Instance, InstanceGroup
from .inventory import PROFILES, Profile
from .machines import Machine
from .oddities import HOSTILE
from .services import Image, ModelRef, ModelService
from .signature import signature
from .trouble import live
from .wire import DATE_STYLES, DateStyle

__all__ = [
    "DATE_STYLES",
    "HOSTILE",
    "ODD_URLS",
    "PROFILES",
    "AccessKey",
    "Account",
    "Capacity",
    "Centers",
    "Cloud",
    "DateStyle",
    "Estate",
    "Fault",
    "Groups",
    "Image",
    "Instance",
    "InstanceGroup",
    "Machine",
    "ModelCenter",
    "ModelRef",
    "ModelService",
    "Profile",
    "SeenRequest",
    "Session",
    "live",
    "serving",
    "serving_several",
    "signature",
]
