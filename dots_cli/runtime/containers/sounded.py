"""What the containers of a sounding are told other than those of the run that follows it."""

from __future__ import annotations

from dataclasses import replace

from dots_cli.plan.containers import BROKER_PORT, SCENARIO_FILE
from dots_cli.plan.model import ContainerSpec, Plan
from dots_cli.render.conductor import conductor_settings
from dots_cli.render.stack import CONDUCTOR_PORTS
from dots_cli.runtime.base import Sounding


def spec_of(spec: ContainerSpec, sounding: Sounding) -> ContainerSpec:
    """A model's spec with more ESDL types among its calculation services."""
    more = ";".join(sounding.esdl_types)
    environment = tuple(
        (name, f"{value};{more}" if name == "calculation_services" else value)
        for name, value in spec.environment
    )
    return replace(spec, environment=environment)


def settings(plan: Plan, sounding: Sounding) -> bytes:
    """The conductor's settings, for the models of the sounding alone."""
    return conductor_settings(
        plan,
        esdl=SCENARIO_FILE.target,
        host="0.0.0.0",
        port=BROKER_PORT,
        ports=CONDUCTOR_PORTS,
        only=sounding.models,
    ).encode()
