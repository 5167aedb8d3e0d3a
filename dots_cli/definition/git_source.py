"""A Git URL as the `source:` of a service: where, which state, which folder of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_SCHEMES = ("https", "http", "ssh", "git", "file")
_EXAMPLE = "write it like git+https://host/owner/repo@v1.2"


@dataclass(frozen=True)
class GitSource:
    """A state of a Git repository. `ref` is a tag, a commit or a branch as it was written.

    `subdirectory` is the folder of the service in the repository, empty for its top.
    """

    url: str
    ref: str
    subdirectory: str = ""

    @property
    def short(self) -> str:
        """For a person: the repository's name and the state, a commit by its first letters."""
        name = self.url.rstrip("/").removesuffix(".git").rpartition("/")[2]
        ref = self.ref[:12] if re.fullmatch(r"[0-9a-f]{40}", self.ref) else self.ref
        return f"{name}@{ref}" + (f"/{self.subdirectory}" if self.subdirectory else "")

    def __str__(self) -> str:
        inside = f"#subdirectory={self.subdirectory}" if self.subdirectory else ""
        return f"git+{self.url}@{self.ref}{inside}"


def is_git_url(text: str) -> bool:
    """Whether a `source:` means a repository, rightly written or not, and no folder."""
    return text.startswith("git+") or bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]+://|git@\S+:", text))


def parse(text: str) -> GitSource:
    """`git+https://host/owner/repo@ref#subdirectory=folder`, as `pip` writes it too.

    `git+` may be left out. ValueError, with a message for a person, where it cannot be used.
    """
    url, _, fragment = text.strip().removeprefix("git+").partition("#")
    if url.startswith("git@"):
        host, _, path = url.removeprefix("git@").partition(":")
        raise ValueError(f"'{text}' is no URL; write git+ssh://git@{host}/{path}")
    at = url.rfind("@")
    if at <= url.find("/", url.find("://") + 3):
        raise ValueError(f"'{text}' names no tag or commit; {_EXAMPLE}")
    url, ref = url[:at], url[at + 1 :]
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"'{text}' is no URL of a Git repository; {_EXAMPLE}") from None
    if parts.scheme not in _SCHEMES or not parts.path.strip("/"):
        raise ValueError(f"'{text}' is no URL of a Git repository; {_EXAMPLE}")
    if parts.password:
        raise ValueError(
            f"the URL of {parts.hostname} holds a password; leave it out, git takes it from its "
            "own credentials"
        )
    if not re.fullmatch(r"[A-Za-z0-9_][\w./+-]*", ref) or ".." in ref or ref.endswith(("/", ".")):
        raise ValueError(f"'{ref}' is no tag or commit; {_EXAMPLE}")
    return GitSource(url, ref, _subdirectory(fragment, text))


def _subdirectory(fragment: str, text: str) -> str:
    if not fragment:
        return ""
    key, _, value = fragment.partition("=")
    folder = value.strip("/")
    if key != "subdirectory" or not folder or ".." in folder.split("/"):
        raise ValueError(f"'#{fragment}' of {text} is not known; write #subdirectory=folder")
    return folder
