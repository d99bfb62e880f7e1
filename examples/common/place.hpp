// SPDX-License-Identifier: MIT
//
// Places for objects as a command line names them, a directory or
// s3://bucket/prefix, behind one type each for writing and for reading. For S3
// the environment says the rest, in the names of AWS's own tools: AWS_REGION,
// AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, and where credentials are.
#pragma once

#include <hydrant/core/system_process.hpp>
#include <hydrant/hydrant.hpp>
#include <hydrant/net/aws_default_credentials.hpp>
#include <hydrant/net/curl_transport.hpp>
#include <hydrant/object/directory_source.hpp>
#include <hydrant/object/directory_store.hpp>
#include <hydrant/object/s3_source.hpp>
#include <hydrant/object/s3_store.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace examples {

/// Where objects are.
struct Place {
  std::string directory{};  // empty: in a bucket
  std::optional<hydrant::S3StoreOptions> bucket{};
  /// In front of every key. Empty for a directory.
  std::string prefix{};
};

inline hydrant::S3StoreOptions bucket_options(std::string bucket) {
  const hydrant::ProcessEnvironment process = hydrant::system_process_environment();
  hydrant::S3StoreOptions options;
  options.bucket = std::move(bucket);
  for (const char* const name : {"AWS_DEFAULT_REGION", "AWS_REGION"}) {
    if (std::string region = process.value_of(name); !region.empty()) {
      options.region = std::move(region);
    }
  }
  for (const char* const name : {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}) {
    if (std::string endpoint = process.value_of(name); !endpoint.empty()) {
      options.endpoint = std::move(endpoint);
    }
  }
  options.transport = std::make_shared<hydrant::CurlTransport>();
  options.credentials = hydrant::default_aws_credentials(
      {hydrant::make_world(hydrant::SystemEnv{}), options.transport, process});
  return options;
}

/// Errors: std::invalid_argument.
inline Place parse_place(std::string_view text) {
  constexpr std::string_view scheme = "s3://";
  if (!text.starts_with(scheme)) {
    return {.directory = std::string(text)};
  }
  text.remove_prefix(scheme.size());
  const std::size_t slash = std::min(text.find('/'), text.size());
  if (slash == 0) {
    throw std::invalid_argument("s3:// without a bucket: s3://BUCKET[/PREFIX]");
  }
  Place place{.bucket = bucket_options(std::string(text.substr(0, slash))),
              .prefix = std::string(text.substr(std::min(slash + 1, text.size())))};
  if (!place.prefix.empty() && !place.prefix.ends_with('/')) {
    place.prefix += '/';
  }
  return place;
}

/// A part of a place, as a folder is a part of a directory.
inline Place part_of(Place place, std::string_view folder) {
  if (place.bucket) {
    place.prefix += std::string(folder) + "/";
  } else {
    place.directory += "/" + std::string(folder);
  }
  return place;
}

/// A store that is chosen when the program runs. It is also how to make one type of several.
/// Threads: shared: safe.
class AnyStore {
 public:
  static constexpr std::string_view name = "lake";

  explicit AnyStore(const Place& place) : store_(make(place)) {}

  void validate(hydrant::OptionErrors& errors) const {
    std::visit([&](const auto& store) { store.validate(errors); }, store_);
  }

  bool accepts(std::string_view key) const {
    return std::visit([&](const auto& store) { return store.accepts(key); }, store_);
  }

  hydrant::DeliveryResult put_object(const hydrant::Object& object, hydrant::Attempt& attempt) {
    return std::visit([&](auto& store) { return store.put_object(object, attempt); }, store_);
  }

 private:
  using Stores = std::variant<hydrant::DirectoryStore, hydrant::S3Store>;

  static Stores make(const Place& place) {
    return place.bucket ? Stores(hydrant::S3Store(*place.bucket))
                        : Stores(hydrant::DirectoryStore(place.directory));
  }

  Stores store_;
};

/// A source that is chosen when the program runs. Keys are those below the place.
/// Threads: shared: safe.
class AnySource {
 public:
  static constexpr std::string_view name = "lake";

  explicit AnySource(const Place& place) : source_(make(place)), prefix_(place.prefix) {}

  hydrant::Result<std::vector<std::string>> list(std::string_view prefix,
                                                 hydrant::Attempt& attempt) {
    auto keys =
        std::visit([&](auto& source) { return source.list(full(prefix), attempt); }, source_);
    if (keys) {
      for (std::string& key : keys.value()) {
        key.erase(0, prefix_.size());
      }
    }
    return keys;
  }

  hydrant::Result<std::string> read(std::string_view key, std::size_t bytes_max,
                                    hydrant::Attempt& attempt) {
    return std::visit([&](auto& source) { return source.read(full(key), bytes_max, attempt); },
                      source_);
  }

  hydrant::Status move(std::string_view from, std::string_view to, hydrant::Attempt& attempt) {
    return std::visit([&](auto& source) { return source.move(full(from), full(to), attempt); },
                      source_);
  }

 private:
  using Sources = std::variant<hydrant::DirectorySource, hydrant::S3Source>;

  static Sources make(const Place& place) {
    return place.bucket ? Sources(hydrant::S3Source(*place.bucket))
                        : Sources(hydrant::DirectorySource(place.directory));
  }

  std::string full(std::string_view key) const { return prefix_ + std::string(key); }

  Sources source_;
  std::string prefix_;
};

}  // namespace examples
