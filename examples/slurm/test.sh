#!/usr/bin/env bash
# Runs select.sh on a Slurm of this machine while tasks are requeued, and compares with `dsir select`.
#
#     bash test.sh DSIR [OPTION OF DSIR SELECT ...]
#
# As root, on Debian 12: apt-get install -y slurmctld slurmd slurm-client munge.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dsir=$(realpath "${1:?the program}")
shift
scratch=$(mktemp -d)

start_slurm() {
    mkdir -p "$scratch"/{state,spool} /run/munge
    [ -f /etc/munge/munge.key ] || head -c 1024 /dev/urandom > /etc/munge/munge.key
    chown munge /etc/munge/munge.key /run/munge
    chmod 400 /etc/munge/munge.key
    pidof munged > /dev/null || runuser -u munge -- munged
    cat > "$scratch/slurm.conf" << END
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
AuthType=auth/munge
# A job that was requeued waits as long as a credential is good for.
AuthInfo=cred_expire=5
SlurmUser=root
SlurmdUser=root
SlurmctldPort=7817
SlurmdPort=7818
StateSaveLocation=$scratch/state
SlurmdSpoolDir=$scratch/spool
SlurmctldPidFile=$scratch/slurmctld.pid
SlurmdPidFile=$scratch/slurmd.pid
SlurmctldLogFile=$scratch/slurmctld.log
SlurmdLogFile=$scratch/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SchedulerParameters=sched_interval=1,sched_min_interval=100000,bf_interval=1
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=2
PartitionName=main Nodes=ALL Default=YES
END
    export SLURM_CONF="$scratch/slurm.conf"
    slurmctld && slurmd
    until sinfo -h -o %T 2> /dev/null | grep -q idle; do sleep 0.2; done
}

stop() {
    for daemon in slurmd slurmctld; do
        pid=$(cat "$scratch/$daemon.pid" 2> /dev/null) || continue
        kill "$pid"
        while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
    done
    rm -rf "$scratch"
}
trap stop EXIT

# Forty shards of the example corpus, some in a folder, some compressed, each document in one of them.
mkdir -p "$scratch/raw/more"
"$dsir" resample --quiet --method random --fraction 1 --min-tokens 0 "$here/../corpus/raw" |
    awk -v folder="$scratch/raw" '{ print > sprintf("%s/%s%02d.jsonl", folder, NR % 4 ? "" : "more/", NR % 40) }'
gzip "$scratch"/raw/more/1*.jsonl
start_slurm

export RAW="$scratch/raw" TARGET="$here/../corpus/target.jsonl" OUT="$scratch/out" WORK="$scratch/work"
export BUDGET="--num 150" TASKS=4 SBATCH_OPTIONS="--mem=0" DSIR="$here/slowly"
export COUNTING="--ngrams 3" DRAW="--seed 2 --normalize tokens --temperature 10" SLOWLY="$dsir"
bash "$here/select.sh"
requeued=0
while [ -n "$(squeue --noheader)" ]; do
    # Now and then, whatever runs is killed in the middle and begins again.
    job=$(squeue --noheader --states=running --array --format=%i | shuf -n 1)
    if [ -n "$job" ] && [ "$requeued" -lt 12 ] && [ $((RANDOM % 3)) = 0 ] && scontrol requeue "$job"; then
        requeued=$((requeued + 1))
    fi
    sleep 0.4
done
cat "$WORK"/logs/*.log
"$dsir" select --quiet $COUNTING $DRAW $BUDGET --target "$TARGET" --output "$scratch/expected/" "$RAW" "$@"
diff -r "$scratch/expected" "$OUT"
echo "the same bytes, after $requeued tasks were killed and requeued"
