"""Folders, packages and feeds, and the small formats that packages describe themselves in."""

import contextlib
import gzip
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.data.sources.bounded import TooLargeError, decoded, unpacked
from zaphod.data.sources.changelogs import releases
from zaphod.data.sources.copyright_files import documentation_licence, spdx
from zaphod.data.sources.feeds import FeedSource, parsed
from zaphod.data.sources.folders import FolderSource
from zaphod.data.sources.packages import PackageSource

_COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tool

Files: *
Copyright: 2026 Somebody
License: Expat
 Permission is hereby granted

Files: doc/*
License: GFDL-1.3+ or CC-BY-SA-4.0

Files: debian/rules m4/*
License: GPL-3+
"""
_CHANGELOG = """tool (2.0-1) unstable; urgency=medium

  * Reads faster.
  * Closes: #1.

 -- Some Body <some@body.org>  Thu, 01 Jan 2026 00:00:00 +0000

tool (1.0-1) unstable; urgency=low

  * First.

 -- Some Body <some@body.org>  Wed, 01 Jan 2025 00:00:00 +0000
"""
_ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><id>f</id>
<entry><id>tag:1</id><title>One</title><link href="http://a.org/1"/><updated>2026-01-01T00:00:00Z</updated>
<content type="html">&lt;p&gt;Text one&lt;/p&gt;</content></entry>
<entry><id>tag:2</id><title>Two</title></entry></feed>"""
_RSS = """<rss version="2.0"><channel><title>Old</title><item><guid>g1</guid><link>http://a.org/2</link>
<description>Text &amp; two</description><pubDate>Thu, 01 Jan 2026 00:00:00 GMT</pubDate></item></channel></rss>"""
_ENTITIES = "".join(
    f'<!ENTITY {after} "{("&" + before + ";") * 10}">' for before, after in zip("abcdefg", "bcdefgh", strict=True)
)
_BOMB = (
    f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "{"x" * 1000}">{_ENTITIES}]>'
    "<rss version='2.0'><channel><item><guid>1</guid><description>&h;</description></item></channel></rss>"
)


def filled(folder, **files) -> str:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(folder)


def test_a_folder_gives_its_texts_in_order_with_their_kinds(tmp_path):
    folder = filled(
        tmp_path,
        b_txt="B",
        a_html="<p>A",
        man1__ls_1_gz=gzip.compress(b".SH NAME"),
        c_info="I",
        photo_png="P",
        README="R",
        d_md="M",
    )
    found = [(d.id, d.metadata["media_type"]) for d in FolderSource(folder=folder, licence="MIT").documents()]
    assert found == [
        ("README", "text/plain"),
        ("a.html", "text/html"),
        ("b.txt", "text/plain"),
        ("c.info", "text/x-info"),
        ("d.md", "text/markdown"),
        ("man1/ls.1.gz", "text/troff"),
    ]


def test_a_document_knows_time_licence_and_source(tmp_path):
    folder = filled(tmp_path, a_txt="A")
    os.utime(tmp_path / "a.txt", (60, 60))
    [document] = FolderSource(folder=folder, licence="MIT", name="mine").documents()
    assert (document.timestamp_s, document.licence, document.source, document.text) == (60.0, "MIT", "mine", "A")


def test_what_cannot_be_read_is_counted(tmp_path):
    folder = filled(tmp_path, a_txt_gz=b"no gzip", b_txt="x" * 11, c_txt_gz=gzip.compress(bytes(1000)), d_txt="good")
    source = FolderSource(folder=folder, max_file_bytes=10 + 90)
    assert [d.id for d in source.documents()] == ["b.txt", "d.txt"]
    assert source.skipped == {"CorruptFileError": 1, "TooLargeError": 1}


def test_a_link_to_its_own_folder_is_no_circle(tmp_path):
    folder = filled(tmp_path, a_txt="A")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "broken.txt").symlink_to(tmp_path / "absent")
    assert [d.id for d in FolderSource(folder=folder, suffixes=(".txt",)).documents()] == ["a.txt"]


@pytest.mark.parametrize("source", [FolderSource, PackageSource])
def test_a_missing_folder_is_refused(source, tmp_path):
    with pytest.raises(ConfigError, match="no folder"):
        source(folder=str(tmp_path / "absent"))


def test_packages_bring_licence_and_time(tmp_path):
    folder = filled(
        tmp_path,
        tool__copyright=_COPYRIGHT,
        tool__README="Read me.",
        tool__changelog_Debian_gz=gzip.compress(_CHANGELOG.encode()),
        other__NEWS="News.",
    )
    other, tool, *entries = PackageSource(folder=folder, changelogs=True).documents()
    assert (tool.licence, tool.timestamp_s) == ("MIT AND (GFDL-1.3-or-later OR CC-BY-SA-4.0)", 1767225600.0)
    assert (other.licence, other.timestamp_s, other.metadata["package"]) == ("", None, "other")
    assert [entry.id for entry in entries] == ["tool/changelog/2.0-1", "tool/changelog/1.0-1"]
    assert (entries[0].text, entries[1].timestamp_s) == ("* Reads faster.\n* Closes: #1.", 1735689600.0)


def test_only_the_named_packages_are_read(tmp_path):
    folder = filled(tmp_path, a__README="A", b__README="B")
    assert [d.id for d in PackageSource(folder=folder, packages=("b",)).documents()] == ["b/README"]
    with pytest.raises(ConfigError, match="absent"):
        PackageSource(folder=folder, packages=("absent",))


@pytest.mark.parametrize(
    ("line", "expression"),
    [
        ("GPL-2+", "GPL-2.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("Expat or GPL-3", "MIT OR GPL-3.0-only"),
        ("BSD-3-clause, and public-domain", "BSD-3-Clause AND LicenseRef-PublicDomain"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("GPL-2+ with OpenSSL exception", "GPL-2.0-or-later WITH LicenseRef-OpenSSL-exception"),
        ("Own (c) words", "LicenseRef-Own-c-words"),
        ("", ""),
        ("or", ""),
    ],
)
def test_licences_get_their_spdx_names(line, expression):
    assert spdx(line) == expression


def test_a_copyright_file_in_free_form_says_nothing():
    assert documentation_licence("This is free software under the GPL.\n\nFiles: *\nLicense: MIT\n") == ""


@given(st.text(max_size=300))
def test_no_text_breaks_the_small_formats(text):
    for content in (text, _COPYRIGHT[:80] + text, "Format: x\n\nFiles: *\nLicense: " + text):
        documentation_licence(content)
    list(releases(text))
    list(releases("tool (1) x; y\n" + text + "\n -- A <b>  " + text))


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_become_text(data, charset):
    decoded(data, charset).encode("utf-8")
    decoded(b"<meta charset=" + data, charset).encode("utf-8")


def test_members_are_joined_and_bombs_stopped():
    assert unpacked(gzip.compress(b"a") + gzip.compress(b"b") + bytes(8), "x") == b"ab"
    with pytest.raises(TooLargeError, match="10 bytes"):
        unpacked(gzip.compress(bytes(10**7)), "x", max_bytes=10)
    with pytest.raises(CorruptFileError, match="middle"):
        unpacked(gzip.compress(b"abc" * 100)[:-9], "x")


def test_feeds_give_their_entries(tmp_path):
    folder = filled(tmp_path, a_atom=_ATOM, b_rss=_RSS, c_txt="no feed")
    source = FeedSource(paths=(folder,), licence="CC0-1.0")
    one, two = source.documents()
    assert (one.id, one.text, one.timestamp_s, one.metadata["feed"]) == (
        "tag:1",
        "<p>Text one</p>",
        1767225600.0,
        "News",
    )
    assert (two.id, two.url, two.text, two.licence) == ("g1", "http://a.org/2", "Text & two", "CC0-1.0")
    assert source.skipped == {"entry without text or id": 1, "no feed": 1}


def test_an_entry_is_given_once_however_many_feeds_have_it(tmp_path):
    assert len(list(FeedSource(paths=(filled(tmp_path, a_atom=_ATOM, b_atom=_ATOM),)).documents())) == 1


def test_entities_that_grow_are_not_followed(tmp_path):
    documents = list(FeedSource(paths=(filled(tmp_path, a_rss=_BOMB),)).documents())
    assert sum(len(document.text) for document in documents) < 100_000


@given(st.text(max_size=200))
def test_no_feed_breaks_the_reader(text):
    for content in (text, _RSS.replace("Text", text), _ATOM.replace("2026-01-01", text)):
        with contextlib.suppress(CorruptFileError):
            parsed(content.encode("utf-8", "replace"))


def test_a_missing_feed_is_refused():
    with pytest.raises(ConfigError, match="exist"):
        FeedSource(paths=("/nonexistent",))
