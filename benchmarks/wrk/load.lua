-- One request per path in the file BENCH_PATHS, picked at random: a GET, or a POST of the file BENCH_BODY.
-- Ends with a line that the harness reads.

local requests = {}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function init(args)
  local body, method, headers = nil, "GET", {}
  if os.getenv("BENCH_BODY") then
    body, method, headers = read(os.getenv("BENCH_BODY")), "POST", { ["content-type"] = "application/json" }
  end
  for path in io.lines(os.getenv("BENCH_PATHS")) do
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
  math.randomseed(os.time())
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency, _)
  local failed = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %f, "failed": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration / 1e6,
    failed.connect + failed.read + failed.write + failed.timeout + failed.status,
    latency:percentile(50), latency:percentile(99)
  ))
end
