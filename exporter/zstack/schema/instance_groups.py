"""QueryModelServiceInstanceGroup: what runs. Instances have no query; they come in their groups."""

from typing import Final

import msgspec

from exporter.zstack.errors import Operation
from exporter.zstack.loose_struct import Drifted, objects, string_or_number
from exporter.zstack.records import PageDecoder, Uuid
from exporter.zstack.resource import Resource

_LARGEST_PAGE: Final = 100
"""Each instance brings its virtual machine along, of some 5 KB, which is not read."""

_VALUES_PER_ROW: Final = 5000
"""Thirty instances of 150 values each; only what is declared here becomes an object."""


class Instance(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """ModelServiceInstanceInventory; `gpu_vendor` and `architecture` came after 5.3.20."""

    status: str | None = None
    url: str | None = None
    gpu_vendor: str | None = None
    architecture: str | None = None


class DriftedInstance(Instance, Drifted, frozen=True, gc=False):
    """An instance with fields that are unreadable; fields that are unknown are not looked for."""

    unreadable: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class InstanceGroup(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """ModelServiceInstanceGroupInventory.

    `model_service_uuid` is absent where the group has outlived its service. `status` is an open
    set: Running, Starting, Deploying, ConfigSettingUp, ServiceBootingUp, Unknown …
    """

    uuid: Uuid
    name: str | None = None
    model_service_uuid: str | None = None
    model_service_type: str | None = None
    model_uuid: str | None = None
    type: str | None = None
    status: str | None = None
    instances: tuple[Instance, ...] | None = None


class DriftedInstanceGroup(InstanceGroup, Drifted, frozen=True, gc=False):
    """A group with fields that are unreadable or unknown."""

    unreadable: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


_KNOWN_FIELDS: Final = frozenset(InstanceGroup.__struct_encode_fields__) | {
    *("description", "datasetRefInventories", "yaml", "createDate", "lastOpDate"),
    *("supportMetrics", "exportPath", "zoneUuid", "managementEndpoint", "packageVersion"),
    *("businessEndpoint", "businessEndpointStatus", "developerEndpoint"),
}
"""Every field that some release documents (protocol, section 6)."""

_TEXTS: Final = (
    *("name", "model_service_uuid", "model_service_type", "model_uuid", "type", "status"),
)
_INSTANCE_TEXTS: Final = ("status", "url", "gpu_vendor", "architecture")

instance_groups: Final = PageDecoder(
    InstanceGroup,
    DriftedInstanceGroup,
    known_fields=_KNOWN_FIELDS,
    otherwise={
        **dict.fromkeys(_TEXTS, string_or_number),
        "instances": objects(
            Instance, DriftedInstance, dict.fromkeys(_INSTANCE_TEXTS, string_or_number)
        ),
    },
    values_per_row=_VALUES_PER_ROW,
)
"""Decodes a page of QueryModelServiceInstanceGroup."""

QUERY_MODEL_SERVICE_INSTANCE_GROUP: Final = Operation(
    "QueryModelServiceInstanceGroup", "GET", "/v1/ai/model-services/instances/groups/"
)
"""The path ends in a slash: without it, releases up to 5.4 take a GET for their *delete*."""

INSTANCE_GROUPS: Final = Resource(
    "model_service_instance_group",
    QUERY_MODEL_SERVICE_INSTANCE_GROUP,
    instance_groups,
    largest_page=_LARGEST_PAGE,
)
