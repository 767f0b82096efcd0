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

-- Read a frame, or what another dissector gives. `f`: the layer that it begins with.
local function dissect(f, tvb, pinfo, root)
    S, B, ROOT, PINFO, I = tvb:raw(), tvb, root, pinfo, nil
    SOURCE, DESTINATION, PROTOCOL, INFO, FAULT, FAULT_AT = nil, nil, nil, {}, nil, nil
    for name in pairs(O) do O[name] = nil end
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
