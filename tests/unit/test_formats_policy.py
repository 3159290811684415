"""What a policy makes of a format, by hand from decree 259/2012 § 23, and what is wrong in one."""

import itertools
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archivum.errors import Misconfigured
from archivum.formats.policy import DEFAULT, Condition, Policy, Rule, Standing, day_of
from archivum.formats.table import read_format_table
from archivum.model import Fault, FormatMatch, Identification, InnerFile, Severity, Validation, Verdict
from archivum.place import data_folder
from archivum.texts import LANGUAGES

PASSED, FAILED, OPEN = Verdict.PASSED, Verdict.FAILED, Verdict.INDETERMINATE
TODAY = date(2026, 3, 2)


def known(puid: str, verdict: Verdict = PASSED) -> Identification:
    return Identification((FormatMatch(puid),), verdict, "siegfried", "")


def said(valid: Verdict = OPEN, parts: tuple[InnerFile, ...] = (), **facts: str) -> Validation:
    return Validation(valid, valid, ("tool 1",), facts=facts, parts=parts)


def part(puid: str, validation: Validation, path: str = "příloha") -> InnerFile:
    return InnerFile(path, 10, known(puid), validation)


@pytest.fixture(scope="module")
def decree() -> Policy:
    return read_format_table(data_folder("profiles") / "formats.toml").policy(DEFAULT)


# -- decree 259/2012 § 23, paragraph by paragraph ---------------------------------------------------------

VALID, INVALID, NOT_CHECKED = said(PASSED), said(FAILED), said()
NONE = said(PASSED, attachments="0")
PNG_INSIDE = said(PASSED, (part("fmt/11", VALID),), attachments="1")
DOCX_INSIDE = said(PASSED, (part("fmt/412", VALID),), attachments="1")
LZW_INSIDE = said(PASSED, (part("fmt/353", said(PASSED, compression="5")),), attachments="1")
PDFA2_INSIDE = said(PASSED, (part("fmt/477", VALID),), attachments="1")
UNCHECKED_INSIDE = said(PASSED, (part("fmt/477", NOT_CHECKED),), attachments="1")
NESTED = said(
    PASSED, (part("fmt/477", said(PASSED, (part("fmt/11", VALID),), attachments="1")),), attachments="1"
)
UNSEEN = said(PASSED, (part("fmt/11", VALID),), attachments="2")

GOLDEN = [
    # (2): PDF/A, all parts of ISO 19005; only what is valid is PDF/A
    ("fmt/95", VALID, PASSED), ("fmt/354", VALID, PASSED), ("fmt/476", VALID, PASSED),
    ("fmt/477", VALID, PASSED), ("fmt/478", VALID, PASSED),
    ("fmt/477", INVALID, FAILED), ("fmt/477", NOT_CHECKED, OPEN), ("fmt/477", None, OPEN),
    # (2), second sentence: PDF/A-3 and higher without what is no output format and what holds more
    ("fmt/479", NONE, PASSED), ("fmt/480", NONE, PASSED), ("fmt/481", NONE, PASSED),
    ("fmt/1910", NONE, PASSED), ("fmt/1911", NONE, PASSED), ("fmt/1912", NONE, PASSED),
    ("fmt/480", PNG_INSIDE, PASSED), ("fmt/480", PDFA2_INSIDE, PASSED),
    ("fmt/480", DOCX_INSIDE, FAILED), ("fmt/1912", DOCX_INSIDE, FAILED), ("fmt/480", LZW_INSIDE, FAILED),
    ("fmt/480", NESTED, FAILED), ("fmt/480", UNCHECKED_INSIDE, OPEN), ("fmt/480", UNSEEN, OPEN),
    ("fmt/480", VALID, OPEN), ("fmt/480", said(FAILED, attachments="0"), FAILED),
    ("fmt/480", said(OPEN, attachments="0"), OPEN),
    # PDF that is no PDF/A, and PDF/UA
    ("fmt/276", VALID, FAILED), ("fmt/18", VALID, FAILED), ("fmt/2050", VALID, FAILED),
    # (3): PNG; TIFF 6 uncompressed; JPEG/JFIF
    ("fmt/11", NOT_CHECKED, PASSED), ("fmt/12", NOT_CHECKED, PASSED), ("fmt/13", None, PASSED),
    ("fmt/935", VALID, FAILED),  # animated
    ("fmt/353", said(compression="1"), PASSED), ("fmt/10", said(compression="1"), PASSED),
    ("fmt/353", said(PASSED, compression="5"), FAILED), ("fmt/353", said(PASSED, compression="7"), FAILED),
    ("fmt/353", VALID, OPEN), ("fmt/353", None, OPEN), ("fmt/7", said(compression="1"), FAILED),
    ("fmt/155", said(PASSED, compression="1"), FAILED),  # GeoTIFF
    ("fmt/42", None, PASSED), ("fmt/43", None, PASSED), ("fmt/44", None, PASSED), ("fmt/645", VALID, FAILED),
    ("x-fmt/392", VALID, FAILED), ("fmt/116", VALID, FAILED),  # JPEG 2000, BMP
    # (4): GIF, MPEG-1, MPEG-2, MPEG-4
    ("fmt/3", None, PASSED), ("fmt/4", None, PASSED), ("x-fmt/385", None, PASSED), ("fmt/649", None, PASSED),
    ("x-fmt/386", None, PASSED), ("fmt/640", None, PASSED), ("fmt/585", None, PASSED),
    ("fmt/199", None, PASSED), ("x-fmt/384", None, FAILED), ("fmt/569", None, FAILED),  # MOV, Matroska
    # (5): MP2, MP3, WAV with PCM
    ("fmt/198", None, PASSED), ("fmt/134", None, PASSED), ("fmt/141", None, PASSED),
    ("fmt/703", None, PASSED),
    ("fmt/142", said(codec="pcm"), PASSED), ("fmt/142", said(codec="0x0050"), FAILED), ("fmt/6", None, OPEN),
    ("fmt/706", VALID, FAILED), ("fmt/279", VALID, FAILED),  # Broadcast WAVE with MPEG, FLAC
    # (6): XML with a schema or a DTD, and these themselves
    ("fmt/101", said(PASSED, schema="urn:example"), PASSED), ("fmt/101", said(PASSED, dtd="a.dtd"), PASSED),
    ("fmt/101", VALID, OPEN), ("fmt/101", said(schema=""), OPEN), ("x-fmt/280", None, PASSED),
    ("x-fmt/315", None, PASSED), ("x-fmt/18", VALID, FAILED), ("x-fmt/263", VALID, FAILED),  # CSV, ZIP
    # (7): ISDOC 5.2 and higher
    ("fmt/1567", said(version="5.2"), PASSED), ("fmt/1567", said(version="5.3.1"), PASSED),
    ("fmt/1567", said(version="5.1"), FAILED), ("fmt/1567", VALID, OPEN), ("fmt/1570", None, PASSED),
    # (9): others beside: DOCX, ZFO, mail
    ("fmt/412", VALID, FAILED), ("fmt/1243", VALID, FAILED), ("fmt/278", VALID, FAILED),
]  # fmt: skip


@pytest.mark.parametrize(("puid", "validation", "verdict"), GOLDEN)
def test_the_decree(decree: Policy, puid: str, validation: Validation | None, verdict: Verdict) -> None:
    judged = decree.judge(known(puid), validation, TODAY)
    assert judged.verdict is verdict
    assert judged.standing is not Standing.REFUSED  # § 23(9)
    for lack, language in itertools.product(judged.lacks, LANGUAGES):
        assert lack.text(language).endswith(".")
    assert (judged.verdict is PASSED) <= (not judged.lacks)


@pytest.mark.parametrize("puid", ["fmt/11", "fmt/477", "fmt/101"])
def test_of_a_wording_that_was_not_read_nothing_is_known(decree: Policy, puid: str) -> None:
    """Earlier wordings of § 23 were others; what was received under them is not kept for good by this one."""
    assert decree.standing(puid, date(2024, 6, 30)) is Standing.ACCEPTABLE
    assert decree.standing(puid, date(2024, 7, 1)) is not Standing.ACCEPTABLE


def test_every_rule_of_the_decree_says_by_which_paragraph(decree: Policy) -> None:
    assert all(rule.source.startswith("§ 23(") for rule in decree.rules)


def test_what_can_become_something_becomes_what_is_kept(decree: Policy) -> None:
    """Nothing is converted into a format that would have to be converted again."""
    for rule in decree.rules:
        for puid in rule.becomes:
            assert decree.standing(puid, TODAY) in (Standing.PRESERVATION, Standing.CONDITIONAL), puid


@pytest.mark.parametrize("puid", ["fmt/11", "fmt/477", "fmt/353"])
@pytest.mark.parametrize("verdict", [FAILED, OPEN])
def test_a_format_that_is_not_sure_is_not_kept_for_good(decree: Policy, puid: str, verdict: Verdict) -> None:
    judged = decree.judge(known(puid, verdict), said(PASSED, compression="1"), TODAY)
    assert judged.verdict is OPEN and judged.lacks == (Fault("policy-unidentified"),)


def test_of_an_unknown_format_nothing_can_be_told(decree: Policy) -> None:
    several = Identification((FormatMatch("fmt/11"), FormatMatch("fmt/12")), OPEN, "siegfried", "", "several")
    for one in (None, Identification((), OPEN, "", ""), several):
        assert decree.judge(one, said(PASSED), TODAY).verdict is OPEN


def test_files_beyond_the_limits_inside_one_are_not_known(decree: Policy) -> None:
    limit = Fault("inner-limit", Severity.WARNING, params={"count": 3})
    validation = Validation(PASSED, PASSED, ("t",), (limit,), {"attachments": "0"})
    assert decree.judge(known("fmt/480"), validation, TODAY).verdict is OPEN


def test_all_that_is_lacking_is_told(decree: Policy) -> None:
    parts = (part("fmt/412", VALID, "a.docx"), part("fmt/477", NOT_CHECKED, "b.pdf"))
    judged = decree.judge(known("fmt/480"), said(FAILED, parts, attachments="2"), TODAY)
    assert [(lack.id, lack.params.get("path")) for lack in judged.lacks] == [
        ("policy-invalid", None), ("policy-inner", "a.docx")
    ]  # fmt: skip


def test_the_day_is_that_of_prague() -> None:
    assert day_of(datetime(2024, 6, 30, 22, 30, tzinfo=UTC)) == date(2024, 7, 1)
    assert day_of(datetime(2024, 12, 31, 22, 59, tzinfo=UTC)) == date(2024, 12, 31)


# -- the order of rules means nothing ---------------------------------------------------------------------


@st.composite
def apart(draw: st.DrawFn) -> tuple[list[Rule], list[date]]:
    """Rules that never speak of one format on one day, and days at and around their bounds."""
    rules, days = [], []
    for puid in ("fmt/1", "fmt/2", "x-fmt/3"):
        bounds = sorted(draw(st.sets(st.dates(date(2012, 1, 1), date(2040, 1, 1)), min_size=0, max_size=6)))
        for since, until in zip(bounds[::2], bounds[1::2], strict=False):
            standing = draw(st.sampled_from([Standing.PRESERVATION, Standing.ACCEPTABLE, Standing.REFUSED]))
            rules.append(Rule((puid,), standing, since=since, until=until))
            days += [since - timedelta(1), since, until, until + timedelta(1)]
    return draw(st.permutations(rules)), days


@given(apart(), st.sampled_from([Standing.ACCEPTABLE, Standing.REFUSED]))
def test_standing_does_not_depend_on_the_order_of_rules(
    made: tuple[list[Rule], list[date]], others: Standing
) -> None:
    rules, days = made
    one, other = Policy("p", "", others, tuple(rules)), Policy("p", "", others, tuple(reversed(rules)))
    for puid, day in itertools.product(("fmt/1", "fmt/2", "x-fmt/3", "fmt/4"), days):
        by_hand = [
            rule.standing for rule in rules if puid in rule.formats and rule.since <= day <= rule.until
        ]
        assert one.standing(puid, day) is other.standing(puid, day) is (by_hand[0] if by_hand else others)


@given(st.sampled_from([PASSED, FAILED, OPEN]), st.dictionaries(st.sampled_from("ab"), st.sampled_from("12")))
def test_a_condition_is_met_only_if_all_of_it_is_known_to_hold(
    valid: Verdict, facts: Mapping[str, str]
) -> None:
    condition = Condition(valid=True, facts={"a": ("1",)}, any_fact=("b",))
    policy = Policy("p", rules=(Rule(("fmt/1",), Standing.CONDITIONAL, condition=condition),))
    verdict = policy.judge(known("fmt/1"), said(valid, **facts), TODAY).verdict
    assert (verdict is PASSED) is (valid is PASSED and facts.get("a") == "1" and "b" in facts)
    assert (verdict is FAILED) is (valid is FAILED or facts.get("a") == "2")


# -- as people write it -----------------------------------------------------------------------------------

GOOD = """
[policy.region]
title = "Region"
others = "refused"
[[policy.region.rule]]
kind = "text"
formats = ["fmt/477"]
standing = "conditional"
since = 2026-01-01
until = 2026-12-31
valid = true
facts = { compression = "1", version = ["5.2", "5.3"] }
any-fact = ["schema"]
attachments = "attachments"
becomes = ["fmt/354"]
source = "§ 1"
"""


def read(tmp_path: Path, text: str) -> Policy:
    place = tmp_path / "formats.toml"
    place.write_text(text, "utf-8")
    return read_format_table(place).policy("region")


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    policy = read(tmp_path, GOOD)
    (rule,) = policy.rules
    assert (policy.title, policy.others) == ("Region", Standing.REFUSED)
    assert rule.condition == Condition(
        True, {"compression": ("1",), "version": ("5.2", "5.3")}, ("schema",), "attachments"
    )
    assert (rule.since, rule.until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert policy.standing("fmt/477", date(2026, 12, 31)) is Standing.CONDITIONAL
    assert policy.standing("fmt/477", date(2027, 1, 1)) is Standing.REFUSED


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("others =", "other =", ("policy.region", "other", "others")),
        ('others = "refused"', 'others = "refusd"', ("policy.region: others", "refusd", "refused")),
        ('others = "refused"', 'others = "conditional"', ("policy.region: others",)),
        ('others = "refused"', "others = 1", ("policy.region: others", "str", "1")),
        ("kind =", "kinds =", ("policy.region: rule 1", "kinds", "kind")),
        ('kind = "text"', 'kind = "texts"', ("policy.region: rule 1: kind", "texts", "text")),
        ('standing = "conditional"', 'standing = "condition"', ("rule 1: standing", "conditional")),
        ('standing = "conditional"\n', "", ("policy.region: rule 1", "standing")),
        ('standing = "conditional"', 'standing = "preservation"', ("policy.region: rule 1",)),
        ('formats = ["fmt/477"]\n', "", ("policy.region: rule 1", "formats")),
        ('["fmt/477"]', '"fmt/477"', ("rule 1: formats", "list")),
        ('["fmt/477"]', '["fmt 477"]', ("rule 1: formats", "fmt 477")),
        ('["fmt/477"]', "[477]", ("rule 1: formats", "477")),
        ('["fmt/354"]', '["PDF/A"]', ("rule 1: becomes", "PDF/A")),
        ("since = 2026-01-01", 'since = "2026-01-01"', ("rule 1: since", "date")),
        ("since = 2026-01-01", "since = 2026-01-01T10:00:00", ("rule 1: since", "date")),
        ("since = 2026-01-01", "since = 2027-01-01", ("rule 1", "2027-01-01", "2026-12-31")),
        ("valid = true", 'valid = "yes"', ("rule 1: valid", "bool")),
        ('compression = "1"', "compression = 1", ("rule 1: facts.compression", "1")),
        ('any-fact = ["schema"]', "any-fact = [1]", ("rule 1: any-fact", "1")),
        ('any-fact = ["schema"]', 'any-fakt = ["schema"]', ("rule 1", "any-fakt", "any-fact")),
        ("[policy.region]", "[policies.region]", ("policies",)),
        ("[[policy.region.rule]]", "[policy.region.rule]", ("policy.region: rule", "list")),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, told: tuple[str, ...]) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(Misconfigured) as caught:
        read(tmp_path, GOOD.replace(old, new))
    for language in LANGUAGES:
        text = f"{caught.value.text(language)} {caught.value.hint(language)}"
        assert all(one in text for one in told), text
    assert str(tmp_path) in caught.value.text()


@pytest.mark.parametrize("text", ["policy = 1", "[policy]\nregion = 1", "[policy.region]\nrule = [1]"])
def test_what_is_no_table_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(Misconfigured, match="policy"):
        read(tmp_path, text)


def rule_text(since: str, until: str) -> str:
    return (
        '[[policy.region.rule]]\nformats = ["fmt/11", "fmt/477"]\nstanding = "acceptable"\n'
        f"since = {since}\nuntil = {until}\n"
    )


@pytest.mark.parametrize(
    ("since", "until", "twice"),
    [
        ("2025-01-01", "2025-12-31", False),
        ("2025-01-01", "2026-01-01", True),
        ("2026-12-31", "2027-06-30", True),
        ("2027-01-01", "2027-06-30", False),
        ("2026-05-01", "2026-05-01", True),
        ("2020-01-01", "2030-01-01", True),
    ],
)
def test_two_rules_of_one_format_on_one_day_are_a_mistake(
    tmp_path: Path, since: str, until: str, twice: bool
) -> None:
    text = GOOD + rule_text(since, until)
    if twice:
        with pytest.raises(Misconfigured, match=r"rules 1 and 2 .*fmt/477"):
            read(tmp_path, text)
    else:
        assert len(read(tmp_path, text).rules) == 2


def test_an_unknown_policy_is_named_with_those_there_are(tmp_path: Path) -> None:
    place = tmp_path / "formats.toml"
    place.write_text(GOOD, "utf-8")
    with pytest.raises(Misconfigured) as caught:
        read_format_table(place).policy("decree")
    assert "decree" in caught.value.text() and "region" in caught.value.hint()


def test_the_example_of_a_regions_policy_is_one(tmp_path: Path) -> None:
    """The commented lines at the end of the shipped table, without their marks."""
    text = (data_folder("profiles") / "formats.toml").read_text("utf-8")
    example = text[text.index("# [policy.region]") :].partition("\n\n")[0]
    lines = [line[2:] for line in example.splitlines()]
    policy = read(tmp_path, "\n".join(lines))
    assert policy.standing("fmt/95", date(2027, 12, 31)) is Standing.CONDITIONAL
    assert policy.standing("fmt/95", date(2028, 1, 1)) is Standing.REFUSED
    assert policy.standing("fmt/155", TODAY) is Standing.PRESERVATION
