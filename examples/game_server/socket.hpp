// SPDX-License-Identifier: MIT
//
// A TCP socket on the loopback interface that closes itself.
#pragma once

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace game_server {

/// Threads: distinct objects: safe; shared: unsafe.
class Socket {
 public:
  Socket() = default;

  explicit Socket(int descriptor) : descriptor_(descriptor) {}

  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  ~Socket() {
    if (is_open()) {
      ::close(descriptor_);
    }
  }

  bool is_open() const { return descriptor_ >= 0; }

  int descriptor() const { return descriptor_; }

  /// Errors: std::system_error.
  static Socket listening() {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in any = address(0);
    if (::bind(socket.descriptor_, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
        ::listen(socket.descriptor_, 1) != 0) {
      throw std::system_error(errno, std::generic_category(), "cannot listen");
    }
    return socket;
  }

  /// Waits for nothing: until the connection is made, the socket takes no bytes yet. One that
  /// cannot be made is known by the first `send`.
  static Socket connecting(std::uint16_t port) {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    ::setsockopt(socket.descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const sockaddr_in there = address(port);
    ::connect(socket.descriptor_, reinterpret_cast<const sockaddr*>(&there), sizeof there);
    return socket;
  }

  Socket accept() const { return Socket(::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC)); }

  std::uint16_t port() const {
    sockaddr_in here{};
    socklen_t size = sizeof here;
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&here), &size);
    return ntohs(here.sin_port);
  }

 private:
  static sockaddr_in address(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  int descriptor_ = -1;
};

}  // namespace game_server
