#!/usr/bin/env bash
# cluster.sh FOLDER: a real Slurm of three nodes (slurmctld, three slurmd, munged) on this host, as root.
#
# Prints "ready" when jobs can be sent with SLURM_CONF=FOLDER/slurm.conf.  Lives as long as its standard input is
# open: whoever started it may die in any way, the cluster goes with it.
set -eu
folder=$(mkdir -p "$1" && cd "$1" && pwd)
host=$(hostname -s)
port=$((20000 + RANDOM % 10000))
mkdir -p "$folder"/{state,munge} "$folder"/{spool,tmp}.n{1,2,3}
chmod 755 "$folder"

cat >"$folder/slurm.conf" <<CONF
ClusterName=warmstart
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool.%n
# PMIx makes files of equal names on all nodes.
TmpFS=$folder/tmp.%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=pmix
JobRequeue=1
KillWait=2
# A node that is silent for so long is down.
SlurmdTimeout=10
ReturnToService=2
$(for i in 1 2 3; do echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=2"; done)
PartitionName=all Nodes=n1,n2,n3 Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$folder/slurm.conf

pids=()
take_down() {
  scancel --user=root >/dev/null 2>&1 || true
  kill "${pids[@]}" 2>/dev/null || true
  # Steps outlive their slurmd; theirs are told by the log that they write.
  for process in /proc/[0-9]*; do
    case $(readlink "$process"/fd/* 2>/dev/null) in *"$folder/slurmd."*) kill -9 "${process#/proc/}" 2>/dev/null || true ;; esac
  done
  wait
}
trap take_down EXIT
trap 'exit 1' TERM INT HUP

head -c 1024 /dev/urandom >"$folder/munge/key"
chown -R munge: "$folder/munge"
chmod 711 "$folder/munge"
chmod 400 "$folder/munge/key"
runuser -u munge -- munged --foreground --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
  --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" >"$folder/munged.out" 2>&1 &
pids+=($!)
for _ in $(seq 100); do [ -S "$folder/munge/socket" ] && break; sleep 0.1; done
slurmctld -D >"$folder/slurmctld.out" 2>&1 &
pids+=($!)
for node in n1 n2 n3; do
  slurmd -D -N $node >"$folder/slurmd.$node.out" 2>&1 &
  pids+=($!)
done
for _ in $(seq 150); do
  [ "$(sinfo --noheader --states=idle --format=%D 2>/dev/null)" = 3 ] && { echo ready; cat >/dev/null; exit 0; }
  sleep 0.2
done
echo "not ready after 30 s: see $folder"
exit 1
