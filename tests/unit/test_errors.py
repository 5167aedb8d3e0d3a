"""Several failures told as one."""

from __future__ import annotations

from dots_cli.errors import DotsError, EnvironmentFailure, InputError, all_in_one

WHAT = "services cannot be made ready"


def test_several_failures_are_one_with_a_line_for_each_and_every_remedy_once() -> None:
    errors = [
        EnvironmentFailure("no network", "Check the proxy."),
        InputError("nothing to install"),
        EnvironmentFailure("no network either", "Check the proxy."),
        EnvironmentFailure("no Python", "install it"),
    ]
    told = all_in_one(errors, WHAT)
    assert isinstance(told, EnvironmentFailure)
    assert told.message.splitlines() == [
        f"4 {WHAT}:",
        "- no network",
        "- nothing to install",
        "- no network either",
        "- no Python",
    ]
    assert told.hint == "Check the proxy; install it"


def test_mistakes_of_the_user_alone_are_bad_input() -> None:
    told = all_in_one([InputError("this"), InputError("that")], WHAT)
    assert isinstance(told, InputError)


def test_one_failure_is_told_as_it_is() -> None:
    alone = OSError(28, "full")
    assert all_in_one([alone], WHAT) is alone


def test_a_failure_of_the_system_among_others_is_one_of_the_machine() -> None:
    told = all_in_one([InputError("this"), OSError(28, "full")], WHAT)
    assert isinstance(told, EnvironmentFailure)
    assert "full" in told.message


def test_a_bug_is_never_told_as_something_else() -> None:
    bug = ValueError("ours")
    told = all_in_one([EnvironmentFailure("no network"), bug], WHAT)
    assert told is bug
    assert not isinstance(told, DotsError)
    assert "no network" in "".join(told.__notes__)
