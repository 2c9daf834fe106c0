"""Every message of the page in both languages.

`{name}` is filled with a value. The text before `|` is the singular, after it the plural.
"""

from collections.abc import Mapping
from typing import Final

from exporter.state.hints import Text

UNITS: Final[Mapping[str, Text]] = {
    "ms": Text("ms", "毫秒"),
    "s": Text("s", "秒"),
    "min": Text("min", "分钟"),
    "h": Text("h", "小时"),
    "d": Text("d", "天"),
}

REASONS: Final[Mapping[str, Text]] = {
    "unreachable": Text("unreachable", "无法连接"),
    "timeout": Text("timeout", "超时"),
    "rate_limited": Text("rate_limited", "被限流"),
    "unauthorized": Text("unauthorized", "凭据被拒绝"),
    "clock_skew": Text("clock_skew", "时间偏差过大"),
    "denied": Text("denied", "没有权限"),
    "unsupported": Text("unsupported", "平台无此 API"),
    "rejected": Text("rejected", "API 返回错误"),
    "malformed": Text("malformed", "应答无法解析"),
    "too_large": Text("too_large", "应答过大"),
    "incomplete": Text("incomplete", "列表不完整"),
}
"""The reason of an error: in English, the value of its label."""

MESSAGES: Final[Mapping[str, Text]] = {
    # the head
    "title": Text("ZStack AIOS exporter", "ZStack AIOS Exporter 状态"),
    "metrics": Text("Metrics", "指标"),
    "json": Text("This page as JSON", "本页的 JSON"),
    "healthy": Text("Alive", "存活"),
    "ready": Text("Ready", "就绪"),
    "pages": Text("Pages", "页面"),
    "languages": Text("Language", "语言"),
    "as_of": Text("As of {time}", "截至 {time}"),
    "refresh": Text("Refresh", "刷新"),
    "refresh_itself": Text("refresh every {seconds} s", "每 {seconds} 秒自动刷新"),
    "not_refreshed": Text(
        "This page could not be refreshed: no answer from the exporter.",
        "页面刷新失败：Exporter 没有应答。",
    ),
    # the exporter itself
    "exporter_up": Text("Exporter up for {duration}", "Exporter 已运行 {duration}"),
    "loaded": Text("configuration loaded {ago}", "配置加载于 {ago}"),
    "config_failed": Text(
        "The configuration could not be reloaded {ago}. The one before stays; the log has each"
        " fault.",
        "{ago}重新加载配置失败，仍使用之前的配置；具体错误见日志。",
    ),
    "web_config_failed": Text(
        "The web configuration could not be reloaded {ago}. The one before stays; the log has each"
        " fault.",
        "{ago}重新加载 Web 配置失败，仍使用之前的配置；具体错误见日志。",
    ),
    "state_failed": Text(
        "The state file could not be written {ago}: since when new versions are pending would be"
        " lost in a restart.",
        "{ago}写入状态文件失败：若此时重启，新版本的首次发现时间将丢失。",
    ),
    "runbook": Text("Runbook", "处理手册"),
    # the summary
    "targets_number": Text("{} target|{} targets", "{} 个目标"),
    "up_number": Text("{} up", "{} 个正常"),
    "failing_number": Text("{} failing", "{} 个失败"),
    "waiting_number": Text("{} not polled yet", "{} 个尚未轮询"),
    "stale_number": Text("{} with stale data", "{} 个数据过期"),
    "empty_number": Text("{} without model services", "{} 个没有模型服务"),
    "services_number": Text("{} model service|{} model services", "{} 个模型服务"),
    "new_number": Text("{} with a new version", "{} 个有新版本"),
    "no_targets": Text("No target is connected yet.", "尚未连接任何目标。"),
    # targets files that have faults
    "failing_files": Text(
        "{} targets file could not be loaded|{} targets files could not be loaded",
        "{} 个目标文件未能加载",
    ),
    "failing_file_keeps": Text(
        "{} target that it had before is still polled.|{} targets that it had before are still"
        " polled.",
        "仍按该文件此前有效的内容轮询，共 {} 个目标。",
    ),
    "more_faults": Text("and {} more fault|and {} more faults", "另有 {} 处错误"),
    "more_files": Text(
        "{} more file: see the JSON or the log.|{} more files: see the JSON or the log.",
        "还有 {} 个文件：请查看 JSON 或日志。",
    ),
    # the table of a fleet
    "states": Text("By state", "按状态"),
    "every_state": Text("All", "全部"),
    "failing_state": Text("Failing", "失败"),
    "stale_state": Text("Stale data", "数据过期"),
    "waiting_state": Text("Not polled yet", "尚未轮询"),
    "empty_state": Text("No model services", "没有模型服务"),
    "up_state": Text("Up", "正常"),
    "target_search": Text("Search targets", "搜索目标"),
    "target_search_hint": Text("part of a name", "名称的一部分"),
    "rows_shown": Text(
        "{first} to {last} of {found}, failing ones first.",
        "第 {first} 至 {last} 个，共 {found} 个，失败的在前。",
    ),
    "table_pages": Text("Pages of the table", "表格分页"),
    "previous_page": Text("Previous", "上一页"),
    "next_page": Text("Next", "下一页"),
    "page_of": Text("Page {number} of {pages}", "第 {number} 页，共 {pages} 页"),
    "is_stale": Text("{duration}, stale", "{duration}前，已过期"),
    # a target
    "targets": Text("Targets", "目标"),
    "target": Text("Target", "目标"),
    "state": Text("State", "状态"),
    "lasting": Text("For", "持续"),
    "all_targets": Text("All targets", "所有目标"),
    "unknown_target": Text("There is no target of this name.", "没有此名称的目标。"),
    "up": Text("up", "正常"),
    "empty": Text("up, no model services", "正常，但没有模型服务"),
    "failing": Text("failing: {reason}", "失败：{reason}"),
    "waiting": Text("first poll under way", "首次轮询进行中"),
    "up_for": Text("Up for", "正常持续"),
    "failing_for": Text("Failing for", "失败持续"),
    "access_key": Text("access key {identity}", "访问密钥 {identity}"),
    "account": Text("account {identity}", "账户 {identity}"),
    "session": Text("a session opened elsewhere", "外部提供的会话"),
    "details": Text("Data and polls", "数据与轮询"),
    "from": Text("since {time}", "自 {time} 起"),
    "ago": Text("{duration} ago", "{duration}前"),
    "in": Text("in {duration}", "{duration}后"),
    # its error
    "happened": Text("What happened", "问题说明"),
    "message": Text("Message", "原始信息"),
    "hint": Text("What to do", "处理方法"),
    "next_try": Text("Next try", "下次尝试"),
    "on_change": Text(
        "Not tried again until the credentials change or the configuration is reloaded.",
        "在凭据变更或重新加载配置之前不再尝试。",
    ),
    "no_lock": Text("This keeps the account from being locked.", "这样可以避免账户被锁定。"),
    "not_before": Text(
        "Not tried again until {time}, {ago}; sooner if the credentials change or the configuration"
        " is reloaded.",
        "在 {time}（{ago}）之前不再尝试；若凭据变更或重新加载配置，则会提前尝试。",
    ),
    "check": Text(
        "On the exporter's machine, {command} goes through every step and shows which one fails.",
        "在 Exporter 所在机器上运行 {command}，可逐步检查并指出失败的步骤。",
    ),
    # its data
    "data": Text("Data", "数据"),
    "age": Text("Age of the data", "数据更新于"),
    "aged": Text("{duration}", "{duration}前"),
    "no_data": Text("none yet", "暂无数据"),
    "fresh": Text("fresh until {time}, {ago}", "有效至 {time}（{ago}）"),
    "stale": Text(
        "stale: older than {duration}, so its metrics are gone unless on_stale is set otherwise",
        "已过期：超过 {duration}，除非 on_stale 另有设置，其指标已移除",
    ),
    "services": Text("Model services", "模型服务"),
    "new_versions_number": Text("With a new version", "有新版本"),
    "of_versions": Text(
        "{current} up to date, {unknown} unknown", "{current} 个已是最新，{unknown} 个未知"
    ),
    "requested": Text("Requested", "请求资源"),
    "cores": Text("{} CPU core|{} CPU cores", "{} 个 CPU 核"),
    "memory": Text("{size} of memory", "{size} 内存"),
    "not_reported": Text("not reported", "未说明"),
    "left_out": Text("Records left out", "略过的记录"),
    "left_out_numbers": Text(
        "{undecodable} unreadable, {duplicates} repeated",
        "{undecodable} 条无法读取，{duplicates} 条重复",
    ),
    "unreadable": Text("Fields that cannot be read, by records", "无法读取的字段（记录数）"),
    "unknown": Text(
        "Fields that no known release has, by sampled records",
        "已知版本中没有的字段（抽样记录数）",
    ),
    "frameworks": Text("Frameworks", "框架"),
    "types": Text("Types", "类型"),
    "sources": Text("Sources", "来源"),
    "others": Text("{} other|{} others", "其他 {} 种"),
    "series_left_out": Text("Series left out", "未导出的序列"),
    "series_left_out_number": Text(
        "{number} of single services, groups and model centers: more than metrics.max_series"
        " ({most}); the totals stay",
        "单个服务、实例组与模型仓库的序列共 {number} 个，超过 metrics.max_series（{most}）；"
        "合计仍导出",
    ),
    # its further lists
    "instance_groups": Text("Instance groups", "实例组"),
    "model_centers": Text("Model centers", "模型仓库"),
    "list_left_out": Text("left out: {reason}", "未采集：{reason}"),
    "not_asked": Text("not asked for, as the settings have it", "按设置不查询"),
    "list_stale": Text("stale, {duration} old", "已过期，{duration}前的数据"),
    "groups_number": Text("{} group|{} groups", "{} 个实例组"),
    "instances_number": Text("{} instance|{} instances", "{} 个实例"),
    "endpoints": Text("Endpoints", "推理端点"),
    "endpoints_number": Text("{} endpoint|{} endpoints", "{} 个端点"),
    "endpoints_running": Text("{} running|{} running", "{} 个运行中"),
    "endpoints_left_out": Text("{} instance left out:|{} instances left out:", "略过 {} 个实例："),
    "no_url_endpoint": Text("without a URL", "无 URL"),
    "invalid_endpoint": Text("invalid address", "地址无效"),
    "loopback_endpoint": Text("loopback", "环回地址"),
    "link_local_endpoint": Text("link-local", "链路本地地址"),
    "unspecified_endpoint": Text("unspecified address", "未指定地址"),
    "multicast_endpoint": Text("multicast", "组播地址"),
    "centers_number": Text("{} model center|{} model centers", "{} 个模型仓库"),
    "by_status": Text("By status", "按状态"),
    "further": Text("{} more|{} more", "其余 {} 个"),
    "not_running": Text("Not running", "未运行"),
    "of_service": Text("of {service}", "属于 {service}"),
    "without_service": Text("its service is gone", "所属服务已不存在"),
    "more_records": Text("{} more", "还有 {} 个"),
    "used_size": Text("{size} used", "已用 {size}"),
    "available_size": Text("{size} available", "可用 {size}"),
    "available_of": Text("{size} of {total} available", "可用 {size}，共 {total}"),
    # its polls
    "polling": Text("Polling", "轮询"),
    "every": Text("Polled every", "轮询间隔"),
    "last_poll": Text("Last poll", "上次轮询"),
    "took": Text("took {duration}", "用时 {duration}"),
    "next_poll": Text("Next poll", "下次轮询"),
    "now": Text("under way", "进行中"),
    "polls": Text("The last poll|The last {} polls", "最近 {} 次轮询"),
    "succeeded_number": Text("{number} succeeded", "{number} 次成功"),
    "failed_number": Text("{number} failed", "{number} 次失败"),
    "withheld_number": Text("{number} without a request", "{number} 次未发送请求"),
    "poll_times": Text("median {median}, longest {longest}", "用时中位数 {median}，最长 {longest}"),
    "poll_good": Text("{time}: {services} in {duration}", "{time}：{services}，用时 {duration}"),
    "poll_bad": Text("{time}: {reason} after {duration}", "{time}：{reason}，{duration}后"),
    "poll_withheld": Text(
        "{time}: no request, credentials refused", "{time}：凭据被拒绝，未发送请求"
    ),
    "poll_skipped": Text(
        "{} poll skipped before it|{} polls skipped before it", "此前跳过 {} 次轮询"
    ),
    "succeeded": Text("succeeded", "成功"),
    "failed": Text("failed", "失败"),
    "withheld": Text("no request", "未发送请求"),
    "skipped": Text("polls skipped before it", "此前有轮询被跳过"),
    "newest_right": Text(
        "The newest is on the right; height is duration.", "最新的在右侧，高度表示用时。"
    ),
    # the services
    "new_versions": Text("Services with a new version", "有新版本的服务"),
    "no_new_versions": Text("No service has a new version.", "没有可更新的服务。"),
    "search": Text("Search", "搜索"),
    "search_hint": Text("name, uuid, framework, version …", "名称、uuid、框架、版本……"),
    "clear": Text("Show all", "显示全部"),
    "found": Text("{found} of {all} match.", "共 {all} 个，匹配 {found} 个。"),
    "more_rows": Text(
        "{} more; narrow the search to see it.|{} more; narrow the search to see them.",
        "还有 {} 个；请缩小搜索范围。",
    ),
    "table": Text(
        "Version now = running version. Click a heading to sort.",
        "“当前版本”即正在运行的版本。点击表头可排序。",
    ),
    "name": Text("Name", "名称"),
    "framework": Text("Framework", "框架"),
    "type": Text("Type", "类型"),
    "source": Text("Source", "来源"),
    "version": Text("Version now", "当前版本"),
    "created": Text("Created", "创建时间"),
    "changed": Text("Last operation", "最近操作"),
    # the codes
    "codes": Text("ZStack's error codes", "ZStack 错误码"),
    "codes_caption": Text(
        "What each means, and what to do about it.", "各错误码的含义与处理方法。"
    ),
    "code_column": Text("Code", "错误码"),
    "meaning_column": Text("Meaning", "含义"),
}
