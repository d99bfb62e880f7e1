// SPDX-License-Identifier: MIT
//
// Stands for a telemetry agent, to which games on a machine send: takes
// batches, counts the events in them, and answers each batch with that count.
// The only thread of this program beside the game's own.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "socket.hpp"

namespace game_server {

/// What goes before the events of a batch. Both ends are one machine: its byte order will do.
struct BatchHead {
  std::uint32_t bytes = 0;
  std::uint32_t events = 0;
};

/// Threads: shared: safe.
class Collector {
 public:
  Collector() : door_(Socket::listening()), thread_([this] { work(); }) {}

  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  ~Collector() {
    ::shutdown(door_.descriptor(), SHUT_RDWR);  // ends a wait for a client
  }

  /// Events received so far, counted by their new lines.
  std::uint64_t events() const { return events_; }

 private:
  void work() {
    for (Socket client = door_.accept(); client.is_open(); client = door_.accept()) {
      serve(client);
    }
  }

  void serve(const Socket& client) {
    BatchHead head;
    std::vector<char> batch;
    while (receive(client, &head, sizeof head)) {
      batch.resize(head.bytes);
      if (!receive(client, batch.data(), batch.size())) {
        return;  // half a batch: it comes again
      }
      const auto count = static_cast<std::uint32_t>(std::count(batch.begin(), batch.end(), '\n'));
      events_ += count;
      ::send(client.descriptor(), &count, sizeof count, MSG_NOSIGNAL);
    }
  }

  static bool receive(const Socket& client, void* where, std::size_t size) {
    return size == 0 ||
           ::recv(client.descriptor(), where, size, MSG_WAITALL) == static_cast<::ssize_t>(size);
  }

  Socket door_;
  std::atomic<std::uint64_t> events_{0};
  std::jthread thread_;  // last: it uses all the others
};

}  // namespace game_server
