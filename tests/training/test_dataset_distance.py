"""The distance of data sets has its closed forms, is exact, and its gradient is the derivative."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from seqtransfer.training.dataset_distance import dataset_distance


def points(n: int, seed: int, width: int = 3) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, width)))


def by_linear_programming(cost: np.ndarray) -> float:
    """The least cost of a plan with equal weights on either side, by scipy's solver."""
    n, m = cost.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    weights = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    return optimize.linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=weights).fun


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 99))
def test_points_alone_have_the_squared_wasserstein_distance(n, m, seed):
    left, right = points(n, seed), points(m, seed + 100)
    wanted = by_linear_programming((torch.cdist(left, right) ** 2).numpy())
    assert dataset_distance(left, right).item() == pytest.approx(wanted)


@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 99))
def test_classes_cost_what_lies_between_their_points(n, m, seed):
    left, right = points(n, seed), points(m, seed + 100)
    ours, theirs = np.arange(n) % 2, np.arange(m) % 3
    cost = (torch.cdist(left, right) ** 2).numpy()
    total = cost.copy()
    for i, j in np.ndindex(cost.shape):
        block = cost[ours == ours[i]][:, theirs == theirs[j]]
        total[i, j] += by_linear_programming(block)
    found = dataset_distance(left, right, torch.from_numpy(ours), torch.from_numpy(theirs))
    assert found.item() == pytest.approx(by_linear_programming(total))


def test_a_shift_costs_its_square_and_that_of_classes_as_much_again():
    left, shift = points(20, 0), torch.tensor([3.0, 0.0, 4.0])
    classes = torch.arange(20) % 3
    assert dataset_distance(left, left + shift).item() == pytest.approx(25)
    assert dataset_distance(left, left + shift, classes, classes).item() == pytest.approx(50)


def test_classes_are_compared_by_their_points_not_their_names_or_number():
    left = torch.tensor([[0.0], [10.0]], dtype=torch.float64)
    apart, both = torch.tensor([0, 1]), torch.tensor([0, 0, 1, 1])
    renamed = dataset_distance(left, left, apart, torch.tensor([7, 3]))
    assert renamed.item() == pytest.approx(0)
    # Points lie on each other, but from 0, or 10, to either class {0, 10} it is half of 10 squared.
    mixed = dataset_distance(left, left.repeat(2, 1), apart, both)
    assert mixed.item() == pytest.approx(50)
    assert dataset_distance(left, left.repeat(2, 1)).item() == pytest.approx(0)


@pytest.mark.parametrize("classes", [False, True])
def test_the_gradient_is_the_derivative(classes):
    left, right = points(8, 1).requires_grad_(), points(11, 2)
    given = (torch.arange(8) % 2, torch.arange(11) % 3) if classes else ()
    assert torch.autograd.gradcheck(lambda x: dataset_distance(x, right, *given), left)
