"""Hints for the error codes of ZStack that a query or a login can meet.

Facts: SysErrors and IdentityErrors of ZStack 5.2.1, conf/errorCodes; the global codes
(ORG_ZSTACK_…) came with 5.5. A pattern with `*` stands for the codes that have no row of their own.
"""

from collections.abc import Mapping
from typing import Final

from .text import Hint, Text

_LOOK_IN_THE_LOG: Final = Text(
    "look for this time in the platform's management-server.log",
    "在平台的 management-server.log 中查找对应时间的记录",
)
_WAIT: Final = Text(
    "wait; if it lasts, look at the platform's management nodes",
    "请稍候；若持续存在，检查平台的管理节点",
)
_LOGIN_ONLY_FOR_PEOPLE: Final = Text(
    "use an access key, or an account that logs in without this",
    "改用 AccessKey，或使用无需此步骤即可登录的账户",
)
_SESSION_ENDED: Final = Hint(
    Text(
        "the session is unknown or has ended, and a fresh one was refused as well",
        "会话不存在或已过期，新建的会话也被拒绝",
    ),
    Text(
        "see whether the platform allows only one session per account; give the exporter an account"
        " of its own or an access key; a session that was given by hand must be replaced",
        "检查平台是否限制每个账户只有一个会话；为 Exporter 使用专用账户或 AccessKey；"
        "手工提供的会话须更换",
    ),
)

CODES: Final[Mapping[str, Hint]] = {
    "ID.1000": Hint(
        Text("wrong account name or password", "账户名或密码错误"),
        Text(
            "correct account and password: they are tried once, and again when they change",
            "改正账户名和密码：Exporter 只尝试一次，变更后才会再试",
        ),
    ),
    "ID.1001": _SESSION_ENDED,
    "ID.1002": Hint(
        Text("the account has no permission for this API", "账户没有调用此 API 的权限"),
        Text(
            "grant the account the query of model services",
            "授予该账户查询模型服务的权限",
        ),
    ),
    "ID.1005": Hint(
        Text("the account must change its first password", "账户须先修改初始密码"),
        Text(
            "log in to the platform's web page once, change the password, and give it to the"
            " exporter",
            "登录平台网页修改密码，再提供给 Exporter",
        ),
    ),
    "ID.1006": Hint(
        Text("the account has too many sessions", "账户的会话数已达上限"),
        Text(
            "use an access key, which needs no session; or end sessions that are not used, or raise"
            " session.maxConcurrent on the platform",
            "改用无需会话的 AccessKey；或结束闲置会话，或在平台调大 session.maxConcurrent",
        ),
    ),
    "ID.2000": Hint(
        Text("an additional authentication went wrong", "附加认证出错"), _LOGIN_ONLY_FOR_PEOPLE
    ),
    "ID.2001": Hint(
        Text("the login needs a second factor", "登录需要双因子认证"), _LOGIN_ONLY_FOR_PEOPLE
    ),
    "ID.2002": Hint(
        Text("the additional authentication was refused", "附加认证未通过"), _LOGIN_ONLY_FOR_PEOPLE
    ),
    "ID.2003": Hint(
        Text("the server of the additional authentication fails", "附加认证服务器故障"),
        Text(
            "look at that server; or use an access key, which does not need it",
            "检查该认证服务器；或改用不依赖它的 AccessKey",
        ),
    ),
    "LOGIN_CONTROL.1000": Hint(
        Text("the password must be changed before it can be used", "密码须先修改才能使用"),
        Text(
            "change the password on the platform and give the new one to the exporter",
            "在平台修改密码，并提供给 Exporter",
        ),
    ),
    "LOGIN_CONTROL.1001": Hint(
        Text("a new password repeats an old one", "新密码与历史密码重复"),
        Text("choose another password on the platform", "在平台另选一个密码"),
    ),
    "LOGIN_CONTROL.1002": Hint(
        Text("the account is locked after too many failed logins", "登录失败次数过多，账户已锁定"),
        Text(
            "find out who logs in with a wrong password; unlock the account and reload the"
            " exporter, or wait: it is tried again when the lock ends",
            "查明是谁在用错误密码登录；解锁账户并重新加载 Exporter，或等待锁定期满后再次尝试",
        ),
    ),
    "LOGIN_CONTROL.1003": Hint(Text("the captcha was wrong", "验证码错误"), _LOGIN_ONLY_FOR_PEOPLE),
    "LOGIN_CONTROL.1004": Hint(
        Text(
            "a login rule refuses this address or this hour", "登录策略拒绝了该地址或该时段的登录"
        ),
        Text(
            "allow the exporter's address in the platform's login control",
            "在平台的登录控制中允许 Exporter 的地址",
        ),
    ),
    "LOGIN_CONTROL.1005": Hint(
        Text("the login needs a captcha", "登录需要验证码"), _LOGIN_ONLY_FOR_PEOPLE
    ),
    "*OPERATION_DENIED*": Hint(
        Text("a policy denies the account this API", "权限策略禁止该账户调用此 API"),
        Text("grant the account the query of model services", "授予该账户查询模型服务的权限"),
    ),
    "LICENSE.1000": Hint(
        Text("the platform's licence has expired", "平台许可证已过期"),
        Text("renew the licence", "更新许可证"),
    ),
    "LICENSE.*": Hint(
        Text("the platform's licence does not allow this", "平台许可证不允许此操作"),
        Text("see on the platform what the licence covers", "在平台查看许可证的授权范围"),
    ),
    "SYS.1000": Hint(
        Text(
            "an internal error, or a condition that names an unknown field",
            "内部错误，或查询条件包含未知字段",
        ),
        Text(
            "if the message names a field, correct conditions or projection; otherwise look for"
            " this time in management-server.log",
            "若信息中提到字段，改正 conditions 或 projection；否则在 management-server.log"
            " 中查找对应时间的记录",
        ),
    ),
    "SYS.1001": Hint(
        Text("the platform did not finish the call in time", "平台未能按时完成调用"),
        Text(
            "find out why the platform is slow, or lower page_size",
            "查明平台为何缓慢，或调小 page_size",
        ),
    ),
    "SYS.1006": Hint(
        Text(
            "an operation failed; up to 5.2.1 also a missing permission",
            "操作失败；在 5.2.1 及更早版本中也表示没有权限",
        ),
        Text(
            "if the message says denied, grant the account the query of model services; otherwise"
            " look for this time in management-server.log",
            "若信息含 denied，授予该账户查询模型服务的权限；否则在 management-server.log"
            " 中查找对应时间的记录",
        ),
    ),
    "SYS.1007": Hint(
        Text("an argument of the call is invalid", "调用参数无效"),
        Text(
            "check conditions and projection; without either, please report it as a bug",
            "检查 conditions 和 projection；若均未设置，请作为缺陷反馈",
        ),
    ),
    "SYS.1008": Hint(
        Text("no service of the platform knows this call", "平台没有处理此调用的服务"),
        Text("see whether AIOS is installed and running there", "检查该平台是否已安装并运行 AIOS"),
    ),
    "SYS.1009": Hint(
        Text("no route to the service that should answer", "没有到应答服务的路由"), _WAIT
    ),
    "SYS.1010": Hint(Text("the management node is still starting", "管理节点尚未就绪"), _WAIT),
    "SYS.1011": Hint(
        Text("the platform's message bus did not deliver the call", "平台消息总线未能投递调用"),
        _WAIT,
    ),
    "SYS.1012": Hint(Text("a management node is not available", "管理节点不可用"), _WAIT),
    "SYS.1014": Hint(
        Text("the platform's release does not support this", "平台版本不支持此操作"),
        Text("update the platform, or AIOS on it", "升级平台或其上的 AIOS"),
    ),
    "SYS.1015": Hint(
        Text("the platform could not reach one of its own parts", "平台无法访问自身的某个组件"),
        _WAIT,
    ),
    "SYS.1016": Hint(
        Text("the platform could not read or write", "平台发生读写错误"),
        Text(
            "look at disks and network of the management nodes",
            "检查管理节点的磁盘与网络",
        ),
    ),
    "SYS.1017": Hint(Text("the call was cancelled", "调用已被取消"), _LOOK_IN_THE_LOG),
    "PORTAL.*": Hint(
        Text("an error where the platform takes API calls in", "平台 API 入口出错"),
        _LOOK_IN_THE_LOG,
    ),
    "SEARCH.*": Hint(
        Text("the platform could not carry out the query", "平台无法执行查询"),
        Text(
            "check conditions; then look in management-server.log",
            "检查 conditions，再查看 management-server.log",
        ),
    ),
    "ORG_ZSTACK_IDENTITY_10006": _SESSION_ENDED,
    "ORG_ZSTACK_IDENTITY_10007": _SESSION_ENDED,
    "ORG_ZSTACK_IDENTITY_10020": _SESSION_ENDED,
    "ORG_ZSTACK_IDENTITY_*": Hint(
        Text("an error of accounts, sessions or permissions", "账户、会话或权限方面的错误"),
        Text("check the account and what it may do", "检查账户及其权限"),
    ),
    "ORG_ZSTACK_AI_10120": Hint(
        Text("a model centre was not found", "找不到模型仓库"),
        Text("look at the model centres in AIOS", "在 AIOS 中检查模型仓库"),
    ),
    "ORG_ZSTACK_AI_*": Hint(Text("an error of AIOS itself", "AIOS 自身出错"), _LOOK_IN_THE_LOG),
    "ORG_ZSTACK_*": Hint(
        Text("an error of another part of the platform", "平台其他部分出错"), _LOOK_IN_THE_LOG
    ),
}
