"""The SIPs keep the rules of NSESSS: the publishers' schemas, and the rules of content (codes as in ZAF)."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from fixtures.defects import Defect
from fixtures.office import ico
from fixtures.sip import NsesssSip, dil, dokument, spis
from tests.shared import SHARED, needs_shared

VERSIONS = ("2017", "2023", "2024")
MADE = [
    *(spis(number, version=version) for version in VERSIONS for number in range(6)),
    *(make(number, version=version) for version in VERSIONS for make in (dokument, dil) for number in (1, 2)),
    *(spis(number, version=version, analogue=True) for version in VERSIONS for number in (1, 2)),
    *(spis(3, version=version, components=150) for version in VERSIONS),
]
PARENTS = ("MaterskaEntita", "MaterskeEntity")
ENTITIES = ("SpisovyPlan", "VecnaSkupina", "TypovySpis", "Soucast", "Dil", "Spis", "Dokument", "Komponenta")
LEVELS = dict(
    zip(
        ENTITIES,
        ("spisový plán", "věcná skupina", "typový spis", "součást", "díl", "spis", "dokument", "komponenta"),
        strict=True,
    )
)
OUTPUTS = {"application/pdf", "image/png", "image/tiff", "image/jpeg", "audio/x-wav", "application/xml"}

every = pytest.mark.parametrize("sip", MADE, ids=lambda sip: sip.name)


@cache
def _tree(sip: NsesssSip) -> etree._Element:
    return etree.fromstring(next(sip.entries()).content.data)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _text(element: etree._Element, path: str) -> str | None:
    return element.findtext("/".join(f"{{*}}{step}" for step in path.split("/")))


def _all(sip: NsesssSip, *names: str) -> list[etree._Element]:
    return [one for name in names for one in _tree(sip).iterfind(f".//{{*}}dmdSec//{{*}}{name}")]


def _entities(sip: NsesssSip) -> list[etree._Element]:
    return [one for one in _all(sip, *ENTITIES) if one.get("ID")]


class _Offline(etree.Resolver):
    """Gives METS its xlink schema; nothing is fetched."""

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:
        if system_url and system_url.endswith("xlink.xsd"):
            return self.resolve_filename(str(SHARED / "schemas/mets/xlink.xsd"), context)
        return None


@cache
def _schema(version: str) -> etree.XMLSchema:
    """The publishers' schemas of METS, NSESSS and its log in one."""
    v3 = version == "2017"
    places = {
        "http://www.loc.gov/METS/": f"mets/{'v1.11' if v3 else 'v1.12.1'}/mets.xsd",
        f"http://www.mvcr.cz/nsesss/{'v3' if v3 else 'v4'}": f"nsesss/{version}/nsesss.xsd",
        "http://nsess.public.cz/erms_trans/v_01_01" if v3 else "http://www.mvcr.cz/nsesss/2023/log": (
            f"nsesss/{version}/{'TransakcniProtokolNavrh_verze17' if v3 else 'nsesss-TrP'}.xsd"
        ),
    }
    imports = "".join(
        f'<xs:import namespace="{space}" schemaLocation="{SHARED / "schemas" / place}"/>'
        for space, place in places.items()
    )
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Offline())
    driver = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(driver, parser))


@needs_shared
@every
def test_publishers_schemas_accept_it(sip: NsesssSip) -> None:
    schema = _schema(sip.version)
    assert schema.validate(_tree(sip)), schema.error_log


@needs_shared
@pytest.mark.parametrize("version", VERSIONS)
def test_publishers_schemas_refuse_what_is_not_valid(version: str, tmp_path: Path) -> None:
    root = spis(0, version=version).write_folder(tmp_path, [Defect.NOT_VALID])
    assert not _schema(version).validate(etree.parse(root / "mets.xml"))


@needs_shared
def test_2023_and_2024_are_told_apart_by_their_schemas() -> None:
    assert not _schema("2024").validate(_tree(spis(0, version="2023")))
    assert not _schema("2023").validate(_tree(spis(0, version="2024")))


@every
def test_name_and_label(sip: NsesssSip) -> None:
    """ZAF dat1a, obs1, obs2."""
    assert len(sip.name) <= 64 and sip.name.replace("_", "").isalnum() and sip.name.isascii()
    assert _tree(sip).get("OBJID") == sip.name
    assert "archivu" in str(_tree(sip).get("LABEL")) if sip.handover else True


@every
def test_each_entity_is_in_description_log_and_map_once(sip: NsesssSip) -> None:
    """ZAF obs12, obs13, obs54–obs56."""
    tree, entities = _tree(sip), _entities(sip)
    described = {one.attrib["ID"]: one for one in entities}
    assert len(described) == len(entities)
    logs = {log.attrib["ID"]: log for log in tree.iterfind("{*}amdSec")}
    divisions = list(tree.iterfind("{*}structMap//{*}div"))
    assert Counter(one.attrib["DMDID"] for one in divisions) == Counter(list(described))
    assert Counter(one.attrib["ADMID"] for one in divisions) == Counter(list(logs))
    files = {file.attrib["DMDID"]: file.attrib["ID"] for file in tree.iterfind(".//{*}file")}
    for one in divisions:
        entity, log = described[one.attrib["DMDID"]], logs[one.attrib["ADMID"]]
        assert one.attrib["TYPE"] == LEVELS[_name(entity)]
        identifier = entity.find(
            "{*}Identifikator" if _name(entity) == "SpisovyPlan" else "{*}EvidencniUdaje/{*}Identifikace/*"
        )
        subject = log.find(".//{*}Objekt/{*}Identifikator")
        assert identifier is not None and subject is not None
        assert [part.text for part in subject] == [identifier.text, identifier.get("zdroj")]
        pointers = [pointer.get("FILEID") for pointer in one.iterfind("{*}fptr")]
        assert pointers == ([files[one.attrib["DMDID"]]] if one.attrib["TYPE"] == "komponenta" else [])


@every
def test_what_has_one_identifier_is_one(sip: NsesssSip) -> None:
    """ZAF obs57–obs59."""
    seen: dict[tuple[str, str, str], bytes] = {}
    for one in _all(sip, "BezpecnostniKategorie", "SkartacniRezim", "DruhDokumentu", "TypDokumentu"):
        identifier = one[0]
        key = (_name(one), str(identifier.text), identifier.attrib["zdroj"])
        assert (
            seen.setdefault(key, etree.tostring(one, method="c14n").strip())
            == etree.tostring(one, method="c14n").strip()
        )


@every
def test_marks_are_inherited(sip: NsesssSip) -> None:
    """ZAF obs93b–obs98."""
    tree = _tree(sip)
    for one in _entities(sip):
        if _name(one) == "SpisovyPlan":
            continue
        own = one.find("{*}EvidencniUdaje/{*}Trideni")
        assert own is not None
        simple, full = str(own[0].text), str(own[1].text)
        assert full.rpartition(".")[2] == simple
        above = next((one for one in own.iterfind("*/*") if _name(one.getparent()) in PARENTS), None)  # type: ignore[arg-type]
        if above is None:
            if _name(one) == "VecnaSkupina":
                assert simple == full
            continue
        parent = _text(above, "EvidencniUdaje/Trideni/PlneUrcenySpisovyZnak")
        assert full == (f"{parent}.{simple}" if _name(one) in ("VecnaSkupina", "Soucast") else parent)
    base = tree.find(".//{*}dmdSec//{*}xmlData/*")
    assert base is not None
    marks = (
        _text(base, "EvidencniUdaje/Trideni/JednoduchySpisovyZnak"),
        _text(base, "EvidencniUdaje/Trideni/PlneUrcenySpisovyZnak"),
    )
    for one in base.iterfind(".//{*}Dokument"):
        assert (
            _text(one, "EvidencniUdaje/Trideni/JednoduchySpisovyZnak"),
            _text(one, "EvidencniUdaje/Trideni/PlneUrcenySpisovyZnak"),
        ) == marks


@every
def test_retention_has_ended(sip: NsesssSip) -> None:
    """Decree 259/2012 § 15 odst. 3; ZAF obs64–obs68, obs78–obs80."""
    rank = "SVA"
    decided = _all(sip, "SkartacniRizeni")
    signs = []
    for one in _all(sip, "Vyrazovani"):
        dated = one.find("{*}DataceVyrazeni")
        if dated is None:
            continue
        years, triggered, due = (
            int(str(_text(one, path)))
            for path in (
                "SkartacniRezim/SkartacniLhuta",
                "DataceVyrazeni/RokSpousteciUdalosti",
                "DataceVyrazeni/RokSkartacniOperace",
            )
        )
        assert due == triggered + 1 + years <= 2024
        signs.append(rank.index(str(_text(one, "SkartacniRezim/SkartacniZnak"))))
    assert signs[0] == max(signs) and rank[signs[0]] in "AS"
    assert len(decided) == sip.handover
    for one in decided:
        due_year = _text(one.getparent(), "DataceVyrazeni/RokSkartacniOperace")  # type: ignore[arg-type]
        assert str(_text(one, "Datum"))[:4] == due_year
    if _name(_tree(sip).find(".//{*}dmdSec//{*}xmlData/*")) != "Dil":  # type: ignore[arg-type]
        assert _all(sip, "VecnaSkupina")[0].find("{*}EvidencniUdaje/{*}Vyrazovani/*") is not None


@every
def test_what_is_written_of_documents(sip: NsesssSip) -> None:
    """ZAF obs59a–obs63, obs69, obs71, obs76, obs77, obs85–obs88."""
    for one in _all(sip, "Dokument"):
        facts = one.find("{*}EvidencniUdaje")
        assert facts is not None
        assert _text(facts, "Evidence/EvidencniCislo")
        settled = facts.find("{*}Vyrizeni")
        assert settled is not None
        sent, to = settled.find("{*}DatumOdeslani"), settled.find("{*}Prijemce")
        assert (sent is None) == (to is None)
        if _text(facts, "Manipulace/AnalogovyDokument") == "ne":
            assert one.find("{*}Komponenty/{*}Komponenta") is not None
            continue
        assert _text(facts, "Puvod/DorucenyDokument/DoruceneMnozstvi")
        assert _text(facts, "Manipulace/UkladaciJednotka")
        base = _tree(sip).find(".//{*}dmdSec//{*}xmlData/{*}Spis/{*}EvidencniUdaje")
        assert base is not None and _text(base, "Manipulace/AnalogovyDokument") == "ano"
        assert _text(base, "Vyrazovani/SkartacniRizeni/Mnozstvi")
        if sip.version != "2017":
            assert _text(base, "Manipulace/Umisteni")
    for one in _all(sip, "Manipulace"):
        opened, closed = _text(one, "DatumOtevreni"), _text(one, "DatumUzavreni")
        assert closed is None or str(opened) <= closed


@every
def test_components_follow_each_other(sip: NsesssSip) -> None:
    """ZAF obs98a–obs111."""
    types = {one.get("DMDID"): one.attrib["MIMETYPE"] for one in _tree(sip).iterfind(".//{*}file")}
    for document in _all(sip, "Dokument"):
        analogue = _text(document, "EvidencniUdaje/Manipulace/AnalogovyDokument") == "ano"
        orders: dict[int, list[etree._Element]] = {}
        for one in document.iterfind("{*}Komponenty/{*}Komponenta"):
            orders.setdefault(int(one.attrib["poradi"]), []).append(one)
        assert list(orders) == list(range(1, len(orders) + 1))
        for versions in orders.values():
            assert len({one.attrib["druh"] for one in versions}) == 1
            assert [int(one.attrib["verze"]) for one in versions] == list(range(1, len(versions) + 1))
            forms = [one.attrib["forma_uchovani"] for one in versions]
            kinds = [types[one.attrib["ID"]] for one in versions]
            assert analogue == ("digitalizát" in forms)
            if analogue:
                continue
            assert forms.count("originál") == 1
            if "originál ve výstupním datovém formátu" in forms:
                assert forms[-1] == "originál ve výstupním datovém formátu" and kinds[-1] in OUTPUTS
            else:
                assert forms[-1] == "originál" and not any("word" in kind for kind in kinds)
            if "kontejner" in forms:
                assert "software602" in kinds[forms.index("kontejner")] and len(forms) > 1


@every
def test_organisations_have_valid_numbers(sip: NsesssSip) -> None:
    """ZAF obs92."""
    numbers = {str(one.text) for one in _all(sip, "IdentifikatorOrganizace")}
    assert numbers and all(len(one) == 8 and ico(one[:7]) == one for one in numbers)


@pytest.mark.parametrize("number", ["00006947", "70891508", "25596641", "45317054", "27074358"])
def test_check_digit_of_real_organisations(number: str) -> None:
    """Ministry of Finance, Liberecký kraj, and companies: check digits 7, 8, 1, 4 and 8."""
    assert ico(number[:7]) == number


@every
def test_dates_with_time_are_of_one_day(sip: NsesssSip) -> None:
    """ZAF obs108."""
    for one in _tree(sip).iterfind(".//{*}dmdSec//*[@datum]"):
        assert one.attrib["datum"].startswith(f"{one.text}T")
