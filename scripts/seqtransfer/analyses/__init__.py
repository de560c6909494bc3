"""How a model optimizes and what moves its states, of one arm before and after fine-tuning.

The first four analyses are the paper's.

In: a classifier, and the sequences of its task.
Out: one `value.Value` per quantity and place, beside the reference that it is read against.

value: what one result says of itself.
arm_analysis: the chosen analyses of one model, on sequences and batches that all arms share.
isometry: singular values of the Jacobian of a last-layer state with respect to all input states.
gradient_confusion: inner products of the gradients of batches.
perturbation: how far noise in the weights moves the pooled state and the loss.
lipschitz: gains of the LayerNorms, and the spectral norm of each layer's Jacobian.
mutation: how far exchanged symbols move the pooled state.
"""
