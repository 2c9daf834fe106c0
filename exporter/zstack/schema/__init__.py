"""The answers of ZStack's API, typed, as tolerant as the API is loose: a module for each list."""

from .answers import UNKNOWN_FIELD, Session, TimeZone, ignored, session, time_zone
from .instance_groups import (
    INSTANCE_GROUPS,
    DriftedInstance,
    Instance,
    InstanceGroup,
    instance_groups,
)
from .model_centers import MODEL_CENTERS, ModelCenter, model_centers
from .model_services import (
    KNOWN_FIELDS,
    MODEL_SERVICES,
    PROJECTION,
    QUERY_MODEL_SERVICE,
    DriftedModelService,
    ModelService,
    ModelServiceRef,
    model_services,
)

__all__ = [
    "INSTANCE_GROUPS",
    "KNOWN_FIELDS",
    "MODEL_CENTERS",
    "MODEL_SERVICES",
    "PROJECTION",
    "QUERY_MODEL_SERVICE",
    "UNKNOWN_FIELD",
    "DriftedInstance",
    "DriftedModelService",
    "Instance",
    "InstanceGroup",
    "ModelCenter",
    "ModelService",
    "ModelServiceRef",
    "Session",
    "TimeZone",
    "ignored",
    "instance_groups",
    "model_centers",
    "model_services",
    "session",
    "time_zone",
]
