"""Web archives: whole ones, cut ones, and what is no archive."""

import contextlib
import gzip
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from zaphod.core.errors import ConfigError, CorruptFileError
from zaphod.data.sources.http_bodies import charset_of, joined_chunks
from zaphod.data.sources.warc import WarcSource, http_parts


def response(url: str, body: bytes, status: str = "200 OK", kind: str = "response", **headers: str):
    named = [("Content-Type", "text/html"), *((name.replace("_", "-"), value) for name, value in headers.items())]
    fields = {name.lower(): (name, value) for name, value in named}
    return url, kind, body, StatusAndHeaders(status, list(fields.values()), "HTTP/1.1")


def archive(*records, is_packed: bool = True) -> bytes:
    file = BytesIO()
    writer = WARCWriter(file, gzip=is_packed)
    for url, kind, body, head in records:
        about = {"WARC-Date": "2026-01-02T03:04:05Z"}
        extra = {"http_headers": head} if kind == "response" else {"warc_content_type": "text/plain"}
        made = writer.create_warc_record(
            url, kind, payload=BytesIO(body), length=len(body), warc_headers_dict=about, **extra
        )
        writer.write_record(made)
    return file.getvalue()


def read(tmp_path, data: bytes, name: str = "a.warc.gz", **settings):
    (tmp_path / name).write_bytes(data)
    source = WarcSource(paths=(str(tmp_path / name),), **settings)
    return source, list(source.documents())


_PAGES = [response(f"http://a.org/{i}", f"<p>Page {i}</p>".encode()) for i in range(5)]


@pytest.mark.parametrize("is_packed", [True, False])
def test_each_response_is_a_document(tmp_path, is_packed):
    _, documents = read(tmp_path, archive(*_PAGES, is_packed=is_packed))
    assert [document.text for document in documents] == [f"<p>Page {i}</p>" for i in range(5)]
    assert (documents[0].url, documents[0].timestamp_s) == ("http://a.org/0", 1767323045.0)
    assert documents[0].metadata["media_type"] == "text/html"


def test_a_wet_file_holds_texts(tmp_path):
    _, [document] = read(
        tmp_path, archive(response("http://a.org/", "Grüße".encode(), kind="conversion")), "a.warc.wet.gz"
    )
    assert (document.text, document.metadata["media_type"]) == ("Grüße", "text/plain")


@pytest.mark.parametrize(
    ("body", "headers", "text"),
    [
        (gzip.compress(b"packed", mtime=0), {"Content_Encoding": "gzip"}, "packed"),
        (zlib.compress(b"packed"), {"Content_Encoding": "deflate"}, "packed"),
        (b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", {"Transfer_Encoding": "chunked"}, "abcde"),
        (b"joined already", {"Transfer_Encoding": "chunked"}, "joined already"),
        ("Grüße".encode("latin-1"), {"Content_Type": "text/html; charset=ISO-8859-1"}, "Grüße"),
        (b"<meta charset=windows-1251>\xcf\xf0", {}, "<meta charset=windows-1251>Пр"),
        ("жa".encode("utf-16"), {}, "жa"),
        (b"caf\xe9", {}, "café"),
        (b"x", {"Content_Type": "text/html; charset=punycode"}, "x"),
    ],
)
def test_bodies_are_unpacked_and_decoded(tmp_path, body, headers, text):
    _, [document] = read(tmp_path, archive(response("http://a.org/", body, **headers)))
    assert document.text == text


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (response("http://a.org/", b"x", status="404 Not Found"), "status 404"),
        (response("http://a.org/", b"x", Content_Type="image/png"), "no text"),
        (response("http://a.org/", b"x", Content_Encoding="br"), "unknown content encoding"),
        (response("http://a.org/", gzip.compress(bytes(10**6), mtime=0), Content_Encoding="gzip"), "TooLargeError"),
        (response("http://a.org/", b"no gzip", Content_Encoding="gzip"), "CorruptFileError"),
        (response("http://a.org/", bytes(10_001)), "too large record"),
        (response("http://a.org/", b"x", kind="metadata"), "metadata record"),
    ],
)
def test_what_holds_no_text_is_counted(tmp_path, record, reason):
    source, documents = read(tmp_path, archive(record, _PAGES[0]), max_record_bytes=10_000)
    assert [document.url for document in documents] == ["http://a.org/0"]
    assert source.skipped == {reason: 1}


def test_a_second_capture_gets_an_id_of_its_own(tmp_path):
    _, documents = read(tmp_path, archive(_PAGES[0], _PAGES[0]))
    assert [document.id for document in documents] == ["http://a.org/0", "http://a.org/0 2026-01-02T03:04:05Z"]


def test_the_time_is_when_the_page_was_changed(tmp_path):
    page = response("http://a.org/", b"x", Last_Modified="Thu, 01 Jan 1970 00:01:00 GMT")
    _, [document] = read(tmp_path, archive(page))
    assert document.timestamp_s == 60.0


@pytest.mark.parametrize("is_packed", [True, False])
def test_a_cut_file_gives_what_stands_before_the_cut_and_then_says_so(tmp_path, is_packed):
    one, all_five = len(archive(_PAGES[0], is_packed=is_packed)), archive(*_PAGES, is_packed=is_packed)
    path = tmp_path / "cut.warc"
    path.write_bytes(all_five[: len(all_five) - one // 2])
    found: list[str] = []
    with pytest.raises(CorruptFileError, match="behind record 4"):
        read_into(found, path)
    assert found == ["0", "1", "2", "3"]


def read_into(found: list[str], path: Path) -> None:
    """What was read stays, whatever happens then."""
    found.extend(document.url[-1] for document in WarcSource(paths=(str(path),)).documents())


@given(st.integers(0, 2000))
def test_a_cut_anywhere_loses_no_whole_record(tmp_path_factory, cut):
    data = archive(*_PAGES[:3], is_packed=False)
    ends = [len(archive(*_PAGES[:n], is_packed=False)) for n in (1, 2, 3)]
    path = tmp_path_factory.mktemp("cut") / "a.warc"
    path.write_bytes(data[: min(cut, len(data))])
    found: list[str] = []
    with contextlib.suppress(CorruptFileError):
        read_into(found, path)
    assert len(found) >= sum(end <= cut for end in ends)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader_otherwise(tmp_path_factory, data):
    for content in (data, b"WARC/1.0\r\n" + data, gzip.compress(b"WARC/1.0\r\n" + data)):
        path = tmp_path_factory.mktemp("any") / "a.warc"
        path.write_bytes(content)
        with contextlib.suppress(CorruptFileError):
            list(WarcSource(paths=(str(path),)).documents())


@given(st.binary(max_size=200))
def test_no_message_breaks_the_reading_of_http(data):
    http_parts(data)
    http_parts(b"HTTP/1.1 200 OK\r\n" + data)
    joined_chunks(data)
    charset_of(data.decode("latin-1"))


def test_a_missing_file_is_refused():
    with pytest.raises(ConfigError, match="no file"):
        WarcSource(paths=("/nonexistent/a.warc",))


def test_settings_build_an_equal_source(tmp_path):
    source, _ = read(tmp_path, archive(*_PAGES))
    assert WarcSource(**source.settings()).settings() == source.settings()
