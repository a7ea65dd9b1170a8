"""The table: a line a comparison as it is measured, and all of them as Markdown at the end."""
import os
import platform
import time


class Table:
    def __init__(self):
        self.lines, self.notes, self.met, self.begin = [], [], [], self._load()

    @staticmethod
    def _load():
        return "/".join(f"{load:.1f}" for load in os.getloadavg())

    def note(self, text):
        """Something that whoever reads the numbers has to know."""
        self.notes.append(text)
        print(text, flush=True)

    def _add(self, met, name, ours, peer_name, peer, unit, ratio, goal, cpu):
        self.met.append(met)
        goal += " met" if met else " MISSED"
        self.lines.append((name, ours, peer_name, peer, unit, ratio, goal, cpu))
        print(f"{name:44} {ours:>14} {peer_name:30} {peer:>14} {unit:9} {ratio:>8}  goal {goal}  {cpu}", flush=True)

    def row(self, name, ours, peer_name, peer, unit, goal, larger_is_better=True, cpu=""):
        ratio = ours / peer
        met = ratio >= goal if larger_is_better else ratio <= goal
        self._add(met, name, f"{ours:,.2f}", peer_name, f"{peer:,.2f}", unit, f"{ratio:.2f}x", f"{'>=' if larger_is_better else '<='} {goal}x", cpu)

    def absolute(self, name, ours, unit, limit, larger_is_better=False, cpu=""):
        met = ours >= limit if larger_is_better else ours <= limit
        self._add(met, name, f"{ours:,.2f}", "", "", unit, "", f"{'>=' if larger_is_better else '<='} {limit:,}", cpu)

    def missing(self, name, what):
        """A comparison that was promised and not made: as good as missed."""
        what = " ".join(str(what).split())[-300:]
        self.met.append(False)
        self.lines.append((name, "", f"not measured: {what}", "", "", "", "MISSED", ""))
        print(f"{name:44} not measured: {what}", flush=True)

    def summary(self):
        return f"{sum(self.met)} goals met, {len(self.met) - sum(self.met)} missed"

    def markdown(self, path):
        cell = lambda text: str(text).replace("|", "\\|")
        with open(path, "w") as file:
            file.write(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}; load average {self.begin} "
                       f"at the begin and {self._load()} at the end. {self.summary()}.\n\n")
            file.write("".join(f"- {note}\n" for note in self.notes) + ("\n" if self.notes else ""))
            file.write("| what | Skerry | beside | it | unit | ratio | goal | CPU |\n|---|---:|---|---:|---|---:|---|---|\n")
            for line in self.lines:
                file.write("| " + " | ".join(cell(text) for text in line) + " |\n")
