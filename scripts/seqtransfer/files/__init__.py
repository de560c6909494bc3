"""Files that cross a rule boundary: written whole or not at all, and read back.

In: records, tables, id sequences.
Out: JSON, TSV and Arrow files.

atomic: whole files and folders; json_tsv: records and tables; arrow: id sequences; checksums:
    digests of a file; folder_digests: those of all files of a folder; damage: names a damaged
    file; key_paths: a record's keys, to compare two.
"""
