// SPDX-License-Identifier: MIT
//
// The text is read by the Prometheus client itself in tests/integration; here
// it is held against the rules of the format, line by line.
#include <hydrant/metrics/prometheus.hpp>

#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot_fixture.hpp"
#include "test.hpp"

using hydrant::StreamSnapshot;
using hydrant::to_prometheus;
using hydrant::tests::full_snapshot;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("prometheus text carries every number under its labels", "[metrics][prometheus]") {
  const std::vector<StreamSnapshot> snapshots{full_snapshot()};
  const std::string text = to_prometheus(snapshots);
  const std::string lane = R"({stream="access-log",lane="delivery",sink="http_endpoint")";
  for (const std::string& line :
       {std::string(R"(hydrant_records_accepted_total{stream="access-log"} 1000)"),
        std::string(
            R"(hydrant_records_lost_total{stream="access-log",reason="overflow_oldest"} 2)"),
        std::string(R"(hydrant_records_refused_total{stream="access-log",reason="closed"} 13)"),
        std::string(R"(hydrant_records_in_memory{stream="access-log"} 64)"),
        std::string(R"(hydrant_batches_closed_total{stream="access-log",reason="memory"} 26)"),
        std::string(R"(hydrant_memory_limit_bytes{stream="access-log"} 16777216)"),
        "hydrant_lane_attempts_failed_total" + lane + "} 3",
        "hydrant_lane_data_freshness_seconds" + lane + "} 1.5",
        "hydrant_lane_latency_seconds" + lane + R"(,quantile="0.99"} 2)",
        "hydrant_lane_latency_seconds_sum" + lane + "} 351.5",
        "hydrant_lane_latency_seconds_count" + lane + "} 702"}) {
    CAPTURE(line);
    REQUIRE(has_line(text, line));
  }
}

TEST_CASE("prometheus text keeps each family together, under one head", "[metrics][prometheus]") {
  const std::vector<StreamSnapshot> snapshots(3, full_snapshot());
  std::set<std::string> families;
  std::set<std::string> series;
  std::string family;
  for (const std::string& line : lines_of(to_prometheus(snapshots))) {
    CAPTURE(line);
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      REQUIRE(families.insert(family).second);
    } else if (line.starts_with("# TYPE ")) {
      REQUIRE(line.substr(7, line.find(' ', 7) - 7) == family);
      REQUIRE(line.ends_with(" counter") == family.ends_with("_total"));
    } else {
      REQUIRE(line.starts_with(family));
      REQUIRE(series.insert(line.substr(0, line.rfind(' '))).second);
    }
  }
  REQUIRE(families.size() == 24);
}

TEST_CASE("prometheus text tells lanes of the same role and sink apart", "[metrics][prometheus]") {
  StreamSnapshot snapshot = full_snapshot();
  snapshot.lanes.push_back(snapshot.lanes[0]);
  const std::vector<StreamSnapshot> snapshots{snapshot};
  REQUIRE(has_line(to_prometheus(snapshots),
                   R"(hydrant_lane_batches_total{stream="access-log",lane="delivery_2",)"
                   R"(sink="http_endpoint"} 7)"));
}

TEST_CASE("prometheus text escapes what a label may not hold", "[metrics][prometheus]") {
  StreamSnapshot snapshot;
  snapshot.stream = "a\"b\\c\nd\xff";
  const std::vector<StreamSnapshot> snapshots{snapshot};
  REQUIRE(has_line(to_prometheus(snapshots),
                   "hydrant_records_accepted_total{stream=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 0"));
}

TEST_CASE("prometheus text leaves out the quantiles of nothing", "[metrics][prometheus]") {
  StreamSnapshot snapshot;
  snapshot.lanes.push_back({.sink = "null"});
  const std::vector<StreamSnapshot> snapshots{snapshot};
  const std::string text = to_prometheus(snapshots);
  REQUIRE(text.find("quantile") == std::string::npos);
  REQUIRE(text.find("hydrant_lane_latency_seconds_count") != std::string::npos);
}

TEST_CASE("prometheus text of no streams is empty", "[metrics][prometheus]") {
  REQUIRE(to_prometheus({}).empty());
}
