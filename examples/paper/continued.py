"""What the neural judge says of selections: which ones are judged, by how many processes, and where that is kept."""
import json
import multiprocessing
import os

import corpus as corpora
import judge
from selections import draw
from trial import keep, named

# Of whole documents and the smallest budget: how many seeds, of the selection as of the order of training.
SEEDS = {"random": 3, "Moore-Lewis": 1, "ZIP-FIT": 1, "DSIR 1": 1, "DSIR 2": 3, "DSIR tokens": 1, "DSIR tokens T30": 1,
         "DSIR refined": 3, "DSIR auto": 3, "DSIR classifier": 1, "DSIR refined, up to 4 times": 1,
         "DSIR refined, curve": 1}
STEPS, STARTING = 240, 3000        # for each selection, and before
VOCABULARY, START = "bpe-neural.json", "neural.npz"


def judge_all(trials, texts, work, shorter, jobs, tell):
    """{(target, method, budget, seed): bits per byte}, made now or kept by an earlier run.

    `trials` are those of one form; the common start is trained on `texts`, with 1 in `shorter` of the steps.
    """
    os.environ["NPROC"] = "1"      # threads of each process
    spawning = multiprocessing.get_context("spawn")                # forks and threads do not go together
    with spawning.Pool(1) as worker:
        worker.apply(prepare, (texts, work, STARTING // shorter))
    tell("neural: common start")
    found = {}
    with spawning.Pool(jobs) as workers:
        waiting = [workers.apply_async(judge_one, (trial, work, STEPS // shorter)) for trial in trials]
        for trial, result in zip(trials, waiting):
            found |= result.get()
            tell(f"neural: {trial.target}")
    return found


def prepare(texts, work, steps):
    """The vocabulary and the parameters that all selections start from."""
    import neural    # late: only its own processes need it

    neural.start(judge.train_bpe(texts, work / VOCABULARY, neural.VOCABULARY), texts, steps, work / START)


def judge_one(trial, work, steps):
    """What is said of one target's selections."""
    import neural

    heldout, judging, found = corpora.texts(trial.heldout), None, {}
    for method, tokens, seed in trial.choices():
        if tokens != min(trial.budgets) or seed >= SEEDS.get(method.name, 0):
            continue
        kept = trial.corpus.folder / "neural" / trial.target / f"{named(method, tokens, seed)}.json"
        if not kept.exists():
            bpe = judge.Tokenizer.from_file(str(work / VOCABULARY))
            judging = judging or neural.Judge(bpe, work / START, steps, heldout)
            path = work / f"neural-{trial.target}.jsonl"
            draw(trial.dsir, trial.corpus, trial.target, method, tokens, seed, path)
            keep({"neural": judging.judge(corpora.texts(path), seed)}, kept)
            path.unlink()
        found[trial.target, method.name, tokens, seed] = json.loads(kept.read_text())["neural"]
    return found
