"""Tables and choices of a study -> what its verdicts leave out, in sentences.

In: the tables `runs`, `scores`, `budget`, `leaks` and others, and what the study file chose.
Out: sentences of `claims.json`, before its verdicts and after them.

study_caveats: what every verdict rests on and what its interval leaves out.
data_caveats: what classes, labels, cuts and few test units do to scores.
baseline_caveats: where no encoder is needed.
choice_caveats: what choices of the paper's released code do to verdicts.
leak_caveats: what test sequences near to train do to scores.
"""
