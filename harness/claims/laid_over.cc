#include "harness/claims/laid_over.h"

#include <fmt/format.h>

namespace fanin::harness {
namespace {

bool holds(const JsonReader& reader, const Json::json_pointer& pointer) {
  return reader.value().contains(pointer) && !reader.value().at(pointer).is_null();
}

// A case with a threshold has that one only.
void drop_other_threshold(Json& merged, const Json& of_case) {
  for (const auto& [given, other] : {std::pair{"at_least", "at_most"}, {"at_most", "at_least"}}) {
    if (of_case.contains(given) && !of_case.contains(other)) {
      merged.erase(other);
    }
  }
}

}  // namespace

LaidOver::LaidOver(const JsonReader& test, const std::optional<JsonReader>& of_case)
    : test_(test), case_(of_case), merged_(test.value()) {
  merged_.erase("cases");
  if (case_) {
    drop_other_threshold(merged_, case_->value());
    merged_.merge_patch(case_->value());
  }
}

std::string LaidOver::find_place(const Json::json_pointer& pointer) const {
  const JsonReader& origin = case_ && !holds(*case_, pointer) && holds(test_, pointer) ? test_ : root();
  return origin.place() + pointer.to_string();
}

std::optional<JsonReader> LaidOver::find(const std::string& text) const {
  const Json::json_pointer pointer(text);
  if (!merged_.contains(pointer)) {
    return std::nullopt;
  }
  return JsonReader(merged_.at(pointer), test_.file(), find_place(pointer));
}

JsonReader LaidOver::at(const std::string& text) const {
  auto found = find(text);
  if (!found) {
    root().fail(fmt::format("'{}' is missing", text.substr(1)));
  }
  return *std::move(found);
}

}  // namespace fanin::harness
