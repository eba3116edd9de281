"""The second auditor, tried on bundles that are built here, and on published vectors."""

import base64
import hashlib
import json

import pytest
import second_auditor as auditor

pytestmark = pytest.mark.promise("P12")

ED25519 = [  # RFC 8032, section 7.1: secret, public, message, signature
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
            "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
            "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
            "ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ec"
            "fdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]
LEAVES = [  # the tree that implementations of certificate transparency are tried on
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Signer:
    """RFC 8032, sections 5.1.5 and 5.1.6."""

    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self.scalar = int.from_bytes(digest[:32], "little") & ~7 & (2**254 - 1) | 2**254
        self.prefix = digest[32:]
        self.public = self.encoded(self.scalar)
        self.key = hashlib.sha256(self.public).hexdigest()[:16]

    @staticmethod
    def encoded(scalar):
        """The encoding of so many times the base point."""
        x, y, z, _ = auditor.multiplied(scalar, auditor.BASE)
        x, y = (one * pow(z, -1, auditor.PRIME) % auditor.PRIME for one in (x, y))
        return (y | (x & 1) << 255).to_bytes(32, "little")

    def sign(self, message):
        nonce = auditor.challenge(self.prefix, message)
        start = self.encoded(nonce)
        k = auditor.challenge(start, self.public, message)
        return start + ((nonce + k * self.scalar) % auditor.ORDER).to_bytes(32, "little")


FIRST, SECOND, STRANGER = (Signer(bytes([number]) * 32) for number in range(3))


def plain(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


class Ledger:
    """A ledger in memory, that can be exported, and cheated with."""

    def __init__(self, *, signer=FIRST, logs=("a",)):
        self.bodies = {log: [] for log in logs}
        self.heads = []
        self.clock = 1_000_000
        self.signer = None
        self.rekey(signer, log=logs[0])

    def write(self, kind, *, log="a", **fields):
        self.clock += 1_500
        body = {"v": 1, "kind": kind, "at": self.clock, "org": "acme", **fields}
        self.bodies[log].append(plain(body).encode())

    def call(self, name, **fields):
        self.write("call.intent", run="r", call=name, **fields)
        self.write("call.ended", run="r", call=name)

    def rekey(self, signer, *, log="a"):
        before, self.signer = self.signer, signer
        message = f"highroad-key-rotation v1\nL\n{signer.public.hex()}".encode()
        self.write(
            "ledger.rekeyed",
            log=log,
            key=signer.key,
            public=signer.public.hex(),
            previous=before and before.key,
            endorsement=before and before.sign(message).hex(),
        )

    def head(self, signer=None, **changed):
        """Signs a head over what is there."""
        signer = signer or self.signer
        statement = plain(
            {
                "at": self.clock,
                "key": signer.key,
                "ledger": "L",
                "number": len(self.heads),
                "previous": hashlib.sha256(statement_of(self.heads[-1])).hexdigest()
                if self.heads
                else None,
                "trees": self.trees(
                    *((log, len(bodies)) for log, bodies in sorted(self.bodies.items()))
                ),
                "v": 1,
                **changed,
            }
        )
        signature = signer.sign(b"highroad-signed-head v1\n" + statement.encode())
        self.heads.append(plain({"signature": signature.hex(), "statement": statement}))

    def trees(self, *sizes):
        """Trees of other sizes than the logs have."""
        return [
            {"log": log, "root": root_of(self.bodies[log][:size]), "size": size}
            for log, size in sizes
        ]

    def archive(self, first, *, log="a", place="a"):
        """Announces under a head that the first entries were archived."""
        self.write("ledger.archived", log=place, first=first)
        self.bodies[place][-1] = plain(json.loads(self.bodies[place][-1]) | {"log": log}).encode()
        self.head()

    def covered(self, log):
        """The size that the last head states."""
        trees = json.loads(statement_of(self.heads[-1]))["trees"] if self.heads else []
        return max((tree["size"] for tree in trees if tree["log"] == log), default=0)

    def export(self, folder, **archived):
        """Exports into a new folder, without the first entries of logs that are archived."""
        folder.mkdir()
        firsts = dict.fromkeys(self.bodies, 0) | archived
        logs = [
            {
                "entries": sum(stays(seq, body, firsts[log]) for seq, body in enumerate(bodies)),
                "first": firsts[log],
                "log": log,
            }
            for log, bodies in self.bodies.items()
        ]
        (folder / "ledger.json").write_text(plain({"ledger": "L", "logs": logs, "v": 1}))
        for log, bodies in self.bodies.items():
            lines = [
                entry_line(seq, body)
                for seq, body in enumerate(bodies)
                if stays(seq, body, firsts[log])
            ]
            write_lines(folder / f"entries-{log}.jsonl", lines)
            leaves = b"".join(auditor.leaf_hash(body) for body in bodies[: self.covered(log)])
            (folder / f"leaves-{log}.bin").write_bytes(leaves)
        write_lines(folder / "heads.jsonl", self.heads)
        return folder


def stays(seq, body, first):
    """Whether an entry stands in an export from `first` on."""
    return seq >= first or json.loads(body)["kind"].startswith("ledger.")


def statement_of(head):
    return json.loads(head)["statement"].encode()


def root_of(bodies):
    return auditor.Tree([auditor.leaf_hash(body) for body in bodies]).root(len(bodies)).hex()


def entry_line(seq, body):
    fields = json.loads(body)
    columns = {name: fields.get(name) for name in ("kind", "at", "run", "call")}
    columns |= {"seq": seq, "schema": fields["v"], "organization": fields.get("org")}
    return json.dumps(columns | {"body": body.decode()})


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines))


def lines_in(path):
    return path.read_text().splitlines()


def change(path, place, changed):
    """Changes the columns of one line of entries."""
    lines = lines_in(path)
    lines[place] = json.dumps(json.loads(lines[place]) | changed)
    write_lines(path, lines)


def rewrite(path, place, **changed):
    """Changes body and columns of one line of entries alike."""
    columns = json.loads(lines_in(path)[place])
    body = plain(json.loads(columns["body"]) | changed).encode()
    change(path, place, json.loads(entry_line(columns["seq"], body)))


def anchor_of(folder, heads):
    path = folder / "anchor.jsonl"
    write_lines(path, heads)
    return path


def verdicts(folder, anchors=(), *, signer=FIRST):
    """First bad index of integrity and of completeness; `True` for one that holds."""
    answer = auditor.verify(folder, signer.public.hex(), list(anchors))
    return tuple(
        answer[name]["holds"] or answer[name]["first"] for name in ("integrity", "completeness")
    )


def attempted(folder):
    """The verdicts, or `None` where there is none."""
    try:
        return verdicts(folder)
    except auditor.MalformedError:
        return None


@pytest.fixture
def ledger():
    """Nine entries under heads of 3, 5 and 9: 0 the key, 1 to 8 four calls."""
    ledger = Ledger()
    for number, size in enumerate((1, 1, 2)):
        for at in range(size):
            ledger.call(f"{number}.{at}")
        ledger.head()
    return ledger


@pytest.fixture
def folder(ledger, tmp_path):
    return ledger.export(tmp_path / "export")


@pytest.mark.parametrize(("secret", "public", "message", "signature"), ED25519)
def test_signatures_are_those_of_rfc_8032(secret, public, message, signature):
    signer = Signer(bytes.fromhex(secret))
    message, signature = bytes.fromhex(message), bytes.fromhex(signature)
    assert signer.public.hex() == public
    assert signer.sign(message) == signature
    assert auditor.is_signed(signer.public, message, signature)


@pytest.mark.parametrize("at", range(0, 64, 7))
def test_a_signature_with_one_bit_changed_does_not_hold(at):
    signature = bytearray(FIRST.sign(b"text"))
    signature[at] ^= 1
    assert not auditor.is_signed(FIRST.public, b"text", bytes(signature))


def test_a_signature_does_not_hold_for_another_text_key_or_length():
    signature = FIRST.sign(b"text")
    assert not auditor.is_signed(FIRST.public, b"texts", signature)
    assert not auditor.is_signed(SECOND.public, b"text", signature)
    assert not auditor.is_signed(FIRST.public, b"text", signature + b"\0")
    assert not auditor.is_signed(b"", b"text", signature)


def test_a_scalar_beyond_the_order_makes_no_second_signature():
    signature = FIRST.sign(b"text")
    scalar = int.from_bytes(signature[32:], "little") + auditor.ORDER
    twin = signature[:32] + scalar.to_bytes(32, "little")
    assert not auditor.is_signed(FIRST.public, b"text", twin)


@pytest.mark.parametrize("encoding", [(2**255 - 19) + 1, 1 | 1 << 255, 2])
def test_bytes_that_encode_no_point_are_refused(encoding):
    """A y beyond the prime, an x of 0 with a sign, a y that no x belongs to."""
    assert auditor.decoded(encoding.to_bytes(32, "little")) is None


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_rfc_6962(size):
    tree = auditor.Tree([auditor.leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES])
    assert tree.root(size).hex() == ROOTS[size]


def test_a_sound_ledger_holds(ledger, folder, tmp_path):
    assert verdicts(folder, [anchor_of(tmp_path, ledger.heads)]) == (True, True)


@pytest.mark.parametrize("seq", range(9))
def test_a_changed_entry_is_named(folder, seq):
    rewrite(folder / "entries-a.jsonl", seq, at=5)
    assert verdicts(folder)[0] == ["a", seq]


def test_a_changed_entry_alone_breaks_integrity_alone(folder):
    rewrite(folder / "entries-a.jsonl", 3, at=5)
    assert verdicts(folder) == (["a", 3], True)


def test_without_true_leaf_hashes_the_last_size_that_agreed_is_named(folder):
    rewrite(folder / "entries-a.jsonl", 7, at=5)
    (folder / "leaves-a.bin").unlink()
    assert verdicts(folder) == (["a", 5], None)


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": 2},
        {"kind": "call.held"},
        {"at": 1},
        {"organization": "other"},
        {"run": None},
        {"call": "other"},
    ],
)
def test_a_column_that_says_other_than_its_body_is_named(folder, changed):
    change(folder / "entries-a.jsonl", 4, changed)
    assert verdicts(folder) == (["a", 4], True)


@pytest.mark.parametrize(
    "line",
    ["", "{", "[]", '{"seq":4}', '{"seq":4,"seq":4}', "NaN", "[" * 100_000],
    ids=["empty", "torn", "list", "columns", "twins", "constant", "deep"],
)
def test_a_line_that_cannot_be_read_breaks_both_at_its_place(folder, line):
    path = folder / "entries-a.jsonl"
    lines = lines_in(path)
    write_lines(path, [*lines[:4], line, *lines[5:]])
    assert verdicts(folder) == (["a", 4], ["a", 4])


def test_a_body_in_base64_is_the_same_bytes(folder):
    path = folder / "entries-a.jsonl"
    lines = lines_in(path)
    columns = json.loads(lines[2])
    columns["body_base64"] = base64.b64encode(columns.pop("body").encode()).decode()
    write_lines(path, [*lines[:2], json.dumps(columns), *lines[3:]])
    assert verdicts(folder) == (True, True)


def test_a_line_that_names_a_column_twice_breaks_both_at_its_place(folder):
    path = folder / "entries-a.jsonl"
    lines = lines_in(path)
    write_lines(path, [*lines[:4], f'{{"seq":4,{lines[4][1:]}', *lines[5:]])
    assert verdicts(folder) == (["a", 4], ["a", 4])


@pytest.mark.parametrize(
    "changed",
    [{"seq": 4.0}, {"schema": True}, {"organization": None}, {"body": 1}, {"body_base64": ""}],
)
def test_a_column_of_another_form_breaks_both_at_its_place(folder, changed):
    change(folder / "entries-a.jsonl", 4, changed)
    assert verdicts(folder) == (["a", 4], ["a", 4])


def test_base64_with_other_letters_breaks_both_at_its_place(folder):
    path = folder / "entries-a.jsonl"
    lines = lines_in(path)
    columns = json.loads(lines[2])
    columns["body_base64"] = "!" + base64.b64encode(columns.pop("body").encode()).decode()
    write_lines(path, [*lines[:2], json.dumps(columns), *lines[3:]])
    assert verdicts(folder) == (["a", 2], ["a", 2])


@pytest.mark.parametrize(
    "body",
    [
        '{"v":1,"kind":"note","at":1,"at":2,"org":"acme"}',
        '{"v":1,"kind":"note","at":2,"org":"acme","x":NaN}',
        '{"v":1,"kind":"note","at":2,\n"org":"acme"}',
    ],
    ids=["twins", "constant", "line feed"],
)
def test_a_body_that_may_not_be_there_breaks_integrity_though_it_is_signed(ledger, tmp_path, body):
    ledger.bodies["a"].append(body.encode())
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "export")) == (["a", 9], True)


@pytest.mark.parametrize("seq", range(1, 9))
def test_a_missing_entry_breaks_both_at_its_place(folder, seq):
    """But the last: what is left is then proven."""
    path = folder / "entries-a.jsonl"
    lines = lines_in(path)
    write_lines(path, lines[:seq] + lines[seq + 1 :])
    assert verdicts(folder) == (seq == 8 or ["a", seq], ["a", seq])


def test_entries_that_changed_places_break_both(folder):
    path = folder / "entries-a.jsonl"
    lines = lines_in(path)
    write_lines(path, [*lines[:4], lines[5], lines[4], *lines[6:]])
    assert verdicts(folder) == (["a", 4], ["a", 4])


@pytest.mark.parametrize("name", ["entries-a.jsonl", "heads.jsonl", "ledger.json"])
def test_no_byte_of_what_is_signed_can_be_changed(folder, name):
    """Bytes of every part of the file, by a step that shares no factor with the lines."""
    path = folder / name
    sound = path.read_bytes()
    for at in range(0, len(sound), 41 if name == "heads.jsonl" else 23):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        assert attempted(folder) != (True, True), at


def test_a_head_of_another_form_order_or_ledger_breaks_integrity(ledger, tmp_path):
    for number, changed in enumerate(
        (
            {"v": 2},
            {"v": True},
            {"key": SECOND.key},
            {"trees": ledger.trees(("a", 5))},
            {"number": 4},
            {"previous": None},
            {"ledger": "other"},
            {"trees": []},
            {"extra": 1},
            {"at": 1.5},
        )
    ):
        ledger.head(**changed)
        assert verdicts(ledger.export(tmp_path / str(number)))[0] is None, changed
        ledger.heads.pop()


@pytest.mark.parametrize("where", ["line", "statement"])
def test_a_head_in_other_bytes_than_rfc_8785_asks_for_breaks_integrity(ledger, tmp_path, where):
    spaced = statement_of(ledger.heads[-1]).replace(b'"v":1', b'"v": 1')
    signature = FIRST.sign(b"highroad-signed-head v1\n" + spaced).hex()
    ledger.heads[-1] = {
        "line": ledger.heads[-1].replace('","', '", "'),
        "statement": plain({"signature": signature, "statement": spaced.decode()}),
    }[where]
    assert verdicts(ledger.export(tmp_path / "export"))[0] is None


@pytest.mark.parametrize("sizes", [[("a", 1)], [("b", 0), ("a", 1)]], ids=["lost", "order"])
def test_heads_keep_every_log_in_order(tmp_path, sizes):
    ledger = Ledger(logs=("a", "b"))
    ledger.head()
    ledger.head(trees=ledger.trees(*sizes))
    assert verdicts(ledger.export(tmp_path / "export"))[0] is None


def test_a_false_root_between_true_ones_names_what_follows_the_last_true_one(ledger, tmp_path):
    ledger.heads = ledger.heads[:1]
    ledger.head(trees=[ledger.trees(("a", 3))[0] | {"size": 5}])
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "export")) == (["a", 3], True)


def test_a_false_root_of_a_size_that_agreed_names_what_follows_the_size_before(ledger, tmp_path):
    ledger.head(trees=[ledger.trees(("a", 3))[0] | {"size": 9}])
    assert verdicts(ledger.export(tmp_path / "export")) == (["a", 5], True)


def test_entries_after_the_last_head_are_counted(ledger, tmp_path):
    ledger.call("unsigned")
    folder = ledger.export(tmp_path / "export")
    write_lines(folder / "entries-a.jsonl", lines_in(folder / "entries-a.jsonl")[:-1])
    assert verdicts(folder) == (True, None)


def test_the_time_of_a_head_may_go_back(ledger, tmp_path):
    ledger.head(at=1)
    assert verdicts(ledger.export(tmp_path / "export")) == (True, True)


def test_a_head_between_others_cannot_be_missing(folder):
    path = folder / "heads.jsonl"
    lines = lines_in(path)
    write_lines(path, [lines[0], lines[2]])
    assert verdicts(folder) == (None, None)


def test_a_ledger_that_was_cut_off_misses_what_its_anchor_states(ledger, tmp_path):
    anchor = anchor_of(tmp_path, ledger.heads)
    ledger.heads.pop()
    del ledger.bodies["a"][5:]
    assert verdicts(ledger.export(tmp_path / "export"), [anchor]) == (True, ["a", 5])


def test_heads_alone_that_were_cut_off_break_completeness(ledger, tmp_path):
    anchor = anchor_of(tmp_path, ledger.heads)
    ledger.heads.pop()
    assert verdicts(ledger.export(tmp_path / "export"), [anchor]) == (True, None)


def test_entries_that_are_cut_off_under_a_head_break_completeness(folder):
    path = folder / "entries-a.jsonl"
    write_lines(path, lines_in(path)[:7])
    assert verdicts(folder) == (True, ["a", 7])
    rewrite(path, 6, at=5)
    assert verdicts(folder) == (["a", 6], ["a", 7])


def test_what_a_cut_log_has_left_is_not_proven_without_leaf_hashes(folder):
    path, leaves = folder / "entries-a.jsonl", folder / "leaves-a.bin"
    write_lines(path, lines_in(path)[:5])
    changed = leaves.read_bytes()[:-1] + b"?"
    leaves.write_bytes(leaves.read_bytes()[: 32 * 5])
    assert verdicts(folder) == (True, ["a", 5])
    leaves.write_bytes(changed)
    assert verdicts(folder) == (["a", 5], ["a", 5])
    write_lines(path, lines_in(path)[:4])
    leaves.unlink()
    assert verdicts(folder) == (["a", 3], ["a", 4])


def test_a_changed_leaf_hash_of_a_root_that_agrees_is_named(folder):
    leaves = folder / "leaves-a.bin"
    leaves.write_bytes(leaves.read_bytes()[: 32 * 4] + bytes(32) + leaves.read_bytes()[32 * 5 :])
    assert verdicts(folder) == (["a", 4], True)


def test_another_history_with_the_right_key_disagrees_with_the_anchor(ledger, tmp_path):
    anchor = anchor_of(tmp_path, ledger.heads)
    ledger.heads.pop()
    del ledger.bodies["a"][5:]
    ledger.call("other")
    ledger.call("another")
    ledger.head()
    folder = ledger.export(tmp_path / "export")
    assert verdicts(folder) == (True, True)
    assert verdicts(folder, [anchor]) == (["a", 5], True)


def test_a_head_signed_again_is_not_word_for_word_the_anchored_one(ledger, tmp_path):
    anchor = anchor_of(tmp_path, ledger.heads)
    ledger.heads.pop()
    ledger.head(at=1)
    assert verdicts(ledger.export(tmp_path / "export"), [anchor]) == (None, True)


def test_an_anchored_head_of_another_ledger_breaks_integrity(ledger, folder, tmp_path):
    ledger.head(ledger="other")
    assert verdicts(folder, [anchor_of(tmp_path, ledger.heads)]) == (None, True)


@pytest.mark.parametrize("line", ["", "{}", "torn"])
def test_a_line_of_an_anchor_that_is_no_head_breaks_integrity(ledger, folder, tmp_path, line):
    anchor = anchor_of(tmp_path, [*ledger.heads, line, "{}"])
    assert verdicts(folder, [anchor]) == (None, True)


def test_an_anchored_head_whose_signature_does_not_hold_breaks_integrity(ledger, folder, tmp_path):
    ledger.head(STRANGER)
    assert verdicts(folder, [anchor_of(tmp_path, ledger.heads)]) == (None, None)


def test_an_anchor_that_is_not_there_is_an_error(folder, tmp_path):
    with pytest.raises(FileNotFoundError):
        auditor.verify(folder, FIRST.public.hex(), [tmp_path / "nowhere"])


def test_a_key_that_is_none_is_an_error(folder):
    with pytest.raises(ValueError, match="32 bytes"):
        auditor.verify(folder, "00")


@pytest.mark.parametrize("signer", [FIRST, SECOND], ids=["first", "second"])
def test_heads_are_signed_with_the_newest_key_that_they_cover(ledger, tmp_path, signer):
    ledger.rekey(SECOND)
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "export"), signer=signer) == (True, True)


def test_a_key_once_replaced_signs_nothing_that_comes_later(ledger, tmp_path):
    ledger.rekey(SECOND)
    ledger.head()
    ledger.head(FIRST)
    assert verdicts(ledger.export(tmp_path / "export"), signer=SECOND) == (None, True)


def test_a_key_that_the_one_before_it_did_not_endorse_is_named(ledger, tmp_path):
    ledger.signer = STRANGER
    ledger.rekey(SECOND)
    assert verdicts(ledger.export(tmp_path / "export")) == (["a", 9], True)


@pytest.mark.parametrize(
    "changed", [{"previous": STRANGER.key}, {"key": STRANGER.key}, {"public": "00"}]
)
def test_a_key_whose_announcement_is_not_true_is_named(ledger, tmp_path, changed):
    ledger.rekey(SECOND)
    ledger.bodies["a"][9] = plain(json.loads(ledger.bodies["a"][9]) | changed).encode()
    assert verdicts(ledger.export(tmp_path / "export")) == (["a", 9], True)


@pytest.mark.parametrize("changed", [{"previous": SECOND.key}, {"endorsement": "00" * 64}])
def test_the_first_key_has_none_before_it(ledger, tmp_path, changed):
    ledger.bodies["a"][0] = plain(json.loads(ledger.bodies["a"][0]) | changed).encode()
    ledger.heads.clear()
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "export")) == (["a", 0], True)


def test_a_key_that_was_replaced_does_not_come_back(ledger, tmp_path):
    ledger.rekey(SECOND)
    ledger.head()
    ledger.rekey(FIRST)
    assert verdicts(ledger.export(tmp_path / "export"), signer=SECOND) == (["a", 10], True)


def test_a_key_that_is_not_announced_breaks_integrity(folder):
    assert verdicts(folder, signer=STRANGER) == (None, True)


def test_a_made_up_ledger_that_announces_the_given_key_breaks_integrity(tmp_path):
    """Nobody needs a secret to announce a key; only a head shows that its owner was there."""
    ledger = Ledger(signer=STRANGER)
    ledger.call("forged")
    ledger.head()
    ledger.rekey(SECOND)
    assert verdicts(ledger.export(tmp_path / "export"), signer=SECOND) == (None, True)


def test_a_leaked_key_that_signs_another_history_is_shown_by_the_newer_key(ledger, tmp_path):
    ledger.call("forged")
    ledger.head(FIRST)
    ledger.rekey(SECOND)
    folder = ledger.export(tmp_path / "export")
    assert verdicts(folder, signer=FIRST) == (True, True)
    assert verdicts(folder, signer=SECOND) == (None, True)


def test_an_export_without_heads_proves_nothing(folder):
    (folder / "heads.jsonl").unlink()
    (folder / "leaves-a.bin").unlink()
    assert verdicts(folder) == (None, True)


def test_a_key_announced_in_one_log_rules_heads_over_all(tmp_path):
    ledger = Ledger(logs=("a", "b"))
    ledger.write("note", log="b")
    ledger.head()
    ledger.rekey(SECOND, log="b")
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "export"), signer=SECOND) == (True, True)


def test_a_log_that_the_export_lacks_is_missing_from_its_start(tmp_path):
    ledger = Ledger(logs=("a", "b"))
    ledger.write("note", log="b")
    ledger.head()
    del ledger.bodies["b"]
    assert verdicts(ledger.export(tmp_path / "export")) == (True, ["b", 0])


def test_the_first_of_several_faults_is_first_by_log(tmp_path):
    ledger = Ledger(logs=("a", "b"))
    ledger.call("one")
    ledger.write("note", log="b")
    ledger.head()
    folder = ledger.export(tmp_path / "export")
    rewrite(folder / "entries-b.jsonl", 0, at=1)
    rewrite(folder / "entries-a.jsonl", 2, at=1)
    assert verdicts(folder) == (["a", 2], True)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"ledger":"L","logs":[{"entries":1,"first":0,"log":"../a"}],"v":1}']
)
def test_an_export_that_does_not_say_what_it_holds_has_no_verdict(folder, text):
    (folder / "ledger.json").write_text(text)
    with pytest.raises(auditor.MalformedError):
        verdicts(folder)


def test_leaf_hashes_stand_in_for_entries_that_were_archived(ledger, tmp_path):
    ledger.archive(2)
    folder = ledger.export(tmp_path / "export", a=2)
    assert verdicts(folder) == (True, True)
    rewrite(folder / "entries-a.jsonl", 1, at=1)
    assert verdicts(folder) == (["a", 2], True)


def test_an_older_announcement_that_stays_in_the_export_is_compared(ledger, tmp_path):
    ledger.archive(2)
    folder = ledger.export(tmp_path / "export", a=2)
    rewrite(folder / "entries-a.jsonl", 0, at=1)
    assert verdicts(folder) == (["a", 0], True)


def test_without_the_announcement_of_its_key_an_archived_ledger_is_not_proven(ledger, tmp_path):
    ledger.archive(2)
    folder = ledger.export(tmp_path / "export", a=2)
    path = folder / "entries-a.jsonl"
    write_lines(path, lines_in(path)[1:])
    assert verdicts(folder)[0] is None


def test_no_more_is_left_out_than_was_announced(ledger, tmp_path):
    ledger.archive(2)
    assert verdicts(ledger.export(tmp_path / "export", a=4)) == (True, ["a", 2])


def test_an_announcement_that_no_head_covers_excuses_nothing(ledger, tmp_path):
    ledger.archive(2)
    ledger.heads.pop()
    assert verdicts(ledger.export(tmp_path / "export", a=2)) == (True, ["a", 1])


def test_an_archive_of_one_log_may_be_announced_in_another(tmp_path):
    ledger = Ledger(logs=("b", "a"))
    ledger.call("archived")
    ledger.archive(2, log="a", place="b")
    assert verdicts(ledger.export(tmp_path / "export", a=2)) == (True, True)


def test_segments_stand_in_for_what_was_archived(ledger, tmp_path):
    ledger.write("call.amended", run="r", call="never")
    ledger.archive(3)
    folder, segment = ledger.export(tmp_path / "export", a=3), tmp_path / "segment.jsonl"
    write_lines(segment, [entry_line(at, body) for at, body in enumerate(ledger.bodies["a"][:3])])

    def completeness(**given):
        answer = auditor.verify(folder, FIRST.public.hex(), **given)
        return answer["integrity"]["first"], answer["completeness"]["first"]

    assert completeness() == (None, None)
    assert completeness(segments={"a": [segment]}) == (None, ["a", 9])
    rewrite(segment, 1, at=1)
    assert completeness(segments={"a": [segment]}) == (["a", 1], ["a", 9])


def test_entries_that_are_not_given_are_counted(ledger, tmp_path):
    ledger.archive(9)
    answer = auditor.verify(ledger.export(tmp_path / "export", a=9), FIRST.public.hex())
    assert answer["completeness"]["holds"]
    assert answer["archived"] == {"a": 8}


def test_what_may_stand_in_the_archive_is_no_fault(ledger, tmp_path):
    ledger.write("call.amended", run="r", call="0.0")
    ledger.write("call.ended", run="r", call="late")
    ledger.write("call.intent", run="r", call="new", approval="old")
    ledger.archive(3)
    assert verdicts(ledger.export(tmp_path / "export", a=3)) == (True, True)


def test_without_leaf_hashes_an_archived_part_is_not_proven(ledger, tmp_path):
    ledger.archive(2)
    folder = ledger.export(tmp_path / "export", a=2)
    (folder / "leaves-a.bin").unlink()
    assert verdicts(folder) == (["a", 0], None)


def test_order_counts_within_a_log_alone(tmp_path):
    ledger = Ledger(logs=("a", "b"))
    for log in ("a", "b"):
        ledger.write("call.amended", log=log, run="r", call="early")
    ledger.write("call.ended", log="a", run="r", call="early")
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "one")) == (True, ["a", 1])
    ledger.bodies["b"].append(ledger.bodies["a"].pop())
    ledger.heads.clear()
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "two")) == (True, ["b", 0])


@pytest.mark.parametrize(
    ("length", "expected"), [(auditor.LONGEST, True), (auditor.LONGEST + 1, ["a", 4])]
)
def test_a_line_has_at_most_4_mib(folder, length, expected):
    path = folder / "entries-a.jsonl"
    lines = lines_in(path)
    write_lines(path, [*lines[:4], lines[4].ljust(length), *lines[5:]])
    assert verdicts(folder) == (expected, expected)


@pytest.mark.parametrize("log", [".a", "", "a" * 129, "\u00e4", "a/b", 1])
def test_what_is_no_id_of_a_log_is_refused(log):
    assert auditor.is_log("a" * 128)
    assert not auditor.is_log(log)


def test_a_call_that_ended_twice_breaks_completeness(ledger, tmp_path):
    ledger.write("call.ended", run="r", call="0.0")
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "export")) == (True, ["a", 9])


@pytest.mark.parametrize("kind", ["call.intent", "call.held", "call.deferred"])
def test_a_call_without_end_is_listed_and_no_fault(ledger, tmp_path, kind):
    ledger.write(kind, run="r", call="open")
    ledger.head()
    answer = auditor.verify(ledger.export(tmp_path / "export"), FIRST.public.hex())
    assert answer["completeness"]["holds"]
    assert answer["open"] == ["open"]


@pytest.mark.parametrize(("call", "expected"), [("0.0", True), ("open", ["a", 10])])
def test_only_a_call_that_ended_is_amended(ledger, tmp_path, call, expected):
    ledger.write("call.intent", run="r", call="open")
    ledger.write("call.amended", run="r", call=call)
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "export")) == (True, expected)


@pytest.mark.parametrize(("call", "expected"), [("open", True), ("never", ["a", 10])])
def test_what_is_known_late_is_of_a_call_that_began(ledger, tmp_path, call, expected):
    ledger.write("call.intent", run="r", call="open")
    ledger.write("call.amended", run="r", call=call, source="late")
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "export")) == (True, expected)


@pytest.mark.parametrize(
    ("state", "expected"), [("approved", True), ("denied", ["a", 10]), (None, ["a", 10])]
)
def test_an_approval_that_is_spent_was_given(ledger, tmp_path, state, expected):
    ledger.write("approval.decided", approval={"id": "yes", "state": state})
    ledger.call("approved", approval="yes")
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "export")) == (True, expected)


def test_an_approval_is_spent_once(ledger, tmp_path):
    ledger.write("approval.decided", approval={"id": "yes", "state": "approved"})
    ledger.call("one", approval="yes")
    ledger.call("two", approval="yes")
    ledger.head()
    assert verdicts(ledger.export(tmp_path / "export")) == (True, ["a", 12])


def test_the_unanchored_tail_is_told_in_entries_and_seconds(ledger, folder, tmp_path):
    def tail(heads):
        anchor = anchor_of(tmp_path, heads)
        return auditor.verify(folder, FIRST.public.hex(), [anchor])["unanchored"]

    assert tail(ledger.heads) == {"entries": 0, "seconds": 0}
    assert tail(ledger.heads[:2]) == {"entries": 4, "seconds": 6}
    assert tail([]) == {"entries": 9, "seconds": 12}


def test_a_ledger_that_was_cut_off_has_no_tail_below_nothing(ledger, tmp_path):
    anchor = anchor_of(tmp_path, ledger.heads)
    del ledger.bodies["a"][5:]
    answer = auditor.verify(ledger.export(tmp_path / "export"), FIRST.public.hex(), [anchor])
    assert answer["unanchored"] == {"entries": 0, "seconds": 0}
