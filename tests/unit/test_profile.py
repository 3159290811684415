"""The profile is the only judge: what each finding asks for, the gravest of it, and every reason."""

from dataclasses import replace
from pathlib import Path

import pytest

from archivum.errors import Misconfigured, NotFound
from archivum.model import Action, Finding, Severity, Verdict
from archivum.place import data_folder
from archivum.profile import NEVER_ACCEPTED, REASONS, Access, Profile, Profiles, Rules, read_profile
from archivum.texts import room

DEFAULT = Profile("zkouška", "nsesss")
ERROR = Finding("sip-id", Verdict.FAILED)
WARNING = Finding("format-extension", Verdict.FAILED, Severity.WARNING)
UNKNOWN = Finding("format-unknown", Verdict.INDETERMINATE, Severity.WARNING)
NOT_SEEN = Finding("not-checked-schema", Verdict.INDETERMINATE)
REMARK = Finding("not-checked-malware", Verdict.INDETERMINATE, Severity.INFO)
PASSED = Finding("sip-id", Verdict.PASSED)


def profile(
    error: str = "reject", warning: str = "accept", indeterminate: str = "accept", **codes: str
) -> Profile:
    named = {code.replace("_", "-"): action for code, action in codes.items()}
    return Profile("zkouška", "nsesss", decide=Rules(error, warning, indeterminate, named))


# -- one finding ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("finding", "action"),
    [
        (ERROR, Action.REJECT),
        (WARNING, Action.ACCEPT),
        (UNKNOWN, Action.ACCEPT),
        (NOT_SEEN, Action.ACCEPT),
        (REMARK, Action.ACCEPT),
        (PASSED, Action.ACCEPT),
    ],
)
def test_what_a_profile_asks_for_that_says_nothing(finding: Finding, action: Action) -> None:
    assert DEFAULT.action(finding) is action


@pytest.mark.parametrize("action", Action)
def test_each_kind_of_finding_has_its_own_action(action: Action) -> None:
    assert profile(error=action).action(ERROR) is action
    assert profile(warning=action).action(WARNING) is action
    assert profile(indeterminate=action).action(UNKNOWN) is action
    assert profile(indeterminate=action).action(NOT_SEEN) is action
    for other in (WARNING, UNKNOWN, REMARK, PASSED):
        assert profile(error=action).action(other) is Action.ACCEPT


@pytest.mark.parametrize("action", Action)
def test_a_code_says_more_than_a_kind(action: Action) -> None:
    judge = profile(sip_id=action, format_unknown=action, not_checked_malware=action)
    assert judge.action(ERROR) is judge.action(UNKNOWN) is judge.action(REMARK) is action
    assert judge.action(WARNING) is Action.ACCEPT


def test_a_remark_asks_for_nothing_unless_it_is_named() -> None:
    assert profile("reject", "reject", "reject").action(REMARK) is Action.ACCEPT


def test_what_passed_is_accepted_whatever_its_code() -> None:
    assert profile(sip_id="reject").action(PASSED) is Action.ACCEPT
    assert DEFAULT.action(Finding("file-checksum", Verdict.PASSED)) is Action.ACCEPT


@pytest.mark.parametrize("code", sorted(NEVER_ACCEPTED))
def test_what_is_never_accepted_is_rejected_by_every_profile(code: str) -> None:
    lax = Profile("laskavý", "nsesss", decide=Rules("accept", "accept", "accept", {code: "accept"}))
    for verdict in (Verdict.FAILED, Verdict.INDETERMINATE):
        for severity in Severity:
            assert lax.action(Finding(code, verdict, severity)) is Action.REJECT
    assert code in room("checks", "en")


# -- all of them ----------------------------------------------------------------------------------------


def test_nothing_found_is_accepted() -> None:
    decision = DEFAULT.judge([])
    assert (decision.action, decision.reasons, decision.profile) == (Action.ACCEPT, (), "zkouška")
    assert (decision.by, decision.omitted) == ("", 0)


@pytest.mark.parametrize(
    ("asked", "action"),
    [
        ("ahr", Action.REJECT),
        ("rha", Action.REJECT),
        ("aha", Action.HOLD),
        ("hhh", Action.HOLD),
        ("hrh", Action.REJECT),
        ("aaa", Action.ACCEPT),
    ],
)
def test_the_gravest_wins_and_the_reasons_keep_their_order(asked: str, action: Action) -> None:
    found = [{"a": WARNING, "h": UNKNOWN, "r": ERROR}[letter] for letter in asked]
    decision = profile(indeterminate="hold").judge(iter(found))
    assert decision.action is action
    assert list(decision.reasons) == [one for one in found if one is not WARNING]


@pytest.mark.parametrize("late", [False, True])
def test_reasons_beyond_a_number_are_only_counted(late: bool) -> None:
    many = [replace(UNKNOWN, subject=str(i)) for i in range(REASONS + 7)]
    found = [*many, ERROR] if late else [ERROR, *many]
    decision = profile(indeterminate="hold").judge(found)
    assert decision.action is Action.REJECT  # however late the one that rejects comes
    assert (len(decision.reasons), decision.omitted) == (REASONS, 8)


# -- files ----------------------------------------------------------------------------------------------


def read(folder: Path, text: str, name: str = "dohoda") -> Profile:
    (folder / f"{name}.toml").write_text(text, "utf-8")
    return read_profile(folder / f"{name}.toml")


def test_a_profile_is_called_what_its_file_is(tmp_path: Path) -> None:
    found = read(tmp_path, 'reader = "bagit"\nname = "jinak"\nproducer = "Muzeum"\n')
    assert (found.name, found.reader, found.producer) == ("dohoda", "bagit", "Muzeum")
    assert (found.decide, found.condition) == (Rules(), Access.RESTRICTED)


def test_all_that_a_profile_can_say(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        'title = "T"\nreader = "folder"\n'
        '[fonds]\nnumber = 7\ntitle = "Fond"\n'
        '[access]\ncondition = "open"\nreason = "§ 37"\n'
        "[limits]\nfiles = 1\nbytes = 2\nratio = 3\n"
        '[decide]\nerror = "hold"\nwarning = "hold"\nindeterminate = "reject"\n'
        '[decide.codes]\n"format-unknown" = "accept"\n',
    )
    assert (found.title, found.fonds.number, found.fonds.title, found.condition) == (
        "T",
        7,
        "Fond",
        Access.OPEN,
    )
    assert (found.limits.files, found.limits.bytes, found.limits.ratio) == (1, 2, 3)
    assert found.decide == Rules("hold", "hold", "reject", {"format-unknown": "accept"})


@pytest.mark.parametrize(
    ("text", "text_id", "named"),
    [
        ('reader = "nsesss"\n[decide]\nerror = "zahodit"\n', "settings.choice", "zahodit"),
        ('reader = "nsesss"\n[decide.codes]\n"sip-id" = "ano"\n', "settings.choice", "ano"),
        ('reader = "nsesss"\n[access]\ncondition = "tajné"\n', "settings.choice", "tajné"),
        ('reader = "psp"\n', "settings.choice", "psp"),
        ('reader = "nsesss"\n[decide.codes]\n"path-unsafe" = "hold"\n', "profile.never", "path-unsafe"),
        ('reader = "nsesss"\n[decide.codes]\n"fiel-extra" = "accept"\n', "settings.unknown", "fiel-extra"),
        ('reader = "nsesss"\n[limits]\nfile = 1\n', "settings.unknown", "file"),
        ('reader = "nsesss"\n[limits]\nfiles = "1"\n', "settings.type", "files"),
        ("title = 'bez čtečky'\n", "settings.missing", "reader"),
    ],
)
def test_a_wrong_profile_is_refused_by_what_is_wrong(
    text: str, text_id: str, named: str, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured) as caught:
        read(tmp_path, text)
    assert caught.value.text_id == text_id
    assert named in caught.value.text("cs") and "dohoda.toml" in caught.value.text("cs")


def test_to_reject_what_is_never_accepted_may_be_said(tmp_path: Path) -> None:
    assert read(tmp_path, 'reader = "nsesss"\n[decide.codes]\n"path-unsafe" = "reject"\n').decide.codes


def test_an_unknown_code_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        read(tmp_path, 'reader = "nsesss"\n[decide.codes]\n"format-unknwon" = "hold"\n')
    assert "format-unknown" in caught.value.hint("en")


def test_the_profiles_that_come_with_archivum() -> None:
    known = Profiles(data_folder("profiles"))
    assert known.names() == ["bagit", "folder", "nsesss"]
    for name in known.names():
        found = known.get(name)
        assert (found.name, found.reader, found.decide) == (name, name, Rules())
        assert found.limits.ratio < 1000 and found.condition is Access.RESTRICTED


def test_an_archives_own_profile_takes_the_place_of_the_other(tmp_path: Path) -> None:
    (tmp_path / "bagit.toml").write_text('reader = "bagit"\ntitle = "náš"\n', "utf-8")
    (tmp_path / "muzeum.toml").write_text('reader = "bagit"\n', "utf-8")
    known = Profiles(tmp_path, data_folder("profiles"))
    assert known.names() == ["bagit", "folder", "muzeum", "nsesss"]
    assert known.get("bagit").title == "náš"
    with pytest.raises(NotFound) as caught:
        known.get("neznámý")
    assert "muzeum" in caught.value.hint("cs")


def test_until_a_transfer_is_known_the_loosest_limits_hold(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        'reader = "bagit"\n[limits]\nfiles = 10\nbytes = 1\nratio = 7\n', "utf-8"
    )
    (tmp_path / "b.toml").write_text(
        'reader = "bagit"\n[limits]\nfiles = 1\nbytes = 20\nratio = 3\n', "utf-8"
    )
    limits = Profiles(tmp_path).loosest()
    assert (limits.files, limits.bytes, limits.ratio) == (10, 20, 7)
