"""A generated energy system: streets of houses with a connection, PV, demand, and their ports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

PER_HOUSE = 5
"""Building, EConnection, PVInstallation, ElectricityDemand, HeatPump."""


def write_energy_system(path: Path, objects: int) -> None:
    """An ESDL file with that many objects (buildings and assets), two instances, profiles."""
    numbers = iter(range(1, 10**9))

    def new() -> str:
        return str(UUID(int=next(numbers) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))

    lines = [
        "<?xml version='1.0' encoding='UTF-8'?>",
        '<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:esdl="http://www.tno.nl/esdl" id="' + new() + '" name="generated">',
        f'  <energySystemInformation xsi:type="esdl:EnergySystemInformation" id="{new()}">',
        f'    <environmentalProfiles xsi:type="esdl:EnvironmentalProfiles" id="{new()}">',
        f'      <outsideTemperatureProfile xsi:type="esdl:DateTimeProfile" id="{new()}">',
    ]
    for hour in range(13_000):
        when = (datetime(2024, 1, 1) + timedelta(hours=hour)).isoformat() + ".000000"
        lines.append(
            f'        <element xsi:type="esdl:ProfileElement" from="{when}" value="{hour / 4}"/>'
        )
    lines += [
        "      </outsideTemperatureProfile>",
        "    </environmentalProfiles>",
        "  </energySystemInformation>",
    ]
    houses = objects // PER_HOUSE
    for instance in range(2):
        lines += [
            f'  <instance xsi:type="esdl:Instance" id="{new()}" name="instance {instance}">',
            f'    <area xsi:type="esdl:Area" id="{new()}" name="street {instance}">',
        ]
        for number in range(instance * houses // 2, (instance + 1) * houses // 2):
            lines += _house(number, new)
        lines += ["    </area>", "  </instance>"]
    lines.append("</esdl:EnergySystem>")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _house(number: int, new: Callable[[], str]) -> list[str]:
    connection, meter = new(), new()
    assets = [
        ("PVInstallation", "Out", 'power="4000.0" panelEfficiency="0.19"'),
        ("ElectricityDemand", "In", 'power="3000.0"'),
        ("HeatPump", "In", 'power="5000.0" COP="3.5"'),
    ]
    ports = {kind: new() for kind, _, _ in assets}
    lines = [
        f'      <asset xsi:type="esdl:Building" id="{new()}" name="house {number}"'
        ' buildingYear="1985" floorArea="120.0">',
        f'        <asset xsi:type="esdl:EConnection" id="{connection}" name="connection {number}">',
        f'          <port xsi:type="esdl:InPort" id="{new()}" name="In"/>',
        f'          <port xsi:type="esdl:OutPort" id="{meter}" name="Out"'
        f' connectedTo="{ports["ElectricityDemand"]} {ports["HeatPump"]}"/>',
        '          <geometry xsi:type="esdl:Point" lat="52.0701" lon="4.3007"/>',
        "        </asset>",
    ]
    for kind, direction, attributes in assets:
        link = f' connectedTo="{meter}"' if direction == "In" else ""
        own = f'id="{new()}" name="{kind} {number}" {attributes}'
        port = f'id="{ports[kind]}" name="{direction}"{link}'
        lines += [
            f'        <asset xsi:type="esdl:{kind}" {own}>',
            f'          <port xsi:type="esdl:{direction}Port" {port}/>',
            '          <geometry xsi:type="esdl:Point" lat="52.0701" lon="4.3007"/>',
            "        </asset>",
        ]
    lines.append("      </asset>")
    return lines
