"""One file over HTTP: patient with the server, strict with what it sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from truceline import __version__
from truceline.base.errors import Problem
from truceline.base.progress import Progress, silent
from truceline.fetch.clock import Clock
from truceline.fetch.part import Part

USER_AGENT = f"truceline/{__version__} (open-source ceasefire verification; one request at a time)"

REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: the server may answer the same request later
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How long to wait, how often to ask."""

    attempts: int = 5
    first_pause_s: float = 1.0  #: doubles with each attempt
    most_pause_s: float = 60.0  #: longer waits that a server asks for end the file, not the run
    between_requests_s: float = 0.5  #: to one host
    redirects: int = 8
    connect_s: float = 15.0
    read_s: float = 30.0
    patience_s: float = 120.0  #: after which a download that is slower than the next is broken off
    slowest_bytes_per_s: float = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the server said of the version that is at hand."""

    etag: str | None
    last_modified: str | None

    def headers(self) -> dict[str, str]:
        """A request that is answered only by something newer."""
        headers = {}
        if self.etag:
            headers["If-None-Match"] = self.etag
        if self.last_modified:
            headers["If-Modified-Since"] = self.last_modified
        return headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A file that came whole (it is in its part), or that has not changed."""

    unchanged: bool
    final_url: str
    crossed_hosts: list[str]
    etag: str | None = None
    last_modified: str | None = None
    content_type: str = ""


class FetchError(Exception):
    """A file that cannot be brought."""

    def __init__(self, code: str, message: str, **rest: str) -> None:
        super().__init__(message)
        self.code, self.message, self.rest = code, message, rest

    def problem(self, *, file: str) -> Problem:
        """As it is told."""
        rest = self.rest
        return Problem(code=self.code, message=self.message, file=file, got=rest.get("got", ""), expected=rest.get("expected", ""), next_step=rest.get("next_step", ""))  # fmt: skip


class NotThereError(FetchError):
    """The home has no such file."""


class _AgainError(Exception):
    """Worth another attempt, after ``wait_s`` where the server said so."""

    def __init__(self, fault: FetchError, *, wait_s: float | None = None, host_down: bool = False) -> None:
        super().__init__(fault.message)
        self.fault, self.wait_s, self.host_down = fault, wait_s, host_down


@dataclass(slots=True, kw_only=True)
class Downloader:
    """Brings one file after another: never two requests at once, never two in quick succession to a host."""

    client: httpx.Client
    clock: Clock = field(default_factory=Clock)
    manners: Manners = field(default_factory=Manners)
    progress: Progress = silent
    _asked_at: dict[str, float] = field(default_factory=dict)
    _given_up: dict[str, FetchError] = field(default_factory=dict)

    def bring(self, url: str, part: Part, *, most_bytes: int, known: Known | None = None) -> Answer:
        """Bring ``url`` into ``part``, whole.

        Raises
        ------
        NotThereError
            If the home has no such file.
        FetchError
            If it cannot be brought otherwise. A part that can be gone on with is left.
        """
        host = httpx.URL(url).host
        pause_s = self.manners.first_pause_s
        for attempt in range(1, self.manners.attempts + 1):
            if host in self._given_up:
                raise self._given_up[host]
            try:
                return self._try(url, part, most_bytes=most_bytes, known=known)
            except _AgainError as again:
                if attempt == self.manners.attempts:
                    if again.host_down:
                        self._given_up[host] = again.fault
                    raise again.fault from again
                wait_s = pause_s if again.wait_s is None else again.wait_s
                if wait_s > self.manners.most_pause_s:
                    fault = FetchError("fetch_failed", f"{host} asks to be left alone for {wait_s:.0f} s", expected=f"at most {self.manners.most_pause_s:.0f} s", next_step="Run the command again later; what has come is kept")  # fmt: skip
                    self._given_up[host] = fault
                    raise fault from again
                self.clock.pause(wait_s)
                pause_s = min(2 * pause_s, self.manners.most_pause_s)
        raise AssertionError("every attempt returns or raises")

    def ask(self, url: str, question: bytes, *, kind: str, most_bytes: int) -> bytes:
        """The answer to a question (of the media type ``kind``) that is put once, and not followed elsewhere.

        Raises
        ------
        FetchError
            If there is no answer, or one of more than ``most_bytes``.
        """
        headers = {"Accept-Encoding": "identity", "Content-Type": kind}
        try:
            response = self._send(httpx.URL(url), headers, question=question)
            try:
                if response.status_code != 200:
                    raise self._refusal(response)
                answer = b""
                for chunk in response.iter_raw():
                    answer += chunk
                    if len(answer) > most_bytes:
                        raise _too_large(len(answer), most_bytes)
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise _broken_off(len(answer), None, str(error) or type(error).__name__) from error
            finally:
                response.close()
        except _AgainError as again:
            raise again.fault from again
        return answer

    def _try(self, url: str, part: Part, *, most_bytes: int, known: Known | None) -> Answer:
        version = part.version
        have = part.size if version is not None else 0
        headers = {"Accept-Encoding": "identity"}  # the bytes as they lie there, so that lengths agree
        if version is not None:
            headers |= {"Range": f"bytes={have}-", "If-Range": version}
        elif known is not None:
            headers |= known.headers()
        with self._open(url, headers) as (response, crossed):
            status = response.status_code
            if status == 304 and known is not None:
                return self._answer(response, crossed, unchanged=True)
            if status == 416 or (status == 206 and not _goes_on(response, have, version)):
                part.discard()
                raise _AgainError(FetchError("fetch_incomplete", "the server would not go on where the download had stopped", next_step="Run the command again"), wait_s=0)  # fmt: skip
            if status not in (200, 206):
                raise self._refusal(response)
            self._receive(response, part, have=have if status == 206 else 0, most_bytes=most_bytes)
            return self._answer(response, crossed, unchanged=False)

    def _answer(self, response: httpx.Response, crossed: list[str], *, unchanged: bool) -> Answer:
        return Answer(
            unchanged=unchanged,
            # the query of another host may hold a passing signature, which is nobody's business
            final_url=str(response.url.copy_with(query=None) if crossed else response.url),
            crossed_hosts=crossed,
            etag=response.headers.get("etag"),
            last_modified=response.headers.get("last-modified"),
            content_type=response.headers.get("content-type", ""),
        )

    def _refusal(self, response: httpx.Response) -> Exception:
        status, reason = response.status_code, response.reason_phrase
        told = f"{response.url.host} answers {status} {reason}".rstrip()
        if status in GONE:
            return NotThereError("fetch_failed", f"the file is not at its public home ({told})", next_step="Look where it went, and correct `url` in the case; `may_be_absent: true` where days are left out on purpose")  # fmt: skip
        if status not in AGAIN:
            return FetchError("fetch_failed", told, expected="200 OK", next_step="Open the address in a browser: it may ask for a key or a log-in")  # fmt: skip
        fault = FetchError("fetch_failed", f"{told}, {self.manners.attempts} times", expected="200 OK", next_step="Run the command again later")  # fmt: skip
        return _AgainError(fault, wait_s=self._retry_after_s(response))

    def _retry_after_s(self, response: httpx.Response) -> float | None:
        """Seconds that the server asks to wait (RFC 9110, 10.2.3: seconds or a date)."""
        text = response.headers.get("retry-after", "").strip()
        if text.isdecimal():
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - self.clock.moment()).total_seconds())

    def _receive(self, response: httpx.Response, part: Part, *, have: int, most_bytes: int) -> None:
        """Write the body to the part; a body of another length than announced is not a file."""
        encoded = response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")
        length = None if encoded else _whole(response.headers.get("content-length"))
        total = None if length is None else have + length
        if total is not None and total > most_bytes:
            part.discard()
            raise _too_large(total, most_bytes)
        version = None if encoded else _version(response)
        came, began_s = 0, self.clock.stopwatch_s()
        with part.go_on() if have else part.begin(version=version) as handle:
            try:
                for chunk in response.iter_bytes() if encoded else response.iter_raw():
                    have += len(chunk)
                    came += len(chunk)
                    gone_s = self.clock.stopwatch_s() - began_s
                    if gone_s > self.manners.patience_s and came < gone_s * self.manners.slowest_bytes_per_s:
                        handle.write(chunk)
                        raise _AgainError(_broken_off(have, total, f"{came} bytes in {gone_s:.0f} s"))
                    if have > most_bytes:
                        handle.close()
                        part.discard()
                        raise _too_large(have, most_bytes)
                    handle.write(chunk)
                    if total is not None:
                        self.progress("this file, kB", have // 1000, max(1, total // 1000))
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise _AgainError(_broken_off(have, total, str(error) or type(error).__name__)) from error
        if total is not None and have != total:
            raise _AgainError(_broken_off(have, total, "the connection ended"))

    @contextmanager
    def _open(self, url: str, headers: dict[str, str]) -> Iterator[tuple[httpx.Response, list[str]]]:
        """Send a request and follow redirects, never to a less protected address."""
        here = httpx.URL(url)
        seen, crossed = {here}, list[str]()
        for _ in range(self.manners.redirects + 1):
            response = self._send(here, headers)
            try:
                if response.status_code not in REDIRECTS:
                    yield response, crossed
                    return
                there = _redirect(here, response)
            finally:
                response.close()
            if there in seen:
                raise FetchError("fetch_refused", "the redirects lead in a circle", got=str(there.copy_with(query=None)), next_step="Correct `url` in the case")  # fmt: skip
            if there.host not in (here.host, *crossed):
                crossed.append(there.host)
            seen.add(there)
            here = there
        raise FetchError("fetch_refused", f"more than {self.manners.redirects} redirects", next_step="Give the address where the file really lies")  # fmt: skip

    def _send(
        self, url: httpx.URL, headers: dict[str, str], *, question: bytes | None = None
    ) -> httpx.Response:
        last = self._asked_at.get(url.host)
        if last is not None:
            gone_s = self.clock.stopwatch_s() - last
            if gone_s < self.manners.between_requests_s:
                self.clock.pause(self.manners.between_requests_s - gone_s)
        self._asked_at[url.host] = self.clock.stopwatch_s()
        try:
            method = "GET" if question is None else "POST"
            request = self.client.build_request(method, url, headers=headers, content=question)
            return self.client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            told = str(error) or type(error).__name__
            fault = FetchError("fetch_failed", f"{url.host} cannot be reached ({told})", next_step="See whether this machine is on the network (proxies come from the environment), then run the command again")  # fmt: skip
            if "CERTIFICATE" in told.upper():
                raise fault from error
            raise _AgainError(fault, host_down=True) from error
        except httpx.TimeoutException as error:
            raise _AgainError(FetchError("fetch_failed", f"{url.host} did not answer within {self.manners.read_s:g} s, {self.manners.attempts} times", next_step="Run the command again later")) from error  # fmt: skip
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise _AgainError(FetchError("fetch_failed", f"{url.host} broke the connection ({str(error) or type(error).__name__})", next_step="Run the command again later")) from error  # fmt: skip
        except httpx.TransportError as error:
            raise FetchError("fetch_failed", f"the request could not be made ({str(error) or type(error).__name__})", next_step="See to the proxy settings of the environment") from error  # fmt: skip


def make_client(manners: Manners) -> httpx.Client:
    """A client that names itself, gives up in time, and uses the environment's proxies."""
    timeout = httpx.Timeout(manners.read_s, connect=manners.connect_s)
    return httpx.Client(
        timeout=timeout,
        follow_redirects=False,
        headers={"User-Agent": USER_AGENT, "Accept": "*/*"},
        limits=httpx.Limits(max_connections=1),
    )


def _redirect(here: httpx.URL, response: httpx.Response) -> httpx.URL:
    """Where a redirect leads.

    To https always; to http only on the host that was asked by http already.
    """
    try:
        there = here.join(response.headers["location"]).copy_with(fragment=None)
    except (KeyError, httpx.InvalidURL) as error:
        raise FetchError("fetch_refused", "a redirect without a readable address", next_step="Correct `url` in the case") from error  # fmt: skip
    plain_already = here.scheme == "http" and (here.host, here.port) == (there.host, there.port)
    if there.userinfo or not there.host or not (there.scheme == "https" or (there.scheme == "http" and plain_already)):  # fmt: skip
        raise FetchError("fetch_refused", "a redirect leads to an address that is not safe to follow", got=str(there.copy_with(query=None, username=None, password=None)), expected="an https address", next_step="Give the address where the file really lies, if you trust it")  # fmt: skip
    return there


def _goes_on(response: httpx.Response, have: int, version: str | None) -> bool:
    """Whether the rest that came is the rest of what there is.

    A server may pay no heed to ``If-Range``: where it names a version, it must be the same one.
    """
    if not have or not response.headers.get("content-range", "").strip().startswith(f"bytes {have}-"):
        return False
    return _version(response) in (None, version)


def _version(response: httpx.Response) -> str | None:
    """What names this version for If-Range: a strong ETag, else the time of last change (RFC 9110, 13.1.5)."""
    etag: str | None = response.headers.get("etag")
    if etag and not etag.startswith("W/"):
        return etag
    changed: str | None = response.headers.get("last-modified")
    return changed


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdecimal() else None


def _too_large(size: int, most: int) -> FetchError:
    return FetchError("fetch_too_large", "the file is larger than its limit", got=f"{size / 1e6:.1f} MB or more", expected=f"at most {most / 1e6:g} MB", next_step="Raise `max_size_mb` of the item in the case, if the file is what you want")  # fmt: skip


def _broken_off(have: int, total: int | None, why: str) -> FetchError:
    of = "" if total is None else f" of {total}"
    return FetchError("fetch_incomplete", f"the download broke off after {have}{of} bytes ({why})", next_step="Run the command again: it goes on where it stopped, if the server can")  # fmt: skip


def as_text(moment: datetime) -> str:
    """A time as it stands in the record."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
