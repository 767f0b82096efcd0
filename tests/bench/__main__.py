# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m tests.bench`: speed and memory on generated captures, next to tshark, Scapy and pyshark."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.inside import FILTER
from tests.bench.measure import Failed, run, said, warm
from tests.bench.reads import FIELDS as TABLE_FIELDS
from tests.bench.report import Comparison, Judged, Reads, Results, Size, markdown
from tests.bench.secured import NOBODYS
from tests.bench.tools import ROOT, Ours, Tshark, inside

OUT = ROOT / "docs" / "speed.md"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
PEER_FRAMES = 10_000
READS, READ_ALONE = 100_000, 2_000
"""Reads of one table, and frames of them that are read one by one."""


class Bench:
    """One run of the benchmark in a folder for its captures."""

    def __init__(self, folder: Path, frames: int, rounds: int, keep: bool) -> None:
        self.folder, self.keep = folder, keep
        self.results = Results(frames, rounds)
        self.ours = Ours()
        self.tshark: Tshark | None = None
        self.failed = False
        try:
            tshark = Tshark(folder)
            tshark.check(self.capture(100))
            self.tshark, self.results.tshark = tshark, tshark.version
        except Failed as error:
            self.note(str(error))

    def capture(self, frames: int, cnip: bool = False) -> Path:
        """A generated capture, in the page cache."""
        path = self.folder / f"{'cnip' if cnip else 'lpdu'}-{frames}.pcap"
        if not path.exists():
            said(f"generating {path.name}")
            command = [sys.executable, "-m", "tests.bench.generate", str(frames), str(path)]
            run([*command, *(["--cnip"] if cnip else [])], options={"cwd": ROOT})
            path.chmod(0o644)
        warm(path)
        return path

    def _done(self, capture: Path) -> None:
        """Make room: a big capture is not needed any more."""
        if not self.keep:
            capture.unlink(missing_ok=True)

    def note(self, text: str) -> None:
        said(text)
        self.results.notes.append(text)

    def compare(self) -> None:
        """The three comparisons of whole processes."""
        frames = self.results.frames
        fields = "26 fields"
        self._by_turns(Comparison("a line a frame", "`tshark`", 1.5), self.capture(frames), "summary")
        self._by_turns(Comparison(fields, "`tshark -T fields`", 8), self.capture(frames), "fields")
        cnip = self.capture(frames, cnip=True)
        self._by_turns(Comparison(f"{fields}, CN/IP over UDP", "`tshark -T fields`", 12), cnip, "fields")
        self._done(cnip)

    def _by_turns(self, one: Comparison, capture: Path, what: str) -> None:
        self.results.comparisons.append(one)
        with self._attempt(one.work):
            for turn in range(self.results.rounds):
                one.ours.append(self.ours.run(getattr(self.ours, what)(capture)))
                told = f"{one.work}, round {turn + 1}: osgp-analyzer {one.ours[-1].seconds:.2f} s"
                if self.tshark is not None:
                    one.theirs.append(self.tshark.run(getattr(self.tshark, what)(capture)))
                    told += f", tshark {one.theirs[-1].seconds:.2f} s"
                said(told)

    def filter(self) -> None:
        """A filter over the columns of a whole capture."""
        with self._attempt("filter"):
            found, _ = inside("filter", self.capture(self.results.frames))
            self.results.filter_seconds, self.results.filter_matches = found["seconds"], found["matches"]
            said(f"filter: {found['seconds'] * 1000:.1f} ms, {found['matches']} of {found['frames']} match")

    def tables(self) -> None:
        """Many reads of one table, in columns and frame by frame."""
        with self._attempt("reads of one table"):
            capture = self.folder / f"reads-{READS}.pcapng"
            if not capture.exists():
                said(f"generating {capture.name}")
                run([sys.executable, "-m", "tests.bench.reads", str(READS), str(capture)], options={"cwd": ROOT})
            warm(capture)
            self.results.reads = reads = Reads(READS, READ_ALONE, 50)
            for turn in range(self.results.rounds):
                reads.show.append(self.ours.run(self.ours.fields(capture, TABLE_FIELDS)))
                reads.alone.append(inside("session", capture, str(READ_ALONE))[0]["seconds"])
                each = reads.alone[-1] / READ_ALONE * 1e6
                said(f"{READS:,} reads, round {turn + 1}: {reads.show[-1].seconds:.2f} s; alone {each:.0f} µs a frame")
            self._done(capture)

    def keys(self) -> None:
        """Messages judged and opened with keys, and digests in bulk and one by one."""
        with self._attempt("keys"):
            for what, frames, encrypt, ring in (
                ("digests, keys by address", self.results.frames, False, "keys"),
                (f"digests, {NOBODYS} keys of nobody", self.results.frames, False, "try"),
                ("RC4, keys by address", self.results.frames // 5, True, "keys"),
            ):
                capture = self.folder / f"{'rc4' if encrypt else 'oma'}-{frames}.pcapng"
                if not capture.exists():
                    said(f"generating {capture.name}")
                    command = [sys.executable, "-m", "tests.bench.secured", str(frames), str(capture)]
                    run([*command, *(["--encrypt"] if encrypt else [])], options={"cwd": ROOT})
                warm(capture)
                found, _ = inside("judged", capture, str(capture.with_suffix(f".{ring}.toml")))
                one = Judged(what, found["frames"], found["verified"], found["opened"], min(found["columns"]),
                             min(found["judged"]))  # fmt: skip
                self.results.judged.append(one)
                said(f"{what}: {one.columns:.2f} s, with keys {one.judged:.2f} s, {one.verified:,} verified")
            for _ in range(self.results.rounds):
                found, _ = inside("digests", capture)
                self.results.digests.append((found["bulk"], found["alone"]))
                said(f"digests: {found['alone'] / found['bulk']:.0f} times as fast in bulk")

    def grow(self, largest: int) -> None:
        """Time and memory from few frames to many."""
        for frames in (size for size in SIZES if size <= largest):
            capture = self.capture(frames)
            with self._attempt(f"growth at {frames:,} frames"):
                rounds = self.results.rounds if frames <= 1_000_000 else 1
                show = [self.ours.run(self.ours.fields(capture), watch=True) for _ in range(rounds)]
                found, _ = inside("store", capture)
                size = Size(frames, show, found["seconds"], found["anonymous"], found["peak"])
                self.results.sizes.append(size)
                said(f"{frames:,} frames: {show[0].seconds:.2f} s, {show[0].peak / 1e6:.0f} MB")
            if frames != self.results.frames:
                self._done(capture)

    def peers(self) -> None:
        """Scapy with our layers, and pyshark with tshark's."""
        with self._attempt("Scapy"):
            found, _ = inside("scapy", self.capture(PEER_FRAMES))
            self.results.peers["Scapy, PcapReader with these layers"] = found["frames"], found["seconds"]
        if self.tshark is None:
            return
        with self._attempt("pyshark"):
            found, _ = inside("pyshark", self.capture(PEER_FRAMES), str(self.tshark.script))
            if "lon" not in found["layers"]:
                raise Failed("its tshark does not decode LonTalk when root starts it")
            self.results.peers["pyshark, FileCapture with JSON"] = found["frames"], found["seconds"]

    @contextlib.contextmanager
    def _attempt(self, what: str) -> Iterator[None]:
        """A part that may fail without the rest."""
        try:
            yield
        except Failed as error:
            self.failed = True
            self.note(f"{what}: {error}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000, help="of the comparisons (default: 1000000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="only growth and memory; docs/speed.md is left alone")
    parser.add_argument("--keys", action="store_true", help="only keys; docs/speed.md is left alone")
    parser.add_argument("--tables", action="store_true", help="only reads of a table; docs/speed.md is left alone")
    parser.add_argument("--all", action="store_true", help="growth to 10 million frames")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="make the captures there, keep them, and use those that are there"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="where the report goes (default: docs/speed.md)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder is removed then too
    try:
        with _folder(options.keep) as folder:
            bench = Bench(folder, options.frames, options.rounds, options.keep is not None)
            some = options.growth or options.tables or options.keys
            if not some:
                bench.compare()
                bench.filter()
                bench.peers()
            if options.tables or not some:
                bench.tables()
            if options.keys or not some:
                bench.keys()
            if options.growth or not some:
                bench.grow(SIZES[-1] if options.all else options.frames)
    except KeyboardInterrupt:
        said("stopped; the captures are removed" if options.keep is None else "stopped")
        return 130
    text = markdown(bench.results, sys.argv[1:], FILTER)
    print(text)
    if not some:
        options.out.write_text(text)
        said(f"written: {options.out}")
    return int(bench.failed)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """A folder that an ordinary user can read, for whom tshark may run."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="osgp-bench-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main())
