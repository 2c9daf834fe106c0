"""What the platform's APIs do, one function each."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from uuid import uuid4
from zoneinfo import ZoneInfo

from . import login
from .accounts import Account
from .answers import Answer, ApiError, Refusal, reply
from .call import Call
from .cloud import Cloud, Job
from .inventory import Json, ModelService, Projection
from .query import Condition, Query, parse
from .selection import INVENTORY_CLASS, projection
from .signature import signed_account
from .wire import html_safe_json

_REF_CLASS = "org.zstack.ai.entity.ModelServiceRefInventory"
_IMAGE_CLASS = "org.zstack.ai.entity.ModelServiceImageInventory"
_VERSIONS = {"5.2.1": "5.2.1", "5.3.20": "5.3.20", "5.5": "5.5.28"}


def query_model_services(cloud: Cloud, call: Call) -> Answer:
    """Model services by condition."""
    account = caller(cloud, call)
    return services_reply(cloud, parse(call.query), account())


def get_model_service(cloud: Cloud, call: Call) -> Answer:
    """The one service: a query that heeds nothing but its uuid and finds one or none."""
    account = caller(cloud, call)
    return services_reply(cloud, Query((Condition("uuid", "=", call.uuid),)), account())


def query_nothing(cloud: Cloud, call: Call) -> Answer:
    """Sibling resources, of which this platform has none."""
    account = caller(cloud, call)
    query = parse(call.query)
    account()
    members: dict[str, Json] = {} if query.count else {"inventories": []}
    if query.count or query.reply_with_count:
        members["total"] = 0
    return reply(members | {"schema": {}})


def change_something(cloud: Cloud, call: Call) -> Answer:
    """Any API that would add, alter or delete; nothing comes of it here."""
    caller(cloud, call)()
    if not call.members():
        raise ApiError("SYS.1007", "field[uuids] of message is mandatory, can not be null")
    raise ApiError("SYS.1014", "the simulator only reads")


def log_in_by_account(cloud: Cloud, call: Call) -> Answer:
    """A session for an account and the digest of its password."""
    session = login.log_in(cloud, call.action("logInByAccount"))
    return reply({"inventory": login.session_inventory(cloud, session)})


def log_out(cloud: Cloud, call: Call) -> Answer:
    """The end of a session; that of one that is gone succeeds too."""
    cloud.sessions.pop(call.uuid, None)
    return reply({})


def validate_session(cloud: Cloud, call: Call) -> Answer:
    """Whether a session lives."""
    return reply({"valid": login.is_valid(cloud, call.uuid)})


def renew_session(cloud: Cloud, call: Call) -> Answer:
    """A longer life for a session: asynchronous, so the reply is where to ask for the result."""
    caller(cloud, call)()
    session = login.use(cloud, call.uuid)
    duration = call.action("renewSession").get("duration")
    if isinstance(duration, int):
        session.expires = cloud.now() + duration
    job = uuid4().hex
    cloud.jobs[job] = Job({"inventory": login.session_inventory(cloud, session)})
    location = f"http://{cloud.internal_address}/zstack/v1/api-jobs/{job}"
    return Answer(HTTPStatus.ACCEPTED, html_safe_json({"location": location}))


def query_job(cloud: Cloud, call: Call) -> Answer:
    """What became of an asynchronous API."""
    if call.method != "GET":
        message = "only GET method is allowed for querying job status"
        raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message)
    job = cloud.jobs.get(call.uuid)
    if job is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "the job has been expired")
    if job.polls_left:
        job.polls_left -= 1
        return Answer(HTTPStatus.ACCEPTED)
    return reply(job.members)


def is_ready(_cloud: Cloud, _call: Call) -> Answer:
    """Success: whoever gets here is served."""
    return reply({})


def platform_time_zone(cloud: Cloud, call: Call) -> Answer:
    """The zone of every date in every reply."""
    caller(cloud, call)()
    offset = f"{datetime.fromtimestamp(cloud.now(), ZoneInfo(cloud.time_zone)):%z}"
    return reply({"timezone": cloud.time_zone, "offset": f"{offset[:3]}:{offset[3:]}"})


def current_time(cloud: Cloud, _call: Call) -> Answer:
    """The server's clock; the spelling of its first member is the platform's."""
    now = cloud.now()
    return reply({"currentTime": {"MillionSeconds": int(now * 1000), "Seconds": int(now)}})


def version(cloud: Cloud, _call: Call) -> Answer:
    """The release."""
    return reply({"version": _VERSIONS[cloud.profile]})


def caller(cloud: Cloud, call: Call) -> Callable[[], Account]:
    """Read the header now, look the session up later: grammar is checked in between."""
    authorization = call.headers.get("authorization")
    if authorization is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, "missing header 'Authorization'")
    if authorization.startswith("OAuth"):
        uuid = authorization.removeprefix("OAuth").strip()
        return lambda: login.use(cloud, uuid).account
    if authorization.startswith("ZStack"):
        account = signed_account(cloud, call, authorization.removeprefix("ZStack").strip())
        return lambda: account
    raise Refusal(HTTPStatus.BAD_REQUEST, "Authorization type must be 'OAuth'")


def services_reply(cloud: Cloud, query: Query, account: Account) -> Answer:
    """The page of services that the query asks for."""
    chosen = projection(query.fields, cloud.profile)
    if min(query.limit, query.start) < 0:
        raise ApiError("SYS.1000", "You have an error in your SQL syntax")
    matches = cloud.select(query, account)
    if query.count:
        return reply({"total": len(matches), "schema": {}})
    page = _page(cloud, query, matches)
    records = b",".join(b"".join(cloud.record(service, chosen)) for service in page)
    total = f'"total":{len(matches)},' if query.reply_with_count else ""
    tail = f'],{total}"schema":'.encode() + _schema(page, chosen) + b"}"
    return Answer(HTTPStatus.OK, b'{"inventories":[' + records + tail)


def _page(cloud: Cloud, query: Query, matches: tuple[ModelService, ...]) -> list[ModelService]:
    """The page; where no order is asked for, each answer begins its order somewhere else."""
    number = len(matches)
    turn = cloud.random.randrange(number or 1)
    if query.sort is not None or cloud.stable_order:
        turn = 0
    stop = min(query.start + query.limit, number)
    return [matches[(turn + index) % number] for index in range(query.start, stop)]


def _schema(page: list[ModelService], chosen: Projection) -> bytes:
    """Where in the reply which Java class stands."""
    refs, images = chosen.shows("modelServiceRefs"), chosen.shows("modelServiceImages")
    rows = (
        _classes(row, refs * len(service.refs), images * len(service.images))
        for row, service in enumerate(page)
    )
    return b"{" + b",".join(rows) + b"}"


@lru_cache(maxsize=1 << 15)
def _classes(row: int, refs: int, images: int) -> bytes:
    here = f"inventories[{row}]"
    classes: dict[str, Json] = {here: INVENTORY_CLASS}
    classes |= {f"{here}.modelServiceRefs[{index}]": _REF_CLASS for index in range(refs)}
    classes |= {f"{here}.modelServiceImages[{index}]": _IMAGE_CLASS for index in range(images)}
    return html_safe_json(classes)[1:-1]
