"""Phase 2: one value federate that steps through simulated time as a real service does.

Without inputs it computes once a period; with inputs it asks for the end of time and computes when
all of them have come. The values are made up, but depend on nothing except time, object and inputs.
"""

from __future__ import annotations

import contextlib
import zlib
from dataclasses import dataclass

import helics as h

from . import faults
from .phase1 import federate_info
from .settings import Calculation, Settings


@dataclass(frozen=True)
class Point:
    """One computed value; `at` is in simulated seconds."""

    esdl_id: str
    output: str
    at: float
    value: float


class Runner:
    """A calculation in its federation."""

    def __init__(
        self, settings: Settings, calculation: Calculation, objects: dict[str, list[str]]
    ) -> None:
        self.settings = settings
        self.calculation = calculation
        self.points: list[Point] = []
        self.federate = self._join()
        self.inputs = [
            h.helicsFederateRegisterSubscription(self.federate, key, unit)
            for key, unit in self._input_keys(objects).items()
        ]
        self.outputs = {
            (esdl_id, output.name): h.helicsFederateRegisterGlobalPublication(
                self.federate,
                f"{settings.esdl_type}/{output.name}/{esdl_id}",
                h.HelicsDataType.DOUBLE,
                output.unit,
            )
            for output in calculation.outputs
            for esdl_id in settings.esdl_ids
        }
        if settings.fault.kind == "publish_twice":
            key = f"{settings.esdl_type}/{calculation.outputs[0].name}/{settings.esdl_ids[0]}"
            h.helicsFederateRegisterGlobalPublication(
                self.federate, key, h.HelicsDataType.DOUBLE, ""
            )

    def run(self) -> None:
        """Simulate until the end and leave; exceptions of `faults` pass through."""
        h.helicsFederateEnterExecutingMode(self.federate)
        with contextlib.suppress(faults.Leave):
            self._simulate()
        h.helicsFederateDisconnect(self.federate)
        h.helicsFederateDestroy(self.federate)

    def _simulate(self) -> None:
        now = self._request(self.calculation.offset or self.calculation.period)
        while now <= self.settings.duration:
            now, values = self._gather(now)
            faults.in_step(self.settings, now)
            for (esdl_id, output), publication in self.outputs.items():
                value = self._value(esdl_id, output, now, values)
                h.helicsPublicationPublishDouble(publication, value)
                self.points.append(Point(esdl_id, output, now, value))
            now = self._request(now + self.calculation.period)

    def _join(self) -> h.HelicsValueFederate:
        info = federate_info(self.settings)
        period = 0.0 if self.calculation.inputs else self.calculation.period
        h.helicsFederateInfoSetTimeProperty(info, h.HelicsProperty.TIME_PERIOD, period)
        h.helicsFederateInfoSetTimeProperty(
            info, h.HelicsProperty.TIME_OFFSET, self.calculation.offset
        )
        h.helicsFederateInfoSetFlagOption(info, h.HelicsFlag.TERMINATE_ON_ERROR, True)
        name = f"{self.settings.model_id}/{self.calculation.name}"
        return h.helicsCreateValueFederate(name, info)

    def _input_keys(self, objects: dict[str, list[str]]) -> dict[str, str]:
        keys = {}
        for wanted in self.calculation.inputs:
            if wanted.esdl_id is not None:
                keys[f"{wanted.esdl_type}/{wanted.output}/{wanted.esdl_id}"] = wanted.unit
            elif wanted.esdl_type in self.settings.known_types:
                for esdl_id in objects.get(wanted.esdl_type, []):
                    keys[f"{wanted.esdl_type}/{wanted.output}/{esdl_id}"] = wanted.unit
        return keys

    def _request(self, wanted: float) -> float:
        if self.calculation.inputs:
            wanted = h.HELICS_TIME_MAXTIME
        return float(h.helicsFederateRequestTime(self.federate, wanted))

    def _gather(self, now: float) -> tuple[float, list[float]]:
        values: dict[int, float] = {}
        while True:
            for number, subscription in enumerate(self.inputs):
                if h.helicsInputIsUpdated(subscription):
                    values[number] = h.helicsInputGetDouble(subscription)
            if len(values) == len(self.inputs):
                return now, [values[number] for number in sorted(values)]
            now = self._request(now)

    def _value(self, esdl_id: str, output: str, now: float, inputs: list[float]) -> float:
        own = zlib.crc32(f"{esdl_id}/{output}".encode()) % 97
        value = 0.5 * sum(inputs) + 1.0 if inputs else own + now / 3600.0
        return faults.spoiled(self.settings, now, value)
