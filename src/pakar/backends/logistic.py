"""Logistic regression, fitted by scikit-learn.

Knows numbers and labels; nothing of what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pakar.backends.extras import require

# Little regularisation: there are few features and hundreds of cases.
_C = 10.0
_FOLDS = 10


@dataclass(frozen=True, slots=True)
class Fitted:
    """`weights` and `bias` are for the features as given. `held_out` is each case's probability by
    a model that has not seen its group."""

    weights: tuple[float, ...]
    bias: float
    held_out: tuple[float, ...]


def fit(cases: Sequence[Sequence[float]], labels: Sequence[bool], groups: Sequence[int]) -> Fitted:
    """Both labels count alike, however many there are. Shape of `cases`: (cases, features).

    Needs at least two groups, each label in all but one of any ten parts of them. Raises
    MissingExtraError without scikit-learn.
    """
    require("sklearn")
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    inputs, wanted = np.asarray(cases, dtype=float), np.asarray(labels)
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=_C, class_weight="balanced", max_iter=5000)
    )
    folds = GroupKFold(min(_FOLDS, len(set(groups))))
    held_out = cross_val_predict(
        model, inputs, wanted, cv=folds, groups=np.asarray(groups), method="predict_proba"
    )[:, 1]
    model.fit(inputs, wanted)
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    bias = regression.intercept_[0] - float(weights @ scaler.mean_)
    return Fitted(tuple(map(float, weights)), float(bias), tuple(map(float, held_out)))
