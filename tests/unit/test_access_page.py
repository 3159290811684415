"""The page of a DIP: whole, readable from the disk, harmless whatever a package holds, in both languages."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote
from uuid import UUID

import pytest
from lxml import etree, html

from archivum.access.page_records import DEEPEST
from archivum.archive import Archive
from archivum.model import EventType, Level, Verdict
from archivum.profile import Access
from archivum.texts import LANGUAGES, Language, room, say
from fixtures.entries import text
from fixtures.folders import Folder, folder
from fixtures.sip import spis
from tests.unit.test_access_samples import DIP_ID, dip, found, opened, submission, tree

SIP = spis(0)
# names that a Linux file system takes and a careless page would not survive
EVIL = (
    "<script>alert(1)</script>.txt",
    "<img src=x onerror=alert(1)>.html",
    "a&amp;b \"c\" 'd' `e`.txt",
    "javascript:alert(1)",
    "100% & 50%25 #1?x=y;z.txt",
    "mezery  dvě .txt",
    "[závorky]{složené}|svislá.txt",
    "http:/example.com/x.txt",
)
EVIL_TITLE = "</title></strong><script>alert(2)</script> \u202eobrácené\u200b"
EVIL_FOLDER = Folder(
    "zlý <b>",
    [(name, text(f"{number}\n")) for number, name in enumerate(EVIL)],
    {EVIL[0]: {"title": EVIL_TITLE, "creator": "<svg onload=alert(3)>", "description": "-->&#60;i&#62;"}},
)
DEEP = Folder("hluboký", [("/".join(f"s{n}" for n in range(DEEPEST + 30)) + "/list.txt", text("list\n"))])


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, UUID]]:
    root = tmp_path_factory.mktemp("stored")
    return root, found(root, [SIP, folder(0), EVIL_FOLDER, DEEP])


@pytest.fixture
def archive(stored: Any, tmp_path: Path) -> Iterator[Archive]:
    with opened(stored[0], tmp_path / "archive") as archive:
        yield archive


@pytest.fixture
def page(archive: Archive, stored: Any, tmp_path: Path) -> Any:
    dip(archive, stored[1][SIP.name], tmp_path / "dip")
    return parsed(tmp_path / "dip")


def parsed(place: Path) -> Any:
    """The page of a DIP, which must be well-formed as far as the parser knows HTML 5."""
    data = (place / "index.html").read_bytes()
    assert data.startswith(b"<!DOCTYPE html>\n")
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    root = html.document_fromstring(data, parser)
    unknown = {"header", "main", "section"}  # elements that libxml2 has not heard of
    wrong = [one.message for one in parser.error_log]  # type: ignore[attr-defined]
    assert [one for one in wrong if not re.fullmatch(rf"Tag ({'|'.join(unknown)}) invalid", one)] == []
    return root


def section(page: Any, name: str) -> Any:
    (found,) = page.xpath(f"//section[@aria-labelledby='{name}']")
    return found


def assert_harmless(page: Any) -> None:
    """No scripts, nothing loaded, nothing sent, no links to elsewhere."""
    assert page.xpath("//script | //img | //svg | //iframe | //object | //link | //form | //base | //b") == []
    assert page.xpath("//@*[starts-with(name(), 'on')] | //@src | //@style") == []
    for address in page.xpath("//@href"):
        assert address == "#records" or address.startswith(f"data/{DIP_ID}/representations/submission/data/")
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none';")
    style = page.xpath("string(//style)")
    assert "url(" not in style and "@import" not in style


@pytest.mark.parametrize("name", [SIP.name, folder(0).name, EVIL_FOLDER.name, DEEP.name])
def test_links_lead_to_all_files_and_nowhere_else(
    archive: Archive, stored: Any, tmp_path: Path, name: str
) -> None:
    place = tmp_path / "dip"
    dip(archive, stored[1][name], place)
    page = parsed(place)
    assert_harmless(page)
    links = [one for one in page.xpath("//@href") if one.startswith("data/")]
    linked = [place / unquote(one) for one in links]
    assert all(re.fullmatch(r"[A-Za-z0-9._~/%-]+", one) for one in links)
    files = submission(place, DIP_ID)
    assert sorted(linked) == sorted(files / path for path in tree(files))


def test_what_a_package_says_cannot_be_markup(archive: Archive, stored: Any, tmp_path: Path) -> None:
    dip(archive, stored[1][EVIL_FOLDER.name], tmp_path / "dip")
    page = parsed(tmp_path / "dip")
    assert_harmless(page)
    assert page.xpath("string(//h1)") == page.xpath("string(//title)") == "zlý <b>"
    shown = page.xpath("//li[@class='file']/a/text()")
    assert sorted(shown) == sorted((*EVIL, "metadata.csv"))
    (title,) = [one for one in page.xpath("//strong/text()") if "alert(2)" in one]
    assert title == "</title></strong><script>alert(2)</script> \\u202eobrácené\\u200b"
    assert "<svg onload=alert(3)>" in page.xpath("//dd/text()")
    assert "-->&#60;i&#62;" in page.xpath("//dd/text()")


def test_deep_folders_do_not_make_a_page_too_deep(archive: Archive, stored: Any, tmp_path: Path) -> None:
    dip(archive, stored[1][DEEP.name], tmp_path / "dip")
    page = parsed(tmp_path / "dip")
    depth = max(sum(1 for _ in one.iterancestors()) for one in page.iter())
    assert depth < 2 * DEEPEST + 20
    assert page.xpath("//strong/text()") == [
        "hluboký", *(f"s{n}" for n in range(DEEPEST + 30)), "list.txt",
    ]  # fmt: skip
    # a reader without libxml2's limits switched off gets all of it as well
    assert b"list.txt" in etree.tostring(html.document_fromstring((tmp_path / "dip/index.html").read_bytes()))


def test_the_head_says_what_it_is(page: Any) -> None:
    assert page.get("lang") == "cs"
    assert page.xpath("string(//h1)") == "Povolení k nakládání s povrchovými vodami (1)"
    about = dict(
        zip(
            section(page, "about").xpath(".//dt/text()"),
            section(page, "about").xpath(".//dd/text()"),
            strict=True,
        )
    )
    assert about["Původce"] == "Krajský úřad Jizerského kraje"
    assert about["Předal"] == "Obec Lhota"
    assert about["Uchovává"] == "Archiv města Horní Jizerov (225201010)"
    assert about["Převzato"] == "2026-03-01 10:00:00 UTC"
    assert about["Vytvořeno"] == "2031-07-04 09:30:00 UTC (Jana Archivářová)"
    assert about["Tento balíček (DIP)"] == str(DIP_ID)
    assert about["Přístup"] == "bez omezení"
    assert about["Soubory"] == "7, celkem 139,6 kB"


def test_records_stand_as_a_tree_with_what_is_known_of_them(page: Any) -> None:
    (document,) = page.xpath(
        "//li[strong='Rozhodnutí o povolení k nakládání s vodami'][dl/dd='KUJK 1-2/2018']"
    )
    above = [one.xpath("string(strong)") for one in document.iterancestors("li")]
    assert above == [
        "Povolení k nakládání s povrchovými vodami (1)", "Vodní hospodářství", "Životní prostředí",
        "Spisový a skartační plán, Krajský úřad Jizerského kraje",
    ]  # fmt: skip
    assert document.xpath("span/text()") == ["Dokument"]
    facts = document.xpath("dl/dt/text()")
    assert facts[:3] == ["Značka", "Identifikátor", "Spisový znak"]
    assert {"Vytvořeno", "Vyřízeno", "Skartační údaje"} <= set(facts)
    (retention,) = document.xpath("dl/dd[preceding-sibling::dt[1]='Skartační údaje']/text()")
    assert "skartační znak: A" in retention
    assert document.xpath("ul/li/ul/li/a/text()") == [
        "komponenty/0002_001_1_navrh.docx", "komponenty/0002_001_2_vyrizeni.pdf",
    ]  # fmt: skip
    told = document.xpath("ul/li/ul/li/span/text()")
    assert told[1].startswith("Acrobat PDF/A - Portable Document Format 2b (fmt/477); 19,8 kB; 20")


def test_what_belongs_to_no_record_is_shown_last(page: Any) -> None:
    loose = page.xpath("//h3/following-sibling::ul//a/text()")
    assert loose == ["mets.xml"]


def test_a_trial_stamp_is_called_one(page: Any) -> None:
    stamp = section(page, "stamp").text_content()
    assert "ZKUŠEBNÍ, NEKVALIFIKOVANÉ" in stamp
    assert "2026-03-01 10:00:00 UTC" in stamp
    assert "v pořádku" in stamp


def test_what_was_not_checked_is_told(page: Any) -> None:
    told = section(page, "checks").xpath(".//li/text()")
    for code in ("signatures", "rules", "malware", "validity"):
        assert [one for one in told if one.endswith(f"(not-checked-{code})")]


def test_the_history_is_told_to_its_end(page: Any) -> None:
    rows = [
        tuple(cell.text_content() for cell in row) for row in section(page, "history").xpath(".//tbody/tr")
    ]
    assert len(rows) == 10
    assert rows[0] == ("2026-03-01 10:00:00 UTC", "Převzetí", "v pořádku", "Jana Archivářová")
    assert rows[3] == ("2026-03-01 10:00:00 UTC", "Kontrola", "nerozhodnuto", "archivum")
    assert rows[9] == ("2031-07-04 09:30:00 UTC", "Zpřístupnění", "v pořádku", "Jana Archivářová")
    assert section(page, "history").xpath(".//thead//th/@scope") == ["col"] * 4


def test_it_can_be_used_without_seeing_it(page: Any) -> None:
    for one in page.xpath("//section"):
        assert len(page.xpath(f"//h2[@id='{one.get('aria-labelledby')}']")) == 1
    levels = [int(one.tag[1]) for one in page.iter("h1", "h2", "h3")]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    assert page.xpath("//main") and page.xpath("//header") and page.xpath("//table/caption")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_a_part_says_that_it_is_one(archive: Archive, stored: Any, tmp_path: Path) -> None:
    dip(archive, stored[1][SIP.name], tmp_path / "dip", ["KUJK 1-3/2018"])
    page = parsed(tmp_path / "dip")
    assert "část archivního balíčku" in page.xpath("string(//header)")
    assert section(page, "about").xpath(".//dd[preceding-sibling::dt[1]='Vybráno']/text()") == [
        "KUJK 1-3/2018"
    ]
    assert "Datová zpráva" not in page.xpath("//strong/text()")
    assert page.xpath("//strong/text()")[-1] == "Záznam v rejstříku"


def test_it_is_in_the_language_of_the_archive(tmp_path: Path) -> None:
    uuids = found(tmp_path, [folder(0)], language="en")
    with opened(tmp_path, tmp_path / "archive") as archive:
        dip(archive, uuids[folder(0).name], tmp_path / "dip")
    page = parsed(tmp_path / "dip")
    assert page.get("lang") == "en"
    assert "TRIAL, NOT QUALIFIED" in section(page, "stamp").text_content()
    assert page.xpath("//h2/text()")[0] == "What this is"
    told = page.xpath("//li[@class='file'][a='uvod.pdf']/span/text()")[0]
    assert re.search(r"; 16\.1 kB; ", told)
    czech = set("ěščřžýáíéúůťďň")
    assert not [one for one in page.xpath("//dt/text() | //th/text() | //h2/text()") if czech & set(one)]


# -- its words ----------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_texts_and_parameters() -> None:
    english, czech = (room("access", language) for language in LANGUAGES)
    assert english.keys() == czech.keys()
    for name, parts in english.items():
        assert parts.keys() == czech[name].keys(), name
        for part, told in parts.items():
            assert set(re.findall(r"\{(\w+)\}", told)) == set(re.findall(r"\{(\w+)\}", czech[name][part])), (
                name
            )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_has_a_word(language: Language) -> None:
    assert language in get_args(Language)
    for name in (
        *(f"event-{one.name.lower()}" for one in EventType),
        *(f"verdict-{one}" for one in Verdict),
        *(f"level-{one}" for one in Level),
        *(f"access-{one}" for one in Access),
    ):
        assert say(f"access.{name}", language)
