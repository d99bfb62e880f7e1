// SPDX-License-Identifier: MIT
//
// A sink that never waits: it writes as much of a batch to a non-blocking socket
// as the socket takes, and goes on where it stopped when it is asked again. The
// other end counts lines, as a telemetry service would.
#pragma once

#include <hydrant/sink/sink.hpp>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace game_server {

/// A socket, closed in the end.
class Socket {
 public:
  explicit Socket(int number = -1) : number_(number) {}

  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

  Socket& operator=(Socket&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  ~Socket() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }

  int number() const { return number_; }

 private:
  int number_;
};

/// The service at the other end: reads lines and counts them, until the link is closed.
class TelemetryService {
 public:
  TelemetryService() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
      throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    client_ = Socket(ends[0]);
    thread_ = std::thread([this, server = Socket(ends[1])] { count_lines(server); });
  }

  TelemetryService(const TelemetryService&) = delete;
  TelemetryService& operator=(const TelemetryService&) = delete;

  ~TelemetryService() { wait_for_end(); }

  /// The client's end. Whoever has it last ends the service.
  Socket take_client() { return std::move(client_); }

  /// How many lines have arrived, once the client's end is closed.
  std::uint64_t wait_for_end() {
    if (thread_.joinable()) {
      thread_.join();
    }
    return lines_;
  }

 private:
  void count_lines(const Socket& server) {
    char buffer[64 * 1024];
    for (;;) {
      const ::ssize_t size = ::read(server.number(), buffer, sizeof buffer);
      if (size < 0 && errno == EINTR) {
        continue;
      }
      if (size <= 0) {
        return;
      }
      for (const char c : std::string_view(buffer, static_cast<std::size_t>(size))) {
        lines_ += c == '\n' ? 1u : 0u;
      }
    }
  }

  Socket client_;
  std::atomic<std::uint64_t> lines_{0};
  std::thread thread_;
};

/// Sends batches as lines.
class TelemetryLink {
 public:
  static constexpr std::string_view name = "telemetry";
  static constexpr hydrant::SinkLimits limits{};

  explicit TelemetryLink(Socket socket) : socket_(std::move(socket)) {}

  void begin(const hydrant::Batch& batch, hydrant::Attempt&) {
    lines_.clear();
    for (const hydrant::RecordView record : batch.records()) {
      lines_.append(record.text()).push_back('\n');
    }
    sent_ = 0;
  }

  std::optional<hydrant::DeliveryResult> step(hydrant::Attempt&) {
    while (sent_ < lines_.size()) {
      const ::ssize_t size = ::send(socket_.number(), lines_.data() + sent_, lines_.size() - sent_,
                                    MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size < 0) {
        if (errno == EAGAIN || errno == EINTR) {
          return std::nullopt;  // full: the game goes on, and asks again next tick
        }
        return hydrant::retry("send: " + std::generic_category().message(errno));
      }
      sent_ += static_cast<std::size_t>(size);
    }
    return hydrant::delivered;
  }

  void cancel() { lines_.clear(); }

 private:
  Socket socket_;
  std::string lines_;
  std::size_t sent_ = 0;
};

}  // namespace game_server
