#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <stdexcept>
#include <type_traits>

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/option_table.h"
#include "protocols/client_options.h"

namespace fanin::load {
namespace {

char hex_byte(std::string_view digits, std::string_view whole) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 2 || error != std::errc{} || end != digits.data() + digits.size()) {
    throw std::invalid_argument(fmt::format("'{}' has a \\x without two hexadecimal digits", whole));
  }
  return static_cast<char>(value);
}

// Sets a member of ClientProtocolOptions.
void set_member(std::string& member, const Option& option, const std::string& text) {
  refuse_empty(option, text);
  member = option.type == OptionType::kEscapedText ? unescape(text) : text;
}
void set_member(std::size_t& member, const Option& option, const std::string& text) {
  member = static_cast<std::size_t>(read_count(option, text));
}
void set_member(std::optional<std::size_t>& member, const Option& option, const std::string& text) {
  set_member(member.emplace(), option, text);
}
void set_member(std::vector<std::string>& member, const Option& /*option*/, const std::string& text) {
  member.push_back(text);
}

void apply(const GivenOption& given, const BodyFiles& files, protocols::ClientProtocolOptions& client) {
  const std::string& text = given.second;
  const Option& option = find_option(given.first);
  if (option.type == OptionType::kFile) {
    client.body = files.at(text)->content;
    return;
  }
  const auto set = [&](auto member) {
    if constexpr (std::is_invocable_v<decltype(member), protocols::ClientProtocolOptions&>) {
      set_member(client.*member, option, text);
    }
  };
  std::visit(
      [&set](auto place) {
        if constexpr (!std::is_same_v<decltype(place), std::monostate>) {
          set(place);
        }
      },
      option.place);
}

// Adds an option to those that the result repeats. A repeated option has a line for each.
void note(const GivenOption& given, LoadPlan& plan) {
  const Option& option = find_option(given.first);
  const std::string key = option_key(option);
  if (!option.reported) {
    return;
  }
  if (option.type == OptionType::kCount) {
    plan.given_counts.emplace_back(key, read_count(option, given.second));
    return;
  }
  for (auto& [noted, texts] : plan.protocol_texts) {
    if (noted == key) {
      texts += "\n" + given.second;
      return;
    }
  }
  plan.protocol_texts.emplace_back(key, given.second);
}

void check_contradictions(const std::vector<GivenOption>& given) {
  const auto is_given = [&given](std::string_view name) {
    return std::any_of(given.begin(), given.end(), [name](const GivenOption& each) { return each.first == name; });
  };
  check_together([&is_given](const Option& option) { return is_given(option.name); });
  if (is_given("host") && std::any_of(given.begin(), given.end(), is_host_header)) {
    refuse("--host and a --header 'Host: ...' contradict each other: give one");
  }
}

void refuse_unknown(const protocols::Protocol& protocol, const std::vector<GivenOption>& given) {
  std::vector<std::string> names;
  std::transform(given.begin(), given.end(), std::back_inserter(names), [](const auto& each) { return each.first; });
  protocols::refuse_other_options(fmt::format("protocol '{}'", protocol.name), protocol.client_options, names);
}

// The tutorial's clients say hello.
bool says_hello(const LoadPlan& plan, const protocols::Protocol& protocol, const std::vector<GivenOption>& given) {
  return plan.driver == DriverKind::kThreads && protocols::is_taken(protocol.client_options, "payload") &&
         std::none_of(given.begin(), given.end(),
                      [](const GivenOption& each) { return each.first == "payload" || each.first == "payload-bytes"; });
}

}  // namespace

bool is_host_header(const GivenOption& option) {
  constexpr std::string_view kName = "host:";  // names of fields are the same in either case
  return option.first == "header" && ::strncasecmp(option.second.c_str(), kName.data(), kName.size()) == 0;
}

std::string unescape(std::string_view text) {
  constexpr std::string_view kLetters = "rnt0\\\"'";
  constexpr std::string_view kMeanings("\r\n\t\0\\\"'", 7);
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes.push_back(text[i]);
      continue;
    }
    const char letter = i + 1 < text.size() ? text[i + 1] : ' ';
    if (letter == 'x') {
      bytes.push_back(hex_byte(text.substr(i + 2, 2), text));
      i += 3;
    } else if (const auto known = kLetters.find(letter); known != std::string_view::npos) {
      bytes.push_back(kMeanings[known]);
      ++i;
    } else {
      throw std::invalid_argument(
          fmt::format("'{}' has an unknown escape '\\{}': known are \\r \\n \\t \\0 \\\\ \\xNN", text, letter));
    }
  }
  return bytes;
}

protocols::ClientProtocolOptions client_options(const protocols::Protocol& protocol,
                                                const std::vector<GivenOption>& given, const LoadOptions& options) {
  refuse_unknown(protocol, given);
  check_contradictions(given);
  protocols::ClientProtocolOptions client;
  for (const GivenOption& option : given) {
    apply(option, options.body_files, client);
  }
  if (options.close == close_name(CloseKind::kServer)) {
    client.requests_per_connection = static_cast<std::uint32_t>(options.requests_per_connection.value_or(0));
  }
  return client;
}

void set_protocol(const LoadOptions& options, LoadPlan& plan) {
  const protocols::Protocol& protocol = protocols::find_protocol(options.protocol.value_or("echo"));
  if (protocol.make_client == nullptr) {
    refuse(fmt::format("protocol '{}' has no client half: choose another", protocol.name));
  }
  std::vector<GivenOption> given = options.protocol_options;
  refuse_unknown(protocol, given);
  if (!options.mix.empty()) {
    set_mix(options, protocol, plan);
  } else {
    if (says_hello(plan, protocol, given)) {
      given.emplace_back("payload", "hello");
    }
    plan.use_protocol(
        std::string(protocol.name),
        [make = protocol.make_client, client = client_options(protocol, given, options)] { return make(client); });
  }
  for (const GivenOption& option : given) {
    note(option, plan);
  }
}

}  // namespace fanin::load
