"""Configuration files that are no YAML, no settings or not there."""

from .case import CHECK, CONFIG_CHECK, FOLDER, SECRET, START, Case, line, one

DOCUMENTS = (
    Case(
        "a key that is indented less",
        *(
            "the indentation is wrong",
            "{file}, line 3",
            "the same number of spaces as the line above",
        ),
        f"target:\n  password: {SECRET}\n url: http://10.0.0.5\n",
    ),
    Case(
        "a key that is indented more",
        *(
            "the indentation is wrong",
            "{file}, line 3",
            "the same number of spaces as the line above",
        ),
        f"target:\n  password: {SECRET}\n    url: http://10.0.0.5\n",
    ),
    Case(
        "a tab",
        *("a tab stands where only spaces may", "{file}, line 2", "indent with spaces"),
        f"target:\n\tpassword: {SECRET}\n",
    ),
    Case(
        "a colon without its space",
        *("a colon stands where none may", "{file}, line 3", "with a space after each colon"),
        "target:\n  url:http://10.0.0.5\n  account: admin\n",
    ),
    Case(
        "an open quote",
        *("a quote is never closed", "{file}, line 3", "close it"),
        f"target:\n  url: http://10.0.0.5\n  password: '{SECRET}\n",
    ),
    Case(
        "an open bracket",
        *("a bracket is never closed", "{file}, line 3", "close it"),
        f"target:\n  url: http://10.0.0.5\n  conditions: [{SECRET}\n",
    ),
    Case(
        "a value that begins with a sign of YAML",
        *("is not usable YAML", "{file}, line 2", "quote a value that begins with one of"),
        f"target:\n  password: @{SECRET}\n",
    ),
    Case(
        "a tag",
        *("a value begins with !", "{file}, line 2", "quote the value"),
        f"target:\n  password: !vault {SECRET}\n",
    ),
    Case(
        "two documents",
        *("a second document follows", "{file}, line 2", "remove the line ---"),
        "target: {}\n---\ntarget: {}\n",
    ),
    Case(
        "a key twice",
        *("a key is repeated here", "{file}, line 5", "keep one of them"),
        one("url: http://10.0.0.6"),
    ),
    Case(
        "a list",
        *("must be a mapping of settings", "{file}", "begin it with target: or targets:"),
        "- target\n",
    ),
    Case("an empty file", *("is empty", "{file}", "write target: or targets: into it"), ""),
    Case(
        "nothing but comments",
        *("is empty", "{file}", "the command config prints an example"),
        "# target:\n#   url: http://10.0.0.5\n",
    ),
    Case(
        "no target in the file",
        *("has no target", "{file}", "write target: or targets: into it"),
        "log: {level: info}\n",
    ),
    Case(
        "no target anywhere",
        *("there is nothing to poll", "target", "set --target.url, or ZSTACK_EXPORTER_TARGET__URL"),
    ),
    Case(
        "bytes that are no text",
        *("is not text in UTF-8", "{file}", "save it as UTF-8"),
        b"target: {account: \xff\xfe}\n",
    ),
    Case(
        "a file that is not there",
        *("no such file", "config.file {folder}/other.yaml", "name a file that the exporter can"),
        flags=("--config.file", "{folder}/other.yaml"),
    ),
    Case(
        "a folder",
        *("is a directory", "config.file {folder}/conf", "name a file that the exporter can read"),
        flags=("--config.file", "{folder}/conf"),
        files={"conf": FOLDER},
    ),
    Case(
        "a file that names another",
        *("cannot name another file", "{file}", "remove config.file from this one"),
        one() + "config: {file: other.yaml}\n",
    ),
    Case(
        "a target that is a text",
        *("must be a mapping of settings", line(1), "one a line and indented"),
        "target: http://10.0.0.5:8080\n",
    ),
    Case(
        "targets in a list",
        *("must be a mapping of names", line(1, "targets"), "targets: {NAME: {url: http://"),
        f"targets:\n  - url: http://10.0.0.5\n    password: {SECRET}\n",
    ),
    Case(
        "one target below targets",
        *(
            "where a target's name belongs",
            line(2, "targets.url"),
            "write target: for one platform",
        ),
        "targets:\n  url: http://10.0.0.5\n",
    ),
    Case(
        "targets without any",
        *("must not be empty", line(1, "targets"), "write at least one below it"),
        "targets: {}\n",
    ),
    Case(
        "a name that no target can have",
        *("is not a name that a target can have", line(2, 'targets."prod/east"'), "without / or @"),
        "targets:\n  prod/east: {url: http://10.0.0.5, account: a, password_file: secret}\n",
    ),
    Case(
        "a name that is a URL",
        *("is not a name that a target can have", "in {file}, line 2", "neither a URL nor host"),
        f"targets:\n  'http://admin:{SECRET}@10.0.0.5': {{account: a, password_file: secret}}\n",
    ),
    Case(
        "one target beside several",
        *("is given together with targets", line(1), "keep only one of the two"),
        one() + "targets: {lab: {url: http://10.0.0.5, account: a, password_file: secret}}\n",
    ),
    Case(
        "a wrong value of one of several targets",
        *("is not a duration", line(3, "targets.lab.interval"), "write it like 30s"),
        "targets:\n  lab: {url: http://10.0.0.5, account: a, password_file: secret,\n"
        "    interval: soon}\n",
    ),
    *(
        Case(
            f"a part of a configuration as a targets file, {modes[0]}",
            *("does not stand in a targets file", "targets (in {folder}/t.yml, line 1)", "indent"),
            "targets_files: ['*.yml']\nweb: {listen_address: ['127.0.0.1:0']}\n",
            files={"t.yml": "targets:\n  a: {url: http://10.0.0.5, account: a, password: b}\n"},
            modes=modes,
            lines=lines,
        )
        for modes, lines in (((CHECK,), 2), ((CONFIG_CHECK, START), 1))  # 2: so there is no target
    ),
)
