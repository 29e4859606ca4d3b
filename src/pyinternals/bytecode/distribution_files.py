"""Which files an installed distribution brought, by its own list of them; nothing of it is imported.

Stands on `importlib.metadata`: ``RECORD`` in a ``.dist-info`` folder, and ``direct_url.json`` beside it
(PEP 610), which says where the sources of an editable installation are.
"""

from __future__ import annotations

import json
import os
from importlib import metadata
from urllib.parse import unquote, urlsplit

from ..errors import TargetNotFound, TargetUnreadable
from ..safe_text import escape

__all__ = ["distribution_files"]


def distribution_files(name: str) -> list[str]:
    """Absolute paths of the Python files, sources and caches, of distribution `name`.

    Raises `TargetNotFound`, with the nearest names, or `TargetUnreadable` where it has no list of files
    or its sources are elsewhere.
    """
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise TargetNotFound(
            "no such file, folder or installed distribution",
            target=escape(name),
            hint=_near_distributions(name),
        ) from error
    listed = distribution.files
    if listed is None:
        raise TargetUnreadable(
            "is installed without a list of its files", target=escape(name), hint="name its folder"
        )
    paths = [str(path.locate()) for path in listed if path.suffix in (".py", ".pyc")]
    folder = _editable_folder(distribution)
    if folder is not None and not any(path.endswith(".py") for path in paths):
        raise TargetUnreadable(
            "is an editable installation",
            target=escape(name),
            hint=f"name the folder: {escape(folder)}",
        )
    return [os.path.normpath(path) for path in paths]


def _editable_folder(distribution: metadata.Distribution) -> str | None:
    text = distribution.read_text("direct_url.json")
    try:
        url = json.loads(text)["url"] if text else ""
        parts = urlsplit(url)
    except (ValueError, KeyError, TypeError):
        return None
    return unquote(parts.path) if parts.scheme == "file" else None


def _near_distributions(name: str) -> str:
    from difflib import get_close_matches

    names = sorted({str(found.name) for found in metadata.distributions() if found.name})
    near = get_close_matches(name, names, n=3, cutoff=0.7)
    if near:
        return f"did you mean {' or '.join(escape(found) for found in near)}?"
    return "check the spelling, or give a path"
