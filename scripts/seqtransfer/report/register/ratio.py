"""Tables of the rule `data_ratio`, which joins studies that differ in the amount of data alone."""

from seqtransfer.report.register.entries import INTERVAL, Table, columns

EMPTY = "empty for one seed, or where a run has no score or the perfect one"

TABLES = {
    "curves": Table(
        "scores by the amount of training data",
        "Test score of every arm against the number of training examples: mean over seeds with its"
        " 95 % t interval. All seeds share one draw of the smaller parts and one test set, which no"
        " interval covers.",
        columns(
            "task initialization fraction n mean low high seeds",
            initialization="Name of the arm or control",
            fraction="Training examples as a share of the task's most",
            n="Training examples",
            mean="Mean test score over seeds, in the headline metric",
        ),
        readable=True,
    ),
    "power_laws": Table(
        "power laws of error and data",
        "The law error = scale n^-exponent, where the error is 1 - test score and n the number of"
        " training examples: a line of log error on log n, fitted seed by seed. It assumes no floor"
        " below which the error never falls; two sizes cannot test it.",
        columns(
            "task initialization sizes seeds scale exponent exponent_low exponent_high curvature"
            " curvature_low curvature_high reading",
            initialization="Name of the arm or control",
            sizes="How many numbers of training examples",
            seeds="How many seeds",
            scale="Error that the law gives for one example",
            exponent="How fast the error falls; mean over seeds",
            exponent_low=f"Lower bound of its {INTERVAL}; {EMPTY}",
            exponent_high=f"Upper bound of its {INTERVAL}; {EMPTY}",
            curvature="Coefficient of (log n)^2 in a parabola; 0 for a power law; empty for two"
            " sizes",
            curvature_low=f"Lower bound of its {INTERVAL}; {EMPTY}",
            curvature_high=f"Upper bound of its {INTERVAL}; {EMPTY}",
            reading="What these numbers allow to say",
        ),
        readable=True,
    ),
    "multipliers": Table(
        "how many times as many examples random weights need",
        "The training examples that random weights need for the mean score of an arm, as a multiple"
        " of those that the arm had. 1: both need as many.",
        columns(
            "task initialization n score multiplier bound low high",
            initialization="Name of the arm or control",
            n="Training examples of the arm",
            score="Its mean test score over seeds",
            multiplier="Examples that random weights need over n; or its bound",
            bound="at least: random weights never reach the score; at most: they exceed it with the"
            " fewest examples; else empty",
            low="2.5 % point of a bootstrap over seeds; empty beyond the sizes and for one seed",
            high="97.5 % point of it; empty beyond the sizes and for one seed",
        ),
        readable=True,
    ),
}
