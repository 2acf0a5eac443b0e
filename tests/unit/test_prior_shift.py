"""benchmarks/prior_shift.py: probabilities under another base rate."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

MOVED = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/prior_shift.py"))["shifted"]


def test_probabilities_move_to_those_of_the_other_base_rate() -> None:
    """Two normal distributions, at 0 and at 1: what Bayes gives for one prior is moved to what he gives for another."""
    x = np.linspace(-3, 3, 13)

    def bayes(prior: float) -> np.ndarray:
        liked, other = prior * np.exp(-((x - 1) ** 2) / 2), (1 - prior) * np.exp(-(x**2) / 2)
        return np.asarray(liked / (liked + other))

    np.testing.assert_allclose(MOVED(bayes(0.3), 0.3, 0.02), bayes(0.02))
    assert MOVED(np.array([0.4]), 0.1, 0.1) == pytest.approx(0.4)
