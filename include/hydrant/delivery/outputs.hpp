// SPDX-License-Identifier: MIT
//
// The outputs that a stream may have beside the main one: the error output,
// which gets what failed for good, and the source backup, which gets everything
// as it was put. Both are given to the stream's constructor after the sink.
#pragma once

#include <hydrant/buffer/buffering_hints.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/delivery/retry.hpp>

#include <utility>

namespace hydrant {

/// The options of an output beside the main one: the error output, the source backup.
struct OutputOptions {
  /// Default 5 MiB or 300 s.
  /// Source: Firehose API 2015-08-04, S3 backup and error output, BufferingHints.
  BufferingHints buffering{};
  RetryOptions retry{};

  void validate(OptionErrors& errors) const {
    buffering.validate(errors);
    retry.validate(errors);
  }
};

/// Where records go that failed for good. See `error_output`.
template <class S>
struct ErrorOutput {
  S sink;
  OutputOptions options;
};

/// Where every record goes as it was put. See `source_backup`.
template <class S>
struct SourceBackup {
  S sink;
  OutputOptions options;
};

/// Sends records that failed for good to `sink`, as Firehose's JSON error objects.
template <class S>
ErrorOutput<S> error_output(S sink, OutputOptions options = OutputOptions()) {
  return {std::move(sink), options};
}

/// Delivers every record a second time, untransformed, to `sink`.
template <class S>
SourceBackup<S> source_backup(S sink, OutputOptions options = OutputOptions()) {
  return {std::move(sink), options};
}

}  // namespace hydrant
