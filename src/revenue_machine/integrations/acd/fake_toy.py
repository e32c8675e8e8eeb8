"""The toy product a pretend coding agent edits: a small repository on disk that nobody could mistake for a real one."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MARKER = ".toy-project"
PRODUCT, CHANGELOG = "product.json", "CHANGELOG.md"
FRESH: dict[str, Any] = {"paywall": {}, "features": {}, "listing": {}, "checks": {}}
TEST_LIMIT_S = 120
_MOST_BYTES = 4_000_000
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_APP = '''"""A toy product: who meets which paywall and which change, as product.json says."""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent


def product():
    """What is deployed."""
    return json.loads((HERE / "product.json").read_text(encoding="utf-8"))


def paywall_of(paywall, draw):
    """The variant somebody with this draw (0 to 1) meets: the holdout keeps the old one."""
    if draw < paywall.get("holdout_share", 0):
        return paywall.get("holdout_variant")
    return paywall.get("variant")


def has_feature(features, flag, draw):
    """Whether somebody with this draw gets the change; everybody else is the control."""
    return flag in features and draw < features[flag]["share"]
'''
_TEST = '''"""What has to hold whatever product.json says."""

import unittest

import app


def is_share(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


class ProductTest(unittest.TestCase):
    def setUp(self):
        self.product = app.product()

    def test_paywall_names_its_variants(self):
        paywall = self.product["paywall"]
        for name in ("variant", "holdout_variant"):
            if name in paywall:
                self.assertIsInstance(paywall[name], str)
                self.assertTrue(paywall[name].strip())

    def test_holdout_is_a_share_of_an_old_variant(self):
        paywall = self.product["paywall"]
        share = paywall.get("holdout_share", 0)
        self.assertTrue(is_share(share))
        if share:
            self.assertNotEqual(paywall.get("holdout_variant"), paywall.get("variant"))
            self.assertEqual(app.paywall_of(paywall, 0.0), paywall["holdout_variant"])
        self.assertEqual(app.paywall_of(paywall, 1.0), paywall.get("variant"))

    def test_features_have_shares(self):
        for flag, feature in self.product["features"].items():
            self.assertTrue(is_share(feature["share"]), flag)
            self.assertEqual(app.has_feature(self.product["features"], flag, 1.0), False)

    def test_listing_is_text(self):
        for name, value in self.product["listing"].items():
            texts = value if isinstance(value, list) else [value]
            self.assertTrue(all(isinstance(text, str) for text in texts), name)

    def test_checks_are_words(self):
        for name, word in self.product["checks"].items():
            self.assertIsInstance(word, str, name)


if __name__ == "__main__":
    unittest.main()
'''
_FILES = {
    MARKER: "A pretend coding harness made this folder and edits it. Put nothing here that you want to keep.\n",
    "app.py": _APP,
    "test_app.py": _TEST,
    CHANGELOG: "# Changelog\n",
}  # fmt: skip


class BadFolder(Exception):
    """Why the pretend harness does not touch a folder."""


@dataclass(frozen=True)
class SelfTest:
    """What the toy's own test said."""

    passed: int
    failed: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Toy:
    """One toy repository."""

    root: Path

    def make(self, product: dict[str, Any], *, is_anew: bool = False) -> None:
        """Bring the folder into being with this product.json, with everything anew or only what is missing. Raises BadFolder."""
        try:
            self.root.parent.mkdir(exist_ok=True)
            self.root.mkdir(exist_ok=True)
        except OSError as error:
            raise BadFolder(f"the folder cannot be made: {error.strerror}") from None
        for name, text in _FILES.items():  # the marker comes first: a folder half made is still ours
            if is_anew or not os.path.lexists(self.root / name):
                self._write(name, text)
        self.put_product(product)

    def put_product(self, product: dict[str, Any]) -> None:
        self._write(PRODUCT, as_text(product))

    def note(self, mark: str, line: str) -> None:
        """Add a line to the changelog, once for each mark."""
        text = self._read(CHANGELOG)
        if f"({mark})" not in text:
            self._write(CHANGELOG, f"{text.rstrip()}\n\n- {line} ({mark})\n")

    def tried(self, product: dict[str, Any]) -> SelfTest:
        """The toy's unit test with another product.json, in a copy: what fails there never stands here."""
        with tempfile.TemporaryDirectory(prefix="toy-") as folder:
            for name in ("app.py", "test_app.py"):
                (Path(folder) / name).write_text(self._read(name), encoding="utf-8")
            (Path(folder) / PRODUCT).write_text(as_text(product), encoding="utf-8", errors="replace")
            return _tested(Path(folder))

    def _read(self, name: str) -> str:
        try:
            place = os.open(self.root / name, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            raise BadFolder(f"{name} cannot be read: {error.strerror}") from None
        with os.fdopen(place, "rb") as file:
            if not stat.S_ISREG(os.fstat(place).st_mode):
                raise BadFolder(f"{name} is no file")
            held = file.read(_MOST_BYTES + 1)
        if len(held) > _MOST_BYTES:
            raise BadFolder(f"{name} is too large")
        return held.decode("utf-8", "replace")

    def _write(self, name: str, text: str) -> None:
        """In one step, so that nobody reads half a file; what stood there is replaced, never followed."""
        fresh = self.root / f".{name}.new"
        try:
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, _NEW_FILE, 0o644), "wb") as file:
                file.write(text.encode("utf-8", "replace"))
            fresh.replace(self.root / name)
        except OSError as error:
            raise BadFolder(f"{name} cannot be written: {error.strerror}") from None


def _tested(folder: Path) -> SelfTest:
    """In a process of its own, without anything of our environment."""
    words = [sys.executable, "-S", "-B", "-m", "unittest", "-q", "test_app"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter on files of a folder that carries the marker
            words, cwd=folder, env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, timeout=TEST_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return SelfTest(0, 1, ("the test did not end",))
    ran = re.search(r"^Ran (\d+) test", done.stderr, re.MULTILINE)
    names = tuple(sorted(set(re.findall(r"^(?:FAIL|ERROR): (\w+)", done.stderr, re.MULTILINE))))
    count = int(ran[1]) if ran else 0
    if done.returncode == 0 and count:
        return SelfTest(count, 0)
    return SelfTest(max(0, count - len(names)), max(1, len(names)), names or ("the test could not run",))


def toy_at(text: str) -> Toy:
    """The toy at an absolute path, there or still to be made. Raises BadFolder for any other folder."""
    place = Path(text)
    if not place.is_absolute() or ".." in place.parts or "\0" in text or place.name == "":
        raise BadFolder("the path is not absolute")
    try:
        return Toy(_checked(place))
    except (OSError, RuntimeError) as error:
        raise BadFolder(f"the folder cannot be looked at: {getattr(error, 'strerror', None) or error}") from None


def _checked(place: Path) -> Path:
    """Ways to the folder may be links, the folder itself and what is in it may not."""
    above = place.parent
    if above.exists():
        place = above.resolve(strict=True) / place.name
    elif above.parent.is_dir() and not above.is_symlink():
        return above.parent.resolve(strict=True) / above.name / place.name
    else:
        raise BadFolder("neither the folder above nor the one above that is there")
    if not place.parent.is_dir():
        raise BadFolder("what stands above is no folder")
    if place.is_symlink():
        raise BadFolder("the folder is a symbolic link")
    if place.exists() and (not place.is_dir() or not _is_ours(place)):
        raise BadFolder(f"something stands there without the marker {MARKER}: it is no toy of this harness")
    return place


def _is_ours(place: Path) -> bool:
    marker = place / MARKER
    return (marker.is_file() and not marker.is_symlink()) or next(place.iterdir(), None) is None


def as_text(product: dict[str, Any]) -> str:
    """product.json as it stands on disk: one spelling per value."""
    return json.dumps(product, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
