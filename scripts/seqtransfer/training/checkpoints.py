"""The state of an unfinished run on disk: a killed job continues, and ends with the same weights.

One safetensors file per run, outside the outputs of its rule: Snakemake deletes the outputs of a
failed job. It holds all that changes from step to step: weights, the optimizer's moments, the best
weights so far, the state of each random stream, and the history.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save as serialized
from torch import nn

from seqtransfer.encoders.dropout import Dropout
from seqtransfer.encoders.loading import State
from seqtransfer.files import atomic, checksums
from seqtransfer.training import states
from seqtransfer.training.optimizer import AdamW

SECONDS = 60.0  # between two checkpoints, at least; results do not depend on it
SHARE = 0.05  # of a run's time that saving may take, at most


@dataclass
class Checkpoint:
    """The file of a run's state.

    identity: all that the run's result depends on, as JSON can hold it. A file of another identity
    is not resumed.
    """

    path: Path
    identity: dict
    seconds: float = SECONDS
    _last: float = field(default_factory=time.monotonic)
    _took: float = 0.0

    @property
    def digest(self) -> str:
        """sha256 of the identity."""
        text = json.dumps(self.identity, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def due(self) -> bool:
        """Whether `seconds` have passed since the last checkpoint, and so many that saving takes no
        more than SHARE of the time."""
        wait = max(self.seconds, self._took / SHARE) if self.seconds else 0.0
        return time.monotonic() - self._last >= wait

    def save(
        self, state: "TrainingState", record: Mapping, kept: Mapping[str, torch.Tensor]
    ) -> None:
        """Write `state`, `record`, which JSON can hold, and the weights `kept`."""
        start = time.monotonic()
        tensors = states.joined({"kept": kept}) | state.tensors()
        facts = {"digest": self.digest, "record": record, "streams": state.streams()}
        plain = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
        metadata = {"facts": json.dumps(facts)}
        metadata["sha256"] = _content_digest(metadata["facts"], plain)
        with atomic.atomic(self.path) as temporary:
            # A killed job would leave temporary files of safetensors' own writer, of unknown names.
            temporary.write_bytes(serialized(plain, metadata=metadata))
        self._took = time.monotonic() - start
        self._last = time.monotonic()

    def resume(self, state: "TrainingState") -> tuple[dict, dict[str, torch.Tensor]] | None:
        """Restore `state` and return the saved record and kept weights; None if there is no file.

        A file that is damaged, or of another run, counts as none. Raises OSError or MemoryError if
        it cannot be read now.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = file.metadata()
                facts = json.loads(metadata["facts"])
                if facts["digest"] != self.digest:
                    print(f"{self.path}: of another run, code or data; not resumed")
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}
                if _content_digest(metadata["facts"], tensors) != metadata["sha256"]:
                    raise ValueError("its bytes are not those that were written")
        except (OSError, MemoryError):  # it may be read at the next attempt
            raise
        except Exception as error:  # a damaged file can raise anything
            print(f"{self.path}: cannot be read ({error}); the run starts again")
            return None
        found = states.parted(tensors)
        state.restore(found, facts["streams"])
        return facts["record"], found.get("kept", {})

    def remove(self) -> None:
        """Delete the file, and temporary files that killed jobs left."""
        self.path.unlink(missing_ok=True)
        atomic.remove_partial(self.path)


def _content_digest(facts: str, tensors: Mapping[str, torch.Tensor]) -> str:
    """sha256 of all that a checkpoint holds."""
    digest = hashlib.sha256(facts.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def file_digests(files: Iterable[Path]) -> dict[str, str]:
    """The sha256 of each file, for a run's identity."""
    return {str(path): checksums.sha256(path) for path in files}


@dataclass
class TrainingState:
    """All that changes while a model trains. generators: the NumPy streams of the loop, by name."""

    model: nn.Module
    optimizer: AdamW
    generators: Mapping[str, np.random.Generator] = field(default_factory=dict)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Weights, the optimizer's moments, and the state of torch's random streams."""
        return states.joined(
            {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.tensors(),
                "random": _random_tensors(),
            }
        )

    def streams(self) -> dict:
        """The state of NumPy's random streams."""
        return {
            "dropout": self.model.encoder.dropout.state(),
            "generators": {n: g.bit_generator.state for n, g in self.generators.items()},
        }

    def restore(self, found: Mapping[str, State], streams: dict) -> None:
        """The inverse of `tensors`, parted, and of `streams`."""
        self.model.load_state_dict(found["model"])
        self.optimizer.restore(found["optimizer"])
        _restore_random(found["random"])
        self.model.encoder.dropout.restore(streams["dropout"])
        for name, state in streams["generators"].items():
            self.generators[name].bit_generator.state = state


def randomness(dropout: Dropout) -> Callable[[], None]:
    """Function that sets torch's random streams and that of a model's dropout back to where they
    are now."""
    tensors, state = _random_tensors(), dropout.state()

    def reset() -> None:
        _restore_random(tensors)
        dropout.restore(state)

    return reset


def _random_tensors() -> dict[str, torch.Tensor]:
    """The state of torch's random streams."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def _restore_random(tensors: Mapping[str, torch.Tensor]) -> None:
    torch.set_rng_state(tensors["cpu"])
    if "cuda" in tensors:
        torch.cuda.set_rng_state(tensors["cuda"])
