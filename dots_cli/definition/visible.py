"""Text that people gave, for a terminal: nothing in it moves the cursor or breaks a line."""

from __future__ import annotations

import unicodedata

_CONTROLS = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's categories of control characters and of what divides lines and paragraphs."""


def has_controls(text: str) -> bool:
    """Whether the text holds a line break, a terminal's escape or the like."""
    return any(unicodedata.category(letter) in _CONTROLS for letter in text)


def visible(text: str) -> str:
    r"""The text with such characters as Python writes them: `\n`, `\x1b`."""
    return "".join(
        letter.encode("unicode_escape").decode() if has_controls(letter) else letter
        for letter in text
    )
