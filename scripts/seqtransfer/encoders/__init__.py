"""The catalogue's encoders -> the weights that a run starts from.

In: encoders from packages, folders and the Hugging Face hub.
Out: `data/encoders/{name}/`, and the weights of each initialization.

hub, package_formats: get an encoder; encoder_folders: write its folder, `data/encoders/{name}/`.
masked_heads: the head that fills in masks, which the folder does without.
encoder_check: refuse an encoder that cannot do what a study asks of it.
loading: read the first layers of an encoder and the embedding rows in use.
bert, dropout: our BERT; transformers_encoder: every other family, by the transformers library.
controls: the table of networks without an encoder; control_networks: these.
initializations: the table of arms; arm_tables: which entries of these tables a run depends on;
    arm_descriptions: what people see of them, and soft starts;
    weight_changes: what some of them do to weights.
tensor_roles: which tensors are attention, LayerNorm and so on.
adaptations: which weights fine-tuning changes.
"""
