// SPDX-License-Identifier: MIT
//
// A stream with a journal into a bucket, killed in the middle of its uploads,
// again and again: the lake has every record, once.
#include <hydrant/hydrant.hpp>
#include <hydrant/object/s3_store.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "swift.hpp"
#include "test.hpp"
#include <sys/wait.h>
#include <unistd.h>

using hydrant::tests::FixedCredentials;
using hydrant::tests::ScratchDirectory;
using hydrant::tests::Swift;

namespace {

using namespace std::chrono_literals;
using namespace hydrant::literals;

/// Kills the process at the n-th request, before it is sent or when its answer is there.
class KillingTransport final : public hydrant::HttpTransport {
 public:
  enum class When : std::uint8_t { before, after };

  explicit KillingTransport(When when) : when_(when) {}

  /// From now on. 0: never.
  void kill_at(std::uint64_t n) { left_ = n; }

  std::unique_ptr<hydrant::HttpExchange> start(hydrant::HttpRequest request) override {
    if (left_ == 0 || --left_ != 0) {
      return transport_.start(std::move(request));
    }
    if (when_ == When::after) {
      static_cast<void>(hydrant::perform(transport_, std::move(request), [] { return false; }));
    }
    ::raise(SIGKILL);
    std::abort();
  }

  void wait(std::span<hydrant::HttpExchange* const> exchanges,
            std::chrono::milliseconds at_most) override {
    transport_.wait(exchanges, at_most);
  }

 private:
  const When when_;
  std::atomic<std::uint64_t> left_{0};
  hydrant::CurlTransport transport_;
};

hydrant::StreamOptions stream_options(const std::string& journal) {
  return {.name = "orders",
          .buffering = {.size = 12_MiB, .interval = 60s},
          .journal = {.directory = journal},
          .retry = {.backoff = 100ms, .backoff_max = 1s},
          .concurrency = 2};
}

std::string record_of(int number) {
  std::string record = "record " + std::to_string(number) + " ";
  return record + std::string(1000 - record.size(), static_cast<char>('a' + number % 26));
}

/// One life of the process: puts so many records, is killed at a request or delivers everything.
/// Returns: whether it has lived to the end.
bool live(const std::string& journal, int records, KillingTransport::When when,
          std::uint64_t kill_at) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto transport = std::make_shared<KillingTransport>(when);
    hydrant::S3StoreOptions options;
    options.bucket = "lake";
    options.endpoint = Swift::instance().endpoint();
    options.credentials = std::make_shared<FixedCredentials>("testing");
    options.multipart_threshold = 5_MiB;
    options.part_size = 5_MiB;
    options.transport = transport;
    hydrant::DeliveryStream stream{
        stream_options(journal), hydrant::identity,
        hydrant::ObjectSink{hydrant::S3Store{options}, hydrant::Lines{}, hydrant::Uncompressed{},
                            hydrant::Key{{.prefix = "orders/"}}}};
    for (int i = 0; i < records; ++i) {
      if (!stream.put(record_of(i))) {
        ::_exit(3);
      }
    }
    transport->kill_at(kill_at);
    ::_exit(stream.close(5min).complete ? 0 : 4);
  }
  int status = 0;
  REQUIRE(child > 0);
  REQUIRE(::waitpid(child, &status, 0) == child);
  const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  CAPTURE(status);
  REQUIRE((was_killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)));
  return !was_killed;
}

std::string digest_of_all(int records) {
  std::vector<std::string> lines;
  for (int i = 0; i < records; ++i) {
    lines.push_back(record_of(i));
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) {
    all += (all.empty() ? "" : "\n") + line;
  }
  const std::span<const std::byte> bytes = std::as_bytes(std::span(all));
  return hydrant::detail::lower_hex(hydrant::detail::sha256_of({&bytes, 1}));
}

}  // namespace

TEST_CASE("processes killed in the middle of uploads leave every record in the bucket, once",
          "[integration][s3][journal]") {
  const Swift& swift = Swift::instance();
  if (!swift.absence().empty()) {
    HYDRANT_SKIP(swift.absence());
  }
  constexpr int records = 40'000;
  constexpr int lives_max = 12;
  const ScratchDirectory scratch;
  std::mt19937_64 dice(7);
  using When = KillingTransport::When;

  int killed = 0;
  bool is_over = false;
  while (!is_over) {
    const When when = dice() % 2 == 0 ? When::before : When::after;
    const std::uint64_t kill_at = killed < lives_max ? 1 + dice() % 6 : 0;
    is_over = live(scratch.path, killed == 0 ? records : 0, when, kill_at);
    killed += is_over ? 0 : 1;
  }

  CAPTURE(killed);
  REQUIRE(killed >= 3);
  const std::string count = std::to_string(records);
  REQUIRE(swift.see("lines orders/") == count + " " + count + " " + digest_of_all(records) + "\n");
  REQUIRE(swift.see("uploads").empty());
}
