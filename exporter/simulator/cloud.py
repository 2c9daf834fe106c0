"""The state of a platform: every setting, everything it remembers. No HTTP in here."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple

from .accounts import EXAMPLE_KEY_ID, EXAMPLE_KEY_SECRET, AccessKey, Account, Session
from .centers import CENTERS, SHIPPED, Centers
from .deployments import deployed
from .estate import Estate
from .faults import Fault
from .groups import GROUPS, Groups
from .inventory import Inventory, Json, Profile, Projection
from .life import Life, Platform
from .query import Query
from .records import Records
from .selection import Selections
from .wire import DateStyle, java_date, record_json

_REQUESTS_KEPT = 10_000
_RECORDS_KEPT = 1 << 17
_OLD_RECORDS_KEPT = 100
_SERVICES_PER_GROUP = 5


class SeenRequest(NamedTuple):
    """A request as the platform remembers it; `status` is None where nothing was answered."""

    time: float
    method: str
    path: str
    query: str
    status: int | None
    operation: str


@dataclass(slots=True)
class Job:
    """An asynchronous API on its way: so many polls find it running, then its reply is ready."""

    members: dict[str, Json]
    polls_left: int = 1


@dataclass(eq=False)
class Cloud:
    """A ZStack with AIOS. Fields may be changed while it serves.

    services, seed      the estate to grow; one of your own can be put into `estate` later
    instance_groups     how many `groups` to deploy; None is one for every five services
    model_centers       how many `centers` there are
    profile             the release to imitate: 5.2.1, 5.3.20 or 5.5
    time_zone           IANA name of the server's zone: dates, and the clock of access keys
    date_style          the Java that prints dates: jdk8, jdk9 or jdk20
    accounts            by name; `admin` with `password` to begin with
    access_keys         by id; to begin with the pair of ZStack's documentation, for `admin`
    session_timeout     seconds; slides with every call
    max_sessions        per account; the login above it fails
    unique_session      a login ends the account's other sessions
    lock_after          failures in a row that lock an account, None for never
    lock_seconds        how long
    captcha             (uuid, code) that a login must carry, None for no captcha
    captcha_after       failures after which it is asked for
    two_factor          every login is asked for a second factor
    check_time_zone     access keys: heed the zone of `Date`; by default it is overlooked, and the
                        figures are compared with the server's local time
    rate_limit          requests a minute and client; None is the release's own: none in 5.2.1,
                        12,000 from 5.3.20 on
    stable_order        unsorted queries keep one order; MySQL promises none, nor do we
    ready               whether the management node has started
    aios                whether AIOS is installed, that is its paths registered
    internal_address    host and port that `location` of a job names, seldom the one called
    now                 the clock, Unix seconds
    """

    services: InitVar[int] = 100
    instance_groups: InitVar[int | None] = None
    model_centers: InitVar[int] = SHIPPED
    seed: int = 1
    profile: Profile = "5.5"
    time_zone: str = "Asia/Shanghai"
    date_style: DateStyle = "jdk8"
    accounts: dict[str, Account] = field(
        default_factory=lambda: {"admin": Account("admin", "password")}
    )
    access_keys: dict[str, AccessKey] = field(
        default_factory=lambda: {
            EXAMPLE_KEY_ID: AccessKey(EXAMPLE_KEY_ID, EXAMPLE_KEY_SECRET, "admin")
        }
    )
    session_timeout: float = 7200.0
    max_sessions: int = 500
    unique_session: bool = False
    lock_after: int | None = None
    lock_seconds: float = 600.0
    captcha: tuple[str, str] | None = None
    captcha_after: int = 0
    two_factor: bool = False
    check_time_zone: bool = False
    rate_limit: int | None = None
    stable_order: bool = False
    ready: bool = True
    aios: bool = True
    internal_address: str = "172.20.0.11:8080"
    now: Callable[[], float] = time.time

    estate: Estate = field(init=False)
    groups: Groups = field(init=False)
    centers: Centers = field(init=False)
    faults: list[Fault] = field(default_factory=list)

    # What it remembers.
    sessions: dict[str, Session] = field(default_factory=dict, init=False)
    jobs: dict[str, Job] = field(default_factory=dict, init=False)
    failed_logins: Counter[str] = field(default_factory=Counter, init=False)
    locked_until: dict[str, float] = field(default_factory=dict, init=False)
    recent_calls: dict[str, deque[float]] = field(default_factory=dict, init=False)

    # What a test may count: the newest requests, and all of them by operation and by status.
    requests: deque[SeenRequest] = field(
        default_factory=lambda: deque(maxlen=_REQUESTS_KEPT), init=False
    )
    operations: Counter[str] = field(default_factory=Counter, init=False)
    statuses: Counter[int | None] = field(default_factory=Counter, init=False)
    # Requests that could have changed or deleted something on a real platform.
    trap_hits: list[SeenRequest] = field(default_factory=list, init=False)

    def __post_init__(self, services: int, instance_groups: int | None, model_centers: int) -> None:
        number = services // _SERVICES_PER_GROUP if instance_groups is None else instance_groups
        self.centers = Centers.grown(model_centers, self.seed)
        self.estate = Estate.grown(services, self.seed, tuple(self.centers))
        self.groups = Groups(deployed(tuple(self.estate.values()), number, self.seed))
        self.random = Random(self.seed)  # noqa: S311 - no secrets in here
        self._selections = Selections()
        self._life = Life(self._platform, self.seed)
        self._rendered = lru_cache(_RECORDS_KEPT)(_render)

    @property
    def _platform(self) -> Platform:
        return Platform(self.estate, self.groups, self.centers)

    def evolve(self, steps: int = 1) -> None:
        """Let the platform live: services come and go, groups start and fail, centers fill."""
        for _ in range(steps):
            self._life.step(self._platform, self.now())
        records = len(self.estate) + len(self.groups) + len(self.centers)
        if self._rendered.cache_info().currsize > _OLD_RECORDS_KEPT + 2 * records:
            self._rendered.cache_clear()  # most of it are records that were removed

    def records(self, operation: str) -> Records[Any]:
        """What the operation is about: groups, model centers, for any other one the services."""
        lists: dict[str, Records[Any]] = {
            GROUPS.operation: self.groups,
            CENTERS.operation: self.centers,
        }
        return lists.get(operation, self.estate)

    def strike(self, operation: str, path: str, start: int) -> list[Fault]:
        """The faults that this request meets; those that are over are dropped."""
        now = self.now()
        self.faults[:] = [fault for fault in self.faults if not fault.is_spent(now)]
        return [fault for fault in self.faults if fault.strikes(operation, path, start, now)]

    def select(self, inventory: Inventory, query: Query, account: Account) -> tuple[Any, ...]:
        """All records that the query means and the account may see."""
        return self._selections.matching(
            self.records(inventory.operation),
            inventory,
            query,
            profile=self.profile,
            time_zone=self.time_zone,
            sees=account.sees,
        )

    def record(self, record: Any, chosen: Projection) -> tuple[bytes, ...]:
        """The record as JSON, in pieces; rendered once for each of its versions."""
        return self._rendered(record, chosen, self.time_zone, self.date_style)

    def date(self, seconds: float) -> str:
        """The moment as this platform writes it."""
        return java_date(seconds, self.time_zone, self.date_style)


def _render(
    record: Any,
    chosen: Projection,
    time_zone: str,
    date_style: DateStyle,
) -> tuple[bytes, ...]:
    def date(seconds: float) -> str:
        return java_date(seconds, time_zone, date_style)

    return record_json(chosen.json(record, date))
