"""Model centers, and how full they are."""

from typing import Final

from exporter.metrics.family import Family, RecordRow, Row
from exporter.metrics.list_families import ListFamilies
from exporter.state.centers import Centers, ModelCenters
from exporter.zstack import MODEL_CENTERS

_CENTER: Final = ("uuid", "name", "kind")

TOTALS: Final[tuple[Row[ModelCenters], ...]] = (
    Row(
        Family(
            "zstack_model_centers",
            "Number of model centers, as polled from QueryModelCenter; status is the platform's"
            " word.",
            ("status",),
        ),
        lambda found: (((status,), number) for status, number in found.centers.items()),
    ),
)

RECORDS: Final[tuple[RecordRow[Centers], ...]] = (
    RecordRow(
        Family(
            "zstack_model_center_used_bytes",
            "Space of a model center in use by what uses it (capacity, …UsedCapacity), such as"
            " model, model_service or dataset, as polled.",
            _CENTER,
        ),
        lambda centers: centers.used.bytes,
        columns=lambda centers: centers.used,
    ),
    RecordRow(
        Family(
            "zstack_model_center_capacity_bytes",
            "Size of a model center (totalCapacity) and what is left of it (availableCapacity),"
            " as polled; absent where the API does not say.",
            _CENTER,
        ),
        lambda centers: centers.capacity.bytes,
        columns=lambda centers: centers.capacity,
    ),
)

CENTER_FAMILIES: Final = ListFamilies(MODEL_CENTERS.name, TOTALS, RECORDS)
