"""Measures of similarity between two representations, by name: `MEASURES["pwcca"](x, y)`.

In: two matrices (examples, neurons) whose rows are the same examples.
Out: a score.

representation: one matrix, checked, and its singular value decomposition.
pair: two representations, their cross products and canonical correlations.
measure: what a measure declares of itself (invariances, range, expected score by chance).
correlation (CCA, SVCCA, PWCCA), alignment (CKA), shape (Procrustes, GULP), neighbourhood (RSA,
    nearest neighbours, CKNNA): the measures, one file per family.
permutation_null: pairs with shuffled sequences, for the null of every measure.
streaming: a representation too long for memory.
attention: distances between attention heads and their matching; not in `MEASURES`.

To add a measure: write `score(pair)` in its family's file, with a first docstring line that names
the measure and its source, and a `Measure(...)` entry in that file's `MEASURES`. The configuration,
the report and the tests of what the entry claims follow. Write its definition a second time in
tests/similarity/test_measure_definitions.py. Then run `python docs/reference_pages.py` and
`pytest tests/similarity`. A new family is one more file, to be imported and listed here.

Only numpy is imported here (scipy where it is used), so that planning a study can ask for names.
"""

from seqtransfer.similarity.measures import alignment, correlation, neighbourhood, shape
from seqtransfer.similarity.measures.measure import Measure

FAMILIES = (correlation.MEASURES, alignment.MEASURES, shape.MEASURES, neighbourhood.MEASURES)
MEASURES: dict[str, Measure] = {measure.name: measure for family in FAMILIES for measure in family}
