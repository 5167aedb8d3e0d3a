"""The health check of the store asks as the reader, and no argument shows the password."""

from __future__ import annotations

import uuid

from dots_cli.plan.containers import STORE
from dots_cli.runtime.containers import translate
from tests.support.containers import docker, needs_containers
from tests.support.processes import wait_for
from tests.unit.plan.planning import container, definition_of, plan_of, scenario_of, service

pytestmark = needs_containers

PASSWORD = "STORE_READER_PASSWORD"
SHOW_ARGUMENTS = 'influx() { printf "%s\\n" "$@"; }; '


def test_the_store_is_healthy_for_its_reader_whose_password_is_no_argument() -> None:
    scenario, definition = (
        scenario_of(PVInstallation=1),
        definition_of(service("pv", "PVInstallation")),
    )
    store = container(plan_of(scenario, definition, "docker"), STORE)
    secrets = {"STORE_ADMIN_PASSWORD": "a", "STORE_USER": "w", "STORE_PASSWORD": "w"}
    secrets |= {PASSWORD: 'it"s a $ecret'}
    assert store.health and store.image
    asked = translate.resolve(store.health.command, secrets)
    given = [f"{key}={translate.resolve(value, secrets)}" for key, value in store.environment]
    name = f"dots-test-{uuid.uuid4().hex[:12]}"
    options = [word for one in given for word in ("--env", one)]
    made = docker("run", "--detach", "--name", name, *options, store.image)
    try:
        assert made.returncode == 0, made.stderr
        ask = ("exec", name, "sh", "-c")
        wait_for(lambda: docker(*ask, asked).returncode == 0, 60, "the store is healthy")
        wrong = ("--env", "INFLUXDB_READ_USER_PASSWORD=wrong")
        refused = docker("exec", *wrong, name, "sh", "-c", asked)
        assert refused.returncode == 1
        assert "authorization failed" in refused.stdout + refused.stderr
        arguments = docker(*ask, SHOW_ARGUMENTS + asked).stdout
        assert "SHOW MEASUREMENTS LIMIT 1" in arguments
        assert secrets[PASSWORD] not in arguments
    finally:
        docker("rm", "--force", "--volumes", name)
