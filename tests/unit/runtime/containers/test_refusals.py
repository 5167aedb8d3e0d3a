"""What InfluxDB's log tells of writes that it did not take."""

from __future__ import annotations

from typing import cast

from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import EngineFailure
from dots_cli.runtime.containers.refusals import Refusals, refused_writes

LOG = """\
ts=2024-06-21T12:00:00.1Z lvl=info msg="InfluxDB starting" log_id=0 version=1.13.0
[httpd] 172.18.0.4 - models [21/Jun/2024:12:00:01 +0000] "POST /write?db=energy&precision=s \
HTTP/1.1 " 400 58 "-" "python-requests/2.32" 4f22422b 187
[httpd] 172.18.0.5 - models [21/Jun/2024:12:00:01 +0000] "POST /write?db=nope&p=%5BREDACTED%5D \
HTTP/1.1 " 404 41 "-" "-" 4f22422c 99
[httpd] 172.18.0.4 - models [21/Jun/2024:12:00:02 +0000] "POST /write?db=energy HTTP/1.1 " 500 9 \
"-" "-" 4f22422d 99
[httpd] 172.18.0.4 - reader [21/Jun/2024:12:00:02 +0000] "POST /query?q=nonsense HTTP/1.1 " 400 9 \
"-" "-" 4f22422e 99
"""


class Asked:
    """An engine with two models on the store's network."""

    answers = True

    def now(self) -> float:
        return 1718971200.0

    def addresses(self, network: str) -> dict[str, str]:
        return {"pv": "172.18.0.4", "house": "172.18.0.6"}

    def tail(self, ident: str, since: float) -> str:
        if not self.answers:
            raise EngineFailure("it is away")
        assert (ident, since) == ("store", self.now())
        return LOG


def refusals(engine: Asked) -> Refusals:
    made = Refusals(cast("Engine", engine), "store")
    made.learn("dots-platform_store")
    return made


def test_only_writes_that_were_not_taken_count() -> None:
    assert list(refused_writes(LOG)) == [
        ("172.18.0.4", 400),
        ("172.18.0.5", 404),
        ("172.18.0.4", 500),
    ]


def test_what_was_refused_is_told_of_the_model_that_asked() -> None:
    found = refusals(Asked())
    assert found.of("pv") == "InfluxDB answered 400 to 2 of its writes"
    assert found.of("house") is None
    assert found.of("a stranger") is None


def test_an_engine_that_does_not_answer_tells_of_no_refusal() -> None:
    engine = Asked()
    engine.answers = False
    assert refusals(engine).of("pv") is None
