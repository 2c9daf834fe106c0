"""Hints for what is known of an error beyond its class: more precise than those of the class."""

from collections.abc import Mapping
from typing import Final

from exporter.zstack.errors import Symptom

from .text import Hint, Text

_CERTIFICATE: Final = Text("the platform's certificate is not accepted", "平台的证书未被接受")
_NO_TLS: Final = Text("no TLS connection could be made", "无法建立 TLS 连接")
_PROXY: Final = Text("the proxy lets nothing through", "代理未放行请求")
_CLIENT_CERTIFICATE: Final = Text(
    "the platform does not take the exporter's certificate", "平台不接受 Exporter 的证书"
)

_CLOSED: Final = Text("the connection was closed before an answer", "连接在应答之前被关闭")
_NOT_ZSTACK: Final = Text(
    "something answers there that is not ZStack's API", "应答的不是 ZStack 的 API"
)

SYMPTOMS: Final[Mapping[Symptom, Hint]] = {
    Symptom.CERTIFICATE_EXPIRED: Hint(
        _CERTIFICATE, Text("renew the platform's certificate", "更新平台的证书")
    ),
    Symptom.CERTIFICATE_NOT_YET_VALID: Hint(
        _CERTIFICATE,
        Text(
            "compare the clocks, or have the certificate issued anew",
            "核对双方时钟，或重新签发证书",
        ),
    ),
    Symptom.CERTIFICATE_WRONG_NAME: Hint(
        _CERTIFICATE,
        Text(
            "write the host in url as the certificate names it, or have the certificate issued"
            " anew for that host",
            "按证书中的名称书写 url 里的主机，或为该主机重新签发证书",
        ),
    ),
    Symptom.CERTIFICATE_UNKNOWN_AUTHORITY: Hint(
        _CERTIFICATE,
        Text(
            "set ca_file to the PEM file of the authority that issued the certificate; or have the"
            " platform send the intermediate certificates as well",
            "将 ca_file 设为签发该证书的机构的 PEM 文件；或让平台同时发送中间证书",
        ),
    ),
    Symptom.CERTIFICATE_WRONG_PURPOSE: Hint(
        _CERTIFICATE,
        Text(
            "have the certificate issued anew: it is not one for a server, or what signed it is"
            " not an authority's",
            "重新签发证书：它不是服务器证书，或签发它的证书不属于证书机构",
        ),
    ),
    Symptom.CERTIFICATE_TOO_WEAK: Hint(
        _CERTIFICATE,
        Text(
            "have the certificates issued anew with an RSA key of at least 2048 bits, or an EC key,"
            " and SHA-256",
            "使用至少 2048 位的 RSA 密钥或 EC 密钥以及 SHA-256 重新签发证书",
        ),
    ),
    Symptom.CERTIFICATE_UNUSABLE: Hint(
        _CERTIFICATE,
        Text(
            "have the certificate issued anew; if it is the authority's, correct ca_file",
            "重新签发证书；若是证书机构自身的证书有问题，请改正 ca_file",
        ),
    ),
    Symptom.CLIENT_CERTIFICATE_EXPIRED: Hint(
        _CLIENT_CERTIFICATE,
        Text("renew the certificate of client_cert_file", "更新 client_cert_file 中的证书"),
    ),
    Symptom.CLIENT_CERTIFICATE_REFUSED: Hint(
        _CLIENT_CERTIFICATE,
        Text(
            "set client_cert_file and client_key_file to a certificate that the platform trusts",
            "将 client_cert_file 和 client_key_file 设为平台信任的证书",
        ),
    ),
    Symptom.TLS_NOT_SPOKEN: Hint(
        _NO_TLS,
        Text("write http:// in url, or correct the port", "将 url 改为 http://，或改正端口"),
    ),
    Symptom.TLS_VERSION: Hint(
        _NO_TLS,
        Text(
            "the exporter speaks TLS 1.2 and 1.3: enable TLS 1.2 or newer on the platform, or on"
            " the proxy before it",
            "Exporter 使用 TLS 1.2 和 1.3：在平台或其前面的代理上启用 TLS 1.2 或更新版本",
        ),
    ),
    Symptom.TLS_REFUSED: Hint(
        _NO_TLS,
        Text(
            "compare the TLS settings of the platform, or of the proxy before it: the exporter"
            " speaks 1.2 or newer; if a client certificate is wanted, set client_cert_file",
            "核对平台或其前面的代理的 TLS 设置：Exporter 使用 1.2 或更新版本；"
            "若需要客户端证书，请设置 client_cert_file",
        ),
    ),
    Symptom.TLS_HUNG_UP: Hint(
        _NO_TLS,
        Text(
            "see whether the port speaks TLS, and 1.2 or newer; whether a backend is behind the"
            " balancer; and whether a client certificate is wanted (client_cert_file)",
            "检查该端口是否使用 TLS 1.2 或更新版本、负载均衡后面是否有可用后端，"
            "以及是否需要客户端证书（client_cert_file）",
        ),
    ),
    Symptom.TLS_SPOKEN: Hint(
        Text("the port speaks TLS", "该端口使用 TLS"),
        Text("write https:// in url", "将 url 改为 https://"),
    ),
    Symptom.HUNG_UP: Hint(
        _CLOSED,
        Text(
            "see whether a client certificate is wanted, and whether a backend is behind the"
            " balancer",
            "检查是否需要客户端证书，以及负载均衡后面是否有可用后端",
        ),
    ),
    Symptom.HUNG_UP_WITHOUT_TLS: Hint(
        _CLOSED,
        Text(
            "if the port speaks TLS, write https:// in url; if not, see whether a backend is behind"
            " the balancer",
            "若该端口使用 TLS，将 url 改为 https://；否则检查负载均衡后面是否有可用后端",
        ),
    ),
    Symptom.NO_HOST: Hint(
        Text("the host in url has no address", "url 中的主机没有地址"),
        Text(
            "correct the host in url, or the name servers of this machine",
            "改正 url 中的主机，或检查本机的域名服务器",
        ),
    ),
    Symptom.REFUSED: Hint(
        Text("nothing listens on that port", "该端口没有程序监听"),
        Text(
            "check host and port in url (ZStack's API is on 8080 by default), and that the"
            " platform runs",
            "检查 url 中的主机和端口（ZStack 的 API 默认在 8080），并确认平台正在运行",
        ),
    ),
    Symptom.SILENT: Hint(
        Text("nothing answers at that address", "该地址没有应答"),
        Text(
            "look for a firewall on the way, and check host and port in url; for https, see whether"
            " the port speaks TLS",
            "检查途中的防火墙，以及 url 中的主机和端口；若为 https，检查该端口是否使用 TLS",
        ),
    ),
    Symptom.OTHER_PORT: Hint(
        _NOT_ZSTACK,
        Text(
            "write :8080 in url: ZStack's API is there by default, and its web pages are on"
            " another port; with a proxy before it, see that this passes /zstack on",
            "在 url 中写入 :8080：ZStack 的 API 默认在该端口，网页界面在其他端口；"
            "若前面有代理，确认它转发 /zstack",
        ),
    ),
    Symptom.OTHER_PATH: Hint(
        _NOT_ZSTACK,
        Text(
            "leave the path off url, which needs one only where a proxy before the platform has it",
            "去掉 url 中的路径：只有平台前面的代理使用路径时才需要",
        ),
    ),
    Symptom.PROXY_UNREACHABLE: Hint(
        Text("the proxy cannot be reached", "无法连接代理"),
        Text("check proxy, and that the proxy runs", "检查 proxy 设置以及代理是否在运行"),
    ),
    Symptom.PROXY_REFUSED: Hint(
        _PROXY,
        Text(
            "allow the platform's address and port on the proxy, and see that the proxy reaches it",
            "在代理上放行平台的地址和端口，并确认代理能访问平台",
        ),
    ),
    Symptom.PROXY_LOGIN: Hint(
        _PROXY,
        Text(
            "write the proxy's user and password in proxy: http://user:password@proxy:3128",
            "在 proxy 中写入代理的用户名和密码：http://user:password@proxy:3128",
        ),
    ),
    Symptom.REDIRECTED: Hint(
        Text("the platform redirects to another address", "平台重定向到其他地址"),
        Text(
            "set url to the address it redirects to; credentials follow no redirect",
            "将 url 设为重定向的目标地址；凭据不会随重定向发送",
        ),
    ),
    Symptom.REDIRECTED_AWAY: Hint(
        Text(
            "a redirect leads away from ZStack's API, such as to a login page",
            "请求被重定向到 ZStack API 以外的地方，例如登录页面",
        ),
        Text(
            "check url; if a gateway before the platform wants a login, let the exporter's requests"
            " pass it; do not set url to a login page, which would be sent the credentials",
            "检查 url；若平台前面的网关要求登录，请放行 Exporter 的请求；"
            "不要将 url 设为登录页面，否则凭据会发送到那里",
        ),
    ),
    Symptom.OTHER_LOGIN: Hint(
        Text(
            "a proxy or gateway before the platform wants a login: ZStack itself never answers 401",
            "平台前面的代理或网关要求登录：ZStack 自身从不应答 401",
        ),
        Text(
            "let the exporter's requests to /zstack pass there, or set url to the platform itself",
            "在代理或网关上放行 Exporter 对 /zstack 的请求，或将 url 设为平台自身的地址",
        ),
    ),
    Symptom.NO_ACCESS_KEYS: Hint(
        Text("the platform does not take access keys", "平台不支持 AccessKey"),
        Text(
            "use account and password_file: this edition or licence has no access keys",
            "改用 account 和 password_file：该版本或许可证不包含 AccessKey",
        ),
    ),
    Symptom.BAD_CONDITION: Hint(
        Text("the platform cannot read a condition", "平台无法解析查询条件"),
        Text(
            "correct conditions: each is a field, an operator and a value, such as name=chat",
            "改正 conditions：每一项由字段、运算符和值组成，例如 name=chat",
        ),
    ),
    Symptom.ADDRESS_REFUSED: Hint(
        Text(
            "the exporter is refused before its account is looked at",
            "Exporter 在校验账户之前就被拒绝",
        ),
        Text(
            "allow the exporter's address on the platform, or on the proxy or gateway before it",
            "在平台或其前面的代理、网关上允许 Exporter 的地址",
        ),
    ),
    Symptom.CODING: Hint(
        Text(
            "the answer is compressed in a way that was not asked for", "应答使用了未请求的压缩方式"
        ),
        Text(
            "the exporter asks for gzip or deflate: see that the proxy before the platform follows"
            " Accept-Encoding",
            "Exporter 只请求 gzip 或 deflate：检查平台前面的代理是否遵守 Accept-Encoding",
        ),
    ),
}
