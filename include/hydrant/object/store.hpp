// SPDX-License-Identifier: MIT
//
// Where objects are kept. A store takes an object under a key, whole or not at
// all; the object's bytes are made while it takes them, so a directory streams
// them to disk, and a store that must know the length first may collect them.
#pragma once

#include <hydrant/core/attempt.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

namespace hydrant {

namespace detail {

/// The address of a function object; who calls it casts back to the same, maybe const, type.
template <class F>
void* erase_type(F& function) {
  return const_cast<void*>(static_cast<const void*>(std::addressof(function)));
}

}  // namespace detail

/// An object's bytes, made on demand, piece by piece, the same each time.
/// Threads: unsafe: one call, one thread.
class ObjectBody {
 public:
  /// Gives each piece to `consume`, a `Status(std::span<const std::byte>)`, until it fails.
  template <class Consume>
  Status write_to(Consume&& consume) const {
    return produce_(producer_, Pieces(consume));
  }

  /// `Pieces` as the producer sees it: a reference to the caller's function.
  class Pieces {
   public:
    template <class Consume>

    requires(!std::same_as<std::remove_const_t<Consume>, Pieces>) explicit Pieces(Consume& consume)
        : consumer_(detail::erase_type(consume)),
          call_([](void* consumer, std::span<const std::byte> piece) -> Status {
            return (*static_cast<Consume*>(consumer))(piece);
          }) {}

    Status operator()(std::span<const std::byte> piece) { return call_(consumer_, piece); }

   private:
    void* consumer_;
    Status (*call_)(void*, std::span<const std::byte>);
  };

  /// Refers to `producer`, a `Status(Pieces)`, which must outlive the body.
  template <class Producer>

  requires(!std::same_as<std::remove_const_t<Producer>, ObjectBody>) explicit ObjectBody(
      Producer& producer)
      : producer_(detail::erase_type(producer)),
        produce_([](void* function, Pieces pieces) -> Status {
          return (*static_cast<Producer*>(function))(pieces);
        }) {}

 private:
  void* producer_;
  Status (*produce_)(void*, Pieces);
};

/// One object on its way into a store.
struct Object {
  /// The name, parts separated by '/'. The same on every attempt.
  std::string_view key;
  std::string_view content_type;
  /// Empty when the body is not compressed.
  std::string_view content_encoding;
  ObjectBody body;
};

/// A place for objects. It keeps what has the same key only once.
template <class S>
concept Store = std::move_constructible<S> &&
    requires(S& store, const Object& object, Attempt& attempt) {
  { S::name } -> std::convertible_to<std::string_view>;
  { store.put_object(object, attempt) } -> std::convertible_to<DeliveryResult>;
};

}  // namespace hydrant
