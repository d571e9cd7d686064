"""Fetching against a real server on this machine, which behaves as servers do: badly."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from truceline.base.errors import CODES, CallError, CaseError, OutputError
from truceline.fetch.clock import Clock
from truceline.fetch.download import USER_AGENT, Downloader, FetchError, Manners
from truceline.fetch.items import FetchItem, Wanted, expand
from truceline.fetch.part import Part
from truceline.workflow.fetch import FetchOutcome, FetchPlan, plan_fetch, run_fetch

BODY = bytes(range(256)) * 4000  # about a megabyte
START = "from truceline.faces.cli.main import main; main()"

Behaviour = Callable[["Handler", bytes], None]


class Home(ThreadingHTTPServer):
    """A public home: files, what to do wrong with each, and a log of what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.wrongs: dict[str, list[Behaviour]] = {}
        self.versions = True
        self.asked: list[tuple[str, dict[str, str]]] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def put(self, path: str, content: bytes, *wrongs: Behaviour) -> str:
        self.files[path], self.wrongs[path] = content, list(wrongs)
        return self.url(path)


class Handler(BaseHTTPRequestHandler):
    server: Home

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        content = self.server.files.get(self.path)
        try:
            if content is None:
                self.answer(404, b"no such file")
            elif self.server.wrongs[self.path]:
                self.server.wrongs[self.path].pop(0)(self, content)
            else:
                self.serve(content)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def names(self, content: bytes) -> dict[str, str]:
        """What names this version of a file."""
        if not self.server.versions:
            return {}
        return {"ETag": f'"{hashlib.sha256(content).hexdigest()[:16]}"', "Last_Modified": "Sat, 19 Apr 2025 15:00:00 GMT"}  # fmt: skip

    def serve(self, content: bytes, *, ranges: bool = True) -> None:
        names = self.names(content)
        if names and self.headers.get("If-None-Match") == names["ETag"]:
            return self.answer(304, **names)
        wanted = self.headers.get("Range", "")
        if ranges and wanted and self.headers.get("If-Range") == names.get("ETag"):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                return self.answer(416)
            headers = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
            return self.answer(206, content[start:], **headers, **names)
        return self.answer(200, content, **names)


def cut(at: int) -> Behaviour:
    """Announce the whole file and stop after ``at`` bytes."""

    def wrong(handler: Handler, content: bytes) -> None:
        names = {**handler.names(content), "Content_Length": str(len(content))}
        handler.answer(200, content[:at], **names)
        handler.close_connection = True

    return wrong


def chunked_cut(handler: Handler, content: bytes) -> None:
    """Send pieces, and no last one."""
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"10\r\n" + content[:16] + b"\r\n")
    handler.close_connection = True


def status(code: int, **headers: str) -> Behaviour:
    return lambda handler, _: handler.answer(code, b"", **headers)


def hang(handler: Handler, _: bytes) -> None:
    time.sleep(1.0)
    handler.close_connection = True


def redirect(to: str) -> Behaviour:
    return status(302, Location=to)


def without_ranges(handler: Handler, content: bytes) -> None:
    handler.serve(content, ranges=False)


@pytest.fixture
def home() -> Iterator[Home]:
    with Home() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


MANNERS = Manners(attempts=3, first_pause_s=1, between_requests_s=0, connect_s=1, read_s=0.3)


class Fetcher:
    """Fetches into a data root, with a clock that waits for nobody."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.pauses: list[float] = []

    def __call__(self, *items: dict[str, Any], manners: Manners = MANNERS, **rest: Any) -> FetchOutcome:
        wanted: list[Wanted] = []
        for item in items:
            wanted += expand(FetchItem.model_validate(item), source_id="s", licence="CC0", notice="Mind it.")
        plan = FetchPlan(case_id="c", data=self.data, wanted=tuple(wanted), notices=(), without_home=())  # fmt: skip
        clock = Clock(moment=lambda: datetime(2031, 5, 4, 12, tzinfo=UTC), pause=self.pauses.append)
        keys = rest.pop("keys", {})
        return run_fetch(plan, keys=keys, clock=clock, manners=manners, **rest)

    @property
    def lines(self) -> list[dict[str, Any]]:
        path = self.data / "fetched.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def names(self) -> set[str]:
        return {p.relative_to(self.data).as_posix() for p in self.data.rglob("*") if p.is_file()}


@pytest.fixture
def fetch(tmp_path: Path) -> Fetcher:
    return Fetcher(tmp_path / "data")


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def code_of(outcome: FetchOutcome) -> str:
    (problem,) = outcome.problems
    assert problem.next_step
    return problem.code


def test_a_file_comes_whole_and_is_recorded(home: Home, fetch: Fetcher) -> None:
    outcome = fetch({"url": home.put("/a.csv", BODY), "to": "s/a.csv"})
    assert not outcome.problems
    assert (fetch.data / "s/a.csv").read_bytes() == BODY
    assert fetch.names == {"s/a.csv", "fetched.jsonl"}
    (line,) = fetch.lines
    assert line["sha256"] == line["download_sha256"] == sha(BODY)
    assert line["size"] == len(BODY)
    assert line["fetched_at"] == "2031-05-04T12:00:00Z"
    assert line["licence"] == "CC0"
    assert line["notice"] == "Mind it."
    assert line["final_url"] == line["url"] == home.url("/a.csv")
    ((_, headers),) = home.asked
    assert headers["User-Agent"] == USER_AGENT
    assert headers["User-Agent"].startswith("truceline/")


def test_a_second_run_downloads_nothing(home: Home, fetch: Fetcher) -> None:
    item = {"url": home.put("/a.csv", BODY), "to": "a.csv"}
    fetch(item)
    outcome = fetch(item)
    assert outcome.counts == {"unchanged": 1}
    assert outcome.bytes_fetched == 0
    assert home.asked[-1][1]["If-None-Match"]
    assert len(fetch.lines) == 1


def test_what_the_case_expects_and_lies_there_is_not_asked_for(home: Home, fetch: Fetcher) -> None:
    fetch.data.mkdir()
    (fetch.data / "a.csv").write_bytes(BODY)
    outcome = fetch({"url": home.put("/a.csv", BODY), "to": "a.csv", "sha256": sha(BODY)})
    assert outcome.counts == {"there": 1}
    assert home.asked == []


def test_a_server_that_names_no_version_is_compared_by_digest(home: Home, fetch: Fetcher) -> None:
    home.versions = False
    item = {"url": home.put("/a.csv", BODY), "to": "a.csv"}
    fetch(item)
    assert fetch(item).counts == {"unchanged": 1}
    assert len(fetch.lines) == 1
    assert fetch.names == {"a.csv", "fetched.jsonl"}


def test_a_cut_download_goes_on_where_it_stopped(home: Home, fetch: Fetcher) -> None:
    outcome = fetch({"url": home.put("/a", BODY, cut(300_000)), "to": "a"})
    assert not outcome.problems
    assert (fetch.data / "a").read_bytes() == BODY
    first, second = home.asked
    assert "Range" not in first[1]
    assert second[1]["Range"] == "bytes=300000-"
    assert second[1]["If-Range"]


def test_a_later_run_goes_on_where_the_first_one_failed(home: Home, fetch: Fetcher) -> None:
    item = {"url": home.put("/a", BODY, cut(300_000), status(503), status(503)), "to": "s/a"}
    assert code_of(fetch(item)) == "fetch_failed"
    assert fetch.names == {"s/a.part", "s/a.resume"}
    assert not fetch(item).problems
    assert home.asked[-1][1]["Range"] == "bytes=300000-"
    assert (fetch.data / "s/a").read_bytes() == BODY
    assert fetch.names == {"s/a", "fetched.jsonl"}


def test_a_server_that_ignores_ranges_starts_anew(home: Home, fetch: Fetcher) -> None:
    outcome = fetch({"url": home.put("/a", BODY, cut(300_000), without_ranges), "to": "a"})
    assert not outcome.problems
    assert (fetch.data / "a").read_bytes() == BODY


def test_bytes_of_two_versions_are_never_joined(home: Home, fetch: Fetcher) -> None:
    def change(handler: Handler, _: bytes) -> None:
        home.files["/a"] = BODY[::-1]
        handler.serve(home.files["/a"])

    assert not fetch({"url": home.put("/a", BODY, cut(300_000), change), "to": "a"}).problems
    assert (fetch.data / "a").read_bytes() == BODY[::-1]


@pytest.mark.parametrize("name", ["ETag", "Last_Modified"])
def test_a_server_that_goes_on_with_another_version_is_not_believed(
    home: Home, fetch: Fetcher, name: str
) -> None:
    old, new = BODY, bytes(reversed(BODY))
    said = {"ETag": ('"a"', '"b"'), "Last_Modified": ("Sat, 19 Apr 2025 15:00:00 GMT", "Sun, 20 Apr 2025 15:00:00 GMT")}  # fmt: skip

    def first(handler: Handler, _: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(old)))
        handler.send_header(name.replace("_", "-"), said[name][0])
        handler.end_headers()
        handler.wfile.write(old[:100_000])

    def then(handler: Handler, _: bytes) -> None:
        begin = int(handler.headers["Range"].removeprefix("bytes=").rstrip("-"))
        rest = {"Content_Range": f"bytes {begin}-{len(new) - 1}/{len(new)}", name: said[name][1]}
        handler.answer(206, new[begin:], **rest)

    assert not fetch({"url": home.put("/a", new, first, then), "to": "a"}).problems
    assert (fetch.data / "a").read_bytes() == new


def test_without_a_named_version_a_part_is_not_gone_on_with(home: Home, fetch: Fetcher) -> None:
    home.versions = False
    item = {"url": home.put("/a", BODY, *[cut(300_000)] * 3), "to": "a"}
    assert code_of(fetch(item)) == "fetch_incomplete"
    assert fetch.names == set()
    assert not fetch(item).problems
    assert all("Range" not in headers for _, headers in home.asked)


def test_a_part_that_is_whole_or_too_long_is_fetched_anew(home: Home, fetch: Fetcher) -> None:
    item = {"url": home.put("/a", BODY, cut(300_000), status(503), status(503)), "to": "a"}
    fetch(item)
    with (fetch.data / "a.part").open("ab") as handle:
        handle.write(b"0" * len(BODY))
    assert not fetch(item).problems
    assert (fetch.data / "a").read_bytes() == BODY


@pytest.mark.parametrize("wrong", [cut(5), chunked_cut])
def test_a_truncated_body_is_never_a_file(home: Home, fetch: Fetcher, wrong: Behaviour) -> None:
    home.versions = False
    assert code_of(fetch({"url": home.put("/a", BODY, *[wrong] * 3), "to": "a"})) == "fetch_incomplete"
    assert fetch.names == set()
    assert len(home.asked) == 3


def test_a_silent_server_is_given_up(home: Home, fetch: Fetcher) -> None:
    outcome = fetch({"url": home.put("/a", BODY, *[hang] * 3), "to": "a"})
    assert code_of(outcome) == "fetch_failed"
    assert "did not answer" in outcome.problems[0].message
    assert fetch.pauses == [1, 2]


def test_a_server_that_drips_is_given_up(home: Home, fetch: Fetcher) -> None:
    def drip(handler: Handler, content: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        for position in range(40):
            handler.wfile.write(content[position : position + 1])
            time.sleep(0.02)

    slow = Manners(attempts=2, first_pause_s=0, between_requests_s=0, patience_s=0.1, slowest_bytes_per_s=500)
    outcome = fetch({"url": home.put("/a", BODY, drip, drip), "to": "a"}, manners=slow)
    assert code_of(outcome) == "fetch_incomplete"
    assert "bytes in" in outcome.problems[0].message
    assert fetch.names == set()


def test_a_silence_that_ends_is_waited_out(home: Home, fetch: Fetcher) -> None:
    assert not fetch({"url": home.put("/a", BODY, hang, status(502)), "to": "a"}).problems
    assert fetch.pauses == [1, 2]


def test_what_is_not_there_is_not_asked_for_again(home: Home, fetch: Fetcher) -> None:
    outcome = fetch({"url": home.url("/nowhere"), "to": "a"})
    assert code_of(outcome) == "fetch_failed"
    assert "404" in outcome.problems[0].message
    assert len(home.asked) == 1


def test_days_that_the_home_leaves_out_are_no_error(home: Home, fetch: Fetcher) -> None:
    for day in (1, 3):
        home.put(f"/map_2031050{day}.json", BODY)
    item = {"url": home.url("/map_{date:%Y%m%d}.json"), "to": "maps/{date}.json", "may_be_absent": True, "dates": {"from": "2031-05-01", "until": "2031-05-03"}}  # fmt: skip
    outcome = fetch(item)
    assert outcome.counts == {"fetched": 2, "absent": 1}
    assert fetch.names == {"maps/2031-05-01.json", "maps/2031-05-03.json", "fetched.jsonl"}
    assert any("2031-05-02" in line for line in outcome.lines())


def test_a_server_is_left_alone_as_long_as_it_asks(home: Home, fetch: Fetcher) -> None:
    date = "Sun, 04 May 2031 12:00:20 GMT"
    url = home.put("/a", BODY, status(429, Retry_After="7"), status(503, Retry_After=date))
    assert not fetch({"url": url, "to": "a"}).problems
    assert fetch.pauses == [7, 20]


def test_a_server_that_asks_for_hours_is_not_asked_again_for_any_file(home: Home, fetch: Fetcher) -> None:
    items = [
        {"url": home.put(f"/{n}", BODY, status(429, Retry_After="7200")), "to": f"{n}"} for n in range(3)
    ]
    outcome = fetch(*items)
    assert [problem.code for problem in outcome.problems] == ["fetch_failed"] * 3
    assert fetch.pauses == []
    assert len(home.asked) == 1


def test_a_host_is_not_asked_in_quick_succession(home: Home, fetch: Fetcher) -> None:
    items = [{"url": home.put(f"/{n}", BODY), "to": f"{n}"} for n in range(3)]
    fetch(*items, manners=Manners(between_requests_s=5))
    assert len(fetch.pauses) == 2
    assert all(4 < pause <= 5 for pause in fetch.pauses)


def test_a_machine_without_network_is_told_once(fetch: Fetcher) -> None:
    items = [{"url": f"http://127.0.0.1:9/{n}", "to": f"{n}"} for n in range(5)]
    outcome = fetch(*items)
    assert len(outcome.problems) == 5
    assert "cannot be reached" in outcome.problems[0].message
    assert fetch.pauses == [1, 2]


def test_redirects_are_followed_and_told(home: Home, fetch: Fetcher) -> None:
    url = home.put("/old", b"", redirect("/new#part"))
    home.put("/new", BODY)
    assert not fetch({"url": url, "to": "a"}).problems
    assert fetch.lines[0]["final_url"] == home.url("/new")
    assert fetch.lines[0]["crossed_hosts"] == []


@pytest.mark.parametrize(
    "to", ["/round", "file:///etc/passwd", "ftp://127.0.0.1/a", "http://localhost:9/a", "http://u:p@127.0.0.1/a", "http://[/"]
)  # fmt: skip
def test_a_redirect_that_is_not_safe_is_refused(home: Home, fetch: Fetcher, to: str) -> None:
    url = home.put("/round", BODY, *[redirect(to)] * 9)
    assert code_of(fetch({"url": url, "to": "a"})) == "fetch_refused"
    assert fetch.names == set()


def test_too_many_redirects_are_refused(home: Home, fetch: Fetcher) -> None:
    for n in range(12):
        home.put(f"/{n}", BODY, redirect(f"/{n + 1}"))
    assert code_of(fetch({"url": home.url("/0"), "to": "a"})) == "fetch_refused"


def test_a_redirect_never_lowers_the_protection(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        to = {"/down": "http://a.example/x", "/across": "https://b.example/x?signature=1"}
        if request.url.path in to:
            return httpx.Response(302, headers={"location": to[request.url.path]})
        return httpx.Response(200, stream=httpx.ByteStream(BODY))

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        downloader = Downloader(client=client, manners=MANNERS)
        part = Part(tmp_path / "a", url="u")
        with pytest.raises(FetchError) as fault:
            downloader.bring("https://a.example/down", part, most_bytes=10**7)
        assert fault.value.code == "fetch_refused"
        got = downloader.bring("http://a.example/across", part, most_bytes=10**7)
    assert got.crossed_hosts == ["b.example"]
    assert got.final_url == "https://b.example/x"


def test_a_changed_file_is_an_error_until_it_is_accepted(home: Home, fetch: Fetcher) -> None:
    item = {"url": home.put("/a.csv", BODY), "to": "a.csv"}
    fetch(item)
    home.put("/a.csv", b"other")
    outcome = fetch(item)
    assert code_of(outcome) == "fetch_changed"
    assert outcome.problems[0].got == sha(b"other")
    assert (fetch.data / "a.csv").read_bytes() == BODY
    assert fetch.names == {"a.csv", "fetched.jsonl"}

    outcome = fetch(item, accept_changed=True)
    assert outcome.counts == {"replaced": 1}
    kept = f"a.csv.was-{sha(BODY)[:8]}"
    assert (fetch.data / "a.csv").read_bytes() == b"other"
    assert (fetch.data / kept).read_bytes() == BODY
    assert [line["sha256"] for line in fetch.lines] == [sha(BODY), sha(b"other")]
    assert fetch.lines[1]["replaces_sha256"] == sha(BODY)
    assert fetch.lines[1]["kept_as"] == kept
    assert fetch(item).counts == {"unchanged": 1}


def test_a_file_that_the_case_does_not_expect_is_refused(home: Home, fetch: Fetcher) -> None:
    item = {"url": home.put("/a", BODY), "to": "a", "sha256": "0" * 64}
    assert code_of(fetch(item)) == "fetch_changed"
    assert fetch.names == set()
    assert fetch(item, accept_changed=True).counts == {"fetched": 1}


@pytest.mark.parametrize("recorded", [True, False])
def test_a_file_that_somebody_put_there_is_not_overwritten(
    home: Home, fetch: Fetcher, recorded: bool
) -> None:
    item = {"url": home.put("/a", BODY), "to": "a"}
    if recorded:
        fetch(item)
    fetch.data.mkdir(exist_ok=True)
    (fetch.data / "a").write_bytes(b"mine")
    assert code_of(fetch(item)) == "fetch_changed"
    assert (fetch.data / "a").read_bytes() == b"mine"


def test_a_lost_file_comes_back_if_it_is_the_one_recorded(home: Home, fetch: Fetcher) -> None:
    item = {"url": home.put("/a", BODY), "to": "a"}
    fetch(item)
    (fetch.data / "a").unlink()
    assert fetch(item).counts == {"fetched": 1}
    (fetch.data / "a").unlink()
    home.put("/a", b"other")
    assert code_of(fetch(item)) == "fetch_changed"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<html>Log in</html>", {"Content_Type": "text/html; charset=utf-8"}),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", {}),
        (b"", {}),
    ],
)
def test_what_is_plainly_not_the_file_is_refused(
    home: Home, fetch: Fetcher, body: bytes, headers: dict[str, str]
) -> None:
    url = home.put("/a", BODY, lambda handler, _: handler.answer(200, body, **headers))
    assert code_of(fetch({"url": url, "to": "a.csv"})) == "fetch_failed"
    assert fetch.names == set()


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_larger_than_its_limit_is_refused(home: Home, fetch: Fetcher, announced: bool) -> None:
    def stream(handler: Handler, content: bytes) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(content)

    url = home.put("/a", BODY, *([] if announced else [stream]))
    assert code_of(fetch({"url": url, "to": "a", "max_size_mb": 0.5})) == "fetch_too_large"
    assert fetch.names == set()


def test_a_body_that_comes_compressed_is_stored_as_it_is_meant(home: Home, fetch: Fetcher) -> None:
    packed = gzip.compress(BODY)
    url = home.put("/a", BODY, lambda handler, _: handler.answer(200, packed, Content_Encoding="gzip"))
    assert not fetch({"url": url, "to": "a"}).problems
    assert (fetch.data / "a").read_bytes() == BODY


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"folder/{name}.csv", content)
    return buffer.getvalue()


def test_what_is_packed_is_unpacked(home: Home, fetch: Fetcher) -> None:
    one = {"url": home.put("/a.gz", gzip.compress(BODY)), "to": "a.csv", "unpack": "gzip"}
    two = {"url": home.put("/b.zip", zipped(b=BODY, c=b"c")), "to": "b.csv", "unpack": {"zip": "folder/b.csv"}, "sha256": sha(BODY)}  # fmt: skip
    assert not fetch(one, two).problems
    assert (fetch.data / "a.csv").read_bytes() == (fetch.data / "b.csv").read_bytes() == BODY
    assert fetch.names == {"a.csv", "b.csv", "fetched.jsonl"}
    assert fetch.lines[0]["sha256"] == sha(BODY) != fetch.lines[0]["download_sha256"]
    assert fetch(one, two).counts == {"unchanged": 1, "there": 1}


@pytest.mark.parametrize(
    ("body", "unpack", "code"),
    [
        (b"no gzip", "gzip", "fetch_failed"),
        (gzip.compress(BODY)[:-9], "gzip", "fetch_failed"),
        (gzip.compress(b"0" * 10**7), "gzip", "fetch_too_large"),
        (zipped(b=b"0" * 10**7), {"zip": "folder/b.csv"}, "fetch_too_large"),
        (zipped(b=BODY), {"zip": "folder/c.csv"}, "fetch_failed"),
        (b"no zip", {"zip": "b.csv"}, "fetch_failed"),
    ],
)
def test_what_cannot_be_unpacked_is_no_file(
    home: Home, fetch: Fetcher, body: bytes, unpack: Any, code: str
) -> None:
    item = {"url": home.put("/a", body), "to": "a", "unpack": unpack, "max_size_mb": 5}
    assert code_of(fetch(item)) == code
    assert fetch.names == set()


def test_a_key_goes_to_the_server_and_nowhere_else(home: Home, fetch: Fetcher) -> None:
    home.put("/api/s3cret/a", BODY)
    item = {"url": home.url("/api/{key}/a"), "to": "a", "key_from": "MAP_KEY"}
    assert code_of(fetch(item)) == "fetch_refused"
    assert home.asked == []
    assert code_of(fetch(item, keys={"MAP_KEY": "../x"})) == "fetch_refused"
    assert not fetch(item, keys={"MAP_KEY": "s3cret"}).problems
    assert "s3cret" not in (fetch.data / "fetched.jsonl").read_text()
    assert fetch(item, keys={"MAP_KEY": "s3cret"}).counts == {"unchanged": 1}


def test_one_that_fails_does_not_keep_the_others_away(home: Home, fetch: Fetcher) -> None:
    items = [{"url": home.put(f"/{n}", BODY), "to": f"{n}"} for n in range(3)]
    items[1]["url"] = home.url("/nowhere")
    outcome = fetch(*items)
    assert outcome.counts == {"fetched": 2, "failed": 1}
    assert fetch.names == {"0", "2", "fetched.jsonl"}


def test_a_link_in_the_data_root_is_not_followed(home: Home, fetch: Fetcher, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    fetch.data.mkdir()
    (fetch.data / "s").symlink_to(outside)
    (fetch.data / "b").symlink_to(outside / "b")
    (fetch.data / "c.part").symlink_to(outside / "c")
    url = home.put("/a", BODY)
    outcome = fetch({"url": url, "to": "s/a"}, {"url": url, "to": "b"}, {"url": url, "to": "c"})
    assert [one.state for one in outcome.brought] == ["failed", "failed", "fetched"]
    assert list(outside.iterdir()) == []


def test_a_folder_without_rights_is_told(home: Home, fetch: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    (fetch.data / "s").mkdir(parents=True)
    (fetch.data / "s").chmod(0o500)
    if os.geteuid() == 0:  # who may write anywhere

        def refuse(*_: Any, **__: Any) -> Any:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr("truceline.fetch.part._open", refuse)
    assert code_of(fetch({"url": home.put("/a", BODY), "to": "s/a"})) == "fetch_unwritable"


def test_a_full_disk_leaves_no_file(home: Home, fetch: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Part) -> Any:
        return Path("/dev/full").open("wb", buffering=0)  # every write to it fails as on a full disk

    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    monkeypatch.setattr(Part, "begin", lambda part, version: full(part))
    outcome = fetch({"url": home.put("/a", BODY), "to": "a"})
    assert code_of(outcome) == "fetch_unwritable"
    assert "No space" in outcome.problems[0].message
    assert fetch.names == set()


def test_a_data_root_that_cannot_be_made_is_told(home: Home, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        Fetcher(tmp_path / "file" / "data")({"url": home.put("/a", BODY), "to": "a"})


def test_a_torn_line_of_the_record_costs_nothing_else(home: Home, fetch: Fetcher) -> None:
    one, two = ({"url": home.put(f"/{n}", BODY), "to": f"{n}"} for n in range(2))
    fetch(one)
    with (fetch.data / "fetched.jsonl").open("a") as record:
        record.write('{"source": "s", "to')
    assert fetch(one, two).counts == {"unchanged": 1, "fetched": 1}
    assert fetch(one, two).counts == {"unchanged": 2}


def test_a_record_that_is_not_ours_is_told(home: Home, fetch: Fetcher) -> None:
    fetch.data.mkdir()
    (fetch.data / "fetched.jsonl").write_text("hello\n")
    with pytest.raises(OutputError, match="row 1"):
        fetch({"url": home.put("/a", BODY), "to": "a"})


def test_two_runs_do_not_fetch_into_one_folder(home: Home, fetch: Fetcher, tmp_path: Path) -> None:
    inner: list[type[BaseException]] = []

    def meanwhile(handler: Handler, content: bytes) -> None:
        try:
            Fetcher(fetch.data)({"url": home.url("/b"), "to": "b"})
        except OutputError as error:
            inner.append(type(error))
        handler.serve(content)

    url = home.put("/a", BODY, meanwhile)
    assert not fetch({"url": url, "to": "a"}, manners=Manners(read_s=5)).problems
    assert inner == [OutputError]


# -- the whole command ------------------------------------------------------------------------
def case_with(folder: Path, project_root: Path, fetch: str) -> Path:
    case = folder / "case"
    shutil.copytree(project_root / "cases" / "easter-2025", case)
    text = (case / "case.yaml").read_text(encoding="utf-8")
    assert text.count("    adapter: cloud_cover\n") == 1
    before, after = text.split("    adapter: cloud_cover\n")
    lines = [line for line in after.split("\n  - id:")[0].splitlines() if not line.startswith("    fetch:")]
    rest = after[len(after.split("\n  - id:")[0]) :]
    (case / "case.yaml").write_text(
        f"{before}    adapter: cloud_cover\n" + "\n".join(lines) + f"\n    fetch:\n{fetch}" + rest,
        encoding="utf-8",
    )
    return case


def command(case: Path, data: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-c", START, "fetch", str(case), "--data", str(data), "--source", "cloud", *arguments]  # fmt: skip


def test_the_command_shows_the_licence_and_fetches(home: Home, project_root: Path, tmp_path: Path) -> None:
    url = home.put("/cloud.csv", b"date,cloud_cover_country,cloud_cover_east\n2025-04-20,.1,.1\n")
    item = f"      - {{url: {url}, to: cloud_cover/cloud_cover.csv, note: Longer than the first.}}\n"
    case = case_with(tmp_path, project_root, item)
    data = tmp_path / "data"
    dry = subprocess.run(command(case, data, "--dry-run"), capture_output=True, text=True, check=True)
    assert url in dry.stdout
    assert "CC BY 4.0" in dry.stdout
    assert "Longer than the first." in dry.stdout
    assert "in all      1 file from 1 host: 127.0.0.1:" in dry.stdout
    assert "there       0 files, 0 bytes" in dry.stdout
    assert "to bring    1 file; size not known of 1 file, at most 500 MB each" in dry.stdout
    assert home.asked == []
    assert not data.exists()
    done = subprocess.run(command(case, data), capture_output=True, text=True, check=True)
    assert "1 fetched" in done.stdout
    assert (data / "cloud_cover" / "cloud_cover.csv").is_file()
    told = json.loads((data / "fetched.jsonl").read_text())
    assert "CC BY 4.0" in told["notice"]
    dry = subprocess.run(command(case, data, "--dry-run"), capture_output=True, text=True, check=True)
    assert f"there       1 file, {told['size']} bytes" in dry.stdout
    assert "to bring    0 files\n" in dry.stdout
    (data / "cloud_cover" / "cloud_cover.csv").unlink()
    dry = subprocess.run(
        command(case, data, "--dry-run", "--json"), capture_output=True, text=True, check=True
    )
    summary = json.loads(dry.stdout)["summary"]
    assert (summary["files_to_come"], summary["bytes_known"]) == (1, told["size"])
    assert (summary["files_there"], summary["most_bytes_of_one"]) == (0, 0)


def test_the_command_ends_with_its_code_where_a_file_fails(
    home: Home, project_root: Path, tmp_path: Path
) -> None:
    item = f"      - {{url: {home.url('/no')}, to: cloud_cover/cloud_cover.csv}}\n"
    case = case_with(tmp_path, project_root, item)
    ended = subprocess.run(command(case, tmp_path / "data"), capture_output=True, text=True, check=False)
    assert ended.returncode == 6
    assert "fetch_failed" in ended.stderr
    assert "Traceback" not in ended.stderr
    ended = subprocess.run(command(case, tmp_path / "data", "--json"), capture_output=True, text=True, check=False)  # fmt: skip
    assert ended.returncode == 6
    assert json.loads(ended.stdout)["problems"][0]["code"] == "fetch_failed"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_fetch_leaves_no_half_file_and_goes_on(
    home: Home, project_root: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    reached = threading.Event()

    def stall(handler: Handler, content: bytes) -> None:
        handler.send_response(200)
        for name, value in {**handler.names(content), "Content-Length": str(len(content))}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content[:500_000])
        handler.wfile.flush()
        reached.set()
        time.sleep(3)

    url = home.put("/cloud.csv", BODY, stall)
    case = case_with(tmp_path, project_root, f"      - {{url: {url}, to: cloud_cover/cloud_cover.csv}}\n")
    folder = tmp_path / "data" / "cloud_cover"
    with subprocess.Popen(command(case, tmp_path / "data"), stderr=subprocess.PIPE, text=True) as run:
        assert reached.wait(30)
        deadline = time.monotonic() + 10
        part = folder / "cloud_cover.csv.part"
        while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
        run.send_signal(number)
        _, told = run.communicate(timeout=30)
    assert run.returncode == code
    assert "Traceback" not in told
    assert not (folder / "cloud_cover.csv").exists()
    subprocess.run(command(case, tmp_path / "data"), check=True, capture_output=True)
    assert (folder / "cloud_cover.csv").read_bytes() == BODY
    assert home.asked[-1][1].get("Range", "").startswith("bytes=")
    assert [path.name for path in folder.iterdir()] == ["cloud_cover.csv"]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("{url: 'file:///etc/passwd', to: cloud_cover/cloud_cover.csv}", "not an address"),
        ("{url: 'https://u:p@a.example/x', to: cloud_cover/cloud_cover.csv}", "not an address"),
        ("{url: 'https://a.example/x', to: ../cloud_cover.csv}", "leaves the data root"),
        ("{url: 'https://a.example/x', to: /cloud_cover/cloud_cover.csv}", "leaves the data root"),
        ("{url: 'https://a.example/x', to: cloud_cover/other.csv}", "none of `files` reads"),
        ("{url: 'https://a.example/x', to: fetched.jsonl}", "keeps for itself"),
        ("{url: 'https://a.example/x', to: 'cloud_cover//cloud_cover.csv'}", "not a plain path"),
        ("{url: 'https://a.example/{date}', to: cloud_cover/cloud_cover.csv}", "`dates` does not"),
        ("{url: 'https://a.example/{day}', to: cloud_cover/cloud_cover.csv}", "braces"),
        ("{url: 'https://a.example/{key}', to: cloud_cover/cloud_cover.csv}", "key_from"),
        ("{url: 'https://a.example/x', to: cloud_cover/cloud_cover.csv, dates: {from: 2025-05-01, until: 2025-05-02}}", "need a {date}"),
        ("{url: 'https://a.example/{date}', to: 'cloud_cover/{date}.csv', dates: {from: 2025-05-02, until: 2025-05-01}}", "before they begin"),
        ("{url: 'https://a.example/x', to: cloud_cover/cloud_cover.csv, sha256: abc}", "sha256"),
        ("{url: 'https://a.example/{date}', to: 'cloud_cover/{date}.csv', dates: {form: 2025-05-02, until: 2025-05-01}}", "Did you mean 'from'?"),
    ],
)  # fmt: skip
def test_a_home_that_is_described_wrongly_is_told(
    project_root: Path, tmp_path: Path, item: str, told: str
) -> None:
    case = case_with(tmp_path, project_root, f"      - {item}\n")
    with pytest.raises(CaseError) as fault:
        plan_fetch(case, data=tmp_path / "data")
    assert any(told in str(problem) for problem in fault.value.problems)


def test_two_files_cannot_have_one_path(project_root: Path, tmp_path: Path) -> None:
    item = "      - {url: 'https://a.example/x', to: cloud_cover/cloud_cover.csv}\n"
    case = case_with(tmp_path, project_root, item * 2)
    with pytest.raises(CaseError) as fault:
        plan_fetch(case, data=tmp_path / "data")
    assert [problem.code for problem in fault.value.problems] == ["id_repeated"]


def test_a_source_that_is_not_there_or_has_no_home_is_told(project_root: Path, tmp_path: Path) -> None:
    case = case_with(tmp_path, project_root, "      []\n")
    with pytest.raises(CallError) as fault:
        plan_fetch(case, data=tmp_path / "data", sources=["clouds", "cloud"])
    assert {problem.code for problem in fault.value.problems} == {"name_unknown", "fetch_homeless"}


def test_every_code_of_fetching_is_provoked() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    codes = {code for code in CODES if code.startswith("fetch_")}
    assert len(codes) == 7
    assert {code for code in codes if f'"{code}"' not in text} == set()
