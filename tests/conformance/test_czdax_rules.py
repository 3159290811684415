"""A checker of the Czech rules for AIPs (DAAIP2024, PREMIS, AP2023) of the tests' own: each rule by its code.

It asks what concerns packages as archivum writes them; on published samples it must find what they break.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree

from tests.conformance.test_czdax_premis_rules import ID, NS, broken_in_premis, published
from tests.shared import cases, needs_shared

MD_REF = "@LOCTYPE='URL' and @x:type='simple' and string(@x:href)"
MD_ATTRIBUTES = "@MIMETYPE='application/xml' and @SIZE and @CREATED and @CHECKSUM and @CHECKSUMTYPE"
LOCATIONS = (
    "http://www.loc.gov/METS/ http://www.loc.gov/standards/mets/mets.xsd"
    " http://www.w3.org/1999/xlink http://www.loc.gov/standards/mets/xlink.xsd"
    " https://DILCIS.eu/XML/METS/CSIPExtensionMETS"
    " https://earkcsip.dilcis.eu/schema/DILCISExtensionMETS.xsd"
)

# DAAIP2024: what holds of a good METS.xml
METS_RULES = {
    "ns01": "/m:mets",
    "ns04": f"normalize-space(/m:mets/@xsi:schemaLocation)='{LOCATIONS}'",
    "obs01": "/m:mets/@OBJID=$folder",
    "obs02": "normalize-space(/m:mets/@TYPE)",
    "obs03": "/m:mets/@csip:CONTENTINFORMATIONTYPE='OTHER'",
    "obs04": "/m:mets[@csip:OTHERCONTENTINFORMATIONTYPE='NSESSS'"
    " or @csip:OTHERCONTENTINFORMATIONTYPE='Volné soubory']",
    "obs05": "/m:mets/@PROFILE='https://stands.nacr.cz/da/2023/aip.xml'",
    "obs06": "/m:mets/m:metsHdr",
    "obs07": "/m:mets/m:metsHdr/@CREATEDATE",
    "obs08": "/m:mets/m:metsHdr[not(@LASTMODDATE)]",
    "obs09": "/m:mets/m:metsHdr/@csip:OAISPACKAGETYPE='AIP'",
    "obs10": "//m:metsHdr/m:agent and not(//m:metsHdr/m:agent[not(@TYPE='OTHER' and @OTHERTYPE='SOFTWARE'"
    " and @ROLE='CREATOR' and normalize-space(m:name) and count(m:note)=1 and normalize-space(m:note)"
    " and m:note/@csip:NOTETYPE='SOFTWARE VERSION')])",
    "obs11": "not(//m:dmdSec[not(re:test(string(@ID), $id))])",
    "obs12": "not(//m:dmdSec[not(@CREATED)])",
    "obs13": "not(//m:dmdSec[not(@STATUS='CURRENT' or @STATUS='SUPERSEDED')])"
    " and //m:dmdSec[@STATUS='CURRENT'] and not(//m:dmdSec[not(@GROUPID)])",
    "obs14": "not(//m:dmdSec[not(@GROUPID='INHERENT' or @GROUPID='CONTEXTUAL')])",
    "obs15": f"not(//m:dmdSec[not(m:mdRef[{MD_REF}])])",
    "obs16": f"not(//m:dmdSec/m:mdRef[not(@MDTYPE='EAD' and {MD_ATTRIBUTES})])",
    "obs17": "not(//m:dmdSec[not(starts-with(m:mdRef/@x:href, 'metadata/descriptive/'))])",
    "obs18": "//m:amdSec/m:digiprovMD and not(//m:amdSec/*[not(self::m:digiprovMD)])"
    " and not(//m:digiprovMD/m:mdRef[not(@MDTYPE='PREMIS')])",
    "obs19": "not(//m:digiprovMD[not(re:test(string(@ID), $id))])",
    "obs20": "not(//m:digiprovMD[not(@STATUS='CURRENT' or @STATUS='SUPERSEDED')])",
    "obs21": "not(//m:digiprovMD[not(@GROUPID='PRESERVATION')])",
    "obs22": f"not(//m:digiprovMD[not(m:mdRef[{MD_REF}])])",
    "obs23": "not(//m:digiprovMD[not(starts-with(m:mdRef/@x:href, 'metadata/preservation/'))])",
    "obs24": f"not(//m:digiprovMD/m:mdRef[not(@MDTYPE='PREMIS' and {MD_ATTRIBUTES})])",
    "obs25": "not(//m:rightsMD)",
    "obs26": "count(//m:fileSec) <= 1",
    "obs27": "not(//m:fileSec[not(re:test(string(@ID), $id))])",
    "obs28": "not(//m:FLocat[starts-with(@x:href, 'documentation/')]"
    "[not(ancestor::m:fileGrp[@USE='Documentation'])])"
    " and not(//m:fileGrp[@USE='Documentation']//m:FLocat[not(starts-with(@x:href, 'documentation/'))])",
    "obs29": "not(//m:FLocat[starts-with(@x:href, 'schemas/')][not(ancestor::m:fileGrp[@USE='Schemas'])])"
    " and not(//m:fileGrp[@USE='Schemas']//m:FLocat[not(starts-with(@x:href, 'schemas/'))])"
    " and count(//m:fileGrp[@USE='Schemas']) <= 1",
    "obs30": "not(//m:fileGrp[starts-with(@USE, 'Representations/')]"
    "[.//m:file[not(starts-with(m:FLocat/@x:href,"
    " concat('r', substring(ancestor::m:fileGrp/@USE, 2), '/')))]])"
    " and not(//m:fileGrp[not(@USE='Documentation' or @USE='Schemas'"
    " or starts-with(@USE, 'Representations/'))])",
    "obs31": "not(//m:fileGrp[@csip:CONTENTINFORMATIONTYPE or @csip:OTHERCONTENTINFORMATIONTYPE])",
    "obs32": "not(//m:fileGrp[not(re:test(string(@ID), $id))])",
    "obs33": "not(//m:file[not(re:test(string(@ID), $id) and re:test(string(@MIMETYPE), '^[^/ ]+/[^/ ]+$')"
    " and @SIZE and @CREATED and string(@CHECKSUM) and string(@CHECKSUMTYPE)) or @OWNERID or @DMDID])",
    "obs34": "not(//m:file[m:FContent or m:file or count(m:FLocat) != 1 or m:FLocat[not(@LOCTYPE='URL'"
    " and @x:type='simple' and string(@x:href))]])",
    "obs35": "not(//m:structMap[not(@TYPE='PHYSICAL' or @TYPE='LOGICAL')])"
    " and count(//m:structMap[@TYPE='PHYSICAL'])=1",
    "obs36": "count(//m:structMap[@TYPE='PHYSICAL'])=1 and"
    " //m:structMap[@TYPE='PHYSICAL' and @LABEL='CSIP' and re:test(string(@ID), $id)]",
    "obs39": "//m:digiprovMD/m:mdRef/@x:href='metadata/preservation/PACKAGE-INFO.xml'",
}
DIVISIONS = ("Metadata", "Documentation", "Schemas", "Representations")
NSESSS_PARENTS: dict[str | None, set[str | None]] = {
    "spisplan": {None},
    "vecnaskp": {"spisplan", "vecnaskp"},
    "typspis": {"vecnaskp"},
    "dil": {"typspis"},
    "spis": {"vecnaskp"},
    "dokument": {"vecnaskp", "spis", "dil"},
    "komponenta": {"dokument"},
}
LOOSE_PARENTS: dict[str | None, set[str | None]] = {
    "balicek": {None},
    "slozka": {"balicek", "slozka"},
    "komponenta": {"balicek", "slozka"},
}

# AP2023, profile "inherentní popis v balíčku": what holds of a good description
EAD_RULES = {
    "ns1": "/e:ead",
    "obs1": "re:test(string(//e:control/e:recordid), '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')",
    "obs3": "not(//e:otherrecordid[not(@localtype='INTERNAL_REV_ID' and string(.))])",
    "obs4": "re:test(string(//e:filedesc/@encodinganalog), '^[1-9][0-9]*$')",
    "obs4a": "count(//e:titlestmt/e:titleproper)=1 and normalize-space(//e:titlestmt/e:titleproper)"
    " and not(//e:titleproper/*)",
    "obs18": "//e:maintenancestatus/@value='derived'",
    "obs19": "//e:maintenanceagency/@countrycode='CZ'",
    "obs20": "count(//e:maintenanceagency/e:agencycode[@localtype='CZ_MVCR_INSTITUTION_ID'])=1",
    "obs21": "re:test(string(//e:agencycode), '^[0-9]{9}$')",
    "obs22": "count(//e:maintenanceagency/e:agencyname[normalize-space()])=1",
    "obs24a": "//e:localcontrol[@localtype='RULES']"
    "/e:term[@identifier='CZ_ZP2013' or @identifier='CZ_ZP1958']",
    "obs25": "count(//e:localcontrol[@localtype='CZ_FINDING_AID_EAD_PROFILE']"
    "/e:term[re:test(@identifier, '^CZ_EAD3_PROFILE_(20240301|20260501)$')])=1",
    "obs31": "count(//e:maintenanceevent)=1 and //e:maintenanceevent[e:eventtype/@value='created' and"
    " e:agenttype/@value='machine' and normalize-space(e:agent) and string(e:eventdatetime/@standarddatetime)"
    " and (not(string(e:eventdatetime)) or e:eventdatetime=e:eventdatetime/@standarddatetime)]",
    "obs35a": "//e:archdesc[@level='fonds' or @level='otherlevel' and @otherlevel='balicek']",
    "obs36a": "not(//e:c[not(re:test(string(@level), '^(subfonds|series|file|item|otherlevel)$'))"
    " or @level='otherlevel' and not(string(@otherlevel))])",
    "obs36b": "not(//e:fileplan[not(normalize-space(@encodinganalog) and e:head and count(e:p) <= 1"
    " and count(e:chronlist)=1 and count(e:chronlist/e:chronitem)=1 and e:chronlist/e:chronitem/e:daterange"
    " and e:chronlist/e:chronitem/e:event='Platnost spisového plánu')])",
    "obs37a": "not((//e:archdesc | //e:c)[not(re:test(string(@id),"
    " '^uuid-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'))])",
    "obs42": "not(//e:did[count(e:unittitle) > 1] | //*[count(e:scopecontent) > 1])",
    "obs53": "not(//e:did/e:unittitle[not(normalize-space()) or *])",
    "obs62": "not(//e:scopecontent[count(e:p[normalize-space()]) != 1 or count(*) != 1])",
    "obs71": "not(//e:processinfo[not(re:test(string(@localtype),"
    " '^(ARCHIVIST_NOTE|RULES|DESCRIPTION_DATE)$'))])",
    "obs72": "not(//e:processinfo[count(e:p) != 1 or count(*) != 1])",
    "obs73": "not(//e:physdesc[not(normalize-space()) or *])",
    "obs94": "not(//e:archdesc/e:did/e:dao)",
    "obs95": "not(//e:dao[not(@daotype='derived' or @daotype='borndigital')])",
    "obs96a": "not(//e:term[@identifier='CZ_EAD3_PROFILE_20260501'])"
    " or not(//e:dao[not(string(@identifier) and @coverage)])",
    "obs101": "not(//e:relation[not(string(@linktitle) and string(@linkrole))])",
    "obs104a": "not(//e:relation[count(e:relationentry[normalize-space()]) != 1])",
    "obs106": "not(//e:sources)",
}
UNIT_IDS = {  # part 5.5.1 of the profile
    "UKLADACI_ZNAK": "ukládací znak / spisový znak",
    "CISLO_JEDNACI": "číslo jednací",
    "SPISOVA_ZNACKA": "spisová značka",
    "PORADOVE_CISLO_PUVODNI": "původní pořadové číslo",
    "ZDROJ_ID": "identifikátor ve zdrojovém systému",
}
# obs999: what the profile's sample has, and notes
ELEMENTS = frozenset(
    re.split(
        r"\s+",
        """ead control recordid filedesc titlestmt titleproper maintenancestatus maintenanceagency agencycode
        agencyname localcontrol term maintenancehistory maintenanceevent eventtype eventdatetime agenttype
        agent archdesc did unitid unittitle unitdatestructured daterange fromdate todate physdesc
        physdescstructured quantity unittype physfacet dsc c dao relations relation relationentry fileplan
        head chronlist chronitem event scopecontent processinfo p""",
    )
)
PRECISIONS = {"Y": r"(\d{4})-(01-01|12-31)", "YM": r"(\d{4})-\d\d-\d\d", "D": r"(\d{4})-\d\d-\d\d"}


def holds(tree: Any, xpath: str, **variables: str) -> bool:
    return bool(tree.xpath(xpath, namespaces=NS, id=ID, **variables))


def broken_in_mets(package: Path) -> Iterator[str]:
    tree = etree.parse(package / "METS.xml")
    root = tree.getroot()
    for code, xpath in METS_RULES.items():
        if not holds(tree, xpath, folder=package.name):
            yield code
    if root.nsmap.get(None) != NS["m"]:
        yield "ns02"
    if not {NS["xsi"], NS["x"], NS["csip"]} <= set(root.nsmap.values()):
        yield "ns03"
    if not physical_map_is_right(tree):
        yield "obs37"
    if not logical_map_is_right(tree):
        yield "obs38"
    # fls01, fls02: the files of the package are those of METS.xml
    listed = {unquote(href, errors="surrogateescape") for href in tree.xpath("//@x:href", namespaces=NS)}
    there = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()} - {"METS.xml"}
    if listed - there:
        yield "fls01"
    if there - listed:
        yield "fls02"


def physical_map_is_right(tree: Any) -> bool:
    maps = tree.xpath("//m:structMap[@TYPE='PHYSICAL']", namespaces=NS)
    if len(maps) != 1 or not holds(maps[0], "re:test(string(m:div/@ID), $id)"):
        return False
    # the division of the submission is "Representations", another representation's is called like its group
    groups = {
        group.get("USE").removesuffix("/submission"): group.get("ID")
        for group in tree.xpath("//m:fileGrp", namespaces=NS)
        if group.get("USE")
    }
    labels = []
    for div in maps[0].xpath("m:div/m:div", namespaces=NS):
        label = div.get("LABEL")
        labels.append(label)
        if label.partition("/")[0] not in DIVISIONS or not re.match(ID, div.get("ID", "")):
            return False
        pointers = div.xpath("m:fptr/@FILEID", namespaces=NS)
        if label == "Metadata":
            described = tree.xpath("//m:dmdSec/@ID", namespaces=NS)
            kept = tree.xpath("//m:digiprovMD/@ID", namespaces=NS)
            if div.get("DMDID", "").split() != described or sorted(div.get("ADMID", "").split()) != sorted(
                kept
            ):
                return False
        elif pointers != [groups.get(label)] or len(div) != 1:
            return False
    return len(set(labels)) == len(labels) and set(labels) == {"Metadata", *groups}


def logical_map_is_right(tree: Any) -> bool:
    content = tree.getroot().get(f"{{{NS['csip']}}}OTHERCONTENTINFORMATIONTYPE")
    parents = NSESSS_PARENTS if content == "NSESSS" else LOOSE_PARENTS
    known = set(tree.xpath("//m:file/@ID", namespaces=NS))
    maps = tree.xpath("//m:structMap[@TYPE='LOGICAL']", namespaces=NS)
    if len(maps) > 1 or any(one.get("LABEL") != "CZDAX-LOGICAL-STRUCTURE" for one in maps):
        return False
    for div in tree.xpath("//m:structMap[@TYPE='LOGICAL']//m:div", namespaces=NS):
        above = div.getparent().get("TYPE") if div.getparent().tag.endswith("}div") else None
        if not re.match(ID, div.get("ID", "")) or not div.get("LABEL", "").strip():
            return False
        if above not in parents.get(div.get("TYPE"), set()):
            return False
        if not set(div.xpath("m:fptr/@FILEID", namespaces=NS)) <= known:
            return False
    return True


def broken_in_ead(document: Path) -> Iterator[str]:
    tree = etree.parse(document)
    root = tree.getroot()
    for code, xpath in EAD_RULES.items():
        if not holds(tree, xpath):
            yield code
    if root.nsmap.get(None) != NS["e"]:
        yield "ns2a"
    if root.nsmap.get("cam") not in ("http://cam.tacr.cz/2019", "http://cam.tacr.cz/2025"):
        yield "ns3"
    for unit in tree.xpath("//e:unitid", namespaces=NS):
        kind, label = unit.get("localtype"), unit.get("label")
        if (label or "").strip() == "" or (kind != "JINE" and UNIT_IDS.get(kind) != label):
            yield "obs50"
    for span in tree.xpath("//e:unitdatestructured", namespaces=NS):
        if not is_span(span):
            yield "obs57"
    if {etree.QName(element).localname for element in root.iter("{*}*")} - ELEMENTS:
        yield "obs999"


def is_span(span: Any) -> bool:
    """obs55, obs57: a range of days written as moments, as precise as it says."""
    (daterange,) = span.findall("{*}daterange")
    formats = daterange.get("altrender", "").split("-")
    dates = daterange.findall("{*}fromdate") + daterange.findall("{*}todate")
    if not set(formats) <= set(PRECISIONS) or len(dates) != 2:
        return False
    start, end = dates
    begin = start.get("standarddate") or start.get("notbefore")
    finish = end.get("standarddate") or end.get("notafter")
    return bool(
        len(formats) <= 2
        and re.fullmatch(PRECISIONS[formats[0]] + "T00:00:00", begin)
        and re.fullmatch(PRECISIONS[formats[-1]] + "T23:59:59", finish)
        and (formats[0] == "D" or begin[8:10] == "01")
        and begin < finish
        and (start.text or "").strip()
        and (end.text or "").strip()
    )


def broken(package: Path) -> dict[str, set[str]]:
    """The codes of the rules that a package breaks, by rule set."""
    mets = etree.parse(package / "METS.xml")
    representations = {
        group.get("ID"): group.get("USE").removeprefix("Representations/")
        for group in mets.xpath("//m:fileGrp[starts-with(@USE, 'Representations/')]", namespaces=NS)
    }
    preservation = package / "metadata" / "preservation"
    premis = broken_in_premis(preservation / "PREMIS.xml", representations, False)
    premis |= broken_in_premis(preservation / "PACKAGE-INFO.xml", representations, True)
    descriptions = (package / "metadata" / "descriptive").iterdir()
    ead = {code for document in descriptions for code in broken_in_ead(document)}
    for name in package.rglob("*.xml"):
        if "representations" not in name.parts:
            assert not name.read_bytes().startswith(b"\xef\xbb\xbf"), "kod01"
    return {"DAAIP2024": set(broken_in_mets(package)), "PREMIS": premis, "AP2023": ead}


@needs_shared
def test_the_checker_finds_what_published_packages_break() -> None:
    judged = published("DAAIP2024", ("all", "content", "files"), "aip")
    assert len(judged) > 60
    for case in judged:
        found = set(broken_in_mets(cases("cz-rules") / case["path"]))
        assert set(case["must_fail"]) <= found, case["path"]
        assert not found & set(case["must_pass"]), case["path"]


@needs_shared
def test_the_checker_finds_what_published_descriptions_break() -> None:
    asked = {*EAD_RULES, "ns2a", "ns3", "obs50", "obs57", "obs999"}
    judged = published("AP2023", ("content", "namespaces"), "inherent-description")
    assert len(judged) > 10
    for case in judged:
        found = set(broken_in_ead(cases("cz-rules") / case["path"]))
        assert set(case["must_fail"]) & asked <= found, case["path"]
    for name in ("OK1", "OK2"):
        (document,) = (cases("cz-rules") / "DAAIP2024" / name).glob("*/metadata/descriptive/*.xml")
        assert not set(broken_in_ead(document)), name
