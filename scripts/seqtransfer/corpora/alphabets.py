"""Which symbols a sequence may hold, what is taken out of it, and the table that says so.

Policy: letters of the alphabet stay, and so do IUPAC's ambiguity codes, each a symbol of its own
(that an `N` stands there is information, too). Gaps and a closing stop are refused unless the task
asks to take them out. Everything else is refused with its record and position. Lower case is read
as upper case.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

GAPS = "-."
STOP = "*"


@dataclass(frozen=True)
class Alphabet:
    """Letters of one kind of sequence. Source: IUPAC-IUB 1984 (nucleotides) and 1983 (residues)."""

    letters: str
    ambiguous: str  # IUPAC's codes for "one of these"; for proteins also the rare U and O


ALPHABETS = {
    "dna": Alphabet("ACGT", "RYSWKMBDHVN"),
    "rna": Alphabet("ACGU", "RYSWKMBDHVN"),
    "protein": Alphabet("ACDEFGHIKLMNPQRSTVWY", "BJOUXZ"),
}
ANY = Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "")
STRIPPED = ("gaps", "stop")


class Cleaner:
    """Applies one policy to many sequences and counts what it met.

    alphabet: a name of ALPHABETS, or None for any letter, gaps and stops (as the standard FASTA
    allows).
    strip: of STRIPPED, what is taken out: `gaps` (- and .) and `stop` (one `*` at the end); None
    where nothing can be, as each symbol has a label.
    """

    def __init__(self, alphabet: str | None = None, strip: tuple[str, ...] | None = ()):
        self.name = alphabet
        self.alphabet = ALPHABETS[alphabet] if alphabet else ANY
        self.strip, self.strips = strip or (), strip is not None
        kept = self.alphabet.letters + self.alphabet.ambiguous + ("" if alphabet else "-*")
        self.allowed = np.zeros(256, dtype=bool)
        self.allowed[[ord(symbol) for symbol in kept]] = True
        self.counts = np.zeros(256, dtype=np.int64)
        self.records = np.zeros(256, dtype=np.int64)
        self.stripped: dict[str, list[int]] = {}  # symbol -> [symbols, records]
        self.length = 0  # characters that `leave_out` met, white space aside
        self.uncovered = 0  # of them, those that belong to no symbol

    def clean(self, where: str, sequence: str) -> str:
        """The sequence in upper case without what is stripped.

        Raises ValueError naming `where`, symbol and position (from 1) for a symbol that may not be,
        or if nothing is left.
        """
        # Unlike str.upper, this never turns one character into two, or another into a letter.
        sequence = sequence.translate(UPPER)
        whole = sequence
        if "gaps" in self.strip:
            for gap in GAPS:
                self._strip(gap, sequence.count(gap))
                sequence = sequence.replace(gap, "")
        if "stop" in self.strip and sequence.endswith(STOP):
            self._strip(STOP, 1)
            sequence = sequence[:-1]
        codes = np.frombuffer(sequence.encode("latin-1", errors="replace"), dtype=np.uint8)
        if not self.allowed[codes].all() or not sequence.isascii():
            self._refuse(where, whole)
        if not sequence:
            raise ValueError(f"{where}: has no sequence; remove the record")
        counts = np.bincount(codes, minlength=256)
        self.counts += counts
        self.records += counts > 0
        return sequence

    def leave_out(self, text: str, rest: str) -> None:
        """Count `rest`, what of a text belongs to no symbol, white space aside."""
        self.length += len("".join(text.split()))
        for character, count in Counter("".join(rest.split())).items():
            self._strip(character, count)
            self.uncovered += count

    def kept(self, symbols: Sequence[str]) -> list[int]:
        """The places of single letters that `clean` leaves of a sequence, before it is cleaned."""
        gone = GAPS if "gaps" in self.strip else ""
        places = [place for place, symbol in enumerate(symbols) if symbol not in gone]
        if "stop" in self.strip and places and symbols[places[-1]] == STOP:
            places.pop()
        return places

    def left_out(self) -> str:
        """How many characters `leave_out` counted, of how many, in words."""
        share = f"{self.uncovered} of {self.length} characters"
        return f"{share} are left out, since no match of `symbol` covers them"

    def table(self) -> "pd.DataFrame":
        """Columns symbol, kind, count, records: what the sequences held and what was taken out."""
        import pandas as pd

        rows = [
            (
                symbol,
                self._kind(symbol),
                int(self.counts[ord(symbol)]),
                int(self.records[ord(symbol)]),
            )
            for symbol in map(chr, np.flatnonzero(self.counts))
        ]
        rows += [(symbol, "stripped", *counts) for symbol, counts in sorted(self.stripped.items())]
        return pd.DataFrame(rows, columns=["symbol", "kind", "count", "records"])

    def _kind(self, symbol: str) -> str:
        if symbol in self.alphabet.ambiguous:
            return "ambiguous" if self.name != "protein" or symbol not in "OU" else "rare"
        if symbol in self.alphabet.letters:
            return "letter"
        return "stop" if symbol == STOP else "gap"

    def _strip(self, symbol: str, count: int) -> None:
        if count:
            before = self.stripped.get(symbol, [0, 0])
            self.stripped[symbol] = [before[0] + count, before[1] + 1]

    def _refuse(self, where: str, sequence: str) -> None:
        gone = GAPS if "gaps" in self.strip else ""
        last = len(sequence.rstrip(gone)) if gone else len(sequence)
        for position, symbol in enumerate(sequence, start=1):
            closing = "stop" in self.strip and symbol == STOP and position == last
            known = symbol in gone or closing
            if not known and not (symbol.isascii() and self.allowed[ord(symbol)]):
                raise ValueError(
                    f"{where}: holds {_shown(symbol)} at position {position}; "
                    f"{self._advice(symbol)}"
                )

    def _advice(self, symbol: str) -> str:
        if symbol in (*GAPS, STOP) and not self.strips:
            return "take it out of the record, with its label"
        if symbol in GAPS:
            return "take gaps out with `strip: [gaps]`"
        if symbol == STOP:
            return "take a `*` at the end out with `strip: [stop]`; inside, correct the record"
        if self.name:
            codes = f"{self.alphabet.letters} and {self.alphabet.ambiguous}"
            other = {"rnaT": "dna", "dnaU": "rna"}.get(self.name + symbol)
            meant = "; correct the record, or name another alphabet or none"
            if other:
                meant = f"; written with {symbol}? say `alphabet: {other}`"
            return f"alphabet `{self.name}` has {codes}{meant}"
        return "use letters, `*` and `-` only"


def _shown(symbol: str) -> str:
    if "\ud800" <= symbol <= "\udfff":  # a byte that was no UTF-8, see text_files.open_text
        return f"byte 0x{ord(symbol) & 0xFF:02x}"
    return repr(symbol)


UPPER = {ord(letter.lower()): letter for letter in ANY.letters}
