"""What runs, service by service: instances come with groups, groups with the service's uuid."""

from typing import Final

from .promql import filled, platforms, series

RUNNING: Final = 'status="Running"'
"""The one status that counts as running; the others are the platform's words, an open set."""

_STARTS: Final = "Deploying|ConfigSettingUp|ServiceBootingUp|Starting"
STARTING: Final = f'status=~"{_STARTS}"'
UNREADY: Final = f'status!~"Running|{_STARTS}"'

GROUP: Final = "zstack_model_service_instance_group_info"
_INSTANCES: Final = series("zstack_model_service_instance_group_instances")

OF_SERVICE: Final = "on (job, target, model_service_uuid)"
_OF_GROUP: Final = "on (job, instance, target, uuid)"

DEPLOYED: Final = series(GROUP, 'model_service_uuid!=""')
"""The groups of services; others have outlived theirs."""


def instances(*matchers: str) -> str:
    """How many instances each deployed service has in these statuses, 0 included."""
    found = series("zstack_model_service_instance_group_instances", *matchers)
    joined = f"{found} * {_OF_GROUP} group_left (model_service_uuid) {DEPLOYED}"
    by = "by (job, instance, target, model_service_uuid)"
    own = f"sum {by} ({joined}) or 0 * count {by} ({DEPLOYED})"
    return platforms(own, "model_service_uuid")


def frameworks() -> str:
    """The framework of each deployed service, once; the list of services may not have it."""
    info = series("zstack_model_service_info")
    moved = f'label_replace({info}, "model_service_uuid", "$1", "uuid", "(.+)")'
    known = platforms(moved, "model_service_uuid", "framework")
    of_each = "by (job, target, model_service_uuid)"
    listed = f"topk {of_each} (1, {known})"
    other = f"max {of_each} ({DEPLOYED})"
    return filled(f"({listed} or {OF_SERVICE} {other})", "framework", "not known")


def with_framework(vector: str) -> str:
    """The series of services, which have a number of any kind, with the label `framework`."""
    return f"({vector}) * {OF_SERVICE} group_left (framework) {frameworks()}"


def named_services() -> str:
    """Each deployed service with its name; 1."""
    named = platforms(DEPLOYED, "model_service_uuid", "model_service_name")
    return filled(named, "model_service_name", "no name")


def groups_of_stopped_services() -> str:
    """The groups of services without a running instance, and how many instances each has."""
    by = "by (job, instance, target, uuid)"
    of_group = platforms(f"sum {by} ({_INSTANCES}) or 0 * count {by} ({DEPLOYED})", "uuid")
    labels = ("uuid", "name", "status", "model_service_uuid", "model_service_name")
    named = filled(platforms(DEPLOYED, *labels), "model_service_name", "no name")
    stopped = f"({named} and {OF_SERVICE} {instances(RUNNING)} == 0)"
    return with_framework(f"{stopped} * on (job, target, uuid) group_left () ({of_group})")
