"""Credentials, files of secrets and certificates."""

from .case import CHECK, CONFIG_CHECK, FOLDER, SECRET, START, Case, here, line, one

_NO_CREDENTIALS = "target:\n  url: http://10.0.0.5:8080\n"
_HTTPS = "https://10.0.0.5"

CREDENTIALS = (
    Case(
        "no credentials",
        *(
            "has no credentials",
            line(1),
            "set access_key_id and access_key_secret_file, or account",
        ),
        _NO_CREDENTIALS,
    ),
    Case(
        "credentials of two kinds",
        *("of several kinds: account and session_uuid", line(1), "keep one kind"),
        one(f"session_uuid: {SECRET}"),
    ),
    Case(
        "an account without a password",
        *("account is given, but neither", "target.password_file", "set --target.password-file or"),
        _NO_CREDENTIALS + "  account: admin\n",
    ),
    Case(
        "an access key without its secret",
        *("access_key_id is given, but neither", "target.access_key_secret_file", "set --target."),
        _NO_CREDENTIALS + "  access_key_id: key\n",
    ),
    Case(
        "a password without an account",
        *("password is given without it", "target.account", "set --target.account or"),
        _NO_CREDENTIALS + f"  password: {SECRET}\n",
    ),
    Case(
        "a password in two ways",
        *("is given twice", line(5, "target.password"), "keep one of them"),
        one(f"password: {SECRET}"),
    ),
    Case(
        "a misspelt password",
        *("is not a setting", line(4, "target.pasword"), "did you mean password?"),
        one(secret=f"pasword: {SECRET}"),
        lines=2,
    ),
    Case(
        "a blank password",
        *("is empty", line(4, "target.password"), "give it a value or remove it"),
        one(secret="password: ' '"),
    ),
    *(
        Case(
            f"a secret's file that {name}",
            *(what, line(4, "target.password_file"), fix),
            here(url="http://127.0.0.1:{closed}", secret="password_file: s"),
            files=files,
            modes=(CHECK, CONFIG_CHECK),
        )
        for name, what, fix, files in (
            ("is not there", "no such file", "name a file that holds the secret", {}),
            ("is a folder", "is a directory", "name the file in it", {"s": FOLDER}),
            ("is empty", "is empty", "write the secret into it", {"s": ""}),
            ("is no text", "is not UTF-8 text", "as text in UTF-8", {"s": b"\xff\xfe\xfa"}),
        )
    ),
    *(
        Case(
            f"a secret's file that {name}, at the start",
            *(what, "{folder}/s", "name a file that holds the secret and that the exporter can"),
            here(url="http://127.0.0.1:{closed}", secret="password_file: s"),
            files=files,
            modes=(START,),
        )
        for name, what, files in (
            ("is not there", "No such file", {}),
            ("is a folder", "Is a directory", {"s": FOLDER}),
            ("is empty", "is empty", {"s": ""}),
        )
    ),
    Case(
        "a secret's file that every user can read",
        *("every user can read", "secret", "chmod o= {folder}/secret"),
        here(),
        readable=("secret",),
        platform="zstack",
    ),
    Case(
        "a secret in a configuration that every user can read",
        *("holds a secret, and every user can read it", "{file}", "chmod o= {file}"),
        here(secret="password: password"),
        readable=("exporter.yaml",),
        platform="zstack",
    ),
    Case(
        "a secret in quotes",
        *(
            "begins and ends with a quote",
            line(4, "target.password"),
            "if the quotes are not a part",
        ),
        one(secret=f"password: '\"{SECRET}\"'"),
        modes=(CONFIG_CHECK,),
    ),
    Case(
        "a secret in quotes in a variable",
        *(
            "begins and ends with a quote",
            "ZSTACK_EXPORTER_TARGET__PASSWORD",
            "docker's --env-file",
        ),
        here(secret=""),
        variables={"ZSTACK_EXPORTER_TARGET__PASSWORD": f'"{SECRET}"'},
        modes=(START,),
        platform="zstack",
        lines=2,  # it is wrong
    ),
    Case(
        "a CA that is not there",
        *("no such file", line(5, "target.ca_file"), "name a PEM file that the exporter can read"),
        one("ca_file: ca.pem", url=_HTTPS),
    ),
    Case(
        "a CA that is no PEM",
        *("holds no certificate in PEM", line(5, "target.ca_file"), "name a PEM file with"),
        one("ca_file: ca.pem", url=_HTTPS),
        files={"ca.pem": b"0\x82\x01"},
    ),
    Case(
        "a CA that is cut short",
        *("does not load", line(5, "target.ca_file"), "see that it is whole, and PEM"),
        one("ca_file: ca.pem", url=_HTTPS),
        files={"ca.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"},
    ),
    Case(
        "a client's certificate without its key",
        *("holds no key", line(5, "target.client_cert_file"), "set client_key_file"),
        one("client_cert_file: c.pem", url=_HTTPS),
        files={"c.pem": "{certificate}"},
    ),
    Case(
        "a client's certificate with the key of another",
        *("of another certificate", line(5, "target.client_cert_file"), "of one pair"),
        one("client_cert_file: c.pem", "client_key_file: other.pem", url=_HTTPS),
        files={"c.pem": "{certificate}", "other.pem": "{other_key}"},
    ),
    Case(
        "a client's key that is encrypted",
        *("has a key that is encrypted", line(6, "target.client_key_file"), "openssl pkey"),
        one("client_cert_file: c.pem", "client_key_file: enc.pem", url=_HTTPS),
        files={"c.pem": "{certificate}", "enc.pem": "{encrypted_key}"},
    ),
    Case(
        "a client's key without a certificate",
        *("client_key_file is given without its", "target.client_cert_file", "set --target.client"),
        one("client_key_file: k.pem", url=_HTTPS),
    ),
)
