// SPDX-License-Identifier: MIT
//
// What the store learns from a server's refusals, and does at once.
#include <hydrant/object/s3_store.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "s3/memory_s3.hpp"
#include "s3/s3_rig.hpp"
#include "test.hpp"

using hydrant::DeliveryResult;
using hydrant::HttpResponse;
using hydrant::S3Store;
using hydrant::tests::contains;
using hydrant::tests::MemoryS3;
using hydrant::tests::s3_answer;
using hydrant::tests::s3_error;
using hydrant::tests::S3Rig;
using hydrant::tests::SeenRequest;
using hydrant::tests::to_first;
using Verdict = DeliveryResult::Verdict;

namespace {

std::string authorization_of(const SeenRequest& request) {
  return request.header("Authorization");
}

}  // namespace

TEST_CASE("a server that knows no conditions is asked without, once and for all", "[s3]") {
  S3Rig rig;
  rig.server->knows_conditions = false;
  S3Store store(rig.options);

  REQUIRE(rig.put(store, "text").is_delivered());
  REQUIRE(rig.put(store, "text").is_delivered());

  REQUIRE(rig.server->operations() == std::vector<std::string>{"PUT", "PUT", "PUT"});
  REQUIRE(rig.server->seen[0].header("If-None-Match") == "*");
  REQUIRE(rig.server->seen[1].header("If-None-Match").empty());
  REQUIRE(rig.server->seen[2].header("If-None-Match").empty());
}

TEST_CASE("a server that does not know something else is asked with the condition again", "[s3]") {
  S3Rig rig;
  S3Store store(rig.options);
  rig.server->before = [](const SeenRequest&) { return s3_error(501, "NotImplemented"); };
  const DeliveryResult unknown = rig.put(store, "text");
  REQUIRE(unknown.verdict() == Verdict::retry);
  REQUIRE(unknown.code() == "S3.NotImplemented");
  REQUIRE(rig.server->seen.size() == 2);
  rig.server->before = [](const SeenRequest&) { return MemoryS3::Answer(); };

  REQUIRE(rig.put(store, "text").is_delivered());

  REQUIRE(rig.server->seen.back().header("If-None-Match") == "*");
}

TEST_CASE("the bucket's region is learned from whoever says so, and kept", "[s3]") {
  const std::vector<HttpResponse> ways{
      s3_error(301, "PermanentRedirect", {{"x-amz-bucket-region", "eu-central-1"}}),
      s3_error(307, "TemporaryRedirect", {{"x-amz-bucket-region", "eu-central-1"}}),
      s3_answer(400,
                "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region>"
                "</Error>")};
  for (const HttpResponse& way : ways) {
    S3Rig rig;
    rig.options.endpoint.clear();
    rig.server->before = to_first(way);
    S3Store store(rig.options);

    REQUIRE(rig.put(store, "text").is_delivered());
    REQUIRE(rig.put(store, "text", "b").is_delivered());

    REQUIRE(rig.server->seen.size() == 3);
    REQUIRE(rig.server->seen[0].url.starts_with("https://lake.s3.us-east-1.amazonaws.com/"));
    REQUIRE(rig.server->seen[1].url.starts_with("https://lake.s3.eu-central-1.amazonaws.com/"));
    REQUIRE(contains(authorization_of(rig.server->seen[1]), "/eu-central-1/s3/"));
    REQUIRE(rig.server->seen[2].url.starts_with("https://lake.s3.eu-central-1.amazonaws.com/"));
  }
}

TEST_CASE("a region that is none, or that leads in circles, is not followed", "[s3]") {
  for (const std::string region : {"", "us-east-1", "evil.example/", "EU", "a b"}) {
    S3Rig rig;
    rig.options.endpoint.clear();
    rig.server->before = [&](const SeenRequest&) {
      return s3_error(301, "PermanentRedirect", {{"x-amz-bucket-region", region}});
    };

    const DeliveryResult result = rig.put("text");

    REQUIRE(result.verdict() == Verdict::retry);
    REQUIRE(result.code() == "S3.PermanentRedirect");
    REQUIRE(rig.server->seen.size() == 1);
  }
  S3Rig rig;
  int asked = 0;
  rig.server->before = [&](const SeenRequest&) {
    return s3_error(301, "PermanentRedirect",
                    {{"x-amz-bucket-region", ++asked % 2 == 0 ? "us-east-1" : "eu-central-1"}});
  };
  S3Store store(rig.options);
  for (int i = 0; i < 30; ++i) {
    REQUIRE(rig.put(store, "text").verdict() == Verdict::retry);
  }
  REQUIRE(asked <= 30 + 16);
}

TEST_CASE("a clock that is wrong is corrected by the server's, at once", "[s3]") {
  S3Rig rig;
  rig.server->before =
      to_first(s3_error(403, "RequestTimeTooSkewed", {{"Date", "Mon, 27 Aug 2018 10:30:05 GMT"}}));
  S3Store store(rig.options);

  REQUIRE(rig.put(store, "text").is_delivered());
  rig.env.advance(std::chrono::seconds(2));
  REQUIRE(rig.put(store, "text", "b").is_delivered());

  REQUIRE(rig.server->seen[1].header("x-amz-date") == "20180827T103005Z");
  REQUIRE(rig.server->seen[2].header("x-amz-date") == "20180827T103007Z");
  rig.server->before = [](const SeenRequest&) {
    return s3_error(403, "RequestTimeTooSkewed", {{"Date", "Mon, 27 Aug 2018 10:30:05 GMT"}});
  };
  const DeliveryResult always = rig.put(store, "text", "c");
  REQUIRE(always.verdict() == Verdict::retry);
  REQUIRE(contains(always.reason(), "(set this machine's clock)"));
  REQUIRE(rig.server->seen.size() == 5);
}

TEST_CASE("credentials that have run out are renewed, at once, and once", "[s3]") {
  for (const char* code : {"ExpiredToken", "InvalidToken", "InvalidAccessKeyId"}) {
    S3Rig rig;
    rig.server->before = to_first(s3_error(400, code));

    REQUIRE(rig.put("text").is_delivered());

    REQUIRE(rig.credentials->invalidated == 1);
    REQUIRE(contains(authorization_of(rig.server->seen[1]), "Credential=the-second-id/"));
    REQUIRE(rig.server->seen[1].header("x-amz-security-token") == "the-second-token");
  }
  S3Rig rig;
  rig.server->before = [](const SeenRequest&) { return s3_error(400, "ExpiredToken"); };
  const DeliveryResult result = rig.put("text");
  REQUIRE(result.verdict() == Verdict::retry);
  REQUIRE(result.code() == "S3.ExpiredToken");
  REQUIRE(rig.server->seen.size() == 2);
}

TEST_CASE("without credentials nothing is asked", "[s3]") {
  S3Rig rig;
  rig.credentials->failure = "GET http://169.254.169.254: no answer";

  const DeliveryResult result = rig.put("text");

  REQUIRE(result.verdict() == Verdict::retry);
  REQUIRE(result.code() == "S3.NoCredentials");
  REQUIRE(result.reason() ==
          "put s3://lake/logs/a.zst: no credentials: GET http://169.254.169.254: no answer");
  REQUIRE(rig.server->seen.empty());
}

TEST_CASE("a long body waits for a permission until the server has taken one", "[s3]") {
  S3Rig rig;
  rig.options.multipart_threshold = {1 << 20};
  rig.options.part_size = {1 << 20};
  const std::string body(256 << 10, 'x');
  S3Store store(rig.options);
  rig.server->before = to_first(s3_error(403, "AccessDenied"));

  REQUIRE(rig.put(store, body, "a").verdict() == Verdict::retry);
  REQUIRE(rig.put(store, body, "b").is_delivered());
  REQUIRE(rig.put(store, body, "c").is_delivered());
  S3Store other(rig.options);
  REQUIRE(rig.put(other, body.substr(1), "d").is_delivered());

  REQUIRE(rig.server->seen[0].header("Expect") == "100-continue");
  REQUIRE(rig.server->seen[1].header("Expect") == "100-continue");
  REQUIRE(rig.server->seen[2].header("Expect").empty());
  REQUIRE(rig.server->seen[3].header("Expect").empty());
  REQUIRE_FALSE(contains(authorization_of(rig.server->seen[0]), "expect"));
}
