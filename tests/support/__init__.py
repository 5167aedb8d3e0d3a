"""What tests share: which real parts this machine has, processes of ours, the tree itself."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

DATA = ROOT.parent / "shared" / "data"
"""Examples of others that lie beside the checkout on some machines; never part of it."""
