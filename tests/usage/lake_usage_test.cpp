// SPDX-License-Identifier: MIT
//
// What the README shows of Parquet and of keys from JSON fields, compiled and run, word for word
// (tests/readme). What readers make of it is tested in tests/integration.
#include <hydrant/hydrant.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/parquet.hpp>
#include <hydrant/transform/json_partition_keys.hpp>

#include <filesystem>
#include <string>

#include "scratch_directory.hpp"
#include "test.hpp"

using namespace hydrant::literals;

TEST_CASE("usage: JSON records into Parquet files, by a field of theirs", "[usage]") {
  const hydrant::tests::ScratchDirectory scratch;
  const std::string directory = scratch.path;
  hydrant::DeliveryStream stream{
      hydrant::StreamOptions{.name = "orders"}, hydrant::identity,
      hydrant::ObjectSink{
          hydrant::DirectoryStore{directory},
          hydrant::Parquet{.schema = {{"id", "bigint"},
                                      {"customer", "struct<id:string,country:string>"},
                                      {"total", "decimal(10,2)"},
                                      {"at", "timestamp"}},
                           .compression = hydrant::ParquetCompression::zstd},
          hydrant::in_format,
          hydrant::Key{{.prefix = "orders/country=!{partitionKeyFromQuery:country}/",
                        .error_output_prefix = "errors/!{firehose:error-output-type}/"}}},
      hydrant::partition_by(hydrant::json_partition_keys({{"country", "/customer/country"}}))};

  REQUIRE(stream.put(R"({"id":1,"customer":{"id":"a","country":"de"},"total":"9.90"})"));
  REQUIRE(stream.put(R"({"id":2,"customer":{"id":"b","country":"jp"},"at":1800000000})"));
  REQUIRE(stream.put(R"({"id":3,"customer":{"id":"c"}})"));  // belongs nowhere

  const hydrant::DeliveryReport report = stream.close(60s);
  REQUIRE(report.complete);
  REQUIRE(report.ledger.delivered == 2);
  REQUIRE(report.ledger.dead_lettered == 1);
  REQUIRE(std::filesystem::exists(directory + "/orders/country=de"));
  REQUIRE(std::filesystem::exists(directory + "/orders/country=jp"));
}
