"""The known name that is nearest to a misspelt one."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """The known name that differs least, in its letters and not in their case; None if all do.

    `likeness` is that of `difflib.SequenceMatcher`: 1 for the same letters.
    """
    by_letters = {each.casefold(): each for each in known}
    near = get_close_matches(name.casefold(), by_letters, n=1, cutoff=likeness)
    return by_letters[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """A question with the nearest known name; empty where none is near.

    `prefix` was cut off both, since every name would look near with it, and is put back here.
    """
    near = nearest(name, known)
    return "" if near is None else f"did you mean {prefix}{near}?"
