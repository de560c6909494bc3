"""Tables and figures of representations: similarity, attention, and whether transfer goes along."""

from collections.abc import Callable

from seqtransfer.report.register.entries import (
    Figure,
    Table,
    calibrates,
    calibrates_arms,
    columns,
    compares_arms,
    matches_attention,
)

TABLES = {
    "similarity": Table(
        "similarity",
        "Similarity of two encoders' representations: mean over seeds with its 95 % t interval,"
        " beside the null of re-paired units, floor and ceiling.",
        columns(
            "task left right stage layer measure mean low high seeds null_mean null_low null_high"
            " analytic_null p_value rows width left_rank right_rank rows_per_width few_rows floor"
            " floor_low floor_high ceiling above_floor above_floor_low above_floor_high calibrated"
            " calibrated_low calibrated_high",
            null_low="Mean over seeds of the least of the null's draws",
            null_high="Mean over seeds of the greatest of the null's draws",
            p_value="Largest permutation p-value over seeds",
            rows_per_width="Rows for each neuron",
            floor="Mean over draws of random weights against the reference",
            floor_low="Lowest of them",
            floor_high="Highest of them",
            ceiling="The reference against itself pretrained with another seed, or its halves",
            above_floor="mean - floor: what claim (d2) is about, layer by layer; the claim itself"
            " subtracts random weights of the same seed and takes all pretrainings of the"
            " reference",
            above_floor_low="Lower bound of its jackknife interval over groups of units",
            above_floor_high="Upper bound of its jackknife interval over groups of units",
            calibrated="0 at the floor, 1 at the ceiling; empty where the ceiling does not lie"
            " above the floor by its 95 % interval over floor seeds and units",
            calibrated_low="Lower bound of its jackknife interval over groups of units, for the"
            " similarity on as many rows; that on infinitely many differs, of PWCCA mostly by more",
            calibrated_high="Upper bound of its jackknife interval over groups of units",
        ),
        readable=True,
    ),
    "association": Table(
        "similarity against gain",
        "Spearman's rho of an arm's similarity to the reference before fine-tuning and its gain in"
        " test score over random weights, with a permutation p-value. Tasks (between) and arms"
        " (within) are the cases, however many seeds there are: with few of them, no association"
        " here is no evidence of none. One that there is has no cause shown, as arms differ in more"
        " than similarity; p-values are not adjusted for the number of rows.",
        columns(
            "measure layer scope tasks arms rho p_value permutations",
            p_value="Share of permutations with a correlation at least as far from 0",
        ),
        readable=True,
    ),
    "paper": Table(
        "the paper's setting",
        "The paper's setting (last layer, 1000 tokens, PWCCA weighted by the left side) beside"
        " ours on the same encoders.",
        columns(
            "task left right width paper_score paper_rows paper_expected paper_released score"
            " null_mean rows",
            left="The arm, `random`, or `noise`: normal numbers independent of anything",
            paper_score="Score in the paper's setting",
            paper_rows="Its rows",
            paper_expected="Score expected there of independent encoders of these widths",
            paper_released="Score there by the released code's own PWCCA, which does not centre",
            score="Ours at the same layer; empty for noise",
        ),
        readable=True,
        has=calibrates,
    ),
    "attention": Table(
        "attention heads",
        "Attention heads of two encoders on the same test sequences, [CLS] and [SEP] included:"
        " heads are matched one to one so that their distance is least. Heads that attend to all"
        " tokens alike, or by position, are near each other whatever the sequence, and the best of"
        " all matchings is near by selection: compare `mean` with `repaired`.",
        columns(
            "task left right stage layer mean low high seeds by_example repaired unmatched"
            " left_entropy right_entropy left_distance right_distance sequences",
            layer="Layer of the left encoder, from 1",
            mean="Distance of matched heads, 0 (equal) to 2 (no token in common)",
            by_example="With another matching in every sequence, as in the paper",
            repaired="Matched anew with the right maps of sequences of other units and the same"
            " length, of those read at a time: what heads share whatever the sequence; empty where"
            " there are none",
            unmatched="Distance of heads paired at random",
            left_entropy="Mean entropy of the left heads, nats; 0 attends to one token",
            right_entropy="The same of the right heads",
            left_distance="Mean distance that the left heads span, tokens",
            right_distance="The same of the right heads",
            sequences="How many sequences",
        ),
        readable=True,
        has=matches_attention,
    ),
    "comparisons": Table(
        "every similarity",
        "Every similarity before averaging, with its own null.",
        columns(
            "task left right seed stage layer left_layer right_layer measure score null_mean"
            " null_low null_high p_value analytic_null draws rows sequences units left_width"
            " right_width width left_rank right_rank few_rows ties code",
            layer="Layer of the left encoder where the two are at equal relative depth, else empty",
            draws="Re-pairings drawn for the null",
            units="Units that the rows are of, which the null re-pairs",
            left_width="Neurons of the left encoder",
            right_width="Neurons of the right encoder",
        ),
    ),
    "references": Table(
        "scores with the reference",
        "Every score with the reference before fine-tuning, on the study's first seed: of arms, of"
        " random encoders (the floor) and of the reference itself (the ceiling), with all units of"
        " the probe and without each group of them. Claim (d2) takes its intervals from here.",
        columns(
            "task left right reference kind layer measure group score code",
            left="An arm, `random <seed>`, `again` or `halves`, those of the reference's neurons",
            right="The reference arm",
            reference="`first`, or `again`: the reference's second pretraining",
            kind="arm, floor or ceiling",
            group="The group of units that is left out; -1 for none",
        ),
    ),
    "maps": Table(
        "every layer with every layer",
        "Similarity of every layer of one encoder with every layer of another, on the study's"
        " first seed.",
        columns(
            "task left right stage seed measure left_layer right_layer score null_mean null_high"
            " p_value rows q",
            q="p-value adjusted over the cells of one map (Benjamini and Hochberg)",
        ),
    ),
    "similarity_gain": Table(
        "similarity and gain",
        "Points of the question whether similarity to the reference before fine-tuning goes with"
        " the gain over random weights.",
        columns(
            "task initialization seed layer measure similarity rows gain",
            similarity="Of the arm to the reference before fine-tuning",
            gain="Test score minus that of `random` at the same seed",
        ),
    ),
}

FIGURES = {
    "similarity": Figure(
        "similarity above random weights",
        "Similarity of an arm to the reference before fine-tuning, layer by layer, by the measure"
        " that claim (d) is judged by, less that of random weights of the same architecture: where"
        " domain pretraining is the reference, what (d2) is about. Thin lines are seeds, marks"
        " their mean. At the dotted line an arm is no nearer to the reference than random weights"
        " are; grey is the range of these over their seeds. The diamond, if (d2) is tested, is the"
        " mean of text over layers 1 and up, as claimed: less random weights of the same seed, over"
        " all pretrainings of the reference, so that it need not be the mean of the marks. Its"
        " interval covers seeds, of random weights too, units of the probe and pretrainings of the"
        " reference, so that it may be far wider than the thin lines lie apart. The upper line, if"
        " there is one, is the reference against another pretraining of itself, or halves of its"
        " neurons, where it lies above random weights by its interval. Above a panel: n rows and"
        " the width; `(few)` marks fewer than ten rows per neuron, where canonical correlations are"
        " high by chance.",
        ("similarity", "comparisons"),
        one_measure=True,
        has=calibrates_arms,
    ),
    "similarities": Figure(
        "similarity by every measure",
        "Similarity (unitless, 1 = the same up to what the measure ignores) of an arm to the"
        " reference encoder, layer by layer, before (solid) and after (dashed) fine-tuning, with"
        " 95 % t intervals over seeds (of two seeds, both). Colours are arms. Grey: the least to"
        " the greatest score when whole units of one side are paired at random, over all curves of"
        " a panel. Before"
        " fine-tuning, text must lie above both grey (chance) and the floor (what random weights of"
        " the same architecture share with the reference, darker grey over their seeds) to share"
        " more than that; random weights"
        " that are the reference themselves have no floor. The ceiling, if it is drawn, is the"
        " reference against itself, at layers where"
        " it lies above the floor by its interval; a score may exceed it. After fine-tuning both"
        " encoders are fine-tuned, and floor and ceiling, which are of before, do not apply. Above"
        " a panel: n rows and the width, beside a measure of fewer rows its own; `(few)` marks"
        " fewer than ten rows per neuron, where canonical correlations are high by chance.",
        ("similarity",),
        has=compares_arms,
    ),
    "change": Figure(
        "change by fine-tuning",
        "Similarity (unitless) of each arm after fine-tuning to itself before it, layer by layer;"
        " mean over seeds with a 95 % t interval (of two seeds, both). 1 is unchanged; grey is the"
        " score of units paired at random, over all arms. An arm that moves little is similar to"
        " itself whatever it learned.",
        ("similarity",),
        has=compares_arms,
        on_request=True,
    ),
    "maps": Figure(
        "layer maps",
        "Similarity (unitless) of every layer of one encoder (upwards) with every layer of the"
        " other, on one seed, so that there is no interval. An x, if there is one, marks a cell"
        " that is not above the null of units paired at random, at the stated false discovery rate"
        " over the map. What pretraining brings is what a map has beyond that of random weights"
        " with the same encoder, which stands beside it where the study compares these.",
        ("maps",),
        has=compares_arms,
        on_request=True,
    ),
    "similarity_gain": Figure(
        "similarity against gain",
        "Gain in test score over random weights against similarity to the reference before"
        " fine-tuning, by the measure that claim (d) is judged by; a dot is a task (its filling,"
        " where there are at most seven), an arm (its colour and shape) and a seed. rho is"
        " Spearman's correlation of means over seeds,"
        " between tasks (means of their arms) and within them (arms, less the task's mean);"
        " p-values and other measures are in the table `association`. With few tasks and arms, no"
        " association here is no evidence of none, and none is evidence of a cause.",
        ("similarity_gain", "association"),
        parts=("test",),
        one_measure=True,
        has=compares_arms,
        on_request=True,
    ),
    "attention": Figure(
        "attention heads",
        "Top: how far the attention heads of an arm are from the heads of the reference that"
        " match them best (0 equal, 2 no token in common), layer by layer, before (solid) and"
        " after (dashed) fine-tuning; mean over seeds, band a 95 % t interval (of two seeds,"
        " both). Read each line against the dotted one of its colour, the same with sequences"
        " paired anew: only below it do heads share what they make of a sequence. Heads that attend"
        " to all tokens alike, or by position, are near each other whatever they learned, so that"
        " random weights may be nearest. Below: the entropy of the"
        " heads' attention (nats; 0 attends to one token) and the distance it spans (tokens), mean"
        " over heads, for every arm.",
        ("attention",),
        has=matches_attention,
    ),
}


def table_functions() -> dict[str, Callable]:
    """By table, the function from `results.Results` to its data frame."""
    from seqtransfer.report.tables import association_tables, similarity_tables

    return {
        "similarity": lambda found: similarity_tables.similarity(
            found.comparisons, found.references, found.reference
        ),
        "association": lambda found: association_tables.association(found.similarity_gain),
        "paper": lambda found: similarity_tables.paper_setting(
            found.paper, found.comparisons, found.reference
        ),
        "attention": lambda found: similarity_tables.attention(found.heads),
        "comparisons": lambda found: found.comparisons,
        "references": lambda found: similarity_tables.references(found.references, found.reference),
        "maps": lambda found: similarity_tables.maps(found.comparisons),
        "similarity_gain": lambda found: found.similarity_gain,
    }


def figure_functions() -> dict[str, Callable]:
    """By figure, the function from its tables by name and the claims to a matplotlib Figure."""
    from seqtransfer.report.figures import (
        association_figures,
        attention_figures,
        similarity_figures,
    )

    return {
        "similarity": similarity_figures.similarity,
        "similarities": similarity_figures.similarities,
        "change": similarity_figures.change,
        "maps": similarity_figures.maps,
        "similarity_gain": association_figures.similarity_gain,
        "attention": attention_figures.attention,
    }
