"""Tables and figures of the analyses of every run, and whether any goes with transfer."""

from collections.abc import Callable, Mapping

from seqtransfer.report.register.entries import INTERVAL, Figure, Table, columns


def _analysed(kind: str) -> Callable[[Mapping], bool]:
    return lambda config: kind in config["analyse"]["kinds"]


def analyses(config: Mapping) -> bool:
    """Studies of an analysis of every run."""
    return bool(config["analyse"]["kinds"])


def associates(config: Mapping) -> bool:
    """Studies of an analysis, with random weights, over which gains are taken."""
    return analyses(config) and "random" in config["initializations"]


def along(config: Mapping) -> bool:
    """Studies that measure gradients along fine-tuning, too."""
    return bool(config["analyse"].get("steps"))


def asks_zero_shot(config: Mapping) -> bool:
    """Studies that score pretrained encoders before any fine-tuning."""
    return bool(config["analyse"].get("zero_shot"))


# Which places each analysis has, as columns of its table.
PLACES = {
    "isometry": ["layer"],
    "gradient_confusion": ["step", "part"],
    "perturbation": ["size"],
    "lipschitz": ["layer", "part"],
    "mutation": ["size"],
}
HAS = {kind: _analysed(kind) for kind in PLACES}
BATCHES = "How many training batches"
ANY_SIZE = ("mean", "low", "high", "reference")


def _columns(kind: str, **own: str) -> dict[str, str]:
    names = f"task initialization stage quantity {' '.join(PLACES[kind])} mean low high seeds"
    over = "batches" if kind == "gradient_confusion" else "sequences"
    known = {"stage": "before or after fine-tuning", "sequences": "How many test sequences"}
    return columns(f"{names} reference {over}", **known | {"batches": BATCHES} | own)


TABLES = {
    "isometry": Table(
        "dynamical isometry",
        "Singular values of the Jacobian of the last layer's state at one position with respect to"
        " a lower layer's states at all positions, over test sequences. Near 1 alike, they let"
        " signals and gradients keep their length. They say what small changes do, and nothing of"
        " where training leads.",
        _columns(
            "isometry",
            quantity="log10_q05 to log10_q95: quantiles of their log10, less the null ones;"
            " log10_spread: 95 % less 5 %, in decades; mean_square: of all; near_one: share from"
            " 0.1 to 10 of all; null_directions: how many of a sequence's are below 1e-4 of its"
            " largest, of which a last LayerNorm makes two",
            layer="Whose states the Jacobian is by: 0 = embeddings, through all layers",
            reference="The same of an orthogonal map",
        ),
        has=HAS["isometry"],
    ),
    "gradient_confusion": Table(
        "gradient confusion",
        "Inner products of the gradients of the loss on pairs of training batches, dropout off"
        " (Sankararaman et al. 2020). Before fine-tuning the head is random, so that most of a"
        " gradient says which classes a batch has more of; after it, compare cosines, not `eta`.",
        _columns(
            "gradient_confusion",
            stage="before, during or after fine-tuning",
            step="Training steps taken: 0 before, one of `analyse.steps` during it; empty after it,"
            " as runs end at different steps. Means are over the seeds that took as many",
            quantity="eta: max(0, -least inner product); minimum_cosine and mean_cosine over pairs;"
            " norm: mean length",
            part="embeddings, encoder (layers), head (with a pooler), or all weights",
            reference="The same in independent directions of the space of the weights; empty for"
            " norm",
        ),
        any_size=ANY_SIZE,
        has=HAS["gradient_confusion"],
    ),
    "perturbation": Table(
        "perturbation",
        "How far normal noise in the encoder's weights moves what the model computes, in float64;"
        " root mean square over five draws. Tensors of zeros, as fresh biases are, get none. The"
        " direction is random, not the worst, and a more sensitive model is not a worse one.",
        _columns(
            "perturbation",
            quantity="state_change: length of the change of the pooled states over their length;"
            " loss_change: absolute change of the loss over the loss",
            size="Of the noise, relative to the root mean square of each tensor",
            reference="The same of a linear model with this change at the smallest size",
        ),
        any_size=ANY_SIZE,
        has=HAS["perturbation"],
    ),
    "lipschitz": Table(
        "Lipschitz constants",
        "How much LayerNorms and layers stretch small changes, at the tokens of test sequences."
        " Products over layers bound the whole encoder from far above; the table `isometry` has"
        " what it does.",
        _columns(
            "lipschitz",
            quantity="gain: absolute gain / sqrt(variance + eps) of a LayerNorm, mean over units"
            " and tokens; largest_gain: of the largest unit, mean over tokens; spectral_norm:"
            " largest singular value of the layer's Jacobian, mean over sequences",
            layer="The layer; 0 = embeddings",
            part="embeddings, attention, feed-forward or final: whose LayerNorm; layer: all of it",
            reference="1: lengths are kept",
        ),
        has=HAS["lipschitz"],
    ),
    "mutation": Table(
        "mutation",
        "How far the pooled state moves when symbols of a test sequence are exchanged for others"
        " that the training part uses, at random places: medians over sequences and two draws."
        " New symbols are uniform, so that most mutants are unlike any real sequence; a model that"
        " moves further is not a better one.",
        _columns(
            "mutation",
            quantity="relative_distance: length of the change over the median distance between the"
            " states of two different sequences; cosine_distance: 1 - cosine of the two states;"
            " pair_cosine_distance: the median one of two different sequences; substitutions: at"
            " which relative_distance reaches 1, straight between the numbers made, and empty if"
            " it stays below",
            size="Substitutions in a sequence, at most all of its symbols; empty for numbers of the"
            " whole curve",
            reference="The same of the shares of symbols in a sequence, the mean of one-hot"
            " vectors",
        ),
        any_size=ANY_SIZE,
        has=HAS["mutation"],
    ),
    "analysis_summary": Table(
        "analyses in one number each",
        "One number of each analysis, named before any was measured, before and after fine-tuning:"
        " mean over seeds and its interval, which covers neither the sequences nor the batches that"
        " were drawn. No number is better when higher; compare arms with random weights at the same"
        " stage.",
        columns(
            "quantity task stage initialization mean low high seeds difference difference_low"
            " difference_high reference sequences batches",
            quantity="One number of a model for each analysis, a mean over layers where it has"
            " several",
            stage="before or after fine-tuning",
            difference="Mean difference from `random` at equal seeds; empty without such",
            difference_low=f"Lower bound of its {INTERVAL}; empty for one seed",
            difference_high=f"Upper bound of its {INTERVAL}; empty for one seed",
            reference="As in the analysis's own table",
            sequences="How many test sequences; empty for gradients",
            batches=f"{BATCHES}; empty for all but gradients",
        ),
        readable=True,
        any_size=(*ANY_SIZE, "difference", "difference_low", "difference_high"),
        has=analyses,
    ),
    "analysis_points": Table(
        "analyses, gain and speed",
        "Points of the question whether an analysis before fine-tuning goes with gain or speed; all"
        " less the same of `random` at the same seed. Seeds of an arm are no cases of their own:"
        " the table `analysis_association` averages them first.",
        columns(
            "task initialization seed quantity value gain speed sequences batches",
            quantity="One number of a model for each question, named beforehand",
            value="The arm's less that of `random`",
            gain="Test score less that of `random`",
            speed="Mean height of the learning curve as a share of its best, by which claim (a) is"
            " judged, less that of `random`; empty for a run that learned nothing",
            sequences="How many test sequences the value is over; empty for gradients",
            batches=f"{BATCHES} it is over; empty for all but gradients",
        ),
        any_size=("value",),
        has=associates,
    ),
    "analysis_association": Table(
        "analyses against gain and speed",
        "Spearman's rho of each quantity before fine-tuning with gain and speed over random"
        " weights, with a permutation p-value. Tasks (between) and arms (within) are the cases,"
        " however many seeds there are: with few of them, no association here is no evidence of"
        " none, and none is evidence of a cause. p-values are not adjusted for the number of rows.",
        columns(
            "quantity outcome scope tasks arms rho p_value permutations",
            quantity="As in `analysis_points`",
            outcome="gain or speed",
            p_value="Share of permutations with a correlation at least as far from 0",
        ),
        readable=True,
        has=associates,
    ),
    "zero_shot": Table(
        "zero-shot scores",
        "Does the domain-pretrained encoder know the answer before any fine-tuning? Each test"
        " sequence's number is its mean log-probability of a symbol given all others, by the"
        " encoder's own head. Of mutants of one sequence a second number sums how much likelier"
        " each mutation is than what it replaces. Fine-tuned arms and baselines stand beside it on"
        " the same test part."
        " Chance is 0 for correlations and 0.5 for `auc`, below which likelihoods order the classes"
        " the other way round. `frequencies`, those of symbols in the training part, know no order"
        " of symbols: likelihoods that are no better show no more than composition.",
        columns(
            "task initialization kind pretrained_on seed metric positive score low high seeds n"
            " unknown log_likelihood",
            initialization="The arm; or frequencies, of symbols, or another baseline",
            kind="zero-shot, zero-shot by mutations, fine-tuned, or baseline; nothing but"
            " fine-tuning and baselines of other names than frequencies saw labels",
            pretrained_on="The corpus, or the task itself, or the encoder that others pretrained",
            seed="Of the pretraining; empty where others pretrained",
            metric="That of the task; of two classes auc, the area under the ROC curve",
            positive="Of two classes the second, whose examples auc expects to be more likely",
            score="Correlation with the labels, or AUC; of fine-tuned arms the mean over"
            " seeds, by predictions or the probability of `positive`",
            low="Lower bound of a 95 % bootstrap interval over test units; of fine-tuned arms of"
            " the t interval over seeds",
            high="Its upper bound",
            seeds="How many seeds of fine-tuning",
            n="Test examples scored",
            unknown="Test examples left out, with a symbol that the encoder does not have",
            log_likelihood="Mean over test examples of the mean log-probability of a symbol, in"
            " nats, among the task's symbols; empty by mutations",
        ),
        readable=True,
        has=asks_zero_shot,
    ),
}

FIGURES = {
    "isometry": Figure(
        "dynamical isometry",
        "Singular values (log10) of the Jacobian of the last layer's state at a position with"
        " respect to the states of a lower layer at all positions: median (mark) and 5 % to 95 %"
        " (line), each the mean over seeds; the table has their intervals. Layer 0 are the"
        " embeddings: there the Jacobian is through all layers. Of many layers and arms only every"
        " second layer, or fewer, is drawn. The grey line at 0 is an orthogonal map, which keeps"
        " lengths. The two directions that a last LayerNorm takes away are left out; the table"
        " counts them. Compare arms by the length of their lines: their height also depends on the"
        " scale of the states. They say what small changes do, and nothing of where training"
        " leads.",
        ("isometry",),
        has=HAS["isometry"],
    ),
    "gradient_confusion": Figure(
        "gradient confusion",
        "Least cosine of the gradients of two training batches, over pairs, dropout off: of the"
        " embeddings (emb.), the layers, the head, and all weights, before (top) and after (below)"
        " fine-tuning. Marks are means over seeds, lines 95 % t intervals, cut at -1 and 1, or, of"
        " two seeds, join both. The grey line is what independent directions give. A minimum near"
        " -1: steps for some batches undo those for others. After fine-tuning gradients are small"
        " and mostly of the few examples that are not fitted. The table has the mean over pairs,"
        " too.",
        ("gradient_confusion",),
        has=HAS["gradient_confusion"],
    ),
    "gradients_along": Figure(
        "gradients along fine-tuning",
        "Cosine of the gradients of two training batches, dropout off, of all weights: the least"
        " over pairs (top) and the mean (below), over the training steps taken. Marks at `best` are"
        " the weights of the best dev score, which runs reach at different steps. Means over seeds,"
        " bands and lines 95 % t intervals, cut at -1 and 1, or, of two seeds, both; a run that"
        " ended before a step is not in the mean there. The grey line is what independent"
        " directions give. Batches are the same at all steps and were trained on: once they are"
        " fitted, what is left of their gradients is of few examples.",
        ("gradient_confusion",),
        has=along,
    ),
    "perturbation": Figure(
        "perturbation",
        "Relative change of the pooled state (top) and of the loss (below) under normal noise in"
        " the encoder's weights, over the size of the noise, which is relative to each tensor's"
        " root mean square (RMS); logarithmic axes. Before and after fine-tuning; marks are means"
        " over seeds by the smallest noise, with 95 % t intervals (of two seeds, both). The short"
        " line that a thin one joins to a mark is the mean by the largest noise: a model that is"
        " linear in the noise has it at the mark. The table has the sizes between. A higher mark is"
        " more sensitive to random noise, which does not make a worse model.",
        ("perturbation",),
        has=HAS["perturbation"],
    ),
    "lipschitz": Figure(
        "Lipschitz constants",
        "Gain over standard deviation of the LayerNorm after attention (top) and after"
        " feed-forward (middle), and the largest stretch of a small change by a whole layer"
        " (below), layer by layer; before (filled) and after (hollow) fine-tuning, joined by dots;"
        " means over seeds with 95 % t intervals (of two seeds, both). Of many layers and arms only"
        " every second layer, or fewer, is drawn. The grey line at 1 keeps lengths. Logarithmic"
        " axes. A layer's largest stretch is of one direction, and layers need not"
        " share it: products say little of the encoder.",
        ("lipschitz",),
        has=HAS["lipschitz"],
    ),
    "mutation": Figure(
        "mutation",
        "How far the pooled state moves when symbols of a test sequence are exchanged at random:"
        " distance in units of the distance between two different sequences, and 1 - cosine, over"
        " the number of substitutions, before and after fine-tuning; both axes are logarithmic."
        " Means over seeds of medians over mutants, bands 95 % t intervals (of two seeds, both)."
        " The grey line at 1, and the marks at `other`, are another sequence. Dotted: the shares of"
        " symbols in a sequence, which see no order and no likeness of symbols. Where a curve lies"
        " above it, one symbol counts for more beside what tells sequences apart. New symbols are"
        " uniform, so that most mutants are unlike any real sequence; a model that moves further is"
        " not a better one.",
        ("mutation",),
        has=HAS["mutation"],
    ),
    "analysis_association": Figure(
        "analyses against gain and speed",
        "A quantity of each analysis before fine-tuning against gain in test score (left) and"
        " speed, as in claim (a), (right), all less those of random weights; a dot is a task"
        " (its filling) and an arm (its colour and shape), the mean over seeds. rho is Spearman's"
        " correlation between tasks (means of their arms) and within them (arms, less the"
        " task's mean). Of a dozen such numbers some are far from 0 by chance alone; the table"
        " `analysis_association` has their p-values, each of which would have to be that much"
        " smaller. A correlation over arms says nothing of causes.",
        ("analysis_points", "analysis_association"),
        parts=("dev", "test"),
        has=associates,
    ),
}


def table_functions() -> dict[str, Callable]:
    """By table, the function from `results.Results` to its data frame."""
    from seqtransfer.report.tables import analysis_tables

    def table(kind: str, places: list[str]) -> Callable:
        return lambda found: analysis_tables.table(found.analyses, kind, places)

    return {kind: table(kind, places) for kind, places in PLACES.items()} | {
        "analysis_summary": lambda found: analysis_tables.summary(found.analyses),
        "analysis_points": lambda found: found.analysis_points,
        "zero_shot": lambda found: found.zero_shot,
        "analysis_association": lambda found: analysis_tables.association(found.analysis_points),
    }


def figure_functions() -> dict[str, Callable]:
    """By figure, the function from its tables by name and the claims to a matplotlib Figure."""
    from seqtransfer.report.figures import analysis_figures

    return {
        "isometry": analysis_figures.isometry,
        "gradient_confusion": analysis_figures.gradient_confusion,
        "gradients_along": analysis_figures.gradients_along,
        "perturbation": analysis_figures.perturbation,
        "lipschitz": analysis_figures.lipschitz,
        "mutation": analysis_figures.mutation,
        "analysis_association": analysis_figures.association,
    }
