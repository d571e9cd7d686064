"""The only chance of the software: keys and salts must be guessed by nobody, so no seed can give them.

Whatever else is random takes its generator as an argument; and whoever needs the same bytes twice passes a
seed to ``SecretKey.make`` and ``keyed_salts`` instead.
"""

from __future__ import annotations

import secrets


def secret_bytes(count: int) -> bytes:
    """Bytes of the system's randomness."""
    return secrets.token_bytes(count)
