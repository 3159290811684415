"""Files in formats that will do, as a new representation: made without loss and proved so, or not stored."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import bagit
import pytest
from lxml import etree
from PIL import Image, TiffImagePlugin

from archivum.errors import Misconfigured
from archivum.formats.table import FormatTable, read_format_table
from archivum.stored import versions
from archivum_cli import main
from fixtures.entries import Content, whole
from fixtures.folders import Folder
from fixtures.images import tiff, tiff_lzw
from tests.cli.running import Ran, here
from tests.conformance.test_czdax_rules import broken
from tests.crash import archives, state

PREMIS = "{http://www.loc.gov/premis/v3}"
PUIDS = ["fmt/353"]


def picture(mode: str = "RGB", kind: str = "TIFF", **options: Any) -> bytes:
    made = BytesIO()
    drawn = Image.linear_gradient("L").resize((40, 30)).convert(mode)
    drawn.save(made, kind, **options)
    return made.getvalue()


def of(data: bytes, extension: str = ".tif") -> Content:
    return whole(data, extension, "image/tiff", "fmt/353")


def archive_of(root: Path, *files: tuple[str, Content]) -> tuple[Path, str]:
    """Found an archive with one AIP of these files; return it and the AIP's UUID."""
    archive = archives.found(root / "archive")
    archive.joinpath("profiles").mkdir(exist_ok=True)
    sent = Folder("scans", files).write_folder(root)
    assert here("--archive", archive, "ingest", sent).code == 0
    opened = state.opened(archive)
    (accession,) = opened.catalogue.packages()
    opened.close()
    return archive, str(accession.uuid)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[Ran, Path]]:
    """Ingest files, normalise them, and return what that said and where the newest version is exported."""

    def normalised(
        *files: tuple[str, Content], rules: str = "", to: str = "preservation"
    ) -> tuple[Ran, Path]:
        archive, uuid = archive_of(tmp_path, *files)
        if rules:
            (archive / "profiles/formats.toml").write_text(rules)
        ran = here("--archive", archive, "normalise", uuid, "--to", to, "--json")
        assert here("--archive", archive, "verify").code == 0
        assert here("--archive", archive, "export", uuid, "--to", tmp_path).code == 0
        bagit.Bag(str(tmp_path / uuid)).validate()
        return ran, tmp_path / uuid / "data" / uuid

    return normalised


def rule(script: Path | None = None, **changes: object) -> str:
    """A conversion of TIFF by a program of ours, or by what is changed."""
    table: dict[str, object] = {
        "formats": PUIDS, "to": "preservation", "target": PUIDS, "extension": "tif", "verify": ["pixels"],
    }  # fmt: skip
    if script is not None:
        table["command"] = [sys.executable, str(script), "{source}", "{target}"]
    table |= changes
    return "[[convert]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    def written(text: str) -> Path:
        place = tmp_path / "converter.py"
        place.write_text(f"import sys\nfrom PIL import Image\nsource, target = sys.argv[1:]\n{text}\n")
        return place

    return written


def test_a_compressed_tiff_becomes_an_uncompressed_one_beside_it(run: Callable[..., Any]) -> None:
    ran, package = run(("strany/a.tif", tiff_lzw(1)), ("strany/b.tif", tiff(2)), ("popis.txt", tiff(3)))
    assert ran.code == 0
    (told,) = ran.of("package")
    assert (told["made"], told["skipped"], told["failed"], told["version"]) == (1, 2, 0, "v2")
    made = package / "representations/migration-1/data/strany/a.tif"
    with Image.open(made) as now, Image.open(package / "representations/submission/data/strany/a.tif") as was:
        assert now.tag_v2[259] == 1  # TIFF 6.0 §3: Compression = no compression
        assert now.tobytes() == was.tobytes()
        assert now.info["dpi"] == was.info["dpi"] == (300, 300)
    assert sorted(
        path.name for path in package.glob("representations/migration-1/**/*") if path.is_file()
    ) == [
        "a.tif",
        "dolozka.txt",
    ]
    assert broken(package) == {"DAAIP2024": set(), "PREMIS": set(), "AP2023": set()}


def test_premis_tells_from_what_by_what_and_how_it_was_compared(run: Callable[..., Any]) -> None:
    _, package = run(("a.tif", tiff_lzw(1)))
    tree = etree.parse(package / "metadata/preservation/PREMIS.xml")
    objects = {
        one.findtext(f"{PREMIS}originalName"): one
        for one in tree.iter(f"{PREMIS}object")
        if one.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "file"
    }
    identifier = f"{PREMIS}objectIdentifier/{PREMIS}objectIdentifierValue"
    new = objects["migration-1/data/a.tif"]
    assert new.findtext(f".//{PREMIS}relatedObjectIdentifierValue") == objects["a.tif"].findtext(identifier)
    assert new.findtext(f".//{PREMIS}relationshipSubType") == "has source"
    properties = {
        one.findtext(f"{PREMIS}significantPropertiesType"): one.findtext(
            f"{PREMIS}significantPropertiesValue"
        )
        for one in new.iter(f"{PREMIS}significantProperties")
    }
    assert properties["width"] == properties["source width"] == "120"
    assert properties["pixels"] == properties["source pixels"]
    assert (properties["source compression"], properties["compression"]) == ("tiff_lzw", "raw")
    (event,) = (one for one in tree.iter(f"{PREMIS}event") if one.findtext(f"{PREMIS}eventType") == "mig")
    assert new.findtext(f".//{PREMIS}relatedEventIdentifierValue") == event.findtext(
        f".//{PREMIS}eventIdentifierValue"
    )
    detail = event.findtext(f".//{PREMIS}eventDetail")
    assert detail == "purpose: preservation; from: fmt/353; to: fmt/353; signatures: not checked"
    assert any("Pillow" in (one.text or "") for one in tree.iter(f"{PREMIS}agentName"))


def test_the_clause_has_what_the_decree_asks_for_and_says_that_it_is_not_sealed(
    run: Callable[..., Any],
) -> None:
    _, package = run(("a.tif", tiff_lzw(1)))
    text = (package / "representations/migration-1/documentation/dolozka.txt").read_text()
    for part in ("Městský archiv", "Tagged Image File Format (fmt/353)", "NENÍ ZAPEČETĚNA", "neověřeny"):
        assert part in text
    told = here("--version").out  # nothing of the program's is in the clause; a person and a day are
    assert told
    assert "Jméno a příjmení osoby" in text and "Datum vyhotovení doložky" in text


def test_run_again_nothing_is_done_again(tmp_path: Path) -> None:
    archive, uuid = archive_of(tmp_path, ("a.tif", tiff_lzw(1)), ("b.bmp", of(picture(kind="BMP"), ".bmp")))
    dry = here("--archive", archive, "normalise", uuid, "--dry-run", "--json")
    assert [one["source"] for one in dry.of("file")] == ["a.tif", "b.bmp"]
    before = state.files(archive)
    assert here("--archive", archive, "normalise", uuid, "--dry-run").code == 0
    assert state.files(archive) == before
    assert here("--archive", archive, "normalise", uuid).code == 0
    after = state.files(archive)
    again = here("--archive", archive, "normalise", uuid, "--json")
    assert (again.code, again.of("file"), again.of("package")[0]["version"]) == (0, [], "")
    assert {k: v for k, v in state.files(archive).items() if "/ocfl" in k or "journal" in k} == {
        k: v for k, v in after.items() if "/ocfl" in k or "journal" in k
    }
    access = here("--archive", archive, "normalise", uuid, "--to", "access", "--json")  # another purpose
    assert access.of("package")[0]["representation"] == "migration-2"
    shown = here("--archive", archive, "show", uuid, "--json")
    assert [one["name"] for one in shown.of("version")] == ["v1", "v2", "v3"]
    assert here("--archive", archive, "verify").code == 0
    rows = state.catalogue_rows(archive)
    assert here("--archive", archive, "catalogue", "rebuild").code == 0
    assert state.catalogue_rows(archive) == rows


def test_killed_before_it_was_stored_and_run_again_it_has_the_time_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    archive, uuid = archive_of(tmp_path, ("a.tif", tiff_lzw(1)))
    with monkeypatch.context() as patch:
        patch.setattr(versions, "_store", killed)
        patch.setattr(main, "_now", lambda: datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
        with pytest.raises(Killed):
            here("--archive", archive, "--agent", "Eva", "normalise", uuid)
    assert here("--archive", archive, "verify", uuid).code == 0
    assert here("--archive", archive, "--agent", "Jan", "normalise", uuid).code == 0
    assert here("--archive", archive, "export", uuid, "--to", tmp_path).code == 0
    package = tmp_path / uuid / "data" / uuid
    assert 'CREATEDATE="2030-01-02T03:04:05Z"' in (package / "METS.xml").read_text()
    clause = (package / "representations/migration-1/documentation/dolozka.txt").read_text()
    assert "Eva" in clause and "Jan" not in clause
    assert (tmp_path / uuid / "bag-info.txt").read_text().count("Bagging-Date: 2030-01-02") == 1


def test_two_pictures_of_one_name_get_two(run: Callable[..., Any]) -> None:
    ran, package = run(
        ("a.bmp", of(picture(kind="BMP"), ".bmp")), ("a.gif", of(picture("L", kind="GIF"), ".gif"))
    )
    assert ran.code == 0
    made = sorted(path.name for path in (package / "representations/migration-1/data").iterdir())
    assert made == ["a.gif.png", "a.png"]


def test_a_tiff_of_every_mode_is_kept_to_the_bit(run: Callable[..., Any]) -> None:
    grey = Image.linear_gradient("L").resize((40, 30))
    sources = {}
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F"):
        deep = grey.convert("I").point(lambda v: v * 255).convert("I;16")
        made = BytesIO()
        drawn = deep if mode == "I;16" else grey.convert(mode)
        drawn.save(made, "TIFF", compression="group4" if mode == "1" else "tiff_adobe_deflate")
        sources[f"{mode}.tif"] = made.getvalue()
    ran, package = run(*((name, of(data)) for name, data in sources.items()))
    assert (ran.code, ran.of("package")[0]["made"]) == (0, 8), ran.out
    for name, data in sources.items():
        made_of = package / f"representations/migration-1/data/{name}"
        with Image.open(BytesIO(data)) as was, Image.open(made_of) as now:
            assert (now.mode, now.tobytes(), now.getpalette()) == (was.mode, was.tobytes(), was.getpalette())
            assert (was.info["compression"], now.info["compression"]) != ("raw", "raw")
            assert now.info["compression"] == "raw"


def test_tags_profile_and_all_pictures_are_kept(run: Callable[..., Any]) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270], tags[315], tags[274] = "Náměstí, 1912".encode().decode("latin-1"), "F. Novak", 6
    tags[33550] = (1.0, 1.0, 0.0)  # GeoTIFF ModelPixelScale
    tags.tagtype[33550] = 12
    made = BytesIO()
    first, second = (Image.linear_gradient("L").rotate(a) for a in (0, 90))
    first.save(
        made, "TIFF", compression="tiff_lzw", tiffinfo=tags, save_all=True, append_images=[second],
        dpi=(400, 400), icc_profile=b"profile",
    )  # fmt: skip
    ran, package = run(("a.tif", of(made.getvalue())))
    if ran.code == 3:  # the second picture got the tags of the first: what cannot be kept is refused
        assert "tags of its own" in ran.out
        return
    with Image.open(package / "representations/migration-1/data/a.tif") as now:
        assert now.n_frames == 2
        assert (now.tag_v2[315], now.tag_v2[274], now.tag_v2[33550]) == ("F. Novak", 6, (1.0, 1.0, 0.0))
        assert (now.info["icc_profile"], now.info["dpi"]) == (b"profile", (400, 400))


def sixteen_bits() -> bytes:
    """An RGB picture of 2×1 pixels with sixteen bits of each colour, made by hand (TIFF 6.0 §2)."""
    data = bytes(range(1, 13))
    entries = [
        (256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 3, 8 + 2 + 9 * 12 + 4), (259, 3, 1, 8), (262, 3, 1, 2),
        (273, 4, 1, 8 + 2 + 9 * 12 + 4 + 6), (277, 3, 1, 3), (278, 3, 1, 1), (279, 4, 1, 0),
    ]  # fmt: skip
    import struct
    import zlib

    packed = zlib.compress(data)
    entries[-1] = (279, 4, 1, len(packed))
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 9)
    body = b"".join(struct.pack("<HHII", *one) for one in entries) + bytes(4)
    return head + body + struct.pack("<HHH", 16, 16, 16) + packed


def test_a_picture_that_would_lose_bits_is_refused(run: Callable[..., Any]) -> None:
    ran, package = run(("a.tif", of(sixteen_bits())), ("b.tif", tiff_lzw(1)))
    assert ran.code == 4
    (finding,) = ran.of("finding")
    assert (finding["code"], finding["subject"]) == ("not-converted", "a.tif")
    assert "16 bits" in finding["text"]
    assert not (package / "representations/migration-1/data/a.tif").exists()


LIES = {
    "nothing": ("pass", "made nothing"),
    "empty": ("open(target, 'w')", "made nothing"),
    "link": ("import os; os.symlink(source, target)", "made nothing"),
    "another picture": ("Image.new('RGB', (120, 80)).save(target, 'TIFF')", "pixels was"),
    "smaller": ("Image.open(source).resize((60, 40)).save(target, 'TIFF')", "width was 120 and is 60"),
    "a pixel": (
        "i = Image.open(source); i.putpixel((3, 3), (1, 2, 9)); i.save(target, 'TIFF')", "pixels was"
    ),
    "no resolution": ("i = Image.open(source); Image.frombytes(i.mode, i.size, i.tobytes())"
                      ".save(target, 'TIFF')", "resolution was 300×300"),
    "another format": ("Image.open(source).save(target, 'PNG')", "and not fmt/353"),
    "a text": ("open(target, 'w').write('picture')", "and not fmt/353"),
    "status": ("Image.open(source).save(target, 'TIFF'); sys.exit('broken disk')", "broken disk"),
    "hangs": ("import time; time.sleep(61)", "longer than 5 seconds"),
    "child hangs": ("import subprocess; subprocess.run(['sleep', '61'])", "longer than 5 seconds"),
    "memory": ("x = [bytes(1 << 24) for _ in range(999)]", "MemoryError"),
    "kills itself": ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
}  # fmt: skip


def called(name: str) -> Content:
    """A compressed TIFF picture that says by what name it goes."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = name
    with Image.open(BytesIO(tiff_lzw(1).data)) as drawn:
        made = BytesIO()
        drawn.save(made, "TIFF", compression="tiff_lzw", tiffinfo=tags, dpi=(300, 300))
    return of(made.getvalue())


def test_of_a_converter_that_lies_hangs_or_fills_memory_nothing_is_stored(
    run: Callable[..., Any], script: Callable[[str], Path]
) -> None:
    texts = {name: text for name, (text, _) in LIES.items()}
    place = script(f"exec({texts!r}[Image.open(source).tag_v2[270]])")
    rules = rule(place, seconds=5, memory=256)
    ran, package = run(*((f"{name}.tif", called(name)) for name in LIES), rules=rules)
    assert ran.code == 3
    found = {one["subject"]: one for one in ran.of("finding")}
    assert found.keys() == {f"{name}.tif" for name in LIES}
    for name, (_, why) in LIES.items():
        assert found[f"{name}.tif"]["verdict"] == "failed"
        assert why in found[f"{name}.tif"]["params"]["reason"], name
    assert not (package / "representations/migration-1").exists()
    assert ran.of("package")[0]["version"] == ""
    assert subprocess.run(["pgrep", "-f", "sleep 61"], check=False, capture_output=True).stdout == b""


def test_a_good_converter_of_the_system_is_recorded_with_its_version(
    run: Callable[..., Any], script: Callable[[str], Path]
) -> None:
    place = script("i = Image.open(source); i.save(target, 'TIFF', compression='raw', tiffinfo=i.tag_v2)")
    version = [sys.executable, "-c", "print('Converter 7.1')"]
    ran, package = run(("a.tif", tiff_lzw(1)), rules=rule(place, version=version))
    assert ran.code == 0, ran.out
    assert "Converter 7.1" in (package / "metadata/preservation/PREMIS.xml").read_text()


def test_a_tool_that_is_not_installed_fails_the_file_and_says_so(run: Callable[..., Any]) -> None:
    ran, _ = run(("a.tif", tiff_lzw(1)), rules=rule(command=["no-such-converter", "{source}", "{target}"]))
    assert ran.code == 3
    (finding,) = ran.of("finding")
    assert finding["verdict"] == "indeterminate" and "no-such-converter" in finding["text"]


def test_a_profile_that_wants_signatures_validated_refuses(tmp_path: Path) -> None:
    archive, uuid = archive_of(tmp_path, ("a.tif", tiff_lzw(1)))
    (archive / "profiles/folder.toml").write_text('reader = "folder"\n[normalise]\nsignatures = "required"\n')
    ran = here("--archive", archive, "normalise", uuid)
    assert ran.code == 6
    assert "[planning.unsigned]" in ran.err


def test_what_is_not_stored_or_not_there_is_no_aip(tmp_path: Path) -> None:
    archive, _ = archive_of(tmp_path, ("a.tif", tiff(1)))
    assert here("--archive", archive, "normalise", UUID(int=5)).code == 8
    assert here("--archive", archive, "normalise").code == 1


# -- profiles/formats.toml -----------------------------------------------------------------------------------


def table(tmp_path: Path, text: str) -> FormatTable:
    place = tmp_path / "formats.toml"
    place.write_text(text)
    return read_format_table(place)


def test_a_conversion_is_found_by_format_and_purpose(tmp_path: Path) -> None:
    known = table(tmp_path, rule(by="tiff"))
    assert known.conversion("fmt/353", "preservation") is not None
    assert known.conversion("fmt/353", "access") is None
    assert known.conversion("fmt/1", "preservation") is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"by": "tiff", "to": "reading"}, "settings.choice"),
        ({"by": "magick"}, "settings.choice"),
        ({"by": "tiff", "verify": ["looks"]}, "settings.choice"),
        ({"by": "tiff", "verify": []}, "settings.conversion"),
        ({}, "settings.conversion"),
        ({"by": "tiff", "command": ["x", "{source}", "{target}"]}, "settings.conversion"),
        ({"command": ["x", "{source}"]}, "settings.conversion"),
        ({"by": "tiff", "quality": 90}, "settings.unknown"),
        ({"by": "tiff", "seconds": "9"}, "settings.type"),
    ],
)
def test_what_is_wrong_in_a_conversion_is_named(tmp_path: Path, changes: Any, error: str) -> None:
    with pytest.raises(Misconfigured, match=error.replace(".", r"\.")):
        table(tmp_path, rule(**changes))


# -- where they are installed --------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize("codec", ["s16", "s32"])
def test_sound_keeps_every_sample(run: Callable[..., Any], tmp_path: Path, codec: str) -> None:
    place = tmp_path / "a.flac"
    noise = "anoisesrc=d=0.4:c=pink:r=48000:seed=7"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", noise, "-ac", "2", "-sample_fmt", codec, str(place)],
        check=True,
    )  # fmt: skip
    ran, package = run(("zvuk.flac", whole(place.read_bytes(), ".flac", "audio/flac", "fmt/279")))
    assert ran.code == 0, ran.out
    made = package / "representations/migration-1/data/zvuk.wav"
    decoded = {
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(one), "-f", "s32le", "-"], check=True, capture_output=True
        ).stdout
        for one in (place, made)
    }
    assert len(decoded) == 1


def odt() -> bytes:
    """A text of OpenDocument 1.2 with one paragraph."""
    made = BytesIO()
    kind = "application/vnd.oasis.opendocument.text"
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("mimetype", kind)
        packed.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{office}"'
            ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
            "<office:body><office:text><text:p>Zápis</text:p></office:text></office:body>"
            "</office:document-content>",
        )
        packed.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{manifest}" manifest:version="1.2">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
            '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
            "</manifest:manifest>",
        )
    return made.getvalue()


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_an_office_document_becomes_pdf_a_or_says_why_not(run: Callable[..., Any]) -> None:
    ran, package = run(("zápis.odt", whole(odt(), ".odt", "application/vnd.oasis", "fmt/291")))
    assert ran.of("package")[0]["made"] + ran.of("package")[0]["failed"] == 1
    assert (package / "representations/migration-1/data/zápis.pdf").exists() is (ran.code == 0)
