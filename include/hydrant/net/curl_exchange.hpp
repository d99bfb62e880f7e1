// SPDX-License-Identifier: MIT
//
// One request on its way through libcurl: how it is set up, moved on, timed,
// and what it says when it fails. The body is read from the caller's memory as
// the connection takes it, and read again where libcurl must start over.
#pragma once

#include <hydrant/core/bytes.hpp>
#include <hydrant/core/env.hpp>
#include <hydrant/net/curl_line.hpp>
#include <hydrant/net/curl_options.hpp>
#include <hydrant/net/curl_setup.hpp>
#include <hydrant/net/http.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hydrant::detail {

/// One request on its way.
/// Threads: distinct objects: safe; shared: unsafe.
class CurlExchange final : public HttpExchange {
 public:
  CurlExchange(std::shared_ptr<CurlLinePool> pool, std::shared_ptr<World> world,
               const CurlTransportOptions& options, HttpRequest request)
      : pool_(std::move(pool)), world_(std::move(world)), request_(std::move(request)) {
    body_bytes_ = request_.body_bytes();
    if (std::string fault = fault_of(request_); !fault.empty()) {
      refuse("not sent: " + fault);
      return;
    }
    line_ = pool_->take(origin_of(request_.url));
    if (!line_->is_usable()) {
      refuse("not sent: libcurl could not be started: out of memory, or of file descriptors");
      return;
    }
    set_up(options);
    moved_at_ = world_->steady_now();
  }

  /// What is on its way is dropped, with its connection.
  ~CurlExchange() override { hang_up(); }

  std::optional<Result<HttpResponse>> step() override {
    if (is_over_) {
      return std::nullopt;
    }
    if (line_ == nullptr) {
      return fail(refusal_);
    }
    if (line_->is_foreign()) {
      return fail("given up: the process has forked, and this is the child");
    }
    int running = 0;
    if (const CURLMcode code = curl_multi_perform(line_->multi(), &running); code != CURLM_OK) {
      return fail(std::string(phase()) + ": " + curl_multi_strerror(code));
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(line_->multi(), &left)) {
      if (message->msg == CURLMSG_DONE) {
        return end(message->data.result);
      }
    }
    return check_time();
  }

  void wait(std::chrono::milliseconds at_most) override {
    if (is_waiting()) {
      poll(at_most, {});
    }
  }

  /// Whether there is anything to wait for: else a step has a result at once.
  bool is_waiting() const { return !is_over_ && line_ != nullptr && !line_->is_foreign(); }

  /// Returns as soon as a step would lead on, or one of the `others` is ready.
  void poll(std::chrono::milliseconds at_most, std::span<curl_waitfd> others) {
    at_most = std::max(std::min(at_most, time_left()), std::chrono::milliseconds(0));
    curl_multi_poll(line_->multi(), others.data(), static_cast<unsigned>(others.size()),
                    static_cast<int>(at_most.count()), nullptr);
  }

  /// How long a step may be put off, whatever happens on the connection.
  std::chrono::milliseconds time_left() const {
    std::chrono::milliseconds left{60'000};
    if (is_connected_) {
      const auto silent = world_->steady_now() - moved_at_;
      left = std::chrono::ceil<std::chrono::milliseconds>(silence_max() - silent);
    }
    long wish = -1;
    curl_multi_timeout(line_->multi(), &wish);
    return wish < 0 ? left : std::min(left, std::chrono::milliseconds(wish));
  }

  const CurlLine& line() const { return *line_; }

 private:
  // ---- what libcurl calls: nothing may be thrown through it ----

  static int on_connected(void* self, char*, char*, int, int) {
    static_cast<CurlExchange*>(self)->is_connected_ = true;
    return CURL_PREREQFUNC_OK;
  }

  static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* self) {
    return static_cast<CurlExchange*>(self)->read({reinterpret_cast<std::byte*>(to), size * count});
  }

  static int on_seek(void* self, curl_off_t offset, int from) {
    return static_cast<CurlExchange*>(self)->seek(offset, from);
  }

  static std::size_t on_header(const char* text, std::size_t size, std::size_t count, void* self) {
    return static_cast<CurlExchange*>(self)->take([&](CurlExchange& exchange) {
      return exchange.answer_.take_header({text, size * count});
    })
               ? size * count
               : 0;
  }

  static std::size_t on_body(const char* text, std::size_t size, std::size_t count, void* self) {
    return static_cast<CurlExchange*>(self)->take([&](CurlExchange& exchange) {
      return exchange.answer_.take_body({text, size * count}, exchange.request_.response_bytes_max);
    })
               ? size * count
               : 0;
  }

  template <class Take>
  bool take(Take&& take) {
    try {
      return take(*this);
    } catch (...) {  // nothing but memory can run out
      answer_.fault = "out of memory";
      return false;
    }
  }

  std::size_t read(std::span<std::byte> to) {
    std::size_t size = 0;
    while (size < to.size() && piece_ < request_.body.size()) {
      const std::span<const std::byte> rest = request_.body[piece_].subspan(piece_offset_);
      const std::size_t now = std::min(rest.size(), to.size() - size);
      if (now != 0) {
        std::memcpy(to.data() + size, rest.data(), now);
      }
      size += now;
      piece_offset_ += now;
      if (now == rest.size()) {
        ++piece_;
        piece_offset_ = 0;
      }
    }
    return size;
  }

  int seek(curl_off_t offset, int from) {
    if (from != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > body_bytes_) {
      return CURL_SEEKFUNC_CANTSEEK;
    }
    piece_ = 0;
    piece_offset_ = static_cast<std::size_t>(offset);
    while (piece_ < request_.body.size() && piece_offset_ >= request_.body[piece_].size()) {
      piece_offset_ -= request_.body[piece_].size();
      ++piece_;
    }
    return CURL_SEEKFUNC_OK;
  }

  // ---- the way of a request ----

  void set_up(const CurlTransportOptions& options) {
    CURL* easy = line_->easy();
    line_->origin = origin_of(request_.url);
    curl_easy_reset(easy);
    error_text_.fill('\0');
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
    set_connection(easy, options, request_.timeouts);
    headers_ = set_request(easy, request_, options);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    if (headers_ == nullptr || curl_multi_add_handle(line_->multi(), easy) != CURLM_OK) {
      line_.reset();
      refuse("not sent: libcurl did not take the request: out of memory");
    }
  }

  void refuse(std::string why) { refusal_ = std::move(why); }

  std::optional<Result<HttpResponse>> end(CURLcode code) {
    if (code != CURLE_OK) {
      return fail(describe(code), os_code());
    }
    if (!answer_.has_begun || !answer_.has_header) {  // libcurl takes what there is of it
      return fail("receiving the answer: its header breaks off");
    }
    is_over_ = true;
    curl_multi_remove_handle(line_->multi(), line_->easy());
    pool_->give_back(std::move(line_));
    return Result<HttpResponse>(std::move(answer_.response));
  }

  std::optional<Result<HttpResponse>> fail(const std::string& why, int os_code = 0) {
    is_over_ = true;
    hang_up();
    return Result<HttpResponse>(Failure{to_text(request_) + ": " + why, os_code});
  }

  /// The line goes with its connections and with what it knows of names.
  void hang_up() {
    if (line_ != nullptr && !line_->is_foreign()) {
      curl_multi_remove_handle(line_->multi(), line_->easy());
    }
    line_.reset();
  }

  int os_code() const {
    long code = 0;
    curl_easy_getinfo(line_->easy(), CURLINFO_OS_ERRNO, &code);
    return static_cast<int>(code);
  }

  // ---- time ----

  std::optional<Result<HttpResponse>> check_time() {
    const SteadyTime now = world_->steady_now();
    if (const std::uint64_t moved = bytes_moved(); moved != moved_) {
      moved_ = moved;
      moved_at_ = now;
      return std::nullopt;
    }
    // Until it is connected libcurl watches the time: it divides it among the server's addresses.
    if (!is_connected_ || now - moved_at_ < silence_max()) {
      return std::nullopt;
    }
    return fail(std::string(phase()) + ": no byte for " +
                to_text(std::chrono::nanoseconds(silence_max())) +
                " (is the server overloaded, or a firewall dropping packets?)");
  }

  std::uint64_t bytes_moved() {
    curl_off_t sent = 0;
    curl_easy_getinfo(line_->easy(), CURLINFO_SIZE_UPLOAD_T, &sent);
    sent_ = static_cast<std::uint64_t>(sent);
    return (is_connected_ ? 1 : 0) + sent_ + answer_.bytes;
  }

  bool is_waiting_for_answer() const { return sent_ >= body_bytes_ && !answer_.has_begun; }

  std::chrono::milliseconds silence_max() const {
    return is_waiting_for_answer() ? request_.timeouts.first_byte : request_.timeouts.stall;
  }

  // ---- what went wrong ----

  std::string_view phase() const {
    if (!is_connected_) {
      return "connecting";
    }
    if (answer_.has_begun) {
      return "receiving the answer";
    }
    return is_waiting_for_answer() ? "waiting for the answer" : "sending the request";
  }

  std::string describe(CURLcode code) {
    static_cast<void>(bytes_moved());
    if (!answer_.fault.empty()) {
      return "receiving the answer: " + answer_.fault;
    }
    std::string text = std::string(phase()) + ": ";
    if (code == CURLE_OPERATION_TIMEDOUT && !is_connected_) {
      text +=
          "no connection within " + to_text(std::chrono::nanoseconds(request_.timeouts.connect));
    } else {
      text += error_text_.front() != '\0' ? error_text_.data() : curl_easy_strerror(code);
    }
    const std::string_view advice = advice_for(code);
    return advice.empty() ? text : text + " (" + std::string(advice) + ")";
  }

  std::shared_ptr<CurlLinePool> pool_;
  std::shared_ptr<World> world_;
  HttpRequest request_;
  std::unique_ptr<CurlLine> line_;
  CurlHeaderList headers_;
  std::string refusal_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  CurlAnswer answer_;
  std::uint64_t body_bytes_ = 0;
  std::size_t piece_ = 0;
  std::size_t piece_offset_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t moved_ = 0;
  SteadyTime moved_at_{};
  bool is_connected_ = false;
  bool is_over_ = false;
};

}  // namespace hydrant::detail
