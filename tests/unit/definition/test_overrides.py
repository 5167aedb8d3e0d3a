"""Settings of the command line that no file could hold."""

from __future__ import annotations

import pytest

from dots_cli.definition.overrides import variables_by_service
from dots_cli.errors import UsageError


def test_a_value_that_is_not_utf8_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"--set pv\.A: the value is not UTF-8"):
        variables_by_service(["pv.A=\udcff"], ["pv"])
