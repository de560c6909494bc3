"""Token ids and starting weights -> trained models and their histories.

In: id sequences, an initialization, settings.
Out: weights, history, predictions.

runs: one grid point, task x initialization x seed, and the files that it reads.
classifier: encoder and head.
finetuning, pretraining: the two kinds of training; loop: what they share.
steps, optimizer, batches, evaluations, checkpoints, devices: what both are made of.
settings_choice: the sweep's winner of each arm.
"""
