"""Which tasks read the same examples in other tokens."""

from seqtransfer.tokens import shared_examples


def test_tasks_that_differ_in_tokens_alone_share_their_examples():
    splice = {"source": "a", "converter": "fasta", "split": "stratified", "title": "Bases"}
    tasks = {
        "splice": splice,
        "other": splice | {"split": "grouped"},
        "words": splice | {"title": "Words", "tokens": {"kind": "kmers"}, "max_length": 22},
        "shuffled": splice | {"order": "shuffled"},
        "moved": splice | {"token_map": {"kind": "shift"}},
        "f1": splice | {"metric": "f1"},
    }
    names = dict.fromkeys(tasks, "splice") | {"other": "other"}
    assert shared_examples.names(tasks) == names
