// SPDX-License-Identifier: MIT
//
// A sink that never waits, for streams that are pumped: each step does what the
// socket allows at once and comes back. It connects when it must, so a service
// that goes away and returns costs retries and no more.
#pragma once

#include <hydrant/sink/sink.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "collector.hpp"
#include "socket.hpp"

namespace game_server {

/// Sends each batch as one frame, and waits (in steps) for the collector's answer.
class CollectorSink {
 public:
  static constexpr std::string_view name = "collector";
  static constexpr hydrant::SinkLimits limits{};
  /// A step goes on while the socket takes more, for so long; then it is the game's turn.
  static constexpr std::chrono::microseconds step_time_max{100};
  static constexpr std::size_t send_bytes_max = 64 * 1024;

  /// The stream appends it at `put`, so memory can be sent as it lies.
  std::string_view record_delimiter() const { return "\n"; }

  void begin(const hydrant::Batch& batch, hydrant::Attempt& /*attempt*/) {
    batch_ = &batch;
    head_ = {static_cast<std::uint32_t>(batch.bytes()), batch.count()};
    piece_ = 0;
    piece_sent_ = 0;
    answer_received_ = 0;
    if (!socket_.is_open()) {
      socket_ = Socket::connected();
    }
  }

  std::optional<hydrant::DeliveryResult> step(hydrant::Attempt& attempt) {
    const hydrant::SteadyTime start = attempt.now();
    while (piece_ <= batch_->slices().size()) {
      const std::span<const std::byte> rest = piece().subspan(piece_sent_);
      const ::ssize_t count = ::send(socket_.descriptor(), rest.data(),
                                     std::min(rest.size(), send_bytes_max), MSG_NOSIGNAL);
      if (count < 0) {
        return not_yet_or_failed("send");
      }
      piece_sent_ += static_cast<std::size_t>(count);
      if (piece_sent_ == piece().size()) {
        ++piece_;
        piece_sent_ = 0;
      }
      if (attempt.now() - start >= step_time_max) {
        return std::nullopt;
      }
    }
    return receive_answer();
  }

  /// The collector may have half a frame: only a new connection makes sense again.
  void cancel() { socket_ = Socket(); }

 private:
  /// The frame's pieces: its head, then the memory that the events lie in.
  std::span<const std::byte> piece() const {
    return piece_ == 0 ? std::as_bytes(std::span(&head_, 1)) : batch_->slices()[piece_ - 1].bytes();
  }

  std::optional<hydrant::DeliveryResult> receive_answer() {
    const ::ssize_t count = ::recv(socket_.descriptor(), answer_.data() + answer_received_,
                                   answer_.size() - answer_received_, 0);
    if (count < 0) {
      return not_yet_or_failed("receive");
    }
    answer_received_ += static_cast<std::size_t>(count);
    if (count != 0 && answer_received_ < answer_.size()) {
      return std::nullopt;
    }
    std::uint32_t events = 0;
    std::memcpy(&events, answer_.data(), sizeof events);
    if (count == 0 || events != head_.events) {
      cancel();
      return hydrant::retry(count == 0 ? "the collector hung up"
                                       : "the collector counts otherwise");
    }
    return hydrant::delivered;
  }

  std::optional<hydrant::DeliveryResult> not_yet_or_failed(const char* what) {
    if (errno == EAGAIN || errno == EINTR) {
      return std::nullopt;
    }
    std::string reason = std::string(what) + ": " + std::strerror(errno);
    cancel();
    return hydrant::retry(std::move(reason));
  }

  Socket socket_;
  const hydrant::Batch* batch_ = nullptr;  // the engine's, from begin to the result
  BatchHead head_;
  std::size_t piece_ = 0;
  std::size_t piece_sent_ = 0;
  std::array<char, sizeof(std::uint32_t)> answer_{};
  std::size_t answer_received_ = 0;
};

static_assert(hydrant::PumpableSink<CollectorSink>);

}  // namespace game_server
