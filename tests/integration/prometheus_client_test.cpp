// SPDX-License-Identifier: MIT
#include <hydrant/metrics/prometheus.hpp>

#include <string>
#include <vector>

#include "../metrics/snapshot_fixture.hpp"
#include "run_program.hpp"
#include "test.hpp"

using hydrant::StreamSnapshot;
using hydrant::tests::run_program;

namespace {

/// The first Python that knows the Prometheus client; empty where there is none.
std::string python_with_client() {
  std::string name = run_program(
                         "for p in $(which -a python3); do "
                         "$p -c 'import prometheus_client' 2>/dev/null && echo $p && break; done")
                         .output;
  return name.substr(0, name.find('\n'));
}

}  // namespace

TEST_CASE("the Prometheus client reads every family, label and value",
          "[integration][prometheus]") {
  const std::string python = python_with_client();
  if (python.empty()) {
    HYDRANT_SKIP("no python3 with prometheus_client (Debian: python3-prometheus-client)");
  }
  StreamSnapshot odd = hydrant::tests::full_snapshot();
  odd.stream = "a\"b\\c\nd\xff{}, =";
  odd.ledger.accepted = 9'007'199'254'740'993;
  const std::vector<StreamSnapshot> snapshots{hydrant::tests::full_snapshot(), odd, odd};
  const std::string script =
      "import sys\n"
      "from prometheus_client.parser import text_string_to_metric_families as parse\n"
      "seen=set()\n"
      "for family in parse(sys.stdin.buffer.read().decode(\"utf-8\")):\n"
      "  assert family.type in (\"counter\",\"gauge\",\"summary\"), family\n"
      "  assert family.documentation and family.name not in seen, family\n"
      "  seen.add(family.name)\n"
      "  for s in family.samples:\n"
      "    key=(s.name,tuple(sorted(s.labels.items())))\n"
      "    assert key not in seen, key\n"
      "    seen.add(key)\n"
      "    print(family.type,s.name,ascii(sorted(s.labels.items())),s.value)\n";

  const auto run = run_program(python + " -c '" + script + "'", hydrant::to_prometheus(snapshots));

  CAPTURE(run.output);
  REQUIRE(run.status == 0);
  for (
      const std::string line :
      {R"(counter hydrant_records_accepted_total [('stream', 'access-log')] 1000.0)",
       R"(counter hydrant_records_lost_total [('reason', 'close_deadline'), ('stream', 'access-log')] 4.0)",
       R"(gauge hydrant_memory_used_bytes [('stream', 'access-log')] 4096.0)",
       R"(gauge hydrant_memory_used_bytes [('stream', 'a"b\\c\nd\ufffd{}, =')] 4096.0)",
       R"(gauge hydrant_memory_used_bytes [('copy', '2'), ('stream', 'a"b\\c\nd\ufffd{}, =')] 4096.0)",
       R"(summary hydrant_lane_latency_seconds [('lane', 'delivery'), ('quantile', '0.99'), ('sink', 'http_endpoint'), ('stream', 'access-log')] 2.0)"}) {
    CAPTURE(line);
    REQUIRE(run.output.find(line + "\n") != std::string::npos);
  }
}
