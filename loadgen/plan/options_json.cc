// What `fanin-load options` prints. With --json: the harness and the plots hold a copy
// (results/schema/load-options.json).
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "loadgen/plan/option_table.h"
#include "protocols/client_options.h"
#include "protocols/payload.h"

namespace fanin::load {
namespace {

using Json = nlohmann::ordered_json;

const char* type_name(OptionType type) {
  switch (type) {
    case OptionType::kCount:
      return "count";
    case OptionType::kNumber:
      return "number";
    case OptionType::kDuration:
      return "duration";
    case OptionType::kEscapedText:
      return "escaped_text";
    case OptionType::kPattern:
      return "pattern";
    case OptionType::kChoice:
    case OptionType::kArrival:
      return "choice";
    case OptionType::kFile:
      return "file";
    case OptionType::kFlag:
      return "flag";
    case OptionType::kTexts:
      return "texts";
    case OptionType::kRamp:
      return "ramp";
    case OptionType::kMix:
      return "mix";
    case OptionType::kText:
      break;
  }
  return "text";
}

const char* taken_by_name(TakenBy taken_by) {
  switch (taken_by) {
    case TakenBy::kServer:
      return "fanin-server";
    case TakenBy::kBoth:
      return "both";
    case TakenBy::kLoad:
    case TakenBy::kNone:
      break;
  }
  return "fanin-load";
}

bool is_of_protocol(const Option& option) {
  return option.taken_by == TakenBy::kServer ||
         option.place.index() >= std::variant_size_v<OptionPlace> - kClientPlaces;
}

// The protocols whose halves take the option.
Json list_protocols(const Option& option) {
  Json names = Json::array();
  for (const protocols::Protocol& protocol : protocols::registry()) {
    const std::string server_options = protocols::list_names(protocol.server_options);
    if (protocols::is_taken(option.taken_by == TakenBy::kServer ? server_options : protocol.client_options,
                            option.name)) {
      names.push_back(protocol.name);
    }
  }
  return names;
}

void add_bounds(const Option& option, Json& row) {
  if (option.type == OptionType::kCount || option.type == OptionType::kDuration) {
    row["min"] = option.count.min;
    row["max"] = option.count.max;
  } else if (option.type == OptionType::kNumber || option.type == OptionType::kRamp) {
    row[option.number.above ? "above" : "min"] = option.number.min;
    row["max"] = option.number.max;
  }
}

Json list_words(const Option& option) {
  if (option.name != "protocol") {
    return split_words(option.words, '|');
  }
  std::vector<std::string> names;
  std::transform(protocols::registry().begin(), protocols::registry().end(), std::back_inserter(names),
                 [](const protocols::Protocol& each) { return std::string(each.name); });
  std::sort(names.begin(), names.end());
  return names;
}

Json list_keys(std::string_view names) {
  Json keys = Json::array();
  for (const std::string& name : split_words(names, ' ')) {
    keys.push_back(option_key(find_option(name)));
  }
  return keys;
}

void add_texts(const Option& option, Json& row) {
  const auto add = [&row](const char* key, std::string_view text) {
    if (!text.empty()) {
      row[key] = text;
    }
  };
  add("unit", option.unit);
  add("default", option.default_text);
  add("group", option.group);
  add("help", option.help);
  add("details", option.details);
  add("value", option.type == OptionType::kFlag ? "" : value_name(option));
  add("form", option.form);
  add("axis", option.axis);
  add("prefix", option.prefix);
}

// Those that are true.
void add_flags(const Option& option, Json& row) {
  const auto add = [&row](const char* key, bool holds) {
    if (holds) {
      row[key] = true;
    }
  };
  add("is_option", option.place.index() != 0);  // of fanin-load's command line
  add("is_key", option.taken_by != TakenBy::kNone);
  add("in_class", option.in_class);
  add("in_result", option.reported && option.taken_by != TakenBy::kServer);
  add("repeated", option.repeated);
}

Json row_json(const Option& option) {
  const bool is_choice = option.name == "protocol";
  Json row{{"option", fmt::format("--{}", option.part_of.empty() ? option.name : option.part_of)},
           {"key", option_key(option)},
           {"type", is_choice ? "choice" : type_name(option.type)}};
  if (option.letter != 0) {
    row["letter"] = fmt::format("-{}", option.letter);
  }
  add_bounds(option, row);
  if (const Json words = list_words(option); !words.empty()) {
    row["words"] = words;
  }
  add_texts(option, row);
  row["taken_by"] = taken_by_name(option.taken_by);
  add_flags(option, row);
  if (is_of_protocol(option)) {
    row["protocols"] = list_protocols(option);
  }
  if (!option.needs.empty()) {
    row["needs"] = list_keys(option.needs);
  }
  if (!option.excludes.empty()) {
    row["excludes"] = list_keys(option.excludes);
  }
  return row;
}

Json protocol_json(const protocols::Protocol& protocol) {
  const auto client = protocol.make_client({.request = "x", .reply_bytes = 1});
  return {{"name", protocol.name},
          {"one_request_per_connection", client->one_request_per_connection()},
          {"mixes", !protocol.needs_shared_memory && !client->one_request_per_connection()}};
}

template <typename Rows, typename Make>
std::string list_json(const Rows& rows, const Make& make) {
  std::string text;
  for (const auto& row : rows) {
    text += fmt::format("{}    {}", text.empty() ? "" : ",\n", make(row).dump());
  }
  return text;
}

}  // namespace

std::string options_text() {
  std::string text;
  std::string_view group;
  for (const Option& option : option_table()) {
    if (option.place.index() == 0) {
      continue;  // a key of suites alone
    }
    if (option.group != std::exchange(group, option.group)) {
      text += fmt::format("{}{}:\n", text.empty() ? "" : "\n", group);
    }
    const std::string value = option.type == OptionType::kFlag ? "" : " " + value_name(option);
    text += fmt::format("  {:<38} {}{}\n", fmt::format("--{}{}", option.name, value), option.help,
                        option.default_text.empty() ? "" : fmt::format(" (default: {})", option.default_text));
  }
  return text;
}

// A row a line, so that a change of one is a change of a line.
std::string options_json() {
  return fmt::format(
      "{{\n  \"schema\": \"fanin-load-options\",\n  \"schema_version\": 1,\n"
      "  \"limits\": {{\"blocking_threads\": {}, \"in_flight\": {}, \"stamped_bytes\": {}}},\n  \"protocols\": [\n{}\n "
      " ],\n"
      "  \"options\": [\n{}\n  ]\n}}\n",
      kMaxBlockingThreads, kMaxInFlight, protocols::kStampDigits + 1, list_json(protocols::registry(), protocol_json),
      list_json(option_table(), row_json));
}

}  // namespace fanin::load
