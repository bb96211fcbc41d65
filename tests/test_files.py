"""What no file of the repository may hold: a package registry's host, an unlocked dependency."""

import re
import subprocess

import pytest

from portable_files import ROOT

REGISTRY_HOSTS = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|npmjs\.com|deb\.debian\.org|--(extra-)?index-url|--find-links",
    re.IGNORECASE,
)
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-pcsc.txt")
PINNED = re.compile(r"^[a-z0-9][a-z0-9._-]*(\[[a-z0-9,._-]+\])?==[^ ]+( ; .+)?$", re.IGNORECASE)


def tracked_files() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"git ls-files: {done.stderr}")
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def lock_faults(text: str) -> list[str]:
    """Entries of a requirements file that are not pinned to one version with hashes."""
    entries = [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and line[0] != "#"]
    found = []
    for entry in entries:
        head, *hashes = entry.split(" --hash=")
        good = bool(hashes) and all(re.fullmatch(r"sha256:[0-9a-f]{64} *", h) for h in hashes)
        if not PINNED.match(head.strip()) or not good:
            found.append(head.strip() or entry)
    return found


def test_no_file_names_a_package_registry():
    own = "tests/test_files.py"
    named = [
        name
        for name in tracked_files()
        if name != own and REGISTRY_HOSTS.search((ROOT / name).read_bytes().decode("utf-8", "replace"))
    ]
    assert not named


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_every_package_with_hashes(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "==" in text
    assert lock_faults(text) == []


@pytest.mark.parametrize(
    "entry",
    [
        "construct>=2.10 --hash=sha256:" + "0" * 64,
        "construct==2.10.70",
        "construct==2.10.70 --hash=md5:00",
        "construct @ file:///tmp/construct.whl --hash=sha256:" + "0" * 64,
        "-e .",
    ],
)
def test_loose_lock_entry_is_named(entry):
    assert lock_faults(entry)


def test_npm_lock_names_no_place_to_fetch_from():
    lock = ROOT / "simulator" / "juzhu_simulator" / "micropython" / "package-lock.json"
    text = lock.read_text(encoding="utf-8")
    assert '"integrity": "sha512-' in text
    assert '"resolved"' not in text
    assert "://" not in text
