// SPDX-License-Identifier: MIT
//
// One request to S3: addressed, signed, sent, and sent again at once where the
// answer says what was wrong with it and that can be mended here: the region,
// the clock, credentials that have run out, a condition that the server does
// not know. What was learned is kept for all that follow.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/result.hpp>
#include <hydrant/net/aws_credentials.hpp>
#include <hydrant/net/aws_time.hpp>
#include <hydrant/net/http.hpp>
#include <hydrant/net/sha256.hpp>
#include <hydrant/net/sigv4.hpp>
#include <hydrant/net/url.hpp>
#include <hydrant/object/s3_digest.hpp>
#include <hydrant/object/s3_error.hpp>
#include <hydrant/object/s3_options.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant::detail {

/// What is asked of S3, before it is addressed and signed.
struct S3Request {
  std::string method = "GET";
  /// Empty for the bucket itself.
  std::string key;
  /// Names and values, not yet encoded, in the order of the names.
  std::vector<S3Tag> query;
  std::vector<HttpHeader> headers;
  std::vector<std::span<const std::byte>> body;
  /// Whether it is refused where there is something under the key.
  bool if_none_match = false;
  /// 0 is as the options say. Some work of the server takes longer than others.
  std::chrono::milliseconds first_byte{0};
  /// An answer with a longer body is a failure. Default 1 MiB.
  std::size_t response_bytes_max = std::size_t{1} << 20;
};

/// A bucket, and what its server has taught us.
/// Threads: shared: safe. Without a lock, for a process may fork at any moment.
class S3Bucket {
 public:
  explicit S3Bucket(S3StoreOptions options) : options_(std::move(options)) {}

  S3Bucket(const S3Bucket&) = delete;
  S3Bucket& operator=(const S3Bucket&) = delete;

  ~S3Bucket() {
    for (const Learned* learned = region_.load(); learned != nullptr;) {
      delete std::exchange(learned, learned->before);
    }
  }

  const S3StoreOptions& options() const { return options_; }

  HttpTransport& transport() const { return *options_.transport; }

  AwsCredentialsProvider& credentials() const { return *options_.credentials; }

  std::string_view region() const {
    const Learned* learned = region_.load(std::memory_order_acquire);
    return learned == nullptr ? std::string_view(options_.region) : learned->region;
  }

  /// Returns: whether that is news, and may be a region.
  bool learn_region(std::string_view region) {
    const Learned* before = region_.load(std::memory_order_acquire);
    const std::size_t count = before == nullptr ? 0 : before->count;
    if (region.empty() || region.size() > 63 || region == this->region() || count == learned_max ||
        !consists_of(region, "abcdefghijklmnopqrstuvwxyz0123456789-")) {
      return false;
    }
    // Others may be reading what was learned before, so that stays.
    auto learned = std::make_unique<Learned>(Learned{std::string(region), before, count + 1});
    if (region_.compare_exchange_strong(before, learned.get(), std::memory_order_acq_rel)) {
      static_cast<void>(learned.release());
    }
    return true;
  }

  /// What the server's clock shows when ours shows `now`.
  WallTime server_time(WallTime now) const {
    return now + std::chrono::milliseconds(clock_skew_ms_.load(std::memory_order_relaxed));
  }

  void learn_skew(std::chrono::milliseconds skew) {
    clock_skew_ms_.store(skew.count(), std::memory_order_relaxed);
  }

  bool knows_conditions() const { return knows_conditions_.load(std::memory_order_relaxed); }

  void learn_no_conditions() { knows_conditions_.store(false, std::memory_order_relaxed); }

  /// Whether the last that was sent was taken: then a body need not wait for a permission.
  bool is_trusted() const { return is_trusted_.load(std::memory_order_relaxed); }

  void trust(bool is_trusted) { is_trusted_.store(is_trusted, std::memory_order_relaxed); }

  /// The URL of a key, or of the bucket.
  std::string url(const S3Request& request) const {
    std::string endpoint = options_.endpoint;
    if (endpoint.empty()) {
      endpoint = "https://s3." + std::string(region()) + ".amazonaws.com" +
                 (region().starts_with("cn-") ? ".cn" : "");
    }
    const std::size_t host = endpoint.find("://") + 3;
    std::string url = is_virtual_host() ? endpoint.substr(0, host) + options_.bucket + "." +
                                              endpoint.substr(host) + "/"
                                        : endpoint + "/" + options_.bucket + "/";
    url += percent_encode(request.key, true);
    char separator = '?';
    for (const S3Tag& parameter : request.query) {
      url += separator;
      url += percent_encode(parameter.name, false) + "=" + percent_encode(parameter.value, false);
      separator = '&';
    }
    return url;
  }

 private:
  /// More often it is not the bucket that has moved.
  static constexpr std::size_t learned_max = 16;

  struct Learned {
    std::string region;
    const Learned* before;
    std::size_t count;
  };

  bool is_virtual_host() const {
    if (options_.addressing != S3Addressing::automatic) {
      return options_.addressing == S3Addressing::virtual_host;
    }
    return options_.endpoint.empty() && options_.bucket.find('.') == std::string::npos;
  }

  S3StoreOptions options_;
  std::atomic<const Learned*> region_{nullptr};
  std::atomic<std::int64_t> clock_skew_ms_{0};
  std::atomic<bool> knows_conditions_{true};
  std::atomic<bool> is_trusted_{false};
};

/// One request on its way to S3. What it refers to stays until it is over.
/// Threads: distinct objects: safe; shared: unsafe.
class S3Call {
 public:
  S3Call(S3Bucket& bucket, S3Request request) : bucket_(&bucket), request_(std::move(request)) {}

  /// Moves it on, as far as that goes without waiting, but for new credentials.
  /// Returns: nothing yet; or, once, the answer, whatever its status, or why there is none.
  std::optional<Result<HttpResponse>> step(Attempt& attempt) {
    if (exchange_ == nullptr) {
      if (Status started = start(attempt); !started) {
        return Result<HttpResponse>(started.failure());
      }
    }
    std::optional<Result<HttpResponse>> result = exchange_->step();
    if (!result) {
      return std::nullopt;
    }
    exchange_.reset();
    const bool is_taken = *result && result->value().status / 100 == 2;
    if (!request_.body.empty()) {
      bucket_->trust(is_taken);
    }
    if (is_taken && (mended_ & condition) != 0) {
      bucket_->learn_no_conditions();
    }
    if (is_taken || !*result || !mend(result->value())) {
      return result;
    }
    return step_again(attempt);
  }

  /// What to wait for; null before the first step.
  HttpExchange* exchange() const { return exchange_.get(); }

  /// A short stable name for why there is no answer.
  const char* failure_code() const { return failure_code_; }

  /// With which it was signed.
  const AwsCredentials& credentials() const { return credentials_; }

 private:
  enum Mending : unsigned { region = 1, clock = 2, token = 4, condition = 8 };

  /// Shorter ones are sent sooner than a server says that it wants them.
  static constexpr std::uint64_t expect_bytes_min = std::uint64_t{256} << 10;

  std::optional<Result<HttpResponse>> step_again(Attempt& attempt) {
    if (Status started = start(attempt); !started) {
      return Result<HttpResponse>(started.failure());
    }
    return std::nullopt;
  }

  Status start(Attempt& attempt) {
    Result<AwsCredentials> credentials = bucket_->credentials().credentials(attempt);
    if (!credentials) {
      failure_code_ = "S3.NoCredentials";
      return Failure{"no credentials: " + credentials.failure().message};
    }
    failure_code_ = "S3.NoAnswer";
    credentials_ = credentials.value();
    signed_at_ = attempt.world().wall_now();
    HttpRequest request;
    request.method = request_.method;
    request.url = bucket_->url(request_);
    request.headers = request_.headers;
    request.body = request_.body;
    request.timeouts = bucket_->options().timeouts;
    request.timeouts.first_byte = std::max(request.timeouts.first_byte, request_.first_byte);
    request.response_bytes_max = request_.response_bytes_max;
    is_conditional_ =
        request_.if_none_match && bucket_->knows_conditions() && (mended_ & condition) == 0;
    if (is_conditional_) {
      request.headers.push_back({"If-None-Match", "*"});
    }
    if (!bucket_->options().expected_bucket_owner.empty()) {
      request.headers.push_back(
          {"x-amz-expected-bucket-owner", bucket_->options().expected_bucket_owner});
    }
    sign_v4(request, credentials_, {bucket_->region(), "s3"}, payload_hash(request),
            bucket_->server_time(signed_at_));
    if (request.body_bytes() >= expect_bytes_min && !bucket_->is_trusted()) {
      // A wrong bucket, region or key is said before a body is sent for nothing, and its answer is
      // not lost when the server hangs up. Not signed: what stands between may take it.
      request.headers.push_back({"Expect", "100-continue"});
    }
    exchange_ = bucket_->transport().start(std::move(request));
    return success();
  }

  /// Of the body, made once.
  const std::string& payload_hash(const HttpRequest& request) {
    const S3PayloadSigning signing = bucket_->options().payload_signing;
    const bool is_signed =
        request.body.empty() || signing == S3PayloadSigning::always ||
        (signing == S3PayloadSigning::automatic && request.url.starts_with("http://"));
    if (payload_hash_.empty()) {
      payload_hash_ = is_signed ? sha256_hex(request.body) : std::string(unsigned_payload);
    }
    return payload_hash_;
  }

  /// Returns: whether there is something new to try at once; each thing is tried once.
  bool mend(const HttpResponse& answer) {
    const S3Error error = read_s3_error(answer);
    const auto is_new = [this](Mending mending) {
      const bool is_first = (mended_ & mending) == 0;
      mended_ |= mending;
      return is_first;
    };
    if (error.status == 301 || error.status == 307 || error.status == 400 || error.status == 403) {
      if (!error.region.empty() && bucket_->learn_region(error.region)) {
        return is_new(region);
      }
    }
    if (error.is("RequestTimeTooSkewed")) {
      const auto skew = clock_skew(answer.header("Date"), signed_at_);
      if (skew) {
        bucket_->learn_skew(*skew);
      }
      return skew && is_new(clock);
    }
    if (error.is("ExpiredToken") || error.is("InvalidToken") || error.is("TokenRefreshRequired") ||
        error.is("InvalidAccessKeyId")) {
      bucket_->credentials().invalidate();
      return is_new(token);
    }
    if (is_conditional_ && error.status == 501) {
      return is_new(condition);  // that it was the condition is known when it goes without
    }
    return false;
  }

  S3Bucket* bucket_;
  S3Request request_;
  std::unique_ptr<HttpExchange> exchange_;
  AwsCredentials credentials_;
  const char* failure_code_ = "";
  std::string payload_hash_;
  WallTime signed_at_{};
  unsigned mended_ = 0;
  bool is_conditional_ = false;
};

/// What became of a call.
struct S3Outcome {
  HttpResponse response;
  /// What the server said against it, if it was the server.
  std::optional<S3Error> error;
  /// What that means for the object; delivered when it was done.
  DeliveryResult result = delivered;

  bool is_ok() const { return result.is_delivered(); }

  bool is_error(std::string_view code) const { return error && error->is(code); }

  /// Names differ from server to server; for some faults the status is what they agree on.
  bool is_status(int status) const { return error && error->status == status; }
};

/// `what` is what was tried, in words.
inline S3Outcome judge(const std::string& what, const S3Call& call, Result<HttpResponse> result) {
  S3Outcome outcome;
  if (!result) {
    outcome.result = retry(what + ": " + result.failure().message).with_code(call.failure_code());
    return outcome;
  }
  outcome.response = std::move(result.value());
  // Of a request that takes long the status is sent before it is known what comes of it.
  const bool is_late_error = outcome.response.body.find("<Error") != std::string::npos &&
                             xml_child(outcome.response.body, "Error");
  if (outcome.response.status / 100 != 2 || is_late_error) {
    outcome.error = read_s3_error(outcome.response);
    outcome.result = s3_failure(what, *outcome.error, call.credentials());
  }
  return outcome;
}

/// Carries out one request, and waits for it.
/// Blocks: until then, or until the attempt's time is over.
inline S3Outcome perform(const std::string& what, S3Bucket& bucket, S3Request request,
                         Attempt& attempt) {
  constexpr std::chrono::milliseconds turn{100};
  S3Call call(bucket, std::move(request));
  for (;;) {
    if (std::optional<Result<HttpResponse>> result = call.step(attempt)) {
      return judge(what, call, std::move(*result));
    }
    if (attempt.cancelled()) {
      S3Outcome outcome;
      outcome.result =
          retry(what + ": stopped: the attempt's time is over").with_code("S3.Cancelled");
      return outcome;
    }
    HttpExchange* const exchange = call.exchange();
    bucket.transport().wait({&exchange, 1}, turn);
  }
}

}  // namespace hydrant::detail
