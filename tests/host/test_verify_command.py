"""`juzhu verify`: cards judged offline by real keys and lists, at every boundary and with whatever may be wrong."""

import json
import shutil

import pytest

from host.authority_kit import Authority
from juzhu_host import clock_option, verify_command
from juzhu_host.cli import main
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
from juzhu_protocol.authority.list_signing import sign_manifest
from juzhu_protocol.lists.plain import build_list
from juzhu_protocol.profiles.source import find_profile
from juzhu_protocol.records.card import Service
from juzhu_protocol.records.profile import ProfileRecord, ProfileRecordExtension
from juzhu_protocol.rules.calendar import from_iso, start_of
from juzhu_protocol.rules.reasons import ALLOW, DENY, REFER
from juzhu_protocol.trust.contexts import PROFILE_CONTEXT, signed_part

CITY = 410200
NOON = 12 * 3600
SIGNED_ON = "2026-05-01"


def noon(day):
    return start_of(from_iso(day)) + NOON


@pytest.fixture(scope="session")
def desk_home(tmp_path_factory):
    """A folder with a development authority, a card of a senior and a list that knows nothing against anybody."""
    home = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        patch.chdir(home)
        new = ("card", "new", "--division", "410202", "--serial", "7", "--out", "card.json")
        assert main([*new, "--born", "1950-03-01", "--issued", "2025-06-01"]) == 0
        assert main(["lists", "make", "lists", "--on", SIGNED_ON]) == 0
    return home


@pytest.fixture
def verify(tmp_path, monkeypatch, capsys, desk_home):
    """Run `juzhu verify` on tmp_path's copy of the desk; return exit code, standard output and standard error."""
    shutil.copytree(desk_home, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*words, card="card.json", service="bus.senior"):
        try:
            code = main(["verify", card, "--service", service, *words])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def judge(verify):
    """Run `juzhu verify --json`; return exit code and the object."""

    def run(*words, **named):
        code, out, said = verify(*words, "--json", **named)
        assert out, said
        return code, json.loads(out)

    return run


def make_list(tmp_path, *words):
    assert main(["lists", "make", str(tmp_path / "lists"), *words]) == 0


def change_card(tmp_path, change):
    path = tmp_path / "card.json"
    image = json.loads(path.read_text())
    change(image)
    path.write_text(json.dumps(image))


LISTS = ("--lists", "lists")


@pytest.mark.parametrize(
    ("days", "code", "answer", "reason"),
    [
        ("2026-04-30", 0, "ALLOW", "in-force"),
        ("2026-05-01", 0, "ALLOW", "endorse-soon"),
        ("2026-06-01", 11, "REFER", "list-too-old"),
        ("2025-05-31", 11, "REFER", "clock-unsure"),
        ("2026-06-02", 10, "DENY", "overdue"),
        ("2026-12-01", 10, "DENY", "overdue"),
        ("2026-12-02", 10, "DENY", "lapsed"),
        ("2026-05-30..2026-05-30", 0, "ALLOW", "endorse-soon"),
        ("2026-04-30..2026-05-02", 0, "ALLOW", "in-force"),
        ("2026-05-20..2026-06-02", 11, "REFER", "clock-unsure"),
        ("2026-06-02..2026-12-02", 10, "DENY", "overdue"),
        ("2026-12-02..", 10, "DENY", "lapsed"),
        ("2026-05-02..", 11, "REFER", "clock-unsure"),
    ],
)
def test_answer_and_exit_code_at_boundaries(judge, days, code, answer, reason):
    found, verdict = judge(*LISTS, "--on", days)
    assert (found, verdict["answer"], verdict["reason"]) == (code, answer, reason)
    first, _, last = days.partition("..")
    assert verdict["today"] == [first, (last or None) if ".." in days else first]


def test_without_lists_nothing_is_allowed(judge):
    assert judge("--on", "2026-04-01")[1]["reason"] == "no-list"
    assert judge("--on", "2026-07-01")[1]["reason"] == "overdue"


def test_the_verdict_says_what_it_was_judged_by(judge):
    code, verdict = judge(*LISTS, "--on", "2026-05-03", service="senior-card")
    assert code == 0
    assert verdict["list"] == {"division": CITY, "sequence": 1, "age_hours": 59}
    assert verdict["flags"] == ["list-ageing"]
    assert (verdict["service"], verdict["profile"]) == ("senior-card", "kaifeng")
    assert (verdict["profile_version"], verdict["profile_signed"]) == (1, False)
    assert len(verdict["notes"]) == 1
    assert (verdict["good_through"], verdict["until"]) == ("2026-06-01", "2026-06-01")


@pytest.mark.parametrize(
    ("listed", "days", "reason"),
    [
        (("--suspended", "7"), SIGNED_ON, "suspended"),
        (("--suspended", "6", "--suspended", "8"), SIGNED_ON, "endorse-soon"),
        (("--revoked", "7"), SIGNED_ON, "revoked"),
        (("--revoked", "7"), "2026-08-01", "revoked"),
        (("--suspended", "7"), "2026-08-01", "list-too-old"),
        (("--highest", "7"), SIGNED_ON, "endorse-soon"),
        (("--highest", "6"), SIGNED_ON, "endorse-soon"),
    ],
)
def test_a_cards_status_comes_from_the_list(judge, tmp_path, listed, days, reason):
    make_list(tmp_path, "--on", SIGNED_ON, *listed)
    verdict = judge(*LISTS, "--on", days)[1]
    assert verdict["reason"] == reason
    assert verdict["list"]["sequence"] == 2
    assert verdict["flags"] == (["newer-than-list"] if listed == ("--highest", "6") else [])


def test_a_list_of_a_registry(judge, tmp_path):
    from juzhu_protocol.authority.registry import Registry
    from permit_tools import issue

    with Registry(tmp_path / "r.db", create=True) as registry:
        for _ in range(7):
            issue(registry, "2026-04-01")
        registry.suspend(CITY, 7, 6, now=noon("2026-04-02"))
    make_list(tmp_path, "--on", SIGNED_ON, "--registry", str(tmp_path / "r.db"))
    assert judge(*LISTS, "--on", SIGNED_ON)[1]["reason"] == "suspended"


def overwrite(name, data):
    return lambda folder: (folder / name).write_bytes(data)


def flip(name, at):
    def change(folder):
        raw = bytearray((folder / name).read_bytes())
        raw[at] ^= 1
        (folder / name).write_bytes(raw)

    return change


def strangers_list(folder):
    ring = Authority(folder / "stranger").ring
    content = build_list(CITY, 99, {})
    key = next(key for key in ring.keys if key.spec.name == "list")
    (folder / f"{CITY}.list").write_bytes(content)
    (folder / f"{CITY}.manifest").write_bytes(sign_manifest(key, CITY, 9, noon(SIGNED_ON), content))


def own_ring(folder):
    return KeyRing.load(folder.parent / "juzhu" / "development-authority")


def other_divisions_list(folder):
    ring = own_ring(folder)
    content = build_list(110000, 99, {})
    (folder / f"{CITY}.list").write_bytes(content)
    manifest = sign_manifest(ring.list_key(110000, from_iso(SIGNED_ON)), 110000, 9, noon(SIGNED_ON), content)
    (folder / f"{CITY}.manifest").write_bytes(manifest)


def content_of_another_division(folder):
    content = build_list(110000, 99, {})
    key = own_ring(folder).list_key(CITY, from_iso(SIGNED_ON))
    (folder / f"{CITY}.list").write_bytes(content)
    (folder / f"{CITY}.manifest").write_bytes(sign_manifest(key, CITY, 9, noon(SIGNED_ON), content))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (flip(f"{CITY}.list", -1), "hash"),
        (flip(f"{CITY}.manifest", -1), "signature does not hold"),
        (flip(f"{CITY}.manifest", 20), "is not used"),
        (overwrite(f"{CITY}.list", b""), "0 bytes"),
        (overwrite(f"{CITY}.manifest", b"\xff" * 90), "manifest"),
        (overwrite(f"{CITY}.manifest", b""), "manifest"),
        (overwrite(f"{CITY}.manifest", b"x" * 5000), "more than"),
        (lambda folder: (folder / f"{CITY}.manifest").unlink(), "no list of 410200"),
        (lambda folder: (folder / f"{CITY}.list").unlink(), "no list of 410200"),
        (strangers_list, "no key"),
        (other_divisions_list, "110000"),
        (content_of_another_division, "division 110000"),
    ],
)
def test_a_list_that_does_not_verify_is_no_list_and_a_note_says_why(judge, tmp_path, change, said):
    change(tmp_path / "lists")
    code, verdict = judge(*LISTS, "--on", SIGNED_ON)
    assert (code, verdict["reason"], verdict["list"]) == (11, "no-list", None)
    assert said in verdict["notes"][0]


def test_a_lists_folder_that_is_not_there_is_a_fault(verify):
    code, out, said = verify("--lists", "gone", "--on", SIGNED_ON)
    assert (code, out) == (78, "")
    assert "gone" in said


def test_without_any_keys_the_card_is_unknown_and_not_refused(judge, tmp_path):
    shutil.rmtree(tmp_path / "juzhu")
    code, verdict = judge(*LISTS, "--on", SIGNED_ON)
    assert (code, verdict["reason"], verdict["good_through"]) == (11, "unknown-key", None)
    assert "no keys" in verdict["notes"][0]
    assert not (tmp_path / "juzhu").exists()


def test_roots_alone_need_the_bundle_of_the_lists(judge, tmp_path):
    roots = ("--roots", str(tmp_path / "juzhu" / "development-authority" / "roots.toml"))
    assert judge(*LISTS, *roots, "--on", SIGNED_ON)[1]["reason"] == "endorse-soon"
    verdict = judge(*roots, "--on", SIGNED_ON)[1]
    assert verdict["reason"] == "unknown-key"
    assert "--lists" in verdict["notes"][0]


def test_another_authoritys_keys_do_not_know_the_card(judge):
    verdict = judge("--keys", str(DEVELOPMENT_KEYS), "--on", SIGNED_ON)[1]
    assert verdict["reason"] == "unknown-key"


def test_a_tampered_bundle_is_not_used(judge, tmp_path):
    flip("bundle.bin", -1)(tmp_path / "lists")
    verdict = judge(*LISTS, "--on", SIGNED_ON)[1]
    assert verdict["reason"] == "endorse-soon"
    assert "bundle.bin is not used" in verdict["notes"][0]
    flip("bundle.bin", -1)(tmp_path / "juzhu" / "development-authority")
    verdict = judge(*LISTS, "--on", SIGNED_ON)[1]
    assert (verdict["reason"], len(verdict["notes"])) == ("unknown-key", 3)


def test_the_newer_of_two_bundles_counts(judge, tmp_path):
    ring = own_ring(tmp_path / "lists")
    newer = ring.build_bundle(2, noon(SIGNED_ON))
    (tmp_path / "lists" / "bundle.bin").write_bytes(newer)
    roots = tmp_path / "juzhu" / "development-authority" / "roots.toml"
    from juzhu_host.local_trust import load_keys

    for folders in ((None, roots.parent, tmp_path / "lists"), (roots, None, tmp_path / "lists")):
        keys, notes = load_keys(*folders, None)
        assert (keys.version, notes) == (2, [])


def forge(image):
    service = Service.from_bytes(bytes.fromhex(image["service"]))
    service.good_through += 365
    image["service"] = service.to_bytes().hex()


def change_signature(image):
    raw = bytes.fromhex(image["service"])
    image["service"] = (raw[:-1] + bytes([raw[-1] ^ 1])).hex()


def swap_info(image):
    image["info"] = image["info"][:12] + "00000008" + image["info"][20:]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (forge, "not-genuine"),
        (swap_info, "not-genuine"),
        (change_signature, "not-genuine"),
        (lambda image: image.update(service="02ff" + image["service"][4:]), "update-reader"),
        (lambda image: image.update(info="01ff" + image["info"][4:]), "update-reader"),
        (lambda image: image.update(service=image["service"][:-2]), "unreadable"),
        (lambda image: image.update(service=""), "unreadable"),
        (lambda image: image.update(info="ff" * 15), "unreadable"),
        (lambda image: image.update(endorsements=["00"]), "endorse-soon"),
    ],
)
def test_a_card_that_is_not_as_signed_is_referred_and_never_denied(judge, tmp_path, change, reason):
    make_list(tmp_path, "--on", SIGNED_ON)
    change_card(tmp_path, change)
    code, verdict = judge(*LISTS, "--on", SIGNED_ON)
    assert verdict["reason"] == reason
    assert code == (0 if reason == "endorse-soon" else 11)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "JSON"),
        (b"\x00\xff\xfe" * 100, "UTF-8"),
        (b" " * 300_000, "more than"),
        (b"[]", "format"),
        (b"{" * 50_000, "JSON"),
        (b"[" * 50_000, "nested"),
    ],
)
def test_a_file_that_is_no_card_is_a_fault_and_no_answer(verify, tmp_path, content, said):
    (tmp_path / "card.json").unlink()
    if content is not None:
        (tmp_path / "card.json").write_bytes(content)
    code, out, err = verify("--on", SIGNED_ON)
    assert (code, out) == (78, "")
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--on", "2026-05-02..2026-05-01"), "after"),
        (("--on", "2026-02-30"), "no such date"),
        (("--on", ".."), "day"),
        (("--on", "1899-12-31"), "1900-01-02"),
        (("--service", "bus.junior"), "invalid choice"),
        (("--keys", "a", "--roots", "b"), "not allowed"),
        (("--lang", "fr"), "invalid choice"),
    ],
)
def test_wrong_words_are_wrong_usage(verify, words, said):
    code, out, err = verify(*words)
    assert (code, out) == (64, "")
    assert said in err.splitlines()[-1]


def test_todays_clock_is_the_machines(judge, tmp_path, monkeypatch):
    monkeypatch.setattr(clock_option.time, "time", lambda: noon("2026-05-02"))
    flip("bundle.bin", -1)(tmp_path / "lists")
    shutil.rmtree(tmp_path / "juzhu")
    shutil.copytree(DEVELOPMENT_KEYS, tmp_path / "juzhu" / "development-authority")
    verdict = judge()[1]
    assert (verdict["today"], verdict["reason"]) == (["2026-05-02", "2026-05-02"], "unknown-key")
    assert judge("--clock-offset", "86400")[1]["today"] == ["2026-05-03", "2026-05-03"]


@pytest.mark.parametrize(
    ("ahead", "reason", "today"),
    [
        (0, "endorse-soon", ["2026-05-02", "2026-05-02"]),
        (-3600, "endorse-soon", ["2026-05-02", "2026-05-02"]),
        (3600, "clock-unsure", ["2026-05-02", None]),
        (13 * 3600, "clock-unsure", ["2026-05-03", None]),
        (24 * 3600 + 1, "no-list", ["2026-05-02", "2026-05-02"]),
    ],
)
def test_a_clock_behind_a_signed_time_is_no_clock(judge, tmp_path, monkeypatch, ahead, reason, today):
    now = noon("2026-05-02")
    monkeypatch.setattr(clock_option.time, "time", lambda: now)
    ring = own_ring(tmp_path / "lists")
    bundle = ring.build_bundle(2, noon("2026-04-01"))
    for folder in (tmp_path / "lists", tmp_path / "juzhu" / "development-authority"):
        (folder / "bundle.bin").write_bytes(bundle)
    content = build_list(CITY, 99, {})
    key = ring.list_key(CITY, from_iso(SIGNED_ON))
    (tmp_path / "lists" / f"{CITY}.list").write_bytes(content)
    (tmp_path / "lists" / f"{CITY}.manifest").write_bytes(sign_manifest(key, CITY, 2, now + ahead, content))
    verdict = judge(*LISTS)[1]
    assert (verdict["reason"], verdict["today"]) == (reason, today)


def test_other_places_have_their_own_services(judge):
    assert judge(*LISTS, "--on", SIGNED_ON, "--profile", "beijing")[1]["reason"] == "other-division"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("days", [SIGNED_ON, "2026-07-01", "2026-12-02", "2026-05-20..2026-06-02"])
def test_words_for_people(verify, language, days):
    code, out, said = verify(*LISTS, "--on", days, "--lang", language)
    assert said == ""
    assert out.splitlines()[0].split() == [
        {0: "ALLOW", 10: "DENY", 11: "REFER"}[code],
        {
            SIGNED_ON: "endorse-soon",
            "2026-07-01": "overdue",
            "2026-12-02": "lapsed",
        }.get(days, "clock-unsure"),
    ]
    explained = verify(*LISTS, "--on", days, "--lang", language, "--explain")[1]
    assert len(explained) > len(out)
    assert any("\u4e00" <= character <= "\u9fff" for character in explained) == (language == "zh")


def test_the_explanation_names_article_remedy_office_and_day(judge):
    verdict = judge(*LISTS, "--on", "2026-07-01", "--explain", "--lang", "zh")[1]
    told = verdict["explanation"]
    assert told["public"] == "请投币"
    assert "第十八条" in told["article"]
    assert "2026年12月1日" in told["remedy"]
    assert told["by"] == verdict["until"] == "2026-12-01"
    assert told["office"]


def test_public_words_never_tell_why(verify, tmp_path):
    make_list(tmp_path, "--on", SIGNED_ON, "--suspended", "7")
    out = verify(*LISTS, "--on", SIGNED_ON, "--explain")[1]
    (public,) = [line for line in out.splitlines() if "in public" in line]
    assert public.split("in public")[1].strip() == "Please pay"


def test_every_answer_has_an_exit_code_of_its_own():
    assert verify_command.EXIT_CODES == {ALLOW: 0, DENY: 10, REFER: 11}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--highest", "6", "--suspended", "7"), 78, "--highest"),
        (("--registry", "gone.db"), 78, "gone.db"),
        (("--registry", "gone.db", "--revoked", "1"), 78, "leave --suspended"),
        (("--suspended", "x"), 64, "serial"),
        (("--division", "110105"), 78, "110105"),
    ],
)
def test_a_list_that_cannot_be_made_leaves_the_old_one(verify, tmp_path, capsys, words, code, said):
    before = {path.name: path.read_bytes() for path in (tmp_path / "lists").iterdir()}
    try:
        found = main(["lists", "make", "lists", *words])
    except SystemExit as ended:
        found = ended.code
    assert found == code
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert {path.name: path.read_bytes() for path in (tmp_path / "lists").iterdir()} == before


def test_a_damaged_manifest_is_not_counted_on(verify, tmp_path, capsys):
    overwrite(f"{CITY}.manifest", b"x")(tmp_path / "lists")
    assert main(["lists", "make", "lists"]) == 78
    assert "move it aside" in capsys.readouterr().err


def development(folder):
    return folder / "juzhu" / "development-authority"


def test_an_answer_on_the_development_authority_says_so(judge, verify, tmp_path):
    found = judge(*LISTS, "--on", SIGNED_ON)[1]
    assert found["development_authority"] is True
    assert any("rests on the development authority" in note for note in found["notes"])
    assert "rests on the development authority" in verify(*LISTS, "--on", SIGNED_ON)[1]
    named = ("--keys", str(development(tmp_path)))
    found = judge(*LISTS, *named, "--on", SIGNED_ON)[1]
    assert (found["development_authority"], found["notes"]) == (False, [])


def test_the_bundle_is_told_by_version_and_time(judge, verify, tmp_path):
    (tmp_path / "lists" / "bundle.bin").write_bytes(
        own_ring(tmp_path / "lists").build_bundle(4, noon(SIGNED_ON))
    )
    assert judge(*LISTS, "--on", SIGNED_ON)[1]["bundle"] == {"version": 4, "time": noon(SIGNED_ON)}
    assert f"version 4 of {SIGNED_ON}" in verify(*LISTS, "--on", SIGNED_ON)[1]


def test_a_bundle_older_than_one_seen_is_refused(judge, tmp_path):
    old = (tmp_path / "lists" / "bundle.bin").read_bytes()
    shutil.copy(development(tmp_path) / "roots.toml", tmp_path / "roots.toml")
    roots = (*LISTS, "--roots", str(tmp_path / "roots.toml"), "--on", SIGNED_ON)
    assert judge(*roots)[1]["reason"] == "endorse-soon"
    (tmp_path / "lists" / "bundle.bin").write_bytes(
        own_ring(tmp_path / "lists").build_bundle(2, noon(SIGNED_ON))
    )
    assert judge(*roots)[1]["bundle"]["version"] == 2
    (tmp_path / "lists" / "bundle.bin").write_bytes(old)
    shutil.copy(tmp_path / "roots.toml", tmp_path / "copy.toml")
    for name in ("roots.toml", "copy.toml"):
        code, verdict = judge(*LISTS, "--roots", str(tmp_path / name), "--on", SIGNED_ON)
        assert (code, verdict["reason"], verdict["bundle"]) == (11, "unknown-key", None)
        assert "below 2" in verdict["notes"][0]


def test_a_floor_that_cannot_be_read_or_kept_is_told(judge, tmp_path):
    assert judge(*LISTS, "--on", SIGNED_ON)[0] == 0
    (floor,) = (tmp_path / "juzhu" / "bundle-floors").iterdir()
    assert floor.stat().st_mode & 0o777 == 0o600
    floor.write_text("often")
    assert "holds no bundle version" in judge(*LISTS, "--on", SIGNED_ON)[1]["notes"][0]
    floor.unlink()
    floor.parent.rmdir()
    floor.parent.write_text("")
    assert any("bundle-floors" in note for note in judge(*LISTS, "--on", SIGNED_ON)[1]["notes"])


@pytest.mark.parametrize(
    ("days", "is_earlier"),
    [("2026-04-30", True), ("2026-05-01", False), ("2026-04-29..2026-04-30", True), ("2026-04-30..", False)],
)
def test_a_list_from_after_the_asked_day_is_told(judge, days, is_earlier):
    notes = judge(*LISTS, "--on", days)[1]["notes"]
    assert (f"a what-if: the list is from later, {SIGNED_ON}" in notes) == is_earlier


def signed_profile(folder, *, extended=True, key_of=CITY):
    """Lay a signed profile of Kaifeng, which extends the card's last day by a month, into the lists folder."""
    record = ProfileRecord.from_bytes(find_profile("kaifeng").record.to_bytes())
    record.profile_version, record.time = 5, noon(SIGNED_ON)
    day = from_iso("2026-06-01")
    record.extensions = [ProfileRecordExtension(day, day, day + 30)] if extended else []
    key = own_ring(folder / "lists").policy_key(key_of, from_iso(SIGNED_ON))
    record.key_id = key.key_id
    record.signature = key.sign(PROFILE_CONTEXT, signed_part(record.to_bytes()))
    (folder / "lists" / f"{CITY}.profile").write_bytes(record.to_bytes())


def test_an_extension_in_a_signed_profile_reaches_verify(judge, verify, tmp_path):
    assert judge(*LISTS, "--on", "2026-06-02")[1]["reason"] == "overdue"
    signed_profile(tmp_path)
    verdict = judge(*LISTS, "--on", "2026-06-02")[1]
    assert (verdict["reason"], verdict["good_through"]) == ("list-too-old", "2026-07-01")
    assert (verdict["profile_version"], verdict["profile_signed"]) == (5, True)
    assert "version 5, signed" in verify(*LISTS, "--on", "2026-06-02")[1]
    verdict = judge(*LISTS, "--on", "2026-06-02", "--profile", "kaifeng")[1]
    assert (verdict["reason"], verdict["profile_signed"]) == ("overdue", False)


def test_a_signed_profile_that_does_not_hold_is_not_used_and_told(judge, tmp_path):
    name = f"{CITY}.profile"
    for spoil in (
        flip(name, -1),
        overwrite(name, b""),
        overwrite(name, b"x" * 4000),
        lambda folder: signed_profile(folder.parent, key_of=110000),
    ):
        signed_profile(tmp_path)
        spoil(tmp_path / "lists")
        verdict = judge(*LISTS, "--on", "2026-06-02")[1]
        assert (verdict["reason"], verdict["profile_signed"]) == ("overdue", False)
        assert f"{name} is not used" in verdict["notes"][0]


def test_a_profile_that_is_none_is_a_fault_and_no_answer(verify, tmp_path):
    (tmp_path / "broken.toml").write_text("place = 1")
    for name, said in (
        ("atlantis", "there are: beijing"),
        ("broken.toml", "place"),
        ("./gone", "cannot be read"),
    ):
        code, out, err = verify("--profile", name, "--on", SIGNED_ON)
        assert (code, out) == (78, "")
        assert said in err
