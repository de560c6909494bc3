"""Results -> tables, claims, figures and the page.

In: every result file of a study.
Out: `results/{study}/report/`.

register: every table and figure, with its text and its function: begin here to add one.
tables, figures: the functions, one file a subject; generalization, gains_over_steps, power: files
    with both; cost: a figure of several tables.
claims: the claims, their rules and their verdicts: begin here to add one.
caveats: what verdicts leave out, in sentences.
statistics: intervals of tables; aggregates: robust summaries over tasks.
studies: several finished studies side by side.
zero_shot: what pretrained encoders know before any fine-tuning, beside the fine-tuned arms.
names: what arms, measures and metrics are called where people read.
page: verdicts, tables and figures as one HTML page; research_object: the report as an RO-Crate.
"""
