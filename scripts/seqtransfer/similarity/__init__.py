"""How similar the representations of two encoders are, and what such a score is read against.

In: trained models and the test sequences of a task.
Out: one row per pair of encoders, pair of layers and measure: a score beside its null; floor,
ceiling and interval of the similarity to the reference arm; matched attention heads.

run_models: the models that fine-tuning began and ended with.
representations: which tokens are compared, and a model's hidden states there.
representation_files: these hidden states on disk.
encoder_pairs: which encoders and which layers are compared.
encoder_comparison: all pairs of encoders and layers; layer_comparison: two layers.
measures: the similarity measures and the permutation null; it says how to add a measure.
calibration: floor and ceiling; jackknife: their intervals; released_pwcca: the paper's own code.
attention_maps: attention heads, matched and compared.
"""
