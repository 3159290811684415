"""NSESSS descriptions (annex 2) as records: the file plan at the top, components at the bottom.

In a SIP the tree is inside-out: the base entity is the root, its parents are nested inside its own
``Trideni``, its children lie below it. What is read here, with stable English keys:

``dates``, ISO 8601 as written (``xs:date``; periods also ``2024-05`` or ``2024``)
    ``created`` Puvod/…/DatumVytvoreni · ``received`` DatumDoruceni · ``settled`` Vyrizeni/Datum ·
    ``sent`` DatumOdeslani · ``opened`` and ``closed`` Manipulace/Datum… (``closed`` also Uzavreni/Datum) ·
    ``from`` and ``to`` UrceneCasoveObdobi · ``appraised`` SkartacniRizeni/Datum
``properties``
    ``author``, ``sender``, ``recipient``, ``handler``, ``keeper``, ``issuer`` (names with the organization in
    brackets, joined by "; ") · ``sender_reference`` · ``language`` · ``analogue`` and ``permanent_consent``
    (ano, ne) · ``security`` · ``restriction`` · ``keywords`` · ``comment`` · ``note`` · ``settlement``,
    ``settlement_content`` · ``kind`` (DruhDokumentu, TypDokumentu, druh) · ``order``, ``version``, ``form``,
    ``related`` (attributes of a component) · ``register``, ``number`` · ``amount``, ``location`` ·
    ``links`` · ``disposal`` · ``verification`` (results, joined by "; ")
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from lxml.etree import _Element

from archivum.model import Identifier, Level, Record, Retention

Parts = Mapping[str, _Element]  # the first child of each name, by that name without its namespace

NAMESPACES: Final = ("http://www.mvcr.cz/nsesss/v3", "http://www.mvcr.cz/nsesss/v4")
LEVELS: Final = {
    "SpisovyPlan": Level.PLAN,
    "VecnaSkupina": Level.GROUP,
    "TypovySpis": Level.TYPE_FILE,
    "Soucast": Level.PART,
    "Dil": Level.VOLUME,
    "Spis": Level.FILE,
    "Dokument": Level.DOCUMENT,
    "Komponenta": Level.COMPONENT,
}
_SIGNS: Final = ("A", "S", "V")  # V only for what was closed before decree 96/2023
_YEAR = re.compile(r"(\d{4})(Z|[+-]\d\d:\d\d)?")
_YEARS = re.compile(r"\d{1,3}", re.ASCII)
_PERIODS: Final = (("DatumOd", "DatumDo"), ("MesicOd", "MesicDo"), ("RokOd", "RokDo"), ("Rok", "Rok"))


def local(element: _Element) -> str:
    """The name of an element without its namespace."""
    return _local(str(element.tag))


@lru_cache(maxsize=512)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def parts(element: _Element | None) -> Parts:
    """The children of an element by name; none of an element that is not there."""
    return (
        {local(one): one for one in element.iterchildren("*", reversed=True)} if element is not None else {}
    )


def text(element: _Element | None) -> str:
    """The text of an element without white space around and runs of it; "" if there is none."""
    return " ".join(element.text.split()) if element is not None and element.text else ""


def identifiers(holder: _Element | None) -> tuple[Identifier, ...]:
    """The identifiers directly in an element, each with its source (*zdroj*)."""
    return tuple(
        Identifier(value, one.get("zdroj", ""))
        for one in _all(holder, "Identifikator")
        if (value := text(one))
    )


def parents(data: Parts) -> list[_Element]:
    """The entities above one whose ``EvidencniUdaje`` these are, the nearest first, the plan last."""
    above: list[_Element] = []
    while "Trideni" in data:
        sorting = parts(data["Trideni"])
        if "SpisovyPlan" in sorting:
            return [*above, sorting["SpisovyPlan"]]
        holder = sorting.get("MaterskaEntita", sorting.get("MaterskeEntity"))
        parent = next(holder.iterchildren("*"), None) if holder is not None else None
        if parent is None or local(parent) not in LEVELS:
            break
        above.append(parent)
        data = parts(parts(parent).get("EvidencniUdaje"))
    return above


def plan_record(plan: _Element) -> Record:
    """The record of a file plan (*spisový plán*), whose data are directly in it."""
    data = parts(plan)
    handling = parts(data.get("Manipulace"))
    dates = {"opened": _text(handling, "DatumOtevreni"), "closed": _text(handling, "DatumUzavreni")}
    properties = {"comment": _text(data, "Komentar"), "issuer": persons(data.get("Vydavatel"))}
    return Record(
        plan.get("ID", ""),
        Level.PLAN,
        title=_text(data, "Nazev"),
        identifiers=identifiers(plan),
        dates=_given(dates),
        properties=_given(properties),
    )


def entity_record(entity: _Element, data: Parts, level: Level, parent: str | None) -> Record:
    """The record of any entity below the plan from its ``EvidencniUdaje``."""
    described = parts(data.get("Popis"))
    component = level is Level.COMPONENT
    properties = _component(entity, data) if component else _entity(data)
    properties["comment"] = _text(described, "Komentar")
    properties["keywords"] = _joined(described.get("KlicovaSlova"))
    return Record(
        entity.get("ID", ""),
        level,
        parent,
        _text(described, "Nazev"),
        identifiers(data.get("Identifikace")),
        _text(parts(data.get("Evidence")), "EvidencniCislo"),
        _text(parts(data.get("Trideni")), "PlneUrcenySpisovyZnak"),
        {} if component else _given(_dates(data)),
        None if component else retention(data)[0],
        _given(properties),
    )


def retention(data: Parts) -> tuple[Retention | None, bool]:
    """The regime (*skartační režim*) an entity states itself, and whether all it states can be acted on.

    NSESSS 6.1.5: a sign, a period or a year; with the event the years of the event and of the operation.
    """
    leaving = parts(data.get("Vyrazovani"))
    if "SkartacniRezim" not in leaving:
        return None, True
    regime, dating = parts(leaving["SkartacniRezim"]), parts(leaving.get("DataceVyrazeni"))
    sign = _text(regime, "SkartacniZnak")
    if sign not in _SIGNS:
        return None, False
    years = _text(regime, "SkartacniLhuta")
    last, event = _year(_text(regime, "RokVyrazeni")), _year(_text(dating, "RokSpousteciUdalosti"))
    due = _year(_text(dating, "RokSkartacniOperace"))
    period = int(years) if _YEARS.fullmatch(years) else None
    stated = Retention(
        sign,
        next(iter(identifiers(leaving["SkartacniRezim"])), None),
        _text(regime, "Nazev"),
        period,
        _text(regime, "SpousteciUdalost"),
        event,
        due or last,
    )
    return stated, bool(period is not None or last) and (not dating or bool(event and due))


def persons(holder: _Element | None) -> str:
    """The names of all ``Subjekt`` in an element: people with their organization, or organizations."""
    return "; ".join(filter(None, (_person(parts(one)) for one in _all(holder, "Subjekt"))))


def _person(subject: Parts) -> str:
    person, body = _text(subject, "NazevFyzickeOsoby"), _text(subject, "NazevOrganizace")
    return f"{person} ({body})" if person and body else person or body


def _dates(data: Parts) -> dict[str, str]:
    origin, handling, settled = _origin(data), parts(data.get("Manipulace")), _settlement(data)
    dates = {
        "created": _text(origin, "DatumVytvoreni"),
        "received": _text(origin, "DatumDoruceni"),
        "settled": _text(settled, "Datum"),
        "sent": _text(settled, "DatumOdeslani"),
        "opened": _text(handling, "DatumOtevreni"),
        "closed": _text(handling, "DatumUzavreni") or _text(parts(data.get("Uzavreni")), "Datum"),
        "appraised": _text(_disposal(data), "Datum"),
    }
    period = parts(parts(data.get("Evidence")).get("UrceneCasoveObdobi"))
    for start, end in _PERIODS:
        if start in period:
            dates["from"], dates["to"] = _text(period, start), _text(period, end)
    return dates


def _entity(data: Parts) -> dict[str, str]:
    origin, handling, settled = _origin(data), parts(data.get("Manipulace")), _settlement(data)
    sorting, access = parts(data.get("Trideni")), data.get("Pristupnost")
    register = parts(data.get("Evidence"))
    closing = settled or parts(data.get("Uzavreni"))
    return {
        "author": persons(origin.get("Autor")),
        "sender": persons(origin.get("Odesilatel")),
        "sender_reference": _text(origin, "OdesilatelovoEvidencniCislo"),
        "amount": _text(origin, "DoruceneMnozstvi") or _text(origin, "VytvoreneMnozstvi"),
        "recipient": persons(settled.get("Prijemce")),
        "handler": persons(closing.get("Zpracovatel")),
        "settlement": _text(settled, "Zpusob"),
        "settlement_content": _text(settled, "ObsahVyrizeni"),
        "language": _joined(data.get("Jazyky")),
        "analogue": _text(handling, "AnalogovyDokument"),
        "location": _text(handling, "UkladaciJednotka") or _text(handling, "Umisteni"),
        "keeper": persons(handling.get("SpravceSpisovny")),
        "security": "; ".join(_security(access)),
        "restriction": _text(parts(access), "JineOmezeni"),
        "note": _joined(data.get("Poznamky")),
        "kind": _text(parts(sorting.get("DruhDokumentu", sorting.get("TypDokumentu"))), "Nazev"),
        "register": _text(register, "NazevEvidenceDokumentu"),
        "number": _text(register, "PoradoveCislo"),
        "links": "; ".join(_links(data.get("Souvislosti"))),
        "disposal": _text(_disposal(data), "SkartacniOperace"),
        "permanent_consent": _text(data, "TrvalySkartacniSouhlas"),
    }


def _component(entity: _Element, data: Parts) -> dict[str, str]:
    checks = _all(data.get("Manipulace"), "OvereniBezpecnostnihoPrvku")
    results = (_text(parts(one), "PlatnostBezpecnostnihoPrvku") for one in checks)
    return {
        "order": entity.get("poradi", ""),
        "kind": entity.get("druh", ""),
        "version": entity.get("verze", ""),
        "form": entity.get("forma_uchovani", ""),
        "related": entity.get("vztah_k", ""),
        "verification": "; ".join(filter(None, results)),
    }


def _origin(data: Parts) -> Parts:
    """What is in ``Puvod``, with what is in its ``DorucenyDokument`` or ``VlastniDokument``."""
    origin = parts(data.get("Puvod"))
    document = origin.get("DorucenyDokument", origin.get("VlastniDokument"))
    return parts(document) if document is not None else origin


def _settlement(data: Parts) -> Parts:
    """What is in ``VyrizeniUzavreni`` of a file, ``Vyrizeni`` of a document."""
    return parts(data.get("VyrizeniUzavreni", data.get("Vyrizeni")))


def _disposal(data: Parts) -> Parts:
    return parts(parts(data.get("Vyrazovani")).get("SkartacniRizeni"))


def _security(access: _Element | None) -> Iterator[str]:
    for one in _all(access, "BezpecnostniKategorie"):
        category = parts(one)
        yield _text(category, "BezpecnostniStupen") or _text(category, "Nazev")


def _links(holder: _Element | None) -> Iterator[str]:
    """Cross-references as ``identifier (source)``, a fixed one (*pevný*) with an exclamation mark before."""
    for one in _all(holder, "KrizovyOdkaz"):
        mark = "!" if one.get("pevny") == "ano" else ""
        yield from (f"{mark}{name.value} ({name.source})" for name in identifiers(one))


def _all(holder: _Element | None, name: str) -> Iterator[_Element]:
    return holder.iterchildren(f"{{*}}{name}") if holder is not None else iter(())


def _text(holder: Parts, name: str) -> str:
    return text(holder.get(name))


def _joined(holder: _Element | None) -> str:
    return "; ".join(filter(None, map(text, holder.iterchildren("*")))) if holder is not None else ""


def _given(values: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}


def _year(written: str) -> int | None:
    match = _YEAR.fullmatch(written)
    return int(match[1]) if match else None
