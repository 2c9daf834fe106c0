"""What is counted of polling one target."""

from exporter.metrics.target_telemetry import DIFFERENT_ERRORS, OTHER, TargetTelemetry

ASK, LOG_IN = "QueryModelService", "LogInByAccount"


def test_requests_are_counted_by_status_or_as_without_an_answer() -> None:
    telemetry = TargetTelemetry()
    for status in (200, 503, None, 200, None):
        telemetry.requested(ASK, status, 0.1)
    telemetry.requested(LOG_IN, 200, 0.1)
    assert telemetry.requests == {
        (ASK, "200"): 2,
        (ASK, "503"): 1,
        (ASK, "none"): 2,
        (LOG_IN, "200"): 1,
    }


def test_logins_are_counted_by_result() -> None:
    telemetry = TargetTelemetry()
    for success in (True, False, True, True, False):
        telemetry.logged_in(success=success)
    assert telemetry.logins == {"success": 3, "failure": 2}


def test_polls_are_counted_by_outcome_and_those_that_were_skipped_beside_them() -> None:
    telemetry = TargetTelemetry()
    telemetry.polled("success", 1.0)
    telemetry.polled("failure", 2.0)
    telemetry.skipped_polls(2)
    telemetry.skipped_polls(3)
    assert telemetry.polls == {"success": 1, "failure": 1, "skipped": 5}
    assert telemetry.poll_seconds.distribution.sum == 3.0


def test_so_many_codes_have_series_of_their_own_and_any_further_one_is_other() -> None:
    telemetry = TargetTelemetry()
    for number in range(DIFFERENT_ERRORS + 2):
        telemetry.failed(ASK, "rejected", f"CODE.{number}")
    telemetry.failed(ASK, "rejected", "CODE.0")
    telemetry.failed(ASK, "rejected", f"CODE.{DIFFERENT_ERRORS - 1}")
    counted = {code: count for (_, _, code), count in telemetry.errors.items()}
    assert len(counted) == DIFFERENT_ERRORS + 1
    assert counted[OTHER] == 2
    assert counted["CODE.0"] == counted[f"CODE.{DIFFERENT_ERRORS - 1}"] == 2
    assert f"CODE.{DIFFERENT_ERRORS}" not in counted
