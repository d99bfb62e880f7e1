// SPDX-License-Identifier: MIT
#include <hydrant/object/object_sink.hpp>
#include <hydrant/object/s3_store.hpp>
#include <hydrant/object/zstd.hpp>
#include <hydrant/sink/sink.hpp>

#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "s3/memory_s3.hpp"
#include "s3/s3_rig.hpp"
#include "test.hpp"

using hydrant::DeliveryResult;
using hydrant::Failure;
using hydrant::HttpResponse;
using hydrant::S3Addressing;
using hydrant::S3Checksum;
using hydrant::S3Encryption;
using hydrant::S3PayloadSigning;
using hydrant::S3Store;
using hydrant::S3StoreOptions;
using hydrant::tests::contains;
using hydrant::tests::numbered_text;
using hydrant::tests::s3_answer;
using hydrant::tests::S3Rig;
using hydrant::tests::SeenRequest;
using hydrant::tests::to_first;
using Verdict = DeliveryResult::Verdict;

namespace {

std::string authorization_of(const SeenRequest& request) {
  return request.header("Authorization");
}

}  // namespace

static_assert(hydrant::Sink<hydrant::ObjectSink<S3Store, hydrant::Lines, hydrant::Zstd>>);

TEST_CASE("an object that fits into one request is put with one", "[s3]") {
  S3Rig rig;

  const DeliveryResult result = rig.put("some text");

  REQUIRE(result.is_delivered());
  REQUIRE(rig.server->operations() == std::vector<std::string>{"PUT"});
  const SeenRequest& put = rig.server->seen[0];
  REQUIRE(put.url == "http://s3.test:9000/lake/logs/a.zst");
  REQUIRE(put.body == "some text");
  REQUIRE(put.header("Content-Type") == "application/octet-stream");
  REQUIRE(put.header("Content-Encoding") == "zstd");
  REQUIRE(put.header("If-None-Match") == "*");
  REQUIRE(put.header("x-amz-security-token") == "the-session-token");
  REQUIRE(put.header("x-amz-content-sha256") ==
          "b94f6f125c79e3a5ffaa826f584c10d52ada669e6762051b826b55776d05aed2");
  REQUIRE(authorization_of(put).starts_with("AWS4-HMAC-SHA256 Credential=the-key-id/"));
  REQUIRE(contains(authorization_of(put), "/us-east-1/s3/aws4_request"));
  REQUIRE(rig.server->objects["logs/a.zst"].body == "some text");
}

TEST_CASE("what the options say of an object is said in its headers", "[s3]") {
  S3Rig rig;
  rig.options.storage_class = "STANDARD_IA";
  rig.options.server_side_encryption = S3Encryption::kms;
  rig.options.kms_key_id = "arn:aws:kms:1:key/2";
  rig.options.bucket_key = true;
  rig.options.acl = "bucket-owner-full-control";
  rig.options.tags = {{"team", "a&b"}, {"cost centre", "7"}};
  rig.options.metadata = {{"source", "web"}};
  rig.options.expected_bucket_owner = "123456789012";
  rig.options.if_none_match = false;
  for (const std::string& body : {std::string("short"), numbered_text(3000)}) {
    rig.server->seen.clear();
    REQUIRE(rig.put(body).is_delivered());

    const std::size_t at = body.size() == 5 ? 0 : 1;  // after the search for earlier uploads
    const SeenRequest& first = rig.server->seen[at];
    REQUIRE(first.operation() == (at == 0 ? "PUT" : "POST uploads"));
    REQUIRE(first.header("x-amz-storage-class") == "STANDARD_IA");
    REQUIRE(first.header("x-amz-server-side-encryption") == "aws:kms");
    REQUIRE(first.header("x-amz-server-side-encryption-aws-kms-key-id") == "arn:aws:kms:1:key/2");
    REQUIRE(first.header("x-amz-server-side-encryption-bucket-key-enabled") == "true");
    REQUIRE(first.header("x-amz-acl") == "bucket-owner-full-control");
    REQUIRE(first.header("x-amz-tagging") == "team=a%26b&cost%20centre=7");
    REQUIRE(first.header("x-amz-meta-source") == "web");
    for (const SeenRequest& request : rig.server->seen) {
      REQUIRE(request.header("x-amz-expected-bucket-owner") == "123456789012");
      REQUIRE(request.header("If-None-Match").empty());
    }
  }
  rig.options.server_side_encryption = S3Encryption::aes256;
  REQUIRE(rig.put("x").is_delivered());
  REQUIRE(rig.server->seen.back().header("x-amz-server-side-encryption") == "AES256");
}

TEST_CASE("the checksum that was chosen goes with a body", "[s3]") {
  const auto header_of = [](S3Checksum checksum, const char* name) {
    S3Rig rig;
    rig.options.checksum = checksum;
    REQUIRE(rig.put("123456789").is_delivered());
    return rig.server->seen[0].header(name);
  };

  REQUIRE(header_of(S3Checksum::crc32c, "x-amz-checksum-crc32c") == "4waSgw==");
  REQUIRE(header_of(S3Checksum::md5, "Content-MD5") == "JfnnlDI7RTiF9RgfG2JNCw==");
  REQUIRE(header_of(S3Checksum::sha256, "x-amz-checksum-sha256") ==
          "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
  REQUIRE(header_of(S3Checksum::none, "x-amz-checksum-crc32c").empty());
}

TEST_CASE("the signature covers the body where nothing else does", "[s3]") {
  const auto hash_of = [](const std::string& endpoint, S3PayloadSigning signing) {
    S3Rig rig;
    rig.options.endpoint = endpoint;
    rig.options.payload_signing = signing;
    REQUIRE(rig.put("x").is_delivered());
    return rig.server->seen[0].header("x-amz-content-sha256");
  };
  const std::string hash = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";

  REQUIRE(hash_of("http://h", S3PayloadSigning::automatic) == hash);
  REQUIRE(hash_of("https://h", S3PayloadSigning::automatic) == "UNSIGNED-PAYLOAD");
  REQUIRE(hash_of("https://h", S3PayloadSigning::always) == hash);
  REQUIRE(hash_of("http://h", S3PayloadSigning::never) == "UNSIGNED-PAYLOAD");
}

TEST_CASE("the bucket stands where the server expects it, and the key as it is signed", "[s3]") {
  const auto url_of = [](const S3StoreOptions& change, std::string_view key) {
    S3Rig rig;
    rig.options.bucket = change.bucket;
    rig.options.region = change.region;
    rig.options.endpoint = change.endpoint;
    rig.options.addressing = change.addressing;
    rig.server->bucket = change.bucket;
    S3Store store(rig.options);
    REQUIRE(rig.put(store, "x", key).is_delivered());
    return rig.server->seen[0].url;
  };
  const auto options = [](std::string bucket, std::string endpoint,
                          S3Addressing addressing = S3Addressing::automatic,
                          std::string region = "eu-west-1") {
    S3StoreOptions made;
    made.bucket = std::move(bucket);
    made.endpoint = std::move(endpoint);
    made.addressing = addressing;
    made.region = std::move(region);
    return made;
  };

  REQUIRE(url_of(options("my-lake", ""), "a/b") ==
          "https://my-lake.s3.eu-west-1.amazonaws.com/a/b");
  REQUIRE(url_of(options("my.lake", ""), "a/b") ==
          "https://s3.eu-west-1.amazonaws.com/my.lake/a/b");
  REQUIRE(url_of(options("my-lake", "", S3Addressing::path), "a/b") ==
          "https://s3.eu-west-1.amazonaws.com/my-lake/a/b");
  REQUIRE(url_of(options("my-lake", "", S3Addressing::automatic, "cn-north-1"), "a") ==
          "https://my-lake.s3.cn-north-1.amazonaws.com.cn/a");
  REQUIRE(url_of(options("lake", "http://h:1"), "a") == "http://h:1/lake/a");
  REQUIRE(url_of(options("lake", "https://h:1", S3Addressing::virtual_host), "a") ==
          "https://lake.h:1/a");
  REQUIRE(url_of(options("lake", "http://h"), "year=2026/a b+c&d%25/\xc3\xa9~'(x)!*") ==
          "http://h/lake/year%3D2026/a%20b%2Bc%26d%2525/%C3%A9~%27%28x%29%21%2A");
}

TEST_CASE("a key that cannot name an object is refused without asking", "[s3]") {
  S3Rig rig;
  S3Store store(rig.options);
  for (const std::string& key : {std::string(), std::string("a\0b", 3), std::string("a/../b"),
                                 std::string("./a"), std::string(".."), std::string(1025, 'k')}) {
    CAPTURE(key);
    const DeliveryResult result = rig.put(store, "x", key);

    REQUIRE(result.verdict() == Verdict::rejected);
    REQUIRE(result.code() == "S3.InvalidKey");
    REQUIRE(result.reason() == "put s3://lake/" + key + ": the key cannot name an object");
  }
  REQUIRE(rig.server->seen.empty());
  for (const std::string& key : {std::string("a..b/.c/d."), std::string(1023, 'k'),
                                 std::string(1024, 'k'), std::string("/a//b/")}) {
    REQUIRE(rig.put(store, "x", key).is_delivered());
  }
}

TEST_CASE("an object that is there already counts as delivered, if it is this one", "[s3]") {
  S3Rig rig;
  REQUIRE(rig.put("text").is_delivered());

  REQUIRE(rig.put("text").is_delivered());
  const DeliveryResult longer = rig.put("longer text");
  const DeliveryResult other = rig.put("TEXT");

  REQUIRE(rig.server->objects["logs/a.zst"].versions == 1);
  REQUIRE(rig.server->objects["logs/a.zst"].body == "text");
  REQUIRE(longer.verdict() == Verdict::rejected);
  REQUIRE(longer.code() == "S3.ObjectAlreadyExists");
  REQUIRE(longer.reason() ==
          "put s3://lake/logs/a.zst: another object, of 4 bytes, not 11, is under the key already "
          "(who else writes there? is the key not unique?)");
  REQUIRE(other.verdict() == Verdict::rejected);
  REQUIRE(contains(other.reason(), "of 4 bytes, not 4 other ones, is under the key"));
}

TEST_CASE("what is there already is compared as far as the server tells", "[s3]") {
  const auto result_of = [](HttpResponse head) {
    S3Rig rig;
    REQUIRE(rig.put("text").is_delivered());
    rig.server->before = to_first(std::move(head), "HEAD");
    return rig.put("TEXT");
  };

  REQUIRE(result_of(s3_answer(403)).is_delivered());  // may write, may not read
  REQUIRE(result_of(s3_answer(200, {}, {{"Content-Length", "4"}})).is_delivered());
  REQUIRE(result_of(s3_answer(200, {}, {{"Content-Length", "4"}, {"ETag", "\"opaque\""}}))
              .is_delivered());
  REQUIRE(result_of(s3_answer(200, {},
                              {{"Content-Length", "4"},
                               {"x-amz-server-side-encryption", "aws:kms"},
                               {"ETag", "\"00000000000000000000000000000000\""}}))
              .is_delivered());
  REQUIRE(result_of(s3_answer(200, {},
                              {{"Content-Length", "4"},
                               {"ETag", "\"00000000000000000000000000000000-2\""}}))
              .is_delivered());
  REQUIRE(result_of(s3_answer(200, {}, {{"Content-Length", "5"}})).verdict() == Verdict::rejected);
  REQUIRE(result_of(s3_answer(503)).verdict() == Verdict::retry);
  REQUIRE(result_of(s3_answer(404)).code() == "S3.NotFound");
}

TEST_CASE("an answer that was lost costs a second request, not a second object", "[s3]") {
  S3Rig rig;
  rig.server->after = to_first(Failure{"PUT http://s3.test: reset"});
  S3Store store(rig.options);

  const DeliveryResult lost = rig.put(store, "text");
  const DeliveryResult found = rig.put(store, "text");

  REQUIRE(lost.verdict() == Verdict::retry);
  REQUIRE(lost.code() == "S3.NoAnswer");
  REQUIRE(lost.reason() == "put s3://lake/logs/a.zst: PUT http://s3.test: reset");
  REQUIRE(found.is_delivered());
  REQUIRE(rig.server->objects["logs/a.zst"].versions == 1);
}

TEST_CASE("an ETag of other bytes is an object that did not arrive", "[s3]") {
  S3Rig rig;
  rig.options.checksum = S3Checksum::md5;
  rig.server->after =
      to_first(s3_answer(200, {}, {{"ETag", "\"00000000000000000000000000000000\""}}));

  const DeliveryResult result = rig.put("text");

  REQUIRE(result.verdict() == Verdict::retry);
  REQUIRE(result.code() == "S3.BadDigest");
}

TEST_CASE("a body that cannot be made is not put", "[s3]") {
  S3Rig rig;
  rig.failing_at = 300;

  const DeliveryResult result = rig.put(numbered_text(700));

  REQUIRE(result.verdict() == Verdict::retry);
  REQUIRE(result.code() == "S3.EncodeFailed");
  REQUIRE(result.reason() == "put s3://lake/logs/a.zst: the encoder failed");
  REQUIRE(rig.server->seen.empty());
}

TEST_CASE("an attempt whose time is over stops", "[s3]") {
  S3Rig rig;
  rig.server->steps = 1'000'000'000;
  rig.server->before = [](const SeenRequest&) { return s3_answer(200); };
  S3Store store(rig.options);
  rig.stop = true;
  const DeliveryResult before = rig.put(store, "text");
  REQUIRE(before.code() == "S3.Cancelled");
  REQUIRE(before.reason() == "put s3://lake/logs/a.zst: stopped: the attempt's time is over");
  REQUIRE(rig.server->under_way == 0);
}

TEST_CASE("threads put at once, each its own object", "[s3]") {
  S3Rig rig;
  S3Store store(rig.options);
  std::atomic<int> delivered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string key = std::to_string(t) + "/" + std::to_string(i);
        const std::string body = key + numbered_text(static_cast<std::size_t>(i) * 400);
        delivered += rig.put(store, body, key).is_delivered() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  REQUIRE(delivered == 100);
  REQUIRE(rig.server->objects.size() == 100);
  for (const auto& [key, kept] : rig.server->objects) {
    REQUIRE(kept.body.starts_with(key));
    REQUIRE(kept.versions == 1);
  }
  REQUIRE(rig.server->uploads.empty());
}

TEST_CASE("a stream may be given a store with a word about every fault", "[s3]") {
  hydrant::ObjectSink sink{S3Store{{.bucket = "Lake"}}, hydrant::Lines{}, hydrant::Zstd{},
                           hydrant::Key{"a/../b/"}};
  hydrant::OptionErrors errors;
  sink.validate(errors);

  REQUIRE(errors.faults().size() == 3);
  REQUIRE(errors.faults()[0].field == "s3.bucket");
  REQUIRE(errors.faults()[1].field == "s3.credentials");
  REQUIRE(errors.faults()[2].field == "key.prefix");
}
