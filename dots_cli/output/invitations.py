"""How a person starts the models that a run does not start itself, in words to copy."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dots_cli.runs.state import RunState
from dots_cli.runtime.events import External


def invitation(external: External) -> list[str]:
    """What to type in a shell, and what to put into VS Code's launch.json, as it stands."""
    return [
        f"{external.model} is yours to start; the run waits for it. In a shell:",
        external.shell,
        "Or in VS Code, among the `configurations` of launch.json, the same for every run:",
        *json.dumps(external.launch, indent=4).splitlines(),
    ]


def waiting_for(state: RunState) -> Iterator[str]:
    """The same for every such model that has not been started yet, while the run goes on."""
    if state.verdict is None and state.phase == "joining":
        for external in state.external:
            if state.model(external.model).state == "external":
                yield ""
                yield from invitation(external)
