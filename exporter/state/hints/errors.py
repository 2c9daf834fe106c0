"""Hints for each class of error: one table for the log, the status page and the documents."""

from collections.abc import Mapping
from typing import Final

from exporter.state.snapshot import UnpublishableError
from exporter.zstack import ZStackError, errors

from .text import Hint, Text

ERRORS: Final[Mapping[type[ZStackError], Hint]] = {
    errors.UnreachableError: Hint(
        Text("no answer: DNS, connection or TLS", "没有应答：DNS、连接或 TLS 出错"),
        Text(
            "check url, the network path to it and, for https, ca_file",
            "检查 url 以及到它的网络；若为 https，再检查 ca_file",
        ),
    ),
    errors.DeadlineError: Hint(
        Text("the poll did not finish in time", "轮询未能在限时内完成"),
        Text(
            "find out why the platform is slow, or raise timeout",
            "查明平台为何缓慢，或调大 timeout",
        ),
    ),
    errors.RateLimitedError: Hint(
        Text("the platform or a proxy answered 429", "平台或代理应答 429（请求过多）"),
        Text("raise interval, or the limit", "调大 interval，或放宽限流"),
    ),
    errors.UnauthorizedError: Hint(
        Text("the credentials were refused", "凭据被拒绝"),
        Text(
            "correct the credentials: they are not tried again until they change or the"
            " configuration is reloaded (an account once in ten minutes)",
            "改正凭据：在凭据变更或重新加载配置之前不会再次尝试（同一账户每十分钟最多一次）",
        ),
    ),
    errors.SessionError: Hint(
        Text(
            "the session has ended, and a fresh one was refused too",
            "会话已结束，新建的会话也被拒绝",
        ),
        Text(
            "see who ends the sessions; a session that was given by hand must be replaced",
            "查明是谁结束了会话；手工提供的会话须更换",
        ),
    ),
    errors.ContendedError: Hint(
        Text(
            "somebody else keeps logging in with the same account, and the platform ends the"
            " session that was open before",
            "有人反复用同一账户登录，平台随之结束了之前的会话",
        ),
        Text(
            "give the exporter an access key or an account of its own; until then it leaves the"
            " account alone for ten minutes, and for up to an hour if that doesn't help",
            "为 Exporter 使用 AccessKey 或专用账户；在此之前"
            "它会停止登录十分钟，若仍无效则最长一小时",
        ),
    ),
    errors.LockedError: Hint(
        Text(
            "the account is locked, or may not log in now or from here",
            "账户已锁定，或此时此地不允许登录",
        ),
        Text(
            "unlock the account, or change the rule, and reload the exporter; without a reload it"
            " is tried again when the lock ends, or after ten minutes",
            "解锁账户或修改登录规则，然后重新加载 Exporter；"
            "不重新加载时，锁定期满或十分钟后会再次尝试",
        ),
    ),
    errors.CredentialsError: Hint(
        Text("the credentials could not be read", "无法读取凭据"),
        Text(
            "name a file that holds the secret and that the exporter can read (password_file,"
            " access_key_secret_file or session_uuid_file): it is read again at the next poll",
            "指定一个包含密钥且 Exporter 可读的文件（password_file、access_key_secret_file 或"
            " session_uuid_file）：下次轮询时会重新读取",
        ),
    ),
    errors.ClockSkewError: Hint(
        Text("an access key's time was refused", "AccessKey 请求的时间被拒绝"),
        Text(
            "set time_zone to the platform's (such as Asia/Shanghai), and compare the clocks",
            "将 time_zone 设为平台的时区（例如 Asia/Shanghai），并核对双方时钟",
        ),
    ),
    errors.DeniedError: Hint(
        Text(
            "the account lacks the right, or the licence does not cover it",
            "账户没有权限，或许可证不包含此功能",
        ),
        Text(
            "grant the account the query of model services, or renew the licence",
            "授予该账户查询模型服务的权限，或更新许可证",
        ),
    ),
    errors.UnsupportedError: Hint(
        Text("the platform has no such API", "平台没有此 API"),
        Text("install AIOS there, or correct url", "在该平台安装 AIOS，或改正 url"),
    ),
    errors.RejectedError: Hint(
        Text("another API error; see its code", "其他 API 错误，详见错误码"),
        Text(
            "look the code up in ZStack's documentation and in its management-server.log; if there"
            " is no code, look for a proxy that answers in its place",
            "在 ZStack 文档和 management-server.log 中查找该错误码；"
            "若没有错误码，检查是否有代理代为应答",
        ),
    ),
    errors.NotReadyError: Hint(
        Text(
            "a management node is starting, busy or cut off",
            "管理节点正在启动、繁忙或失去联系",
        ),
        Text(
            "wait; if it lasts, look at the platform's management nodes",
            "请稍候；若持续存在，检查平台的管理节点",
        ),
    ),
    errors.MalformedError: Hint(
        Text(
            "the answer is not one of ZStack's, or is cut short",
            "应答不是 ZStack 发出的，或不完整",
        ),
        Text("look for a proxy that answers in its place", "检查是否有代理代为应答"),
    ),
    errors.UnreadableError: Hint(
        Text(
            "no record of the list has a uuid that can be read",
            "列表中没有任何一条记录含有可读取的 uuid",
        ),
        Text(
            "run zstack-aios-exporter check, and report it with the platform's release",
            "运行 zstack-aios-exporter check，并连同平台版本一起反馈",
        ),
    ),
    UnpublishableError: Hint(
        Text("the answer could not be turned into metrics", "应答无法转换为指标"),
        Text("please report this as a bug", "请作为缺陷反馈"),
    ),
    errors.TooLargeError: Hint(
        Text("an answer was larger than max_response_bytes", "应答超过 max_response_bytes"),
        Text(
            "lower page_size, or raise max_response_bytes",
            "调小 page_size，或调大 max_response_bytes",
        ),
    ),
    errors.IncompleteError: Hint(
        Text(
            "the rows did not add up to the platform's own count, twice",
            "两次读取的行数都与平台给出的总数不符",
        ),
        Text(
            "the list changes while it is read: if that keeps happening, raise page_size",
            "列表在读取期间发生变化：若反复出现，调大 page_size",
        ),
    ),
}
