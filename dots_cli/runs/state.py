"""What a run is doing, told by its events: one frozen state, and how each event changes it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from dots_cli.runtime import events as happened
from dots_cli.runtime.events import Event, VerdictReached

Phase = Literal[
    "starting",
    "preparing",
    "joining",
    "simulating",
    "paused",
    "stopping",
    "writing",
    "ended",
    "lost",
]
ModelPhase = Literal["not started", "external", "missing", "running", "exited"]


@dataclass(frozen=True)
class ProcessState:
    """A process or container of the run; `code` is negative for a signal, None if not known.

    `started` and `ended` are seconds since 1970; `ended` is None while it runs.
    """

    name: str
    role: str
    handle: str
    started: float
    ended: float | None = None
    code: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class ModelState:
    """A model as `status` shows it: `missing` has not joined yet, `exited` has a `code`.

    An `external` one is to be started by a person; the code of its end is not known, nor is that
    of one that ended when nobody looked.
    """

    name: str
    state: ModelPhase
    code: int | None = None
    pid: str | None = None


@dataclass(frozen=True)
class Preparation:
    """An environment or image that is being made for a service, since seconds since 1970."""

    service: str
    what: str
    since: float


@dataclass(frozen=True)
class RunState:
    """A run at one moment. Wall-clock times in seconds since 1970, simulated ones in seconds.

    `since` is when `phase` began, `seen` when the last event came. `holders` are the federates
    that hold simulated time back since `waiting_since`. `planned_external` are the models that a
    person starts, `external` those of them that can be started by now.
    """

    run_id: str
    name: str | None = None
    scenario: str = ""
    runtime: str = ""
    created: float = 0.0
    start: datetime | None = None
    duration: float | None = None
    phase: Phase = "starting"
    since: float = 0.0
    seen: float = 0.0
    models: tuple[str, ...] = ()
    planned_external: tuple[str, ...] = ()
    external: tuple[happened.External, ...] = ()
    processes: tuple[ProcessState, ...] = ()
    preparing: tuple[Preparation, ...] = ()
    join_phase: int = 0
    joined: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    missing_since: float = 0.0
    simulated: float = 0.0
    holders: tuple[str, ...] = ()
    waiting_since: float | None = None
    stop_reason: str = ""
    verdict: VerdictReached | None = None

    @property
    def done(self) -> float:
        """The part of the simulated time that has passed, 0 to 1."""
        if not self.duration:
            return 0.0
        return min(1.0, max(0.0, self.simulated / self.duration))

    @property
    def date(self) -> datetime | None:
        """The simulated time as a date; None where the start is not known."""
        return None if self.start is None else self.start + timedelta(seconds=self.simulated)

    def process(self, name: str) -> ProcessState | None:
        """The newest process of that name; None before it was started."""
        return next((p for p in reversed(self.processes) if p.name == name), None)

    def model(self, name: str) -> ModelState:
        """What a model is doing."""
        process = self.process(name)
        external = name in self.planned_external or any(e.model == name for e in self.external)
        if process is None:
            return ModelState(name, "external" if external else "not started")
        if process.ended is not None and external:
            return ModelState(name, "exited")
        if process.ended is not None:
            return ModelState(name, "exited", process.code, process.handle)
        absent = self.phase == "joining" and name in {_model_of(m) for m in self.missing}
        return ModelState(name, "missing" if absent else "running", None, process.handle)

    @property
    def running_models(self) -> tuple[str, ...]:
        """Models whose process has not ended."""
        return tuple(m for m in self.models if self.model(m).state in ("missing", "running"))


def planned(plan: dict[str, Any], state: RunState) -> RunState:
    """The state with what `plan.json` says: models, start and duration of the simulation."""
    simulation = plan.get("simulation", {})
    start = simulation.get("start")
    return replace(
        state,
        start=datetime.fromisoformat(start) if start else state.start,
        duration=simulation.get("duration", state.duration),
        models=tuple(model["id"] for model in plan.get("models", ())) or state.models,
        planned_external=tuple(plan.get("external", ())),
        runtime=plan.get("runtime", state.runtime),
    )


def advance(state: RunState, event: Event) -> RunState:
    """The state after an event."""
    changed = _changed(state, event)
    if changed.phase != state.phase:
        changed = replace(changed, since=event.at)
    return replace(changed, seen=event.at)


def without_gone(state: RunState, there: Collection[str]) -> RunState:
    """The state of a run that has no owner any more, of whose processes those are still there.

    Nobody has told the end of the others: their code is not known.
    """
    processes = tuple(
        replace(process, ended=state.seen)
        if process.ended is None and process.name not in there
        else process
        for process in state.processes
    )
    return replace(state, processes=processes)


def _changed(state: RunState, event: Event) -> RunState:
    match event:
        case happened.Progress(simulated=simulated):
            if simulated <= state.simulated:
                return state
            return replace(state, simulated=simulated, holders=(), waiting_since=None)
        case happened.Waiting(simulated=simulated, waited=waited, holders=holders):
            return replace(
                state,
                simulated=max(simulated, state.simulated),
                holders=tuple(holders),
                waiting_since=event.at - waited,
            )
        case happened.RunStarted(runtime=runtime, models=models):
            return replace(
                state, runtime=runtime, models=tuple(models), phase=_forward(state, "preparing")
            )
        case happened.Preparing(service=service, what=what):
            others = tuple(p for p in state.preparing if p.service != service)
            started = next((p.since for p in state.preparing if p.service == service), event.at)
            return replace(
                state,
                preparing=(*others, Preparation(service, what, started)),
                phase=_forward(state, "preparing"),
            )
        case happened.Prepared(service=service):
            left = tuple(p for p in state.preparing if p.service != service)
            return replace(state, preparing=left)
        case happened.External(model=model):
            invited = tuple(item for item in state.external if item.model != model)
            return replace(state, external=(*invited, event), phase=_forward(state, "joining"))
        case happened.ProcessStarted(name=name, role=role, handle=handle):
            process = ProcessState(name, role, handle, event.at)
            phase = _forward(state, "joining") if role == "model" else state.phase
            return replace(state, processes=(*state.processes, process), phase=phase)
        case happened.ProcessEnded():
            return replace(state, processes=_with_end(state.processes, event))
        case happened.Joining(phase=phase, joined=joined, missing=missing, waited=waited):
            return replace(
                state,
                phase=_forward(state, "joining"),
                join_phase=phase,
                joined=tuple(joined),
                missing=tuple(missing),
                missing_since=event.at - waited,
            )
        case happened.Executing():
            return replace(
                state,
                phase=_forward(state, "simulating"),
                missing=(),
                holders=(),
                waiting_since=None,
            )
        case happened.Paused(simulated=simulated):
            return replace(
                state,
                phase=_forward(state, "paused"),
                simulated=max(simulated, state.simulated),
                holders=(),
                waiting_since=None,
            )
        case happened.Resumed():
            resumed = state.phase == "paused"
            return replace(state, phase="simulating" if resumed else state.phase)
        case happened.SimulationEnded():
            return replace(
                state,
                phase=_forward(state, "writing"),
                simulated=state.duration or state.simulated,
                holders=(),
                waiting_since=None,
            )
        case happened.Stopping(reason=reason):
            return replace(
                state,
                phase=_forward(state, "stopping"),
                stop_reason=reason,
                holders=(),
                waiting_since=None,
            )
        case VerdictReached():
            return replace(state, phase="ended", verdict=event)
    return state


_ORDER: tuple[Phase, ...] = (
    "starting",
    "preparing",
    "joining",
    "simulating",
    "paused",
    "writing",
    "stopping",
    "ended",
)


def _forward(state: RunState, phase: Phase) -> Phase:
    """That phase, unless the run is further: events of several parties may cross."""
    if state.phase == "lost" or _ORDER.index(phase) > _ORDER.index(state.phase):
        return phase
    return state.phase


def _model_of(federate: str) -> str:
    """`pv-1` of the federate `pv-1/irradiance`; a model's own name stays."""
    return federate.partition("/")[0]


def _with_end(
    processes: tuple[ProcessState, ...], ended: happened.ProcessEnded
) -> tuple[ProcessState, ...]:
    after = list(processes)
    for index in reversed(range(len(after))):
        if after[index].name == ended.name and after[index].ended is None:
            after[index] = replace(
                after[index], ended=ended.at, code=ended.code, detail=ended.detail
            )
            return tuple(after)
    unseen = ProcessState(ended.name, ended.role, "", ended.at, ended.at, ended.code, ended.detail)
    return (*processes, unseen)
