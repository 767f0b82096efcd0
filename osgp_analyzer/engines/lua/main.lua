local osgp = Proto("osgp", "OSGP and EN 14908 (LonTalk)")
local all, experts = {}, {}
for _, field in pairs(P) do all[#all + 1] = field end
for _, codes in pairs(X) do
    for _, one in pairs(codes) do experts[#experts + 1] = one end
end
-- Tells whoever runs the script that it was loaded.
local version = ProtoField.string("osgp.plugin", "Plug-in")
all[#all + 1] = version
osgp.fields, osgp.experts = all, experts

-- Read a frame, or what another dissector gives. `f`: the layer that it begins with. `beneath` says what is below.
local function dissect(f, tvb, pinfo, root, beneath)
    S, B, ROOT, PINFO, I = tvb:raw(), tvb, root, pinfo, nil
    SOURCE, DESTINATION, PROTOCOL, INFO, FAULT, FAULT_AT = nil, nil, nil, {}, nil, nil
    for name in pairs(O) do O[name] = nil end
    if beneath then beneath() end
    local tree = root:add(osgp, tvb())
    ROOT = tree
    local size = tvb:len()
    if size > 0 then enclose(f, tree, 0, size, 1) end
    if PROTOCOL then pinfo.cols.protocol = PROTOCOL end
    local info = concat(INFO, ", ")
    if FAULT then info = info .. (info ~= "" and " [" or "[") .. FAULT .. "]" end
    pinfo.cols.info = info
    if SOURCE then pinfo.cols.src = SOURCE end
    if DESTINATION then pinfo.cols.dst = DESTINATION end
    return size
end

local encapsulations = DissectorTable.get("wtap_encap")
for number, f in pairs(LINKS) do
    local one = Proto("osgp.link" .. number, "OSGP on link type USER" .. number)
    function one.dissector(tvb, pinfo, tree) return dissect(f, tvb, pinfo, tree) end
    encapsulations:add(wtap.USER0 + number, one)
end
function osgp.dissector(tvb, pinfo, tree) return dissect(L.LPDU, tvb, pinfo, tree) end

-- What UDP carries. Fields of the layers below it are Wireshark's own; `BELOW` has their names by ours.
local below = {}
for name, theirs in pairs(BELOW) do below[name] = Field.new(theirs) end
local function beneath()
    for name, field in pairs(below) do
        local found = {field()}
        if #found > 0 then
            local last = found[#found]
            O[name] = last.type == ftypes.UINT16 and last.value or last.range:raw()
        end
    end
end
local udp, stock = DissectorTable.get("udp.port"), {}
local function take(ports)
    for port, one in pairs(ports) do
        stock[port] = stock[port] or udp:get_dissector(port)
        udp:add(port, one)
    end
end
local function give_back(ports)
    for port, one in pairs(ports) do
        udp:remove(port, one)
        if stock[port] then udp:add(port, stock[port]) end
    end
end
local carried, ports = {}, {}
for name, f in pairs(CARRIED) do
    local one = Proto("osgp.udp." .. name:lower(), "OSGP: " .. name)
    function one.dissector(tvb, pinfo, tree) return dissect(f, tvb, pinfo, tree, beneath) end
    udp:add_for_decode_as(one)
    carried[name] = one
end
for port, name in pairs(PORTS) do ports[port] = carried[name] end
osgp.prefs.udp = Pref.bool("Read CN/IP and LON/UDP", true, "Instead of Wireshark's own dissectors of these UDP ports")
local taken = true
take(ports)
function osgp.prefs_changed()
    if osgp.prefs.udp ~= taken then
        taken = osgp.prefs.udp
        if taken then take(ports) else give_back(ports) end
    end
end
