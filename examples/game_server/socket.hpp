// SPDX-License-Identifier: MIT
//
// A Unix socket that closes itself. Its address is a name of the process, in
// Linux's abstract namespace: no file is made or left behind.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
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
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.with_address(::bind) || ::listen(socket.descriptor_, 1) != 0) {
      throw std::system_error(errno, std::generic_category(), "cannot listen");
    }
    return socket;
  }

  /// Waits for nothing. Where nobody listens, the first `send` says so.
  static Socket connected() {
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    static_cast<void>(socket.with_address(::connect));
    return socket;
  }

  Socket accept() const { return Socket(::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC)); }

 private:
  bool with_address(int (*use)(int, const sockaddr*, socklen_t)) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = '\0' + std::string("hydrant-game-") + std::to_string(::getpid());
    std::copy(name.begin(), name.end(), address.sun_path);
    return use(descriptor_, reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())) == 0;
  }

  int descriptor_ = -1;
};

}  // namespace game_server
