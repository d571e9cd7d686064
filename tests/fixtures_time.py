"""Time-stamp authorities for tests: certificates made here, answers by ``openssl ts``."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(
    OPENSSL is None, reason="openssl is not on this machine: it plays the authority"
)
DAY = timedelta(days=1)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Authority:
    """An authority in a folder."""

    folder: Path
    name: str

    @property
    def root(self) -> Path:
        """Its root certificate."""
        return self.folder / "root.pem"

    def answer(self, request: bytes, *, digest: str = "sha256") -> bytes:
        """Its answer, which it makes now, by the machine's clock."""
        asked, given = self.folder / "asked.tsq", self.folder / "given.tsr"
        asked.write_bytes(request)
        (self.folder / "ts.cnf").write_text(
            f"[tsa]\ndefault_tsa=t\n[t]\nserial={self.folder}/serial\nsigner_digest=sha256\n"
            f"default_policy=1.2.3.4.1\ndigests={digest}\naccuracy=secs:1\ness_cert_id_alg=sha256\n"
        )
        call(
            "reply", "-config", self.folder / "ts.cnf", "-queryfile", asked, "-signer",
            self.folder / "signer.pem", "-inkey", self.folder / "signer.key", "-out", given,
        )  # fmt: skip
        return given.read_bytes()


def call(*words: object) -> str:
    """``openssl ts``; what it prints."""
    assert OPENSSL is not None
    done = subprocess.run([OPENSSL, "ts", *(f"-{words[0]}", *map(str, words[1:]))], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_authority(
    folder: Path, *, name: str = "authority", days: tuple[int, int] = (-1, 365), between: bool = False
) -> Authority:
    """An authority whose signer's certificate holds from and to so many days from now.

    ``between``: the root vouches for another certificate, ``between.pem``, and that one for the signer.
    """
    folder.mkdir()
    now = datetime.now(UTC)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    whole = (now - 3650 * DAY, now + 3650 * DAY)
    root = _certificate(f"root of {name}", f"root of {name}", root_key, root_key, *whole, root=True)
    issuer, issuer_key = f"root of {name}", root_key
    if between:
        issuer_key = ec.generate_private_key(ec.SECP256R1())
        middle = _certificate(f"between of {name}", issuer, issuer_key, root_key, *whole, root=True)
        (folder / "between.pem").write_bytes(middle.public_bytes(_PEM))
        issuer = f"between of {name}"
    signer = _certificate(name, issuer, key, issuer_key, now + days[0] * DAY, now + days[1] * DAY)
    (folder / "root.pem").write_bytes(root.public_bytes(_PEM))
    (folder / "signer.pem").write_bytes(signer.public_bytes(_PEM))
    secret = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "signer.key").write_bytes(secret)
    (folder / "serial").write_text("01\n")
    return Authority(folder, name)


def _certificate(
    subject: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    start: datetime,
    stop: datetime,
    *,
    root: bool = False,
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    made = (
        x509.CertificateBuilder(named(issuer), named(subject), key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(stop)
        .add_extension(x509.BasicConstraints(root, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )  # fmt: skip
    if not root:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        made = made.add_extension(usage, critical=True)
    return made.sign(signer, hashes.SHA256())
