"""Makes the golden vectors of `docs/proof.md`: `python tests/auditor/proof_vectors.py`."""

import json
from pathlib import Path

from proof_author import FIRST, LEDGER, SECOND, Author, consistency, leaf, node, path, root
from proof_stories import ENDORSED, INTEGRITY, RAN_IN, SOURCES, judged, runs, small_bundle

RFC_6962_LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
"""The inputs with which implementations of RFC 6962 are tested since the first of them."""

SIZES = range(1, 21)
BODIES = [f"body of entry {index}".encode() for index in SIZES]
VECTORS = Path(__file__).resolve().parent.parent / "data" / "proof" / "vectors.json"


def vectors():
    """All of them; bytes in hex, lines and files as text."""
    known = [leaf(bytes.fromhex(text)) for text in RFC_6962_LEAVES]
    leaves = [leaf(body) for body in BODIES]
    return {
        "about": "Golden vectors of docs/proof.md. The keys are published: sign nothing with them.",
        "rfc_6962": {
            "leaves": list(RFC_6962_LEAVES),
            "leaf_hashes": [found.hex() for found in known],
            "roots": [root(known[:size]).hex() for size in range(len(known) + 1)],
        },
        "node": {
            "left": known[0].hex(),
            "right": known[1].hex(),
            "hash": node(known[0], known[1]).hex(),
        },
        "trees": {
            "bodies": [body.decode() for body in BODIES],
            "roots": {str(size): root(leaves[:size]).hex() for size in SIZES},
            "inclusion": {
                f"{index} in {size}": "".join(step.hex() for step in path(index, leaves[:size]))
                for size in SIZES
                for index in range(size)
            },
            "consistency": {
                f"{size} to {later}": "".join(
                    step.hex() for step in consistency(size, leaves[:later])
                )
                for later in SIZES
                for size in range(1, later + 1)
            },
        },
        "keys": [
            {"seed": key.seed.hex(), "public": key.public.hex(), "id": key.id}
            for key in (FIRST, SECOND)
        ],
        "rotation": {
            "ledger": LEDGER,
            "endorsement": FIRST.endorsement(LEDGER, SECOND.public).hex(),
        },
        "heads": [line.decode() for line in _heads()],
        "bundle": {
            "public_key": SECOND.public.hex(),
            "files": {
                name: content.hex() if name.endswith(".bin") else content.decode()
                for name, content in small_bundle().files().items()
            },
            "integrity": True,
            "completeness": True,
            "open_calls": ["c-waiting", "c-flight"],
            "unknown_calls": ["c-unsure"],
            "unsigned_entries": 2,
            "unanchored_entries": 16,
        },
        "runs": {
            "public_key": FIRST.public.hex(),
            "files": {
                name: content.hex() if name.endswith(".bin") else content.decode()
                for name, content in runs().bundle(near=2).files().items()
            },
            "integrity": True,
            "completeness": True,
            "open_runs": ["run-2"],
        },
        "judged": {
            "public_key": FIRST.public.hex(),
            "files": {
                name: content.hex() if name.endswith(".bin") else content.decode()
                for name, content in judged().bundle(near=2).files().items()
            },
            "integrity": True,
            "completeness": True,
            "call": "c-1",
            "sources": SOURCES,
            "worth": INTEGRITY,
            "confidential": ["note"],
            "endorsed": ENDORSED,
            "ran_in": RAN_IN,
        },
    }


def _heads():
    """Of a ledger with two logs, whose key changes."""
    author = Author(key=FIRST)
    author.append("ledger.opened", log="a-second", session="s-1")
    author.sign()
    author.rekey(SECOND, log="a-second")
    author.sign()
    return author.heads


def text():
    """The file as it stands in the repository."""
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    VECTORS.parent.mkdir(parents=True, exist_ok=True)
    VECTORS.write_text(text(), encoding="utf-8")
