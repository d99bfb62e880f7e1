// SPDX-License-Identifier: MIT
//
// What becomes of an upload in parts that an attempt does not finish, and that
// whatever fails, and wherever, the object is there once in the end.
#include <hydrant/object/s3_store.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

#include "s3/memory_s3.hpp"
#include "s3/s3_rig.hpp"
#include "test.hpp"

using hydrant::DeliveryResult;
using hydrant::Failure;
using hydrant::S3Checksum;
using hydrant::S3Encryption;
using hydrant::S3Store;
using hydrant::tests::contains;
using hydrant::tests::count_of;
using hydrant::tests::MemoryS3;
using hydrant::tests::numbered_text;
using hydrant::tests::s3_answer;
using hydrant::tests::s3_error;
using hydrant::tests::S3Rig;
using hydrant::tests::SeenRequest;
using hydrant::tests::to_nth;
using Verdict = DeliveryResult::Verdict;

namespace {

MemoryS3::Script nothing() {
  return [](const SeenRequest&) { return MemoryS3::Answer(); };
}

}  // namespace

TEST_CASE("an attempt that fails is gone on with by the next, which sends what is missing",
          "[s3][upload]") {
  for (const bool same_life : {true, false}) {
    CAPTURE(same_life);
    S3Rig rig;
    rig.options.parallel_parts = 1;
    rig.server->page_parts = 2;
    const std::string body = numbered_text(5500);
    rig.server->before =
        to_nth(4, "PUT partNumber", s3_error(503, "SlowDown", {{"Retry-After", "7"}}));
    auto store = std::make_unique<S3Store>(rig.options);
    const DeliveryResult first = rig.put(*store, body);
    REQUIRE(first.verdict() == Verdict::retry);
    REQUIRE(first.after() == std::chrono::seconds(7));
    REQUIRE(first.code() == "S3.SlowDown");
    REQUIRE(first.reason() ==
            "put s3://lake/logs/a.zst: part 4: 503 SlowDown: of the server (spread the keys over "
            "more prefixes, or make larger objects)");
    REQUIRE(rig.server->uploads.size() == 1);
    rig.server->seen.clear();
    if (!same_life) {
      store = std::make_unique<S3Store>(rig.options);
    }

    REQUIRE(rig.put(*store, body).is_delivered());

    REQUIRE(count_of(*rig.server, "GET max-uploads") == (same_life ? 0 : 1));
    REQUIRE(count_of(*rig.server, "POST uploads") == 0);
    REQUIRE(count_of(*rig.server, "GET part-number-marker") == 1);
    REQUIRE(count_of(*rig.server, "PUT partNumber") == 3);
    REQUIRE((rig.server->objects["logs/a.zst"].body == body));
    REQUIRE(rig.server->uploads.empty());
  }
}

TEST_CASE("parts that are not those of this body are sent again", "[s3][upload]") {
  S3Rig rig;
  const std::string body = numbered_text(3500);
  rig.server->uploads["id&0"] = {"logs/a.zst",
                                 {},
                                 {{1, body.substr(0, 1000)},
                                  {2, std::string(1000, '?')},
                                  {3, body.substr(2000, 900)},
                                  {7, "of a longer body"}}};

  REQUIRE(rig.put(body).is_delivered());

  REQUIRE(count_of(*rig.server, "PUT partNumber") == 3);
  REQUIRE((rig.server->objects["logs/a.zst"].body == body));
  REQUIRE(rig.server->uploads.empty());
}

TEST_CASE("of several uploads of a key one is gone on with, and those of other keys are left alone",
          "[s3][upload]") {
  S3Rig rig;
  rig.server->uploads["id&a"] = {"logs/a.zst", {}, {}};
  rig.server->uploads["id&b"] = {"logs/a.zst", {}, {}};
  rig.server->uploads["id&c"] = {"logs/a.zst.old", {}, {}};

  REQUIRE(rig.put(numbered_text(3500)).is_delivered());

  REQUIRE(count_of(*rig.server, "POST uploads") == 0);
  REQUIRE(rig.server->uploads.size() == 1);
  REQUIRE(rig.server->uploads.contains("id&c"));
  REQUIRE(count_of(*rig.server, "DELETE uploadId") == 1);
}

TEST_CASE("an upload that may have begun otherwise is taken back, not gone on with",
          "[s3][upload]") {
  const auto begun_anew = [](auto change) {
    S3Rig rig;
    change(rig.options);
    rig.server->uploads["id&0"] = {"logs/a.zst", {}, {}};
    REQUIRE(rig.put(numbered_text(3500)).is_delivered());
    REQUIRE(rig.server->uploads.empty());
    return count_of(*rig.server, "POST uploads") == 1 &&
           count_of(*rig.server, "DELETE uploadId") == 1;
  };

  REQUIRE_FALSE(begun_anew([](auto&) {}));
  REQUIRE_FALSE(begun_anew([](auto& options) { options.storage_class = "STANDARD"; }));
  REQUIRE(begun_anew([](auto& options) { options.storage_class = "GLACIER_IR"; }));
  REQUIRE(begun_anew([](auto& options) { options.server_side_encryption = S3Encryption::kms; }));
  REQUIRE(begun_anew([](auto& options) { options.acl = "private"; }));
  REQUIRE(begun_anew([](auto& options) { options.tags = {{"a", "b"}}; }));
  REQUIRE(begun_anew([](auto& options) { options.metadata = {{"a", "b"}}; }));
}

TEST_CASE("who may not look for earlier uploads, or must not go on, does without", "[s3][upload]") {
  for (const int status : {403, 405, 501}) {
    CAPTURE(status);
    S3Rig rig;
    rig.server->before = to_nth(1, "GET max-uploads", s3_answer(status));
    REQUIRE(rig.put(numbered_text(3500)).is_delivered());
  }
  for (const int status : {400, 404, 408, 429, 500, 503}) {
    CAPTURE(status);
    S3Rig rig;
    rig.server->before = to_nth(1, "GET max-uploads", s3_answer(status));
    REQUIRE(rig.put(numbered_text(3500)).verdict() == Verdict::retry);
  }
  S3Rig rig;
  rig.server->uploads["id&0"] = {"logs/a.zst", {}, {}};
  rig.server->before = to_nth(1, "GET uploadId", s3_answer(403));
  REQUIRE(rig.put(numbered_text(3500)).is_delivered());
  REQUIRE(rig.server->uploads.empty());
}

TEST_CASE("a body that breaks off leaves its parts for the next attempt", "[s3][upload]") {
  S3Rig rig;
  S3Store store(rig.options);
  const std::string body = numbered_text(5500);
  rig.failing_at = 4000;
  REQUIRE(rig.put(store, body).code() == "S3.EncodeFailed");
  REQUIRE(rig.server->objects.empty());
  rig.failing_at = std::string::npos;
  rig.server->seen.clear();

  REQUIRE(rig.put(store, body).is_delivered());

  REQUIRE(count_of(*rig.server, "POST uploads") == 0);
  REQUIRE(rig.server->uploads.empty());
}

TEST_CASE("an upload that nobody goes on with is taken back after two hours", "[s3][upload]") {
  S3Rig rig;
  S3Store store(rig.options);
  rig.server->before = to_nth(2, "PUT partNumber", s3_answer(500));
  REQUIRE(rig.put(store, numbered_text(3500)).verdict() == Verdict::retry);
  REQUIRE(rig.put(store, "x", "b").is_delivered());
  rig.env.advance(std::chrono::hours(2) - std::chrono::milliseconds(1));
  REQUIRE(rig.put(store, "x", "c").is_delivered());
  REQUIRE(rig.server->uploads.size() == 1);
  rig.env.advance(std::chrono::milliseconds(1));
  rig.server->before = to_nth(1, "DELETE uploadId", s3_answer(500));

  REQUIRE(rig.put(store, "x", "d").is_delivered());
  REQUIRE(rig.server->uploads.size() == 1);  // it did not work: later again
  rig.env.advance(std::chrono::hours(2));
  REQUIRE(rig.put(store, "x", "e").is_delivered());

  REQUIRE(rig.server->uploads.empty());
}

TEST_CASE("something that throws leaves the upload to the next attempt", "[s3][upload]") {
  S3Rig rig;
  S3Store store(rig.options);
  const std::string body = numbered_text(5500);
  const auto produce = [&](hydrant::ObjectBody::Pieces pieces) -> hydrant::Status {
    static_cast<void>(pieces(std::as_bytes(std::span(std::string_view(body).substr(0, 4000)))));
    throw std::runtime_error("no");
  };
  hydrant::Attempt attempt(*rig.world, 1, rig.world->steady_now() + std::chrono::hours(1),
                           rig.stop);

  REQUIRE_THROWS(store.put_object({"logs/a.zst", "", "", hydrant::ObjectBody(produce)}, attempt));
  REQUIRE(rig.server->under_way == 0);
  REQUIRE(rig.put(store, body).is_delivered());

  REQUIRE(count_of(*rig.server, "GET max-uploads") == 1);  // this life knows what it has begun
  REQUIRE(count_of(*rig.server, "POST uploads") == 1);
  REQUIRE(rig.server->uploads.empty());
}

TEST_CASE("an attempt that is stopped asks nothing more, and the next goes on", "[s3][upload]") {
  S3Rig rig;
  S3Store store(rig.options);
  const std::string body = numbered_text(5500);
  rig.server->before = [&](const SeenRequest& request) -> MemoryS3::Answer {
    rig.stop = request.operation() == "PUT partNumber";
    return std::nullopt;
  };
  const DeliveryResult stopped = rig.put(store, body);
  REQUIRE(stopped.verdict() == Verdict::retry);
  REQUIRE(stopped.code() == "S3.Cancelled");
  REQUIRE(count_of(*rig.server, "DELETE uploadId") == 0);
  rig.server->before = nothing();
  rig.stop = false;

  REQUIRE(rig.put(store, body).is_delivered());
  REQUIRE(count_of(*rig.server, "POST uploads") == 1);
}

TEST_CASE("an upload is not taken back by an attempt whose time is over, but by the next",
          "[s3][upload]") {
  S3Rig rig;
  S3Store store(rig.options);
  const std::string body = numbered_text(5500);
  rig.server->before = [&](const SeenRequest& request) -> MemoryS3::Answer {
    if (request.operation() != "PUT partNumber") {
      return std::nullopt;
    }
    rig.stop = true;
    return s3_error(400, "InvalidRequest");
  };
  REQUIRE(rig.put(store, body).code() == "S3.InvalidRequest");
  REQUIRE(count_of(*rig.server, "DELETE uploadId") == 0);
  rig.stop = false;
  REQUIRE(rig.put(store, body).code() == "S3.InvalidRequest");
  rig.stop = false;
  rig.server->before = nothing();

  REQUIRE(rig.put(store, body).is_delivered());
  REQUIRE(rig.server->uploads.empty());
}

TEST_CASE("whatever fails wherever, the object is there once in the end, and nothing else is",
          "[s3][upload][model]") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    S3Rig rig;
    rig.options.part_size = {100 + random() % 700};
    rig.options.multipart_threshold = {rig.options.part_size.value + random() % 1000};
    rig.options.parallel_parts = 1 + random() % 5;
    rig.piece_bytes = 1 + random() % 900;
    rig.server->steps = 1 + random() % 6;
    rig.server->page_parts = 3 + random() % 9;
    rig.server->knows_checksums = random() % 2 == 0;
    rig.options.checksum = static_cast<S3Checksum>(random() % 4);
    const bool is_encrypted = random() % 3 == 0;
    rig.options.server_side_encryption =
        is_encrypted ? S3Encryption::kms : S3Encryption::bucket_default;
    const std::string body = numbered_text(random() % 6000);
    const auto trouble = [&](const SeenRequest& request) -> MemoryS3::Answer {
      switch (random() % 120) {
        case 0:
          return Failure{"reset"};
        case 1:
          return s3_error(503, "SlowDown");
        case 2:
          return s3_error(400, "RequestTimeout");
        case 3:  // who must not look cannot find what was begun without an answer
          return request.operation() == "GET max-uploads"
                     ? MemoryS3::Answer()
                     : MemoryS3::Answer(s3_error(403, "AccessDenied"));
        case 4:
          return s3_answer(200, "<Error><Code>InternalError</Code></Error>");
        default:
          return std::nullopt;
      }
    };
    rig.server->before = trouble;
    rig.server->after = trouble;
    auto store = std::make_unique<S3Store>(rig.options);

    int attempts = 0;
    while (!rig.put(*store, body).is_delivered()) {
      REQUIRE(++attempts < 300);
      if (random() % 4 == 0) {  // the process dies, and another takes up its journal
        store = std::make_unique<S3Store>(rig.options);
      }
    }

    REQUIRE(rig.server->objects.size() == 1);
    REQUIRE((rig.server->objects["logs/a.zst"].body == body));
    REQUIRE(rig.server->objects["logs/a.zst"].versions == 1);
    // What could not be taken back at the end is remembered, and goes later.
    rig.server->before = nothing();
    rig.server->after = nothing();
    for (int i = 0; i < 70; ++i) {
      rig.env.advance(std::chrono::hours(2));
      REQUIRE(rig.put(*store, "x", "other").is_delivered());
    }
    REQUIRE(rig.server->uploads.empty());
    REQUIRE(rig.server->under_way == 0);
  }
}
