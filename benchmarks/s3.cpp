// SPDX-License-Identifier: MIT
//
// What the S3 store costs beside sending: bodies to a server on loopback that
// throws them away, by the store and by libcurl alone, on as many connections.
// The store is given pieces, as codecs make them, and must gather them, for S3
// wants to know the length first; so does one of the programs with libcurl
// alone. Rounds alternate, and each is compared with its neighbour.
#include <hydrant/core/system_env.hpp>
#include <hydrant/object/s3_store.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "crew.hpp"
#include "report.hpp"
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using hydrant::benchmarks::Crew;
using hydrant::benchmarks::Spread;

/// What the server says to everything, when all of the body has come.
constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nETag: \"d41d8cd98f00b204e9800998ecf8427e\"\r\nContent-Length: 0\r\n\r\n";

/// Reads requests, and throws their bodies away.
void discard(int socket) {
  std::vector<char> block(std::size_t{1} << 20);
  std::string head;
  for (;;) {
    const auto size = ::recv(socket, block.data(), block.size(), 0);
    if (size <= 0) {
      ::close(socket);
      return;
    }
    head.append(block.data(), static_cast<std::size_t>(size));
    const std::size_t end = head.find("\r\n\r\n");
    if (end == std::string::npos) {
      continue;
    }
    if (head.find("Expect: 100") < end) {
      constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      static_cast<void>(::send(socket, go_on.data(), go_on.size(), MSG_NOSIGNAL));
    }
    std::size_t left = std::stoul(head.substr(head.find("Content-Length: ") + 16));
    left -= std::min(left, head.size() - end - 4);
    head.clear();
    while (left > 0) {
      const auto more = ::recv(socket, block.data(), std::min(block.size(), left), 0);
      if (more <= 0) {
        break;
      }
      left -= static_cast<std::size_t>(more);
    }
    static_cast<void>(::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL));
  }
}

/// A server in a process of its own, so that its time is nobody's.
class Discarder {
 public:
  Discarder() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, generic, size) != 0 || ::listen(listener, 64) != 0 ||
        ::getsockname(listener, generic, &size) != 0) {
      std::perror("server");
      std::exit(1);
    }
    endpoint_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    child_ = ::fork();
    if (child_ == 0) {
      for (;;) {
        const int socket = ::accept(listener, nullptr, nullptr);
        std::thread([socket] { discard(socket); }).detach();
      }
    }
    ::close(listener);
  }

  Discarder(const Discarder&) = delete;
  Discarder& operator=(const Discarder&) = delete;

  ~Discarder() { ::kill(child_, SIGKILL); }

  const std::string& endpoint() const { return endpoint_; }

 private:
  std::string endpoint_;
  pid_t child_ = 0;
};

class AnyCredentials final : public hydrant::AwsCredentialsProvider {
 public:
  hydrant::Result<hydrant::AwsCredentials> credentials(hydrant::Attempt&) override {
    return hydrant::AwsCredentials{"id", "secret", "", {}};
  }
};

/// As the codecs make them.
constexpr std::size_t piece_bytes = std::size_t{256} << 10;

/// One thread's handle, as a program without the store would have it.
class BareCurl {
 public:
  explicit BareCurl(const std::string& endpoint) : easy_(curl_easy_init()) {
    headers_ = curl_slist_append(headers_, "Expect:");
    curl_easy_setopt(easy_, CURLOPT_URL, (endpoint + "/lake/key").c_str());
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &read);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
  }

  BareCurl(const BareCurl&) = delete;
  BareCurl& operator=(const BareCurl&) = delete;

  ~BareCurl() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }

  bool put(std::string_view body) {
    rest_ = body;
    curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body.size()));
    return curl_easy_perform(easy_) == CURLE_OK;
  }

 private:
  static std::size_t read(char* to, std::size_t size, std::size_t count, void* self) {
    std::string_view& rest = static_cast<BareCurl*>(self)->rest_;
    const std::size_t now = std::min(rest.size(), size * count);
    std::memcpy(to, rest.data(), now);
    rest.remove_prefix(now);
    return now;
  }

  CURL* easy_;
  curl_slist* headers_ = nullptr;
  std::string_view rest_;
};

hydrant::S3Store store_with(const std::string& endpoint, hydrant::S3PayloadSigning signing) {
  hydrant::S3StoreOptions options;
  options.bucket = "lake";
  options.endpoint = endpoint;
  options.credentials = std::make_shared<AnyCredentials>();
  options.payload_signing = signing;
  return hydrant::S3Store(options);
}

bool put(hydrant::S3Store& store, hydrant::World& world, std::string_view body) {
  const std::atomic<bool> stop{false};
  hydrant::Attempt attempt(world, 1, world.steady_now() + std::chrono::minutes(1), stop);
  const auto produce = [&](hydrant::ObjectBody::Pieces pieces) -> hydrant::Status {
    for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
      const std::string_view piece = body.substr(at, piece_bytes);
      if (hydrant::Status taken = pieces(std::as_bytes(std::span(piece))); !taken) {
        return taken;
      }
    }
    return hydrant::success();
  };
  return store
      .put_object({"key", "application/octet-stream", "", hydrant::ObjectBody(produce)}, attempt)
      .is_delivered();
}

void require(bool holds) {
  if (!holds) {
    std::fputs("a put failed\n", stderr);
    std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  using hydrant::benchmarks::argument;
  const Discarder server;
  const auto rounds = static_cast<std::size_t>(std::atoi(argument(argc, argv, "--rounds", "9")));
  const auto mib = static_cast<std::size_t>(std::atoi(argument(argc, argv, "--mib", "512")));
  hydrant::benchmarks::Report report(argument(argc, argv, "--json", nullptr));
  const auto world = hydrant::make_world(hydrant::SystemEnv());
  constexpr std::size_t connections = 2;
  Crew crew(connections);
  std::printf("%-10s %-28s %8s %s\n", "body", "subject", "MiB/s",
              "of libcurl: body at hand, in pieces");
  for (const std::size_t body_kib : {std::size_t{64}, std::size_t{1024}, std::size_t{5120}}) {
    const std::string body(body_kib << 10, 'x');
    const std::size_t count = std::max<std::size_t>(1, (mib << 10) / body_kib / connections);
    std::vector<std::unique_ptr<BareCurl>> handles;
    for (std::size_t i = 0; i < connections; ++i) {
      handles.push_back(std::make_unique<BareCurl>(server.endpoint()));
    }
    hydrant::S3Store plain = store_with(server.endpoint(), hydrant::S3PayloadSigning::never);
    hydrant::S3Store hashing = store_with(server.endpoint(), hydrant::S3PayloadSigning::always);
    std::vector<std::string> gathered(connections);
    const std::array<std::function<void(std::size_t)>, 4> subjects{
        [&](std::size_t i) { require(handles[i]->put(body)); },
        [&](std::size_t i) {
          gathered[i].clear();
          for (std::string_view rest = body; !rest.empty();) {
            const std::string_view piece = rest.substr(0, piece_bytes);
            gathered[i] += piece;
            rest.remove_prefix(piece.size());
          }
          require(handles[i]->put(gathered[i]));
        },
        [&](std::size_t) { require(put(plain, *world, body)); },
        [&](std::size_t) { require(put(hashing, *world, body)); }};
    const std::array<const char*, 4> names{"libcurl, body at hand", "libcurl, body in pieces",
                                           "store, CRC-32C", "store, CRC-32C and SHA-256"};
    std::array<std::vector<double>, 4> rates;
    for (std::size_t round = 0; round < rounds + 1; ++round) {
      for (std::size_t subject = 0; subject < subjects.size(); ++subject) {
        const auto result = crew.measure(connections, count, [&](std::size_t i) {
          for (std::size_t n = 0; n < count; ++n) {
            subjects[subject](i);
          }
        });
        if (round > 0) {  // the first warms up
          rates[subject].push_back(result.records_a_second * static_cast<double>(body_kib) / 1024);
        }
      }
    }
    for (std::size_t subject = 0; subject < subjects.size(); ++subject) {
      const Spread rate = Spread::of(rates[subject]);
      const Spread at_hand = Spread::of(hydrant::benchmarks::ratios(rates[subject], rates[0]));
      const Spread in_pieces = Spread::of(hydrant::benchmarks::ratios(rates[subject], rates[1]));
      std::printf("%6zu KiB %-28s %8.0f %15.2f %12.2f [%.2f, %.2f]\n", body_kib, names[subject],
                  rate.median, at_hand.median, in_pieces.median, in_pieces.low, in_pieces.high);
      report.add("s3/" + std::to_string(body_kib) + "_kib/" + names[subject], rate, "MiB/s");
    }
  }
}
