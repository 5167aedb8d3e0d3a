"""The user's browser, if this machine has a screen to show it on."""

from __future__ import annotations

import os
import sys
import webbrowser


def open_browser(url: str) -> bool:
    """Show a page; False where there is no browser, or none that has a window of its own."""
    screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    if sys.platform not in ("win32", "darwin") and not screen:
        return False  # what is found then would take over the terminal
    try:
        return webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False
