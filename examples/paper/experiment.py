"""The whole experiment: corpus, trials, neural judge, tables and figure.  Started by `run`."""
import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import auc
import classifier
import clean_pool
import continued
import corpus as corpora
import draws
import judge
import moore_lewis
import pages
import punkt
import zip_fit
from selections import METHODS, Corpus, Dsir, able
from trial import Trial

HERE = Path(__file__).resolve().parent
PIECE = 128                                                      # words
# Tokens: seeds, for each form; the two forms are called so in results and tables.
BUDGETS = {form: {100_000: (0, 1, 2), 400_000: (0, 1), 2_000_000: (0,)} for form in ("whole", "pieces")}
QUICK_BUDGETS = {form: {20_000: (0, 1), 40_000: (0,)} for form in ("whole", "pieces")}
QUICK_DOMAINS = {"administration", "databases", "german", "man-pages", "mathematics", "python-web", "rust", "spanish"}
SCORERS = {"classifier": classifier, "moore-lewis": moore_lewis, "zip-fit": zip_fit}
STARTED = time.time()


def tell(what):
    """Say on standard error what was done, and when."""
    print(f"{time.time() - STARTED:6.0f} s  {what}", file=sys.stderr, flush=True)


def arguments():
    """What was typed."""
    parser = argparse.ArgumentParser(prog="run", description=__doc__.split("\n")[0])
    parser.add_argument("--dsir", type=Path, help="the program (default: build this checkout's)")
    parser.add_argument("--work", type=Path, default=HERE.parents[1] / "target" / "paper",
                        help="corpus, weights and results; a run that was stopped resumes from them")
    parser.add_argument("--cache", type=Path, help="downloaded packages and their text (default: WORK/cache)")
    parser.add_argument("--quick", action="store_true", help="a tenth of a third of the corpus, to see that it works")
    parser.add_argument("--draws", action="store_true", help="only the draws that are newer than the paper (draws.py)")
    parser.add_argument("--no-neural", action="store_true", help="leave out the neural judge")
    parser.add_argument("--leave-out", action="append", default=[], metavar="METHOD", help="a method; repeatable")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="processes (default: the cores)")
    parser.add_argument("--docs", type=Path, help="put tables and figures into this folder's paper.md and refine.md")
    args = parser.parse_args()
    if args.quick and args.docs:
        parser.error("the page has tables of a whole run: --docs and --quick do not go together")
    return args


def build_dsir():
    """The release build of this checkout."""
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=HERE, check=True)
    return HERE.parents[1] / "target" / "release" / "dsir"


def prepare(dsir, rows, folder, cache, scale, scorers):
    """The corpus as whole documents and as pieces of them: {form: Corpus}; with what these scorers need."""
    held = corpora.build(rows, folder / "whole", cache, scale)
    tell(f"corpus: {sum(part['bytes'] for name, part in held.items() if name.startswith('raw/')) / 1e6:.0f} MB raw")
    forms = {"whole": Corpus(folder / "whole"), "pieces": Corpus(folder / "pieces")}
    for part in ("raw", "target"):
        if not (forms["pieces"].folder / part).exists():
            output = f"{forms['pieces'].folder / part}/"
            dsir.run("prepare", "--chunk-words", PIECE, "-o", output, forms["whole"].folder / part)
    for form in forms.values():
        for scorer in scorers:
            SCORERS[scorer].prepare(form)
    tell("pieces, and what the scorers need")
    return forms


def sample(raw, each):
    """The first texts of each domain, `each` characters of it."""
    return [text for shard in sorted(raw.glob("*.jsonl")) for text in corpora.first(shard, each)]


def run_trial(trial):
    """Run a trial in a process of its own."""
    results = trial.run()
    tell(f"{trial.form} {trial.target}")
    return results


def main():
    args = arguments()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"               # each trial has a processor of its own
    dsir = Dsir(args.dsir.resolve() if args.dsir else build_dsir())
    work = args.work / ("quick" if args.quick else "full")
    scale, budgets, domains = (0.1, QUICK_BUDGETS, QUICK_DOMAINS) if args.quick else (1.0, BUDGETS, None)
    listed = METHODS
    if args.draws:
        listed, budgets = draws.METHODS, budgets if args.quick else draws.BUDGETS
    rows = corpora.sources(domains)
    scorers = {method.scorer for method in listed if method.scorer}
    forms = prepare(dsir, rows, work, args.cache or args.work / "cache", scale, scorers)
    whole = forms["whole"]
    model = punkt.train(sample(whole.raw, 60_000), work / "punkt")
    bpe = work / "bpe.json"
    judge.train_bpe(sample(whole.raw, 600_000 * scale), bpe, judge.VOCABULARY)
    tell("sentence ends for word_tokenize, symbols for the judge")

    methods = [method for method in able(dsir, listed) if method.name not in args.leave_out]
    if left_out := [m.name for m in listed if m not in methods]:
        tell(f"left out, as asked or for want of options in the program: {', '.join(left_out)}")
    trials = [Trial(dsir, corpus, form, target, methods, budgets[form], model, bpe, whole.heldout(target))
              for target in corpora.targets(rows) for form, corpus in forms.items()]
    with multiprocessing.get_context("fork").Pool(args.jobs) as workers:
        results = [row for rows in workers.imap(run_trial, trials, chunksize=1) for row in rows]
    if not args.no_neural:
        said = continued.judge_all([trial for trial in trials if trial.form == "whole"], sample(whole.raw, 200_000),
                                   work, 10 if args.quick else 1, args.jobs, tell)
        for row in results:
            if row["form"] == "whole":
                row["neural"] = said.get((row["target"], row["method"], row["budget"], row["seed"]))
    (work / ("draws.json" if args.draws else "results.json")).write_text(json.dumps(results, indent=0))
    if args.draws:
        tables = draws.tables(results)
        if not args.quick:
            tables |= clean_pool.run(dsir, whole, work, bpe) | auc.run(dsir, whole, work, corpora.targets(rows))
            tell("clean pool, and how well classifiers tell documents apart")
        pages.publish_tables(tables, work / "draws.md", args.docs)
    else:
        pages.publish(results, work, args.docs)
    tell("tables and figures")


if __name__ == "__main__":
    main()
