"""Loads modules in less time and memory: nearly all of a start is for loading them."""

import gc
import ssl
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def light_loading() -> Iterator[None]:
    """Load modules in this block; call it before threads start."""
    with _without_garbage_collection(), _without_authorities():
        yield


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """It would look through the modules again and again, for a tenth of the time, in vain."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _without_authorities() -> Iterator[None]:
    """Load none of the system's certificate authorities.

    aiohttp does so twice while it is loaded, for requests that come without a TLS context: a tenth
    of the time, and two MiB. All of ours have one. A request without would trust nobody.
    """
    ssl.SSLContext.set_default_verify_paths = _trust_nobody  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        del ssl.SSLContext.set_default_verify_paths  # the method of the base class is found again


def _trust_nobody(_context: ssl.SSLContext) -> None:
    """Stands for SSLContext.set_default_verify_paths."""
