"""Sources -> corpora: what lies outside becomes checked files of one standard format a kind.

In: the catalogue's sources (packages, URLs, local files).
Out: FASTA, tables of texts or symbols, MIDI folders.

sources, downloads, caches, archives, folder_copies, litter: bring files here.
unpacked_size: what compressed files of a source hold.
text_files, alphabets, label_faults, layouts, series_headers, series_columns: read anyone's files
    strictly.
converters: one file a layout or data set.
examples, fasta, texts, symbol_tables, series, midi, corpus_files: the standard formats,
    written and read.
sheet_music, score_export: engraved scores to MIDI.
"""
