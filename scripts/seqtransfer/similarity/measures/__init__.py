"""Measures of similarity between two representations, by name; one module a family.

    sides <- measure <- correlation, alignment, shape, neighbourhood <- this registry
    sides <- repairings (the permutation null), streaming (sides too long for memory)
    attention stands alone

They know only numpy and scipy. `MEASURES["pwcca"](x, y)` scores two arrays; `similarity.score_all`
scores many layers beside their nulls.
"""

from seqtransfer.similarity.measures import alignment, correlation, neighbourhood, shape
from seqtransfer.similarity.measures.measure import Measure

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for family in (
        correlation.MEASURES, alignment.MEASURES, shape.MEASURES, neighbourhood.MEASURES,
    )
    for measure in family
}  # fmt: skip
