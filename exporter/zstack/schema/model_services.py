"""QueryModelService: what there is to run."""

from collections.abc import Mapping
from typing import Final

import msgspec

from exporter.zstack.errors import Operation
from exporter.zstack.loose_struct import Drifted, string_or_number, strings
from exporter.zstack.records import PageDecoder, Uuid
from exporter.zstack.resource import Resource

Number = float | None


class ModelServiceRef(msgspec.Struct, frozen=True, gc=False):
    """A model bound to a service; that it is there is all that is read of it."""


class ModelService(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """QueryModelService's ModelServiceInventory: a definition, so it has no running state.

    `request_cpu` counts cores. `request_memory` has no documented unit and `size` is in bytes.
    The dates are text in the platform's local time. `framework` meant the origin (HuggingFace …)
    before 5.3.20 and the runtime (vLLM …) since.
    """

    uuid: Uuid
    name: str | None = None
    type: str | None = None
    framework: str | None = None
    source: str | None = None
    version: str | None = None
    has_new_version: bool | None = None
    request_cpu: Number = None
    request_memory: Number = None
    size: Number = None
    model_center_uuid: str | None = None
    gpu_compute_capability: str | None = None
    python_version: str | None = None
    system: bool | None = None
    support_distributed: bool | None = None
    cpu_architectures: tuple[str, ...] | None = None
    vendor_to_spec_uuids_map: Mapping[str, msgspec.Raw] | None = None
    model_service_refs: tuple[ModelServiceRef, ...] | None = None
    create_date: str | float | None = None
    last_op_date: str | float | None = None


class DriftedModelService(ModelService, Drifted, frozen=True, gc=False):
    """A service with fields that are unreadable or unknown."""

    unreadable: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


KNOWN_FIELDS: Final = frozenset(ModelService.__struct_encode_fields__) | {
    *("description", "readme", "yaml", "installPath", "condaVersion", "startCommand"),
    *("containerCommand", "containerArgs", "modelServiceImages", "zoneUuid"),
    *("dockerImage", "vmImageUuid"),  # dropped after 5.4.0
}
"""Every field that some release documents (protocol, section 5.1)."""

_COLLECTIONS: Final = {"cpuArchitectures", "vendorToSpecUuidsMap", "modelServiceRefs"}

PROJECTION: Final = ",".join(
    name for name in ModelService.__struct_encode_fields__ if name not in _COLLECTIONS
)
"""The fields that are read here, but for collections, which a projection may not name.

`supportDistributed` is a Java primitive: not asked for, it would come all the same, and be false.
"""

model_services: Final = PageDecoder(
    ModelService,
    DriftedModelService,
    known_fields=KNOWN_FIELDS,
    otherwise={
        **dict.fromkeys(("name", "type", "framework", "source", "version"), string_or_number),
        **dict.fromkeys(("model_center_uuid", "gpu_compute_capability"), string_or_number),
        **dict.fromkeys(("python_version", "create_date", "last_op_date"), string_or_number),
        "cpu_architectures": strings,
    },
)
"""Decodes a page of QueryModelService."""

QUERY_MODEL_SERVICE: Final = Operation("QueryModelService", "GET", "/v1/ai/model-services")
MODEL_SERVICES: Final = Resource(
    "model_service", QUERY_MODEL_SERVICE, model_services, PROJECTION, conditional=True
)
