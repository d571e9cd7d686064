"""A day of a case, kept by the mechanism between two parties, and what comes of it when one of them tampers.

    python tools/two_parties.py [FOLDER]

Three parts play: the mechanism keeps the log of a verified case under its key; the two parties witness it,
each in a checkout of its own, from files that they exchange. In the evening one party puts a finding that
suits it better into its copy and publishes that, once clumsily, once with the log's key, which it stole. The
other party proves it with what it has: its copy, its memory, and the single-file verifier. Everything goes
through the command line; nothing here knows the library.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CASE = ROOT / "cases" / "easter-2025"
MORNING, NOON, EVENING = "2025-04-20T06:00:00Z", "2025-04-20T12:00:00Z", "2025-04-20T20:00:00Z"


def truceline(*words: object, ok: int = 0) -> str:
    """Run the command; its output, which must end with the code expected."""
    command = [sys.executable, "-c", "from truceline.faces.cli.main import main; main()", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != ok:
        raise SystemExit(
            f"{' '.join(map(str, words))}: ended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def outsider(folder: Path, *words: object, ok: int = 0) -> str:
    """Run the single-file verifier, with no Truceline in reach, on a copy taken from elsewhere."""
    verifier = folder / "verify_truce.py"
    if not verifier.exists():
        shutil.copy(ROOT / "src" / "truceline" / "custody" / "verify_truce.py", verifier)
    command = [sys.executable, "-I", str(verifier), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env={})
    if done.returncode != ok:
        raise SystemExit(f"verify_truce.py {words}: ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def make_keys(folder: Path) -> dict[str, Path]:
    """Secret keys; the public ones lie beside them."""
    keys = {}
    for name, witness in (("mission", False), ("north", True), ("south", True)):
        keys[name] = folder / name / "secret.key"
        public = truceline(
            "log", "key", keys[name], "--name", f"{name}.example/log", *(["--witness"] if witness else [])
        )
        (folder / f"{name}.pub").write_text(public, encoding="utf-8")
    return keys


def cosign(folder: Path, keys: dict[str, Path], party: str, log: Path, at: str, *, ok: int = 0) -> Path:
    """A party looks at the head of a log, in its own checkout, and cosigns it if it may."""
    line = folder / party / f"cosigned-{at[11:13]}"
    truceline(
        "log", "witness", log, "--key", keys[party], "--memory", folder / party / "memory",
        "--log-key", folder / "mission.pub", "--evidence", folder / party / "fork.json", "--out", line,
        "--at", at, ok=ok,
    )  # fmt: skip
    return line


def keep_the_day(folder: Path, keys: dict[str, Path]) -> tuple[Path, dict[str, str]]:
    """The mechanism's log: the findings of the case, what the parties say of them, two heads, all cosigned."""
    log = folder / "mission" / "log"
    truceline("verify", CASE, "--out", folder / "mission" / "out", "--no-pdf", "--quiet")
    findings = json.loads((folder / "mission" / "out" / "findings.json").read_text(encoding="utf-8"))[
        "findings"
    ]
    truceline(
        "log", "init", log, "--key", keys["mission"], "--witness", folder / "north.pub", "--witness",
        folder / "south.pub", "--quorum", 2, "--batch", 16, "--period-s", 43200, "--at", MORNING,
    )  # fmt: skip
    kept = ("finding_id", "obligation_id", "party_id", "area_id", "period_start", "period_stop", "judgement")
    records = folder / "mission" / "findings.jsonl"
    records.write_text(
        "".join(json.dumps({k: f[k] for k in kept}) + "\n" for f in findings), encoding="utf-8"
    )
    codes = truceline(
        "log", "append", log, records, "--kind", "finding", "--by", "mission", "--at", MORNING
    ).split()
    complaint = folder / "north" / "complaint.jsonl"
    complaint.write_text(
        json.dumps({"about": findings[0]["finding_id"], "place": "7 km east", "unit": "3rd"}) + "\n"
    )
    held = truceline(
        "log", "append", log, complaint, "--kind", "complaint", "--held", "--by", "north", "--at", NOON
    ).strip()
    for at in (NOON, EVENING):
        truceline(
            "log",
            "checkpoint",
            log,
            "--key",
            keys["mission"],
            "--at",
            at,
            "--out",
            folder / "mission" / "head",
        )
        lines = [cosign(folder, keys, party, log, at) for party in ("north", "south")]
        truceline(
            "log",
            "checkpoint",
            log,
            "--add",
            lines[0],
            "--add",
            lines[1],
            "--out",
            folder / "mission" / "head",
        )
    return log, {"finding": codes[0], "complaint": held}


def main(folder: Path) -> None:
    """Play the day, and check every step."""
    keys = make_keys(folder)
    log, codes = keep_the_day(folder, keys)
    for party in ("north", "south"):
        truceline("log", "export", log, folder / party / "log")
    policy = folder / "policy.txt"
    shutil.copy(folder / "north" / "log" / "policy.txt", policy)

    # an outsider checks one finding, with the single file and the keys alone
    stranger = folder / "stranger"
    stranger.mkdir()
    truceline("log", "prove", log, codes["finding"], "--out", stranger / "finding.tlog-proof")
    print(outsider(stranger, policy, "finding.tlog-proof", "--since", NOON))
    # and one field of the complaint, of which the rest stays closed
    truceline(
        "log", "disclose", log, codes["complaint"], "--field", "about", "--out", stranger / "about.json"
    )
    shown = outsider(stranger, policy, "about.json")
    if "7 km east" in shown or "disclosed: about" not in shown:
        raise SystemExit("more was disclosed than one field")

    # south tampers clumsily: a judgement in its copy
    forged = folder / "south" / "log"
    bundle = next((forged / "tile" / "entries").rglob("*.p/*"))
    content = bundle.read_bytes()
    bundle.write_bytes(content.replace(b'"judgement":"partial"', b'"judgement":"refuted"'))
    print(truceline("log", "verify", forged, ok=9))
    outsider(stranger, policy, forged, ok=1)

    # south tampers with the log's key, which it stole: another history, signed, complete, sound in itself
    stolen = folder / "south" / "stolen"
    truceline(
        "log", "init", stolen, "--key", keys["mission"], "--witness", folder / "north.pub", "--witness",
        folder / "south.pub", "--quorum", 2, "--batch", 16, "--period-s", 43200, "--at", MORNING,
    )  # fmt: skip
    records = folder / "south" / "findings.jsonl"
    mine = (
        (folder / "mission" / "findings.jsonl").read_text(encoding="utf-8").replace('"partial"', '"complied"')
    )
    records.write_text(mine, encoding="utf-8")
    truceline("log", "append", stolen, records, "--kind", "finding", "--by", "mission", "--at", MORNING)
    for at in (NOON, EVENING):
        truceline(
            "log",
            "checkpoint",
            stolen,
            "--key",
            keys["mission"],
            "--at",
            at,
            "--out",
            folder / "south" / "head",
        )
    truceline("log", "verify", stolen)  # alone it looks like any other log
    truceline("log", "verify", stolen, "--policy", policy, ok=9)  # but nobody else cosigned it

    # north is shown it, refuses, and has the proof
    cosign(folder, keys, "north", stolen, "2025-04-20T21:00:00Z", ok=9)
    proof = folder / "north" / "fork.json"
    print(truceline("log", "verify", proof, "--policy", policy))
    print(outsider(stranger, policy, proof))
    truceline(
        "log",
        "audit",
        folder / "north" / "log",
        "--against",
        stolen,
        "--evidence",
        stranger / "fork.json",
        ok=9,
    )
    outsider(stranger, policy, "fork.json")
    # an honest copy gives no such proof
    truceline("log", "audit", folder / "north" / "log", "--against", log)
    print("one tampered, the other proved it")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).mkdir(parents=True)
        main(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
