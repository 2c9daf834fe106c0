"""What to do about a list that is refused, missing or empty: each names its own list."""

from collections.abc import Mapping
from typing import Final

from exporter.zstack import INSTANCE_GROUPS, MODEL_CENTERS, ZStackError
from exporter.zstack.errors import DeniedError, UnsupportedError

from .text import Hint, Text

_GROUPS: Final = INSTANCE_GROUPS.operation.name
_CENTERS: Final = MODEL_CENTERS.operation.name

GRANTS: Final[Mapping[str, Text]] = {
    _GROUPS: Text(
        f"grant the account the query of instance groups ({_GROUPS}), or set metrics.instances to"
        " false",
        f"授予该账户查询实例组的权限（{_GROUPS}），或将 metrics.instances 设为 false",
    ),
    _CENTERS: Text(
        f"grant the account the query of model centers ({_CENTERS}), or set metrics.model_centers"
        " to false",
        f"授予该账户查询模型仓库的权限（{_CENTERS}），或将 metrics.model_centers 设为 false",
    ),
}
"""By operation: the account lacks the right."""

LACKED: Final[Mapping[str, Text]] = {
    _GROUPS: Text(
        "upgrade the platform, or set metrics.instances to false: its release cannot list"
        " instance groups",
        "升级平台，或将 metrics.instances 设为 false：该版本无法列出实例组",
    ),
    _CENTERS: Text(
        "upgrade the platform, or set metrics.model_centers to false: its release cannot list"
        " model centers",
        "升级平台，或将 metrics.model_centers 设为 false：该版本无法列出模型仓库",
    ),
}
"""By operation: the platform has no such API."""

NO_SERVICES: Final = Hint(
    Text("the platform reports no model services", "平台未返回任何模型服务"),
    Text(
        "an account sees only what it owns and what is shared with it: if there are model services,"
        " grant the account their query or share them with its project, and look at conditions",
        "账户只能看到自己拥有和共享给它的资源：若平台上确有模型服务，请授予该账户查询权限，"
        "或将服务共享给其所在项目，并检查 conditions",
    ),
)
"""For a list that was read and is empty, which looks like a platform without services."""


def fix_of_list(error: ZStackError) -> Text | None:
    """What to do about this list; None where that is the same for every list."""
    match error:
        case DeniedError(symptom=None) if not error.code.startswith("LICENSE."):
            return GRANTS.get(error.operation.name)
        case UnsupportedError():
            return LACKED.get(error.operation.name)
        case _:
            return None
