"""A certificate of a test's own, by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = "DNS:localhost,IP:127.0.0.1"


def make_certificate(folder: Path, name: str = "device", hosts: str = HERE) -> tuple[Path, Path]:
    """Certificate and key, for 127.0.0.1 and localhost unless other hosts are named."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", f"subjectAltName={hosts}",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key
