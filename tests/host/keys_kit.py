"""An authority for tests of `juzhu keys`: its commands, and what a reader then says of its cards."""

import json
from types import SimpleNamespace

from juzhu_host import keys_files
from juzhu_host.cli import main
from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.hostside.roots import load_roots
from juzhu_protocol.records.card import Service
from juzhu_protocol.rules.calendar import from_iso, start_of
from juzhu_protocol.trust.bundle import open_bundle
from juzhu_protocol.trust.contexts import SERVICE_CONTEXT, signed_part
from juzhu_protocol.trust.service import check_service

PASSPHRASE = "five words are easy here"
DIVISION, CITY = 410202, 410200
BEFORE, THEFT, AFTER = "2026-01-10", "2026-05-05", "2026-06-20"
FIRST = "2025-01-01"


def write_passphrase(folder):
    """A passphrase file as a service has one."""
    path = folder / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    path.chmod(0o600)
    return path


def runner(capsys, passphrase):
    """Return what runs `juzhu keys` and returns exit code, standard output and standard error.

    Acts that may ask get the passphrase.
    """

    def run(act, *words, sealed=act_asks):
        given = ("--passphrase-file", str(passphrase)) if sealed(act) else ()
        try:
            code = main(["keys", act, *map(str, words), *given])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def make_folder(keys, place):
    """Make an authority of one division."""
    code, said, wrong = keys("make", place, "--division", DIVISION, "--from", FIRST)
    assert (code, wrong) == (0, ""), said
    return place


def at(monkeypatch, day):
    """Set this machine's clock to noon of a day."""
    now = start_of(from_iso(day)) + 43_200
    monkeypatch.setattr(keys_files, "time", SimpleNamespace(time=lambda: now))


def act_asks(act):
    return act in ("make", "add", "rotate", "revoke", "root", "sam", "sign")


def never(act):
    return False


def signed_by(keys, folder, *roots):
    for name in roots:
        code, said, wrong = keys("sign", folder, "--root", name)
        assert (code, wrong) == (0, ""), said
    return said


def shown(keys, folder, *words):
    code, said, wrong = keys("show", folder, "--json", *words)
    assert (code, wrong) == (0, "")
    return json.loads(said)


def states(found):
    return {key["name"]: key["state"] for key in found["keys"]}


def ring_of(folder):
    return KeyRing.load(folder, PASSPHRASE.encode())


def trusted(folder):
    """The keys that a reader believes, installed with the folder's roots."""
    return open_bundle(
        (folder / "bundle.bin").read_bytes(), load_roots(folder / "roots.toml"), NativeVerifier(), 0
    )


def service(key, signed_on, endorsements=0):
    """A card's SERVICE, signed by a key on a day: as it was issued, or endorsed."""
    issued = from_iso(signed_on) if not endorsements else from_iso("2025-02-01")
    record = Service(
        suite=key.suite,
        list_division=CITY,
        serial=7,
        issuing_division=DIVISION,
        birth_day=from_iso("1960-05-01"),
        issue_day=issued,
        anchor_day=issued,
        residence_since=issued,
        endorsement_number=endorsements,
        endorsement_kind=1 if endorsements else 0,
        endorsement_day=from_iso(signed_on) if endorsements else 0,
        good_through=issued + 365,
        permit_class=1,
        key_id=key.key_id,
        signature=bytes(64),
    )
    record.signature = key.sign(SERVICE_CONTEXT, signed_part(record.to_bytes()))
    return record.to_bytes()


def authenticity(folder, raw):
    return check_service(raw, Service.from_bytes(raw), trusted(folder), NativeVerifier())
