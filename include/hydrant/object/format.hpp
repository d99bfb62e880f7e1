// SPDX-License-Identifier: MIT
//
// How the records of a batch become the bytes of an object, before they are
// compressed.
#pragma once

#include <hydrant/core/batch.hpp>
#include <hydrant/core/delivery_result.hpp>
#include <hydrant/object/codec.hpp>

#include <concepts>
#include <string_view>
#include <vector>

namespace hydrant {

/// A way to write records into one object.
///
/// `record_delimiter()` is what the stream may append to each record at `put`,
/// so that `write` can hand on whole pages of memory; `write` must cope with
/// batches whose `info().delimiter` is another, or none.
template <class F>
concept Format = requires(const F& format, const Batch& batch, detail::AnyPieceWriter& out) {
  { format.extension() } -> std::convertible_to<std::string_view>;
  { format.content_type() } -> std::convertible_to<std::string_view>;
  { format.record_delimiter() } -> std::convertible_to<std::string_view>;
  { format.write(batch, out) } -> std::same_as<Status>;
};

/// A Format that may leave single records out of the object.
///
/// `write` then takes a list as its third argument, and adds to it each record that is not in the
/// object, by its place in the batch. Where it leaves out all of them, it answers a failure, and
/// no object is made. What it leaves out must depend on the records alone: `write` may be asked
/// for the same object more than once.
template <class F>
concept SelectiveFormat = Format<F> &&
    requires(const F& format, const Batch& batch, detail::AnyPieceWriter& out,
             std::vector<RecordFailure>& failures) {
  { format.write(batch, out, failures) } -> std::same_as<Status>;
};

}  // namespace hydrant
