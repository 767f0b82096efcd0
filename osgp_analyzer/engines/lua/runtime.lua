-- What every generated layer uses. `S`: the bytes being read, as a string. `B`: the same as a Tvb. Places count
-- bytes from 0. `O`: fields of the enclosing layers. `R`: of the request of this frame. `C`: of other tables of the
-- meter. `I`: number of the innermost element of an array.
local byte, sub, floor, format, concat = string.byte, string.sub, math.floor, string.format, table.concat
local band, bor = bit.band, bit.bor
local S, B, I, ROOT, PINFO = "", nil, nil, nil, nil
local O, R, C, L, P, X, V, M, W, D = {}, {}, {}, {}, {}, {}, {}, {}, {}, {}
local SOURCE, DESTINATION, PROTOCOL, INFO, FAULT, FAULT_AT
-- Values of the elements before in an array, with the number of the first that has them.
local SEEN = {}
-- What the structure that was read last is summed up as.
local TOLD = ""
local MAX_DEPTH, PART_REMAINING = 32, @PART_REMAINING@

local function number(v)
    if v == true then return 1 elseif v == false then return 0 end
    return v
end
local function truth(v) return v ~= nil and v ~= false and v ~= 0 and v ~= "" end
local function pick(c, a, b) if c then return a end return b end
local function and_known(a, b)
    if a ~= nil and not truth(a) or b ~= nil and not truth(b) then return false end
    if a == nil or b == nil then return nil end
    return true
end
local function or_known(a, b)
    if truth(a) or truth(b) then return true end
    if a == nil or b == nil then return nil end
    return false
end
local function eq(a, b) if a == nil or b == nil then return nil end return a == b end
local function ne(a, b) if a == nil or b == nil then return nil end return a ~= b end
local function lt(a, b) if a == nil or b == nil then return nil end return a < b end
local function le(a, b) if a == nil or b == nil then return nil end return a <= b end
local function gt(a, b) if a == nil or b == nil then return nil end return a > b end
local function ge(a, b) if a == nil or b == nil then return nil end return a >= b end
local function plus(a, b) if a == nil or b == nil then return nil end return a + b end
local function minus(a, b) if a == nil or b == nil then return nil end return a - b end
local function times(a, b) if a == nil or b == nil then return nil end return a * b end
local function over(a, b) if a == nil or b == nil or b == 0 then return nil end return floor(a / b) end
local function modulo(a, b) if a == nil or b == nil or b == 0 then return nil end return a % b end
local function bits_and(a, b) if a == nil or b == nil then return nil end return band(a, b) % 0x100000000 end
local function bits_or(a, b) if a == nil or b == nil then return nil end return bor(a, b) % 0x100000000 end
local function shift_left(a, b) if a == nil or b == nil then return nil end return floor(a * 2 ^ b) end
local function shift_right(a, b) if a == nil or b == nil then return nil end return floor(a / 2 ^ b) end
local function again(names, ...)
    if I == nil then return false end
    for i = 1, select("#", ...) do names = names .. " " .. tostring((select(i, ...))) end
    SEEN[names] = SEEN[names] or I
    return SEEN[names] < I
end
local function element(name, index) return format("%s[%s]", name, index == nil and "None" or format("%d", index)) end
local function left(q, k, e, part, whole)
    local n = e - q - (k > 0 and 1 or 0)
    if n < 0 then n = 0 end
    if not part or whole or n == 0 then return n end
    return PART_REMAINING
end
local function peek(at, e) if at >= 0 and at < e then return byte(S, at + 1) end return nil end

-- Numbers: `n` bytes from byte `q` on, most or least significant first.
local function big(q, n)
    local v = 0
    for i = 1, n do v = v * 256 + byte(S, q + i) end
    return v
end
local function little(q, n)
    local v = 0
    for i = n, 1, -1 do v = v * 256 + byte(S, q + i) end
    return v
end
local function signed(v, n) local top = 2 ^ (8 * n) if v >= top / 2 then return v - top end return v end
-- `w` bits, `k` bits into byte `q`.
local function field_msb(q, k, w)
    local n = floor((k + w + 7) / 8)
    return floor(big(q, n) / 2 ^ (8 * n - k - w)) % 2 ^ w
end
local function field_lsb(q, k, w)
    return floor(little(q, floor((k + w + 7) / 8)) / 2 ^ k) % 2 ^ w
end

-- Text.
local function hex(s)
    return (s:gsub(".", function(c) return format("%02x", byte(c)) end))
end
local function colons(s)
    local t = {}
    for i = 1, #s do t[i] = format("%02x", byte(s, i)) end
    return concat(t, ":")
end
local function printable(s)
    return (s:gsub("[^ -~]", function(c)
        local b = byte(c)
        if c == "\n" then return "\\n" elseif c == "\r" then return "\\r" elseif c == "\t" then return "\\t" end
        if b > 160 and b ~= 173 then return string.char(192 + floor(b / 64), 128 + b % 64) end
        return format("\\x%02x", b)
    end))
end
local function ip(s)
    if #s == 4 then return format("%d.%d.%d.%d", byte(s, 1, 4)) end
    if #s ~= 16 then return hex(s) end
    local groups, best, length = {}, nil, 1
    for i = 1, 8 do groups[i] = byte(s, 2 * i - 1) * 256 + byte(s, 2 * i) end
    local i = 1
    while i <= 8 do
        local j = i
        while j <= 8 and groups[j] == 0 do j = j + 1 end
        if j - i > length then best, length = i, j - i end
        i = j > i and j or i + 1
    end
    local t = {}
    for n = 1, 8 do t[n] = format("%x", groups[n]) end
    if not best then return concat(t, ":") end
    return concat(t, ":", 1, best - 1) .. "::" .. concat(t, ":", best + length, 8)
end
local function count(n) return format(n == 1 and "%d byte" or "%d bytes", n) end
local function named(names, v, shape)
    return format("%s (" .. shape .. ")", names[v] or "unknown", v)
end
local function alone(short, v, shape) return short[v] or format("unknown (" .. shape .. ")", v) end
local function flags(v, names, digits)
    local t = {}
    for b = 0, digits * 4 - 1 do
        if names[b] and floor(v / 2 ^ b) % 2 == 1 then t[#t + 1] = names[b] end
    end
    local text = format("0x%0" .. digits .. "x", v)
    return #t > 0 and text .. " (" .. concat(t, ", ") .. ")" or text
end
local function set(s, names, first)
    local t = {}
    for i = 1, #s do
        for b = 0, 7 do
            if floor(byte(s, i) / 2 ^ (first and 7 - b or b)) % 2 == 1 then
                local n = 8 * (i - 1) + b
                t[#t + 1] = names[n] or format("%d", n)
            end
        end
    end
    return #t > 0 and concat(t, ", ") or "none"
end
local function scaled(v, over_, under)
    local n = v * over_
    if n % under == 0 then return format("%d", floor(n / under)) end
    return format("%g", n / under)
end
local function text_of(s, pad)
    local last = #s
    while last > 0 and sub(s, last, last) == pad do last = last - 1 end
    return printable(sub(s, 1, last))
end
local function seconds_1900(v)
    if v == 0 then return "not set (0)" end
    local days, rest = floor(v / 86400), v % 86400
    -- Civil date of a day since 1900-01-01, by the calendar of 400 years that begins on March 1st of 1600.
    local z = days + 109207
    local era = floor(z / 146097)
    local d = z - era * 146097
    local y = floor((d - floor(d / 1460) + floor(d / 36524) - floor(d / 146096)) / 365)
    local n = d - (365 * y + floor(y / 4) - floor(y / 100))
    local m = floor((5 * n + 2) / 153)
    local day = n - floor((153 * m + 2) / 5) + 1
    local month = m < 10 and m + 3 or m - 9
    local year = 1600 + y + era * 400 + (month <= 2 and 1 or 0)
    return format("%04d-%02d-%02d %02d:%02d:%02d UTC", year, month, day, floor(rest / 3600),
        floor(rest / 60) % 60, rest % 60)
end
local function clock(s, first)
    local t = {}
    for i = first, #s do t[#t + 1] = format("%02d", byte(s, i)) end
    return concat(t, ":")
end
local function unset(s) return s:find("^\0*$") ~= nil or s:find("^\255*$") ~= nil end
local function date(s)
    if unset(s) then return "not set (" .. hex(s) .. ")" end
    return format("%04d-%02d-%02d ", 2000 + byte(s, 1), byte(s, 2), byte(s, 3)) .. clock(s, 4)
end
local DAYS = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
local function bad_clock(s, first)
    for i = first, #s do
        if byte(s, i) > (i == first and 23 or 59) then return true end
    end
    return false
end
local function bad_date(s)
    if unset(s) then return false end
    local y, m, d = 2000 + byte(s, 1), byte(s, 2), byte(s, 3)
    if m < 1 or m > 12 then return true end
    local days = DAYS[m]
    if m == 2 and (y % 4 == 0 and y % 100 ~= 0 or y % 400 == 0) then days = 29 end
    return d < 1 or d > days or bad_clock(s, 4)
end
local function bad_digits(s)
    for i = 1, #s do
        if byte(s, i) % 16 > 9 or byte(s, i) >= 160 then return true end
    end
    return false
end

-- What goes into the tree. `n`: the node of a layer.
local function find(n, expert, at, text, grave)
    n:add_proto_expert_info(expert, text)
    if grave and (FAULT_AT == nil or at < FAULT_AT) then FAULT, FAULT_AT = text, at end
end
local function inform(text) if text ~= "" then INFO[#INFO + 1] = text end end
local function put(n, field, q, size, value)
    if size > 0 then return n:add(field, B(q, size), value) end
    return n:add(field, value)
end
local function raw(n, field, q, size)
    if size > 0 then return n:add(field, B(q, size)) end
    return nil
end
local function made(n, field, value)
    if value == true then value = 1 elseif value == false then value = 0 end
    n:add(field, value):set_generated()
end
local function made_bytes(n, field, value)
    if value == "" then return end
    n:add(field, ByteArray.new(hex(value)):tvb("Computed")()):set_generated()
end
-- A field needs more than is left. Returns true: the layer ends here.
local function short(n, x, part, whole, q, k, e, needed, title)
    local at = k > 0 and q + 1 or q
    local have = e > at and e - at or 0
    if part then
        if at < e or k > 0 then
            if not whole then
                find(n, x.partial_field, at, "the last bytes belong to " .. title .. ", which ends behind the part")
                return true
            end
        else
            if whole then find(n, x.ends_early, at, title .. " and what may follow are not there") end
            return true
        end
    end
    find(n, part and x.truncated_part or x.truncated, at,
        title .. " needs " .. count(needed) .. ", " .. count(have) .. " are left", not part)
    return true
end
local function unknown(n, x, at, title, names, tables)
    find(n, x.unknown_size, at, title .. " and what follows cannot be read without " .. names
        .. (tables and ": the meter's table with it was not seen before" or ""))
    return true
end
local function keep(tree, from, to)
    if to > from then
        tree:add(P.data_data, B(from, to - from))
    end
end
-- The layer that is enclosed, from `q` to `to`.
local function enclose(f, tree, q, to, depth)
    local used = f(q, to, tree, depth, false, false, true)
    if used < to then tree:add(P.padding_padding, B(used, to - used)) end
end
local NAMES = {}
local function short_of(n, x, part, at, text)
    find(n, part and x.truncated_part or x.truncated, at, text, not part)
    return true
end
local function lacks(n, x, part, whole, q, k, e, needed, title)
    local at = k > 0 and q + 1 or q
    if part and (whole == false or at >= e and k == 0) then return short(n, x, part, whole, q, k, e, needed, title) end
    return short_of(n, x, part, at, title .. ": its next element needs " .. count(needed) .. ", "
        .. count(e > at and e - at or 0) .. " are left")
end
local function too_deep(n, x, at)
    find(n, x.nesting, at, format("more than %d layers inside each other: not read further", MAX_DEPTH))
end
-- Which of some fields of other tables were not seen; nil where all were.
local function unseen(...)
    local t = {}
    for i = 1, select("#", ...) do
        local name = select(i, ...)
        if C[name] == nil then t[#t + 1] = name end
    end
    return #t > 0 and concat(t, ", ") or nil
end
local function label(text) return text and " (" .. text .. ")" or "" end
local function name_of(name, v, short_, shape) return short_ and name or format("%s (" .. shape .. ")", name, v) end
local function said(before, text) if text == "" then return before end return text end
