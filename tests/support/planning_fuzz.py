"""Whether a mutated study is refused in one line that begins with a key, or planned and right."""

import functools
import signal
from collections.abc import Callable
from contextlib import contextmanager
from unittest import mock

import study_mutations
import study_rules
from project import ROOT
from seqtransfer.study import defaults, planning

SCHEMAS = ROOT / "workflow/schemas"
PATIENCE = 20  # seconds a study
KEYS = (
    "study cache tasks initializations domain_encoders domain_corpora seeds encoder examples"
    " max_length pieces pretrain finetune sweep represent compare analyse figures claims catalogue"
    " controls data_ratio"
).split()
# Of an unknown key at the top, of an arm, and of a class that has no pieces.
OTHERS = ("the study: ", "initialization '", "pieces of ")


class Fault(AssertionError):
    """A study that is neither refused as it should be nor right."""


def planned(study: dict) -> dict:
    """The completed study, by the function that the workflow uses."""
    return planning.study(study, [], study_mutations.LOWEST, SCHEMAS)


@contextmanager
def files_read_once():
    """Read each file of the workflow once: that takes longer than all checks of a study."""
    with mock.patch.object(defaults, "read", functools.cache(defaults.read)):
        yield


def examiner() -> Callable[[int], tuple[dict, str | None]]:
    """A function from a number to that mutated study, and how it is refused; None if it is planned.

    The function raises Fault where planning fails otherwise, takes longer than PATIENCE, or accepts
    what breaks a rule.
    """
    bases, default = study_mutations.studies(), planned({})

    def examine(number: int) -> tuple[dict, str | None]:
        study = study_mutations.mutated(bases, default, number)
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(PATIENCE)
        try:
            completed = planned(study)
        except ValueError as error:
            said = str(error)
            places = *OTHERS, *(f"{key}{mark}" for key in {*KEYS, *study} for mark in ".:")
            if not said.startswith(places) or not said.isprintable() or len(said) > 6000:
                raise Fault(f"study {number}: is refused by {said[:500]!r}") from error
            return study, said
        except Exception as error:
            raise Fault(f"study {number}: ends in {type(error).__name__}: {error}") from error
        finally:
            signal.alarm(0)
        try:
            study_rules.check(completed, default)
        except Exception as error:
            raise Fault(
                f"study {number}: is planned, but {type(error).__name__} {error}"
            ) from error
        return study, None

    return examine


def _too_long(*_: object) -> None:
    raise TimeoutError(f"no end after {PATIENCE} seconds")
