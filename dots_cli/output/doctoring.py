"""What `dots doctor` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from dots_cli.output import console
from dots_cli.output.words import plural
from dots_cli.runs.findings import Finding

_MARKS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "problem": ("problem", "bold red")}


def print_findings(findings: Sequence[Finding]) -> None:
    """A line for each finding, what to do below it, and how many problems there are."""
    from rich.text import Text

    section = ""
    out = console.result()
    for finding in findings:
        if finding.section != section:
            section = finding.section
            out.print(Text(section, style="bold"), soft_wrap=True)
        word, style = _MARKS[finding.grade]
        line = Text.assemble("  ", (f"{word:<8}", style), f"{finding.about:<13} ", finding.what)
        out.print(line, soft_wrap=True)
        if finding.hint:
            out.print(Text(f"  {'':<8}{'':<13} {finding.hint}"), soft_wrap=True)
    count = sum(finding.grade == "problem" for finding in findings)
    if count:
        console.say(f"{plural(count, 'problem')} found.")


def print_data(findings: Sequence[Finding], *, well: bool) -> None:
    """All of it for a program."""
    console.print_json({"ok": well, "findings": [asdict(finding) for finding in findings]})
