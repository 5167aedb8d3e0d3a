"""Figures that stand in several rooms because none may import the other, and must agree."""

from __future__ import annotations

from dots_cli.conductor import conduct, settings, watch
from dots_cli.errors import ExitCode
from dots_cli.plan import containers
from dots_cli.render import conductor, stack
from dots_cli.runs import registry, steer
from dots_cli.runtime import ending, guard, launch
from dots_cli.runtime.processes import ports


def test_the_conductor_gives_up_waiting_for_quiet_before_it_is_given_up() -> None:
    assert watch.STOP_PATIENCE + conduct.FAREWELL + conduct.CLOSING < ending.QUIET


def test_whoever_asks_for_an_end_waits_longer_than_one_can_take() -> None:
    forced = ending.TERMINATE + ending.GONE + ending.LINGER
    assert ending.QUIET + ending.WRITE + forced + ending.GONE < steer.POLITE
    assert forced + ending.GONE < steer.AT_ONCE


def test_a_model_in_a_container_may_write_as_long_as_one_that_is_a_process() -> None:
    assert containers.MODEL_GRACE == ending.WRITE


def test_the_settings_are_written_as_the_conductor_reads_them() -> None:
    assert conductor.SETTINGS_FORMAT == settings.FORMAT


def test_a_conductor_alone_in_its_container_has_the_block_that_it_counts_on() -> None:
    assert stack.CONDUCTOR_PORTS == settings.BLOCK == min(zone.size for zone in ports.ZONES)


def test_a_run_may_be_starting_for_as_long_as_its_supervisor_is_waited_for() -> None:
    assert registry.STARTING == launch.READY


def test_a_guard_records_the_exit_code_of_a_lost_supervisor() -> None:
    assert ExitCode.SUPERVISOR.value == guard.SUPERVISOR_EXIT_CODE
