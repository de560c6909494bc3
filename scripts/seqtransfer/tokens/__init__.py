"""Corpora -> token ids: what every encoder is trained and tested on.

In: FASTA, texts, MIDI folders.
Out: train, dev, test and pretrain parts of ids, and token maps.

encoding: the whole way, in one function; views: what the encoder sees of an example.
tokenizations: symbols, k-mers, byte pairs, intervals; series_tokens: those of numbers;
whole_channels: refuses a cut that takes whole channels of a series.
units: which examples are not independent; probe_rows: which are long enough to be compared.
equal_tokens: what lossy tokens made equal, once.
splits, near_duplicates, leak_audit, manifests: who is in which part, and how near the parts are;
near_rows: the table of how near;
series_neighbours: how near by the numbers of a series; shared_examples: tasks that read the same
examples in other tokens.
vocabulary, token_maps: ids, and their rows in a pretrained table.
order: sequences whose tokens are shuffled.
artificial_corpora: made sequences, by artificial_laws, procedural_tasks and simulated_machines.
domain_corpora: a domain's sequences, whole and without labels.
"""
