"""Pages of a server of our own, and addresses that must not be fetched."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError, DownloadError
from zaphod.data.sources.addresses import CheckedResolver, checked_host, is_public, literal_address
from zaphod.data.sources.crawl import CrawlOptions, crawl
from zaphod.data.sources.fetcher import Fetcher, FetchOptions, Validators
from zaphod.data.sources.warc import WarcSource

_ROBOTS = "User-agent: *\nDisallow: /private\n\nUser-agent: picky\nCrawl-delay: 7\nDisallow: /\n"


_NONE = Validators()


class Site:
    """A site on loopback, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.robots = web.Response(text=_ROBOTS)
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path == "/robots.txt":
            return web.Response(status=self.robots.status, text=self.robots.text, headers={"Location": "/robots.txt"})
        maker = getattr(self, "_" + request.path.strip("/").replace("/", "_"), None)
        return await maker(request) if maker else web.Response(status=404)

    async def _page(self, request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == '"1"' or "If-Modified-Since" in request.headers:
            return web.Response(status=304)
        headers = {"ETag": '"1"', "Last-Modified": "Tue, 03 Feb 2026 10:00:00 GMT"}
        text = "<p>Page</p><a href='/other#x'>o</a><a href='/private/x'>p</a><a rel=nofollow href=/no>n</a><a href='http://else/'>e</a>"
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _other(self, request: web.Request) -> web.Response:
        return web.Response(text="<p>Other</p><a href='/page'>back</a>", content_type="text/html")

    async def _packed(self, request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b"packed text"), headers={"Content-Encoding": "gzip"})

    async def _bomb(self, request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(bytes(5_000_000)), headers={"Content-Encoding": "gzip"})

    async def _brotli(self, request: web.Request) -> web.Response:
        return web.Response(body=b"x", headers={"Content-Encoding": "br"})

    async def _large(self, request: web.Request) -> web.Response:
        return web.Response(body=bytes(200_000))

    async def _to(self, request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.query["where"]})

    async def _loop(self, request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": "/loop"})

    async def _slow(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.01)


@asynccontextmanager
async def served(site: Site):
    runner = web.AppRunner(web.Application(), shutdown_timeout=0.1)
    runner.app.router.add_route("*", "/{path:.*}", site.answer)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()


def options(**changes) -> FetchOptions:
    return FetchOptions(
        **{"allowed_hosts": ("127.0.0.1",), "allows_private": True, "delay_s": 0.0, "max_bytes": 100_000} | changes
    )


def visit(deed: Callable[[Site, Fetcher], Awaitable], site: Site | None = None, **changes):
    async def run():
        async with served(site or Site()) as here, Fetcher(options(**changes)) as fetcher:
            return await deed(here, fetcher)

    return asyncio.run(run())


def get(path: str, site: Site | None = None, validators: Validators = _NONE, **changes):
    return visit(lambda here, fetcher: fetcher.fetch(here.url + path, validators), site, **changes)


def test_a_page_is_fetched_with_what_its_server_says_of_it():
    answer = get("/page")
    assert (answer.status, answer.body[:11]) == (200, b"<p>Page</p>")
    assert answer.validators == Validators(etag='"1"', last_modified="Tue, 03 Feb 2026 10:00:00 GMT")


@pytest.mark.parametrize("known", [Validators(etag='"1"'), Validators(last_modified="Tue, 03 Feb 2026 10:00:00 GMT")])
def test_a_page_that_has_not_changed_is_not_sent_again(known):
    assert (get("/page", validators=known).status, get("/page", validators=known).body) == (304, b"")


def test_a_packed_page_is_unpacked():
    assert get("/packed").body == b"packed text"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/private/x", "robots"),
        ("/bomb", "unpacks to more than 100,000"),
        ("/large", "more than 100,000"),
        ("/brotli", "not asked for"),
        ("/loop", "redirects"),
        ("/to?where=http://elsewhere.example/", "not among"),
        ("/to?where=http://169.254.169.254/latest", "not among"),
        ("/to?where=file:///etc/passwd", "only http"),
        ("/to?where=/private/x", "robots"),
    ],
)
def test_what_is_not_fetched(path, why):
    with pytest.raises(DownloadError, match=why):
        get(path)


def test_a_server_that_drips_is_left():
    with pytest.raises(DownloadError, match="longer than"):
        get("/slow", timeout_s=0.3)


def test_robots_are_asked_once_and_before_all_else():
    site = Site()

    async def twice(here: Site, fetcher: Fetcher) -> None:
        await fetcher.fetch(here.url + "/page")
        await fetcher.fetch(here.url + "/other")

    visit(twice, site)
    assert site.asked == ["/robots.txt", "/page", "/other"]


@pytest.mark.parametrize(("status", "is_fetched"), [(404, True), (403, True), (500, False), (429, False)])
def test_a_host_without_robots_is_open_and_one_that_fails_is_closed(status, is_fetched):
    site = Site()
    site.robots = web.Response(status=status, text="Disallow: nonsense")
    if is_fetched:
        assert get("/page", site).status == 200
    else:
        with pytest.raises(DownloadError, match="robots"):
            get("/page", site)


def test_rules_for_our_name_hold():
    with pytest.raises(DownloadError, match="robots"):
        get("/page", user_agent="picky")


def test_requests_to_a_host_keep_their_distance():
    waits: list[float] = []

    async def run():
        async def wait(seconds: float) -> None:
            waits.append(seconds)

        async with served(Site()) as site, Fetcher(options(delay_s=2.0), clock=lambda: 100.0) as fetcher:
            real, asyncio.sleep = asyncio.sleep, wait
            try:
                await fetcher.fetch(site.url + "/page")
                await fetcher.fetch(site.url + "/other")
            finally:
                asyncio.sleep = real

    asyncio.run(run())
    assert [seconds for seconds in waits if seconds] == [2.0, 2.0]


class Names(AbstractResolver):
    """Answers with an address of our choice."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)

    async def resolve(self, host, port=0, family=0):
        row = {"hostname": host, "port": port, "family": 2, "proto": 0, "flags": 0}
        return [{**row, "host": address} for address in self.addresses]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "addresses", [("127.0.0.1",), ("10.1.2.3",), ("93.184.215.14", "127.0.0.1"), ("::1",), ("169.254.169.254",)]
)
def test_an_allowed_name_that_leads_into_a_private_network_is_refused(addresses):
    async def run() -> None:
        allowed = options(allowed_hosts=("site.example",), allows_private=False)
        async with Fetcher(allowed, resolver=Names(*addresses)) as fetcher:
            await fetcher.fetch("http://site.example/page")

    with pytest.raises(DownloadError, match=r"robots|private"):
        asyncio.run(run())


def test_each_request_asks_for_the_address_anew_and_checks_it():
    async def run() -> list[str]:
        names = Names("93.184.215.14")
        resolver = CheckedResolver(allows_private=False, resolver=names)
        first = await resolver.resolve("site.example")
        names.addresses = ["127.0.0.1"]
        with pytest.raises(DownloadError, match="private"):
            await resolver.resolve("site.example")
        return [row["host"] for row in first]

    assert asyncio.run(run()) == ["93.184.215.14"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://0/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1%25eth0]/",
    ],
)
def test_private_addresses_are_refused_however_they_are_written(url):
    host = checked_host(url)
    fetcher = Fetcher(FetchOptions(allowed_hosts=(host,)))
    with pytest.raises(DownloadError, match="private"):
        fetcher.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.org/",
        "http://user@a.org/",
        "http://a.org:0/",
        "http:///x",
        "http://a.org\\@b.org/",
        "http://a.org/ x",
        "javascript:x",
        "http://[broken/",
        "http://a.org:99999/",
        "//a.org/",
        "",
    ],
)
def test_what_is_no_plain_address_is_refused(url):
    with pytest.raises(DownloadError):
        checked_host(url)


@given(st.text(max_size=60))
def test_no_address_breaks_the_check(text):
    for url in (text, f"http://{text}/"):
        try:
            host = checked_host(url)
        except DownloadError:
            continue
        literal_address(host)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1", True),
        ("224.0.0.1", False),
        ("100.64.0.1", False),
        ("2002:7f00:1::", False),
        ("nonsense", False),
        ("240.0.0.1", False),
    ],
)
def test_which_addresses_are_public(address, public):
    assert is_public(address) == public


def test_a_walk_writes_an_archive_and_the_next_one_only_what_changed(tmp_path):
    async def walk(site: Site, fetcher: Fetcher):
        return await crawl([site.url + "/page", site.url + "/gone"], tmp_path, fetcher, CrawlOptions(max_depth=1))

    async def both(site: Site, fetcher: Fetcher):
        return await walk(site, fetcher), await walk(site, fetcher)

    first, second = visit(both)
    [page, other] = WarcSource(paths=(str(first.archive),)).documents()
    assert (page.url.rpartition("/")[2], other.url.rpartition("/")[2]) == ("page", "other")
    assert page.timestamp_s == 1770112800.0, "the time since when the page is so"
    assert first.outcomes == {"status 200": 2, "status 404": 1, "its host's robots.txt forbids it.": 1}
    assert (second.archive, second.outcomes["status 304"]) == (None, 1)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".gz", ".json"]


def test_a_walk_stops_at_its_number_of_pages(tmp_path):
    report = visit(
        lambda site, fetcher: crawl([site.url + "/page"], tmp_path, fetcher, CrawlOptions(max_pages=1, max_depth=5))
    )
    assert report.outcomes == {"status 200": 1}


@pytest.mark.parametrize("damage", ["{", "[]", '{"a": 1}', json.dumps({"a": ["x"]})])
def test_damaged_validators_are_refused(tmp_path, damage):
    (tmp_path / "validators.json").write_text(damage)
    with pytest.raises(ConfigError, match="Delete it"):
        visit(lambda site, fetcher: crawl([site.url + "/page"], tmp_path, fetcher))
