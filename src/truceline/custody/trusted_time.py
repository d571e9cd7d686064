"""Trusted time (RFC 3161): an authority's signed word that some bytes were there at a time.

1. ``make_request`` asks for it: the digest of the bytes, and a number by chance that the answer must repeat;
2. the authority answers with a file; 3. ``check_reply`` holds that file against the bytes, the number, and
the certificates of authorities that the reader trusts.

Signatures and certificates are checked by rfc3161-client, which is an extra and imported where it is used, as
is what reads certificates: whoever asks no authority needs neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from truceline.custody.chance import secret_bytes

if TYPE_CHECKING:
    from cryptography import x509
    from rfc3161_client import TimeStampResponse

NONCE_BYTES: Final = 9
MAX_REPLY_BYTES: Final = 1_000_000
_SHA256: Final = "2.16.840.1.101.3.4.2.1"  # RFC 5754, 2.2
_SHA256_DER: Final = bytes.fromhex("300d06096086480165030402010500")
_NO_ISSUER: Final = ("unable to get", "unable to verify the first", "self-signed", "self signed")
_WHY = re.compile(r'data: "Verify error: ([^"]*)"')


class StrangerError(ValueError):
    """A token of these bytes by an authority that the reader did not name: it may be good, and says nothing to him."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedTime:
    """At ``time_s`` (POSIX seconds, rounded down) the bytes were there, as ``authority`` signed."""

    time_s: int
    authority: str


def make_nonce() -> bytes:
    """A number that nobody can guess, as DER has it: it begins with 1, so that it has one length."""
    return b"\x01" + secret_bytes(NONCE_BYTES - 1)


def make_request(digest: bytes, nonce: bytes) -> bytes:
    """The request (RFC 3161, 2.4.1) for a SHA-256 digest, with the authority's certificate in the answer."""
    imprint = _der(0x30, _SHA256_DER, _der(0x04, digest))
    return _der(0x30, _der(0x02, b"\x01"), imprint, _der(0x02, nonce), _der(0x01, b"\xff"))


def _der(tag: int, *parts: bytes) -> bytes:
    """A value in DER, of less than 128 bytes."""
    content = b"".join(parts)
    return bytes([tag, len(content)]) + content


def nonce_of(request: bytes, digest: bytes) -> bytes:
    """The number in a request of ours for ``digest``. ValueError if it is none."""
    nonce = request[-3 - NONCE_BYTES : -3]
    if request != make_request(digest, nonce):
        raise ValueError("this is no request for the time of this checkpoint, as it was signed by the log")
    return nonce


def read_certificates(content: bytes) -> list[x509.Certificate]:
    """Certificates of a file, in PEM or DER. ValueError if there is none."""
    from cryptography import x509

    try:
        if content.startswith(b"\x30"):
            return [x509.load_der_x509_certificate(content)]
        return x509.load_pem_x509_certificates(content)
    except x509.InvalidVersion as error:
        raise ValueError(f"a certificate that is none: {error}") from error


def check_reply(
    content: bytes, *, digest: bytes, trusted: Iterable[x509.Certificate], nonce: bytes | None = None
) -> StampedTime:
    """What an authority's answer says of the bytes with the SHA-256 ``digest``.

    ``trusted`` are certificates, at least one of them its own issuer's. ``nonce``: of the request, where the
    answer has just come. A certificate must have been valid at the time that the token says, not now.

    Raises
    ------
    StrangerError
        If nobody who is trusted vouches for the signer's certificate.
    ValueError
        If it is no answer, a refusal, of other bytes, to another request, or its signature does not hold.
    ImportError
        If rfc3161-client is not installed.
    """
    from rfc3161_client import VerificationError, VerifierBuilder

    reply = _decode(content)
    imprint = reply.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message != digest:
        raise ValueError("the token is of other bytes than this checkpoint's")
    if nonce is not None and reply.tst_info.nonce != int.from_bytes(nonce, "big"):
        raise ValueError("the token answers another request: its number is not the one that was asked with")
    known = list(trusted)
    roots = [each for each in known if each.issuer == each.subject]
    others = [each for each in known if each.issuer != each.subject]
    if not roots:
        raise ValueError("among the certificates given is none that its holder issued to itself: a root")
    try:
        VerifierBuilder(roots=roots, intermediates=others).build().verify(reply, digest)
    except (VerificationError, ValueError) as error:
        found = _WHY.search(str(error))
        why = found[1] if found else "its signature does not hold"
        fault = StrangerError if why.startswith(_NO_ISSUER) else ValueError
        raise fault(f"the token is not that of an authority that was named: {why}") from error
    return StampedTime(time_s=int(reply.tst_info.gen_time.timestamp()), authority=_signer(reply))


def _decode(content: bytes) -> TimeStampResponse:
    """The answer, which must be granted."""
    from rfc3161_client import PKIStatus, decode_timestamp_response

    if len(content) > MAX_REPLY_BYTES:
        raise ValueError(f"an answer of more than {MAX_REPLY_BYTES} bytes")
    try:
        reply = decode_timestamp_response(content)
        status = PKIStatus(reply.status)
        reason = " ".join(reply.status_string) or status.name
        if status is PKIStatus.GRANTED:
            reply.tst_info  # noqa: B018 - raises where there is no token
    except ValueError as error:
        raise ValueError("this is no answer of a time-stamp authority (RFC 3161)") from error
    if status is not PKIStatus.GRANTED:
        raise ValueError(f"the authority refused: {reason}")
    return reply


def _signer(reply: TimeStampResponse) -> str:
    """Who signed, as its certificate in the answer names it."""
    from cryptography import x509

    signer = next(iter(reply.signed_data.signer_infos))
    certificates = map(x509.load_der_x509_certificate, reply.signed_data.certificates)
    [name] = [
        each.subject.rfc4514_string()
        for each in certificates
        if (each.issuer, each.serial_number) == (signer.issuer, signer.serial_number)
    ]
    return name
