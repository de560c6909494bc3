"""The claims' records -> the table of their effects, task by task and over all tasks."""

from collections.abc import Sequence

import pandas as pd

COLUMNS = (
    "claim statement contrast task mean low high level margin unit p_value p_value_of seeds verdict"
    " qualifier headline"
).split()


def table(claims: Sequence[dict]) -> pd.DataFrame:
    """One row per tested claim and task, and one of all tasks, whose verdict is the claim's.

    claims: of `ledger.judge`.
    """
    rows = [
        {
            "claim": one["id"],
            "statement": one["short"],
            **one,
            "qualifier": "",
            "seeds": None,
            "p_value": None,
            **effect,
        }
        for one in claims
        if one["overall"]
        for effect in (*one["effects"], one["overall"] | {"task": "all"} | _verdict(one))
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seeds": "Int64"})


def _verdict(claim: dict) -> dict[str, str]:
    return {key: claim[key] for key in ("verdict", "qualifier")}
