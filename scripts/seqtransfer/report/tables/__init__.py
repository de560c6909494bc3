"""Result records -> the tables of the report: data frames in, data frames out.

results: all result files of a study, read once; table_files, latex_tables, table_cells: a table as
   CSV, Markdown, LaTeX and HTML.
run_tables, without_encoder, class_tables, aggregate_tables, similarity_tables, association_tables,
    analysis_tables, effect_tables, gain_tables, sensitivity, main_table: the functions, one file
    a subject.
intervals: means over seeds with intervals, and paired differences of two arms.
"""
