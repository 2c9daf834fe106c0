"""The web configuration, and other files of the exporter's own."""

from .case import CHECK, CONFIG_CHECK, SECRET, START, Case, here

_FLAG = ("--web.config.file", "{folder}/web.yml")


def _web(name: str, what: str, where: str, fix: str, text: str, **files: str) -> Case:
    """A fault of the web configuration; the check goes on to the platform."""
    contents = {"web.yml": text} | {f"{file}.pem": content for file, content in files.items()}
    return Case(name, what, where, fix, here(), flags=_FLAG, files=contents, platform="zstack")


WEB = (
    Case(
        "a web configuration that is not there",
        *("no such file", "{folder}/web.yml", "name a file that the exporter can read"),
        here(),
        flags=_FLAG,
        platform="zstack",
    ),
    _web(
        "a password in plain text",
        *("is not a bcrypt hash", "web.yml, line 2, basic_auth_users.prometheus", "hash-password"),
        f"basic_auth_users:\n  prometheus: {SECRET}\n",
    ),
    _web(
        "a password that is a part of the name",
        *("is not a bcrypt hash", "web.yml, line 1, basic_auth_users.(user 1)", "hash-password"),
        f"basic_auth_users: {{prometheus:{SECRET}: x}}\n",
    ),
    _web(
        "a hash that costs too much",
        *("has a cost outside 4 to 16", "web.yml, line 2, basic_auth_users.a", "make it anew"),
        "basic_auth_users:\n  a: $2y$20$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n",
    ),
    _web(
        "a misspelt key of TLS",
        *("is not a key of the web configuration", "web.yml, line 2", "did you mean cert_file?"),
        "tls_server_config:\n  cert_fil: c.pem\n",
    ),
    _web(
        "a certificate without a key",
        *("has no private key", "web.yml, line 1, tls_server_config", "set key_file"),
        "tls_server_config: {cert_file: c.pem}\n",
        c="{certificate}",
    ),
    _web(
        "a certificate that is not there",
        *("no such file", "web.yml, line 1, tls_server_config.cert_file", "begins at this file's"),
        "tls_server_config: {cert_file: no.pem, key_file: k.pem}\n",
        k="{key}",
    ),
    _web(
        "a certificate with the key of another",
        *("does not belong to the certificate", "web.yml, line 1", "name the key that the"),
        "tls_server_config: {cert_file: c.pem, key_file: other.pem}\n",
        c="{certificate}",
        other="{other_key}",
    ),
    _web(
        "clients whose certificates nobody signed",
        *("needs a client_ca_file", "web.yml, line 1", "set it"),
        "tls_server_config: {cert_file: c.pem, key_file: k.pem,"
        " client_auth_type: RequireAndVerifyClientCert}\n",
        c="{certificate}",
        k="{key}",
    ),
    _web(
        "a web configuration that is no YAML",
        *("a tab stands where only spaces may", "web.yml, line 2", "indent with spaces"),
        f"basic_auth_users:\n\tprometheus: {SECRET}\n",
    ),
    Case(
        "a key of the exporter that every user can read",
        *("every user can read its key", "{folder}/k.pem", "chmod o= {folder}/k.pem"),
        here(),
        flags=_FLAG,
        files={
            "web.yml": "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n",
            "c.pem": "{certificate}",
            "k.pem": "{key}",
        },
        readable=("k.pem",),
        platform="zstack",
    ),
    Case(
        "a state file in a folder that is not there",
        *(
            "is in no folder",
            "{folder}/no/state.json",
            "name a file in a folder that this user can",
        ),
        here() + "state: {file: no/state.json}\n",
        platform="zstack",
    ),
    *(
        Case(
            f"targets files that are not there, {modes[0]}",
            *("no", "{folder}/targets/*.yaml", "correct targets_files, or write such a file"),
            "targets_files: ['targets/*.yaml']\nweb: {listen_address: ['127.0.0.1:0']}\n",
            modes=modes,
            lines=lines,
        )
        for modes, lines in (((CHECK,), 2), ((CONFIG_CHECK, START), 1))  # 2: so there is no target
    ),
)
