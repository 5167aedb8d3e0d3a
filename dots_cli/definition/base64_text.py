"""Base64 as people paste it: decoded, and everything named that is wrong with it."""

from __future__ import annotations

import base64
import re

_WRITE_ANEW = "Encode the file anew, on one line: `base64 -w0 FILE`."


def decode_base64(text: str) -> tuple[bytes | None, list[tuple[str, str]]]:
    """What a base64 text stands for (RFC 4648, section 4), and each mistake with its remedy.

    Where a mistake leaves no doubt about what is meant, the bytes are given all the same, so that
    what is wrong with them can be said, too; None where it does.
    """
    wrong: list[tuple[str, str]] = []
    compact = re.sub(r"\s+", "", text)
    if not compact:
        return None, [("is empty", _WRITE_ANEW)]
    if compact.startswith("<"):
        return None, [("is XML, not base64", "Encode it, or name the file with `esdl_file`.")]
    if compact != text:
        kind = "line breaks" if re.search(r"[\r\n]", text) else "blanks"
        wrong.append((f"is base64 with {kind}", _WRITE_ANEW))
    if re.search(r"[-_]", compact):
        what = "is base64 in the URL alphabet, with - and _ in place of + and /"
        wrong.append((what, "Encode it with the standard alphabet."))
        compact = compact.replace("-", "+").replace("_", "/")
    body = compact.rstrip("=")
    if strange := re.search(r"[^A-Za-z0-9+/]", body):
        what = f"is no base64: {strange[0]!r} stands at character {strange.start() + 1}"
        return None, [*wrong, (what, _WRITE_ANEW)]
    given, needed = len(compact) - len(body), -len(body) % 4
    if needed == 3:
        what = "is base64 that was cut off: its length fits no number of bytes"
        return None, [*wrong, (what, _WRITE_ANEW)]
    if given != needed:
        what = f"has the wrong padding: it ends with {given} of '=', its length needs {needed}"
        wrong.append((what, "It was cut off, or changed by hand: encode the file anew."))
    return base64.b64decode(body + "=" * needed), wrong
