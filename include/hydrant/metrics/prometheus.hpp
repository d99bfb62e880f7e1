// SPDX-License-Identifier: MIT
//
// The snapshots of a process as the text that Prometheus scrapes (exposition
// format 0.0.4). All series of one family stand together, whatever stream they
// come from, as the format demands.
//
// No two series may carry the same labels, or the whole scrape is refused: the
// second stream of a name carries copy="2", and the second lane of a stream with
// the same role and sink is called "delivery_2".
#pragma once

#include <hydrant/core/json_text.hpp>
#include <hydrant/metrics/snapshot.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hydrant {

/// The media type to serve `to_prometheus` under.
inline constexpr std::string_view prometheus_content_type =
    "text/plain; version=0.0.4; charset=utf-8";

namespace detail {

/// Appends `text` as the value of a label: escaped, and always valid UTF-8.
inline void append_label_value(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = step_utf8(text.substr(at));
    if (!step.valid) {
      out += replacement_character;
    } else if (text[at] == '\\') {
      out += "\\\\";
    } else if (text[at] == '"') {
      out += "\\\"";
    } else if (text[at] == '\n') {
      out += "\\n";
    } else {
      out += text.substr(at, step.size);
    }
    at += step.size;
  }
}

/// name="value"
inline std::string prometheus_label(std::string_view name, std::string_view value) {
  std::string label(name);
  label += "=\"";
  append_label_value(label, value);
  label += '"';
  return label;
}

inline void append_number(std::string& out, std::uint64_t value) {
  out += std::to_string(value);
}

inline void append_number(std::string& out, double value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), result.ptr);
}

/// A stream or a lane under the labels that tell it from all others.
template <class T>
struct Labelled {
  const T* value = nullptr;
  std::string labels;
};

class PrometheusText {
 public:
  explicit PrometheusText(std::span<const StreamSnapshot> snapshots) {
    streams_.reserve(snapshots.size());
    for (const StreamSnapshot& snapshot : snapshots) {
      std::size_t copy = 1;
      for (const auto& earlier : streams_) {
        copy += earlier.value->stream == snapshot.stream ? 1u : 0u;
      }
      std::string labels = prometheus_label("stream", snapshot.stream);
      if (copy > 1) {
        labels += ',' + prometheus_label("copy", std::to_string(copy));
      }
      label_lanes(snapshot, labels);
      streams_.push_back({&snapshot, std::move(labels)});
    }
  }

  std::string write() {
    if (!streams_.empty()) {
      write_ledger();
      write_stream();
      write_lanes();
    }
    return std::move(text_);
  }

 private:
  void label_lanes(const StreamSnapshot& snapshot, const std::string& stream_labels) {
    for (std::size_t index = 0; index < snapshot.lanes.size(); ++index) {
      const LaneSnapshot& lane = snapshot.lanes[index];
      std::size_t copy = 1;
      for (std::size_t earlier = 0; earlier < index; ++earlier) {
        const LaneSnapshot& other = snapshot.lanes[earlier];
        copy += other.role == lane.role && other.sink == lane.sink ? 1u : 0u;
      }
      std::string role(to_text(lane.role));
      if (copy > 1) {
        role += '_' + std::to_string(copy);
      }
      lanes_.push_back({&lane, stream_labels + ',' + prometheus_label("lane", role) + ',' +
                                   prometheus_label("sink", lane.sink)});
    }
  }

  void head(std::string_view family, std::string_view type, std::string_view help) {
    text_.append("# HELP hydrant_").append(family).append(" ").append(help).append("\n");
    text_.append("# TYPE hydrant_").append(family).append(" ").append(type).append("\n");
  }

  template <class Number>
  void sample(std::string_view name, std::string_view labels, Number value) {
    text_.append("hydrant_").append(name).append("{").append(labels).append("} ");
    append_number(text_, value);
    text_ += '\n';
  }

  /// A family with one series for each of `owners`: `number` says its value.
  template <class T, class Number>
  void family(const std::vector<Labelled<T>>& owners, std::string_view name, std::string_view type,
              std::string_view help, Number number) {
    head(name, type, help);
    for (const Labelled<T>& owner : owners) {
      sample(name, owner.labels, number(*owner.value));
    }
  }

  /// A counter of the streams with one series for each reason.
  template <class Reason, class Counts>
  void family_by_reason(std::string_view name, std::string_view help, Counts counts) {
    head(name, "counter", help);
    for (const auto& stream : streams_) {
      const auto& by_reason = counts(*stream.value);
      for (std::size_t index = 0; index < by_reason.size(); ++index) {
        const std::string_view reason = to_text(static_cast<Reason>(index));
        sample(name, stream.labels + ',' + prometheus_label("reason", reason), by_reason[index]);
      }
    }
  }

  void write_ledger() {
    const auto term = [this](std::string_view name, std::string_view type, std::string_view help,
                             std::uint64_t Ledger::*count) {
      family(streams_, name, type, help,
             [count](const StreamSnapshot& stream) { return stream.ledger.*count; });
    };
    term("records_accepted_total", "counter", "Records that put accepted.", &Ledger::accepted);
    term("records_delivered_total", "counter", "Records delivered with all their outputs.",
         &Ledger::delivered);
    term("records_dropped_total", "counter", "Records that the transform dropped.",
         &Ledger::dropped);
    term("records_dead_lettered_total", "counter", "Records that the error output has taken.",
         &Ledger::dead_lettered);
    family_by_reason<LostReason>(
        "records_lost_total", "Accepted records that are nowhere any more, by reason.",
        [](const StreamSnapshot& stream) -> auto& { return stream.ledger.lost_by_reason; });
    term("records_in_memory", "gauge", "Records on their way, in memory.", &Ledger::in_memory);
    term("records_in_journal", "gauge", "Records on their way, on disk.", &Ledger::in_journal);

    head("records_refused_total", "counter", "Records that put did not accept, by reason.");
    for (const auto& stream : streams_) {
      const Ledger& ledger = stream.value->ledger;
      const auto refused = [&](std::string_view reason, std::uint64_t count) {
        sample("records_refused_total", stream.labels + ',' + prometheus_label("reason", reason),
               count);
      };
      refused("too_large", ledger.refused_too_large);
      refused("buffer_full", ledger.refused_buffer_full);
      refused("closed", ledger.refused_closed);
    }
  }

  void write_stream() {
    using Stream = StreamSnapshot;
    family(streams_, "incoming_bytes_total", "counter", "Bytes of the accepted records.",
           [](const Stream& stream) { return stream.incoming_bytes; });
    family(streams_, "transform_records_total", "counter", "Records given to the transform.",
           [](const Stream& stream) { return stream.transform.executed; });
    family(streams_, "transform_failed_total", "counter", "Records on which the transform failed.",
           [](const Stream& stream) { return stream.transform.failed; });
    family(streams_, "transform_output_records_total", "counter", "Records that it emitted.",
           [](const Stream& stream) { return stream.transform.output_records; });
    family(streams_, "transform_output_bytes_total", "counter", "Bytes that it emitted.",
           [](const Stream& stream) { return stream.transform.output_bytes; });
    family_by_reason<CloseReason>(
        "batches_closed_total", "Batches that stopped growing, by reason.",
        [](const Stream& stream) -> auto& { return stream.closed_by_reason; });
    family(streams_, "memory_used_bytes", "gauge", "Memory that holds records.",
           [](const Stream& stream) { return stream.memory_used.value; });
    family(streams_, "memory_limit_bytes", "gauge", "The most memory that may hold records.",
           [](const Stream& stream) { return stream.memory_limit.value; });
  }

  void write_lanes() {
    if (lanes_.empty()) {
      return;
    }
    const auto counter = [this](std::string_view name, std::string_view help,
                                std::uint64_t LaneSnapshot::*count) {
      family(lanes_, name, "counter", help,
             [count](const LaneSnapshot& lane) { return lane.*count; });
    };
    counter("lane_records_total", "Records delivered to the sink.", &LaneSnapshot::records);
    counter("lane_bytes_total", "Bytes delivered to the sink.", &LaneSnapshot::bytes);
    counter("lane_batches_total", "Batches delivered to the sink.", &LaneSnapshot::batches);
    counter("lane_attempts_total", "Calls of the sink.", &LaneSnapshot::attempts);
    counter("lane_attempts_failed_total", "Calls of the sink that did not deliver everything.",
            &LaneSnapshot::attempts_failed);
    family(lanes_, "lane_records_in_memory", "gauge", "Records on their way to the sink.",
           [](const LaneSnapshot& lane) { return lane.records_in_memory; });
    family(lanes_, "lane_data_freshness_seconds", "gauge",
           "Age of the oldest record on its way to the sink.",
           [](const LaneSnapshot& lane) { return to_seconds(lane.freshness); });

    head("lane_latency_seconds", "summary", "From the arrival of a record to its delivery.");
    for (const auto& lane : lanes_) {
      const LatencySnapshot& latency = lane.value->latency;
      const auto quantile = [&](std::string_view fraction, std::chrono::nanoseconds value) {
        if (latency.count != 0) {
          sample("lane_latency_seconds", lane.labels + ',' + prometheus_label("quantile", fraction),
                 to_seconds(value));
        }
      };
      quantile("0.5", latency.p50);
      quantile("0.99", latency.p99);
      sample("lane_latency_seconds_sum", lane.labels, latency.sum_seconds);
      sample("lane_latency_seconds_count", lane.labels, latency.count);
    }
  }

  std::vector<Labelled<StreamSnapshot>> streams_;
  std::vector<Labelled<LaneSnapshot>> lanes_;
  std::string text_;
};

}  // namespace detail

/// All snapshots as one scrape; empty text where there are none.
/// Source: Prometheus documentation, exposition formats, text-based format 0.0.4.
inline std::string to_prometheus(std::span<const StreamSnapshot> snapshots) {
  return detail::PrometheusText(snapshots).write();
}

/// The same, for one stream.
template <std::same_as<StreamSnapshot> S>  // a template, so that {} means none
std::string to_prometheus(const S& snapshot) {
  return to_prometheus(std::span<const StreamSnapshot>(&snapshot, 1));
}

}  // namespace hydrant
