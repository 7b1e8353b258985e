"""Whether a certificate still fits what stands on disk: the implementation, the spec and the suite.

It is not signed: whoever can write the file can write into it what they like. What it fits is what it was made from.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec

from proctor.manifest import read_manifest
from proctor.places import spec_folder, suite_folders
from proctor.report.certificate import made_from
from proctor.report.document import Sha256, formed, read_document
from proctor.spec import read_spec

AGAIN = "examine it again"


class Implementation(msgspec.Struct, frozen=True):
    name: str
    version: str
    manifest_sha256: Sha256
    folder_sha256: Sha256


class Digested(msgspec.Struct, frozen=True):
    version: str
    sha256: Sha256


class MadeFrom(msgspec.Struct, frozen=True):
    """What a certificate is bound to; of the certificate, or of what stands on disk."""

    implementation: Implementation
    spec: Digested
    suite: Digested


class Profile(msgspec.Struct, frozen=True):
    name: str
    verdict: str


class Certificate(MadeFrom, frozen=True):
    """A certificate.json, as far as it is verified."""

    profiles: tuple[Profile, ...]


def read_certificate(path: Path) -> Certificate:
    """Raises Unreadable."""
    return formed(read_document(path), Certificate, path)


def on_disk(impl: Path) -> MadeFrom:
    """What a certificate of the implementation in `impl` would be bound to now. ManifestError or SpecError."""
    made = made_from(read_manifest(impl), read_spec(spec_folder()), version("proctor"), suite_folders())
    return msgspec.convert(made, MadeFrom)


def differences(certificate: Certificate, here: MadeFrom) -> Iterator[str]:
    """A line for each thing that is not what was examined: what it is, and what to do."""
    yield from of_implementation(certificate.implementation, here.implementation)
    yield from of_version("spec", certificate.spec, here.spec)
    yield from of_version("suite", certificate.suite, here.suite)


def of_implementation(then: Implementation, now: Implementation) -> Iterator[str]:
    """One line at most: a folder whose impl.toml has changed has changed, too."""
    if then.name != now.name:
        yield f"implementation: {then.name} was examined, and this is {now.name}: say with --impl where {then.name} is"
    elif then.version != now.version:
        yield f"implementation: {then.name} {then.version} was examined, and this is {now.version}: {AGAIN}"
    elif then.manifest_sha256 != now.manifest_sha256:
        yield f"implementation: impl.toml of {then.name} has changed since: {AGAIN}"
    elif then.folder_sha256 != now.folder_sha256:
        yield f"implementation: the folder of {then.name} has changed since, and impl.toml has not: {AGAIN}"


def of_version(what: str, then: Digested, now: Digested) -> Iterator[str]:
    if then.version != now.version:
        yield f"{what}: was {then.version}, and is {now.version}: {AGAIN}, or verify it with the Proctor that made it"
    elif then.sha256 != now.sha256:
        yield f"{what}: has changed since, and is called {now.version} still: {AGAIN}"


def fits(certificate: Certificate) -> str:
    """What is said of a certificate that does: it may certify nothing."""
    about = certificate.implementation
    verdicts = ", ".join(f"{profile.name} {profile.verdict}" for profile in certificate.profiles)
    whole = f"{about.name} {about.version}, spec {certificate.spec.version}, suite {certificate.suite.version}"
    return f"fits {whole}: {verdicts}"
