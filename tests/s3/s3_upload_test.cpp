// SPDX-License-Identifier: MIT
//
// Uploads in parts, from their beginning to what they become.
#include <hydrant/object/s3_store.hpp>

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "s3/memory_s3.hpp"
#include "s3/s3_rig.hpp"
#include "test.hpp"

using hydrant::DeliveryResult;
using hydrant::Failure;
using hydrant::S3Checksum;
using hydrant::S3Store;
using hydrant::tests::contains;
using hydrant::tests::MemoryS3;
using hydrant::tests::numbered_text;
using hydrant::tests::s3_answer;
using hydrant::tests::s3_error;
using hydrant::tests::S3Rig;
using hydrant::tests::SeenRequest;
using hydrant::tests::to_nth;
using Operations = std::vector<std::string>;
using Verdict = DeliveryResult::Verdict;

namespace {

MemoryS3::Script nothing() {
  return [](const SeenRequest&) { return MemoryS3::Answer(); };
}

}  // namespace

TEST_CASE("an object above the threshold goes in parts", "[s3][upload]") {
  for (const std::size_t size : {2499U, 2500U, 2501U}) {
    S3Rig rig;
    const std::string body = numbered_text(size);

    REQUIRE(rig.put(body).is_delivered());

    REQUIRE(rig.server->operations() ==
            (size <= 2500 ? Operations{"PUT"}
                          : Operations{"GET max-uploads", "POST uploads", "PUT partNumber",
                                       "PUT partNumber", "PUT partNumber", "POST uploadId"}));
    REQUIRE((rig.server->objects["logs/a.zst"].body == body));
    REQUIRE(rig.server->objects["logs/a.zst"].versions == 1);
    REQUIRE(rig.server->uploads.empty());
  }
}

TEST_CASE("an upload begins as what it becomes, and its parts are checked", "[s3][upload]") {
  S3Rig rig;
  REQUIRE(rig.put(numbered_text(2600)).is_delivered());

  const SeenRequest& begin = rig.server->seen[1];
  REQUIRE(begin.header("Content-Type") == "application/octet-stream");
  REQUIRE(begin.header("Content-Encoding") == "zstd");
  REQUIRE(begin.header("x-amz-checksum-algorithm") == "CRC32C");
  REQUIRE(begin.header("If-None-Match").empty());
  const SeenRequest& part = rig.server->seen[2];
  REQUIRE(part.query.at("partNumber") == "1");
  REQUIRE(part.query.at("uploadId") == "id&1");
  REQUIRE_FALSE(part.header("x-amz-checksum-crc32c").empty());
  const SeenRequest& end = rig.server->seen.back();
  REQUIRE(end.header("If-None-Match") == "*");
  REQUIRE(contains(end.body, "<ChecksumCRC32C>" + part.header("x-amz-checksum-crc32c") + "</"));
}

TEST_CASE("a server that does not know checksums is not told them in the end", "[s3][upload]") {
  S3Rig rig;
  rig.server->knows_checksums = false;
  REQUIRE(rig.put(numbered_text(2600)).is_delivered());
  REQUIRE_FALSE(contains(rig.server->seen.back().body, "Checksum"));
}

TEST_CASE("no more parts are under way than allowed", "[s3][upload]") {
  for (const std::size_t parallel : {1U, 2U, 3U, 8U}) {
    CAPTURE(parallel);
    S3Rig rig;
    rig.options.parallel_parts = parallel;
    rig.server->steps = 50;

    REQUIRE(rig.put(numbered_text(20'000)).is_delivered());

    // While a part is being filled there is one less; when it is full all may be on their way.
    REQUIRE(rig.server->under_way_max == parallel);
    REQUIRE(rig.server->under_way == 0);
  }
}

TEST_CASE("parts go while the body is still being made", "[s3][upload]") {
  S3Rig rig;
  rig.options.part_size = {400'000};
  rig.options.multipart_threshold = {400'000};
  rig.options.parallel_parts = 8;
  rig.server->steps = 6;
  const std::string piece(50'000, 'x');
  std::size_t arrived = 0;
  const auto produce = [&](hydrant::ObjectBody::Pieces pieces) -> hydrant::Status {
    for (int i = 0; i < 23; ++i) {
      if (hydrant::Status taken = pieces(std::as_bytes(std::span(piece))); !taken) {
        return taken;
      }
    }
    arrived = count_of(*rig.server, "PUT partNumber");
    return hydrant::success();
  };
  hydrant::Attempt attempt(*rig.world, 1, rig.world->steady_now() + std::chrono::hours(1),
                           rig.stop);
  S3Store store(rig.options);

  REQUIRE(store.put_object({"a", "", "", hydrant::ObjectBody(produce)}, attempt).is_delivered());

  REQUIRE(arrived == 1);  // of two that are full
}

TEST_CASE("what the server refuses for good is taken back", "[s3][upload]") {
  S3Rig rig;
  rig.server->before = to_nth(2, "PUT partNumber", s3_error(400, "EntityTooLarge"));
  const DeliveryResult large = rig.put(numbered_text(3500));
  REQUIRE(large.verdict() == Verdict::rejected);
  REQUIRE(large.code() == "S3.EntityTooLarge");
  REQUIRE(rig.server->uploads.empty());

  rig.server->before = to_nth(1, "POST uploadId", s3_error(400, "InvalidPart"));
  const DeliveryResult broken = rig.put(numbered_text(3500));
  REQUIRE(broken.verdict() == Verdict::retry);
  REQUIRE(broken.code() == "S3.InvalidPart");
  REQUIRE(rig.server->uploads.empty());
  REQUIRE(rig.server->objects.empty());
}

TEST_CASE("an error inside a successful answer is an error", "[s3][upload]") {
  S3Rig rig;
  S3Store store(rig.options);
  hydrant::HttpResponse late = s3_error(200, "InternalError");
  late.body = "   \n\n" + late.body;
  rig.server->before = to_nth(1, "POST uploadId", late);
  const std::string body = numbered_text(3500);

  const DeliveryResult first = rig.put(store, body);
  REQUIRE(first.verdict() == Verdict::retry);
  REQUIRE(first.code() == "InternalError");
  REQUIRE(rig.put(store, body).is_delivered());
  REQUIRE(rig.server->uploads.empty());
}

TEST_CASE("an answer that does not say that the object is made is not believed", "[s3][upload]") {
  for (const std::string text : {"", "<html/>", "<CompleteMultipartUploadResult><ETag>x</ETag>"}) {
    S3Rig rig;
    S3Store store(rig.options);
    rig.server->after = to_nth(1, "POST uploadId", s3_answer(200, text));
    const std::string body = numbered_text(3500);

    const DeliveryResult first = rig.put(store, body);
    REQUIRE(first.verdict() == Verdict::retry);
    REQUIRE(first.code() == "S3.BadAnswer");
    REQUIRE(rig.put(store, body).is_delivered());
    REQUIRE(rig.server->objects["logs/a.zst"].versions == 1);
    REQUIRE(rig.server->uploads.empty());
  }
  S3Rig rig;
  rig.server->before = to_nth(1, "POST uploads", s3_answer(200, "<html>"));
  const DeliveryResult no_s3 = rig.put(numbered_text(3500));
  REQUIRE(no_s3.code() == "S3.BadAnswer");
  REQUIRE(contains(no_s3.reason(), "the answer names no upload (is this S3?)"));
}

TEST_CASE("a part whose ETag is missing, or of other bytes, has not arrived", "[s3][upload]") {
  for (const bool is_missing : {true, false}) {
    S3Rig rig;
    rig.options.checksum = is_missing ? S3Checksum::crc32c : S3Checksum::md5;
    rig.server->after =
        to_nth(2, "PUT partNumber",
               is_missing ? s3_answer(200)
                          : s3_answer(200, {}, {{"ETag", "\"00000000000000000000000000000000\""}}));
    S3Store store(rig.options);
    const std::string body = numbered_text(3500);

    REQUIRE(rig.put(store, body).code() == "S3.BadDigest");
    REQUIRE(rig.put(store, body).is_delivered());
    REQUIRE((rig.server->objects["logs/a.zst"].body == body));
  }
}

TEST_CASE("an object that has come to be there meanwhile is compared, and the upload taken back",
          "[s3][upload]") {
  const std::string body = numbered_text(3500);
  S3Rig rig;
  rig.server->after = to_nth(1, "POST uploadId", Failure{"reset"});
  S3Store store(rig.options);
  REQUIRE(rig.put(store, body).code() == "S3.NoAnswer");

  REQUIRE(rig.put(store, body).is_delivered());

  REQUIRE(rig.server->objects["logs/a.zst"].versions == 1);
  REQUIRE(rig.server->uploads.empty());
  const DeliveryResult other = rig.put(store, numbered_text(3499) + "?");
  REQUIRE(other.verdict() == Verdict::rejected);
  REQUIRE(other.code() == "S3.ObjectAlreadyExists");
  REQUIRE(rig.server->uploads.empty());
}

TEST_CASE("an upload that is gone when it is to be completed has been completed, or begins anew",
          "[s3][upload]") {
  const std::string body = numbered_text(3500);
  S3Rig rig;
  rig.server->after = to_nth(1, "POST uploadId", s3_error(404, "NoSuchUpload"));
  REQUIRE(rig.put(body).is_delivered());
  REQUIRE(rig.server->objects["logs/a.zst"].versions == 1);

  S3Rig gone;
  S3Store store(gone.options);
  gone.server->before = [&](const SeenRequest& request) -> MemoryS3::Answer {
    if (request.operation() == "POST uploadId") {
      gone.server->uploads.clear();
      gone.server->before = nothing();
    }
    return std::nullopt;
  };
  REQUIRE(gone.put(store, body).code() == "S3.NoSuchUpload");
  REQUIRE(gone.put(store, body).is_delivered());
}

TEST_CASE("more parts than S3 takes are refused, and nothing stays", "[s3][upload]") {
  S3Rig rig;
  rig.options.part_size = {10};
  rig.options.multipart_threshold = {10};
  rig.piece_bytes = 5000;

  REQUIRE(rig.put(numbered_text(100'000)).is_delivered());
  rig.server->objects.clear();
  const DeliveryResult result = rig.put(numbered_text(100'001));

  REQUIRE(result.verdict() == Verdict::rejected);
  REQUIRE(result.code() == "S3.TooManyParts");
  REQUIRE(result.reason() ==
          "put s3://lake/logs/a.zst: the object needs more than 10000 parts of 10 bytes (raise "
          "s3.part_size)");
  REQUIRE(rig.server->uploads.empty());
  REQUIRE(rig.server->objects.empty());
}
