"""Who is waited for: when it is said, and when it has taken too long."""

from __future__ import annotations

import pytest

from dots_cli.conductor.failure import Failure
from dots_cli.conductor.herald import Herald, too_late
from dots_cli.conductor.roll_call import RollCall, of_calculations, of_models
from dots_cli.conductor.settings import Limits, Model
from tests.unit.conductor import made

NAMES = ["pv-1", "home-1"]


class Scene:
    """A herald, what it says, and the time."""

    def __init__(self, phase: int = 1, join: float = 60.0) -> None:
        self.clock = made.Clock()
        self.said = made.Listener()
        told = made.settings(limits=Limits(join=join, step=300.0))
        self.herald = Herald(phase, told, self.said, self.clock)

    def after(self, waited: float) -> Scene:
        self.clock.now = 1000.0 + waited
        return self


def models(*there: str) -> RollCall:
    return of_models(there, NAMES, [])


def calculations(*there: str) -> RollCall:
    return of_calculations(there, {"pv-1": 1, "home-1": 2}, [])


def test_every_change_is_said_and_nothing_else() -> None:
    scene = Scene()
    scene.herald.saw(models())
    scene.herald.saw(models())
    scene.after(0.26).herald.saw(models("home-1"))
    scene.herald.saw(models("home-1"))
    scene.after(1.5).herald.saw(models("home-1", "pv-1"))
    assert scene.said.events == [
        {"event": "joining", "phase": 1, "joined": [], "missing": NAMES, "waited": 0.0},
        {"event": "joining", "phase": 1, "joined": ["home-1"], "missing": ["pv-1"], "waited": 0.3},
        {"event": "joining", "phase": 1, "joined": NAMES, "missing": [], "waited": 1.5},
    ]


def test_who_is_missing_is_said_again_every_5_then_every_30_seconds() -> None:
    scene = Scene(join=600.0)
    scene.herald.saw(models("pv-1"))
    for tenth in range(1201):
        scene.after(tenth / 10).herald.waits()
    said = scene.said.all("joining")[1:]
    assert [event["waited"] for event in said] == [5, 10, 15, 20, 25, 30, 60, 90, 120]
    assert all(event["missing"] == ["home-1"] for event in said)


@pytest.mark.parametrize("join", [1.0, 5.0, 7.0, 60.0, 70.0])
def test_waiting_ends_at_the_limit_however_seldom_it_speaks(join: float) -> None:
    scene = Scene(join=join)
    scene.herald.saw(models("pv-1"))
    for tenth in range(int(join * 10)):
        scene.after(tenth / 10).herald.waits()
    with pytest.raises(Failure) as caught:
        scene.after(join).herald.waits()
    assert caught.value.kind == "join"
    assert caught.value.models == ["home-1"]
    assert caught.value.message == f"home-1 has not joined phase 1 within {join:g} s"
    assert "raise the limit `join`" in caught.value.hint
    assert "`calculations`" not in caught.value.hint


def test_several_that_have_not_joined_are_all_named() -> None:
    scene = Scene(join=3.0)
    scene.herald.saw(models())
    with pytest.raises(Failure, match="pv-1, home-1 have not joined phase 1 within 3 s"):
        scene.after(3.0).herald.waits()


def test_a_model_with_some_of_its_calculations_is_told_to_be_checked() -> None:
    scene = Scene(phase=2, join=3.0)
    scene.herald.saw(calculations("pv-1/production", "home-1/demand"))
    with pytest.raises(Failure) as caught:
        scene.after(3.0).herald.waits()
    assert "phase 2 (home-1: 1 of 2 calculations)" in caught.value.message
    assert caught.value.hint.endswith("Check `calculations` at the service home.")


def test_models_that_do_not_get_ready_are_told_and_then_failed() -> None:
    scene = Scene(phase=2, join=8.0)
    scene.herald.saw(calculations("pv-1/production", "home-1/demand", "home-1/voltage"))
    scene.after(5.0).herald.waits_for_ready(lambda: ["home-1/voltage", "home-1/demand"])
    assert scene.said.events[-1] == {
        "event": "joining",
        "phase": 2,
        "joined": ["pv-1"],
        "missing": ["home-1"],
        "waited": 5.0,
    }
    with pytest.raises(Failure, match="home-1 joined phase 2 but did not get ready within 8 s"):
        scene.after(8.0).herald.waits_for_ready(lambda: ["home-1/voltage"])


def test_nobody_is_asked_who_is_not_ready_before_it_is_to_be_said() -> None:
    scene = Scene()
    scene.herald.saw(models(*NAMES))
    asked = []

    def not_ready() -> list[str]:
        asked.append(scene.herald.waited)
        return []

    for tenth in range(101):
        scene.after(tenth / 10).herald.waits_for_ready(not_ready)
    assert asked == [5.0, 10.0]


def test_where_nobody_seems_to_be_late_the_limit_holds_all_the_same() -> None:
    scene = Scene(join=2.0)
    scene.herald.saw(models(*NAMES))
    with pytest.raises(Failure, match="a federate joined phase 1 but did not get ready"):
        scene.after(2.0).herald.waits_for_ready(list)


def test_a_stranger_ends_the_waiting_by_name() -> None:
    with pytest.raises(Failure) as caught:
        Scene().herald.saw(models("pv-1", "recorder"))
    assert caught.value.kind == "unexpected"
    assert "recorder" in caught.value.message


def test_a_model_with_more_calculations_than_declared_is_told_the_number_to_write() -> None:
    with pytest.raises(Failure) as caught:
        Scene(phase=2).herald.saw(calculations("pv-1/a", "pv-1/b", "pv-1/c"))
    assert (caught.value.kind, caught.value.models) == ("unexpected", ["pv-1"])
    assert "pv-1 joined with 3 federates (pv-1/a, pv-1/b, pv-1/c)" in caught.value.message
    assert "service pv: write `calculations: 3`" in caught.value.hint


def test_a_federate_that_comes_too_late_is_blamed_on_those_it_can_belong_to() -> None:
    models = (made.PV, made.HOME, Model("home-2", "home", "EConnection", 2))
    one = too_late(made.settings(*models), ["pv-1"])
    assert (one.kind, one.models) == ("unexpected", ["pv-1"])
    assert one.hint == "Check `calculations` at the service pv."
    several = too_late(made.settings(*models), ["pv-1", "home-1", "home-2"])
    assert several.models == []
    assert several.hint == "Check `calculations` at the services home, pv."


class Awaited(Scene):
    """As a scene, but `home-1` is started by a person."""

    def __init__(self, join: float = 60.0) -> None:
        super().__init__()
        home = Model("home-1", "home", "EConnection", 2, external=True)
        told = made.settings(made.PV, home, limits=Limits(join=join, step=300.0))
        self.herald = Herald(1, told, self.said, self.clock)


def test_a_model_that_a_person_starts_may_take_as_long_as_it_likes() -> None:
    scene = Awaited(join=2.0)
    scene.herald.saw(models("pv-1"))
    for tenth in range(6001):
        scene.after(tenth / 10).herald.waits()
    said = [event["waited"] for event in scene.said.all("joining")[1:]]
    assert len(said) < 40, "and it is not spoken of at every look"
    assert said[-1] > 570


def test_the_limit_holds_for_the_others_all_the_same() -> None:
    scene = Awaited(join=2.0)
    scene.herald.saw(models())
    with pytest.raises(Failure) as failed:
        scene.after(2.0).herald.waits()
    assert failed.value.models == ["pv-1"]
    assert "home-1" not in failed.value.message


def test_the_time_of_the_others_begins_when_the_external_model_is_there() -> None:
    scene = Awaited(join=2.0)
    scene.herald.saw(models("pv-1"))
    scene.after(100.0).herald.waits()
    scene.herald.saw(models("pv-1", "home-1"))
    scene.after(101.9).herald.waits_for_ready(lambda: ["pv-1"])
    with pytest.raises(Failure) as failed:
        scene.after(102.0).herald.waits_for_ready(lambda: ["pv-1"])
    assert failed.value.models == ["pv-1"]


def test_an_external_model_may_take_its_time_to_get_ready_too() -> None:
    scene = Awaited(join=2.0)
    scene.herald.saw(models("pv-1", "home-1"))
    scene.after(50.0).herald.waits_for_ready(lambda: ["home-1"])
    scene.after(99.0).herald.waits_for_ready(lambda: ["pv-1"])
    with pytest.raises(Failure):
        scene.after(102.0).herald.waits_for_ready(lambda: ["pv-1"])
