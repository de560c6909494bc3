"""Answers -> scores, for encoders and baselines alike.

In: labels and predictions.
Out: metrics, and how fast a curve of them rises.

task_kinds: classification, regression, and classification of every token.
metrics: the formulas.
learning_curves: speed.
left_out: scores without groups of test units; without_near: without rows near to train.
zero_shot: of numbers made without labels, with intervals over test units.
baselines: a constant answer and n-gram regression.
additive_baseline: symbols place by place, where sequences align.
token_baselines: of the class of every token.
series_baselines: nearest neighbours by dynamic time warping, and ridge regression on convolutions.
minirocket: these convolutions.
"""
