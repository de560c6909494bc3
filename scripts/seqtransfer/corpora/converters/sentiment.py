"""vaderSentiment (package) -> texts: film review snippets, positive or negative."""

import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from seqtransfer.corpora.text_files import find
from seqtransfer.files import json_tsv


def convert(folder: Path, corpus: Path) -> None:
    """vaderSentiment (source archive) -> TSV: film review snippets, positive or negative.

    Each snippet was rated from -4 to 4 by about twenty people; the file has the mean.
    Raises ValueError if the archive or its member is missing or a row is malformed.
    """
    archive = find(folder, "hutto_ICWSM_2014.tar.gz")
    rows = []
    for number, line in enumerate(_movie_lines(archive), start=1):
        name, rating, text = [*line.split("\t", 2), "", ""][:3]
        try:
            mean = float(rating)
        except ValueError:
            raise ValueError(f"{archive}: line {number}: rating {rating!r} is no number") from None
        # ASSUME: means between -1 and 1 are neither positive nor negative; 9,173 of 10,605 stay.
        if abs(mean) >= 1:
            label = "positive" if mean > 0 else "negative"
            rows.append({"id": f"movie-{name}", "label": label, "text": " ".join(text.split())})
    if not rows:
        raise ValueError(f"{archive}: its member holds no snippet that is positive or negative")
    print(f"{corpus.name}: {len(rows)} of {number} snippets, {Counter(r['label'] for r in rows)}")
    json_tsv.write_records(corpus, rows)


def _movie_lines(archive: Path) -> Iterator[str]:
    """Lines of the one member wanted, read in memory: the inner archive is never unpacked."""
    member = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
    with tarfile.open(archive) as tar:
        try:
            content = tar.extractfile(member)
        except KeyError:
            raise ValueError(f"{archive}: has no member {member}") from None
        # ASSUME: latin-1, which reads every byte; the snippets are English.
        for line in content.read().decode("latin-1").split("\n"):
            if line.strip():
                yield line.rstrip("\r")
