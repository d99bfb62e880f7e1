// SPDX-License-Identifier: MIT
#include <hydrant/metrics/snapshot.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "snapshot_fixture.hpp"
#include "test.hpp"

using hydrant::Metric;
using hydrant::MetricKind;
using hydrant::StreamSnapshot;
using hydrant::tests::full_snapshot;

namespace {

const Metric* find(const std::vector<Metric>& metrics, std::string_view name) {
  const auto found = std::find_if(metrics.begin(), metrics.end(),
                                  [&](const Metric& metric) { return metric.name == name; });
  return found == metrics.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("metrics carry Firehose's names and units", "[metrics][snapshot]") {
  const std::vector<Metric> metrics = to_metrics(full_snapshot());
  constexpr MetricKind counter = MetricKind::counter;
  constexpr MetricKind gauge = MetricKind::gauge;
  using Expected = std::tuple<std::string_view, double, std::string_view, MetricKind>;
  for (const auto& [name, value, unit, kind] :
       std::vector<Expected>{{"IncomingRecords", 1000, "Count", counter},
                             {"IncomingBytes", 123456, "Bytes", counter},
                             {"ThrottledRecords", 12, "Count", counter},
                             {"SucceedProcessing.Records", 675, "Count", counter},
                             {"SucceedProcessing.Bytes", 98765, "Bytes", counter},
                             {"ExecuteProcessing.Success", 0.75, "None", gauge},
                             {"DeliveryToHttpEndpoint.Records", 702, "Count", counter},
                             {"DeliveryToHttpEndpoint.Bytes", 70200, "Bytes", counter},
                             {"DeliveryToHttpEndpoint.Success", 0.7, "None", gauge},
                             {"DeliveryToHttpEndpoint.DataFreshness", 1.5, "Seconds", gauge},
                             {"DeliveryToHttpEndpoint.Latency.P50", 0.25, "Seconds", gauge},
                             {"DeliveryToHttpEndpoint.Latency.P99", 2, "Seconds", gauge},
                             {"BackupToS3.Records", 990, "Count", counter},
                             {"Ledger.DeadLettered", 83, "Count", counter},
                             {"Ledger.InJournal", 40, "Count", gauge},
                             {"Lost.OverflowOldest", 2, "Count", counter},
                             {"Lost.CloseDeadline", 4, "Count", counter},
                             {"Refused.TooLarge", 11, "Count", counter},
                             {"BatchesClosed.Interval", 22, "Count", counter},
                             {"BatchesClosed.Close", 25, "Count", counter},
                             {"Memory.Used", 4096, "Bytes", gauge},
                             {"Memory.Limit", 16777216, "Bytes", gauge}}) {
    CAPTURE(name);
    const Metric* metric = find(metrics, name);
    REQUIRE(metric != nullptr);
    REQUIRE(metric->value == Approx(value));
    REQUIRE(metric->unit == unit);
    REQUIRE(metric->kind == kind);
  }
}

TEST_CASE("metrics have one name each", "[metrics][snapshot]") {
  std::set<std::string> names;
  const std::vector<Metric> metrics = to_metrics(full_snapshot());
  for (const Metric& metric : metrics) {
    names.insert(metric.name);
  }
  REQUIRE(names.size() == metrics.size());
}

TEST_CASE("metrics leave out ratios and latencies of what never happened", "[metrics][snapshot]") {
  const std::vector<Metric> metrics = to_metrics(full_snapshot());
  REQUIRE(find(metrics, "BackupToS3.Success") == nullptr);
  REQUIRE(find(metrics, "BackupToS3.Latency.P50") == nullptr);
  REQUIRE(find(metrics, "BackupToS3.DataFreshness") != nullptr);
  REQUIRE(find(to_metrics(StreamSnapshot{}), "ExecuteProcessing.Success") == nullptr);
}

TEST_CASE("a sink's name becomes Firehose's word for it", "[metrics][snapshot]") {
  REQUIRE(hydrant::detail::metric_name_of_sink("http_endpoint") == "HttpEndpoint");
  REQUIRE(hydrant::detail::metric_name_of_sink("s3") == "S3");
  REQUIRE(hydrant::detail::metric_name_of_sink("splunk_hec") == "Splunk");
  REQUIRE(hydrant::detail::metric_name_of_sink("opensearch") == "AmazonOpenSearchService");
  REQUIRE(hydrant::detail::metric_name_of_sink("my-own sink") == "MyOwnSink");
}

TEST_CASE("a latency snapshot tells what its histogram tells", "[metrics][snapshot]") {
  hydrant::Histogram histogram;
  histogram.record(std::chrono::milliseconds(1), 98);
  histogram.record(std::chrono::seconds(1), 2);

  const hydrant::LatencySnapshot latency = summarize(histogram);

  REQUIRE(latency.count == 100);
  REQUIRE(latency.sum_seconds == Approx(2.098));
  REQUIRE(latency.p50 == histogram.quantile(0.5));
  REQUIRE(latency.p99 == histogram.quantile(0.99));
  REQUIRE(latency.max == std::chrono::seconds(1));
}
