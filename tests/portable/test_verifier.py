"""The verifier of both suites: no suite by default, tables from RAM, from the store or made anew."""

from reader_fixtures import BUNDLE_1
from toy_signer import public_key, sign_es256, sign_sm2, sm2_digest

from juzhu_protocol.crypto.comb import TEETH, table_size
from juzhu_protocol.crypto.curve import P256, SM2
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3, curve_of, key_id, signed_digest
from juzhu_protocol.crypto.sm3 import compress, sm3
from juzhu_protocol.errors import BadSignatureError, KeyFormatError
from juzhu_protocol.records.trust import SignedBundle, SignedBundleSignature
from juzhu_protocol.trust import verifier as module
from juzhu_protocol.trust.bundle import Roots, open_bundle
from juzhu_protocol.trust.contexts import BUNDLE_CONTEXT, is_signed_by
from juzhu_protocol.trust.verifier import SignatureVerifier

CONTEXT, MESSAGE = b"juzhu/test", b"a message"
NUMBERS = (11, 22, 33)
ES256_KEYS = [(SUITE_ES256, public_key(P256, d)) for d in NUMBERS]
SM2_KEYS = [(SUITE_SM2_SM3, public_key(SM2, d)) for d in NUMBERS]


def sign(key, message=MESSAGE, context=CONTEXT):
    suite, public = key
    d = NUMBERS[(ES256_KEYS if suite == SUITE_ES256 else SM2_KEYS).index(key)]
    if suite == SUITE_ES256:
        return sign_es256(d, 987654321, signed_digest(context, message))
    return sign_sm2(d, 987654321, sm2_digest(public, context, message))


def accepts(verifier, key, signature=None, message=MESSAGE, context=CONTEXT):
    return verifier.verify(key[0], key[1], context, message, signature or sign(key))


class RamStore:
    """A store with room for so many tables; it counts what it is asked."""

    def __init__(self, room=16):
        self.room = room
        self.wanted = []
        self.tables = {}
        self.saved = []

    def want(self, keys):
        self.wanted = keys[: self.room]
        return len(self.wanted)

    def load(self, suite, public):
        return self.tables.get((suite, public))

    def save(self, suite, public, table):
        self.saved.append((suite, public))
        if (suite, public) in self.wanted:
            self.tables[(suite, public)] = table


class Building:
    """Counts the tables that are made while it stands in for the module's way to make one."""

    def __init__(self):
        self.built = 0
        self._build, self._builder = module.build_table, module.TableBuilder

    def __enter__(self):
        def build(*given):
            self.built += 1
            return self._build(*given)

        def builder(*given):
            self.built += 1
            return self._builder(*given)

        module.build_table, module.TableBuilder = build, builder
        return self

    def __exit__(self, *_):
        module.build_table, module.TableBuilder = self._build, self._builder


def finish(verifier):
    steps = 0
    while not verifier.step():
        steps += 1
    return steps


def refuses(error, call, *given):
    try:
        call(*given)
    except error:
        return True
    return False


def test_both_suites_are_verified_by_one_verifier():
    verifier = SignatureVerifier()
    for key in (ES256_KEYS[0], SM2_KEYS[0], ES256_KEYS[1], SM2_KEYS[1]):
        assert accepts(verifier, key)
        assert not accepts(verifier, key, message=b"a massage")
        assert not accepts(verifier, key, context=b"juzhu/tests")
        for damaged in (b"\x00", sign(key)[:63], sign(key) + b"\x00", bytes(64), b"\xff" * 64):
            assert not accepts(verifier, key, damaged)


def test_suite_that_is_not_known_is_an_error_on_every_path():
    public = ES256_KEYS[0][1]
    signature = sign(ES256_KEYS[0])
    for suite in (0, 3, 255, 256, -1):
        verifier = SignatureVerifier(RamStore())
        assert refuses(ValueError, curve_of, suite)
        assert refuses(ValueError, verifier.hash, suite, b"data")
        assert refuses(ValueError, verifier.verify, suite, public, CONTEXT, MESSAGE, signature)
        assert refuses(ValueError, verifier.prepare, [(suite, public)])
        assert refuses(ValueError, Roots, [public], 1, suite)
    assert refuses(
        (ValueError, TypeError), SignatureVerifier().verify, None, public, CONTEXT, MESSAGE, signature
    )


def test_each_suite_has_its_own_hash():
    verifier = SignatureVerifier()
    assert verifier.hash(SUITE_ES256, b"abc").hex()[:8] == "ba7816bf"
    assert verifier.hash(SUITE_SM2_SM3, b"abc").hex()[:8] == "66c7f0f4"


def test_key_of_one_suite_presented_in_the_other_is_refused():
    verifier = SignatureVerifier()
    for suite, key in ((SUITE_SM2_SM3, ES256_KEYS[0]), (SUITE_ES256, SM2_KEYS[0])):
        assert refuses(KeyFormatError, accepts, verifier, (suite, key[1]), sign(key))
        assert refuses(KeyFormatError, Roots, [key[1]], 1, suite)


class Record:
    def __init__(self, suite, signature):
        self.suite = suite
        self.signature = signature


class PinnedKey:
    def __init__(self, key):
        self.suite, self.public_key = key


def test_record_of_another_suite_than_its_key_is_not_signed_whatever_stands_in_it():
    verifier = SignatureVerifier()
    for key, other in ((ES256_KEYS[0], SUITE_SM2_SM3), (SM2_KEYS[0], SUITE_ES256)):
        signature = sign(key)
        pinned = PinnedKey(key)
        assert is_signed_by(pinned, Record(key[0], signature), MESSAGE + signature, CONTEXT, verifier)
        for suite in (other, 0, 3):
            assert not is_signed_by(pinned, Record(suite, signature), MESSAGE + signature, CONTEXT, verifier)


def test_two_keys_are_kept_in_ram_and_a_third_is_fetched_from_the_store():
    store = RamStore()
    verifier = SignatureVerifier(store)
    keys = [ES256_KEYS[0], SM2_KEYS[0], ES256_KEYS[1]]
    verifier.prepare(keys)
    finish(verifier)
    assert len(store.saved) == 5
    with Building() as building:
        for key in keys + keys:
            assert accepts(verifier, key)
            assert len(verifier._tables) == 2
            assert len(verifier._generators) == 2
        assert building.built == 0
    # What the store keeps of an SM2 key spares hashing its Z_A again.
    assert len(store.load(SUITE_SM2_SM3, SM2_KEYS[0][1])) == 32 + table_size(TEETH)
    assert len(store.load(SUITE_ES256, ES256_KEYS[0][1])) == table_size(TEETH)


def test_restart_builds_and_saves_nothing_that_the_store_holds():
    store = RamStore()
    first = SignatureVerifier(store)
    first.prepare([SM2_KEYS[0], ES256_KEYS[0]])
    slow = finish(first)
    store.saved = []
    with Building() as building:
        again = SignatureVerifier(store)
        again.prepare([SM2_KEYS[0], ES256_KEYS[0]])
        assert finish(again) < 10 < slow
        assert accepts(again, SM2_KEYS[0])
        assert accepts(again, ES256_KEYS[0])
        assert building.built == 0
    assert store.saved == []


def test_generator_is_kept_like_a_key_and_once_for_a_suite():
    store = RamStore()
    verifier = SignatureVerifier(store)
    verifier.prepare([SM2_KEYS[0], SM2_KEYS[1], SM2_KEYS[0]])
    assert [key[1] for key in store.wanted] == [public_key(SM2, 1), SM2_KEYS[0][1], SM2_KEYS[1][1]]
    finish(verifier)
    assert len(store.saved) == 3


def test_table_of_another_size_in_the_store_is_made_again():
    store = RamStore()
    verifier = SignatureVerifier(store)
    verifier.prepare([SM2_KEYS[0]])
    finish(verifier)
    for name in list(store.tables):
        store.tables[name] = store.tables[name][32:]
    store.saved = []
    again = SignatureVerifier(store)
    again.prepare([SM2_KEYS[0]])
    assert accepts(again, SM2_KEYS[0])
    finish(again)
    assert len(store.saved) == 2
    assert accepts(SignatureVerifier(store), SM2_KEYS[0])


def test_key_that_nobody_named_is_verified_and_not_saved():
    store = RamStore()
    verifier = SignatureVerifier(store)
    verifier.prepare([ES256_KEYS[0]])
    finish(verifier)
    store.saved = []
    assert accepts(verifier, SM2_KEYS[2])
    assert store.saved == []


def test_store_without_room_and_no_store_make_tables_for_ram_alone():
    for store in (None, RamStore(0)):
        verifier = SignatureVerifier(store)
        verifier.prepare(ES256_KEYS)
        assert finish(verifier) > 200
        with Building() as building:
            assert accepts(verifier, ES256_KEYS[0])
            assert accepts(verifier, ES256_KEYS[1])
            assert building.built == 0
            assert accepts(verifier, ES256_KEYS[2])
            assert building.built == 1


def test_new_keys_in_the_middle_of_building_are_built_instead():
    verifier = SignatureVerifier()
    verifier.prepare([ES256_KEYS[0]])
    for _ in range(300):
        verifier.step()
    verifier.prepare([SM2_KEYS[0]])
    finish(verifier)
    with Building() as building:
        assert accepts(verifier, SM2_KEYS[0])
        assert building.built == 0
    verifier.prepare([])
    assert verifier.step()


def test_compression_of_the_board_hashes_what_sm2_signs():
    taken = []

    def native(state, blocks):
        taken.append(len(blocks))
        compress(state, blocks)

    verifier = SignatureVerifier(None, native)
    assert accepts(verifier, SM2_KEYS[0])
    assert sum(taken) > 0
    taken.clear()
    assert verifier.hash(SUITE_SM2_SM3, b"abc") == sm3(b"abc")
    assert taken == [64]
    taken.clear()
    assert accepts(verifier, ES256_KEYS[0])
    assert taken == []


def test_bundle_of_sm2_roots_is_believed_on_their_word_and_on_no_other_suites():
    body = SignedBundle.from_bytes(BUNDLE_1).body

    def signed(keys):
        entries = [SignedBundleSignature(key_id(key[1]), sign(key, body, BUNDLE_CONTEXT)) for key in keys]
        return SignedBundle(body, entries).to_bytes()

    roots = Roots([key[1] for key in SM2_KEYS], 2, SUITE_SM2_SM3)
    assert open_bundle(signed(SM2_KEYS[:2]), roots, SignatureVerifier(), 0).version == 1
    for keys in (SM2_KEYS[:1], [SM2_KEYS[0], SM2_KEYS[0]], ES256_KEYS[:2], [SM2_KEYS[0], ES256_KEYS[1]]):
        assert refuses(BadSignatureError, open_bundle, signed(keys), roots, SignatureVerifier(), 0)
    # The same private number in the other suite is another key, and its signature another equation.
    stolen = [
        SignedBundleSignature(key_id(SM2_KEYS[i][1]), sign(ES256_KEYS[i], body, BUNDLE_CONTEXT))
        for i in (0, 1)
    ]
    downgraded = SignedBundle(body, stolen).to_bytes()
    assert refuses(BadSignatureError, open_bundle, downgraded, roots, SignatureVerifier(), 0)
