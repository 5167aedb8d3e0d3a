"""What every container gets, whatever its spec says."""

from __future__ import annotations

LOG_DRIVER = "json-file"
LOG_OPTIONS = (("max-size", "10m"), ("max-file", "3"))
"""The engine's own copy of what a container prints; the run's log files have all of it."""

SECURITY_OPTIONS = ("no-new-privileges:true",)
