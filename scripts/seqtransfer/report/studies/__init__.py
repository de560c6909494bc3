"""Several finished studies -> what they say side by side: one table and one figure each.

In: `results/{study}` of finished studies, or a report's `claims.md` alone.
Out: files where the reader asks for them; of `data_ratio`, those of its rule.

finished_studies: what finished studies hold, and in which keys they differ: begin here.
verdicts_by_study: all claims of many studies; effect_by_study: an effect in several studies of the
    same tasks; effect_by_size: an effect against the size of the studies' encoders; meta_analysis:
    the mean of an effect over the tasks of several studies; mended: studies that mend one choice of
    another each, beside it; data_ratio: several studies by their amount of data.
table_and_figure: the files of a table and its figure.
"""
