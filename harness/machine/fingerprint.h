#pragma once

#include <string>
#include <string_view>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// Collects facts under dotted keys ("cpu.model" becomes {"cpu":{"model":...}}). What cannot be read is null, and its
// reason stands in "unreadable", so that a missing fact is never taken for an absent feature. One thread.
class Fingerprint {
 public:
  void put(std::string_view key, Json value);
  void missing(std::string_view key, const std::string& reason);

  // The trimmed text of a file, or the number in it.
  void put_text(std::string_view key, const std::string& path);
  void put_number(std::string_view key, const std::string& path);

  Json take();

 private:
  Json& place(std::string_view key);

  Json facts_ = Json::object();
  Json unreadable_ = Json::object();
};

}  // namespace fanin::harness
