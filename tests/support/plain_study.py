"""A small study, completed but for its defaults, for tests that change one key of it."""

STUDY = {
    "tasks": ["splice", "composer"],
    "initializations": ["text", "random", "domain"],
    "pretrain": {"steps": 100, "checkpoints": [10, 50]},
    "max_length": {"splice": 62, "composer": 64},
    "pieces": {"bach": 120, "haydn": 120},
    "claims": {"margin": 0.05},
    "seeds": [0, 1],
    "compare": {"reference": "domain", "measures": ["cka"], "floor_seeds": [1000]} | {"groups": 40},
    "encoder": {"name": "minilm", "layers": 3},
    "finetune": {"steps": 10, "batch_size": 12, "first_evaluation": 4, "warmup": 0.1}
    | {"evaluate_every": 10, "patience": 10, "settings": "sweep"},
    "sweep": {"learning_rates": [1e-3], "seeds": [100]},
    "examples": {"train": 100, "dev": 22, "test": 50},
    "represent": {"sequences": 40, "tokens": 16},
    "catalogue": {
        "sources": {"wheel": {}, "archive": {}},
        "tasks": {
            "splice": {
                "source": "archive",
                "converter": "splice",
                "format": "fasta",
                "classes": ["EI", "N"],
                "split": "stratified",
            },
            "composer": {
                "source": "wheel",
                "converter": "scores",
                "format": "midi",
                "classes": ["bach", "haydn"],
                "split": "grouped",
            },
            "unused": {"source": "nowhere", "format": "text", "classes": ["x"]},
        },
        "artificial": {
            "pairs": {"title": "t", "kind": "nested", "sequences": 9, "length": 8, "symbols": 5}
            | {"exponent": 1, "opening": 0.4},
            "mixed": {"title": "t", "kind": "shuffled", "task": "composer"},
        },
        "corpora": {
            "chorales": {"title": "t", "source": "wheel", "converter": "scores"}
            | {"format": "midi", "composers": ["bach"]},
            "genes": {"title": "t"},
        },
        "encoders": {"minilm": {"source": "wheel"}},
    },
}
