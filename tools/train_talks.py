"""Learn what makes two tellings one statement from the labelled articles, and write the package's weights.

    python tools/train_talks.py [--data DIR]

The weights are of features such as shared runs of words; no text, word or name is among them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from evaluation import agreement, talks, talks_pairs  # noqa: E402 - the folder has to be on the path first

from truceline.talks.pairs import FEATURES  # noqa: E402
from truceline.talks.speakers import read_speakers  # noqa: E402

WEIGHTS = ROOT / "src" / "truceline" / "talks" / "lexicon" / "pair-weights.json"


def main() -> None:
    """Learn and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    chosen = parser.parse_args()
    records = talks.labels()
    texts = talks.articles(chosen.data, chosen.data.parent / "seeds")
    speakers = read_speakers(ROOT / "cases" / "jeddah-2025")
    read = {digest: rows for digest, (rows, _) in talks.read_all(records, texts, speakers).items()}
    weights = talks_pairs.learn_pairs(talks_pairs.judged(records, read, agreement.all_pairs(records)))
    named = dict(zip(FEATURES, weights, strict=True))
    WEIGHTS.write_text(json.dumps(named, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(WEIGHTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
