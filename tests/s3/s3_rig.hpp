// SPDX-License-Identifier: MIT
//
// A store on a bucket in memory, in a world whose clocks the test moves, with
// parts small enough to count.
#pragma once

#include <hydrant/object/s3_store.hpp>
#include <hydrant/testing/manual_env.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "s3/memory_s3.hpp"

namespace hydrant::tests {

/// Credentials that a test counts, takes away, and exchanges.
class RigCredentials final : public AwsCredentialsProvider {
 public:
  AwsCredentials now{"the-key-id", "the-secret-key", "the-session-token", {}};
  /// After `invalidate`.
  AwsCredentials next{"the-second-id", "the-second-secret", "the-second-token", {}};
  std::string failure;
  int invalidated = 0;

  Result<AwsCredentials> credentials(Attempt&) override {
    return failure.empty() ? Result<AwsCredentials>(now) : Result<AwsCredentials>(Failure{failure});
  }

  void invalidate() override {
    ++invalidated;
    now = next;
  }
};

struct S3Rig {
  S3Rig() {
    options.bucket = "lake";
    options.endpoint = "http://s3.test:9000";
    options.credentials = credentials;
    options.transport = server;
    options.part_size = {1000};
    options.multipart_threshold = {2500};
    options.parallel_parts = 3;
  }

  std::shared_ptr<MemoryS3> server = std::make_shared<MemoryS3>();
  std::shared_ptr<RigCredentials> credentials = std::make_shared<RigCredentials>();
  testing::ManualEnv env;
  std::shared_ptr<World> world = make_world(env);
  std::atomic<bool> stop{false};
  S3StoreOptions options;
  /// In how large pieces bodies are made.
  std::size_t piece_bytes = 300;
  /// Fails instead of the piece that begins there.
  std::size_t failing_at = std::string::npos;

  DeliveryResult put(S3Store& store, std::string_view body, std::string_view key = "logs/a.zst") {
    Attempt attempt(*world, 1, world->steady_now() + std::chrono::hours(1), stop);
    const auto produce = [&](ObjectBody::Pieces pieces) -> Status {
      for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
        if (at >= failing_at) {
          return Failure{"the encoder failed"};
        }
        const std::string_view piece = body.substr(at, piece_bytes);
        if (Status taken = pieces(std::as_bytes(std::span(piece))); !taken) {
          return taken;
        }
      }
      return success();
    };
    return store.put_object({key, "application/octet-stream", "zstd", ObjectBody(produce)},
                            attempt);
  }

  /// With a store of its own, as after a restart.
  DeliveryResult put(std::string_view body) {
    S3Store store(options);
    return put(store, body);
  }
};

/// Text that is not the same anywhere.
inline std::string numbered_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) {
    text += std::to_string(i) + ",";
  }
  text.resize(size);
  return text;
}

/// Says something to the n-th request of that kind, counted from 1, and nothing to any other.
inline MemoryS3::Script to_nth(int n, std::string operation, Result<HttpResponse> answer) {
  auto count = std::make_shared<int>(0);
  return [=](const SeenRequest& request) -> MemoryS3::Answer {
    if (request.operation() != operation || ++*count != n) {
      return std::nullopt;
    }
    return answer;
  };
}

inline MemoryS3::Script to_first(Result<HttpResponse> answer, std::string operation = "PUT") {
  return to_nth(1, std::move(operation), std::move(answer));
}

/// How many requests of that kind there were.
inline std::size_t count_of(const MemoryS3& server, std::string_view operation) {
  std::size_t count = 0;
  for (const SeenRequest& request : server.seen) {
    count += request.operation() == operation ? 1U : 0U;
  }
  return count;
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace hydrant::tests
