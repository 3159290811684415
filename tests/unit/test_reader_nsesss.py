"""NSESSS SIPs: what is read of the file plan, the entities, the components and their files."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from archivum.model import Agent, Identifier, Level, Package, Promise, Retention, Severity, Verdict
from archivum.packaging import nsesss
from archivum.packaging.index import PackageIndex
from archivum.packaging.nsesss import NsesssReader
from archivum.packaging.xml import Document
from archivum.schemas import SchemaError
from tests.unit.test_reader_base import Seen, see, write

V3, V4 = "http://www.mvcr.cz/nsesss/v3", "http://www.mvcr.cz/nsesss/v4"
HANDOVER = "Datový balíček pro předávání dokumentů a jejich metadat do archivu"
APPRAISAL = "Datový balíček pro provedení skartačního řízení"
A, B = b"%PDF-1.7 first", b"%PDF-1.7 second"


def regime(sign: str = "A", period: str = "<n:SkartacniLhuta>5</n:SkartacniLhuta>", dating: str = "") -> str:
    return (
        "<n:Vyrazovani><n:SkartacniRezim><n:Identifikator zdroj='ERMS'>SR1</n:Identifikator>"
        f"<n:Nazev>A5</n:Nazev><n:SkartacniZnak>{sign}</n:SkartacniZnak>{period}"
        f"<n:SpousteciUdalost>uzavření spisu</n:SpousteciUdalost></n:SkartacniRezim>{dating}</n:Vyrazovani>"
    )


DATING = (
    "<n:DataceVyrazeni><n:RokSpousteciUdalosti>2019</n:RokSpousteciUdalosti>"
    "<n:RokSkartacniOperace>2025</n:RokSkartacniOperace></n:DataceVyrazeni>"
)
SUBJECT = (
    "<n:Subjekt><n:IdentifikatorOrganizace zdroj='IČ'>70891508</n:IdentifikatorOrganizace>"
    "<n:NazevOrganizace>Kraj</n:NazevOrganizace><n:NazevFyzickeOsoby>Jan Novák</n:NazevFyzickeOsoby>"
    "</n:Subjekt>"
)
PLAN = (
    "<n:SpisovyPlan ID='P'><n:Identifikator zdroj='ERMS'>plan-1</n:Identifikator>"
    "<n:Nazev>Spisový plán</n:Nazev>"
    "<n:Manipulace><n:DatumOtevreni>2018-01-01</n:DatumOtevreni></n:Manipulace>"
    "<n:Vydavatel><n:Subjekt><n:IdentifikatorOrganizace zdroj='IČO'>70891508</n:IdentifikatorOrganizace>"
    "<n:NazevOrganizace>Kraj</n:NazevOrganizace></n:Subjekt></n:Vydavatel></n:SpisovyPlan>"
)


def group(entity_id: str, mark: str, inner: str, own: str = "") -> str:
    return (
        f"<n:VecnaSkupina ID='{entity_id}'><n:EvidencniUdaje><n:Identifikace>"
        f"<n:Identifikator zdroj='ERMS'>{mark}</n:Identifikator></n:Identifikace>"
        f"<n:Popis><n:Nazev>Skupina {mark}</n:Nazev></n:Popis>"
        f"<n:Trideni><n:PlneUrcenySpisovyZnak>{mark}</n:PlneUrcenySpisovyZnak>{inner}</n:Trideni>{own}"
        "</n:EvidencniUdaje></n:VecnaSkupina>"
    )


def mother(inner: str, name: str = "MaterskaEntita") -> str:
    return f"<n:{name}>{inner}</n:{name}>"


GROUPS = mother(group("G2", "33.3", mother(group("G1", "33", PLAN)), regime()))


def component(component_id: str, form: str = "originál ve výstupním datovém formátu") -> str:
    return (
        f"<n:Komponenta ID='{component_id}' poradi='1' druh='dopis' verze='2' forma_uchovani='{form}'"
        " vztah_k='K0'>"
        f"<n:EvidencniUdaje><n:Identifikace><n:Identifikator zdroj='ERMS'>k-{component_id}</n:Identifikator>"
        "<n:Identifikator zdroj='ISDS'>77</n:Identifikator></n:Identifikace>"
        "<n:Popis><n:Nazev>Dopis</n:Nazev></n:Popis><n:Manipulace><n:OvereniBezpecnostnihoPrvku>"
        "<n:PlatnostBezpecnostnihoPrvku>platný</n:PlatnostBezpecnostnihoPrvku></n:OvereniBezpecnostnihoPrvku>"
        "</n:Manipulace></n:EvidencniUdaje></n:Komponenta>"
    )


def document(entity_id: str, components: str, *, above: str = "", own: str = "") -> str:
    return (
        f"<n:Dokument ID='{entity_id}'><n:EvidencniUdaje><n:Identifikace>"
        f"<n:Identifikator zdroj='ERMS'>d-{entity_id}</n:Identifikator></n:Identifikace>"
        "<n:Popis><n:Nazev>Žádost\n   o dotaci</n:Nazev><n:Komentar>viz příloha</n:Komentar>"
        "<n:KlicovaSlova><n:KlicoveSlovo>dotace</n:KlicoveSlovo><n:KlicoveSlovo>škola</n:KlicoveSlovo>"
        "</n:KlicovaSlova></n:Popis>"
        "<n:Souvislosti><n:KrizovyOdkaz pevny='ano'><n:Identifikator zdroj='ERMS'>x1</n:Identifikator>"
        "</n:KrizovyOdkaz></n:Souvislosti>"
        "<n:Pristupnost><n:BezpecnostniKategorie><n:BezpecnostniStupen>neveřejné</n:BezpecnostniStupen>"
        "</n:BezpecnostniKategorie><n:JineOmezeni>osobní údaje</n:JineOmezeni></n:Pristupnost>"
        "<n:Poznamky><n:Poznamka>spěchá</n:Poznamka></n:Poznamky>"
        "<n:Evidence><n:EvidencniCislo>KÚ 7/2019</n:EvidencniCislo><n:PoradoveCislo>7</n:PoradoveCislo>"
        "<n:UrceneCasoveObdobi><n:Rok>2019</n:Rok></n:UrceneCasoveObdobi>"
        "<n:NazevEvidenceDokumentu>Podatelna</n:NazevEvidenceDokumentu></n:Evidence>"
        "<n:Jazyky><n:Jazyk>cze</n:Jazyk><n:Jazyk>ger</n:Jazyk></n:Jazyky>"
        "<n:Puvod><n:DorucenyDokument><n:DatumVytvoreni>2019-02-27</n:DatumVytvoreni>"
        f"<n:Autor>{SUBJECT}</n:Autor><n:DatumDoruceni datum='2019-03-01T08:00:00+01:00'>2019-03-01"
        "</n:DatumDoruceni><n:OdesilatelovoEvidencniCislo>ZŠ/1</n:OdesilatelovoEvidencniCislo>"
        "<n:DoruceneMnozstvi>1/0</n:DoruceneMnozstvi><n:Odesilatel><n:Subjekt>"
        "<n:NazevOrganizace>Škola</n:NazevOrganizace></n:Subjekt></n:Odesilatel></n:DorucenyDokument></n:Puvod>"
        f"<n:Trideni><n:PlneUrcenySpisovyZnak>33.3</n:PlneUrcenySpisovyZnak><n:DruhDokumentu>"
        f"<n:Nazev>žádost</n:Nazev></n:DruhDokumentu>{above}</n:Trideni>"
        f"<n:Vyrizeni><n:Datum>2019-04-01</n:Datum><n:Zpusob>vyřízení dokumentem</n:Zpusob>"
        f"<n:Zpracovatel>{SUBJECT}</n:Zpracovatel><n:DatumOdeslani>2019-04-02</n:DatumOdeslani>"
        f"<n:Prijemce><n:Subjekt><n:NazevFyzickeOsoby>Eva</n:NazevFyzickeOsoby></n:Subjekt></n:Prijemce></n:Vyrizeni>"
        f"{own or regime('S', dating=DATING)}<n:Manipulace><n:AnalogovyDokument>ne</n:AnalogovyDokument>"
        "<n:UkladaciJednotka>krabice 4</n:UkladaciJednotka></n:Manipulace></n:EvidencniUdaje>"
        f"<n:Komponenty>{components}</n:Komponenty></n:Dokument>"
    )


def case_file(entity_id: str, documents: str, above: str = GROUPS) -> str:
    return (
        f"<n:Spis ID='{entity_id}'><n:EvidencniUdaje><n:Identifikace>"
        f"<n:Identifikator zdroj='ERMS'>s-{entity_id}</n:Identifikator></n:Identifikace>"
        "<n:Popis><n:Nazev>Dotace škole</n:Nazev></n:Popis>"
        "<n:Evidence><n:EvidencniCislo>SpZn 1</n:EvidencniCislo><n:UrceneCasoveObdobi>"
        "<n:DatumOd>2019-01-01</n:DatumOd><n:DatumDo>2019-12-31</n:DatumDo></n:UrceneCasoveObdobi></n:Evidence>"
        "<n:Puvod><n:DatumVytvoreni>2019-03-01</n:DatumVytvoreni></n:Puvod>"
        f"<n:Trideni><n:PlneUrcenySpisovyZnak>33.3</n:PlneUrcenySpisovyZnak>{above}</n:Trideni>"
        "<n:VyrizeniUzavreni><n:Datum>2019-05-01</n:Datum></n:VyrizeniUzavreni>"
        f"{regime(dating=DATING)}<n:Manipulace><n:DatumOtevreni>2019-03-01</n:DatumOtevreni>"
        "<n:DatumUzavreni>2019-05-02</n:DatumUzavreni></n:Manipulace></n:EvidencniUdaje>"
        f"<n:Dokumenty>{documents}</n:Dokumenty></n:Spis>"
    )


def file(component_id: str, href: str, data: bytes = A, **other: str) -> str:
    attributes = {
        "ID": f"F{component_id}",
        "DMDID": component_id,
        "MIMETYPE": "application/pdf",
        "SIZE": str(len(data)),
        "CHECKSUMTYPE": "SHA-512",
        "CHECKSUM": hashlib.sha512(data).hexdigest().upper(),
        "CREATED": "2019-03-01T08:00:00",
        **other,
    }
    written = " ".join(f"{name}='{value}'" for name, value in attributes.items() if value)
    return f"<m:file {written}>\n<m:FLocat LOCTYPE='URL' x:type='simple' x:href='{href}'/></m:file>"


def mets(base: str, files: str = "", *, label: str = HANDOVER, namespace: str = V4, head: str = "") -> str:
    head = head or (
        "<m:metsHdr><m:agent ROLE='CREATOR' TYPE='INDIVIDUAL'><m:name>Jan</m:name></m:agent>"
        "<m:agent ROLE='CREATOR' TYPE='ORGANIZATION'><m:name>Liberecký kraj</m:name></m:agent></m:metsHdr>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<m:mets xmlns:m='http://www.loc.gov/METS/' xmlns:n='{namespace}'"
        " xmlns:x='http://www.w3.org/1999/xlink' "
        f"OBJID='SIP-1' LABEL='{label}'>{head}<m:dmdSec ID='D'><m:mdWrap MDTYPE='OTHER'><m:xmlData>{base}"
        f"</m:xmlData></m:mdWrap></m:dmdSec><m:fileSec><m:fileGrp>\n{files}</m:fileGrp></m:fileSec></m:mets>"
    )


def sip(tmp_path: Path, text: str, files: dict[str, bytes] | None = None, **options: Any) -> Seen:
    root = write(tmp_path / "SIP", {"mets.xml": text, **(files or {})})
    return see(root, tmp_path / "index", **options)


def ok(tmp_path: Path, href: str = "komponenty/a.pdf", path: str = "komponenty/a.pdf") -> Seen:
    text = mets(case_file("S", document("D1", component("K1"))), file("K1", href))
    return sip(tmp_path, text, {path: A})


def test_the_tree_is_turned_the_right_way_up(tmp_path: Path) -> None:
    base = case_file("S", document("D1", component("K1") + component("K2")) + document("D2", component("K3")))
    seen = sip(
        tmp_path,
        mets(
            base,
            file("K1", "komponenty/a.pdf") + file("K2", "komponenty/b.pdf", B) + file("K3", "komponenty/c"),
        ),
        {"komponenty/a.pdf": A, "komponenty/b.pdf": B, "komponenty/c": A},
    )
    assert [(one.id, one.level, one.parent) for one in seen.records] == [
        ("P", Level.PLAN, None),
        ("G1", Level.GROUP, "P"),
        ("G2", Level.GROUP, "G1"),
        ("S", Level.FILE, "G2"),
        ("D1", Level.DOCUMENT, "S"),
        ("K1", Level.COMPONENT, "D1"),
        ("K2", Level.COMPONENT, "D1"),
        ("D2", Level.DOCUMENT, "S"),
        ("K3", Level.COMPONENT, "D2"),
    ]
    assert seen.package == Package(
        "nsesss",
        "2024",
        "SIP-1",
        Agent("Liberecký kraj", identifiers=(Identifier("70891508", "IČO"),)),
        "Dotace škole",
        "mets.xml",
    )
    assert seen.promises == [
        Promise("mets.xml", where="NSESSS 9.2.11"),
        *(
            Promise(
                path, len(data), "SHA-512", hashlib.sha512(data).hexdigest().upper(), "application/pdf",
                reference, "2019-03-01T08:00:00", f"mets.xml:{line}",
            )
            for path, data, reference, line in (
                ("komponenty/a.pdf", A, "K1", 5),
                ("komponenty/b.pdf", B, "K2", 6),
                ("komponenty/c", A, "K3", 7),
            )
        ),
    ]  # fmt: skip
    assert seen.codes() == ["not-checked-schema"]
    assert seen.the("not-checked-schema").verdict is Verdict.INDETERMINATE


def test_what_a_document_says(tmp_path: Path) -> None:
    record = ok(tmp_path).record("D1")
    assert record.title == "Žádost o dotaci"
    assert record.identifiers == (Identifier("d-D1", "ERMS"),)
    assert (record.reference, record.classification) == ("KÚ 7/2019", "33.3")
    assert record.dates == {
        "created": "2019-02-27",
        "received": "2019-03-01",
        "settled": "2019-04-01",
        "sent": "2019-04-02",
        "from": "2019",
        "to": "2019",
    }
    assert record.retention == Retention(
        "S", Identifier("SR1", "ERMS"), "A5", 5, "uzavření spisu", trigger_year=2019, due_year=2025
    )
    assert record.properties == {
        "author": "Jan Novák (Kraj)",
        "sender": "Škola",
        "sender_reference": "ZŠ/1",
        "recipient": "Eva",
        "handler": "Jan Novák (Kraj)",
        "settlement": "vyřízení dokumentem",
        "language": "cze; ger",
        "analogue": "ne",
        "location": "krabice 4",
        "security": "neveřejné",
        "restriction": "osobní údaje",
        "keywords": "dotace; škola",
        "comment": "viz příloha",
        "note": "spěchá",
        "kind": "žádost",
        "register": "Podatelna",
        "number": "7",
        "amount": "1/0",
        "links": "!x1 (ERMS)",
    }


def test_what_a_file_and_the_plan_say(tmp_path: Path) -> None:
    seen = ok(tmp_path)
    spis, plan = seen.record("S"), seen.record("P")
    assert spis.dates == {
        "created": "2019-03-01",
        "settled": "2019-05-01",
        "opened": "2019-03-01",
        "closed": "2019-05-02",
        "from": "2019-01-01",
        "to": "2019-12-31",
    }
    assert (plan.title, plan.dates) == ("Spisový plán", {"opened": "2018-01-01"})
    assert plan.properties == {"issuer": "Kraj"}
    assert seen.record("G1").retention is None
    assert seen.record("G2").retention == Retention("A", Identifier("SR1", "ERMS"), "A5", 5, "uzavření spisu")


def test_what_a_component_says(tmp_path: Path) -> None:
    record = ok(tmp_path).record("K1")
    assert record.identifiers == (Identifier("k-K1", "ERMS"), Identifier("77", "ISDS"))
    assert record.properties == {
        "order": "1",
        "kind": "dopis",
        "version": "2",
        "form": "originál ve výstupním datovém formátu",
        "related": "K0",
        "verification": "platný",
    }
    assert record.dates == {} and record.retention is None and record.paths == ("komponenty/a.pdf",)


def test_a_volume_lies_below_its_part_and_type_file(tmp_path: Path) -> None:
    part = (
        "<n:Soucast ID='C'><n:EvidencniUdaje><n:Popis><n:Nazev>Smlouvy</n:Nazev></n:Popis><n:Trideni>"
        + mother(
            "<n:TypovySpis ID='T'><n:EvidencniUdaje><n:Popis><n:Nazev>Typ</n:Nazev></n:Popis><n:Trideni>"
            + GROUPS
            + "</n:Trideni><n:Uzavreni><n:Datum>2020-01-01</n:Datum></n:Uzavreni>"
            + "</n:EvidencniUdaje></n:TypovySpis>"
        )
        + "</n:Trideni></n:EvidencniUdaje></n:Soucast>"
    )
    volume = (
        f"<n:Dil ID='V'><n:EvidencniUdaje><n:Popis/><n:Trideni>{mother(part)}</n:Trideni></n:EvidencniUdaje>"
        f"<n:Spisy>{case_file('S', document('D1', ''), above='')}{case_file('S2', '', GROUPS)}</n:Spisy>"
        "</n:Dil>"
    )
    seen = sip(tmp_path, mets(volume, label=APPRAISAL))
    assert [(one.id, one.level, one.parent) for one in seen.records] == [
        ("P", Level.PLAN, None),
        ("G1", Level.GROUP, "P"),
        ("G2", Level.GROUP, "G1"),
        ("T", Level.TYPE_FILE, "G2"),
        ("C", Level.PART, "T"),
        ("V", Level.VOLUME, "C"),
        ("S", Level.FILE, "V"),
        ("D1", Level.DOCUMENT, "S"),
        ("S2", Level.FILE, "V"),
    ]
    assert seen.record("T").dates == {"closed": "2020-01-01"}
    assert seen.package.title == "Dotace škole"


def test_base_entities_share_what_is_above_them(tmp_path: Path) -> None:
    second = GROUPS.replace("'P'", "'P9'").replace("'G1'", "'G91'").replace("'G2'", "'G92'")
    base = document("D1", "", above=GROUPS.replace("MaterskaEntita>", "MaterskeEntity>")) + document(
        "D2", "", above=second
    )
    seen = sip(tmp_path, mets(base, label=APPRAISAL, namespace=V3))
    assert [(one.id, one.parent) for one in seen.records] == [
        ("P", None), ("G1", "P"), ("G2", "G1"), ("D1", "G2"), ("D2", "G2"),
    ]  # fmt: skip
    assert seen.package.variant == "2017"


@pytest.mark.parametrize(
    ("href", "path", "exact"),
    [
        ("komponenty/a.pdf", "komponenty/a.pdf", True),
        ("./komponenty/a.pdf", "komponenty/a.pdf", True),
        ("komponenty/p%C5%99%C3%ADloha%201.pdf", "komponenty/příloha 1.pdf", True),
        ("komponenty/100%25.pdf", "komponenty/100%.pdf", True),
        ("komponenty/100%.pdf", "komponenty/100%.pdf", True),
        ("komponenty/a%20b.pdf", "komponenty/a%20b.pdf", True),
        ("komponenty/a#b?c.pdf", "komponenty/a#b?c.pdf", True),
        ("komponenty/a+b.pdf", "komponenty/a+b.pdf", True),
        ("komponenty/a+b.pdf", "komponenty/a b.pdf", False),
        ("file:komponenty/a.pdf", "komponenty/a.pdf", False),
        ("file:./komponenty/a.pdf", "komponenty/a.pdf", False),
        ("file://./komponenty/a.pdf", "komponenty/a.pdf", False),
        ("file:///komponenty/a.pdf", "komponenty/a.pdf", False),
        ("komponenty\\a.pdf", "komponenty/a.pdf", False),
        ("komponenty//a.pdf", "komponenty/a.pdf", False),
        ("komponenty/./a.pdf", "komponenty/a.pdf", False),
        ("./komponenty/../komponenty/a.pdf", "komponenty/a.pdf", False),
        ("komponenty\\..\\komponenty\\A.pdf", "komponenty/a.pdf", False),
        ("Komponenty/A.PDF", "komponenty/a.pdf", False),
        ("komponenty/pr\u030ci\u0301loha.pdf", "komponenty/příloha.pdf", False),
    ],
)
def test_hrefs_are_found_as_real_systems_write_them(
    tmp_path: Path, href: str, path: str, exact: bool
) -> None:
    seen = ok(tmp_path, href, path)
    assert [one.path for one in seen.promises] == ["mets.xml", path]
    assert seen.codes() == [*([] if exact else ["path-approximate"]), "not-checked-schema"]
    if not exact:
        found = seen.the("path-approximate")
        assert (found.subject, found.severity, found.params) == (
            path, Severity.WARNING, {"spelled": href, "count": 1},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("href", "code"),
    [
        ("http://example.org/a.pdf", "promise-remote"),
        ("HTTPS://example.org/a.pdf", "promise-remote"),
        ("urn:uuid:1", "promise-remote"),
        ("//server/a.pdf", "promise-remote"),
        ("file:///mnt/a.pdf", "promise-remote"),
        ("file:/mnt/a.pdf", "promise-remote"),
        ("/etc/passwd", "promise-unsafe"),
        ("../outside.pdf", "promise-unsafe"),
        ("komponenty/../../outside.pdf", "promise-unsafe"),
        ("../SIP/komponenty/a.pdf", "promise-unsafe"),
        ("/komponenty/../komponenty/a.pdf", "promise-unsafe"),
        ("komponenty/..", "promise-unsafe"),
        ("komponenty/%2E%2E/%2e%2e/outside.pdf", "promise-unsafe"),
        ("C:\\a.pdf", "promise-unsafe"),
        ("komponenty%00/a.pdf", "promise-unsafe"),
        (" ", "sip-component-file"),
    ],
)
def test_hrefs_that_lead_out_are_told_and_not_followed(tmp_path: Path, href: str, code: str) -> None:
    (tmp_path / "outside.pdf").write_bytes(A)
    text = mets(case_file("S", document("D1", component("K1"))), file("K1", href))
    seen = sip(tmp_path, text)
    assert code in seen.codes(Severity.ERROR)
    assert [one.path for one in seen.promises] == ["mets.xml"]


def test_a_file_that_is_missing_is_promised_under_its_decoded_name(tmp_path: Path) -> None:
    text = mets(
        case_file("S", document("D1", component("K1") + component("K2"))),
        file("K1", "komponenty\\not%20there.pdf") + file("K2", "./x/../komponenty//b.pdf"),
    )
    seen = sip(tmp_path, text)
    assert [one.path for one in seen.promises] == ["mets.xml", "komponenty/not there.pdf", "komponenty/b.pdf"]
    assert seen.codes(Severity.ERROR).count("file-missing") == 2


def test_faults_of_the_file_section(tmp_path: Path) -> None:
    text = mets(
        case_file("S", document("D1", component("K1") + component("K2") + component("K3", "originál"))),
        file("K1", "komponenty/a.pdf")
        + file("D1", "komponenty/b.pdf", CHECKSUM="", SIZE="many")
        + file("", "komponenty/a.pdf"),
    )
    seen = sip(tmp_path, text, {"komponenty/a.pdf": A, "komponenty/b.pdf": B})
    assert seen.the("checksum-none").subject == "komponenty/b.pdf"
    assert seen.the("promise-duplicate").params == {"other": "mets.xml:4"}
    unpaired = [one for one in seen.findings if one.code == "sip-component-file"]
    assert [(one.params["id"], one.severity, one.where) for one in unpaired] == [
        ("FD1", Severity.ERROR, "mets.xml:5"),
        ("F", Severity.ERROR, "mets.xml:6"),
        ("K2", Severity.ERROR, "mets.xml:3"),
        ("K3", Severity.WARNING, "mets.xml:3"),
    ]  # fmt: skip


@pytest.mark.parametrize(("label", "told"), [(HANDOVER, True), (APPRAISAL, False)])
def test_components_without_files_matter_where_they_are_handed_over(
    tmp_path: Path, label: str, told: bool
) -> None:
    seen = sip(tmp_path, mets(case_file("S", document("D1", component("K1", "originál"))), label=label))
    assert ("sip-component-file" in seen.codes(Severity.ERROR)) is told


def test_ids_that_are_missing_or_taken_get_a_new_name(tmp_path: Path) -> None:
    base = case_file("S", document("D1", "") + document("D1", component("K1")) + document("", ""))
    seen = sip(tmp_path, mets(base, label=APPRAISAL))
    assert [one.id for one in seen.records] == ["P", "G1", "G2", "S", "D1", "D1#1", "K1", "dokument#2"]
    assert seen.record("K1").parent == "D1#1"
    assert seen.the("sip-record-id").params == {"id": "D1"}


@pytest.mark.parametrize(
    ("own", "read", "readable"),
    [
        (regime("V"), ("V", 5, None, None), True),
        (regime("A", "<n:RokVyrazeni>2031</n:RokVyrazeni>"), ("A", None, None, 2031), True),
        (regime("S", "<n:SkartacniLhuta>0</n:SkartacniLhuta>"), ("S", 0, None, None), True),
        (regime("S", dating=DATING.replace("2025", "2025+01:00")), ("S", 5, 2019, 2025), True),
        (regime("S", "<n:SkartacniLhuta>pět</n:SkartacniLhuta>"), ("S", None, None, None), False),
        (regime("S", "<n:SkartacniLhuta>-5</n:SkartacniLhuta>"), ("S", None, None, None), False),
        (regime("S", "<n:SkartacniLhuta>٥</n:SkartacniLhuta>"), ("S", None, None, None), False),
        (regime("S", dating=DATING.replace("2019", "loni")), ("S", 5, None, 2025), False),
        (regime("X"), None, False),
        (regime("", ""), None, False),
        ("<n:Vyrazovani/>", None, True),
    ],
)
def test_retention_is_read_as_stated(tmp_path: Path, own: str, read: Any, readable: bool) -> None:
    seen = sip(tmp_path, mets(case_file("S", document("D1", "", own=own)), label=APPRAISAL))
    stated = seen.record("D1").retention
    assert (stated and (stated.sign, stated.years, stated.trigger_year, stated.due_year)) == read
    assert ("sip-retention" not in seen.codes()) is readable


def test_what_the_head_does_not_say_is_told(tmp_path: Path) -> None:
    text = mets(case_file("S", ""), label=APPRAISAL, head="<m:metsHdr/>").replace(
        "OBJID='SIP-1'", "OBJID=' '"
    )
    seen = sip(tmp_path, text)
    assert seen.package.id == "SIP"
    assert seen.package.producer == Agent("Kraj", identifiers=(Identifier("70891508", "IČO"),))
    assert seen.codes() == ["not-checked-schema", "sip-id", "sip-producer"]


@pytest.mark.parametrize(
    "text",
    [
        "<r/>",
        mets("").replace("dmdSec", "amdSec"),
        mets(case_file("S", ""), namespace="http://www.mvcr.cz/nsesss/v2"),
        mets(case_file("S", "")).replace("http://www.loc.gov/METS/", "http://www.loc.gov/METS2"),
        mets("<foreign xmlns='urn:x'><EvidencniUdaje/></foreign>", namespace="urn:y"),
    ],
    ids=["root", "no dmdSec", "NSESSS v2", "no METS", "foreign"],
)
def test_what_is_not_nsesss_is_told(tmp_path: Path, text: str) -> None:
    found = sip(tmp_path, text).codes(Severity.ERROR)
    assert found[0] == "xml-namespace" and "sip-component-file" not in found


def test_what_is_not_nsesss_is_not_explained_as_a_broken_one(tmp_path: Path) -> None:
    text = mets("<m:dmdSec ID='D'/>", file("", "metadata/a.xml") + file("K2", "komponenty/b.pdf"))
    seen = sip(tmp_path, text, {"metadata/a.xml": A, "komponenty/b.pdf": A})
    assert seen.codes()[0] == "xml-namespace"
    assert "sip-component-file" not in seen.codes()
    left = seen.the("not-checked-components")
    assert (left.verdict, left.subject) == (Verdict.INDETERMINATE, "mets.xml")


def test_files_before_the_description_are_still_told(tmp_path: Path) -> None:
    head, _, rest = mets(
        case_file("S", document("D1", component("K1"))), file("X", "komponenty/a.pdf")
    ).partition("<m:dmdSec")
    described, _, files = rest.partition("<m:fileSec")
    section, end, tail = files.partition("</m:fileSec>")
    seen = sip(tmp_path, f"{head}<m:fileSec{section}{end}<m:dmdSec{described}{tail}", {"komponenty/a.pdf": A})
    assert seen.codes(Severity.ERROR).count("sip-component-file") == 2  # the file, and the component


def test_a_broken_document_leaves_the_rest_unchecked(tmp_path: Path) -> None:
    seen = sip(tmp_path, mets(case_file("S", ""))[:-3])
    assert seen.codes() == [
        "xml-not-well-formed", "not-checked-metadata", "not-checked-completeness",
    ]  # fmt: skip
    assert seen.package == Package("nsesss", "", "SIP", None, "SIP", "mets.xml")


def test_depth_without_end_is_a_finding(tmp_path: Path) -> None:
    deep = "".join(
        f"<n:VecnaSkupina ID='x{n}'><n:EvidencniUdaje><n:Trideni><n:MaterskaEntita>" for n in range(900)
    )
    closing = "</n:MaterskaEntita></n:Trideni></n:EvidencniUdaje></n:VecnaSkupina>" * 900
    assert "xml-too-large" in sip(tmp_path, mets(case_file("S", "", mother(deep + closing)))).codes()


class Shop:
    """Schemas that find what they are told to."""

    def __init__(self, **valid: bool) -> None:
        self.asked: list[str] = []
        self._valid = valid

    def schema(self, name: str) -> str:
        self.asked.append(name)
        return name

    def explain(self, name: str, path: Path, limit: int) -> Any:
        for number in range(limit + 1):
            yield SchemaError("too-many", number, "/", "", {"subject": name})


@pytest.mark.parametrize(
    ("namespace", "valid", "variant", "codes", "asked"),
    [
        (V3, {"nsesss-2017"}, "2017", [], ["nsesss-2017"]),
        (V3, set(), "2017", ["xml-invalid"] * 20, ["nsesss-2017"]),
        (V4, {"nsesss-2024"}, "2024", [], ["nsesss-2024"]),
        (V4, {"nsesss-2023"}, "2023", ["xml-schema-2023"], ["nsesss-2024", "nsesss-2023"]),
        (V4, set(), "2024", ["xml-invalid"] * 20, ["nsesss-2024", "nsesss-2023"]),
    ],
)
def test_the_schema_tells_the_version(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    namespace: str,
    valid: set[str],
    variant: str,
    codes: list[str],
    asked: list[str],
) -> None:
    monkeypatch.setattr(Document, "valid", lambda self, name: name in valid)
    shop = Shop()
    seen = sip(tmp_path, mets(case_file("S", ""), label=APPRAISAL, namespace=namespace), schemas=shop)
    assert (seen.package.variant, seen.codes(), shop.asked) == (variant, codes, asked)


def test_large_documents_are_read_to_the_same_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = ok(tmp_path)
    monkeypatch.setattr(nsesss, "Document", lambda path, name: Document(path, name, held=0))
    assert ok(tmp_path) == small


def test_reading_does_not_need_the_files_to_be_there(tmp_path: Path) -> None:
    root = write(tmp_path / "SIP", {"mets.xml": mets(
        case_file("S", document("D1", component("K1"))), file("K1", "komponenty/p%C5%99%C3%ADloha%201.pdf")
    )})  # fmt: skip
    with PackageIndex(tmp_path / "index") as index:
        NsesssReader().read(root, index, None)
        assert [one.path for one in index.promises()] == ["mets.xml", "komponenty/příloha 1.pdf"]
