"""Series of numbers, of one channel or several, as sequences of symbols.

The symbols are the numbers, digits as they were written, channel after channel with `|` between
two. Their table is that of `symbol_tables`.
"""

import math
import re
from collections.abc import Sequence
from itertools import chain

from seqtransfer.corpora.examples import Symbols
from seqtransfer.corpora.label_faults import is_missing

CHANNEL = "|"
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
# What is no number -> what to do about it; the first that fits.
REMEDIES = (
    (r".*;.*", "state `delimiter: ';'`, if that is what parts the cells"),
    (r"[+-]?[0-9]*,[0-9]+([eE].*)?", "write decimals with a point"),
    (r"\s*[0-9]{1,4}[-/.:][0-9]{1,2}([-/.:T ].*)?", "a date or time is no value; leave it out"),
    (r"(?!(na|n/a|nan|null|none|missing|[+-]?inf(inity)?)$)[^\W\d].*", ""),  # see `_of_words`
    (r".*", "fill a missing value by a rule of your own, or remove the series"),
)


def ended(symbols: Symbols) -> Symbols:
    """A series without the missing values at its end, which fill up the line of a shorter one."""
    last = len(symbols)
    while last and is_missing(symbols[last - 1]):
        last -= 1
    return symbols[:last]


def check_numbers(where: str, symbols: Symbols, columns: Sequence[str] = ()) -> None:
    """Raise ValueError, beginning with `where`, unless these are finite numbers in channels.

    columns: the names of their columns, of a table with a header and a series a line.
    """
    before = CHANNEL
    for place, symbol in enumerate(chain(symbols, [CHANNEL]), start=1):
        if symbol == CHANNEL:
            if before == CHANNEL:
                raise ValueError(f"{where}: a channel holds no number; remove the series")
        elif not NUMBER.fullmatch(symbol) or not math.isfinite(float(symbol)):
            remedy = next(
                said
                for pattern, said in REMEDIES
                if re.fullmatch(pattern, symbol, re.IGNORECASE | re.DOTALL)
            )
            column = columns[place - 1] if columns else ""
            at = f"in the column {column!r}" if column else f"at place {place}"
            raise ValueError(
                f"{where}: {symbol!r} {at} is no finite number; {remedy or _of_words(column)}"
            )
        before = symbol


def _of_words(column: str) -> str:
    """What to do about a word in place of a number. column: its name, if the header says it."""
    if not column:
        return "if this line is a header, name the column of the label, `label:` in the layout"
    return (
        f"if the column says which series belong together, name it as `group: {column}`, else name"
        " the columns of values by a pattern, `values:`"
    )
