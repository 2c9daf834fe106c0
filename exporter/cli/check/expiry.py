"""When a certificate expires."""

import time
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

DAYS: Final = 30
"""A certificate that ends sooner is worth a warning."""

_DAY: Final = 86400


@dataclass(frozen=True, slots=True)
class CertificateExpiry:
    """The end of a certificate, and the days until then."""

    end: float
    """Unix time."""
    days: int

    @classmethod
    def at(cls, end: float) -> "CertificateExpiry":
        return cls(end, int((end - time.time()) // _DAY))

    @property
    def has_passed(self) -> bool:
        return self.days < 0

    @property
    def is_near(self) -> bool:
        return self.days < DAYS

    @override
    def __str__(self) -> str:
        """`ends on 2027-01-31, in 68 days`."""
        date = time.strftime("%Y-%m-%d", time.gmtime(self.end))
        if self.has_passed:
            return f"ended on {date}"
        return f"ends on {date}, in {self.days} {'day' if self.days == 1 else 'days'}"
