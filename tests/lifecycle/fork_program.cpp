// SPDX-License-Identifier: MIT
//
// Promise 5, as a prefork server meets it: threads put while the process forks
// again and again; every child puts through the stream that it inherited and
// ends by close, by exit or at once. Every record that anyone was told is
// delivered stands in the file exactly once, and nobody hangs.
#include <hydrant/hydrant.hpp>

#include <atomic>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace hydrant::literals;

/// Appends each batch to a file with one write, which O_APPEND keeps whole between processes.
auto appending_sink(int descriptor) {
  return hydrant::CallbackSink{[descriptor](const hydrant::Batch& batch) {
    std::string text;
    for (const hydrant::RecordView record : batch.records()) {
      text += record.text();
      text += '\n';
    }
    CHECK_OR_EXIT(::write(descriptor, text.data(), text.size()) ==
                  static_cast<ssize_t>(text.size()));
  }};
}

template <class Stream>
void put_some(Stream& stream, const std::string& who, int count) {
  for (int i = 0; i < count; ++i) {
    CHECK_OR_EXIT(bool(stream.put(who + "-" + std::to_string(i))));
  }
}

template <class Stream>
[[noreturn]] void be_child(Stream& stream, int number) {
  const hydrant::Ledger inherited = stream.ledger();
  CHECK_OR_EXIT(inherited == hydrant::Ledger{});
  put_some(stream, "child" + std::to_string(number), 100);
  const hydrant::DeliveryReport report = number % 3 == 0 ? stream.close(60s) : stream.flush(60s);
  if (!report.complete || report.ledger.delivered != 100) {
    std::fprintf(stderr, "child %d: %s\n%s", number, to_text(report).c_str(),
                 stream.history().c_str());
    ::_exit(1);
  }
  if (number % 3 == 1) {
    std::exit(0);  // static destructors and all
  }
  ::_exit(0);
}

}  // namespace

int main() {
  constexpr int children = 40;
  constexpr std::size_t threads = 2;
  constexpr int most = 300'000;  // a thread; then it only stays alive
  char path[] = "/tmp/hydrant_fork_XXXXXX";
  const int descriptor = ::mkstemp(path);
  CHECK_OR_EXIT(descriptor >= 0);
  CHECK_OR_EXIT(::fcntl(descriptor, F_SETFL, O_APPEND) == 0);

  std::map<std::string, int> expected;
  {
    hydrant::DeliveryStream stream{
        hydrant::StreamOptions{.name = "fork", .buffering = {.size = 4_KiB, .interval = 50ms}},
        hydrant::identity, appending_sink(descriptor)};
    std::atomic<bool> stop{false};
    std::vector<int> put(threads);
    std::vector<std::thread> putters;
    for (std::size_t index = 0; index < threads; ++index) {
      putters.emplace_back([&, index] {
        while (!stop) {
          if (put[index] == most) {
            std::this_thread::yield();
            continue;
          }
          const std::string record =
              "parent" + std::to_string(index) + "-" + std::to_string(put[index]);
          put[index] += stream.put(record) ? 1 : 0;
        }
      });
    }
    for (int number = 0; number < children; ++number) {
      const pid_t child = ::fork();
      CHECK_OR_EXIT(child >= 0);
      if (child == 0) {
        be_child(stream, number);
      }
      int status = 0;
      CHECK_OR_EXIT(::waitpid(child, &status, 0) == child);
      CHECK_OR_EXIT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
      for (int i = 0; i < 100; ++i) {
        ++expected["child" + std::to_string(number) + "-" + std::to_string(i)];
      }
    }
    stop = true;
    for (std::thread& putter : putters) {
      putter.join();
    }
    const hydrant::DeliveryReport report = stream.close(60s);
    CHECK_OR_EXIT(report.complete && report.ledger.balanced());
    for (std::size_t t = 0; t < threads; ++t) {
      CHECK_OR_EXIT(put[t] > 0);
      for (int i = 0; i < put[t]; ++i) {
        ++expected["parent" + std::to_string(t) + "-" + std::to_string(i)];
      }
    }
  }

  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (--expected[line] != 0) {
      std::fprintf(stderr, "delivered more than once, or never put: %s\n", line.c_str());
      return 1;
    }
  }
  for (const auto& [line, missing] : expected) {
    if (missing != 0) {
      std::fprintf(stderr, "not delivered: %s\n", line.c_str());
      return 1;
    }
  }
  ::unlink(path);
  std::printf("%zu records, each exactly once\n", expected.size());
}
