// SPDX-License-Identifier: MIT
//
// JSON records as the rows of a CSV file (RFC 4180), for spreadsheets, databases'
// COPY, and whoever has no use for Parquet. Columns are named; a row says which
// of its values are missing.
#pragma once

#include <hydrant/core/batch.hpp>
#include <hydrant/core/error.hpp>
#include <hydrant/core/json_text.hpp>
#include <hydrant/core/json_tokens.hpp>
#include <hydrant/object/conversion_fault.hpp>
#include <hydrant/object/format.hpp>
#include <hydrant/object/lines.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hydrant {

/// Which values stand in quotes. What is missing or null never does.
enum class CsvQuoting : std::uint8_t {
  /// Those that could be read as something else.
  where_needed,
  /// All strings, arrays and objects, and column names.
  strings,
  all,
};

enum class CsvLineEnd : std::uint8_t { crlf, lf };

/// Writes JSON records as the rows of a CSV file.
///
/// @code
/// hydrant::ObjectSink{hydrant::DirectoryStore{"lake"}, hydrant::Csv{.columns = {"at", "path"}},
///                     hydrant::in_format};
/// @endcode
///
/// A record is one JSON object, or several one after the other. A column takes the field of its
/// name: strings become their text, numbers and booleans stay as they are written, arrays and
/// objects become JSON texts, null and what is missing become `null_text`. Of fields that are there
/// twice the last counts; fields without a column are dropped. A record that is no JSON object
/// fails by itself: it goes to the error output as "format-conversion-failed".
///
/// Threads: a plain value; copies are independent. `write`: shared: safe.
/// Source: RFC 4180.
struct Csv {
  static constexpr std::size_t columns_max = 10'000;
  static constexpr std::size_t null_text_size_max = 64;

  /// The columns, in order. Range: 1 to 10,000 names that differ, none of them empty.
  std::vector<std::string> columns{};

  /// Whether the first row names the columns. Default true.
  bool header = true;

  /// Between values. Default a comma. Range: ASCII, no quote, CR, LF or NUL.
  char delimiter = ',';

  CsvQuoting quoting = CsvQuoting::where_needed;

  /// Default CR LF, as RFC 4180 has it.
  CsvLineEnd line_end = CsvLineEnd::crlf;

  /// What stands for null, never quoted; a string of the same text is. Default empty.
  /// Range: 0 to 64 bytes without delimiter, quote, CR and LF; not empty where there is one column
  /// only, for an empty line is no row.
  std::string null_text{};

  /// Whether a record that has a field without a column fails. Default false: it is dropped.
  bool refuse_unknown_fields = false;

  std::string_view extension() const { return ".csv"; }

  std::string_view content_type() const { return "text/csv"; }

  /// Rows end as `line_end` says.
  std::string_view record_delimiter() const { return {}; }

  /// Adds one line to `errors` for each field that is out of range.
  void validate(OptionErrors& errors) const {
    errors.check(!columns.empty() && columns.size() <= columns_max, "csv.columns",
                 "must be 1 to 10000 names", std::to_string(columns.size()));
    std::unordered_map<std::string_view, std::size_t> seen;
    for (const std::string& column : columns) {
      errors.check(!column.empty() && is_utf8(column), "csv.columns",
                   "must be names that are not empty, in UTF-8", "\"" + column + "\"");
      errors.check(seen.emplace(column, 0).second, "csv.columns", "must differ",
                   "\"" + column + "\" twice");
    }
    const auto code = static_cast<unsigned char>(delimiter);
    errors.check(code != 0 && code < 0x80 && delimiter != '"' && !is_line_end(delimiter),
                 "csv.delimiter", "must be an ASCII character other than quote, CR, LF and NUL",
                 "character " + std::to_string(code));
    bool is_plain = null_text.size() <= null_text_size_max && is_utf8(null_text);
    for (const char character : null_text) {
      is_plain = is_plain && character != '"' && character != delimiter && !is_line_end(character);
    }
    errors.check(is_plain, "csv.null_text",
                 "must be at most 64 bytes of UTF-8 without delimiter, quote, CR and LF",
                 std::to_string(null_text.size()) + " bytes");
    errors.check(columns.size() != 1 || !null_text.empty(), "csv.null_text",
                 "must not be empty where there is one column", "empty");
  }

  /// Writes the batch's records, in order, but those that do not fit: they are added to
  /// `failures`, never to be tried again.
  /// Errors: what `out` answers; also when no record at all fits: then nothing was written, and
  /// there should be no object.
  Status write(const Batch& batch, PieceWriter auto&& out,
               std::vector<RecordFailure>& failures) const;

  /// Writes a batch whose records all fit.
  /// Errors: as above; also when a record does not fit.
  Status write(const Batch& batch, PieceWriter auto&& out) const {
    std::vector<RecordFailure> failures;
    Status status = write(batch, out, failures);
    if (status && !failures.empty()) {
      return Failure{"csv: record " + std::to_string(failures[0].index) + ": " +
                     failures[0].reason};
    }
    return status;
  }

 private:
  static bool is_line_end(char character) { return character == '\r' || character == '\n'; }

  static bool is_utf8(std::string_view text) {
    while (!text.empty()) {
      const detail::Utf8Step step = detail::step_utf8(text);
      if (!step.valid) {
        return false;
      }
      text.remove_prefix(step.size);
    }
    return true;
  }
};

namespace detail {

inline constexpr ConversionFault no_object{
    "DataFormatConversion.MalformedData",
    "The input JSON contained a value other than an object at the top level."};
inline constexpr ConversionFault unknown_field{
    "DataFormatConversion.MalformedData",
    "Data does not match the columns. A field is not among them."};

/// Makes rows of records, one after the other.
/// Threads: distinct objects: safe; shared: unsafe.
class CsvRows {
 public:
  /// `options` must outlive the rows.
  explicit CsvRows(const Csv& options)
      : options_(&options), special_{options.delimiter, '"', '\r', '\n'} {
    cells_.resize(options.columns.size());
    for (const std::string& column : options.columns) {
      places_.emplace(column, places_.size());
    }
  }

  void append_header(std::string& out) {
    for (std::size_t column = 0; column < cells_.size(); ++column) {
      cells_[column].kind = Cell::Kind::text;
      cells_[column].text = options_->columns[column];
    }
    append_row(out);
  }

  /// Appends what a record holds. Returns: why it does not fit; nothing where it does. Then `out`
  /// has whatever rows came before the fault.
  const ConversionFault* append(std::string& out, std::string_view record) {
    if (!tokens_.begin(record)) {
      return &malformed_json;
    }
    if (tokens_.at_end()) {
      return &empty_record;
    }
    const ConversionFault* fault = nullptr;
    while (!tokens_.at_end()) {
      if (tokens_.peek() != '{') {
        if (!tokens_.skip_value()) {
          return &malformed_json;
        }
        fault = fault != nullptr ? fault : &no_object;
      } else if (const ConversionFault* const found = read_object(); found != nullptr) {
        if (found == &malformed_json) {
          return found;
        }
        fault = fault != nullptr ? fault : found;
      } else if (fault == nullptr) {
        append_row(out);
      }
    }
    return fault;
  }

 private:
  struct Cell {
    enum class Kind : std::uint8_t { null, word, text };

    Kind kind = Kind::null;
    /// In the record, or in `own`.
    std::string_view text{};
    std::string own{};
  };

  const ConversionFault* read_object() {
    for (Cell& cell : cells_) {
      cell.kind = Cell::Kind::null;
    }
    bool has_unknown = false;
    bool is_broken = false;
    std::size_t next = 0;
    tokens_.take('{');
    if (!tokens_.take('}')) {
      do {
        std::string_view key;
        if (!tokens_.take_key(key) || !unescape(key, key_)) {
          return &malformed_json;
        }
        const std::size_t column = find(key, next);
        const bool is_known = column < cells_.size();
        has_unknown = has_unknown || !is_known;
        if (!(is_known ? read_value(cells_[column]) : tokens_.skip_value(2))) {
          return &malformed_json;
        }
        next = is_known ? column + 1 : next;
      } while (tokens_.take_comma('}', is_broken));
    }
    if (is_broken) {
      return &malformed_json;
    }
    return has_unknown && options_->refuse_unknown_fields ? &unknown_field : nullptr;
  }

  /// Records mostly have their fields in the same order: `next` is looked at first.
  std::size_t find(std::string_view key, std::size_t next) const {
    if (next < cells_.size() && options_->columns[next] == key) {
      return next;
    }
    const auto at = places_.find(key);
    return at == places_.end() ? cells_.size() : at->second;
  }

  /// What stands between quotes becomes the text that it means. Returns: false at an escape that
  /// there is not.
  static bool unescape(std::string_view& raw, std::string& room) {
    if (raw.find('\\') == std::string_view::npos) {
      return true;
    }
    room.clear();
    if (!append_unescaped(room, raw)) {
      return false;
    }
    raw = room;
    return true;
  }

  bool read_value(Cell& cell) {
    const char first = tokens_.peek();
    if (first == '"') {
      cell.kind = Cell::Kind::text;
      return tokens_.take_string(cell.text) && unescape(cell.text, cell.own);
    }
    if (first == '{' || first == '[') {
      cell.kind = Cell::Kind::text;
      cell.own.clear();
      const bool is_value = tokens_.append_value(cell.own, false);
      cell.text = cell.own;
      return is_value;
    }
    if (tokens_.at_end()) {
      return false;
    }
    cell.text = tokens_.take_token();
    cell.kind = cell.text == "null" ? Cell::Kind::null : Cell::Kind::word;
    return cell.text == "null" || cell.text == "true" || cell.text == "false" ||
           is_json_number(cell.text);
  }

  void append_row(std::string& out) const {
    bool is_first = true;
    for (const Cell& cell : cells_) {
      if (!is_first) {
        out += options_->delimiter;
      }
      is_first = false;
      if (cell.kind == Cell::Kind::null) {
        out += options_->null_text;
      } else if (needs_quotes(cell)) {
        append_quoted(out, cell.text);
      } else {
        out += cell.text;
      }
    }
    out += options_->line_end == CsvLineEnd::crlf ? "\r\n" : "\n";
  }

  bool needs_quotes(const Cell& cell) const {
    return options_->quoting == CsvQuoting::all ||
           (options_->quoting == CsvQuoting::strings && cell.kind == Cell::Kind::text) ||
           cell.text == options_->null_text || cell.text.empty() ||
           cell.text.find_first_of(std::string_view(special_, sizeof special_)) !=
               std::string_view::npos;
  }

  static void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t quote = std::min(text.find('"', at), text.size());
      out += text.substr(at, quote - at);
      out += quote < text.size() ? "\"\"" : "";
      at = quote + 1;
    }
    out += '"';
  }

  const Csv* options_;
  char special_[4];
  std::vector<Cell> cells_;
  std::unordered_map<std::string_view, std::size_t> places_;
  JsonTokens tokens_;
  std::string key_;
};

}  // namespace detail

Status Csv::write(const Batch& batch, PieceWriter auto&& out,
                  std::vector<RecordFailure>& failures) const {
  detail::CsvRows rows(*this);
  detail::PieceStage stage(out);
  std::string text;
  std::uint32_t index = 0;
  std::uint32_t left_out = 0;
  if (header) {
    rows.append_header(text);
  }
  for (const RecordView record : batch.records()) {
    const std::size_t before = text.size();
    if (const detail::ConversionFault* const fault = rows.append(text, record.text());
        fault != nullptr) {
      text.resize(before);
      failures.push_back(fault->of_record(index));
      ++left_out;
    } else {
      if (Status status = stage.append(std::as_bytes(std::span(text.data(), text.size())));
          !status) {
        return status;
      }
      text.clear();
    }
    ++index;
  }
  if (index != 0 && left_out == index) {
    return Failure{"csv: none of the records fits the columns"};
  }
  Status status = stage.append(std::as_bytes(std::span(text.data(), text.size())));
  return status ? stage.flush() : std::move(status);
}

static_assert(SelectiveFormat<Csv>);

}  // namespace hydrant
