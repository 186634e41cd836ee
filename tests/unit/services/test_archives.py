"""ZIP files from outside: damaged, locked, too large, bombs."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from revenge_companion.core.errors import ImportRefused
from revenge_companion.services import archives
from revenge_companion.services.archives import DAMAGE, Archive, is_zip


def a_zip(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def test_members_are_read_from_any_byte(tmp_path: Path) -> None:
    text = b"".join(b"line %d\n" % n for n in range(5000))
    archive = Archive(a_zip(tmp_path / "a.zip", {"a/b.txt": text, "a/": b""}))
    assert archive.names == ("a/b.txt",)
    assert archive.size("a/b.txt") == len(text)
    for offset in (0, 7, len(text) - 3, len(text)):
        with archive.open("a/b.txt", offset) as stream:
            assert stream.read() == text[offset:]
    archive.close()


def test_a_zip_is_told_by_how_it_begins(tmp_path: Path) -> None:
    plain = tmp_path / "export.zip"
    plain.write_bytes(b"[]")
    assert not is_zip(plain)
    assert is_zip(a_zip(tmp_path / "a.csv", {"a": b""}))
    assert is_zip(a_zip(tmp_path / "empty.zip", {}))


@pytest.mark.parametrize("cut", [10, 60, -30])
def test_a_zip_that_was_cut_is_refused(tmp_path: Path, cut: int) -> None:
    path = a_zip(tmp_path / "a.zip", {"a.txt": bytes(range(256)) * 20})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ImportRefused, match="damaged"):
        Archive(path)


def test_a_bomb_is_refused_before_a_byte_of_it_is_unpacked(tmp_path: Path) -> None:
    path = a_zip(tmp_path / "a.zip", {"a.jsonl": b"0" * (8 << 20)})
    with pytest.raises(ImportRefused, match="far more than an export"):
        Archive(path)


def test_text_that_packs_well_is_no_bomb(tmp_path: Path) -> None:
    line = b'{"listened_at": %d, "track_metadata": {"artist_name": "Low"}}\n'
    text = b"".join(line % n for n in range(1_700_000_000, 1_700_030_000))
    Archive(a_zip(tmp_path / "a.zip", {"a.jsonl": text, "little.jsonl": b"0" * 9000})).close()


def _claiming(path: Path, size: int) -> Path:
    """The archive at `path`, claiming that its first member unpacks to `size` bytes."""
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 20 : central + 28] = struct.pack("<II", size // 20, size)
    path.write_bytes(content)
    return path


def test_a_file_that_says_it_is_too_large_is_refused(tmp_path: Path) -> None:
    path = _claiming(a_zip(tmp_path / "a.zip", {"a.jsonl": b"x" * 100}), archives.MOST_BYTES + 20)
    with pytest.raises(ImportRefused, match="too large unpacked"):
        Archive(path)


def test_a_member_never_gives_more_than_it_says(tmp_path: Path) -> None:
    path = _claiming(a_zip(tmp_path / "a.zip", {"a.jsonl": b"x" * 4000}), 100)
    archive = Archive(path)
    with archive.open("a.jsonl") as stream, pytest.raises(DAMAGE):
        stream.read(1 << 20)
    archive.close()


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    Archive(a_zip(tmp_path / "a.zip", dict.fromkeys("abc", b""))).close()
    with pytest.raises(ImportRefused, match="too many files"):
        Archive(a_zip(tmp_path / "b.zip", dict.fromkeys("abcd", b"")))


def test_a_locked_zip_is_refused(tmp_path: Path) -> None:
    path = a_zip(tmp_path / "a.zip", {"a.txt": b"secret"})
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ImportRefused, match="password"):
        Archive(path)


def test_another_packing_is_refused(tmp_path: Path) -> None:
    path = a_zip(tmp_path / "a.zip", {"a.txt": b"text"}, zipfile.ZIP_BZIP2)
    with pytest.raises(ImportRefused, match="not understood"):
        Archive(path)


def test_a_member_that_is_damaged_says_so_while_it_is_read(tmp_path: Path) -> None:
    path = a_zip(tmp_path / "a.zip", {"a.txt": b"text " * 50}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"text text", b"text tExt", 1))
    archive = Archive(path)
    with archive.open("a.txt") as stream, pytest.raises(DAMAGE):
        io.BytesIO(stream.read())
    archive.close()


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="cannot be read: No such file"):
        Archive(tmp_path / "gone.zip")
