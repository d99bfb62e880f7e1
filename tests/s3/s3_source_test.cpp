// SPDX-License-Identifier: MIT
#include <hydrant/object/s3_source.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "s3/memory_s3.hpp"
#include "s3/s3_rig.hpp"
#include "test.hpp"

using hydrant::Attempt;
using hydrant::S3Source;
using hydrant::tests::contains;
using hydrant::tests::MemoryS3;
using hydrant::tests::s3_answer;
using hydrant::tests::s3_error;
using hydrant::tests::S3Rig;
using hydrant::tests::SeenRequest;

namespace {

struct SourceRig : S3Rig {
  Attempt attempt() { return {*world, 1, world->steady_now() + std::chrono::hours(1), stop}; }

  void keep(const std::string& key, const std::string& body) { server->objects[key].body = body; }

  std::vector<std::string> list(const std::string& prefix) {
    Attempt now = attempt();
    auto keys = source.list(prefix, now);
    INFO((keys ? std::string() : keys.failure().message));
    REQUIRE(keys);
    return keys.value();
  }

  std::string why_not_read(const std::string& key, std::size_t bytes_max = 100) {
    Attempt now = attempt();
    return source.read(key, bytes_max, now).failure().message;
  }

  S3Source source{options};
};

}  // namespace

TEST_CASE("a bucket lists what a map of its objects has, whatever the keys and pages",
          "[s3][s3_source]") {
  const std::vector<std::string> parts{"a", "b c", "d+e", "%41", "\xc3\xa9", "&<>'\"", "/", "~"};
  for (unsigned seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 dice(seed);
    const auto draw = [&](std::size_t count) {
      std::string key;
      for (std::size_t i = 0; i < count; ++i) {
        key += parts[dice() % parts.size()];
      }
      return key;
    };
    SourceRig rig;
    rig.server->page_parts = 1 + dice() % 4;
    std::map<std::string, std::string> kept;
    for (std::size_t i = dice() % 12; i > 0; --i) {
      kept[draw(1 + dice() % 4)] = "body";
    }
    for (const auto& [key, body] : kept) {
      rig.keep(key, body);
    }
    const std::string prefix = draw(dice() % 2);
    std::vector<std::string> expected;
    for (const auto& [key, body] : kept) {
      if (key.starts_with(prefix)) {
        expected.push_back(key);
      }
    }

    REQUIRE(rig.list(prefix) == expected);
  }
}

TEST_CASE("an object is read whole", "[s3][s3_source]") {
  SourceRig rig;
  rig.keep("errors/a b", "some text");
  Attempt now = rig.attempt();

  REQUIRE(rig.source.read("errors/a b", 9, now).value() == "some text");
  REQUIRE(rig.source.read("errors/a b", 10, now).value() == "some text");
}

TEST_CASE("an object that is too large is not fetched", "[s3][s3_source]") {
  SourceRig rig;
  rig.keep("a", "some text");
  Attempt now = rig.attempt();

  const auto read = rig.source.read("a", 8, now);

  REQUIRE(read.failure().os_code == EFBIG);
  REQUIRE(read.failure().message == "read s3://lake/a: it has 9 bytes, more than 8");
  REQUIRE(rig.server->operations() == std::vector<std::string>{"HEAD"});
}

TEST_CASE("an object that is not there, or not whole, is told in words", "[s3][s3_source]") {
  SourceRig rig;
  Attempt now = rig.attempt();
  REQUIRE(rig.source.read("gone", 8, now).failure().os_code == ENOENT);

  rig.keep("a", "some text");
  rig.server->before = [](const SeenRequest& request) {
    return request.method == "GET" ? MemoryS3::Answer(s3_answer(200, "some")) : MemoryS3::Answer();
  };
  REQUIRE(rig.why_not_read("a") == "read s3://lake/a: 4 bytes came, of 9");

  rig.server->before = [](const SeenRequest&) { return s3_error(403, "AccessDenied"); };
  REQUIRE(contains(rig.why_not_read("a"), "read s3://lake/a: "));
  REQUIRE(contains(rig.why_not_read("a"), "403"));
}

TEST_CASE("an answer that is no listing is told in words", "[s3][s3_source]") {
  SourceRig rig;
  for (const std::string body :
       {"", "<html></html>", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x"
        "</NextContinuationToken></ListBucketResult>"}) {
    CAPTURE(body);
    rig.server->before = [&](const SeenRequest&) { return s3_answer(200, body); };
    Attempt now = rig.attempt();

    REQUIRE(rig.source.list("errors/", now).failure().message ==
            "list s3://lake/errors/: the answer is no list of objects");
  }
}

TEST_CASE("an object that is moved is under its new key, and under no other", "[s3][s3_source]") {
  SourceRig rig;
  rig.keep("errors/a+b c", "some text");
  Attempt now = rig.attempt();

  REQUIRE(rig.source.move("errors/a+b c", "redriven/a+b c", now));
  REQUIRE(rig.list("") == std::vector<std::string>{"redriven/a+b c"});
  REQUIRE(rig.server->objects["redriven/a+b c"].body == "some text");

  REQUIRE(rig.source.move("errors/a+b c", "redriven/a+b c", now));  // as done before
  REQUIRE_FALSE(rig.source.move("errors/z", "redriven/z", now));
  REQUIRE(rig.list("") == std::vector<std::string>{"redriven/a+b c"});
}

TEST_CASE("an object whose copy failed stays where it is", "[s3][s3_source]") {
  SourceRig rig;
  rig.keep("a", "some text");
  // S3 says some errors after it has said 200.
  rig.server->before = [](const SeenRequest& request) {
    return request.method == "PUT"
               ? MemoryS3::Answer(s3_answer(200, "<Error><Code>InternalError</Code></Error>"))
               : MemoryS3::Answer();
  };
  Attempt now = rig.attempt();

  REQUIRE_FALSE(rig.source.move("a", "b", now));
  REQUIRE(rig.list("") == std::vector<std::string>{"a"});
}
