"""Tables of a study -> the ledger: a record of each claim, with its verdict and why.

In: the tables `runs`, `convergence` and `comparisons`, and those of what else is left to chance.
Out: records for `claims.json`, the page and the figures.

ledger: the list of claims, begin here to add one; score_claims, similarity_claims: each claim and
    its rule; claim_records: what they share; amendments: when rules were changed.
checks: what must hold first.
estimates: effects with their sources of chance; arm_estimates: those of two arms;
    baseline_estimates: of an arm and a baseline; reference_estimates: those of similarity.
verdicts: the rules, of tasks and of a claim.
readings: verdicts in words; one_rate: what of (a) the learning rates may explain.
"""
