"""Does an encoder pretrained on text transfer to token sequences that are not text?

The library behind the workflow's scripts. Rooms, in the order that data pass them; a room imports
only from those above it:

    files       written whole, read back
    corpora     sources -> FASTA, texts, MIDI
    tokens      corpora -> id sequences, splits, token maps
    scoring     answers -> scores; baselines
    encoders    packages and hub -> weights; the arms                                (torch)
    training    ids and weights -> trained models                                    (torch)
    similarity  models -> hidden states (torch) -> scores (numpy and scipy alone)
    analyses    models -> how they optimize, and what moves their states             (torch)
    report      results -> tables, claims, figures
    study       configuration, schemas, provenance, progress, logs

Beside them, `seeds` makes independent random streams of one seed. The library never imports
Snakemake.
"""
