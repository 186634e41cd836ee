"""Files that ListenBrainz gives to download: today's archive, months alone, and the old lists."""

import json
import zipfile
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from revenge_companion.core.errors import ImportRefused
from revenge_companion.core.imports import MOST_SAID, Unread
from revenge_companion.core.library import Entry, Facet
from revenge_companion.core.reasons import Reason
from revenge_companion.services.file_formats import recognised
from revenge_companion.services.importing import ImportFile, ImportPage
from revenge_companion.services.listenbrainz import files
from revenge_companion.services.listenbrainz.files import ListenBrainzFile

NEWEST_S = 1_772_395_000


def an_id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def a_line(number: int, **more: Any) -> dict[str, Any]:
    """A listen as the archive has it: its second may have a fraction, its id stands inside."""
    return {
        "listened_at": NEWEST_S - number + 0.0,
        "inserted_at": 1_772_395_100.25,
        "track_metadata": {
            "artist_name": "Low",
            "track_name": f"Song {number}",
            "recording_msid": an_id(f"msid {number}"),
            "additional_info": {"duration_ms": 200_000},
            "mbid_mapping": {"recording_mbid": an_id(f"mbid {number}"), "recording_name": "x"},
        }
        | more,
    }


def text(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def an_export(path: Path, **members: str) -> Path:
    """An archive with the user's file and `members`, which stand for "listens/2025/2.jsonl"."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("user.json", '{"user_id": 1, "username": "rj"}\n')
        for name, content in members.items():
            made.writestr(name.replace("__", "/") + ".jsonl", content)
    return path


def walked(opened: ImportFile, facet: Facet = Facet.HISTORY, cursor: str = "") -> list[ImportPage]:
    pages: list[ImportPage] = []
    while not pages or cursor:
        pages.append(opened.page(facet, cursor))
        cursor = pages[-1].next_cursor
        assert len(pages) < 500
    return pages


def read_of(pages: list[ImportPage]) -> list[Entry]:
    return [one for page in pages for one in page.entries]


def said(pages: list[ImportPage]) -> list[tuple[str, str, int, str]]:
    """Why, in which file and line, and what stands there."""
    found = [one for page in pages for one in page.unreadable]
    assert all(isinstance(one, Unread) for one in found)
    return [
        (one.reason_code, one.file, one.line, one.text) for one in found if isinstance(one, Unread)
    ]


def test_an_archive_is_read_month_by_month(tmp_path: Path) -> None:
    path = an_export(
        tmp_path / "a.zip",
        listens__2026__10=text([a_line(1), a_line(0)]),
        listens__2026__2=text([a_line(3)]),
        listens__2025__12=text([a_line(5), a_line(4)]),
        pinned_recording=text([{"recording_msid": an_id("msid 1"), "blurb_content": "x"}]),
    )
    kind = recognised(path)
    assert kind.key == "listenbrainz-export"
    opened = kind.open(path)
    assert opened.facets == (Facet.HISTORY,)
    pages = walked(opened)
    entries = read_of(pages)
    assert [one.subject.title for one in entries] == [f"Song {n}" for n in (5, 4, 3, 1, 0)]
    assert entries[-1].line == f"{NEWEST_S}\t{an_id('msid 0')}"
    assert entries[-1].subject.music_ids.recording_mbid is None
    assert {page.total for page in pages} == {5}
    with pytest.raises(ImportRefused, match="nothing of the kind"):
        opened.page(Facet.LOVED, "")
    opened.close()


def test_feedback_gets_the_names_that_stand_with_the_listens(tmp_path: Path) -> None:
    feedback = [
        {"recording_msid": an_id("msid 1"), "recording_mbid": None, "score": 1, "created": 5},
        {"recording_msid": None, "recording_mbid": an_id("mbid 0"), "score": -1, "created": 6},
        {"recording_msid": None, "recording_mbid": an_id("gone"), "score": 1, "created": 7},
        {"recording_msid": an_id("gone"), "recording_mbid": None, "score": 1, "created": 8},
        {"recording_msid": an_id("msid 0"), "recording_mbid": None, "score": 0, "created": 9},
    ]
    path = an_export(
        tmp_path / "a.zip",
        listens__2026__3=text([a_line(1), a_line(0)]),
        feedback=text(feedback),
    )
    opened = ListenBrainzFile(path)
    assert opened.facets == (Facet.HISTORY, Facet.LOVED)
    pages = walked(opened, Facet.LOVED)
    assert [(one.subject.title, one.loved) for one in read_of(pages)] == [
        ("Song 1", True),
        ("Song 0", False),
        (f"Recording {an_id('gone')}", True),
    ]
    # What is loved is a recording, so that is known of it now.
    assert read_of(pages)[1].subject.music_ids.recording_mbid == an_id("mbid 0")
    assert [(code, text) for code, _, _, text in said(pages)] == [
        (Reason.LINE_UNUSABLE, f"a recording without a name: {an_id('gone')}")
    ]
    opened.close()


def test_a_file_of_one_month_and_a_list_of_old_are_read_alike(tmp_path: Path) -> None:
    lines, listed = tmp_path / "3.jsonl", tmp_path / "rj.json"
    rows = [a_line(n) for n in range(3)]
    lines.write_text(text(rows), "utf-8")
    listed.write_text(json.dumps(rows), "utf-8")
    found = []
    for path in (lines, listed):
        opened = recognised(path).open(path)
        pages = walked(opened)
        found.append(read_of(pages))
        assert pages[0].total == (3 if path is lines else None)
        opened.close()
    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_an_old_list_of_feedback_is_read(tmp_path: Path) -> None:
    path = tmp_path / "feedback.json"
    row = {"recording_msid": an_id("a"), "recording_mbid": an_id("b"), "score": 1, "created": 5}
    named = {"track_metadata": {"artist_name": "Low", "track_name": "Words"}}
    path.write_text(json.dumps([row | named]), "utf-8")
    opened = ListenBrainzFile(path)
    assert opened.facets == (Facet.LOVED,)
    assert [one.subject.title for one in read_of(walked(opened, Facet.LOVED))] == ["Words"]
    opened.close()


def test_listens_that_a_converter_wrote_have_an_identity_too(tmp_path: Path) -> None:
    bare = {
        "track_metadata": {"artist_name": "Low", "track_name": "Words"},
        "listened_at": NEWEST_S,
    }
    path = an_export(tmp_path / "a.zip", listens=text([bare]))
    opened = ListenBrainzFile(path)
    assert [one.line for one in read_of(walked(opened))] == [f"{NEWEST_S}\tLow\tWords\t"]
    opened.close()


def test_a_walk_goes_on_from_any_of_its_cursors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PAGE_ROWS", 4)
    rows = [a_line(n) for n in range(10)]
    zipped = an_export(
        tmp_path / "a.zip", listens__2026__1=text(rows[:6]), listens__2026__2=text(rows[6:])
    )
    listed = tmp_path / "a.json"
    listed.write_text(json.dumps(rows, indent=1), "utf-8")
    for path in (zipped, listed):
        opened = ListenBrainzFile(path)
        whole = walked(opened)
        assert [one.subject.title for one in read_of(whole)] == [f"Song {n}" for n in range(10)]
        # Again from its beginning, and in another program from each of its pages.
        assert read_of(walked(opened)) == read_of(whole)
        opened.close()
        for position, page in enumerate(whole[:-1]):
            fresh = ListenBrainzFile(path)
            assert read_of(walked(fresh, cursor=page.next_cursor)) == read_of(whole[position + 1 :])
            fresh.close()


def test_lines_that_are_none_are_counted_with_their_reasons(tmp_path: Path) -> None:
    content = text([a_line(0)]) + 'oops\n{"listened_at": 1}\n[]\n' + text([a_line(1)])[:-20]
    opened = ListenBrainzFile(an_export(tmp_path / "a.zip", listens__2026__1=content))
    pages = walked(opened)
    assert len(read_of(pages)) == 1
    told = said(pages)
    *_, cut = told[-1]
    assert cut.startswith('{"listened_at": ')
    assert len(cut) == MOST_SAID
    assert told == [
        (Reason.LINE_BROKEN, "1.jsonl", 2, "oops"),
        (Reason.LINE_UNUSABLE, "1.jsonl", 3, "without artist or title"),
        (Reason.LINE_BROKEN, "1.jsonl", 4, "[]"),
        (Reason.LINE_CUT_OFF, "1.jsonl", 5, cut),
    ]
    opened.close()


def test_a_damaged_month_hides_no_other(tmp_path: Path) -> None:
    path = an_export(
        tmp_path / "a.zip",
        listens__2026__1=text([a_line(n) for n in range(500)]),
        listens__2026__2=text([a_line(900)]),
    )
    with zipfile.ZipFile(path) as made:
        info = made.getinfo("listens/2026/1.jsonl")
        begins = info.header_offset + 60 + info.compress_size // 2
    content = bytearray(path.read_bytes())
    content[begins : begins + 30] = bytes(30)
    path.write_bytes(content)
    opened = ListenBrainzFile(path)
    pages = walked(opened)
    assert read_of(pages)[-1].subject.title == "Song 900"
    assert Reason.LINE_REST_LOST in {code for code, *_ in said(pages)}
    opened.close()


def test_no_path_of_an_archive_is_used(tmp_path: Path) -> None:
    path = tmp_path / "in" / "a.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as made:
        for name in (
            "../../evil/listens/2026/1.jsonl",
            "/listens/2.jsonl",
            "listens\\2026\\3.jsonl",
        ):
            made.writestr(name, text([a_line(len(name))]))
        made.writestr("__MACOSX/listens/._1.jsonl", "junk")
    opened = ListenBrainzFile(path)
    assert len(read_of(walked(opened))) == 3
    opened.close()
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["a.zip", "in"]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"a": 1}\n', b"[1, 2]", b"Title,Author\n", b"\0\1\2", b'[{"score": 1}]'],
)
def test_other_files_are_not_taken_for_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(content)
    assert not ListenBrainzFile.recognises(path)
    with pytest.raises(ImportRefused, match="no listens and no feedback"):
        ListenBrainzFile(path)


def test_another_archive_is_not_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "letterboxd.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("diary.csv", "Date,Name\n")
        made.writestr("notes.jsonl", "{}\n")
    assert not ListenBrainzFile.recognises(path)


@pytest.mark.parametrize("cursor", ['{"part":9}', '{"part":-1}', "[]", '{"at":"x"}'])
def test_a_cursor_that_is_none_is_refused(tmp_path: Path, cursor: str) -> None:
    opened = ListenBrainzFile(an_export(tmp_path / "a.zip", listens=text([a_line(0)])))
    with pytest.raises(ImportRefused):
        opened.page(Facet.HISTORY, cursor)
    opened.close()


def test_a_cursor_past_the_end_reads_nothing(tmp_path: Path) -> None:
    opened = ListenBrainzFile(an_export(tmp_path / "a.zip", listens=text([a_line(0)])))
    assert opened.page(Facet.HISTORY, '{"part":0,"at":999999}').entries == ()
    opened.close()
