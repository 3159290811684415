"""Ours and the publishers' schemas describe the same documents: type by type, not by samples.

Every element is compared with its namesake from the root down: attributes with their types, values with their
limits, and content as the language of its children's names (two automata that must move together).
"""

from collections.abc import Iterator
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from xmlschema.validators import XsdElement, XsdGroup

from archivum.schemas import place
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

XLINK = "http://www.loc.gov/standards/xlink/xlink.xsd"
PUBLISHED = {
    "mets.xsd": "mets/v1.12.1/mets.xsd",
    "csip.xsd": "eark/dilcis/DILCISExtensionMETS.xsd",
    "premis.xsd": "premis/premis-v3-0.xsd",
    "ead3.xsd": "ead3.xsd",
    "nsesss-2017.xsd": "nsesss/2017/nsesss.xsd",
    "nsesss-2023.xsd": "nsesss/2023/nsesss.xsd",
    "nsesss-2024.xsd": "nsesss/2024/nsesss.xsd",
    "tp-2017.xsd": "nsesss/2017/TransakcniProtokolNavrh_verze17.xsd",
    "log-2023.xsd": "nsesss/2024/nsesss-TrP.xsd",
}

# What ours leave out or take in on purpose.
DELIBERATE = {
    # PREMIS 2 left these behind; no unit of the data dictionary of PREMIS 3 holds them.
    ("premis.xsd", "roots"): {
        "environmentCharacteristic", "environmentNote", "environmentPurpose", "hwName", "hwOtherInformation",
        "hwType", "licenseIdentifierType", "licenseIdentifierValue", "swDependency", "swName",
        "swOtherInformation", "swType", "swVersion",
    },
    # The CSIP vocabulary spells two terms in another way than its schema.
    ("csip.xsd", "CONTENTINFORMATIONTYPE"): {"citscarchival_v1_0", "cscarchival_v1_0"},
}  # fmt: skip


@cache
def ours(name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(place() / name), allow="local")


@cache
def theirs(name: str) -> xmlschema.XMLSchema:
    local = {XLINK: str(SHARED / "schemas" / "mets" / "xlink.xsd")}
    path = str(SHARED / "schemas" / PUBLISHED[name])
    return xmlschema.XMLSchema(path, allow="local", uri_mapper=lambda address: local.get(address, address))


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "csip.xsd"])
def test_same_types(name: str) -> None:
    mine, published = ours(name), theirs(name)
    missing = set(published.elements) - set(mine.elements)
    assert missing == DELIBERATE.get((name, "roots"), set())
    assert set(mine.elements) <= set(published.elements)
    pairs = [(mine.elements[root].type, published.elements[root].type, root) for root in mine.elements]
    # types that a document names (xsi:type)
    pairs += [
        (mine.types[kind], published.types[kind], kind)
        for kind in ("file", "representation", "bitstream", "intellectualEntity")
        if name == "premis.xsd"
    ]
    compared = list(compare(pairs))
    assert [difference for difference in compared if difference] == []
    assert len(compared) >= {"log-2023.xsd": 20, "tp-2017.xsd": 20}.get(name, 35)


def test_same_attributes_of_csip() -> None:
    mine, published = ours("csip.xsd"), theirs("csip.xsd")
    assert set(mine.attributes) == set(published.attributes)
    for name, attribute in mine.attributes.items():
        extra = DELIBERATE.get(("csip.xsd", name), set())
        kept = [value for value in attribute.type.enumeration or [] if value not in extra]
        assert sorted(kept) == sorted(published.attributes[name].type.enumeration or [])


def compare(pairs: list[tuple[Any, Any, str]]) -> Iterator[str]:
    """Yield how each pair of types differs, "" where it does not, and go on to their children."""
    seen = set()
    while pairs:
        mine, published, path = pairs.pop()
        if (id(mine), id(published)) in seen:
            continue
        seen.add((id(mine), id(published)))
        if not mine.is_simple() and not published.is_simple():
            yield differ(path, attributes(mine), attributes(published))
            yield differ(path, (mine.mixed, mine.abstract), (published.mixed, published.abstract))
        if mine.has_simple_content() or mine.is_simple():
            yield differ(path, value(mine), value(published))
            continue
        first, second = Automaton(mine.content), Automaton(published.content)
        yield first.difference(second, path)
        pairs += [
            (child.type, second.children[name].type, f"{path}/{name.rpartition('}')[2]}")
            for name, child in first.children.items()
            if name in second.children
        ]


def differ(path: str, mine: object, published: object) -> str:
    return "" if mine == published else f"{path}: {mine} is not {published}"


def attributes(kind: Any) -> dict[str, object]:
    """Name, use, fixed and default value and type of all attributes; a wildcard as "any"."""
    found: dict[str, object] = {}
    for name, attribute in kind.attributes.items():
        if name is not None:
            found[name] = (attribute.use, attribute.fixed, attribute.default, value(attribute.type))
        elif attribute.namespace:  # a restriction of anyType inherits an empty one: no wildcard
            found["any"] = (sorted(attribute.namespace), attribute.process_contents)
    return found


def value(kind: Any) -> object:
    """What a value may be: the built-in type it is made of, and its limits."""
    kind = kind if kind.is_simple() else kind.content
    if kind.is_union():
        return sorted(map(str, map(value, kind.member_types)))
    if kind.is_list():
        item = getattr(kind, "item_type", None) or kind.base_type.item_type
        return ["list", value(item), kind.min_length]
    built_in = kind
    while not (built_in.name or "").startswith("{http://www.w3.org/2001/XMLSchema}"):
        built_in = built_in.base_type
    limits = [kind.min_length, kind.max_length, kind.min_value, kind.max_value, kind.white_space]
    return [built_in.local_name, sorted(map(str, kind.enumeration or [])), list(map(str, limits))]


class Automaton:
    """The sequences of children that a content model accepts (Thompson's construction)."""

    def __init__(self, content: Any) -> None:
        self.children: dict[str, Any] = {}
        self._free: dict[int, set[int]] = {}
        self._moves: dict[int, dict[object, set[int]]] = {}
        self._states = 1
        self._end = self._add(content, 0) if content is not None else 0

    def difference(self, other: "Automaton", path: str) -> str:
        """Say after which children the two part; "" if they never do."""
        todo: list[tuple[frozenset[int], frozenset[int], tuple[object, ...]]]
        todo = [(self._reach({0}), other._reach({0}), ())]
        seen = set()
        while todo:
            here, there, way = todo.pop()
            if (here, there) in seen:
                continue
            seen.add((here, there))
            mine, published = self._next(here), other._next(there)
            if mine != published or (self._end in here) != (other._end in there):
                return f"{path}: after {way}: {mine - published} / {published - mine}"
            todo += [(self._step(here, name), other._step(there, name), (*way, name)) for name in mine]
        return ""

    def _state(self) -> int:
        self._states += 1
        return self._states - 1

    def _join(self, start: int, end: int) -> int:
        self._free.setdefault(start, set()).add(end)
        return end

    def _add(self, particle: Any, start: int) -> int:
        """Add what a particle accepts, as often as it may occur; return the state after it."""
        for _ in range(particle.min_occurs):
            start = self._once(particle, start)
        end = self._state()
        if particle.max_occurs is None:
            loop = self._join(start, self._state())
            self._join(self._once(particle, loop), loop)
            return self._join(loop, end)
        self._join(start, end)
        for _ in range(particle.max_occurs - particle.min_occurs):
            start = self._once(particle, self._join(start, self._state()))
            self._join(start, end)
        return end

    def _once(self, particle: Any, start: int) -> int:
        if not isinstance(particle, XsdGroup):
            end = self._state()
            self._moves.setdefault(start, {}).setdefault(self._label(particle), set()).add(end)
            return end
        orders: list[Any] = [list(particle)]
        if particle.model == "choice" and len(particle):
            orders = [[one] for one in particle]
        elif particle.model == "all":
            orders = list(permutations(particle))
        end = self._state()
        for order in orders:
            at = self._join(start, self._state())
            for one in order:
                at = self._add(one, at)
            self._join(at, end)
        return end

    def _label(self, particle: Any) -> object:
        if isinstance(particle, XsdElement):
            self.children.setdefault(str(particle.name), particle)
            return particle.name
        return ("any", tuple(sorted(particle.namespace)), particle.process_contents)

    def _reach(self, states: set[int]) -> frozenset[int]:
        reached, todo = set(states), list(states)
        while todo:
            fresh = self._free.get(todo.pop(), set()) - reached
            reached |= fresh
            todo += fresh
        return frozenset(reached)

    def _next(self, states: frozenset[int]) -> set[object]:
        return {name for state in states for name in self._moves.get(state, {})}

    def _step(self, states: frozenset[int], name: object) -> frozenset[int]:
        return self._reach({end for state in states for end in self._moves.get(state, {}).get(name, ())})


def test_the_comparison_tells_schemas_apart(tmp_path: Path) -> None:
    changed = tmp_path / "nsesss-2024.xsd"
    for name in ("nsesss-2024.xsd", "nsesss-parts.xsd"):
        (tmp_path / name).write_bytes((place() / name).read_bytes())
    changed.write_text(changed.read_text("utf-8").replace('"KontrolaLhuta" type="Years" minOccurs="0"', '"KontrolaLhuta" type="Years"'), "utf-8")  # fmt: skip  # noqa: E501
    root = xmlschema.XMLSchema(str(changed), allow="local").elements["Spis"].type
    found = [
        each for each in compare([(root, theirs("nsesss-2024.xsd").elements["Spis"].type, "Spis")]) if each
    ]
    assert found and all("SpousteciUdalost" in each for each in found)
