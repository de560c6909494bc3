"""Tables of the report -> its figures.

run_figures, similarity_figures, attention_figures, analysis_figures, association_figures,
    gain_figures, claim_figures, class_figures, ratio_figures, size_figures: the functions, one
    file a subject.
panels: the parts that figures are made of; style: colours, sizes and files of all figures;
    counts: what their numbers are of, in words.
"""
