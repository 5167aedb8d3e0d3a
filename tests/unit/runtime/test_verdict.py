"""How a run ended, decided from what was seen of it."""

from __future__ import annotations

import pytest

from dots_cli.errors import EnvironmentFailure, ExitCode, InputError
from dots_cli.runtime.verdict import SETTLE, Judge

MODELS = ("pv-1", "house-1")


def judge() -> Judge:
    return Judge(MODELS)


def finish(j: Judge, now: float = 10.0) -> None:
    j.simulation_reached_its_end()
    j.conductor_process_ended(0, now)
    for model in MODELS:
        j.model_ended(model, 0, now)
    j.settle(now + SETTLE)


def test_a_run_whose_models_all_reach_the_end_and_exit_0_has_succeeded() -> None:
    j = judge()
    finish(j)
    assert j.verdict is not None
    assert (j.verdict.verdict, j.verdict.exit_code) == ("succeeded", 0)


def test_a_run_is_not_over_while_a_model_still_writes() -> None:
    j = judge()
    j.simulation_reached_its_end()
    j.conductor_process_ended(0, 1.0)
    j.model_ended("pv-1", 0, 1.0)
    j.settle(99.0)
    assert j.verdict is None


def test_a_stop_while_models_write_takes_nothing_from_a_run_that_ends_whole() -> None:
    j = judge()
    j.simulation_reached_its_end()
    j.conductor_process_ended(0, 1.0)
    j.stop_requested("interrupted")
    j.model_ended("pv-1", 0, 1.0)
    assert j.verdict is not None
    assert (j.verdict.verdict, j.verdict.exit_code) == ("stopped", 130)
    j.model_ended("house-1", 0, 2.0)
    assert (j.verdict.verdict, j.verdict.exit_code) == ("succeeded", 0)


@pytest.mark.parametrize(("code", "forced"), [(0, True), (-15, True), (1, False)])
def test_a_run_whose_writers_were_cut_off_by_a_stop_was_stopped(code: int, forced: bool) -> None:
    j = judge()
    j.simulation_reached_its_end()
    j.conductor_process_ended(0, 1.0)
    j.stop_requested("stopped")
    j.model_ended("pv-1", code, 1.0, forced=forced)
    j.model_ended("house-1", 0, 1.0)
    assert j.verdict is not None
    assert (j.verdict.verdict, j.verdict.exit_code) == ("stopped", 10)


def test_a_stop_while_models_write_does_not_hide_what_the_store_refused() -> None:
    j = judge()
    j.simulation_reached_its_end()
    j.stop_requested("stopped")
    j.store_refused("bad point", "pv-1")
    finish(j)
    assert j.verdict is not None
    assert (j.verdict.cause, j.verdict.model) == ("store", "pv-1")


def test_a_model_that_exits_with_another_code_is_at_fault_at_once_and_by_name() -> None:
    j = judge()
    j.model_ended("pv-1", 3, 1.0)
    assert j.verdict is not None
    assert (j.verdict.verdict, j.verdict.model) == ("failed", "pv-1")
    assert j.verdict.exit_code == ExitCode.MODEL
    assert j.verdict.message == "pv-1 exited with code 3"


def test_a_killed_model_is_said_to_be_killed() -> None:
    j = judge()
    j.model_ended("pv-1", -9, 1.0)
    assert j.verdict is not None
    assert j.verdict.message == "pv-1 was killed (SIGKILL)"


def test_a_model_that_exits_0_before_the_end_has_failed() -> None:
    j = judge()
    j.model_ended("pv-1", 0, 1.0)
    assert j.verdict is None
    j.settle(1.0 + SETTLE)
    assert j.verdict is not None
    assert (j.verdict.verdict, j.verdict.model) == ("failed", "pv-1")
    assert "before the simulated end" in j.verdict.message


def test_a_model_whose_exit_is_seen_just_before_the_word_of_the_end_has_not_failed() -> None:
    j = judge()
    j.model_ended("pv-1", 0, 1.0)
    j.simulation_reached_its_end()
    j.model_ended("house-1", 0, 1.1)
    j.conductor_process_ended(0, 1.1)
    j.settle(5.0)
    assert j.verdict is not None
    assert j.verdict.verdict == "succeeded"


def test_a_model_that_fails_to_write_after_the_end_has_failed() -> None:
    j = judge()
    j.simulation_reached_its_end()
    j.conductor_process_ended(0, 1.0)
    j.model_ended("pv-1", 1, 1.0)
    assert j.verdict is not None
    assert j.verdict.model == "pv-1"


def test_the_first_cause_counts() -> None:
    j = judge()
    j.model_ended("pv-1", 1, 1.0)
    j.model_ended("house-1", -9, 1.1)
    j.conductor_process_ended(1, 1.2)
    j.settle(9.0)
    assert j.verdict is not None
    assert j.verdict.model == "pv-1"


def test_a_model_that_crashed_is_named_although_the_conductor_noticed_its_leaving_first() -> None:
    j = judge()
    j.conductor_failed("early", ["pv-1"], "pv-1 left", "", 1.0)
    j.model_ended("pv-1", 1, 1.1)
    j.settle(9.0)
    assert j.verdict is not None
    assert j.verdict.message == "pv-1 exited with code 1"


@pytest.mark.parametrize(
    ("kind", "outcome", "code"),
    [
        ("join", "timed_out", ExitCode.TIMED_OUT),
        ("stalled", "stalled", ExitCode.STALLED),
        ("wiring", "failed", ExitCode.INPUT),
        ("calculations", "failed", ExitCode.INPUT),
        ("early", "failed", ExitCode.MODEL),
        ("unexpected", "failed", ExitCode.CONDUCTOR),
        ("broker", "failed", ExitCode.CONDUCTOR),
    ],
)
def test_what_the_conductor_says_decides_verdict_and_exit_code(
    kind: str, outcome: str, code: ExitCode
) -> None:
    j = judge()
    j.conductor_failed(kind, ["pv-1"], "why", "what to do", 1.0)
    j.conductor_process_ended(1, 1.0)
    j.settle(1.0 + SETTLE)
    assert j.verdict is not None
    assert (j.verdict.verdict, j.verdict.exit_code) == (outcome, code)
    assert (j.verdict.model, j.verdict.message, j.verdict.hint) == ("pv-1", "why", "what to do")


def test_a_conductor_that_ends_in_the_middle_has_failed() -> None:
    j = judge()
    j.conductor_process_ended(-9, 1.0)
    j.settle(1.0 + SETTLE)
    assert j.verdict is not None
    assert (j.verdict.cause, j.verdict.exit_code) == ("conductor", ExitCode.CONDUCTOR)


def test_a_store_that_ends_has_failed() -> None:
    j = judge()
    j.store_ended(-9)
    assert j.verdict is not None
    assert (j.verdict.cause, j.verdict.exit_code) == ("store", ExitCode.STORE)


def test_data_that_the_store_refused_fail_a_run_whose_models_only_logged_it() -> None:
    j = judge()
    j.store_refused("bad point")
    finish(j)
    assert j.verdict is not None
    assert (j.verdict.cause, j.verdict.exit_code) == ("store", ExitCode.STORE)
    assert "bad point" in j.verdict.message


def test_a_refusal_that_is_heard_after_the_last_model_ended_fails_the_run_all_the_same() -> None:
    j = judge()
    finish(j)
    j.store_refused("bad point", "pv-1")
    assert j.verdict is not None
    assert (j.verdict.cause, j.verdict.model) == ("store", "pv-1")
    assert j.verdict.exit_code == ExitCode.STORE


def test_what_the_store_refused_of_one_model_does_not_explain_the_end_of_another() -> None:
    j = judge()
    j.simulation_reached_its_end()
    j.store_refused("bad point", "pv-1")
    j.model_ended("house-1", 1, 1.0)
    assert j.verdict is not None
    assert j.verdict.message == "house-1 exited with code 1"


def test_a_model_that_fails_over_refused_data_says_why() -> None:
    j = judge()
    j.simulation_reached_its_end()
    j.store_refused("another point", "house-1")
    j.store_refused("bad point", "pv-1")
    j.model_ended("pv-1", 1, 1.0)
    assert j.verdict is not None
    assert j.verdict.message == "pv-1 exited with code 1 after the store refused data: bad point"
    assert "float(value)" in j.verdict.hint


@pytest.mark.parametrize(
    ("reason", "code"), [("interrupted", 130), ("terminated", 143), ("stopped", 10)]
)
def test_a_stopped_run_says_who_stopped_it(reason: str, code: int) -> None:
    j = judge()
    j.stop_requested(reason)  # type: ignore[arg-type]
    j.model_ended("pv-1", -15, 1.0)
    assert j.verdict is not None
    assert (j.verdict.verdict, j.verdict.exit_code) == ("stopped", code)


def test_a_stop_after_the_end_changes_nothing() -> None:
    j = judge()
    finish(j)
    j.stop_requested("interrupted")
    assert j.verdict is not None
    assert j.verdict.verdict == "succeeded"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EnvironmentFailure("no Python 3.13"), ExitCode.ENVIRONMENT),
        (InputError("nothing to install"), ExitCode.INPUT),
        (RuntimeError("ours"), ExitCode.BUG),
    ],
)
def test_what_prevents_the_start_decides_the_exit_code(error: Exception, code: ExitCode) -> None:
    j = judge()
    j.could_not_start(error)
    assert j.verdict is not None
    assert j.verdict.exit_code == code


def test_a_full_disk_outranks_the_model_that_failed_of_it() -> None:
    j = judge()
    j.model_ended("pv-1", 1, 1.0)
    j.machine_failed("the disk is full", "free space")
    assert j.verdict is not None
    assert (j.verdict.cause, j.verdict.exit_code) == ("environment", ExitCode.ENVIRONMENT)


def test_an_external_model_that_ends_before_it_joins_may_come_again() -> None:
    j = Judge(MODELS, external=["house-1"])
    assert j.may_come_again("house-1")
    assert not j.may_come_again("pv-1")
    j.model_ended("house-1", 0, 1.0)
    j.settle(99.0)
    assert j.verdict is None
    j.models_joined(MODELS)
    finish(j)
    assert j.verdict is not None
    assert j.verdict.verdict == "succeeded"


def test_an_external_model_that_ends_after_it_has_joined_has_failed() -> None:
    j = Judge(MODELS, external=["house-1"])
    j.models_joined(["house-1"])
    j.model_ended("house-1", 0, 1.0, "nobody knows its exit code")
    j.settle(1.0 + SETTLE)
    assert j.verdict is not None
    assert (j.verdict.verdict, j.verdict.model) == ("failed", "house-1")
    assert j.verdict.message == "house-1 ended before the simulated end"


def test_a_run_waits_for_an_external_model_to_end() -> None:
    j = Judge(MODELS, external=["house-1"])
    j.models_joined(MODELS)
    j.simulation_reached_its_end()
    j.conductor_process_ended(0, 1.0)
    j.model_ended("pv-1", 0, 1.0)
    j.settle(999.0)
    assert j.verdict is None
    j.model_ended("house-1", 0, 1000.0)
    assert j.verdict is not None
