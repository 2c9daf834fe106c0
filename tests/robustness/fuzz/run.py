"""One target under libFuzzer, in a process of its own.

`python -m tests.robustness.fuzz.run page CORPUS …`
"""

import sys

import atheris

with atheris.instrument_imports(include=["exporter", "json", "yaml"]):
    from .targets import TARGETS

if __name__ == "__main__":
    program, name, *options = sys.argv
    atheris.Setup([program, *options], TARGETS[name])
    atheris.Fuzz()
