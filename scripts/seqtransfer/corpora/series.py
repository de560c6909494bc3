"""Series of numbers, of one channel or several, as sequences of symbols.

The symbols are the numbers, digits as they were written, channel after channel with `|` between
two. Their table is that of `symbol_tables`.
"""

import math
import re
from itertools import chain

from seqtransfer.corpora.examples import Symbols

CHANNEL = "|"
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
MISSING = ("", "nan", "na", "?")  # as tables write a value that is not there
# What is no number -> what to do about it; the first that fits.
REMEDIES = (
    (r".*;.*", "state `delimiter: ';'`, if that is what parts the cells"),
    (r"[+-]?[0-9]*,[0-9]+([eE].*)?", "write decimals with a point"),
    (r"\s*[0-9]{1,4}[-/.:][0-9]{1,2}([-/.:T ].*)?", "a date or time is no value; leave it out"),
    (
        r"(?!(na|n/a|nan|null|none|missing|[+-]?inf(inity)?)$)[^\W\d].*",
        "if this line is a header, name the column of the label, `label:` in the layout",
    ),
    (r".*", "fill a missing value by a rule of your own, or remove the series"),
)


def ended(symbols: Symbols) -> Symbols:
    """A series without the missing values at its end, which fill up the line of a shorter one."""
    last = len(symbols)
    while last and symbols[last - 1].strip().lower() in MISSING:
        last -= 1
    return symbols[:last]


def check_numbers(where: str, symbols: Symbols) -> None:
    """Raise ValueError, beginning with `where`, unless these are finite numbers in channels."""
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
            raise ValueError(f"{where}: {symbol!r} at place {place} is no finite number; {remedy}")
        before = symbol
