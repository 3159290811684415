"""One pass through the METS of a NSESSS SIP: its header, its entities from the plan down, its files."""

from dataclasses import replace
from typing import Final

from lxml.etree import _Element

from archivum.model import Agent, Finding, Identifier, Level, Package, Record, Severity, Verdict
from archivum.packaging.folder import Places
from archivum.packaging.index import PackageIndex
from archivum.packaging.nsesss_files import FILE, METS, ROOT, FileSection
from archivum.packaging.nsesss_records import (
    LEVELS,
    NAMESPACES,
    Parts,
    entity_record,
    local,
    parents,
    parts,
    persons,
    plan_record,
    retention,
    text,
)
from archivum.packaging.xml import Document

WAITING: Final = 1_000_000  # components whose files are waited for
STRAYS: Final = 10_000  # files before any description that are remembered
_AGENT: Final = f"{{{METS}}}agent"
_NAME: Final = f"{{{METS}}}name"
_DATA: Final = "EvidencniUdaje"
PIECES: Final = frozenset({_AGENT, FILE, *(f"{{{namespace}}}{_DATA}" for namespace in NAMESPACES)})
_NUMBER: Final = ("ič", "ičo", "ic", "ico")  # identifier/@zdroj, as it is spelled
_HANDOVER: Final = "předávání"  # in mets/@LABEL of a SIP that is handed over (NSESSS 9.2.1)
_OUTPUT: Final = "originál ve výstupním datovém formátu"  # must be in komponenty/ (NSESSS 9.2.5)


class Reading:
    """What has been gathered from one METS so far."""

    def __init__(self, document: Document, index: PackageIndex, places: Places) -> None:
        self._document, self._index, self._places = document, index, places
        self._files = FileSection(document, index, places)
        self._open: list[tuple[_Element, str]] = []
        self._known: dict[tuple[Level, str | None, tuple[Identifier, ...]], str] = {}
        self._waiting: dict[str, int] = {}
        self._unnamed = 0
        self._overflow = False
        self._strays: list[tuple[str, str]] = []
        self._producer = self._issuer = self._title = ""
        self._number: Identifier | None = None
        self.namespace = ""

    def take(self, piece: _Element) -> None:
        """Take the next piece of the METS."""
        if piece.tag == _AGENT:
            if piece.get("TYPE") == "ORGANIZATION" and not self._producer:
                self._producer = next((text(name) for name in piece.iterchildren(_NAME)), "")
        elif piece.tag == FILE:
            for file in piece.iter(FILE):
                self._arrived(self._files.add(file), file)
        else:
            self.namespace = self.namespace or str(piece.tag)[1:].partition("}")[0]
            self._entity(piece)

    def end(self) -> None:
        """Add the findings that only the end can tell."""
        for finding in self._places.findings():
            self._index.add_finding(finding)
        if self._document.broken:
            self._unchecked("not-checked-metadata")
            self._unchecked("not-checked-completeness")
            return
        root = self._document.root
        if self.namespace and root is not None and root.tag == ROOT:
            self._strayed()
            self._absent()
        else:  # without a description that is understood no file can have its component
            self._unchecked("not-checked-components")

    def package(self, folder: str, variant: str) -> Package:
        """Return the package; its id is the METS' OBJID, else the name of its folder."""
        root, name = self._document.root, self._document.name
        given = " ".join((root.get("OBJID") or "").split()) if root is not None else ""
        if not self._document.broken:
            if not given:
                self._failed("sip-id", Severity.ERROR, name, taken=folder)
            if not self._producer:
                self._failed("sip-producer", Severity.WARNING, name)
        producer = self._producer or self._issuer
        agent = Agent(producer, identifiers=(self._number,) if self._number else ()) if producer else None
        return Package("nsesss", variant, given or folder, agent, self._title or given or folder, name)

    # -- entities -----------------------------------------------------------------------------------------

    def _entity(self, description: _Element) -> None:
        entity = description.getparent()
        level = LEVELS.get(local(entity)) if entity is not None else None
        if entity is None or level is None:
            return
        around = list(entity.iterancestors())
        while self._open and self._open[-1][0] not in around:
            self._open.pop()
        data = parts(description)
        parent = self._open[-1][1] if self._open else self._above(data)
        record = entity_record(entity, data, level, parent)
        self._title = self._title or record.title
        record_id = self._add(record, entity, data)
        self._open.append((entity, record_id))
        if self._number is None:
            settled = parts(data.get("VyrizeniUzavreni", data.get("Vyrizeni")))
            self._numbered(settled.get("Zpracovatel"))
        if level is Level.COMPONENT:
            self._wait(record_id, entity)

    def _above(self, data: Parts) -> str | None:
        """Add the records of what is above a base entity, each once, and return the id of the nearest."""
        parent: str | None = None
        for entity in reversed(parents(data)):
            level = LEVELS[local(entity)]
            inner = parts(entity)
            if level is Level.PLAN:
                record = plan_record(entity)
                self._issuer = self._issuer or persons(inner.get("Vydavatel"))
                self._numbered(inner.get("Vydavatel"))
            else:
                inner = parts(inner.get(_DATA))
                record = entity_record(entity, inner, level, parent)
            # two base entities repeat what is above both of them, under ids of their own
            key = (level, parent, record.identifiers)
            if not record.identifiers or key not in self._known:
                self._known[key] = self._add(record, entity, inner)
            parent = self._known[key]
        return parent

    def _add(self, record: Record, entity: _Element, data: Parts) -> str:
        """Add a record under its own id, or one made for it where it has none or another has it too."""
        place, record_id = self._document.place(entity), record.id
        if not retention(data)[1]:
            self._failed("sip-retention", Severity.WARNING, place, id=record_id or "–")
        if record_id and self._index.add_record(record):
            return record_id
        if record_id:
            self._failed("sip-record-id", Severity.ERROR, place, id=record_id)
        added = False
        while not added:
            self._unnamed += 1
            record_id = f"{record.id or record.level.value}#{self._unnamed}"
            added = self._index.add_record(replace(record, id=record_id))
        return record_id

    def _numbered(self, holder: _Element | None) -> None:
        """Take the number of an organization (*IČO*), the first that is met."""
        number = parts(parts(holder).get("Subjekt")).get("IdentifikatorOrganizace")
        source = number.get("zdroj", "") if number is not None else ""
        if self._number is None and source.strip().casefold() in _NUMBER and (value := text(number)):
            self._number = Identifier(value, source)

    # -- components and their files -----------------------------------------------------------------------

    def _wait(self, component: str, entity: _Element) -> None:
        if len(self._waiting) < WAITING:
            self._waiting[component] = entity.sourceline or 0
        else:
            self._overflow = True

    def _arrived(self, component: str, file: _Element) -> None:
        if self._waiting.pop(component, None) is not None:
            return
        place, file_id = self._document.place(file), file.get("ID") or "–"
        record = self._index.record(component) if component else None
        if record is None or record.level is not Level.COMPONENT:
            self._strays.append((place, file_id))
        elif not self._overflow:  # else it may be one that was not waited for
            self._failed("sip-component-files", Severity.ERROR, place, id=file_id, component=component)
        if self.namespace:
            self._strayed()
        elif len(self._strays) > STRAYS:
            self._strays.pop()
            self._overflow = True

    def _strayed(self) -> None:
        """Tell the files without a component, once there is a description that they could be in."""
        for place, file_id in self._strays:
            self._failed("sip-component-file", Severity.ERROR, place, id=file_id)
        self._strays = []

    def _absent(self) -> None:
        """Find the components without a file: every one of them where files are handed over (obs44)."""
        if self._overflow:
            self._unchecked("not-checked-completeness")
        root = self._document.root
        handover = root is not None and _HANDOVER in (root.get("LABEL") or "")
        if not handover and not self._files.count:
            return  # only metadata are submitted to the appraisal (NSESSS 6.2.1)
        name = self._document.name
        for component, line in self._waiting.items():
            record = self._index.record(component)
            needed = not self._files.count or (
                record is not None and record.properties.get("form") == _OUTPUT
            )
            severity = Severity.ERROR if handover and needed else Severity.WARNING
            self._failed("sip-component-file", severity, f"{name}:{line}", id=component)

    def _unchecked(self, code: str) -> None:
        self._index.add_finding(Finding(code, Verdict.INDETERMINATE, Severity.ERROR, self._document.name))

    def _failed(self, code: str, severity: Severity, where: str, **params: str) -> None:
        name = self._document.name
        self._index.add_finding(Finding(code, Verdict.FAILED, severity, name, where, params))
