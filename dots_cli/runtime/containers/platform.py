"""The platform: one InfluxDB and one Grafana that all runs in containers share.

A Compose project of its own, started by the first run that needs it and left running; a later run
uses what is there, starts what was stopped, and renews what an older version has made. Its
passwords and ports are in `platform/.env` of the data folder as long as its volumes live, for these
can be opened with no others. The same passwords serve this user's platforms on other engines and
of other names.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from dots_cli.errors import EnvironmentFailure
from dots_cli.plan.containers import GRAFANA_PORT, STORE_NETWORK, STORE_PORT
from dots_cli.plan.model import ContainerSpec, Role
from dots_cli.render.run_folder import data_home
from dots_cli.render.secrets import VARIABLES, random_secrets, read_variables, write_variables
from dots_cli.render.stack import COMPOSE_FILE
from dots_cli.runtime.containers import cleanup, opened, shared, translate
from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import Container, Project

NAME_VARIABLE = shared.NAME_VARIABLE
"""Names another project than `dots-platform`, for whoever shares an engine with others."""

LOCAL = "127.0.0.1"
PORTS: Mapping[str, int] = {"INFLUXDB_PORT": STORE_PORT, "GRAFANA_PORT": GRAFANA_PORT}
"""The variables of the ports on this machine, and which ones are taken where they are free."""

_BUSY = 600.0
"""Seconds for another run to start the platform; it may have to pull images."""
_FOR_MODELS = ("STORE_USER", "STORE_PASSWORD")
_OF_A_RUN = "BROKER_KEY"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Platform:
    """What there is of the platform at one moment.

    `folder` holds its passwords, `variables` are those and its ports: empty where this user has
    none. `volumes` are the engine's names, `volumes_of` the folders of whoever has made them.
    """

    project: str
    folder: Path
    containers: tuple[Container, ...]
    volumes: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)
    volumes_of: tuple[Path, ...] = ()

    @property
    def store(self) -> Container | None:
        """InfluxDB's container, running or not."""
        return self._of("store")

    @property
    def grafana(self) -> Container | None:
        """Grafana's container, running or not."""
        return self._of("grafana")

    @property
    def store_url(self) -> str | None:
        """Where InfluxDB answers on this machine; None while it does not run."""
        return _url(self.store, STORE_PORT)

    @property
    def grafana_url(self) -> str | None:
        """Where Grafana answers on this machine; None while it does not run."""
        return _url(self.grafana, GRAFANA_PORT)

    @property
    def owner(self) -> Path | None:
        """The folder of whoever has started it; None where that is this user, or not known."""
        started_in = (c.labels.get(shared.WORKING_DIR) for c in self.containers)
        made_in = (*(Path(folder) for folder in started_in if folder), *self.volumes_of)
        return next((folder for folder in made_in if not _same(folder, self.folder)), None)

    def _of(self, role: Role) -> Container | None:
        return next((c for c in self.containers if c.role == role), None)


def project() -> Project:
    """The platform's Compose project, and the folder of its passwords and files."""
    name = os.environ.get(NAME_VARIABLE, "").strip() or "dots-platform"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise EnvironmentFailure(
            f"{NAME_VARIABLE} is {name!r}, which cannot be the name of a Compose project",
            "Use small letters, digits, - and _, a letter or digit first.",
        )
    return Project(name, (data_home() / "platform").absolute())


def network() -> str:
    """The engine's name of the network on which the store is `influxdb`; models join it."""
    return translate.network_name(project(), STORE_NETWORK)


def has_own() -> bool:
    """Whether this user has had a platform whose data may still be there. Asks no engine."""
    return (data_home() / "platform" / VARIABLES).exists()


def find(engine: Engine) -> Platform | None:
    """The platform as it is now; None where there is neither container nor volume of it."""
    own = project()
    containers = tuple(engine.containers(project=own.name))
    volumes = engine.volume_labels(project=own.name)
    if not containers and not volumes:
        return None
    known = _known(own)
    folders = {labels.get(cleanup.FOLDER_LABEL, "") for labels in volumes.values()}
    made_in = tuple(map(Path, sorted(folders - {"", str(own.folder)})))
    # A folder that was moved has its passwords with it; a volume's labels stay.
    if made_in and opened.place_of(engine.identity(), own.name) in opened.places(known):
        made_in = ()
    return Platform(own.name, own.folder, containers, tuple(sorted(volumes)), known, made_in)


def start(
    engine: Engine,
    specs: Sequence[ContainerSpec],
    stack: Path,
    tell: Tell,
    *,
    renew: bool = True,
) -> dict[str, str]:
    """Have the store and what else is shared running; the variables that models need to write.

    `specs` are those of the roles store and grafana; `stack` holds the files that they copy.
    Returns when the store takes data. Without `renew`, containers that are there are used as they
    are. EnvironmentFailure, or StoreFailure, says what to do where that cannot be.
    """
    own = project()
    with _alone(own, tell):
        there = find(engine)
        _require_ours(there)
        variables = _variables(own, there, opened.place_of(engine.identity(), own.name))
        platform = shared.Shared(engine, own, variables, stack, tell, renew=renew)
        for spec in specs:
            try:
                platform.ensure(spec)
            except EnvironmentFailure as error:
                if spec.role == "store":
                    raise
                # Results can be looked at later; nobody loses a run for that.
                tell(f"going on without {spec.name}: {error.message}")
        if not (own.folder / COMPOSE_FILE).exists() or any(s.role == "grafana" for s in specs):
            platform.write_compose(specs)
        return {name: variables[name] for name in _FOR_MODELS}


def remove(engine: Engine, volumes: bool = False, tell: Tell = lambda _: None) -> Platform | None:
    """End the platform politely and remove its containers and network; what there was of it.

    With `volumes` its data, too, and its passwords unless they open data elsewhere, which is told.
    EnvironmentFailure where it is somebody else's, or where others still use it.
    """
    own = project()
    with _alone(own, lambda _: None):
        there = find(engine)
        if there is not None:
            _require_ours(there)
            # Grafana reads from the store: it goes first.
            for container in sorted(there.containers, key=lambda c: c.role == "store"):
                shared.end(engine, container)
            for network in engine.networks(project=own.name):
                cleanup.remove_network(engine, network)
            for volume in there.volumes if volumes else ():
                engine.remove_volume(volume)
        if volumes:
            _forget(own, engine.identity(), tell, had_data=there is not None)
        return there


def _alone(own: Project, tell: Tell) -> contextlib.AbstractContextManager[None]:
    """Nobody else of this user starts or removes the platform meanwhile."""

    @contextlib.contextmanager
    def held() -> Iterator[None]:
        lock = FileLock(own.folder / "lock")
        try:
            try:
                lock.acquire(timeout=1)
            except Timeout:
                tell("waiting for another run, which starts the platform")
                lock.acquire(timeout=_BUSY)
        except Timeout:
            raise EnvironmentFailure(
                f"another run has been starting the platform for {_BUSY:g} s",
                "Look at it with `dots runs` and `dots status`.",
            ) from None
        try:
            yield
        finally:
            lock.release()

    try:
        own.folder.mkdir(parents=True, exist_ok=True)
        own.folder.chmod(0o700)
    except OSError as error:
        raise shared.cannot_write(own.folder, error) from None
    return held()


def _variables(own: Project, there: Platform | None, place: str) -> dict[str, str]:
    """Passwords and ports as they were, or new ones where there is nothing yet to be opened.

    What they open in that place is noted before it is made.
    """
    before = known = _known(own, must_be_readable=True)
    has_data = there is not None and bool(there.volumes)
    made = {name: value for name, value in random_secrets().items() if name != _OF_A_RUN}
    if not made.keys() <= known.keys():
        if there is not None and has_data:
            raise EnvironmentFailure(
                f"there is data of a platform {own.name} ({', '.join(there.volumes)}), "
                f"but its passwords are not in {own.folder / VARIABLES}",
                "Use the DOTS_HOME it was made with. If nobody needs that data: "
                f"`dots teardown --volumes`. {shared.ONE_OF_YOUR_OWN}",
            )
        known = made | known | {opened.OPENS: ""}
    known = opened.with_place(known, place, has_data=has_data)
    if known != before:
        _write(own, known)
    return known


def _write(own: Project, variables: Mapping[str, str]) -> None:
    try:
        write_variables(own.folder / VARIABLES, variables)
    except OSError as error:
        raise shared.cannot_write(own.folder, error) from None


def _known(own: Project, *, must_be_readable: bool = False) -> dict[str, str]:
    try:
        return read_variables(own.folder / VARIABLES)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        if not must_be_readable:
            return {}
        raise EnvironmentFailure(
            f"the passwords of the platform cannot be read: {error}",
            f"Repair {own.folder / VARIABLES}. If nobody needs the data that it opens: "
            "`dots teardown --volumes`, and remove the file if it is still there.",
        ) from None


def _forget(own: Project, engine: str, tell: Tell, *, had_data: bool) -> None:
    """Remove the passwords, unless they open other data than that which is gone from this place."""
    known = _known(own)
    left = opened.without_place(known, opened.place_of(engine, own.name), had_data=had_data)
    if has_own() and opened.places(left):
        if known:
            _write(own, left)
        tell(
            f"the passwords in {own.folder / VARIABLES} are kept: they open the data of "
            f"{opened.in_words(left, engine)}"
        )
        return
    try:
        for name in (VARIABLES, shared.MADE, COMPOSE_FILE):
            (own.folder / name).unlink(missing_ok=True)
        shutil.rmtree(own.folder / shared.FILES, ignore_errors=True)
    except OSError as error:
        raise shared.cannot_write(own.folder, error) from None


def _require_ours(there: Platform | None) -> None:
    if there is not None and there.owner is not None:
        raise EnvironmentFailure(
            f"the platform {there.project} on this engine belongs to {there.owner}, "
            f"not to {there.folder}",
            f"Use that DOTS_HOME. {shared.ONE_OF_YOUR_OWN}",
        )


def _url(container: Container | None, port: int) -> str | None:
    if container is None or container.state != "running" or port not in container.ports:
        return None
    return f"http://{LOCAL}:{container.ports[port]}"


def _same(one: Path, other: Path) -> bool:
    return one == other or one.resolve() == other.resolve()
