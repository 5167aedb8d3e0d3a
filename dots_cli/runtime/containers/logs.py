"""Follows what a container prints into the run's log files, without losing or doubling a line.

It is attached to before it starts. A log that is asked for, `docker logs --follow`, is read by the
engine from a file that is rotated under it: an engine 20.10 lost 60 % of 200,000 lines so. Whoever
is attached gets every byte, and a container that writes faster than we read waits.

When the connection breaks while the container goes on, or with the engine, what is missing is taken
from the engine's log, by the number of bytes that have come.

Beside `<name>.log`, which holds what was printed as a local process would have written it, lies
`<name>.times` with the engine's time of each line; `runs/logs.py` reads both.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from dots_cli.runtime.containers.engine import Engine
from dots_cli.runtime.containers.facts import EngineFailure, NotThere
from dots_cli.runtime.containers.frames import STDOUT, Decoder, Frame, Lines, Replay, length_in_log
from dots_cli.runtime.containers.streams import Attached, LogStream

AGAIN = 0.2
"""Seconds before the engine is asked once more; longer each time, up to `LONGEST`."""
LONGEST = 2.0
MARGIN = 1.0
"""Seconds by which our clock may be behind the engine's."""

WORDS = 400
"""Bytes of the end of each stream; by a quarter of them it is known that nothing is missing."""

_BROKEN = (EngineFailure, OSError, ValueError, http.client.HTTPException)


class Sink(Protocol):
    """Where lines go."""

    def take(self, at: str, lines: Sequence[Frame]) -> None:
        """Some whole lines, in order, of that time. OSError where they cannot be kept."""

    def close(self) -> None:
        """There are no more."""


class LogFile:
    """`<name>.log` and `<name>.times` of a run. The time is there before its line is."""

    def __init__(self, log: Path) -> None:
        self._log = log.open("ab", buffering=0)
        self._times = log.with_suffix(".times").open("ab", buffering=0)

    def take(self, at: str, lines: Sequence[Frame]) -> None:
        """Append the lines."""
        data = b"".join([line.content for line in lines])
        if data:
            _write_all(self._times, f"{at}\n".encode() * data.count(b"\n"))
            _write_all(self._log, data)

    def close(self) -> None:
        """Nothing is appended after this."""
        self._times.close()
        self._log.close()


class Talk:
    """The conductor's two streams: what it says as JSON on stdout, and its log on stderr."""

    def __init__(self, log: Path, hear: Callable[[str], None]) -> None:
        self._file = LogFile(log)
        self._hear = hear

    def take(self, at: str, lines: Sequence[Frame]) -> None:
        """Pass on and append the lines."""
        for kind, content in lines:
            for line in content.splitlines() if kind == STDOUT else ():
                self._hear(line.decode("utf-8", "replace").strip())
        self._file.take(at, [line for line in lines if line.kind != STDOUT])

    def close(self) -> None:
        """There are no more."""
        self._file.close()


class LogFollower:
    """Reads one container's output in a thread of its own, until the container has ended."""

    def __init__(
        self,
        engine: Engine,
        ident: str,
        attached: Attached,
        sink: Sink,
        on_failure: Callable[[OSError], None] = lambda _: None,
    ) -> None:
        """`attached` was opened before the container starts.

        `on_failure` hears once that lines cannot be kept; reading goes on without them.
        """
        self._engine = engine
        self._ident = ident
        self._stream: Attached | LogStream = attached
        self._sink = sink
        self._on_failure = on_failure
        self._lines = Lines()
        self._seen: dict[int, int] = {}
        self._words: dict[int, bytes] = {}
        self._last = engine.now()
        self._failed = False
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self.done = threading.Event()
        """Set when all that a container that has ended printed is in the sink, or by `close`."""
        thread = threading.Thread(target=self._follow, name=f"log {ident[:12]}", daemon=True)
        thread.start()

    def close(self) -> None:
        """Stop reading, whatever is still to come."""
        self._closing.set()
        with self._lock:
            self._stream.close()

    def _follow(self) -> None:
        try:
            self._read_attached()
            if not self._is_whole():
                self._catch_up()
            self._keep(self._engine.now(), self._lines.rest())
        finally:
            self._stream.close()
            self._sink.close()
            self.done.set()

    def _read_attached(self) -> None:
        decoder = Decoder()
        try:
            while data := self._stream.read():
                self._last = self._engine.now()
                frames = decoder.feed(data)
                for kind, content in frames[-WORDS // 4 :]:
                    self._words[kind] = (self._words.get(kind, b"") + content)[-WORDS:]
                self._keep(self._last, self._lines.take(frames))
        except _BROKEN:
            return

    def _catch_up(self) -> None:
        """Take what is missing from the engine's log, and go on with that to the end."""
        pause = AGAIN
        while not self._closing.wait(pause):
            pause = min(LONGEST, pause * 2)
            self._lines = Lines()  # lines that were begun come again
            replay = Replay(self._seen, self._engine.stamp(self._last + MARGIN))
            try:
                # A log that is followed may end before its last lines, one that is whole does not.
                ended = self._has_ended()
                stream = self._engine.log_stream(self._ident, follow=not ended)
            except NotThere:
                return
            except EngineFailure:
                continue
            with self._lock:
                self._stream = stream
            if self._read_log(stream, replay) and ended:
                return

    def _read_log(self, stream: LogStream, replay: Replay) -> bool:
        """Read a log to its end; False where that was not sent."""
        decoder = Decoder(chunked=stream.chunked)
        try:
            while not decoder.finished and (data := stream.read()):
                for at, frame in replay.take(decoder.feed(data)):
                    self._last = max(self._last, self._engine.now())
                    self._keep(at.decode("ascii", "replace"), self._lines.take([frame]))
        except _BROKEN:
            return False
        finally:
            stream.close()
        return decoder.finished or not stream.chunked

    def _keep(self, at: float | str, lines: Sequence[Frame]) -> None:
        for kind, content in lines:
            self._seen[kind] = self._seen.get(kind, 0) + length_in_log(content)
        if not lines or self._failed:
            return
        try:
            self._sink.take(at if isinstance(at, str) else self._engine.stamp(at), lines)
        except OSError as error:
            self._failed = True
            self._on_failure(error)

    def _is_whole(self) -> bool:
        """Whether the container has ended and its last words have come: then nothing is missing.

        A connection that breaks ends as one does over which all was sent.
        """
        if self._closing.is_set():
            return True
        try:
            if not self._has_ended():
                return False
            said = self._engine.tail(self._ident, lines=1)
        except NotThere:
            return True
        except EngineFailure:
            return False
        last = said.rstrip()[-WORDS // 4 :]
        heard = [words.decode("utf-8", "replace").rstrip() for words in self._words.values()]
        return not last or any(words.endswith(last) for words in heard)

    def _has_ended(self) -> bool:
        try:
            return self._engine.inspect(self._ident).has_ended
        except NotThere:
            return True


def _write_all(file: object, data: bytes) -> None:
    """Unbuffered files may take a part only."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]  # type: ignore[attr-defined]
