"""The catalogue's encoders -> weights that a run starts from.

In: packages, folders, the hub.
Out: `data/encoders/{name}/`, and the state of each initialization.

hub, package_formats, folders: bring an encoder here.
capacity: is it large enough?
loading, bert, hugging_face, dropout: compute with it.
initializations, tensor_roles: the table of arms, and which tensors each takes.
adaptations: what fine-tuning may change.
"""
