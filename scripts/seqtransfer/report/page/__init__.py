"""Verdicts, tables, figures and the study's record -> the page that people read.

document: the whole page as HTML, and its verdicts as Markdown; templates: their texts and look.
forest: effects with their intervals as small plots in a table.
inline_figures: figures inside of the page, with names that screen readers say.
reading_tables: tables as people read them: words for identifiers, three decimals.
comparison: two studies side by side.
"""
