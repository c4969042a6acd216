-- SPDX-License-Identifier: MIT
-- For wrk: 16 requests at once on each connection.
init = function()
    requests = string.rep(wrk.format(), 16)
end

request = function()
    return requests
end
