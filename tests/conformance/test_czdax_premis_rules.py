"""The PREMIS part of the tests' own checker of the Czech rules for AIPs."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from tests.shared import SHARED, cases, needs_shared

NS = {
    "m": "http://www.loc.gov/METS/",
    "x": "http://www.w3.org/1999/xlink",
    "csip": "https://DILCIS.eu/XML/METS/CSIPExtensionMETS",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "p": "http://www.loc.gov/premis/v3",
    "e": "http://ead3.archivists.org/schema/",
    "re": "http://exslt.org/regular-expressions",
}
ID = "^uuid-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
FILE_EVENTS = {"cre", "del", "mig", "pac", "unp", "fix", "vir", "for", "val"}
PACKAGE_EVENTS = {"cre", "ing", "tra", "exp", "ipc"}
# rules about transfers to other archives, which are not written, and what follows from breaking them
NOT_ASKED = {"obs13", "obs17", "obs18"}


def broken_in_premis(document: Path, representations: dict[str, str], package_info: bool) -> set[str]:
    tree = etree.parse(document)
    broken: set[str] = set()

    def rule(code: str, good: Any) -> None:
        if not good:
            broken.add(code)

    def of(node: Any, path: str) -> list[str]:
        return [str(value).strip() for value in node.xpath(path, namespaces=NS)]

    kinds = PACKAGE_EVENTS if package_info else FILE_EVENTS
    rule("obs01" if package_info else "obs02", set(of(tree, "//p:eventType/text()")) <= kinds)
    for event in tree.xpath("//p:event", namespaces=NS):
        rule("obs03", of(event, "p:eventIdentifier/p:eventIdentifierType/text()") == ["local"])
        (value,) = of(event, "p:eventIdentifier/p:eventIdentifierValue/text()")
        rule("obs03", re.match(ID, value))
        rule("obs09", is_time(*of(event, "p:eventDateTime/text()")))
    agents: dict[str, str] = {}
    for agent in tree.xpath("//p:agent", namespaces=NS):
        local = of(agent, "p:agentIdentifier[p:agentIdentifierType='local']/p:agentIdentifierValue/text()")
        rule("obs04", len(local) == 1 and re.match(ID, local[0]))
        kind = of(agent, "p:agentType/text()")
        names = of(agent, "p:agentName/text()")
        rule("obs05", kind and (kind != ["sof"] or (len(names) == 1 and names[0])))
        types = of(agent, "p:agentIdentifier/p:agentIdentifierType/text()")
        rule("obs14", kind == ["sof"] or (names and len(types) == len(set(types))))
        if local:
            agents[local[0]] = kind[0]
    for thing in tree.xpath("//p:object[@xsi:type='representation']", namespaces=NS):
        name = of(thing, "p:originalName/text()")
        for value in of(thing, ".//p:objectIdentifierValue/text()"):
            rule("obs06", name and representations.get(value) == name[0])
    for thing in tree.xpath("//p:object[@xsi:type='file']", namespaces=NS):
        rule("obs07", of(thing, ".//p:objectIdentifierType/text()") == ["local"])
        rule("obs07", all(re.match(ID, value) for value in of(thing, ".//p:objectIdentifierValue/text()")))
    if package_info:
        for code in broken_in_package_info(tree, of, agents):
            rule(code, False)
    return broken


def broken_in_package_info(
    tree: Any, of: Callable[[Any, str], list[str]], agents: dict[str, str]
) -> Iterator[str]:
    entities: dict[str, dict[str, str]] = {}
    for thing in tree.xpath("//p:object[@xsi:type='intellectualEntity']", namespaces=NS):
        kinds = of(thing, ".//p:objectIdentifierType/text()")
        ids = dict(zip(kinds, of(thing, ".//p:objectIdentifierValue/text()"), strict=True))
        if "local" not in ids or (ids["local"] != "_THIS" and not re.match(ID, ids["local"])):
            yield "obs08"
        if kinds.count("local") != 1:
            yield "obs08"
        if kinds.count("AIP_ID") > 1:
            yield "obs13"
        if len(kinds) != len(ids) or not set(ids) <= {"local", "AIP_ID", "FONDS_ID"} or len(ids) > 2:
            yield "obs10"
        if "FONDS_ID" in ids and ids.get("local") == "_THIS":
            yield "obs10"
        significant = of(thing, ".//p:significantPropertiesType/text()")
        if "FONDS_ID" in ids and significant.count("INSTITUTION_ID") != 1:
            yield "obs11"
        entities[ids.get("local", "")] = ids
    if of(tree, "//p:object[@xsi:type='representation']/p:originalName/text()").count("submission") != 1:
        yield "obs12"
    submission = of(
        tree, "//p:object[p:originalName='submission']/p:objectIdentifier/p:objectIdentifierValue/text()"
    )
    events: dict[str, list[tuple[list[tuple[str, str]], list[tuple[str, str]]]]] = {}
    for event in tree.xpath("//p:event", namespaces=NS):
        doers = list(
            zip(
                of(event, ".//p:linkingAgentRole/text()"),
                of(event, ".//p:linkingAgentIdentifierValue/text()"),
                strict=True,
            )
        )
        things = list(
            zip(
                of(event, ".//p:linkingObjectRole/text()"),
                of(event, ".//p:linkingObjectIdentifierValue/text()"),
                strict=True,
            )
        )
        events.setdefault(of(event, "p:eventType/text()")[0], []).append((doers, things))
    used = {doer for told in events.values() for doers, _ in told for _, doer in doers}
    if {agent for agent, kind in agents.items() if kind != "sof"} - used:
        yield "obs14"
    creations, accessions = events.get("cre", []), events.get("ing", [])
    right = [
        bool(doers)
        and all(role == "ORIGINATOR" and doer in agents for role, doer in doers)
        and things == [("out", *submission)]
        for doers, things in creations
    ]
    if right != [True]:
        yield "obs15"
    if len(accessions) != 1:
        yield "obs16"
    for doers, things in accessions:
        fonds = [one for role, one in things if role == "out" and "FONDS_ID" in entities.get(one, {})]
        if sorted(role for role, _ in doers) != ["CURATOR", "SUBMITTER"] or len(fonds) != 1:
            yield "obs16"
        if ("out", "_THIS") not in things:
            yield from ("obs13", "obs16")
        if {role for role, _ in things} - {"sou", "out"} or not {doer for _, doer in doers} <= set(agents):
            yield "obs16"
    for doers, things in events.get("ipc", []):
        if [role for role, _ in doers] != ["imp"] or agents.get(doers[0][1]) != "sof":
            yield "obs19"
        if things != [("out", "_THIS")]:
            yield from ("obs13", "obs19")
    if not any(("out", "_THIS") in things for told in events.values() for _, things in told):
        yield "obs13"
    if "_THIS" not in entities:
        yield "obs13"


def is_time(text: str) -> bool:
    """A moment with a zone, a day, or an interval of two that differ (CZDAX-PMS03)."""
    moment = r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?"
    parts = text.split("/")
    return all(re.fullmatch(moment, part) for part in parts) and (
        len(parts) == 1 or (len(parts) == 2 and parts[0] < parts[1])
    )


def published(ruleset: str, layers: tuple[str, ...], *profiles: str) -> list[dict[str, Any]]:
    listed = SHARED / "cases" / "cz-rules" / "cases.json"
    if not listed.is_file():
        return []
    return [
        case
        for case in json.loads(listed.read_text("utf-8"))
        if case["ruleset"] == ruleset and case["layer"] in layers and case["profile"] in profiles
    ]


@needs_shared
def test_the_checker_finds_what_published_premis_breaks() -> None:
    judged = published("PREMIS", ("content",), "package-info", "metadata")
    assert len(judged) > 40
    for case in judged:
        document = cases("cz-rules") / case["path"]
        found = broken_in_premis(document, case["representations"], case["profile"] == "package-info")
        asked = set(case["must_fail"])
        assert (asked if not asked & {"obs17", "obs18"} else asked - NOT_ASKED) <= found, case["path"]
        assert not found & set(case["must_pass"]), case["path"]
