"""A selection with datatrove: five pipelines, each after the one before.

    python selection.py RAW TARGET WORK

selects 5% of the documents of the folder RAW that are like TARGET, scores the selected documents once more on their
way, and writes them to WORK/selected. On Slurm, take ``SlurmPipelineExecutor`` with a ``logging_dir`` for each
pipeline, ``depends``, ``time`` and ``partition``; RAW and WORK must be seen by all nodes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.writers import JsonlWriter

from dsir.datatrove import DsirCounter, DsirModel, DsirPlanner, DsirReader, DsirScorer, DsirWeigher

TASKS, WORKERS = 4, 2


def main(raw: str, target: str, work: str) -> None:
    counts, weights, model, plan = (f"{work}/{name}" for name in ["counts", "weights", "model.json", "plan.json"])
    pipelines = {
        "count": (TASKS, [DsirCounter(raw, counts)]),
        "model": (1, [DsirModel(counts, Path(target), model)]),
        "weigh": (TASKS, [DsirWeigher(raw, weights, model)]),
        "plan": (1, [DsirPlanner(raw, weights, plan, fraction=0.05)]),
        "write": (
            TASKS,
            [
                DsirReader(raw, weights, plan),
                DsirScorer(model),
                JsonlWriter(f"{work}/selected", output_filename="${rank}.jsonl", compression=None),
            ],
        ),
    }
    before = None
    for name, (tasks, pipeline) in pipelines.items():
        before = LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=WORKERS, logging_dir=f"{work}/logs/{name}", depends=before
        )
    before.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
