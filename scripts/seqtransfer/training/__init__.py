"""Id sequences and initial weights -> trained models and their histories.

In: id sequences, an initialization, settings.
Out: weights, history, predictions.

runs: one run of the grid (task, initialization, seed), from its files to its records.
classifier: an encoder with a classification head, and its weights before training.
finetuning, pretraining: the two kinds of training; loop: the loop of both.
shared_pretrainings: finished ones, kept where other studies find them.
alignment: symbols' embeddings that bring sequences close to texts; dataset_distance: how close.
masked_language_model: the model, batches and loss of pretraining.
pseudo_likelihood: how likely such a model finds sequences before any fine-tuning.
batches, steps, optimizer: which examples, one update, AdamW; evaluations: at which steps.
operations: how many a forward pass and a step take; memory: how many bytes.
free_memory: what the job may take; fitting: how many examples at a time that holds; microbatches: a
batch in such parts; energy: what the job takes of it.
checkpoints: the state of an unfinished run; states: weights by name.
devices: CPU or GPU, precision, reproducibility.
settings_choice: the learning rate, warm-up and pooling that the sweep chooses for each arm.
"""
