"""What the platform's APIs do, one function each; queries are in `queries`."""

from datetime import datetime
from http import HTTPStatus
from uuid import uuid4
from zoneinfo import ZoneInfo

from . import login
from .answers import Answer, ApiError, Refusal, reply
from .call import Call
from .callers import caller
from .cloud import Cloud, Job
from .wire import html_safe_json

_VERSIONS = {"5.2.1": "5.2.1", "5.3.20": "5.3.20", "5.5": "5.5.28"}


def change_something(cloud: Cloud, call: Call) -> Answer:
    """Any API that would add, alter or delete; here it changes nothing.

    Parameters are checked before the session is.
    """
    account = caller(cloud, call)
    if not call.members():
        raise ApiError("SYS.1007", "field[uuids] of message is mandatory, can not be null")
    account()
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
    """Success: a request that gets here is served."""
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
