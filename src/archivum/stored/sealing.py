"""Seal: one time-stamp over the manifest of a bag, kept until its package is stored; and in whose name."""

from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import uuid5

from archivum.archive import Archive
from archivum.checks.aip import CHAIN, STAMP
from archivum.errors import Misconfigured
from archivum.model import Agent, Identifier, Verdict
from archivum.signatures import TimeStamp, verify
from archivum.storage.durable import create, keep, world

STAMPS: Final = "stamps"


def seal(archive: Archive, bag: Path, manifest: str) -> TimeStamp:
    """Have a manifest (by its SHA-512) stamped, or take the stamp that an interrupted run got for the same.

    Raises:
        Misconfigured: the authority does not stamp, or what it gave does not hold.
    """
    imprint = bytes.fromhex(manifest)
    place = stamp_place(archive, manifest)
    try:
        response = place.read_bytes()
        stamp = verify(response, imprint, archive.trusted(), subject=STAMP)
    except FileNotFoundError:
        stamp = None
    if stamp is None or stamp.verdict is Verdict.FAILED:
        response = archive.authority.stamp(imprint, archive.clock())
        stamp = verify(response, imprint, archive.trusted(), subject=STAMP)
        if stamp.verdict is Verdict.FAILED:
            raise Misconfigured("ingest.stamp", name=archive.authority.name, finding=stamp.findings[0].text())
        keep(place, response)
    for path, data in ((STAMP, response), (CHAIN, archive.authority.chain())):
        with world(bag / path), create(bag / path, bag) as file:
            file.write(data)
    return stamp


def stamp_place(archive: Archive, manifest: str) -> Path:
    """Return where a time-stamp is kept until its package is stored."""
    return archive.storage.workplace() / STAMPS / f"{manifest}.tsr"


def addressed(archive: Archive, agent: Agent) -> Agent:
    """Return an agent with the URI that OCFL wants of whoever made a version (OCFL 1.1 §3.5.3.1): ours."""
    uri = f"urn:uuid:{uuid5(archive.configuration.uuid, agent.name)}"
    return replace(agent, identifiers=(Identifier(uri),))
