"""Sources that cannot be fetched: each with its place, all in one error."""

from __future__ import annotations

from pathlib import Path

import pytest

from dots_cli.definition.fetching import fetched
from dots_cli.definition.git_source import GitSource
from dots_cli.definition.model import Service
from dots_cli.errors import DotsError, EnvironmentFailure, InputError
from tests.unit.plan.planning import definition_of, service

GIT = GitSource("https://there/repository", "v9")
TYPO = InputError("there is no revision 'v9'", "Correct it.")
OFFLINE = EnvironmentFailure("the host cannot be reached", "Check the network.")


def fetch(**errors: DotsError) -> DotsError:
    """What fetching the sources of these services, from line 4 on, ends with."""
    services = [
        service(name, "PVInstallation", line=line, source=None, git=GIT)
        for line, name in enumerate(errors, 4)
    ]

    def fail(which: Service, _: GitSource) -> tuple[Path, str]:
        raise errors[which.name]

    with pytest.raises(DotsError) as caught:
        fetched(definition_of(*services), list(errors), fail)
    return caught.value


def test_the_definitions_mistakes_are_its_problems() -> None:
    error = fetch(pv=TYPO, grid=TYPO)
    assert isinstance(error, InputError)
    assert error.message == "the sources of 2 services cannot be fetched"
    assert [problem.place for problem in error.problems] == ["services.yaml:4", "services.yaml:5"]


def test_a_failure_of_the_network_is_told_with_its_place() -> None:
    error = fetch(pv=OFFLINE)
    assert isinstance(error, EnvironmentFailure)
    assert error.message == "services.yaml:4: service 'pv': the host cannot be reached"
    assert error.hint == "Check the network."


def test_a_failure_of_the_network_among_mistakes_makes_all_one_of_the_machine() -> None:
    error = fetch(pv=TYPO, grid=OFFLINE)
    assert isinstance(error, EnvironmentFailure)
    assert error.message.splitlines() == [
        "2 sources of services cannot be fetched:",
        "- services.yaml:4: service 'pv': there is no revision 'v9'",
        "- services.yaml:5: service 'grid': the host cannot be reached",
    ]
    assert error.hint == "Correct it; Check the network"
