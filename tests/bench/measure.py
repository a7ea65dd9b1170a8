"""Taking turns, and what the hardware does: processor time, memory, the disk, MD5."""
import json
import os
import re
import resource
import statistics
import subprocess

TICKS = os.sysconf("SC_CLK_TCK")


def alternate(rounds, *measures):
    """Runs the measures in turn; returns the median of each."""
    results = [[] for _ in measures]
    for _ in range(rounds):
        for i, measure in enumerate(measures):
            results[i].append(measure())
    return [statistics.median(result) for result in results]


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def client_cpu_seconds():
    """Of this process and the load generators that it started and that have ended. Servers run on, so they are not in it."""
    usages = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def rss_beside_map(pid):
    """MiB, without the pages of the metadata map."""
    total = 0
    mapped = False
    with open(f"/proc/{pid}/smaps") as file:
        for line in file:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                mapped = "data.mdb" in line
            elif line.startswith("Rss:") and not mapped:
                total += int(line.split()[1])
    return total / 1024


def fio(folder, *arguments, keep=False):
    name = f"{folder}/fio-{len(os.listdir(folder))}.dat" if keep else f"{folder}/fio.dat"
    out = subprocess.run(["fio", "--name=x", f"--filename={name}", "--output-format=json", *arguments], capture_output=True, text=True, check=True).stdout
    if not keep:
        os.unlink(name)
    return json.loads(out[out.index("{"):])["jobs"][0]


def serial_sync_rate(folder, seconds, size):
    """Writes of 4 KiB a second, each synced before the next, through a file of `size` and then over it again. What an upload writes is new to the
    disk, whose file system then has a record of its own to sync; a file that is small enough to be written over measures the disk alone."""
    return fio(folder, f"--size={size}", "--bs=4k", "--rw=write", "--fdatasync=1", "--ioengine=psync", f"--runtime={seconds}",
               "--time_based")["write"]["iops"]


def disk_write_rate(folder, size):
    """GB/s of a new file of `size` bytes, written past the page cache, 16 MiB under way. It stays until the folder goes, as what Skerry writes
    does: room that was written before, and that a file removed just now has left, takes a third more a second on some disks."""
    return fio(folder, f"--size={size}", "--bs=1m", "--rw=write", "--direct=1", "--ioengine=io_uring", "--iodepth=16", keep=True)["write"]["bw_bytes"] / 1e9


def md5_rate(cores=1):
    """GB/s of OpenSSL's MD5, one stream a core."""
    out = subprocess.run(["openssl", "speed", "-seconds", "1", "-bytes", str(1 << 20), *(["-multi", str(cores)] if cores > 1 else []), "md5"],
                         capture_output=True, text=True, check=True).stdout
    return float(re.search(r"^md5\s+([\d.]+)k", out, re.MULTILINE).group(1)) / 1e6
