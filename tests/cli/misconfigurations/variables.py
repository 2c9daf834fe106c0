"""Variables whose names are nearly those of settings."""

from .case import SECRET, Case, here, one

_URL = "did you mean ZSTACK_EXPORTER_TARGET__URL?"

VARIABLES = (
    *(
        Case(
            f"the url as {name}",
            *("is not read", name, _URL),
            flags=("--target.account", "admin", "--target.password-file", "{folder}/secret"),
            variables={name: f"http://{SECRET}"},
            lines=2,  # so there is no url
        )
        for name in (
            "ZSTACK_EXPORTERTARGET__URL",
            "ZSTACK_AIOS_EXPORTER_TARGET__URL",
            "zstack_exporter_target__url",
            "ZSTACK_AIOS_TARGET__URL",
        )
    ),
    Case(
        "the url with one underscore",
        *("is not a setting", "ZSTACK_EXPORTER_TARGET_URL", _URL),
        flags=("--target.account", "admin", "--target.password-file", "{folder}/secret"),
        variables={"ZSTACK_EXPORTER_TARGET_URL": f"http://{SECRET}"},
        lines=2,
    ),
    Case(
        "a password under the command's name",
        *("is not read", "AIOS_EXPORTER_TARGET__PASSWORD", "ZSTACK_EXPORTER_TARGET__PASSWORD?"),
        here(),
        variables={"ZSTACK_AIOS_EXPORTER_TARGET__PASSWORD": SECRET},
        platform="zstack",
    ),
    Case(
        "a misspelt setting under the command's name",
        *(
            "is not read",
            "ZSTACK_AIOS_EXPORTER_LOG_LEVL",
            "did you mean ZSTACK_EXPORTER_LOG__LEVEL?",
        ),
        here(),
        variables={"ZSTACK_AIOS_EXPORTER_LOG_LEVL": "debug"},
        platform="zstack",
    ),
    Case(
        "a target of several in a variable",
        *("is not a setting", "TARGETS__LAB__URL", "several targets can only be set in the file"),
        one(),
        variables={"ZSTACK_EXPORTER_TARGETS__LAB__URL": f"http://{SECRET}"},
    ),
    Case(
        "a number in a variable",
        *("must be a whole number", "(ZSTACK_EXPORTER_TARGET__PAGE_SIZE)", "write digits alone"),
        one(),
        variables={"ZSTACK_EXPORTER_TARGET__PAGE_SIZE": SECRET},
    ),
)
