# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers as users of Scapy meet them."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from scapy.packet import Raw, fuzz
from scapy.supersocket import StreamSocket

from dissectors.layers import APDU, CNIP, LPDU, NPDU, NV, SPDU, TPDU, AuthPDU, LonUDP, register, with_request
from osgp_analyzer.engines.knowledge import Knowledge
from osgp_analyzer.engines.scapy.tree import values
from tests.conftest import CAPTURES, load

register()
CAMPAIGNS = sorted((Path(__file__).parent / "uts").glob("*.uts"))


@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=lambda p: p.stem)
def test_campaign(campaign: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "scapy.tools.UTscapy", "-t", str(campaign), "-f", "text", "-N"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "FAILED=0" in run.stdout + run.stderr
    assert "PASSED=0" not in run.stdout + run.stderr


def test_there_is_a_campaign_for_every_layer() -> None:
    assert {c.stem for c in CAMPAIGNS} >= {
        "lpdu",
        "npdu",
        "tpdu",
        "spdu",
        "authpdu",
        "apdu",
        "nv",
        "nm",
        "nd",
        "ltep",
        "cnip",
        "lonudp",
    }


def test_loaded_by_scapy_itself(tmp_path: Path) -> None:
    """`conf.exts.load`, `rdpcap`, `ls`, `show` in a Python that knows nothing of us."""
    script = f"""
from scapy.all import *
conf.exts.load("osgp-analyzer")
frames = rdpcap({str(CAPTURES / "native_lpdu.pcap")!r})
assert len(frames) == 571 and type(frames[0]).__name__ == "LPDU", frames[0]
frames[0].show()
from dissectors.layers import NPDU, CNIP, LPDU
ls(NPDU)
udp = rdpcap({str(CAPTURES / "lon_udp_dom1.pcap")!r})
print(udp[1].summary())
assert any(p.haslayer("LON/UDP") or "LonUDP" in p for p in udp)
made = IP(src="10.0.0.1", dst="10.0.0.2")/UDP(sport=1628, dport=1628)/CNIP()/LPDU()/NPDU(domain=b"O")
assert IP(bytes(made))[NPDU].domain == b"O"
print("all good")
"""
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
    )
    assert run.stdout.rstrip().endswith("all good"), run.stdout[-500:] + run.stderr[-1500:]
    assert "src_subnet" in run.stdout
    assert "###[ " in run.stdout


def test_crafting_fills_in_what_follows_from_the_rest() -> None:
    made = (
        LPDU(delta_backlog=1)
        / NPDU(src_subnet=1, src_node=5, dst_subnet=1, dst_node=3, domain=b"O")
        / TPDU(transaction=2)
    )
    made = made / NV(selector=0x29F, value=bytes.fromhex("00c4"))
    # The vector nv_ackd_with_crc, made by another implementation.
    assert bytes(made).hex() == "0109018501834f02829f00c48727"
    service_pin = LPDU() / NPDU(src_node=0, address_format="broadcast") / APDU(code=0x7F)
    vector = next(f for f in load("frames.json") if f["name"] == "service_pin_with_crc")
    assert bytes(service_pin / Raw(bytes.fromhex(vector["hex"])[6:-2])).hex() == vector["hex"]
    reminder = NPDU(address_format="group", dst_group=7) / TPDU(type="REMINDER", m_list=b"\x21\x00\x80")
    assert TPDU(bytes(reminder.payload)).m_list_length == 3


def test_changing_a_dissected_field_changes_its_bytes() -> None:
    packet = LPDU(bytes.fromhex("0109018501834f02829f00c48727"))
    packet[NV].value = b"\x01"
    del packet.crc
    packet.raw_packet_cache = None
    assert bytes(packet)[:-2].hex() == "0109018501834f02829f01"
    assert LPDU(bytes(packet)).crc_status == 1
    copied = packet.copy()
    copied[NPDU].src_node = 9
    assert (packet[NPDU].src_node, copied[NPDU].src_node) == (5, 9)


def test_names_that_scapy_has_too_belong_to_the_field() -> None:
    assert NV(b"\xc1\x23").direction == 1
    assert bytes(NV(direction=1, selector=0x123)).hex() == "c123"


def test_spans_reach_every_field() -> None:
    packet = CNIP(bytes.fromhex(load("real_cnip_datagrams.json")["datagrams"][0]["hex"]))
    assert packet[NPDU].frame_offset == 21
    assert packet[NPDU].spans["src_node"].offset == 2
    assert (packet[NPDU].spans["src_node"].bit, packet[NPDU].spans["src_node"].bits) == (17, 7)


def test_answers_and_hashret() -> None:
    frames = [LPDU(bytes.fromhex(f["hex"])) for f in load("sidecars/native_lpdu.json")["frames"]]
    known = load("sidecars/native_lpdu.json")["frames"]
    asked = answered = 0
    for i, (packet, f) in enumerate(zip(frames, known, strict=True)):
        if f["msg"] != "RESPONSE":
            continue
        asked += 1
        before = [
            j for j in range(max(0, i - 12), i) if packet.hashret() == frames[j].hashret() and packet.answers(frames[j])
        ]
        if before and known[before[-1]]["step"] == f["step"]:
            answered += 1
            assert known[before[-1]]["msg"] in ("REQUEST", "REM_MSG")
            assert known[before[-1]]["trans"] == f["trans"]
    assert answered == asked > 100
    ack = LPDU() / NPDU(src_node=3, dst_node=5) / TPDU(type="ACK", transaction=2)
    message = LPDU() / NPDU(src_node=5, dst_node=3) / TPDU(transaction=2) / NV()
    assert ack.answers(message)
    assert not message.answers(ack)
    assert not (LPDU() / NPDU(src_node=4, dst_node=5) / TPDU(type="ACK", transaction=2)).answers(message)


def test_response_is_certain_once_its_request_is_known() -> None:
    data = bytes.fromhex("0019018301854f2431000100020003000400051404108a80")
    alone = LPDU(data)
    text = alone[APDU].summary_of(alone[APDU].definition.info)
    assert "Query status" in text
    assert "Memory refresh" in text
    assert [f.code for f in alone.frame_findings() if f.code == "apdu.request_unknown"]
    status = LPDU(data, knowledge=Knowledge(request={"apdu.code": 0x51}))
    assert [f for f in status.frame_findings() if f.code.startswith("apdu")] == []
    assert status[APDU].outcome == 0
    assert "Query status: success" in status[APDU].summary_of(status[APDU].definition.info)
    assert "transmit_errors" in str(values(status))
    refresh = LPDU(data[:9], knowledge=Knowledge(request={"apdu.code": 0x71}))
    assert "Memory refresh: success" in refresh[APDU].summary_of(refresh[APDU].definition.info)


def test_send_and_receive_over_udp() -> None:
    """Scapy's own `sr1` finds the answer to a request, through `hashret` and `answers`."""
    ours, theirs = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    ours.bind(("127.0.0.1", 0))
    theirs.bind(("127.0.0.1", 0))
    ours.connect(theirs.getsockname())

    def node() -> None:
        data, peer = theirs.recvfrom(2000)
        asked = CNIP(data)
        for transaction in (asked[SPDU].transaction + 1, asked[SPDU].transaction):  # the first answers something else
            answer = (
                CNIP()
                / LPDU()
                / NPDU(src_node=3, dst_node=5, domain=b"O")
                / SPDU(type="RESPONSE", transaction=transaction)
            )
            theirs.sendto(bytes(answer / APDU(code=0x31) / Raw(bytes(15))), peer)

    threading.Thread(target=node, daemon=True).start()
    question = CNIP() / LPDU() / NPDU(src_node=5, dst_node=3, domain=b"O") / SPDU(transaction=7) / APDU(code=0x51)
    answer = StreamSocket(ours, CNIP).sr1(question, timeout=10, verbose=False)
    assert answer[SPDU].transaction == 7
    certain = with_request(answer, question)
    assert certain[APDU].outcome == 0
    assert certain[APDU].payload.name == "Query status response"


@pytest.mark.parametrize("layer", [LPDU, NPDU, TPDU, SPDU, AuthPDU, APDU, NV, CNIP, LonUDP])
def test_fuzz_builds_and_dissects(layer: type) -> None:
    for _ in range(50):
        data = bytes(fuzz(layer()))
        assert bytes(layer(data)) == data
