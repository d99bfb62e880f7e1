// SPDX-License-Identifier: MIT
//
// The rules and examples of the service's guide, and what is Hydrant's own.
#include <hydrant/object/key.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "test.hpp"
#include "zone_file_writer.hpp"

using hydrant::BatchInfo;
using hydrant::Key;
using hydrant::KeyOptions;
using hydrant::KeySystem;
using hydrant::OptionErrors;
using hydrant::PartitionKey;
using hydrant::StreamUse;
using hydrant::WallTime;

namespace {

/// 2018-08-27 10:30 in UTC, as in the guide.
BatchInfo batch(std::string_view error_output_type = {}) {
  BatchInfo info;
  info.stream = "clicks";
  info.version = 3;
  info.request_id = "01234567-89ab-4cde-8f01-23456789abcd";
  info.error_output_type = error_output_type;
  info.first_arrival = WallTime(std::chrono::seconds(1'535'365'800));
  return info;
}

KeySystem system_of_test() {
  return {
      .read_zone_file = [](std::string_view name) -> hydrant::Result<std::string> {
        if (name != "Asia/Tokyo") {
          return hydrant::Failure{"open " + std::string(name) + ": No such file or directory", 2};
        }
        return hydrant::tests::zone_file({{}, {{32'400, 0}}, std::string("JST\0", 4)}, "JST-9");
      },
      .host_name = [] { return std::string("web/1"); },
      .process_id = [] { return std::uint64_t{4711}; },
  };
}

Key key_of(KeyOptions options) {
  return Key(std::move(options), system_of_test());
}

/// The part before the fixed suffix.
std::string prefix(const KeyOptions& options, const BatchInfo& info = batch()) {
  const std::string whole = key_of(options).evaluate(info, "", "");
  return whole.substr(0, whole.find("clicks-3-"));
}

/// "field: rule: value" of each fault.
std::vector<std::string> faults(const OptionErrors& errors) {
  std::vector<std::string> all;
  for (const hydrant::OptionFault& fault : errors.faults()) {
    all.push_back(fault.field + ": " + fault.rule + ": " + fault.value);
  }
  return all;
}

std::vector<std::string> faults(const KeyOptions& options) {
  OptionErrors errors;
  key_of(options).validate(errors);
  return faults(errors);
}

std::vector<std::string> faults(const KeyOptions& options, const StreamUse& use) {
  OptionErrors errors;
  key_of(options).validate_use(use, errors);
  return faults(errors);
}

using Faults = std::vector<std::string>;

constexpr std::string_view failed = "processing-failed";
const std::string errors_prefix = "errors/!{firehose:error-output-type}/";

}  // namespace

TEST_CASE("key options evaluate each example of the service's guide", "[object][key]") {
  KeyOptions options{.error_output_prefix = "myFirehoseFailures/!{firehose:error-output-type}/"};
  REQUIRE(prefix(options) == "2018/08/27/10/");
  REQUIRE(prefix(options, batch(failed)) == "myFirehoseFailures/processing-failed/");
  REQUIRE(faults(options).empty());

  options = {.prefix = "!{timestamp:yyyy/MM/dd}"};
  REQUIRE(faults(options) ==
          Faults{"key.error_output_prefix: breaks a rule: ErrorOutputPrefix can't be null when "
                 "Prefix contains expressions (set it, such as to "
                 "errors/!{firehose:error-output-type}/): \"\""});

  options = {
      .prefix =
          "myFirehose/DeliveredYear=!{timestamp:yyyy}/anyMonth/rand=!{firehose:random-string}",
      .error_output_prefix =
          "myFirehoseFailures/!{firehose:error-output-type}/"
          "!{timestamp:yyyy}/anyMonth/!{timestamp:dd}"};
  const std::string random = prefix(options);
  const std::string before = "myFirehose/DeliveredYear=2018/anyMonth/rand=";
  REQUIRE(random.starts_with(before));
  REQUIRE(random.size() == before.size() + 11);
  // The guide prints 10 for dd, which is the hour.
  REQUIRE(prefix(options, batch(failed)) ==
          "myFirehoseFailures/processing-failed/2018/anyMonth/27");
  REQUIRE(faults(options).empty());

  options = {.prefix =
                 "myPrefix/year=!{timestamp:yyyy}/month=!{timestamp:MM}/"
                 "day=!{timestamp:dd}/hour=!{timestamp:HH}/",
             .error_output_prefix =
                 "myErrorPrefix/year=!{timestamp:yyyy}/month=!{timestamp:MM}/"
                 "day=!{timestamp:dd}/hour=!{timestamp:HH}/!{firehose:error-output-type}"};
  REQUIRE(prefix(options) == "myPrefix/year=2018/month=08/day=27/hour=10/");
  REQUIRE(prefix(options, batch(failed)) ==
          "myErrorPrefix/year=2018/month=08/day=27/hour=10/processing-failed");
  REQUIRE(faults(options).empty());

  // The guide prints myFirehosePrefix/2018/08/27/, with a slash and without an hour; the service
  // appends the hour as it is.
  options = {.prefix = "myFirehosePrefix/"};
  REQUIRE(prefix(options) == "myFirehosePrefix/2018/08/27/10/");
  REQUIRE(prefix(options, batch(failed)) == "myFirehosePrefix/processing-failed/2018/08/27/10/");
  REQUIRE(faults(options).empty());
}

TEST_CASE("key options append the hour only to prefixes without any expression", "[object][key]") {
  REQUIRE(prefix({.prefix = "legacy"}) == "legacy2018/08/27/10/");
  REQUIRE(prefix({.prefix = "rand/!{firehose:random-string}/"}).size() == 17);
  REQUIRE(prefix({.error_output_prefix = "failures/"}, batch(failed)) ==
          "failures/processing-failed/2018/08/27/10/");
  REQUIRE(prefix({.prefix = "!{timestamp:yyyy}/"}, batch(failed)) ==
          "processing-failed/2018/08/27/10/");
}

TEST_CASE("key options evaluate the example of dynamic partitioning", "[object][key]") {
  const std::array<PartitionKey, 2> keys{{{"customer_id", "1234567890"}, {"device", "mobile"}}};
  BatchInfo info = batch();
  info.partition_keys = keys;
  const KeyOptions options{.prefix =
                               "customer_id=!{partitionKeyFromQuery:customer_id}/"
                               "device=!{partitionKeyFromLambda:device}/year=!{timestamp:yyyy}/"
                               "month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/",
                           .error_output_prefix = errors_prefix};

  REQUIRE(prefix(options, info) ==
          "customer_id=1234567890/device=mobile/year=2018/month=08/day=27/hour=10/");
  REQUIRE(faults(options).empty());
}

TEST_CASE("key options give a partition key that a batch lacks the name of absent values",
          "[object][key]") {
  const KeyOptions options{.prefix = "c=!{partitionKeyFromQuery:c}/",
                           .error_output_prefix = errors_prefix};
  REQUIRE(prefix(options) == "c=__HIVE_DEFAULT_PARTITION__/");
}

TEST_CASE("key options keep error-output-type and partition keys in their own prefix",
          "[object][key]") {
  REQUIRE(
      faults({.prefix = "!{firehose:error-output-type}/", .error_output_prefix = errors_prefix}) ==
      Faults{"key.prefix: must not contain !{firehose:error-output-type}, which belongs into "
             "error_output_prefix: \"!{firehose:error-output-type}/\""});
  REQUIRE(faults({.error_output_prefix = "errors/!{timestamp:yyyy}/"}) ==
          Faults{"key.error_output_prefix: must contain !{firehose:error-output-type} when it "
                 "contains expressions: \"errors/!{timestamp:yyyy}/\""});
  for (const std::string name : {"partitionKeyFromQuery", "partitionKeyFromLambda"}) {
    std::string error = errors_prefix;
    error.append("!{").append(name).append(":c}/");
    REQUIRE(faults({.error_output_prefix = error}) ==
            Faults{"key.error_output_prefix: must not contain !{partitionKeyFromQuery:...} or "
                   "!{partitionKeyFromLambda:...}: \"" +
                   error + "\""});
  }
}

TEST_CASE("key options name the faults of both prefixes", "[object][key]") {
  REQUIRE(
      faults({.prefix = "!{timestamp:bb}/", .error_output_prefix = errors_prefix + "!{moon:full}/"})
          .size() == 2);
  REQUIRE(faults({.prefix = "a\nb"}) ==
          Faults{"key.prefix: must be UTF-8 without control characters: \"a\\nb\""});
}

TEST_CASE("key options take prefixes of 512 bytes once evaluated, and 1024 characters",
          "[object][key]") {
  const auto count = [](const KeyOptions& options) { return faults(options).size(); };
  REQUIRE(count({.prefix = std::string(497, 'a')}) == 0);
  REQUIRE(count({.prefix = std::string(498, 'a')}) == 0);  // and yyyy/MM/dd/HH/
  // An error prefix of its own leaves only the prefix too long.
  REQUIRE(count({.prefix = std::string(499, 'a'), .error_output_prefix = errors_prefix}) == 1);
  const std::string month = "!{timestamp:MMMM}";  // September is the longest
  REQUIRE(count({.prefix = month + std::string(503, 'a'), .error_output_prefix = errors_prefix}) ==
          0);
  REQUIRE(faults({.prefix = month + std::string(504, 'a'), .error_output_prefix = errors_prefix}) ==
          Faults{"key.prefix: must be at most 512 bytes long after it is evaluated: 513 bytes"});
  const auto named = [](std::size_t size) {
    const std::string name = "!{partitionKeyFromQuery:";
    return name + std::string(size - name.size() - 1, 'n') + "}";
  };
  REQUIRE(count({.prefix = named(1023), .error_output_prefix = errors_prefix}) == 0);
  REQUIRE(count({.prefix = named(1024), .error_output_prefix = errors_prefix}) == 0);
  REQUIRE(faults({.prefix = named(1025), .error_output_prefix = errors_prefix}) ==
          Faults{"key.prefix: must be at most 1024 characters long: 1025 characters"});
  // AmazonOpenSearchService-failed is the longest type.
  REQUIRE(count({.error_output_prefix = errors_prefix + std::string(473, 'a')}) == 0);
  REQUIRE(count({.error_output_prefix = errors_prefix + std::string(474, 'a')}) == 0);
  REQUIRE(count({.error_output_prefix = errors_prefix + std::string(475, 'a')}) == 1);
}

TEST_CASE("key options move prefix and suffix into the time zone", "[object][key]") {
  BatchInfo info = batch();
  info.first_arrival += std::chrono::hours(6);
  const Key key = key_of({.prefix = "!{timestamp:yyyy-MM-dd'T'HHxxx VV z}/",
                          .error_output_prefix = errors_prefix,
                          .time_zone = "Asia/Tokyo"});
  REQUIRE(key.evaluate(info, "", "") ==
          "2018-08-28T01+09:00 Asia/Tokyo JST/clicks-3-2018-08-28-01-30-00-" +
              std::string(info.request_id));
  REQUIRE(key_of({.time_zone = "-03:30"}).evaluate(info, "", "").starts_with("2018/08/27/13/"));
}

TEST_CASE("key options name a time zone that cannot be had", "[object][key]") {
  REQUIRE(faults({.time_zone = "Mars/Phobos"}) ==
          Faults{"key.time_zone: must be a time zone that can be read, but it open Mars/Phobos: No "
                 "such file or directory (is the package tzdata installed?): \"Mars/Phobos\""});
  REQUIRE(faults({.time_zone = "../passwd"}).size() == 1);
  REQUIRE(faults({.time_zone = "Asia/Tokyo"}).empty());
}

TEST_CASE("key options take the service's file extensions", "[object][key]") {
  for (const std::string& taken :
       {std::string(), std::string(".json"), std::string(".0az9!-_.*'()"), std::string(".."),
        "." + std::string(126, 'a'), "." + std::string(127, 'a')}) {
    CAPTURE(taken);
    REQUIRE(faults({.file_extension = taken}).empty());
  }
  for (const std::string& refused :
       {std::string("json"), std::string("."), std::string(".JSON"), std::string(".a/b"),
        std::string(".a b"), std::string(".\xc3\xa4"), "." + std::string(128, 'a')}) {
    CAPTURE(refused);
    REQUIRE(faults({.file_extension = refused}) ==
            Faults{"key.file_extension: must be a '.' and 1 to 127 of the characters 0-9 a-z ! - _ "
                   ". * ' ( ): \"" +
                   refused + "\""});
  }
}

TEST_CASE("key options name what the suffix has, the host and the process", "[object][key]") {
  const KeyOptions options{
      .prefix =
          "!{hydrant:host}/!{hydrant:pid}/!{hydrant:stream}/v!{hydrant:version}/"
          "!{hydrant:batch-id}/",
      .error_output_prefix = errors_prefix + "!{hydrant:host}/!{hydrant:pid}/"};
  const std::string whole = key_of(options).evaluate(batch(), "", "");

  REQUIRE(whole.starts_with("web%2F1/4711/clicks/v3/01234567-89ab-4cde-8f01-23456789abcd/"));
  REQUIRE(prefix(options, batch(failed)) == "errors/processing-failed/web%2F1/4711/");
  REQUIRE(faults(options).empty());
}

TEST_CASE("key options never leave a folder by the name of a stream or of an error",
          "[object][key]") {
  BatchInfo info = batch("../x");
  info.stream = "..";
  const Key key = key_of({.prefix = "!{hydrant:stream}/", .error_output_prefix = errors_prefix});
  REQUIRE(key.evaluate(info, "", "").starts_with("errors/%2E.%2Fx/"));
  info.error_output_type = {};
  REQUIRE(key.evaluate(info, "", "").starts_with("%2E./"));
}

TEST_CASE("key options ask for partition keys where, and only where, there are partitions",
          "[object][key]") {
  const std::array<std::string_view, 2> known{"c", "d"};
  const StreamUse partitioned{.is_partitioned = true, .partition_keys = {}};
  const StreamUse by_query{.is_partitioned = true, .partition_keys = known};
  const std::string c = "!{partitionKeyFromQuery:c}/";
  const std::string d = "!{partitionKeyFromLambda:d}/";

  REQUIRE(faults({.prefix = "a/"}, {}).empty());
  REQUIRE(faults({.prefix = c}, {}) ==
          Faults{"key.prefix: breaks a rule: Dynamic Partitioning Namespaces can only be part of a "
                 "prefix expression when Dynamic Partitioning is enabled: \"" +
                 c + "\""});
  REQUIRE(faults({.prefix = d}, {}).size() == 1);
  REQUIRE(faults({.prefix = "a/"}, partitioned) ==
          Faults{"key.prefix: must contain !{partitionKeyFromQuery:...} or "
                 "!{partitionKeyFromLambda:...} when Dynamic Partitioning is enabled: \"a/\""});
  REQUIRE(faults({.prefix = c}, partitioned).empty());
  REQUIRE(faults({.prefix = d}, partitioned).empty());
  REQUIRE(faults({.prefix = c + d}, by_query).empty());
  REQUIRE(faults({.prefix = c}, by_query) ==
          Faults{"key.prefix: must use every partition key of the stream: without \"d\""});
  REQUIRE(faults({.prefix = c + d + "!{partitionKeyFromQuery:e}/"}, by_query) ==
          Faults{"key.prefix: must name only partition keys that the stream's query makes: "
                 "\"!{partitionKeyFromQuery:e}\""});
  REQUIRE(faults({.prefix = c + d + "!{partitionKeyFromLambda:e}/"}, by_query).empty());
}

TEST_CASE("key options refuse the process id in a stream with a journal", "[object][key]") {
  const StreamUse journalled{.is_journalled = true};
  const std::string pid = "!{hydrant:pid}/";
  REQUIRE(faults({.prefix = pid, .error_output_prefix = errors_prefix}, {}).empty());
  REQUIRE(faults({.prefix = pid, .error_output_prefix = errors_prefix}, journalled) ==
          Faults{"key.prefix: must not contain !{hydrant:pid} with a journal: a batch that another "
                 "process takes up would be stored under a second name: \"!{hydrant:pid}/\""});
  REQUIRE(faults({.error_output_prefix = errors_prefix + pid}, journalled).size() == 1);
  REQUIRE(faults({.prefix = "!{hydrant:host}/", .error_output_prefix = errors_prefix}, journalled)
              .empty());
}
