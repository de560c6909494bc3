"""Results -> tables, claims, figures and the page.

In: every result file of a study.
Out: `results/{study}/report/`.

tables, figures: one file a subject.
statistics: intervals and verdicts.
claims, caveats: the ledger.
"""
