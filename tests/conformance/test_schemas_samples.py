"""Ours and the publishers' schemas give the same verdict, on every published sample and on mutated ones."""

import random
import re
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree

from archivum.errors import Misconfigured
from archivum.schemas import SETS, Schemas, install
from archivum.storage.durable import publish
from tests.shared import SHARED, cases, needs_shared

pytestmark = needs_shared

METS_SETS = ("mets", "czdax-mets", "nsesss-2017", "nsesss-2023", "nsesss-2024")
FITTING = {
    "{http://www.loc.gov/METS/}mets": METS_SETS,
    "{http://www.loc.gov/premis/v3}premis": ("premis",),
    "{http://ead3.archivists.org/schema/}ead": ("ead3",),
}
OURS = Schemas()


@pytest.fixture(scope="module")
def publishers(tmp_path_factory: pytest.TempPathFactory) -> Schemas:
    """The publishers' schemas, installed out of the folder of all of them."""
    target = tmp_path_factory.mktemp("official")
    came = install(SHARED / "schemas", target, publish)
    assert (came.missing, came.refused) == ((), ())
    return Schemas(target)


def documents(name: str) -> Iterator[tuple[str, etree._ElementTree]]:
    """Every XML document of an archive of cases that is well-formed, those in ZIP files too."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    for path, data in sources(cases(name)):
        try:
            yield path, etree.fromstring(data, parser).getroottree()
        except etree.XMLSyntaxError:
            continue


def sources(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".xml" and path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()
        elif path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for entry in archive.namelist():
                    if entry.lower().endswith(".xml"):
                        yield f"{path.relative_to(folder)}!{entry}", archive.read(entry)


# how many there are at least: a number that falls means that nothing is compared
@pytest.mark.parametrize(
    ("archive", "root", "at_least"),
    [
        ("cz-rules", "{http://www.loc.gov/METS/}mets", 600),
        ("cz-rules", "{http://www.loc.gov/premis/v3}premis", 150),
        ("cz-rules", "{http://ead3.archivists.org/schema/}ead", 150),
        ("eark", "{http://www.loc.gov/METS/}mets", 200),
    ],
)
def test_same_verdict_on_every_sample(
    archive: str,
    root: str,
    at_least: int,
    publishers: Schemas,
    record_property: Callable[[str, object], None],
) -> None:
    verdicts: Counter[tuple[str, bool]] = Counter()
    differ = []
    seen = 0
    for path, document in documents(archive):
        if document.getroot().tag != root:
            continue
        seen += 1
        for name in FITTING[root]:
            ours = OURS.schema(name).validate(document)
            verdicts[name, ours] += 1
            if ours != publishers.schema(name).validate(document):
                differ.append((path, name, ours))
    record_property("verdicts", sorted(verdicts.items()))
    assert differ == []
    assert seen >= at_least


def test_the_valid_samples_of_the_rule_sets_are_valid(publishers: Schemas) -> None:
    """A sample whose name says OK is valid by its set, but for those that are about another layer."""
    fitting = {"NSESSS2017": "nsesss-2017", "NSESSS2024": "nsesss-2024"}
    counted: Counter[tuple[str, bool]] = Counter()
    for path, document in documents("cz-rules"):
        name = fitting.get(path.partition("/")[0])
        if name and document.getroot().tag in FITTING and "-OK" in path:
            counted[name, OURS.schema(name).validate(document)] += 1
    assert counted["nsesss-2017", True] >= 100
    assert counted["nsesss-2024", True] >= 100
    assert counted["nsesss-2017", False] + counted["nsesss-2024", False] <= 6


# -- mutations --------------------------------------------------------------------------------------------

ROUNDS = 60  # a base document and a set
VALUES = ("", " ", "x", "-1", "0", "1000", "2026-02-30", "2026-11-23", "2026-11-23T09:45:00", "31.12.2026",
          "99999999999999999999", "true", "ano", "x" * 51, "x" * 101, "x" * 256, "a b", "1a", "č", "A", "3.0",
          "SHA-999", "simple", "2026", "2026-11", "eng")  # fmt: skip


def drop(rng: random.Random, element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def double(rng: random.Random, element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.insert(
            parent.index(element),
            etree.fromstring(etree.tostring(element, encoding="utf-8", with_tail=False)),
        )


def swap(rng: random.Random, element: etree._Element) -> None:
    following = element.getnext()
    if following is not None:
        following.addnext(element)


def rename(rng: random.Random, element: etree._Element) -> None:
    other = rng.choice(list(element.getroottree().iter(etree.Element)))
    element.tag = rng.choice((other.tag, f"{element.tag}X", "{http://example.org/}unknown", "bare"))


def move(rng: random.Random, element: etree._Element) -> None:
    target = rng.choice(list(element.getroottree().iter(etree.Element)))
    target.append(etree.fromstring(etree.tostring(element, encoding="utf-8", with_tail=False)))


def lose_attribute(rng: random.Random, element: etree._Element) -> None:
    if element.attrib:
        del element.attrib[rng.choice(sorted(element.attrib))]


def gain_attribute(rng: random.Random, element: etree._Element) -> None:
    names = ("ID", "id", "LABEL", "datum", "version", "zdroj", "authority", "normal", "label",
             "{http://www.w3.org/1999/xlink}label", "{http://www.w3.org/1999/xlink}type",
             "{http://www.w3.org/1999/xlink}show", "{http://example.org/}any",
             "{https://DILCIS.eu/XML/METS/CSIPExtensionMETS}OAISPACKAGETYPE",
             "{http://www.w3.org/2001/XMLSchema-instance}nil")  # fmt: skip
    element.set(rng.choice(names), rng.choice(VALUES))


def change_attribute(rng: random.Random, element: etree._Element) -> None:
    if element.attrib:
        element.set(rng.choice(sorted(element.attrib)), rng.choice(VALUES))


def change_text(rng: random.Random, element: etree._Element) -> None:
    element.text = rng.choice(VALUES)


def empty(rng: random.Random, element: etree._Element) -> None:
    element[:] = []


MUTATIONS = (drop, double, swap, rename, move, lose_attribute, gain_attribute, change_attribute,
             change_text, change_text, empty)  # fmt: skip


def bases(publishers: Schemas) -> Iterator[tuple[str, bytes]]:
    """A few valid documents a set, made of what it judges and of little else, with the most of it."""
    judged = {name: {part.namespace for part in parts} for name, parts in SETS.items()}
    found: dict[str, list[tuple[int, int, int, str, bytes]]] = {name: [] for name in SETS}
    for archive in ("cz-rules", "eark"):
        for path, document in documents(archive):
            data = etree.tostring(document, encoding="utf-8")
            if len(data) > 60_000:
                continue
            used = Counter(etree.QName(each).namespace for each in spellings(document))
            for name in FITTING.get(document.getroot().tag, ()):
                if publishers.schema(name).validate(document):
                    foreign = sum(1 for namespace in used if namespace not in judged[name])
                    known = len(judged[name] & used.keys())
                    found[name].append((foreign, -known, -len(set(spellings(document))), path, data))
    for name, documents_ in found.items():
        for *_, data in sorted(documents_)[:4]:
            yield name, data


def spellings(document: etree._ElementTree) -> Iterator[str]:
    """The names of all elements, and of all attributes that have a namespace of a standard."""
    for element in document.iter(etree.Element):
        yield element.tag
        yield from (name for name in element.attrib if name.startswith("{https://DILCIS.eu/"))


def test_same_verdict_on_mutations(publishers: Schemas, tmp_path: Path) -> None:
    rng = random.Random(2026)
    counted: Counter[tuple[str, bool]] = Counter()
    for name, data in bases(publishers):
        ours, theirs = OURS.schema(name), publishers.schema(name)
        for number in range(ROUNDS):
            root = etree.fromstring(data)
            done = []
            for _ in range(rng.choice((1, 1, 1, 2, 3))):
                mutation = rng.choice(MUTATIONS)
                mutation(rng, rng.choice(list(root.getroottree().iter(etree.Element))))
                done.append(mutation.__name__)
            mutated = etree.tostring(root, encoding="utf-8")
            document = etree.fromstring(mutated).getroottree()
            verdict = ours.validate(document)
            assert theirs.validate(document) is verdict, (
                name,
                number,
                done,
                ours.error_log,
                theirs.error_log,
            )
            counted[name, verdict] += 1
            if number % 10 == 0:
                path = tmp_path / "mutated.xml"
                path.write_bytes(mutated)
                told = list(OURS.explain(name, path))
                assert bool(told) is not verdict, (name, number, done, told, ours.error_log)
                assert all(error.text("cs") and error.kind != "other" for error in told), told
    for name in SETS:
        assert counted[name, True] >= 20
        assert counted[name, False] >= 80


# -- a publisher's files, once installed ------------------------------------------------------------------


def test_publishers_decide_once_installed(publishers: Schemas) -> None:
    assert {publishers.decides(name) for name in SETS} == {"publisher"}


def test_ours_decide_where_a_file_is_missing(publishers: Schemas, tmp_path: Path) -> None:
    target = tmp_path / "official"
    install(SHARED / "schemas", target, publish)
    (target / "nsesss-2017" / "dmBaseTypes.xsd").unlink()  # which only another of the publisher's needs
    some = Schemas(target)
    assert some.decides("nsesss-2017") == "archivum"
    assert some.decides("nsesss-2024") == "publisher"
    some.schema("nsesss-2017")


def test_a_changed_file_is_refused_when_used(tmp_path: Path) -> None:
    target = tmp_path / "official"
    install(SHARED / "schemas", target, publish)
    xlink = target / "xlink.xsd"  # which METS asks for by its address on the network
    xlink.write_bytes(re.sub(rb"anyURI", b"string", xlink.read_bytes()))
    with pytest.raises(Misconfigured) as raised:
        Schemas(target).schema("mets")
    assert raised.value.text_id == "schemas.changed"
    assert str(xlink) in raised.value.text("cs")


def test_installing_knows_files_by_their_bytes_and_twice_is_once(tmp_path: Path) -> None:
    source, target = tmp_path / "any", tmp_path / "official"
    shutil.copytree(SHARED / "schemas" / "nsesss" / "2024", source / "deep" / "er")
    (source / "deep" / "er" / "nsesss.xsd").rename(source / "něco úplně jiného.bin")
    first = install(source, target, publish)
    assert first.installed == ("nsesss-2024/nsesss-TrP.xsd", "nsesss-2024/nsesss.xsd")
    assert first.present == ()
    second = install(source, target, publish)
    assert (second.installed, second.present) == ((), first.installed)
    assert second.missing == first.missing
