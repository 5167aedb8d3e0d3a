"""The real parts that tests run on: is one here, and may a test be skipped without it.

`DOTS_TEST_REQUIRE` names the parts that must be there, with commas between them, or `all`: where
one of these is missing, a test that needs it fails instead of being skipped.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import DATA, ROOT

BASE_IMAGES = ("python:3.13-slim", "python:3.11-slim")
STORE_IMAGE = "influxdb:1.13"
GRAFANA_IMAGE = "grafana/grafana:12.3.0"


def cache_folder() -> Path:
    """Where prepared parts and built environments are kept from one test run to the next."""
    override = os.environ.get("DOTS_TEST_CACHE")
    return Path(override) if override else Path.home() / ".cache" / "dots-tests"


def requires(*parts: str) -> None:
    """Skip the running test where a part is missing; fail it where that part must be here."""
    for part in parts:
        if here(part):
            continue
        demanded = {p.strip() for p in os.environ.get("DOTS_TEST_REQUIRE", "").split(",")}
        reason = f"no {part} here: {WHAT[_kind(part)]}"
        if part in demanded or "all" in demanded:
            pytest.fail(f"{reason}, and DOTS_TEST_REQUIRE asks for it", pytrace=False)
        pytest.skip(reason)


@functools.cache
def here(part: str) -> bool:
    """Whether this machine has the part; KeyError for a name that is not in `WHAT`."""
    kind = _kind(part)
    if kind == "python":
        return interpreter(part.removeprefix("python")) is not None
    return _CHECKS[kind]()


@functools.cache
def interpreter(version: str) -> Path | None:
    """The interpreter of that version, such as `3.12`, where `uv` finds one without a download."""
    import uv

    command = [uv.find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads"]
    found = _run(*command, "--system", version)
    return Path(found.stdout.strip()) if found and found.returncode == 0 else None


def influxd() -> Path | None:
    """The InfluxDB 1.x server, as prepared by `.ci/run` or installed."""
    return _binary("influxd")


def chromium() -> Path | None:
    """A browser that runs without a screen."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Path(found)
    return None


def _binary(name: str) -> Path | None:
    prepared = cache_folder() / "bin" / name
    if prepared.is_file():
        return prepared
    found = shutil.which(name)
    return Path(found) if found else None


def _kind(part: str) -> str:
    kind = "python" if re.fullmatch(r"python3\.\d+", part) else part
    if kind not in WHAT:
        raise KeyError(f"unknown part {part!r}; known: {', '.join(WHAT)}, python3.x")
    return kind


def _run(*command: str, timeout: float = 60) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _answers(*command: str) -> bool:
    done = _run(*command)
    return done is not None and done.returncode == 0


def _package_index() -> bool:
    """Ask for a tiny package past every cache, so that only an index that answers counts."""
    import uv

    with tempfile.TemporaryDirectory() as empty:
        done = _run(
            *(uv.find_uv_bin(), "--system-certs", "pip", "install", "--dry-run", "--no-deps"),
            *("--python", sys.executable, "--target", empty, "--refresh", "pip"),
        )
    return done is not None and done.returncode == 0


def _small_disk() -> bool:
    """A tmpfs can be mounted: Linux, as root, with the right to do so."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    return _answers("unshare", "--mount", "mount", "-t", "tmpfs", "none", tempfile.gettempdir())


def _image_made_of(name: str) -> str | None:
    """Which stand-in an image is, empty for an official one; None where there is no image."""
    form = '{{index .Config.Labels "dots-tests.made-of"}}'
    done = _run("docker", "image", "inspect", "--format", form, name)
    return done.stdout.strip() if done and done.returncode == 0 else None


WHAT = {
    "docker": "`docker info` fails",
    "images": f"the daemon has not all of {', '.join(BASE_IMAGES)}",
    "compose": "`docker compose version` fails",
    "influxdb-image": f"the daemon has no {STORE_IMAGE}",
    "grafana-image": f"the daemon has no {GRAFANA_IMAGE}",
    "grafana-stand-in": f"the daemon's {GRAFANA_IMAGE} is not the stand-in of .ci/prepare",
    "influxdb": "`influxd` is neither in the test cache nor on PATH",
    "chromium": "no chromium on PATH",
    "tmux": "no tmux on PATH",
    "openssl": "no openssl on PATH, which makes certificates",
    "git": "this is no git checkout, or git is not installed",
    "index": "no package index answers",
    "small-disk": "mounting a tmpfs is not allowed",
    "data": f"{DATA.name} of others is not beside the checkout",
    "python": "uv finds no such interpreter",
}
"""Every part by name, and how its absence shows."""

_CHECKS: dict[str, Callable[[], bool]] = {
    "docker": lambda: _answers("docker", "info"),
    "images": lambda: _answers("docker", "image", "inspect", *BASE_IMAGES),
    "compose": lambda: _answers("docker", "compose", "version"),
    "influxdb-image": lambda: _image_made_of(STORE_IMAGE) is not None,
    "grafana-image": lambda: _image_made_of(GRAFANA_IMAGE) is not None,
    "grafana-stand-in": lambda: _image_made_of(GRAFANA_IMAGE) == "grafana-stand-in",
    "influxdb": lambda: influxd() is not None,
    "chromium": lambda: chromium() is not None,
    "tmux": lambda: shutil.which("tmux") is not None,
    "openssl": lambda: shutil.which("openssl") is not None,
    "git": lambda: _answers("git", "-C", str(ROOT), "rev-parse", "HEAD"),
    "index": _package_index,
    "small-disk": _small_disk,
    "data": DATA.is_dir,
}
