#include "harness/claims/claim_variant.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "harness/claims/laid_over.h"
#include "os/format.h"

namespace fanin::harness {
namespace {

// Changes the sides and the threshold of a comparison, given with all of its keys.
using Change = std::function<void(Json&)>;

constexpr const char* kChanged[] = {"base", "new", "at_least", "at_most", "published"};

// The keys of a changed comparison that replace those of a test or case.
void take_changed(Json& target, const Json& changed) {
  for (const char* key : kChanged) {
    target.erase(key);
    if (changed.contains(key)) {
      target[key] = changed.at(key);
    }
  }
}

// Each case gets sides and threshold of its own, since those of its test would be laid under them.
Json change_test(const JsonReader& test, const Change& change) {
  Json changed_test = test.value();
  const auto cases = test.find("cases");
  if (!cases) {
    change(changed_test);
    return changed_test;
  }
  take_changed(changed_test, Json::object());
  Json changed_cases = Json::array();
  for (const JsonReader& of_case : cases->items()) {
    Json changed = LaidOver(test, of_case).value();
    change(changed);
    take_changed(changed_cases.emplace_back(of_case.value()), changed);
  }
  changed_test["cases"] = std::move(changed_cases);
  return changed_test;
}

Json change_claim(const JsonReader& claim, const Change& change) {
  Json changed = claim.value();
  changed["tests"] = Json::array();
  for (const JsonReader& test : claim.at("tests").items()) {
    changed["tests"].push_back(change_test(test, change));
  }
  if (changed.contains("flips")) {
    for (Json& flip : changed["flips"]) {
      change(flip);
    }
  }
  return changed;
}

void swap_comparison(Json& comparison) {
  const bool at_least = comparison.contains("at_least");
  const char* bound = at_least ? "at_least" : "at_most";
  const Json threshold = comparison.at(bound);
  if (!comparison.contains("base")) {
    comparison.erase(bound);
    comparison[at_least ? "at_most" : "at_least"] = threshold;
    return;
  }
  std::swap(comparison["base"], comparison["new"]);
  comparison[bound] = 1 / threshold.get<double>();
  if (comparison.contains("published") && comparison["published"] != 0) {
    comparison["published"] = 1 / comparison["published"].get<double>();
  }
}

void negate(Json& text) { text = "not: " + text.get<std::string>(); }

}  // namespace

Json swap_sides(const JsonReader& claim) {
  Json swapped = change_claim(claim, swap_comparison);
  negate(swapped["claim"]);
  for (const char* key : {"tests", "flips"}) {
    if (swapped.contains(key)) {
      for (Json& each : swapped[key]) {
        negate(each["says"]);
      }
    }
  }
  std::swap(swapped["choice"]["confirmed"], swapped["choice"]["refuted"]);
  return swapped;
}

Replacement Replacement::parse(const std::string& text) {
  const std::size_t equals = text.find('=');
  std::istringstream stream(equals == std::string::npos ? "" : text.substr(equals + 1));
  std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
  if (equals == 0 || words.empty() || words.front().starts_with('-')) {
    throw std::invalid_argument(
        fmt::format("--replace {}: give a model and its replacement, such as 'epoll=epoll --read-cap 1'",
                    os::printable(text, kLongestName)));
  }
  Replacement replacement{text.substr(0, equals), words.front(), {}};
  replacement.args.assign(words.begin() + 1, words.end());
  return replacement;
}

Json replace_model(const JsonReader& claim, const Replacement& replacement) {
  bool found = false;
  const auto replace = [&](Json& comparison) {
    for (const char* side : {"base", "new"}) {
      if (!comparison.contains(side) || comparison[side].value("model", "") != replacement.model) {
        continue;
      }
      found = true;
      comparison[side]["model"] = replacement.by;
      for (const std::string& argument : replacement.args) {
        comparison[side]["args"].push_back(argument);
      }
    }
  };
  Json replaced = change_claim(claim, replace);
  if (!found) {
    return claim.value();
  }
  const std::string args = replacement.args.empty() ? "" : fmt::format(" {}", fmt::join(replacement.args, " "));
  replaced["claim"] = fmt::format("{} ({}{} in place of {})", replaced["claim"].get<std::string>(), replacement.by,
                                  args, replacement.model);
  return replaced;
}

}  // namespace fanin::harness
