# SPDX-License-Identifier: GPL-2.0-or-later
"""Sub-commands of 0x60 for domains, OMA keys and expanded NV and alias tables."""

from dissectors.en14908.management.addresses import KeylessDomain
from dissectors.en14908.management.nv_records import AliasConfigEAT, NVConfigEAT
from dissectors.sources import DX, DX_EX
from osgp_analyzer.schema import U8, U16, Bits, BitSet, Bytes, F, Layer, Remaining, SizeOf, Struct

LS_MODES = {0: "compatibility only", 1: "enhanced only", 2: "compatibility or enhanced", 3: "reserved"}


SOURCE = DX_EX.at("lcs_netmgmt.c HandleNMExpanded; LtNetworkManager.cpp processExpandedCommand")


class VersionResponse(Layer, name="nm.query_version_response", title="Query version response", source=SOURCE):
    """Which expanded commands the node has."""

    version = U8(default=2, doc="Version of the command set.")
    reserved = Bits(5)
    announcements = Bits(1, doc="LS/IP address mapping announcements.")
    ls_mode = Bits(2, LS_MODES, label="LS mode", doc="Which versions of the protocol the node speaks.")
    security_ii = Bits(1, label="Security II", source=DX.at("lcs_netmgmt.h NVM_SECURITY_II").one)
    nv_by_index = Bits(1, label="Update NV by index")
    memory_map = Bits(1, doc="Reports its memory map.")
    init_config = Bits(1)
    signal_strength = Bits(1, label="Bidirectional signal strength")
    phase = Bits(1, label="Phase detection")
    proxy = Bits(1, doc="LonTalk Enhanced Proxy.")
    oma = Bits(1, doc="Open media authentication, with 96-bit keys.")

    info = "version {version}"


class UpdateNVByIndex(Layer, name="nm.update_nv_by_index", title="Update NV by index", source=SOURCE):
    """Writes the value of a network variable, by its index."""

    index = U16(label="NV index")
    value = Bytes(doc="Types are not in the message, so it is bytes.")

    info = "{index} = {value}"


class UpdateDomainNoKey(Layer, name="nm.update_domain_no_key", title="Update domain, no key", source=SOURCE):
    """Writes an entry of the domain table; its key stays."""

    index = U8(doc="Entry of the domain table.")
    domain = Struct(KeylessDomain)

    info = "{index}"


class QueryDomainNoKey(Layer, name="nm.query_domain_no_key", title="Query domain, no key", source=SOURCE):
    """Reads an entry of the domain table, without its key."""

    index = U8(doc="Entry of the domain table.")

    info = "{index}"


class QueryDomainNoKeyResponse(
    Layer, name="nm.query_domain_no_key_response", title="Query domain, no key response", source=SOURCE
):
    """An entry of the domain table, without its key."""

    domain = Struct(KeylessDomain)


class OMAKeyResponse(Layer, name="nm.query_oma_key_response", title="Query OMA key response", source=SOURCE):
    """The 96-bit key of the node, in plain text."""

    key = Bytes(12, doc="The keys of domain table entries 0 and 1, one after the other.")


class UpdateOMAKey(Layer, name="nm.update_oma_key", title="Update OMA key", source=SOURCE):
    """Sets the 96-bit key of the node, or adds to it."""

    increment = U8(values={0: "replace", 1: "add"}, default=1, doc="Add: the key itself is not in the message.")
    key = Bytes(12, doc="The new key, or what is added to it byte by byte, each modulo 256.")

    info = "{increment}"


class InitConfig(Layer, name="nm.init_config", title="Init config", source=SOURCE):
    """Takes back all connections: address table, aliases and selectors are cleared."""

    length = U8(auto=SizeOf("authenticated"), unit="bytes")
    authenticated = BitSet(
        F.length,
        label="Authenticated NVs",
        source=DX.at("HandleNmeInitConfig").one,
        doc="Network variables that are to use authentication. The last flag goes for all that follow.",
    )

    info = "authenticated NVs: {authenticated}"


class UpdateNVConfigEAT(Layer, name="nm.update_nv_config_eat", title="Update NV configuration (EAT)", source=SOURCE):
    """Writes the configuration of a network variable."""

    index = U16(label="NV index")
    config = Struct(NVConfigEAT, label="Configuration")

    info = "{index}"


class QueryConfigEAT(Layer, name="nm.query_config_eat", title="Query configuration (EAT)", source=SOURCE):
    """Reads the configuration of a network variable or alias."""

    index = U16(doc="Index of the network variable or of the alias, by the sub-command.")

    info = "{index}"


class NVConfigEATResponse(
    Layer,
    name="nm.query_nv_config_eat_response",
    title="Query NV configuration (EAT) response",
    source=SOURCE,
):
    """The configuration of a network variable."""

    config = Struct(NVConfigEAT, label="Configuration")


class UpdateAliasConfigEAT(
    Layer, name="nm.update_alias_config_eat", title="Update alias configuration (EAT)", source=SOURCE
):
    """Writes the configuration of an alias."""

    index = U16(label="Alias index")
    config = Struct(AliasConfigEAT, label="Configuration")
    unused = Bytes(
        when=Remaining() > 0,
        source=DX.at("HandleNmeUpdateNvAliasCnfg").one,
        doc="One implementation wants the message longer than it uses.",
    )

    info = "{index}"


class AliasConfigEATResponse(
    Layer,
    name="nm.query_alias_config_eat_response",
    title="Query alias configuration (EAT) response",
    source=SOURCE,
):
    """The configuration of an alias."""

    config = Struct(AliasConfigEAT, label="Configuration")
