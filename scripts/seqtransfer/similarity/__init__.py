"""Trained models -> how alike their representations are, beside nulls.

In: models and probe tokens.
Out: hidden states, scores of layer pairs, floor and ceiling.

representations, state_files: hidden states.
comparison, layer_pairs: scores beside a permutation null.
calibration, jackknife: floor, ceiling, intervals.
measures: one file a family.
attention_maps: heads.
"""
