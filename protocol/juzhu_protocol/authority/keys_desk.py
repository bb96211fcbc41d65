"""One process's hand on a keys folder: changes are proposed, signed by the root, and put into force.

Order of what is written, so that a process may die anywhere: a new private file; proposal.json; a signature in it;
bundle.bin, which puts the change into force; keys.toml and roots.toml; and the proposal's other name. Whoever opens
the folder next finishes what was cut.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from ..crypto.signature import KEY_ID_SIZE, SIGNATURE_SIZE
from ..errors import JuzhuError, RecordError
from ..hostside.lock import LockHeldError, ProcessLock
from ..hostside.native import NativeVerifier
from ..hostside.private_file import write_private
from ..records.trust import Bundle, SignedBundle, SignedBundleSignature
from ..rules.calendar import day_of
from ..trust.bundle import MAX_SIGNED_BUNDLE, Roots, TrustedKeys, open_bundle
from .errors import KeysFolderError, KeysFolderHeldError, PassphraseNeededError, ProposalError
from .key_specs import KeysFile, KeySpec, KnownKey, bundle_body
from .keys_folder import (
    BUNDLE_BIN,
    KEYS_TOML,
    PROPOSAL_JSON,
    ROOTS_TOML,
    SIGNED_JSON,
    key_path,
    read_state,
    sam_path,
    sam_paths,
)
from .private_files import PrivateFiles
from .proposal import (
    Proposal,
    body_like,
    canonical_roots,
    check_text,
    names_the_roots,
    read_proposal,
    refuse_ahead,
    refuse_late,
    same_roots,
)
from .sam_set import MAX_EPOCH, SamSet, new_masters
from .signing import new_signer
from .signing_key import SigningKey, open_key, open_sam, seal_key, seal_sam

_HALF_WRITTEN = re.compile(r"\.[A-Za-z0-9-]+\.(key|toml|bin|json)-[a-z0-9_]{8}")


@dataclass(frozen=True)
class Progress:
    """How far a proposal is: root keys that signed it, how many must, and whether it came into force."""

    version: int
    signed: int
    threshold: int
    in_force: bool


class KeysDesk:
    """A keys folder that this process alone changes; a context manager.

    KeysFolderError for a folder that does not hold together, KeysFolderHeldError while another process is at it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._not_proposed: list[Path] = []
        read_state(folder)
        try:
            self._lock = ProcessLock(folder / "keys.lock")
        except LockHeldError as error:
            raise KeysFolderHeldError(f"process {error.holder} is changing {folder}: try again") from None
        except OSError as error:
            raise KeysFolderError(f"{folder}: {error.strerror}") from None
        try:
            for left in folder.iterdir():
                # What a killed process was writing: nothing of it counts.
                if _HALF_WRITTEN.fullmatch(left.name):
                    left.unlink(missing_ok=True)
            self._finish()
            self.state = read_state(folder)
            self.in_force = Bundle.from_bytes(self._believed().body)
            same_body = body_like(self.state.keys, self.in_force) == self._believed().body
            if not same_body or not names_the_roots(self.state.keys, self.state.roots):
                raise KeysFolderError(
                    f"{folder / KEYS_TOML} does not say what bundle and roots.toml do, on which changes would be "
                    "built: restore it from a backup"
                )
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> "KeysDesk":
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        # Nobody would know later whose key it is; but a proposal may have been written before its writing failed.
        proposed = self._proposed_names()
        for path in self._not_proposed:
            if path.stem not in proposed:
                path.unlink(missing_ok=True)
        self._lock.release()

    def _proposed_names(self) -> set[str]:
        """The names of a proposal's keys as it lies in the folder, none where there is none of ours."""
        try:
            proposal = read_proposal(self.proposal_path)
            return {key.spec.name for key in proposal.keys(self.proposal_path).keys}
        except JuzhuError:
            return set()

    @property
    def proposal_path(self) -> Path:
        """Where the proposal that is not yet in force is."""
        return self.folder / PROPOSAL_JSON

    @property
    def next_keys(self) -> KeysFile:
        """What the next change builds on: the proposal's keys, or those in force."""
        self._refuse_strange()
        if self.state.proposal is not None:
            return check_text(self.state.proposal, self.proposal_path)
        return self.state.keys

    @property
    def private_names(self) -> set[str]:
        """The names under which a private file lies in the folder."""
        return {path.stem for path in self.folder.iterdir() if path.suffix == ".key"}

    def newest_sam(self) -> int:
        """Return the newest epoch of the SAM sets that are here, 0 without any."""
        return max((epoch for epoch, _ in sam_paths(self.folder)), default=0)

    # -- private files -----------------------------------------------------------------------------------

    def can_unlock(self) -> bool:
        """Whether a file is here that tells the folder's passphrase from a mistyped one."""
        return bool(self._sealed_keys() or sam_paths(self.folder))

    def _sealed_keys(self) -> "list[tuple[Path, KnownKey]]":
        proposal = self.state.proposal
        known = (*self.state.keys.keys, *(proposal.keys(self.proposal_path).keys if proposal else ()))
        # A root's is sealed by whoever keeps it.
        paths = [(key_path(self.folder, key.spec.name), key) for key in known if key.spec.purpose != "root"]
        return [(path, key) for path, key in paths if path.exists()]

    def unlock(self, files: PrivateFiles) -> PrivateFiles:
        """Return what new files of this folder are sealed with: the passphrase of those that are here.

        Where can_unlock() is false nothing tells a mistyped one, so let it be given twice.
        """
        development = self.state.keys.development
        if not (development or files.protects):
            raise PassphraseNeededError(
                f"the private files of {self.folder} are sealed: their passphrase is needed"
            )
        files = PrivateFiles() if development else files
        for path, known in self._sealed_keys():
            open_key(path, known, files, development=development)
            return files
        for epoch, path in sam_paths(self.folder):
            open_sam(path, epoch, files, development=development)
            return files
        return files

    def make_key(self, spec: KeySpec, files: PrivateFiles) -> SigningKey:
        """Make a key and its file, which goes again with this desk unless a change is proposed with it.

        ProposalError when a file of its name is here: whoever had the folder may have it too.
        """
        path = key_path(self.folder, spec.name)
        if os.path.lexists(path):
            raise ProposalError(
                f"{path} is there, and no key is called so: remove it, or give another name; a key that was made "
                "for something else is not taken"
            )
        key = SigningKey(spec, new_signer(spec.suite))
        self._not_proposed.append(path)
        self._write(path, seal_key(key, files))
        return key

    def make_sam(self, epoch: int, files: PrivateFiles) -> SamSet:
        """Make the SAM set of an epoch, 0 for the one after the newest; KeysFolderError when it is there."""
        newest = self.newest_sam()
        epoch = epoch or newest + 1
        if newest and epoch > newest + 1:
            raise ProposalError(
                f"the newest SAM set here is of epoch {newest}, and epochs are few: the next is {newest + 1}"
            )
        if epoch > MAX_EPOCH or sam_path(self.folder, epoch).exists():
            raise ProposalError(f"no SAM set of epoch {epoch} can be made: it is here, or beyond {MAX_EPOCH}")
        sam = SamSet(epoch, new_masters())
        self._write(sam_path(self.folder, epoch), seal_sam(sam, files))
        return sam

    # -- changes -------------------------------------------------------------------------------------------

    def propose(
        self, keys: KeysFile, now: int, *, roots: "Roots | None" = None, anew: bool = False
    ) -> Proposal:
        """Write the next bundle for the root to sign; signatures over an earlier proposal are void.

        now: Unix time, of this bundle unless the one in force is later, which does not bind a new root. `roots` where
        the root changes; `anew`: it is given up for one of which no key was a root before. ProposalError for a bundle
        that no reader could hold, before anybody signs it.
        """
        self._refuse_strange()
        pending = self.state.proposal
        old = self.state.roots
        if roots is None:
            roots = pending.roots(self.proposal_path) if pending is not None else old
        anew = anew or (pending is not None and pending.anew)
        strangers = len(set(roots.public_keys) - set(old.public_keys))
        most = roots.threshold if anew else max(roots.threshold, old.threshold) + strangers
        version, time = self.in_force.bundle_version + 1, now if anew else max(now, self.in_force.time)
        try:
            body = bundle_body(keys.keys, version, time, keys.epochs)
            TrustedKeys(Bundle.from_bytes(body))
            signatures = [SignedBundleSignature(bytes(KEY_ID_SIZE), bytes(SIGNATURE_SIZE))] * most
            size = len(SignedBundle(body=body, signatures=signatures).to_bytes())
        except (RecordError, JuzhuError) as error:
            raise ProposalError(
                f"a reader could not hold this bundle ({error}): drop keys whose cards are all gone, or let one key "
                "serve more divisions"
            ) from None
        if size > MAX_SIGNED_BUNDLE:
            raise ProposalError(
                f"the bundle would have {size} bytes, a reader holds {MAX_SIGNED_BUNDLE}: drop keys"
            )
        proposal = Proposal(
            keys.to_toml(), canonical_roots(roots).decode(), anew, body, {}, self.state.bundle
        )
        self._judges(proposal)
        self._write(self.proposal_path, proposal.to_json())
        self._not_proposed.clear()
        self.state = replace(self.state, proposal=proposal)
        return proposal

    def sign(self, roots: Sequence[SigningKey], now: int) -> Progress:
        """Sign the proposal with root keys that are at hand, and put it into force when enough have.

        now: Unix time; ProposalError for a rotation whose day has come, and for a date ahead of this clock.
        """
        proposal = self.pending()
        refuse_ahead(proposal, now, self.proposal_path)
        refuse_late(proposal, day_of(now), self.proposal_path)
        for root in roots:
            proposal = proposal.with_signature(root, self._judges(proposal))
        return self._advance(proposal)

    def take(self, carried: Proposal, now: int) -> Progress:
        """Take the signatures of a proposal that was carried to root keys, or a change that is wholly signed.

        ProposalError for one that is neither this folder's own nor complete.
        """
        own = None if carried.is_in(self.state.bundle) else self._own()
        if own is not None and (own.body, own.message()) == (carried.body, carried.message()):
            # Nothing of the old root stands behind it: who has a key that was made here shows that it was.
            if own.anew:
                raise ProposalError("a new root signs in the folder where its keys were made, and on no copy")
            refuse_ahead(own, now, self.proposal_path)
            refuse_late(own, day_of(now), self.proposal_path)
            return self._advance(own.joined(carried, self._judges(own)))
        if carried.is_in(self.state.bundle):
            threshold = self.state.roots.threshold
            return Progress(carried.bundle.bundle_version, threshold, threshold, in_force=True)
        if own is not None:
            raise ProposalError(
                f"{self.proposal_path} proposes something else: it was changed after the other was carried "
                "away. Carry it anew, or remove it"
            )
        # Whoever may sign for a new root is asked at the folder where it was made.
        if carried.anew or not same_roots(carried.roots(self.proposal_path), self.state.roots):
            raise ProposalError(
                "it changes the root keys themselves: copy roots.toml, keys.toml and bundle.bin over by hand, when you "
                "know whose they are"
            )
        if carried.keys(self.proposal_path).development != self.state.keys.development:
            raise ProposalError("it is of a development folder and this one is not, or the other way round")
        if carried.bundle.bundle_version <= self.in_force.bundle_version or not self._complete(carried):
            raise ProposalError(
                "this is not a proposal of this folder, and not a newer bundle that the root has wholly signed"
            )
        return self._advance(carried)

    def progress(self) -> "Progress | None":
        """Return how far the proposal is, None without one."""
        return None if self.state.proposal is None else self._progress(self.state.proposal, in_force=False)

    def _advance(self, proposal: Proposal) -> Progress:
        if self._complete(proposal):
            self._check(proposal)
            bundle = proposal.signed_bundle(self._judges(proposal))
            self._write(self.proposal_path, proposal.to_json())
            self._write(self.folder / BUNDLE_BIN, bundle)
            progress = self._progress(proposal, in_force=True)
            self._finish()
            self.state = read_state(self.folder)
            return progress
        self._write(self.proposal_path, proposal.to_json())
        self.state = replace(self.state, proposal=proposal)
        return self._progress(proposal, in_force=False)

    def _check(self, proposal: Proposal) -> None:
        """ProposalError unless the bundle may come into force: it says what keys.toml will, and readers take it."""
        check_text(proposal, self.proposal_path)
        judges = self._judges(proposal)
        bundle = proposal.signed_bundle(judges)
        for roots in judges:
            try:
                open_bundle(bundle, roots, NativeVerifier(), self.in_force.bundle_version + 1)
            except JuzhuError as error:
                raise ProposalError(f"{self.proposal_path}: {error}") from None

    def _complete(self, proposal: Proposal) -> bool:
        return proposal.is_complete(self._judges(proposal))

    def _judges(self, proposal: Proposal) -> "list[Roots]":
        """Whom a bundle must satisfy: hosts and readers with the old roots.toml and those with the new one."""
        old, new = self.state.roots, proposal.roots(self.proposal_path)
        if not proposal.anew:
            return [old, new]
        # Else a custodian could be had to give the root up with a key that stays in it.
        if set(new.public_keys) & set(old.public_keys):
            raise ProposalError(
                f"{self.proposal_path} gives the root up and keeps a key of it: remove it, and propose it again"
            )
        return [new]

    def _progress(self, proposal: Proposal, *, in_force: bool) -> Progress:
        judges = self._judges(proposal)
        fewest = min(judges, key=lambda roots: len(proposal.agreeing(roots)) - roots.threshold)
        return Progress(
            proposal.bundle.bundle_version, len(proposal.agreeing(fewest)), fewest.threshold, in_force
        )

    def pending(self) -> Proposal:
        """Return the proposal that waits for the root; ProposalError without one."""
        proposal = self._own()
        if proposal is None:
            raise ProposalError(f"nothing waits for a signature in {self.folder}: change something first")
        return proposal

    def changes_roots(self, proposal: Proposal) -> bool:
        """Whether a proposal's root keys are others than those in force."""
        return not same_roots(proposal.roots(self.proposal_path), self.state.roots)

    def _own(self) -> "Proposal | None":
        """The folder's proposal, None without one; ProposalError for one that shows another thing than it changes."""
        self._refuse_strange()
        proposal = self.state.proposal
        if proposal is not None:
            check_text(proposal, self.proposal_path)
            self._judges(proposal)
            if not proposal.is_made_from(self.state.bundle):
                raise ProposalError(
                    f"{self.proposal_path} was made from another bundle than the one in force: remove it, and propose "
                    "the change again"
                )
        return proposal

    def _refuse_strange(self) -> None:
        """ProposalError for a proposal's file of which nothing is taken, or another change would be lost unsaid."""
        if self.state.proposal is not None or not os.path.lexists(self.proposal_path):
            return
        check_text(read_proposal(self.proposal_path), self.proposal_path)
        raise ProposalError(
            f"{self.proposal_path} holds the bundle in force, with something beside it that the root did not sign: "
            "remove it"
        )

    def _believed(self) -> SignedBundle:
        """The bundle in force; KeysFolderError unless the roots stand behind it."""
        try:
            open_bundle(self.state.bundle, self.state.roots, NativeVerifier(), 0)
        except JuzhuError as error:
            raise KeysFolderError(f"{self.folder / BUNDLE_BIN} is not to be believed: {error}") from None
        return SignedBundle.from_bytes(self.state.bundle)

    def _finish(self) -> None:
        """Bring keys.toml and roots.toml after a bundle.bin that came into force."""
        state = read_state(self.folder)
        if not state.unfinished:
            return
        # What it says was proven against the roots.toml that is replaced here.
        self._write(self.folder / ROOTS_TOML, state.roots_text.encode())
        self._write(self.folder / KEYS_TOML, state.keys.to_toml().encode())
        try:
            self.proposal_path.replace(self.folder / SIGNED_JSON)
        except OSError as error:
            raise KeysFolderError(f"{self.proposal_path}: {error.strerror}") from None

    def _write(self, path: Path, data: bytes) -> None:
        try:
            write_private(path, data)
        except OSError as error:
            raise KeysFolderError(f"{path} cannot be written: {os.strerror(error.errno or 0)}") from None
