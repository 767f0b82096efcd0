# SPDX-License-Identifier: GPL-2.0-or-later
"""`osgp-analyzer audit` as a program: its text, JSON and page, what they never show, and what it says without keys."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from osgp_analyzer.analysis.security.remarks import REMARKS
from osgp_analyzer.analysis.security.statuses import STATUSES
from osgp_analyzer.capture import Capture, PcapngWriter
from osgp_analyzer.cli.main import main
from osgp_analyzer.engines.text import printable
from osgp_analyzer.export.audit_page import POLICY
from osgp_analyzer.security.keyring import KeyRing
from tests.conftest import CAPTURES
from tests.simulate.agreement import sidecar

NATIVE = CAPTURES / "native_lpdu.pcap"
VOID = ("meta", "br", "input")
"""Elements of the page that have no end."""


class Done(NamedTuple):
    code: int
    out: str
    err: str


def audit(*arguments: str | Path) -> Done:
    """The command in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["audit", *map(str, arguments)])
        out.flush()
    return Done(code, out.buffer.getvalue().decode(), err.getvalue())  # type: ignore[attr-defined]


def simulated(folder: Path, scenarios: str, *more: str, port: str = "lpdu") -> list[str]:
    """Arguments: a made-up capture with its keys."""
    path = folder / "simulated.pcapng"
    with redirect_stdout(io.StringIO()):
        command = ["simulate", "--port", port, "--scenario", scenarios, "--meters", "3", "--repeaters", "0"]
        assert main([*command, *more, "-o", str(path)]) == 0
    return [str(path), "--keys", str(path.with_suffix(".keys.toml")), "--shared-keys"]


class Page(HTMLParser):
    """A page, read strictly: every element ends where it should; what it loads; its texts, and ids and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.labels: list[str] = []
        self.texts: list[str] = []
        self.policy = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        assert not [name for name in given if name.startswith("on") or name in ("src", "srcset", "action")]
        if "id" in given:
            self.ids.append(given["id"] or "")
        if "href" in given:
            self.links.append(given["href"] or "")
        if "for" in given:
            self.labels.append(given["for"] or "")
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


def page_of(path: Path) -> Page:
    page = Page(path.read_bytes().decode())
    assert page.policy == POLICY
    assert page.policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert not {"script", "link", "iframe", "img", "object", "base", "form"} & set(page.tags)
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert set(page.labels) <= set(page.ids)
    return page


# -- what it prints ---------------------------------------------------------------------------------------------------

FORM = {
    "frames": {"in_capture": int, "frames": int, "first": int, "last": int},
    "messages": dict.fromkeys(STATUSES, int),
    "encrypted": int,
    "keys": {"given": int, "used": dict, "unused": list, "untried": dict},
    "meters": list,
    "not_judged": list,
}  # fmt: skip
METER = {"meter": str, "messages": FORM["messages"], "encrypted": int, "keys": dict, "findings": list}
FINDING = {
    "code": str, "severity": str, "count": int, "first": int, "last": int, "frames": list, "text": str, "advice": str,
}  # fmt: skip
NOT_JUDGED = {"code": str, "count": int, "text": str, "advice": str}


def has_form(value: Any, form: Any) -> None:
    if isinstance(form, dict):
        assert list(value) == list(form)
        for name, one in form.items():
            has_form(value[name], one)
    else:
        assert type(value) is form


def test_json(tmp_path: Path) -> None:
    """What the README promises programs."""
    done = audit(*simulated(tmp_path, "wrong_key,other_key"), "--json")
    assert (done.code, done.err) == (3, "")
    found = json.loads(done.out)
    has_form(found, FORM)
    for meter in found["meters"]:
        has_form(meter, METER)
        for finding in meter["findings"]:
            has_form(finding, FINDING)
            assert finding["code"] in [remark.code for remark in REMARKS]
    assert [meter["meter"] for meter in found["meters"]] == [f"4f5347503031/1/{node}" for node in (20, 21, 22)]
    (given,) = simulated(tmp_path, "wrong_key")[:1]
    without = json.loads(audit(given, "--json").out)
    for one in without["not_judged"]:
        has_form(one, NOT_JUDGED)
    assert len(without["not_judged"]) == 1


def test_text(tmp_path: Path) -> None:
    arguments = simulated(tmp_path, "wrong_key,other_key")
    done = audit(*arguments)
    assert (done.code, done.err) == (3, "")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in done.out
    frames = sidecar(Path(arguments[0]))["frames"]
    assert lines[0].startswith(f"{len(frames)} frames, {len(frames)} messages: ")
    heads = [line for line in lines if re.match("[A-Z][a-z]+$", line)]
    assert heads == ["Meters", "Findings"]
    for code in ("good_under_other_key", "bad_digest"):
        hits = [f for f in frames if code in f["security"]["findings"]]
        for label in {f["meter"] for f in hits}:
            numbers = [str(f["frame"]) for f in hits if f["meter"] == label]
            assert re.search(rf"{code}:.*?  {label} +{len(numbers)}  {' '.join(numbers)}\n", done.out, re.DOTALL)
    coloured = audit(*arguments, "--color", "always").out
    assert "\x1b[31merror\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d*m", "", coloured) == done.out


def test_many_frames_and_meters_keep_to_the_width(tmp_path: Path) -> None:
    """No number is cut: a part of one would name another frame."""
    done = audit(*simulated(tmp_path, "failures,failures,failures,failures,failures", "--meters", "30"))
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "and 10 more with findings" in done.out
    assert "and 20 meters more" in done.out
    bad = {f["frame"] for f in sidecar(tmp_path / "simulated.pcapng")["frames"] if not f.get("digest_ok", True)}
    shown = [line.split() for line in lines if line.endswith(" ...")]
    assert len(shown) >= 10
    for _, count, *numbers, dots in shown:
        assert set(map(int, numbers)) <= bad
        assert len(numbers) < int(count)
        assert dots == "..."


def test_severity(tmp_path: Path) -> None:
    """It chooses what is shown; the exit code is that of all there is."""
    arguments = simulated(tmp_path, "commissioning,other_key")
    codes = {}
    for severity in ("chat", "note", "warn", "error"):
        done = audit(*arguments, "--severity", severity, "--json")
        assert done.code == 3
        meters = json.loads(done.out)["meters"]
        codes[severity] = {finding["code"] for meter in meters for finding in meter["findings"]}
    assert codes["chat"] > codes["note"] >= codes["warn"] > codes["error"] > set()
    assert "good_under_other_key" in codes["error"]
    assert "unauthenticated_write" in codes["warn"] - codes["error"]
    assert audit(*arguments, "--severity", "high").code == 2
    frames = sidecar(Path(arguments[0]))["frames"]
    right = next(f["frame"] for f in frames if f.get("security", {}).get("status") == "verified")
    done = audit(*arguments, "-Y", f"frame.number == {right}", "--severity", "error")
    assert "No findings of severity error or above." in done.out
    assert done.code == 0


def test_page(tmp_path: Path) -> None:
    """All that the JSON has is on the page: meters, findings with frames and advice, keys, what was not judged."""
    arguments, out = simulated(tmp_path, "commissioning,wrong_key,other_key"), tmp_path / "audit.html"
    done = audit(*arguments, "--json", "--html", out)
    assert done.code == 3
    found, page = json.loads(done.out), page_of(out)
    for meter in found["meters"]:
        assert f"{meter['meter']} " in page.text or meter["meter"] in page.texts
        for finding in meter["findings"]:
            assert finding["code"] in page.ids
            assert finding["advice"] in page.text
            assert " ".join(map(str, finding["frames"])) in page.text
            assert f"{finding['code']} {finding['count']}" in page.text
    for name in (*found["keys"]["used"], *found["keys"]["unused"]):
        assert name in page.text
    severities = re.findall(r'<article class="(\w+)"', out.read_text())
    assert severities == sorted(severities, key=("error", "warn", "note", "chat").index)
    assert len(severities) > 1
    shown = audit(*arguments, "--html", "-")
    assert (shown.code, shown.err) == (3, "")
    assert shown.out == audit(*arguments, "--html", "-").out
    assert Page(shown.out).text


# -- what it never shows ----------------------------------------------------------------------------------------------


def test_no_key_is_shown(tmp_path: Path) -> None:
    """Nor any part of one that tells much: in clear, encrypted, with keys changed on the wire, and weak ones."""
    scenarios = "commissioning,wrong_key,other_key,authentication,alternate_key,key_change,default_key"
    arguments, out = simulated(tmp_path, scenarios, "--encrypt"), tmp_path / "audit.html"
    texts = [audit(*arguments, "--severity", "chat").out]
    texts.append(audit(*arguments, "--severity", "chat", "--json", "--html", out).out)
    texts.append(out.read_text())
    ring = KeyRing.read([arguments[2]], shared=True)
    assert len(ring.keys) > 30
    assert all("bad_digest" in text for text in texts)
    for key in ring.keys:
        secret = key.secret.reveal()
        for part in (secret[:6], secret[-6:]):
            for written in (part.hex(), part.hex(" "), part.hex(":"), part.decode("latin-1"), str(list(part))[1:-1]):
                for text in texts:
                    assert written.lower() not in text.lower()


EVIL = "<script>alert(1)</script>\x1b[31m\n&amp;\u202e"


def hostile(folder: Path) -> list[str]:
    """A capture whose interface, comments and file name are made to do harm."""
    arguments = simulated(folder, "daily,wrong_key", port="mep")
    path = folder / "x<img src=y onerror=z>\x1b]0;t\x07.pcapng"
    with Capture.open(arguments[0]) as capture, PcapngWriter(path, section_comment=EVIL) as writer:
        frames = list(capture)
        for number, one in enumerate(capture.interfaces):
            writer.add_interface(replace(one, name=f"{EVIL}{number}{'x' * 300}", description=EVIL))
        for frame in frames:
            writer.write(frame.data, frame.time, frame.interface.index, comments=[EVIL])
    keys = folder / "evil.toml"
    secret = next(key for key in KeyRing.read([arguments[2]], shared=True).keys if key.kind == "mak").secret.reveal()
    name = json.dumps(EVIL.replace("\n", "").replace("\x1b", "").replace("\u202e", ""))
    keys.write_text(f'[meter.{name}]\nport = "none"\nmak = "{secret.hex()}"\n[try]\nmak = ["{secret.hex()}"]\n')
    return [str(path), "--keys", str(keys), "--shared-keys"]


def test_hostile_names(tmp_path: Path) -> None:
    arguments, out = hostile(tmp_path), tmp_path / "audit.html"
    done = audit(*arguments, "--html", out)
    assert done.code in (0, 3)
    shown = done.out + done.err
    assert printable(shown.replace("\n", "")) == shown.replace("\n", "")
    assert max(map(len, done.out.splitlines())) <= 80
    html = out.read_text()
    page = page_of(out)
    assert "script" not in page.tags
    assert "<script" not in html
    assert "onerror=z>" not in html
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", html)
    assert "<script>alert(1)</script>\\x1b[31m\\n&amp;\\u202e0x" in page.text  # it is shown as what it is
    found = audit(*arguments, "--json").out
    assert "\x1b" not in found
    assert [meter for meter in json.loads(found)["meters"] if meter["meter"].startswith(EVIL)]


# -- odd captures, odd arguments --------------------------------------------------------------------------------------


def test_without_security(tmp_path: Path) -> None:
    out = tmp_path / "audit.html"
    done = audit(NATIVE, "--html", out)
    assert done.code in (0, 3)
    assert done.err == ""
    assert done.out.startswith("571 frames, ")
    assert "no keys were given" in " ".join(done.out.split())
    assert "--keys FILE" in done.out
    page = page_of(out)
    assert "571 frames" in page.text
    assert "--keys FILE" in page.text


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.pcap*")), ids=lambda path: path.stem)
def test_every_sample(path: Path, tmp_path: Path) -> None:
    """In all forms, without keys and with some that fit nothing."""
    keys = tmp_path / "keys.toml"
    keys.write_text('[try]\nomak = ["102132435465768798A9BACB"]\nmak = ["102132435465768798A9BACBDCEDFE0F"]\n')
    for more in ((), ("--keys", keys, "--shared-keys")):
        done = audit(path, *more, "--html", tmp_path / "audit.html")
        assert (done.code in (0, 3), done.err) == (True, "")
        assert max(map(len, done.out.splitlines())) <= 80
        found = json.loads(audit(path, *more, "--json").out)
        assert found["messages"]["verified"] == 0
        assert f"{found['frames']['frames']} frames" in page_of(tmp_path / "audit.html").text


def test_nothing_selected(tmp_path: Path) -> None:
    out = tmp_path / "audit.html"
    done = audit(NATIVE, "-Y", "npdu.src == 9/99", "--html", out)
    assert (done.code, done.out) == (0, "")
    assert "no frame matches" in done.err
    assert "0 of 571 frames" in page_of(out).text
    found = json.loads(audit(NATIVE, "-Y", "npdu.src == 9/99", "--json").out)
    assert (found["frames"]["frames"], found["frames"]["first"], found["meters"]) == (0, None, [])
    assert audit(NATIVE, "-Y", "npdu.src = 9/99").code == 2
    assert audit(NATIVE, "-c", "10").out.startswith("10 frames, ")


def test_a_damaged_file(tmp_path: Path) -> None:
    """What could be read is judged; errors go before damage."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(NATIVE.read_bytes()[:-5])
    done = audit(path, "-Y", "spdu.type == RESPONSE && npdu.dst == 1/10")
    assert done.code == 1
    assert "cut.pcap" in done.err
    arguments = simulated(tmp_path, "wrong_key")
    whole = Path(arguments[0])
    whole.write_bytes(whole.read_bytes()[:-5])
    done = audit(*arguments)
    assert done.code == 3
    assert len(done.err.splitlines()) == 1


def test_a_page_is_whole_or_not_there(tmp_path: Path) -> None:
    """And never in the place of the capture."""
    path = tmp_path / "native.pcap"
    path.write_bytes(NATIVE.read_bytes())
    done = audit(path, "--html", path)
    assert done.code == 2
    assert path.read_bytes() == NATIVE.read_bytes()
    assert audit(NATIVE, "--html", tmp_path / "no" / "audit.html").code == 2
    done = audit(NATIVE, "--html", "/dev/full")
    assert done.code == 2
    assert "cannot be written" in done.err
    done = audit(NATIVE, "--json", "--html", "-")
    assert (done.code, done.out) == (2, "")
    assert "--html" in done.err
    assert sorted(one.name for one in tmp_path.iterdir()) == ["native.pcap"]


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--help"]) == 0
    text = capsys.readouterr().out
    assert re.findall(r"^  (\d)  ", text, re.MULTILINE) == ["0", "1", "2", "3"]
