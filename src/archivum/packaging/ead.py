"""The inherent description (*inherentní popis*): EAD3 by the Czech profile, made from the records.

What the profile has no place for stays in the submission's own metadata, which are kept byte for byte. The
words in Czech are values that the profile prescribes.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

from archivum.model import Level, Record, Retention
from archivum.packaging.czdax_context import Aip, source_identifier
from archivum.packaging.tree import FRAMES, Outline, Span, end_of, is_moment, start_of, title_of, walk
from archivum.packaging.writing import XML_DECLARATION, NewFile, one_line, xml
from archivum.texts import Language, say

_NAMESPACES: Final = 'xmlns="http://ead3.archivists.org/schema/" xmlns:cam="http://cam.tacr.cz/2019"'
_PROFILE: Final = ("CZ_EAD3_PROFILE_20260501", "profil platný od května 2026")
_RULES: Final = ("CZ_ZP2013", "základní pravidla od roku 2013")

# EAD3 profile of the Ministry of the Interior, part 5.5.1: localtype of <unitid>, the label that goes with it
_SOURCE_ID: Final = ("ZDROJ_ID", "identifikátor ve zdrojovém systému")
_CLASSIFICATION: Final = ("UKLADACI_ZNAK", "ukládací znak / spisový znak")
_REFERENCES: Final = {
    Level.FILE: ("SPISOVA_ZNACKA", "spisová značka"),
    Level.DOCUMENT: ("CISLO_JEDNACI", "číslo jednací"),
}
_OTHER_REFERENCE: Final = ("JINE", "evidenční číslo")

# part 8.2.3: property of the record, linkrole, linktitle
_ROLES: Final = (
    ("author", "AUTHOR", "autor"),
    ("dc:creator", "AUTHOR", "autor"),
    ("sender", "SENDER", "Odesílatel"),
    ("recipient", "ENTITY", "Příjemce"),
    ("handler", "ENTITY", "Zpracovatel"),
)
_CONTENT: Final = ("comment", "note", "dc:description")


def write_ead(target: NewFile, aip: Aip) -> Outline:
    """Write the description of all records; return what was learned about them on the way."""
    top = next(aip.index.children(None), None)
    whole = top if top is not None and top.level is Level.PACKAGE else None
    target.write(f"{XML_DECLARATION}<ead {_NAMESPACES}>\n{_control(aip)}{_archdesc(aip, whole)}")
    units = _Units(target, aip)
    for begins, record in walk(aip.index):
        if begins:
            units.begin(record, described=whole is not None and record.id == whole.id)
        else:
            units.end()
    target.write("</dsc>\n" if units.any else "")
    target.write("".join(_file_plan(aip, plan) for plan in units.plans))
    target.write("</archdesc>\n</ead>\n")
    return units.outline


class _Units:
    """The units of description as they are walked; those at the top that stand elsewhere are left out."""

    def __init__(self, target: NewFile, aip: Aip) -> None:
        self._target, self._aip = target, aip
        self._above: list[tuple[Level, bool]] = []
        self.outline = Outline()
        self.plans: list[Record] = []
        self.any = False

    def begin(self, record: Record, *, described: bool) -> None:
        """Write a unit up to what is below it; ``described`` says that it is the whole package."""
        self.outline.note(record, self._above[-1][0] if self._above else None)
        plan = not self._above and record.level is Level.PLAN
        shown = not plan and not described
        self._above.append((record.level, shown))
        if plan:
            self.plans.append(record)
        if shown:
            self._target.write("" if self.any else "<dsc>\n")
            self._target.write("".join(_component(self._aip, record)))
            self.any = True

    def end(self) -> None:
        """Write the end of the innermost unit."""
        if self._above.pop()[1]:
            self._target.write("</c>\n")


def _control(aip: Aip) -> str:
    """Say what this description is and who made it (profile, part 2)."""
    context = aip.context
    return (
        f"<control>\n<recordid>{aip.names.of('description')[5:]}</recordid>\n"
        f'<filedesc encodinganalog="{context.fonds.number}"><titlestmt>'
        f"<titleproper>{xml(one_line(context.fonds.title) or '–')}</titleproper></titlestmt></filedesc>\n"
        '<maintenancestatus value="derived"/>\n<maintenanceagency countrycode="CZ">'
        f'<agencycode localtype="CZ_MVCR_INSTITUTION_ID">{context.institution_id}</agencycode>'
        f"<agencyname>{xml(one_line(context.institution.name) or '–')}</agencyname></maintenanceagency>\n"
        f'<localcontrol localtype="RULES"><term identifier="{_RULES[0]}">{_RULES[1]}</term></localcontrol>\n'
        '<localcontrol localtype="CZ_FINDING_AID_EAD_PROFILE">'
        f'<term identifier="{_PROFILE[0]}">{_PROFILE[1]}</term></localcontrol>\n'
        '<maintenancehistory><maintenanceevent><eventtype value="created"/>'
        f'<eventdatetime standarddatetime="{aip.at}">{aip.at}</eventdatetime>'
        '<agenttype value="machine"/>'
        f"<agent>{xml(f'{context.software.name} {context.software.version}'.strip())}</agent>"
        "</maintenanceevent></maintenancehistory>\n</control>\n"
    )


def _archdesc(aip: Aip, whole: Record | None) -> str:
    """The package as the unit that holds all others, up to what is below it."""
    identifier = aip.record_id(whole.id) if whole else aip.names.of("package")
    did = "".join(_did(aip, whole)) if whole else ""
    below = "".join(_below_did(aip.context.language, whole)) if whole else ""
    return (
        f'<archdesc level="otherlevel" otherlevel="{Level.PACKAGE}" id="{identifier}">\n<did>'
        f"{_unit_id(('JINE', 'uuid'), str(aip.receipt.uuid))}"
        f"{_unit_id(('JINE', 'identifikátor balíčku původce'), aip.receipt.package_id)}"
        f"{did}</did>{below}\n"
    )


def _component(aip: Aip, record: Record) -> Iterator[str]:
    """One unit, up to what is below it."""
    yield f'<c level="otherlevel" otherlevel="{record.level}" id="{aip.record_id(record.id)}"><did>'
    yield from _did(aip, record)
    yield "</did>"
    yield from _below_did(aip.context.language, record)
    yield "\n"


def _did(aip: Aip, record: Record) -> Iterator[str]:
    yield f"<unittitle>{xml(title_of(record))}</unittitle>"
    if record.reference.strip():
        yield _unit_id(_REFERENCES.get(record.level, _OTHER_REFERENCE), record.reference)
    if record.classification.strip():
        yield _unit_id(_CLASSIFICATION, record.classification)
    for identifier in record.identifiers:
        if identifier.value.strip():
            yield _unit_id(_SOURCE_ID, source_identifier(identifier))
    if record.dates:
        yield _dates(aip, record)
    if form := record.properties.get("form", "").strip():
        yield f"<physdesc>{xml(one_line(form))}</physdesc>"
    if record.properties.get("analogue") == "ano":
        yield "<physdesc>analogový dokument</physdesc>"
    for path in record.paths:
        yield f'<dao daotype="borndigital" identifier="{aip.file_id(path)}" coverage="whole"/>'


def _unit_id(kind: tuple[str, str], value: str) -> str:
    return f'<unitid localtype="{kind[0]}" label="{kind[1]}">{xml(one_line(value))}</unitid>'


def _dates(aip: Aip, record: Record) -> str:
    """The dating (part 5.8): what has no known end ended before it was handed over, unless it is a frame."""
    start, end = start_of(record.dates), end_of(record.dates)
    if start is None or (end is None and record.level in FRAMES):
        return ""
    if end is None or end.last < start.first:
        end = start if is_moment(record.level) else None
    handed_over = aip.receipt.at.date()
    if end is None and handed_over <= start.first:
        end = start
    if end is not None:
        format_ = start.format if start.format == end.format else f"{start.format}-{end.format}"
        last, attribute, text = end.last.isoformat(), "standarddate", end.text
    else:
        format_ = start.format if start.format == "D" else f"{start.format}-D"
        last, attribute, text = handed_over.isoformat(), "notafter", handed_over.isoformat()
    return (
        f'<unitdatestructured><daterange altrender="{format_}">'
        f'<fromdate standarddate="{start.first.isoformat()}T00:00:00">{xml(start.text)}</fromdate>'
        f'<todate {attribute}="{last}T23:59:59">{xml(text)}</todate></daterange></unitdatestructured>'
    )


def _below_did(language: Language, record: Record) -> Iterator[str]:
    content = "; ".join(one_line(value) for key in _CONTENT if (value := record.properties.get(key, "")))
    if content:
        yield f"<scopecontent><p>{xml(content)}</p></scopecontent>"
    if record.retention:
        # the profile has no <appraisal>; this is its only place for remarks on how the unit is treated
        regime = xml(retention_text(record.retention, language))
        yield f'<processinfo localtype="ARCHIVIST_NOTE"><p>{regime}</p></processinfo>'
    roles = "".join(
        f'<relation relationtype="cpfrelation" linkrole="{role}" linktitle="{title}">'
        f"<relationentry>{xml(one_line(record.properties[key]))}</relationentry></relation>"
        for key, role, title in _ROLES
        if record.properties.get(key, "").strip()
    )
    if roles:
        yield f"<relations>{roles}</relations>"


def _file_plan(aip: Aip, plan: Record) -> str:
    """The file plan that the records were classified by (part 3.1.3)."""
    source = next((source_identifier(one) for one in plan.identifiers if one.value.strip()), plan.id)
    start, end = start_of(plan.dates), end_of(plan.dates)
    validity = _plain_date("fromdate", start, last=False) + _plain_date("todate", end, last=True)
    return (
        f'<fileplan encodinganalog="{xml(one_line(source))}" id="{aip.record_id(plan.id)}">'
        f"<head>{xml(title_of(plan))}</head><chronlist><chronitem><daterange>{validity}</daterange>"
        "<event>Platnost spisového plánu</event></chronitem></chronlist></fileplan>\n"
    )


def _plain_date(element: str, span: Span | None, *, last: bool) -> str:
    if span is None:
        return ""
    return f'<{element} standarddate="{(span.last if last else span.first).isoformat()}"/>'


def retention_text(retention: Retention, language: Language) -> str:
    """Return a retention regime in words, as far as it is stated."""
    identifier = source_identifier(retention.identifier) if retention.identifier else ""
    stated = (
        retention.name, identifier, retention.sign, retention.years, retention.trigger,
        retention.trigger_year, retention.due_year,
    )  # fmt: skip
    return "; ".join(
        f"{label}: {one_line(str(value))}"
        for label, value in zip(_retention_labels(language), stated, strict=True)
        if value is not None and value != ""
    )


@cache
def _retention_labels(language: Language) -> tuple[str, ...]:
    names = ("name", "identifier", "sign", "years", "trigger", "trigger-year", "due-year")
    return tuple(say(f"packaging.retention-{name}", language) for name in names)
