// SPDX-License-Identifier: MIT
//
// What the README shows of S3, compiled and built up, word for word (tests/readme). Nothing is
// sent: tests/integration has a server for that.
#include <hydrant/core/system_process.hpp>
#include <hydrant/hydrant.hpp>
#include <hydrant/net/aws_default_credentials.hpp>
#include <hydrant/net/curl_transport.hpp>
#include <hydrant/object/s3_store.hpp>
#include <hydrant/object/zstd.hpp>

#include <memory>

#include "test.hpp"

TEST_CASE("the README's sink into S3 has options without a fault", "[usage]") {
  auto transport = std::make_shared<hydrant::CurlTransport>();
  auto credentials =
      hydrant::default_aws_credentials(  // environment, profiles, container, instance...
          {hydrant::make_world(hydrant::SystemEnv{}), transport,
           hydrant::system_process_environment()});
  hydrant::ObjectSink sink{
      hydrant::S3Store{{.bucket = "my-lake", .region = "eu-central-1", .credentials = credentials}},
      hydrant::Lines{}, hydrant::Zstd{},
      hydrant::Key{{.prefix = "clicks/day=!{timestamp:yyyy-MM-dd}/",
                    .error_output_prefix = "errors/!{firehose:error-output-type}/",
                    .time_zone = "Asia/Tokyo"}}};

  hydrant::OptionErrors errors;
  sink.validate(errors);
  sink.validate_use({.is_journalled = true}, errors);
  REQUIRE(errors.empty());
}
