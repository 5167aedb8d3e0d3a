"""What the platform keeps from others, and what it says when it cannot start or be used."""

from __future__ import annotations

import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dots_cli.errors import EnvironmentFailure, StoreFailure
from dots_cli.runtime.containers import platform
from tests.contract.shared_platform.conftest import points
from tests.support.platforms import Stage, as_models, as_reader, store_of, write

pytestmark = [pytest.mark.needs("docker", "influxdb-image", "grafana-stand-in")]


def test_its_passwords_are_for_their_owner_alone(bare: Stage) -> None:
    there = bare.start()
    assert stat.S_IMODE(there.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((there.folder / ".env").stat().st_mode) == 0o600
    assert there.variables["STORE_PASSWORD"] not in repr(there)
    assert not any(there.variables["STORE_PASSWORD"] in line for line in bare.told)
    listens = subprocess.run(
        ["docker", "port", str(there.store and there.store.id)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(": " not in line and "127.0.0.1:" in line for line in listens.splitlines())


def test_models_may_write_to_one_database_and_nothing_else(bare: Stage) -> None:
    there = bare.start()
    server = store_of(there)
    write(there, points("run-1"))

    def ask(query: str, who: dict[str, str], db: str = "dots") -> tuple[int, str]:
        status, text, _ = server.request("POST", "/query", db=db, q=query, **who)
        return status, text

    models, reader = as_models(there), as_reader(there)
    for query in (
        "SELECT * FROM PVInstallation",
        'CREATE DATABASE "more"',
        'DROP DATABASE "dots"',
        "SHOW USERS",
        "CREATE USER x WITH PASSWORD 'y'",
    ):
        status, text = ask(query, models)
        assert status == 403 or "not authorized" in text, query
    assert server.request("POST", "/write", b"a f=1", db="_internal", **models)[0] in (403, 404)
    assert '"roof"' in ask("SELECT * FROM PVInstallation", reader)[1]
    assert server.request("POST", "/write", b"a f=1", db="dots", **reader)[0] == 403


def test_data_without_its_passwords_is_told_and_left(bare: Stage) -> None:
    there = bare.start()
    platform.remove(bare.engine)
    (there.folder / ".env").unlink()
    with pytest.raises(EnvironmentFailure, match=r"its passwords are not in .*\.env") as error:
        bare.start()
    assert "dots teardown --volumes" in error.value.hint
    assert bare.now().volumes == there.volumes
    platform.remove(bare.engine, volumes=True)
    assert bare.start().store_url


def test_data_from_another_password_is_told_and_left(bare: Stage) -> None:
    there = bare.start()
    write(there, points("run-1"))
    path = there.folder / ".env"
    path.write_text(path.read_text().replace("PASSWORD=", "PASSWORD=ab"))
    platform.remove(bare.engine)
    with pytest.raises(StoreFailure, match="is from another password") as error:
        bare.start()
    assert there.volumes[0] in error.value.message
    assert "dots teardown --volumes" in error.value.hint
    assert bare.now().volumes == there.volumes


def test_somebody_elses_platform_is_named_and_left_alone(
    bare: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = bare.start()
    with monkeypatch.context() as other:
        other.setenv("DOTS_HOME", str(tmp_path / "other"))
        with pytest.raises(EnvironmentFailure, match=f"belongs to {there.folder}") as error:
            bare.start()
        assert "DOTS_PLATFORM" in error.value.hint
        with pytest.raises(EnvironmentFailure, match="belongs to"):
            platform.remove(bare.engine, volumes=True)
    assert bare.now().store_url


def test_a_store_that_ends_says_why(bare: Stage) -> None:
    (bare.folder.stack / "influxdb" / "influxdb.conf").write_text("[http]\n  enabled = maybe\n")
    with pytest.raises(StoreFailure, match="influxdb of the platform ended") as error:
        bare.start()
    assert "maybe" in error.value.message or "toml" in error.value.message.lower()
    store = bare.now().store
    assert store is not None
    assert store.state == "exited"


def test_a_wrong_name_for_the_platform_is_refused(
    bare: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other:
        other.setenv("DOTS_PLATFORM", "My Platform")
        with pytest.raises(EnvironmentFailure, match="DOTS_PLATFORM is 'My Platform'"):
            bare.start()


def test_a_run_goes_on_without_a_grafana_that_cannot_be_had(own: Stage) -> None:
    store, grafana = own.specs
    there = own.start([store, replace(grafana, image="registry.invalid/grafana:none")])
    assert there.store_url
    assert there.grafana is None
    assert own.told[-1].startswith("going on without grafana: ")
