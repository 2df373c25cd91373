#!/usr/bin/env bash
# `dsir select` on a Slurm cluster: arrays of tasks count, weigh and write, and two short jobs between them decide.
#
#     edit the lines below, then: bash select.sh
#
# The result is what `dsir select TARGET BUDGET -o OUT/ RAW` selects on one machine, byte for byte: one file for each
# shard, under its name. A task that is killed and requeued goes on; to go on after an error, run the script again. What
# the tasks hand on lies in WORK. For another corpus, target or options of counting, take another WORK.
set -euo pipefail

# --- Edit these. All paths must be the same on all nodes. ---
: "${RAW:=/shared/corpus}"              # a folder of shards, with or without folders in it
: "${TARGET:=/shared/wanted.jsonl}"     # text like that to be selected
: "${OUT:=/shared/selected}"            # a folder for the selection
: "${WORK:=/shared/selected.work}"      # a folder for counts, weights and the plan
: "${BUDGET:=--num 100000}"             # how much: --num, --fraction, --tokens or --bytes
: "${COUNTING:=}"                       # options of `dsir fit`, such as --ngrams 3
: "${DRAW:=}"                           # options of the draw, such as --seed 1 --normalize tokens
: "${READING:=}"                        # options of all that reads records, such as --text-field content
: "${TASKS:=64}"                        # tasks of each array
: "${SBATCH_OPTIONS:=--cpus-per-task=1 --mem=2G --time=24:00:00}"
: "${DSIR:=dsir}"                       # the program
# --- No more to edit. ---

# Shards are named by their paths in RAW, one on each line of the list of a task.
list_of_task() { echo "$WORK/shards/$SLURM_ARRAY_TASK_ID"; }

count() {
    [ -s "$(list_of_task)" ] || return 0
    local counts="$WORK/counts/$SLURM_ARRAY_TASK_ID.json"
    [ -e "$counts" ] && return 0
    sed "s|^|$RAW/|" "$(list_of_task)" > "$counts.list"
    # shellcheck disable=SC2086 # options are words
    $DSIR fit --quiet $COUNTING $READING --output "$counts" --files-from "$counts.list"
}

model() {
    # shellcheck disable=SC2086
    $DSIR fit --quiet $COUNTING $READING --target "$TARGET" --output "$WORK/target.json"
    $DSIR merge "$WORK"/target.json "$WORK"/counts/*.json --output "$WORK/model.json"
}

weigh() {
    local shard
    while read -r shard; do
        [ -e "$WORK/weights/$shard.npy" ] && continue
        # shellcheck disable=SC2086
        $DSIR weigh --quiet $READING --model "$WORK/model.json" --output "$(dirname "$WORK/weights/$shard")" "$RAW/$shard"
    done < "$(list_of_task)"
}

decide() {
    # What weights are of stands beside them; shards may lie in folders.
    [ -e "$WORK/weights/weights.meta" ] ||
        cp "$(find "$WORK/weights" -name weights.meta -print -quit)" "$WORK/weights/weights.meta"
    # shellcheck disable=SC2086
    $DSIR resample --quiet --weights "$WORK/weights" $BUDGET $DRAW --plan-only "$WORK/plan.json" "$RAW"
}

write() {
    local shard out
    while read -r shard; do
        out="$OUT/$shard"
        [ -e "$out" ] && continue
        mkdir -p "$(dirname "$out")"
        $DSIR resample --quiet --weights "$WORK/weights" --plan "$WORK/plan.json" --output "$out" "$RAW/$shard"
    done < "$(list_of_task)"
}

submit() {
    mkdir -p "$WORK"/{shards,counts,weights,logs} "$OUT"
    # Each shard goes to the task that has the fewest bytes so far, the largest first.
    find -L "$RAW" -type f -printf '%s\t%P\n' |
        grep -E '\.(jsonl|ndjson|json)(\.(gz|zst))?$' | sort -k1,1nr -k2 |
        awk -F '\t' -v tasks="$TASKS" -v lists="$WORK/shards/" '
            BEGIN { for (task = 0; task < tasks; task++) printf "" > (lists task) }
            {
                least = 0
                for (task = 1; task < tasks; task++) if (bytes[task] < bytes[least]) least = task
                bytes[least] += $1
                print $2 > (lists least)
            }'
    export RAW TARGET OUT WORK BUDGET COUNTING DRAW READING DSIR
    local after="" job
    for step in count model weigh decide write; do
        case $step in
        model | decide) array=() log="$WORK/logs/$step.log" ;;
        *) array=(--array="0-$((TASKS - 1))") log="$WORK/logs/$step-%a.log" ;;
        esac
        # shellcheck disable=SC2086
        job=$(sbatch --parsable --requeue --job-name="dsir-$step" --output="$log" --open-mode=append "${array[@]}" \
            ${after:+--dependency=afterok:$after --kill-on-invalid-dep=yes} $SBATCH_OPTIONS "$0" "$step")
        echo "$step: job $job"
        after=$job
    done
}

case ${1:-submit} in
submit | count | model | weigh | decide | write) "${1:-submit}" ;;
*) echo "usage: bash $0" >&2 && exit 2 ;;
esac
