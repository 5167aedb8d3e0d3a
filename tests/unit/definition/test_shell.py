from __future__ import annotations

import os
import shlex

import pytest

from dots_cli.definition.shell import command


def test_plain_words_stand_as_they_are() -> None:
    assert command("run", "scenario.esdl", "--runtime", "process") == (
        "dots run scenario.esdl --runtime process"
    )


@pytest.mark.skipif(os.name == "nt", reason="cmd and PowerShell have rules of their own")
@pytest.mark.parametrize("word", ["ini3 x/scenario.esdl", "it's # x", "$HOME", "", "ü*"])
def test_a_shell_reads_the_words_that_were_given(word: str) -> None:
    assert shlex.split(command("run", word)) == ["dots", "run", word]
