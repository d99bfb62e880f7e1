// SPDX-License-Identifier: MIT
//
// The store against OpenStack Swift, which checks every signature and hash, and
// read back by boto3.
#include <hydrant/core/system_env.hpp>
#include <hydrant/object/s3_source.hpp>
#include <hydrant/object/s3_store.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "swift.hpp"
#include "test.hpp"
#include <sys/wait.h>
#include <unistd.h>

using hydrant::DeliveryResult;
using hydrant::S3Checksum;
using hydrant::S3Store;
using hydrant::S3StoreOptions;
using hydrant::tests::FixedCredentials;
using hydrant::tests::Swift;
using Verdict = DeliveryResult::Verdict;

namespace {

S3StoreOptions options(const std::string& secret = "testing") {
  S3StoreOptions made;
  made.bucket = "lake";
  made.endpoint = Swift::instance().endpoint();
  made.credentials = std::make_shared<FixedCredentials>(secret);
  made.part_size = {5 << 20};
  made.multipart_threshold = {5 << 20};
  made.parallel_parts = 3;
  return made;
}

std::string body_of(std::size_t size) {
  std::string body(size, '\0');
  std::uint64_t state = size;
  for (char& byte : body) {
    state = state * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<char>(state >> 56);
  }
  return body;
}

std::string sha256(std::string_view text) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  return hydrant::detail::lower_hex(hydrant::detail::sha256_of({&bytes, 1}));
}

/// Puts a body; `before_piece` is called before each piece, with its offset.
DeliveryResult put(
    S3Store& store, std::string_view key, std::string_view body,
    const std::function<void(std::size_t)>& before_piece = [](std::size_t) {}) {
  const auto world = hydrant::make_world(hydrant::SystemEnv());
  const std::atomic<bool> stop{false};
  hydrant::Attempt attempt(*world, 1, world->steady_now() + std::chrono::minutes(5), stop);
  const auto produce = [&](hydrant::ObjectBody::Pieces pieces) -> hydrant::Status {
    constexpr std::size_t piece_bytes = 200'000;
    for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
      before_piece(at);
      const std::string_view piece = body.substr(at, piece_bytes);
      if (hydrant::Status taken = pieces(std::as_bytes(std::span(piece))); !taken) {
        return taken;
      }
    }
    return hydrant::success();
  };
  return store.put_object({key, "application/json", "zstd", hydrant::ObjectBody(produce)}, attempt);
}

}  // namespace

TEST_CASE("objects arrive in Swift as they were made, once, whatever their size",
          "[integration][s3]") {
  const Swift& swift = Swift::instance();
  if (!swift.absence().empty()) {
    HYDRANT_SKIP(swift.absence());
  }
  for (const S3Checksum checksum : {S3Checksum::crc32c, S3Checksum::md5}) {
    S3StoreOptions chosen = options();
    chosen.checksum = checksum;
    chosen.metadata = {{"source", "web  7"}};
    hydrant::OptionErrors errors;
    chosen.validate(errors);
    REQUIRE(errors.empty());
    S3Store store(chosen);
    for (const std::size_t size : {0U, 1U, 1'000'000U, 5U << 20, (5U << 20) + 1, 23'000'000U}) {
      CAPTURE(size);
      const std::string body = body_of(size);
      const std::string key = "year=2026/a b+c&%/\xc3\xa9~'(x)!" + std::to_string(size) +
                              (checksum == S3Checksum::md5 ? "m" : "c");

      const DeliveryResult first = put(store, key, body);
      const DeliveryResult again = put(store, key, body);

      REQUIRE(first.reason() == "");
      REQUIRE(first.is_delivered());
      REQUIRE(again.reason() == "");
      REQUIRE(swift.see("sha256 \"" + key + "\"") == sha256(body) + "\n");
      REQUIRE(
          swift.see("head \"" + key + "\"").starts_with("application/json zstd {'source': 'web"));
    }
  }
  REQUIRE(swift.see("uploads").empty());
}

TEST_CASE("Swift's refusals are told in words", "[integration][s3]") {
  const Swift& swift = Swift::instance();
  if (!swift.absence().empty()) {
    HYDRANT_SKIP(swift.absence());
  }
  S3StoreOptions other = options();
  other.bucket = "no-such-lake";
  S3Store no_bucket(other);
  S3Store no_right(options("not-the-secret"));

  for (const std::size_t size : {100U, 12'000'000U}) {
    const DeliveryResult wrong_bucket = put(no_bucket, "a", body_of(size));
    const DeliveryResult wrong_secret = put(no_right, "a", body_of(size));

    REQUIRE(wrong_bucket.verdict() == Verdict::retry);
    REQUIRE(wrong_bucket.code() == "S3.NoSuchBucket");
    REQUIRE(wrong_bucket.reason().ends_with("(create the bucket, or mend s3.bucket)"));
    REQUIRE(wrong_secret.verdict() == Verdict::retry);
    REQUIRE(wrong_secret.code() == "S3.SignatureDoesNotMatch");
    REQUIRE(wrong_secret.reason().find("not-the-secret") == std::string::npos);
    REQUIRE(wrong_secret.reason().ends_with("(check the secret access key)"));
  }
}

TEST_CASE("what is in Swift is listed, read, and moved to another key", "[integration][s3]") {
  const Swift& swift = Swift::instance();
  if (!swift.absence().empty()) {
    HYDRANT_SKIP(swift.absence());
  }
  S3Store store(options());
  const std::vector<std::string> keys{"read/a b+c&%41", "read/deep/\xc3\xa9~'(x)", "read/z"};
  for (const std::string& key : keys) {
    REQUIRE(put(store, key, "body of " + key).is_delivered());
  }
  const auto world = hydrant::make_world(hydrant::SystemEnv());
  const std::atomic<bool> stop{false};
  hydrant::Attempt attempt(*world, 1, world->steady_now() + std::chrono::minutes(5), stop);
  hydrant::S3Source source(options());

  REQUIRE(source.list("read/", attempt).value() == keys);
  REQUIRE(source.list("read/deep", attempt).value() == std::vector<std::string>{keys[1]});
  for (const std::string& key : keys) {
    CAPTURE(key);
    REQUIRE(source.read(key, 100, attempt).value() == "body of " + key);
    REQUIRE(source.move(key, "moved/" + key, attempt));
    REQUIRE(source.move(key, "moved/" + key, attempt));  // as done before
    REQUIRE(swift.see("sha256 \"moved/" + key + "\"") == sha256("body of " + key) + "\n");
  }
  REQUIRE(source.list("read/", attempt).value().empty());
  REQUIRE(source.read("read/z", 100, attempt).failure().os_code == ENOENT);
}

TEST_CASE("another object under the key is not replaced where Swift heeds the condition",
          "[integration][s3]") {
  const Swift& swift = Swift::instance();
  if (!swift.absence().empty()) {
    HYDRANT_SKIP(swift.absence());
  }
  S3Store store(options());
  std::string body = body_of(12'000'000);  // in parts: for a plain PUT Swift ignores it
  REQUIRE(put(store, "taken", body).is_delivered());
  const std::string digest = sha256(body);
  body.front() = static_cast<char>(body.front() + 1);

  const DeliveryResult result = put(store, "taken", body);

  REQUIRE(result.verdict() == Verdict::rejected);
  REQUIRE(result.code() == "S3.ObjectAlreadyExists");
  REQUIRE(swift.see("sha256 taken") == digest + "\n");
  REQUIRE(swift.see("uploads").empty());
}

TEST_CASE("a process killed in the middle of an upload leaves an object, once, to its next life",
          "[integration][s3]") {
  const Swift& swift = Swift::instance();
  if (!swift.absence().empty()) {
    HYDRANT_SKIP(swift.absence());
  }
  const std::string body = body_of(33'000'000);
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    S3Store store(options());
    static_cast<void>(put(store, "killed", body, [&](std::size_t at) {
      if (at > 27'000'000) {  // five parts are full, of which two at most are still on their way
        const auto said = ::write(pipe[1], "x", 1);
        static_cast<void>(said);
        ::pause();
      }
    }));
    ::_exit(1);
  }
  char said = 0;
  REQUIRE(::read(pipe[0], &said, 1) == 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(pipe[0]);
  ::close(pipe[1]);
  const std::string left = swift.see("uploads");
  CAPTURE(left);
  REQUIRE(left.starts_with("killed "));
  REQUIRE(std::stoi(left.substr(7)) >= 3);
  REQUIRE(swift.see("list").find("killed") == std::string::npos);

  S3Store store(options());
  const DeliveryResult result = put(store, "killed", body);

  REQUIRE(result.reason() == "");
  REQUIRE(swift.see("uploads").empty());
  REQUIRE(swift.see("sha256 killed") == sha256(body) + "\n");
  REQUIRE(swift.see("list").find("killed 33000000\n") != std::string::npos);
}
