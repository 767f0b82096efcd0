-- Named procedures, as in procedures.py. Each gets where the layer begins and ends, and the place in it.
local CRC = {}
for b = 0, 255 do
    local v = b * 256
    for _ = 1, 8 do
        if v >= 32768 then v = bit.bxor((v * 2) % 65536, 0x1021) else v = v * 2 end
    end
    CRC[b] = v
end
local function crc16(from, to)
    local v = 0xffff
    for i = from + 1, to do
        local high = (v - v % 256) / 256
        v = bit.bxor((v % 256) * 256, CRC[bit.bxor(high, byte(S, i))])
    end
    return 65535 - v
end
local CRC_X25 = {}
for b = 0, 255 do
    local v = b
    for _ = 1, 8 do
        if v % 2 == 1 then v = bit.bxor((v - 1) / 2, 0x8408) else v = v / 2 end
    end
    CRC_X25[b] = v
end
local function crc_x25(from, to)
    local v = 0xffff
    for i = from + 1, to do
        v = bit.bxor((v - v % 256) / 256, CRC_X25[bit.bxor(v % 256, byte(S, i))])
    end
    return 65535 - v
end
local function crc_matches(at, stop)
    return stop - at >= 3 and crc16(at, stop - 2) == byte(S, stop - 1) * 256 + byte(S, stop)
end
function D.crc_present(at, stop, q, kept)
    if KEEPS_CRC == false then return false end
    local keeps = KEEPS_CRC
    if kept ~= nil then keeps = kept ~= 0 end
    return crc_matches(at, stop) or (keeps == true and stop - at >= 8)
end
function D.crc_status(at, stop, q, kept)
    if stop <= at then return nil end
    if not D.crc_present(at, stop, q, kept) then return 2 end
    return crc_matches(at, stop) and 1 or 0
end
function D.byte(at, stop, q, value, index)
    if value == nil then return nil end
    return byte(value, index + 1)
end
function D.slice(at, stop, q, value, from, to)
    if value == nil or to == nil or to > #value then return nil end
    return sub(value, from + 1, to)
end
function D.join(at, stop, q, first, second)
    if first == nil or second == nil then return nil end
    return first .. second
end
function D.joined() return nil end
function D.opened_next() return nil end
function D.opened() return nil end
function D.opened_head() return nil end
function D.opened_tail() return nil end
function D.eui64_unique_id(at, stop, q, address)
    if address == nil or #address ~= 16 then return nil end
    local first = byte(address, 9)
    return string.char(first * 4 % 256 + (first - first % 64) / 64) .. sub(address, 10, 11) .. sub(address, 14, 16)
end
function D.crc_x25(at, stop, q, size)
    if size == nil or size > stop - at then return nil end
    return crc_x25(at, at + size)
end
function D.negated_sum(at, stop, q, value)
    if value == nil then return nil end
    local sum = 0
    for i = 1, #value do sum = sum + byte(value, i) end
    return -sum % 256
end
function D.signals(at, stop, q, size)
    if size == nil then return nil end
    local n = 0
    while n < size do
        local b = byte(S, q + n + 1)
        if b ~= 0x06 and b ~= 0x15 and b ~= 0x55 and b ~= 0x00 then break end
        n = n + 1
    end
    return n
end
function D.packet_start(at, stop, q, size)
    if size == nil then return nil end
    local first
    for n = 0, size - 1 do
        if byte(S, q + n + 1) == 0xee then
            first = first or n
            if n + 6 <= size then
                local to = n + 6 + byte(S, q + n + 5) * 256 + byte(S, q + n + 6)
                if to + 2 <= size and crc_x25(q + n, q + to) == byte(S, q + to + 1) + byte(S, q + to + 2) * 256 then
                    return n
                end
            end
        end
    end
    return first or size
end
