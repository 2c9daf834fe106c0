"""QueryModelCenter: the stores of what services are made of."""

from collections.abc import Mapping
from typing import Final

import msgspec

from exporter.zstack.errors import Operation
from exporter.zstack.loose_struct import Drifted, string_or_number
from exporter.zstack.records import PageDecoder, Uuid
from exporter.zstack.resource import Resource


class ModelCenter(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """ModelCenterInventory; `status` is an open set (Connected, Disconnected …).

    `capacity` has bytes: `…UsedCapacity` by what uses them, and in newer releases
    `availableCapacity` and `totalCapacity`, beside what is no number.
    """

    uuid: Uuid
    name: str | None = None
    status: str | None = None
    capacity: Mapping[str, msgspec.Raw] | None = None


class DriftedModelCenter(ModelCenter, Drifted, frozen=True, gc=False):
    """A center with fields that are unreadable or unknown."""

    unreadable: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


_KNOWN_FIELDS: Final = frozenset(ModelCenter.__struct_encode_fields__) | {
    *("description", "url", "parameters", "managementIp", "managementPort", "zdfs"),
    *("storageNetworkUuid", "serviceNetworkUuid", "containerRegistry", "containerNetwork"),
    *("containerStorageNetwork", "createDate", "lastOpDate"),
}
"""Every field that some release documents (protocol, section 6)."""

model_centers: Final = PageDecoder(
    ModelCenter,
    DriftedModelCenter,
    known_fields=_KNOWN_FIELDS,
    otherwise=dict.fromkeys(("name", "status"), string_or_number),
)
"""Decodes a page of QueryModelCenter."""

QUERY_MODEL_CENTER: Final = Operation("QueryModelCenter", "GET", "/v1/ai/model-centers")
MODEL_CENTERS: Final = Resource("model_center", QUERY_MODEL_CENTER, model_centers)
