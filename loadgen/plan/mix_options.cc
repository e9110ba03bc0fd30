// Classes of requests by weight, from the command line.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/option_table.h"
#include "protocols/client_options.h"
#include "protocols/request_mix.h"

namespace fanin::load {
namespace {

constexpr std::size_t kMaxClasses = 16;
constexpr double kHighestWeight = 1e9;
constexpr std::string_view kSyntax = "write 'WEIGHT KEY=VALUE ...' such as '1 name=heavy payload-bytes=65536'";

// What one --mix says.
struct MixEntry {
  double weight = 0;
  std::string name;
  std::vector<GivenOption> options;
};

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); }

std::string_view take_until(std::string_view& text, char end) {
  const std::string_view taken = text.substr(0, text.find(end));
  text.remove_prefix(std::min(taken.size() + 1, text.size()));
  return taken;
}

// A value within quotes may hold blanks.
GivenOption take_option(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  const auto equals = word.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    refuse(fmt::format("'{}' is no KEY=VALUE: {}", word, kSyntax));
  }
  const std::string key(take_until(text, '='));
  if (!text.starts_with('\'') && !text.starts_with('"')) {
    return {key, std::string(take_until(text, ' '))};
  }
  const char quote = text.front();
  text.remove_prefix(1);
  if (text.find(quote) == std::string_view::npos) {
    refuse(fmt::format("the value of {} has a quote that does not end: close it", key));
  }
  return {key, std::string(take_until(text, quote))};
}

MixEntry parse_entry(std::string_view text) {
  skip_blanks(text);
  MixEntry entry;
  const std::string_view weight = take_until(text, ' ');
  const auto [end, error] = std::from_chars(weight.data(), weight.data() + weight.size(), entry.weight);
  if (error != std::errc{} || end != weight.data() + weight.size() || !(entry.weight > 0) ||
      entry.weight > kHighestWeight) {
    refuse(fmt::format("'{}' is no weight above 0: {}", weight, kSyntax));
  }
  for (skip_blanks(text); !text.empty(); skip_blanks(text)) {
    GivenOption option = take_option(text);
    if (option.first == "name") {
      entry.name = option.second;
    } else if (option.first.starts_with("setup-") || option.first.starts_with("greeting-")) {
      refuse(fmt::format("{} is of connections, which carry all classes: give it as --{}", option.first, option.first));
    } else {
      entry.options.push_back(std::move(option));
    }
  }
  return entry;
}

// A class without a name of its own goes by what makes it one.
std::string format_name(const MixEntry& entry) {
  std::string name = entry.name;
  if (name.empty()) {
    for (const auto& [key, value] : entry.options) {
      name += fmt::format("{}{}={}", name.empty() ? "" : " ", key, value);
    }
  }
  return name.empty() ? "plain" : name;
}

// The class's own options rule over those of all; headers come to those of all, but its Host rules over --host.
std::vector<GivenOption> merge_options(const MixEntry& entry, const std::vector<GivenOption>& of_all) {
  std::vector<GivenOption> options;
  std::copy_if(of_all.begin(), of_all.end(), std::back_inserter(options), [&entry](const GivenOption& each) {
    return each.first == "header" ||
           std::none_of(entry.options.begin(), entry.options.end(), [&each](const GivenOption& own) {
             return own.first == each.first || (each.first == "host" && is_host_header(own));
           });
  });
  options.insert(options.end(), entry.options.begin(), entry.options.end());
  return options;
}

// Adds one class to the plan, and returns the options of its client.
protocols::ClientProtocolOptions add_class(const std::string& text, const LoadOptions& options,
                                           const protocols::Protocol& protocol, LoadPlan& plan) {
  const MixEntry entry = parse_entry(text);
  const protocols::ClientProtocolOptions chosen =
      client_options(protocol, merge_options(entry, options.protocol_options), options);
  const auto client = protocol.make_client(chosen);
  plan.classes.push_back({.name = format_name(entry),
                          .weight = entry.weight,
                          .asks_to_close = client->asks_to_close(),
                          .text = text,
                          .request_bytes = client->request_bytes()});
  const auto same = std::find_if(plan.classes.begin(), plan.classes.end(),
                                 [&](const RequestClass& each) { return each.name == plan.classes.back().name; });
  if (same + 1 != plan.classes.end()) {
    refuse(fmt::format("another class is called '{}' too: give each a name=NAME of its own", same->name));
  }
  return chosen;
}

void check_protocol(const LoadOptions& options, const protocols::Protocol& protocol) {
  if (options.mix.size() < 2 || options.mix.size() > kMaxClasses) {
    refuse(fmt::format("{} --mix: give 2 to {}, one for each class of requests", options.mix.size(), kMaxClasses));
  }
  if (protocol.needs_shared_memory) {
    refuse(
        fmt::format("--mix needs replies that are the client's own, which those of protocol {} are not: leave it out",
                    protocol.name));
  }
}

void distribute_connections(const std::vector<double>& weights, protocols::RequestMix& mix, LoadPlan& plan) {
  if (plan.connections < plan.classes.size()) {
    refuse(fmt::format("--mix-by-connection needs a connection for each of the {} classes: give more --connections",
                       plan.classes.size()));
  }
  mix.distribute_connections(weights, plan.connections);
  for (std::size_t i = 0; i < plan.classes.size(); ++i) {
    plan.classes[i].connections = mix.connections(i);
  }
}

}  // namespace

std::vector<std::string> list_body_files(const std::string& mix) {
  std::vector<std::string> files;
  try {
    for (const auto& [name, text] : parse_entry(mix).options) {
      if (name == "body-file") {
        files.push_back(text);
      }
    }
  } catch (const std::invalid_argument& error) {
    refuse(fmt::format("--mix '{}': {}", mix, error.what()));
  }
  return files;
}

void set_mix(const LoadOptions& options, const protocols::Protocol& protocol, LoadPlan& plan) {
  check_protocol(options, protocol);
  std::vector<protocols::ClientProtocolOptions> chosen;
  for (const std::string& text : options.mix) {
    try {
      chosen.push_back(add_class(text, options, protocol, plan));
    } catch (const std::invalid_argument& error) {
      refuse(fmt::format("--mix '{}': {}", text, error.what()));
    }
    if (protocol.make_client(chosen.back())->one_request_per_connection()) {
      refuse(
          fmt::format("--mix needs a protocol with several requests per connection, which {} is not", protocol.name));
    }
  }
  std::vector<double> weights;
  std::transform(plan.classes.begin(), plan.classes.end(), std::back_inserter(weights),
                 [](const RequestClass& each) { return each.weight; });
  std::vector<bool> closes;
  std::transform(plan.classes.begin(), plan.classes.end(), std::back_inserter(closes),
                 [](const RequestClass& each) { return each.asks_to_close; });
  auto mix =
      std::make_shared<protocols::RequestMix>(static_cast<std::uint64_t>(options.seed), weights, std::move(closes));
  if (options.mix_by_connection) {
    distribute_connections(weights, *mix, plan);
  }
  plan.mix = std::move(mix);
  plan.use_protocol(std::string(protocol.name), [make = protocol.make_client, mix = plan.mix, chosen] {
    std::vector<std::unique_ptr<protocols::ClientProtocol>> clients;
    std::transform(chosen.begin(), chosen.end(), std::back_inserter(clients), make);
    return std::make_unique<protocols::MixClient>(mix, std::move(clients));
  });
}

}  // namespace fanin::load
