// SPDX-License-Identifier: MIT
//
// Partitions as folders of objects: the keys of records in the names of
// objects, escaped; and what is refused when such a stream is built.
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/lines.hpp>
#include <hydrant/object/object_sink.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delivery/partition_rig.hpp"
#include "stream_rig.hpp"
#include "test.hpp"

using namespace hydrant::literals;
using namespace hydrant::testing;
using namespace hydrant::tests;
using hydrant::Outcome;
using hydrant::PartitionKeys;
using hydrant::PartitionOptions;
using hydrant::RecordView;

namespace {

/// "2026|1234|text": a year and a customer.
struct ByYearAndCustomer {
  Outcome operator()(const RecordView& record, PartitionKeys& keys) const {
    const std::string_view text = record.text();
    const std::size_t bar = text.find('|');
    keys.set("year", text.substr(0, bar));
    keys.set("customer", text.substr(bar + 1, text.rfind('|') - bar - 1));
    return Outcome::ok();
  }

  std::vector<std::string> partition_keys() const { return {"year", "customer"}; }
};

auto lake(hydrant::KeyOptions key) {
  return hydrant::ObjectSink{hydrant::DirectoryStore{"lake"}, hydrant::Lines{}, hydrant::in_format,
                             hydrant::Key{std::move(key)}};
}

hydrant::KeyOptions by_prefix(std::string prefix) {
  return {.prefix = std::move(prefix),
          .error_output_prefix = "errors/!{firehose:error-output-type}/"};
}

/// What the constructor says of a stream with such a key.
template <class... Extras>
std::string refusal(const hydrant::KeyOptions& key, Extras... extras) {
  try {
    hydrant::DeliveryStream stream{minute_options(), hydrant::identity, lake(key), ManualEnv(),
                                   std::move(extras)...};
  } catch (const hydrant::OptionsError& error) {
    return error.what();
  }
  return {};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("objects of a stream with partitions lie in the folders that their keys name",
          "[delivery][partitions][object]") {
  ManualEnv env;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity,
                                 lake(by_prefix("year=!{partitionKeyFromQuery:year}/"
                                                "customer=!{partitionKeyFromLambda:customer}/")),
                                 env, hydrant::partition_by(ByYearAndCustomer())};
  put_all(stream, {"2026|7|one", "2025|7|two", "2026|a/b|three", "2026|..|four", "2026|7|five",
                   "2026|caf\xc3\xa9 %|six"});

  REQUIRE(stream.flush(60s).complete);

  std::map<std::string, std::string> folders;
  for (const std::string& path : env.memory_files().paths()) {
    folders[path.substr(0, path.rfind('/'))] += env.memory_files().content(path).value_or("?");
  }
  REQUIRE(folders == std::map<std::string, std::string>{
                         {"lake/year=2026/customer=7", "2026|7|one\n2026|7|five\n"},
                         {"lake/year=2025/customer=7", "2025|7|two\n"},
                         {"lake/year=2026/customer=a%2Fb", "2026|a/b|three\n"},
                         {"lake/year=2026/customer=%2E.", "2026|..|four\n"},
                         {"lake/year=2026/customer=caf\xc3\xa9 %25", "2026|caf\xc3\xa9 %|six\n"}});
  REQUIRE(stream.ledger().delivered == 6);
}

TEST_CASE("objects of a partition share its folder, batch by batch",
          "[delivery][partitions][object]") {
  ManualEnv env;
  hydrant::DeliveryStream stream{minute_options(), hydrant::identity,
                                 lake(by_prefix("k=!{partitionKeyFromQuery:k}/")), env,
                                 by_first_field()};
  put_all(stream, {"a:1", "b:1"});
  env.advance(61s);
  put_all(stream, {"a:2"});
  env.advance(61s);

  Texts folders;
  for (const std::string& path : env.memory_files().paths()) {
    folders.push_back(path.substr(0, path.rfind('/')));
  }
  REQUIRE(folders == Texts{"lake/k=a", "lake/k=a", "lake/k=b"});
}

TEST_CASE("error output and source backup of a stream with partitions have keys without them",
          "[delivery][partitions][object]") {
  ManualEnv env;
  const auto plain = [](std::string directory) {
    return hydrant::ObjectSink{hydrant::DirectoryStore{std::move(directory)}, hydrant::Lines{},
                               hydrant::in_format, hydrant::Key{"all/"}};
  };
  hydrant::DeliveryStream stream{minute_options(),
                                 hydrant::identity,
                                 lake(by_prefix("k=!{partitionKeyFromQuery:k}/")),
                                 env,
                                 by_first_field(),
                                 hydrant::error_output(plain("errors")),
                                 hydrant::source_backup(plain("backup"))};
  put_all(stream, {"a:1", "no key", "b:1"});

  REQUIRE(stream.close(60s).complete);

  const Texts paths = env.memory_files().paths();
  REQUIRE(paths.size() == 4);
  REQUIRE(contains(paths[0], "backup/all/2026/01/01/00/"));
  REQUIRE(env.memory_files().content(paths[0]) == "a:1\nno key\nb:1\n");
  REQUIRE(contains(paths[1], "errors/all/processing-failed/2026/01/01/00/"));
  REQUIRE(contains(paths[2], "lake/k=a/"));
  REQUIRE(contains(paths[3], "lake/k=b/"));
}

TEST_CASE("a key that names a partition key that the partitioner does not set is refused",
          "[delivery][partitions][object]") {
  const hydrant::KeyOptions level = by_prefix("level=!{partitionKeyFromQuery:level}/");

  REQUIRE(contains(refusal(level, by_first_field()),
                   "must name only partition keys that the stream's query makes"));
  REQUIRE(contains(refusal(level, by_first_field()), "!{partitionKeyFromQuery:level}"));
  REQUIRE(contains(refusal(by_prefix("year=!{partitionKeyFromQuery:year}/"),
                           hydrant::partition_by(ByYearAndCustomer())),
                   "must use every partition key of the stream, is without \"customer\""));
  REQUIRE(contains(refusal(by_prefix("!{timestamp:yyyy}/"), by_first_field()),
                   "when Dynamic Partitioning is enabled"));
  REQUIRE(contains(refusal(level), "when Dynamic Partitioning is enabled"));
}

TEST_CASE("a key may name what the transform sets, and what a function sets that does not tell",
          "[delivery][partitions][object]") {
  const auto untold = [](const RecordView& record, PartitionKeys& keys) {
    keys.set("level", record.text());
    return Outcome::ok();
  };

  REQUIRE(refusal(by_prefix("level=!{partitionKeyFromQuery:level}/"), hydrant::partition_by(untold))
              .empty());
  REQUIRE(refusal(by_prefix("k=!{partitionKeyFromQuery:k}/of=!{partitionKeyFromLambda:source}/"),
                  by_first_field())
              .empty());
}

TEST_CASE("partition options out of range, and a journal, are refused at construction",
          "[delivery][partitions]") {
  const auto refused = [](hydrant::StreamOptions options, PartitionOptions partitions) {
    try {
      hydrant::DeliveryStream stream{options, hydrant::identity, MemorySink(), ManualEnv(),
                                     by_first_field(partitions)};
    } catch (const hydrant::OptionsError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  REQUIRE(refused(minute_options(), {.active_max = 1}).empty());
  REQUIRE(refused(minute_options(), {.active_max = 1'000'000}).empty());
  REQUIRE(refused(minute_options(), {.active_max = 0}).find("partition_by.active_max") !=
          std::string::npos);
  REQUIRE(refused(minute_options(), {.active_max = 1'000'001})
              .find("must be within [1, 1000000], is 1000001") != std::string::npos);
  hydrant::StreamOptions journalled = minute_options();
  journalled.journal.directory = "journal";
  REQUIRE(refused(journalled, {}).find("partitions are not journalled yet") != std::string::npos);
  hydrant::StreamOptions small = minute_options();
  small.memory_limit = 16_MiB;
  REQUIRE(refused(small, {}).find("with partition_by: 4 x buffering.size") != std::string::npos);
}
