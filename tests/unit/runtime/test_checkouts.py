"""Git sources: cloned once, found again, by tag and by commit, with what goes wrong said."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dots_cli.definition.git_source import GitSource
from dots_cli.errors import EnvironmentFailure, InputError
from dots_cli.runtime.checkouts import Checkout, Checkouts
from tests.support.repositories import commit, git, repository

pytestmark = pytest.mark.needs("git")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = repository(tmp_path / "töwn service")
    commit(folder, {"pv/main.py": "1\n"}, tag="v1")
    return folder


def source(origin: Path, ref: str, subdirectory: str = "") -> GitSource:
    return GitSource(origin.as_uri(), ref, subdirectory)


def ensure(cache: Path, wanted: GitSource, *, offline: bool = False) -> tuple[Checkout, list[str]]:
    told: list[str] = []
    return Checkouts(cache, offline=offline).ensure(wanted, told.append), told


def test_a_tag_is_cloned_once_and_needs_no_repository_after_that(
    tmp_path: Path, origin: Path
) -> None:
    first, told = ensure(tmp_path / "cache", source(origin, "v1"))
    assert told == [f"cloning {origin.as_uri()}"]
    assert (first.folder / "pv" / "main.py").read_text() == "1\n"
    assert first.commit == git(origin, "rev-parse", "v1")
    origin.rename(tmp_path / "gone")
    again, told = ensure(tmp_path / "cache", source(origin, "v1"))
    assert (again, told) == (first, [])


def test_tags_commits_and_short_commits_have_a_folder_each(tmp_path: Path, origin: Path) -> None:
    cache = tmp_path / "cache"
    first, _ = ensure(cache, source(origin, "v1"))
    newer = commit(origin, {"pv/main.py": "2\n"})
    by_commit, told = ensure(cache, source(origin, newer))
    assert told == [f"fetching {newer} of {origin.as_uri()}"]
    assert (by_commit.folder / "pv" / "main.py").read_text() == "2\n"
    assert (first.folder / "pv" / "main.py").read_text() == "1\n"
    short, told = ensure(cache, source(origin, newer[:9]))
    assert (short, told) == (by_commit, [])


def test_an_annotated_tag_stands_for_its_commit(tmp_path: Path, origin: Path) -> None:
    git(origin, "tag", "--annotate", "v1.1", "--message", "better")
    found, _ = ensure(tmp_path / "cache", source(origin, "v1.1"))
    assert found.commit == git(origin, "rev-parse", "HEAD")


def test_a_branch_is_followed_and_offline_left_where_it_was(tmp_path: Path, origin: Path) -> None:
    cache = tmp_path / "cache"
    first, _ = ensure(cache, source(origin, "main"))
    newer = commit(origin, {"pv/main.py": "2\n"})
    assert ensure(cache, source(origin, "main"), offline=True)[0] == first
    assert ensure(cache, source(origin, "main"))[0].commit == newer


def test_a_subdirectory_is_the_folder_of_the_service(tmp_path: Path, origin: Path) -> None:
    found, _ = ensure(tmp_path / "cache", source(origin, "v1", "pv"))
    assert (found.folder / "main.py").is_file()
    with pytest.raises(InputError, match="has no folder wind at v1"):
        ensure(tmp_path / "cache", source(origin, "v1", "wind"))


def test_a_package_may_take_its_version_from_git(tmp_path: Path, origin: Path) -> None:
    found, _ = ensure(tmp_path / "cache", source(origin, "v1"))
    assert git(found.folder, "describe", "--tags") == "v1"


def test_two_at_once_clone_once(tmp_path: Path, origin: Path) -> None:
    said: list[str] = []
    made: list[Checkout] = []

    def take() -> None:
        found, told = ensure(tmp_path / "cache", source(origin, "v1"))
        made.append(found)
        said.extend(told)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert len([what for what in said if what.startswith("cloning")]) == 1


def test_what_was_cut_off_is_made_again(tmp_path: Path, origin: Path) -> None:
    cache = tmp_path / "cache"
    found, _ = ensure(cache, source(origin, "v1"))
    (repo,) = (cache / "git").glob("*.git")
    repo.rename(repo.with_suffix(".new"))
    (repo.with_suffix(".new") / "HEAD").unlink()
    found.folder.rename(found.folder.with_name(f".{found.folder.name}.new"))
    again, _ = ensure(cache, source(origin, "v1"))
    assert (again.folder / "pv" / "main.py").is_file()
    assert not list(cache.glob("*/*.new"))


def test_a_ref_that_does_not_exist_is_bad_input(tmp_path: Path, origin: Path) -> None:
    with pytest.raises(InputError, match="has no tag or commit v2"):
        ensure(tmp_path / "cache", source(origin, "v2"))
    with pytest.raises(InputError, match="has no tag or commit deadbeef"):
        ensure(tmp_path / "cache", source(origin, "deadbeef"))


def test_a_repository_that_does_not_exist_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no Git repository"):
        ensure(tmp_path / "cache", source(tmp_path / "nowhere", "v1"))


def test_a_host_that_does_not_answer_is_the_network(tmp_path: Path) -> None:
    wanted = GitSource("http://127.0.0.1:9/o/r", "v1")
    with pytest.raises(EnvironmentFailure, match="cannot be reached") as failure:
        ensure(tmp_path / "cache", wanted)
    assert "proxy" in failure.value.hint


def test_offline_nothing_is_fetched(tmp_path: Path, origin: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="is not in the cache") as failure:
        ensure(tmp_path / "cache", source(origin, "v1"), offline=True)
    assert "--offline" in failure.value.hint
    ensure(tmp_path / "cache", source(origin, "v1"))
    commit(origin, {}, tag="v2")
    with pytest.raises(EnvironmentFailure, match=r"v2 of .* is not in the cache"):
        ensure(tmp_path / "cache", source(origin, "v2"), offline=True)


def test_without_git_it_is_said_what_needs_it(
    tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFailure, match="git is not on this machine"):
        ensure(tmp_path / "cache", source(origin, "v1"))


def test_the_callers_repository_is_left_alone(
    tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a Git hook, which is given variables that mean its own repository."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    found, _ = ensure(tmp_path / "cache", source(origin, "v1"))
    assert (found.folder / "pv" / "main.py").is_file()
    assert not (tmp_path / "mine").exists()
