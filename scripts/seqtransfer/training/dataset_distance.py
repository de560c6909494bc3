"""Two labelled sets of points -> how far apart they are, by optimal transport.

The distance of data sets of Alvarez-Melis and Fusi (2020, arXiv:2002.02923): what it takes to carry
one set into the other, where a point costs its own way and, if both sets have classes, that between
the points of its class and those of the class it is carried to. So classes are compared by what is
in them, not by name, and two sets need not have equally many.
"""

import ot
import torch


def dataset_distance(
    left: torch.Tensor,
    right: torch.Tensor,
    left_classes: torch.Tensor | None = None,
    right_classes: torch.Tensor | None = None,
) -> torch.Tensor:
    """The squared distance of two sets of equally heavy points: a scalar, at least 0.

    left: (n, width), right: (m, width). left_classes: (n,), right_classes: (m,) int64, of any
    numbers; without either, points alone are compared: the squared 2-Wasserstein distance. Exact,
    of classes, too, not by their means and covariances, which small classes hardly have. Gradients
    reach both sets; they hold for the plans as they are, which small changes leave as they are.
    """
    cost = ot.dist(left, right)
    if left_classes is None or right_classes is None:
        return _transport(cost)
    _, rows = left_classes.unique(return_inverse=True)
    _, columns = right_classes.unique(return_inverse=True)
    between = torch.stack(
        [
            torch.stack([_transport(cost[rows == i][:, columns == j]) for j in columns.unique()])
            for i in rows.unique()
        ]
    )
    return _transport(cost + between[rows][:, columns])


def _transport(cost: torch.Tensor) -> torch.Tensor:
    """The least cost of carrying equally heavy points to equally heavy points."""
    return ot.emd2([], [], cost, numItermax=10_000_000)
