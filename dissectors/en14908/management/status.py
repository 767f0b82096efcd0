# SPDX-License-Identifier: GPL-2.0-or-later
"""What a node says of itself: identification, status, transceiver registers."""

from dissectors.en14908.management.codes import ERRORS, MODELS, NODE_STATES, RESET_CAUSES
from dissectors.sources import DX, DX_EX, EX
from osgp_analyzer.schema import U8, U16, Bytes, Layer


class Identification(
    Layer, name="identification", title="Identification", source=DX_EX.at("lon_types.h; LtNetworkManager.cpp")
):
    """The two numbers by which a node tells what it is: its own, and that of its program."""

    neuron_id = Bytes(6, show="neuron_id", label="Neuron ID", doc="Unique ID of the node.")
    program_id = Bytes(
        8,
        show="hex",
        label="Program ID",
        doc="Tells the application: nodes with the same one have the same interface.",
    )

    info = "{neuron_id} program {program_id}"


class NodeStatus(
    Layer,
    name="node_status",
    title="Node status",
    source=DX_EX.at("lcs_netmgmt.h NDQueryStat; LtNetworkManager.cpp"),
):
    """Error counts since the last clear, why the node was reset last, and what state it is in."""

    transmit_errors = U16(doc="Packets received with a wrong CRC: transmission errors on the channel.")
    transaction_timeouts = U16(doc="Messages for which the node did not get all answers.")
    receive_transactions_full = U16(doc="Incoming messages lost because no receive transaction record was free.")
    lost_messages = U16(doc="Messages for this node lost for lack of an application buffer.")
    missed_messages = U16(doc="Packets on the channel lost for lack of a network buffer.")
    reset_cause = U8(values=RESET_CAUSES, show="hex")
    node_state = U8(values=NODE_STATES, show="hex", source=DX.at("lon_types.h IzotNodeState"))
    version = U8(doc="Firmware version.")
    error_log = U8(
        values=ERRORS,
        label="Last error",
        source=DX.at("lon_types.h LonStatusCode").one,
        doc="The error logged last.",
    )
    model = U8(
        values=MODELS,
        show="hex",
        source=DX.at("lon_types.h LonArchitecture").one,
        doc="Chip or stack of the node.",
    )

    info = "{node_state}, last error {error_log}, reset {reset_cause}"


class TransceiverRegisters(
    Layer,
    name="transceiver",
    title="Transceiver registers",
    source=DX_EX.at("HandleNDTransceiverStatus; fetchXcvrStatus"),
):
    """The seven status registers of a special-purpose mode transceiver. Their meaning is the transceiver's own."""

    register_1 = U8(show="hex")
    register_2 = U8(show="hex")
    register_3 = U8(
        show="hex",
        source=EX.at("LtNetworkManagerLit.h LT_PLC_REG_STATUS").inferred,
        doc="Power line: status.",
    )
    register_4 = U8(
        show="hex",
        source=EX.at("LtNetworkManagerLit.h LT_PLC_REG_PRIMARY").inferred,
        doc="Power line: signal on the primary carrier.",
    )
    register_5 = U8(
        show="hex",
        source=EX.at("LtNetworkManagerLit.h LT_PLC_REG_SECONDARY").inferred,
        doc="Power line: signal on the secondary carrier.",
    )
    register_6 = U8(show="hex")
    register_7 = U8(show="hex")

    info = "{register_1} {register_2} {register_3} {register_4} {register_5} {register_6} {register_7}"
