// SPDX-License-Identifier: MIT
//
// Carries requests with libcurl: TLS verified, connections kept open between
// requests, no redirect followed, nothing read from the environment. Each
// exchange is driven by the thread that holds it, on handles of its own, so
// nothing is locked and requests never wait for each other.
#pragma once

#include <hydrant/core/env.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/system_env.hpp>
#include <hydrant/net/curl_exchange.hpp>
#include <hydrant/net/curl_line.hpp>
#include <hydrant/net/curl_options.hpp>
#include <hydrant/net/http.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hydrant {

namespace detail {

/// Adds what an exchange's connections wait for. Returns: false when that cannot be told.
inline bool add_sockets(const CurlLine& line, std::vector<curl_waitfd>& sockets) {
#if LIBCURL_VERSION_NUM >= 0x080800
  std::array<curl_waitfd, 16> found{};
  unsigned count = 0;
  if (curl_multi_waitfds(line.multi(), found.data(), found.size(), &count) != CURLM_OK) {
    return false;
  }
  sockets.insert(sockets.end(), found.begin(), found.begin() + std::min<unsigned>(count, 16));
  return count != 0;
#else
  fd_set reading;
  fd_set writing;
  fd_set failing;
  FD_ZERO(&reading);
  FD_ZERO(&writing);
  FD_ZERO(&failing);
  int last = -1;
  if (curl_multi_fdset(line.multi(), &reading, &writing, &failing, &last) != CURLM_OK) {
    return false;
  }
  for (int socket = 0; socket <= last; ++socket) {
    const bool is_read = FD_ISSET(socket, &reading);
    const bool is_written = FD_ISSET(socket, &writing);
    if (is_read || is_written) {
      sockets.push_back({socket,
                         static_cast<short>((is_read ? CURL_WAIT_POLLIN : 0) |
                                            (is_written ? CURL_WAIT_POLLOUT : 0)),
                         0});
    }
  }
  return last >= 0;  // also when it has one that is too large for the set
#endif
}

}  // namespace detail

/// Carries requests over HTTP/1.1 and HTTP/2.
///
/// @code
/// hydrant::CurlTransport transport{{.ca_file = "/etc/ssl/laboratory.pem"}};
/// @endcode
///
/// A child of the process leaves its parent's connections alone and opens its own; an exchange
/// that was on its way when the process forked fails there.
///
/// Threads: shared: safe.
class CurlTransport final : public HttpTransport {
 public:
  /// Throws OptionsError. `world` tells the time for first_byte and stall; libcurl has clocks of
  /// its own for the rest.
  explicit CurlTransport(CurlTransportOptions options = {},
                         std::shared_ptr<World> world = make_world(SystemEnv()))
      : options_(std::make_shared<const CurlTransportOptions>(checked(std::move(options)))),
        world_(std::move(world)),
        pool_(std::make_shared<detail::CurlLinePool>(options_->idle_connections_max)) {}

  /// The exchange may outlive the transport.
  std::unique_ptr<HttpExchange> start(HttpRequest request) override {
    return std::make_unique<detail::CurlExchange>(pool_, world_, *options_, std::move(request));
  }

  void wait(std::span<HttpExchange* const> exchanges, std::chrono::milliseconds at_most) override {
    // How often to look where it is not known what to wait for.
    constexpr std::chrono::milliseconds turn{1};
    std::vector<curl_waitfd> sockets;
    detail::CurlExchange* first = nullptr;
    for (HttpExchange* given : exchanges) {
      auto& exchange = *static_cast<detail::CurlExchange*>(given);
      if (!exchange.is_waiting()) {
        return;
      }
      if (first == nullptr) {
        first = &exchange;  // whose own are watched anyway
        continue;
      }
      at_most = std::min(at_most, exchange.time_left());
      if (!detail::add_sockets(exchange.line(), sockets)) {
        at_most = std::min(at_most, turn);
      }
    }
    if (first != nullptr) {
      first->poll(at_most, sockets);
    }
  }

 private:
  static CurlTransportOptions checked(CurlTransportOptions options) {
    OptionErrors errors;
    options.validate(errors);
    if (!errors.empty()) {
      throw OptionsError("CurlTransport", std::move(errors));
    }
    return options;
  }

  std::shared_ptr<const CurlTransportOptions> options_;
  std::shared_ptr<World> world_;
  std::shared_ptr<detail::CurlLinePool> pool_;
};

}  // namespace hydrant
