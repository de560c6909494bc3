"""Names of arms and controls -> the entries of their tables that these models are built by."""

from collections.abc import Iterable

from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.encoders.initializations import parse


def used(names: Iterable[str]) -> dict[str, list[str]]:
    """`module.TABLE` in the package -> its keys, sorted, as `provenance.code_digest` takes them.

    Raises ValueError for a name that is neither an arm's nor a control's.
    """
    names = set(names)
    arms = [parse(name) for name in names - set(CONTROLS)]
    kinds = {arm.kind for arm in arms} | {arm.part for arm in arms if arm.part}
    return {
        "encoders.initializations.INITIALIZATIONS": sorted(kinds),
        "encoders.control_networks.NETWORKS": sorted(names & set(CONTROLS)),
    }
