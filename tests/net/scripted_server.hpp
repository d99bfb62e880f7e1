// SPDX-License-Identifier: MIT
//
// A server that does exactly what a test says, down to the byte: each
// connection is served by a function, on a thread of its own, over TCP or TLS.
#pragma once

#include <hydrant/net/http.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hydrant::tests {

/// The server's end of a connection.
class Peer {
 public:
  Peer(int socket, std::size_t index, SSL_CTX* tls) : socket_(socket), index_(index) {
    if (tls != nullptr) {
      tls_ = SSL_new(tls);
      SSL_set_fd(tls_, socket_);
      is_open_ = SSL_accept(tls_) == 1;
    }
  }

  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  ~Peer() {
    SSL_free(tls_);
    ::close(socket_);
  }

  /// Counted from 0, over all connections of the server.
  std::size_t index() const { return index_; }

  bool is_open() const { return is_open_; }

  /// Whether the client has shown a certificate that was verified.
  bool has_certificate() const {
    X509* shown = SSL_get1_peer_certificate(tls_);
    X509_free(shown);
    return shown != nullptr && SSL_get_verify_result(tls_) == X509_V_OK;
  }

  /// Everything to the empty line that ends a request's header; empty when there is no more.
  std::string read_head() {
    while (input_.find("\r\n\r\n") == std::string::npos) {
      if (!receive()) {
        return {};
      }
    }
    return take(input_.find("\r\n\r\n") + 4);
  }

  /// So many bytes, or fewer when the client says no more.
  std::string read_body(std::size_t size) {
    while (input_.size() < size && receive()) {
    }
    return take(std::min(size, input_.size()));
  }

  /// A header and the body that it announces.
  std::string read_request() {
    const std::string head = read_head();
    const std::size_t at = head.find("Content-Length: ");
    const std::size_t size = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    return head + read_body(size);
  }

  void send(std::string_view text) {
    while (is_open_ && !text.empty()) {
      const auto size = tls_ != nullptr
                            ? SSL_write(tls_, text.data(), static_cast<int>(text.size()))
                            : ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      is_open_ = size > 0;
      text.remove_prefix(is_open_ ? static_cast<std::size_t>(size) : 0);
    }
  }

  /// Says nothing until the client has hung up.
  void wait_for_end() {
    while (receive()) {
      input_.clear();
    }
  }

  /// Neither reads nor speaks until the connection, or the server, comes to its end.
  void be_deaf() const {
    pollfd end{socket_, POLLRDHUP, 0};
    ::poll(&end, 1, -1);
  }

  /// Ends the connection with a reset instead of a farewell, when the script ends.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }

 private:
  bool receive() {
    char block[16384];
    const auto size = !is_open_         ? 0
                      : tls_ != nullptr ? SSL_read(tls_, block, sizeof(block))
                                        : ::recv(socket_, block, sizeof(block), 0);
    is_open_ = size > 0;
    input_.append(block, is_open_ ? static_cast<std::size_t>(size) : 0);
    return is_open_;
  }

  std::string take(std::size_t size) {
    std::string taken = input_.substr(0, size);
    input_.erase(0, size);
    return taken;
  }

  int socket_;
  std::size_t index_;
  SSL* tls_ = nullptr;
  bool is_open_ = true;
  std::string input_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  /// `tls` stays the caller's; none is plain TCP.
  explicit ScriptedServer(Script script, SSL_CTX* tls = nullptr)
      : script_(std::move(script)), tls_(tls) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard guard(lock_);
      for (const int socket : sockets_) {
        ::shutdown(socket, SHUT_RDWR);
      }
    }
    for (std::thread& thread : threads_) {
      thread.join();
    }
    ::close(listener_);
  }

  std::uint16_t port() const { return port_; }

  std::string url(std::string_view path = "/", std::string_view host = "127.0.0.1") const {
    return (tls_ != nullptr ? "https://" : "http://") + std::string(host) + ":" +
           std::to_string(port_) + std::string(path);
  }

  /// How many connections there have been.
  std::size_t connection_count() const { return connection_count_.load(); }

 private:
  void accept_all() {
    sigset_t broken_pipe;  // of this side: the client must not need that
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    for (;;) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) {
        return;
      }
      std::lock_guard guard(lock_);
      sockets_.push_back(socket);
      threads_.emplace_back(
          [this, socket, index = connection_count_.fetch_add(1)] { serve(socket, index); });
    }
  }

  void serve(int socket, std::size_t index) {
    Peer peer(socket, index, tls_);
    if (peer.is_open()) {
      script_(peer);
    }
    std::lock_guard guard(lock_);  // before the number is given to another file
    std::erase(sockets_, socket);
  }

  Script script_;
  SSL_CTX* tls_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connection_count_{0};
  std::mutex lock_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// An answer as servers write it.
inline std::string http_answer(std::string_view body, std::string_view status = "200 OK",
                               std::string_view headers = {}) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace hydrant::tests
