#include "harness/suite/workload_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "harness/suite/mix.h"
#include "net/duration.h"

namespace fanin::harness {
namespace {

using Kind = WorkloadKey::Kind;
using Taker = WorkloadKey::Taker;

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kHighestRate = 100 * kMillion;

constexpr auto kKeys = std::to_array<WorkloadKey>({
    {"protocol", "--protocol", Kind::kText, 0, 0, "bulk|chat|discard|echo|goodbye|greet|http|raw|upper|work",
     Taker::kBoth},
    {"driver", "--driver", Kind::kText, 0, 0, "auto|epoll|io-uring|threads"},
    {"threads", "--threads", Kind::kWhole, 1, 1024},
    {"connections", "--connections", Kind::kWhole, 1, 10 * kMillion},
    {"idle_connections", "--idle-connections", Kind::kWhole, 0, 10 * kMillion},
    {"verify_idle", "--verify-idle", Kind::kFlag},
    {"connect_concurrency", "--connect-concurrency", Kind::kWhole, 1, 10 * kMillion},
    {"payload_bytes", "--payload-bytes", Kind::kWhole, 1, 64 * kMillion},
    {"payload", "--payload", Kind::kText},
    {"suffix", "--suffix", Kind::kText, 0, 0, "", Taker::kBoth},
    {"reply", "--reply", Kind::kText, 0, 0, "", Taker::kBoth},
    {"reply_bytes", "--reply-bytes", Kind::kWhole, 1, 64 * kMillion, "", Taker::kBoth},
    {"work", "--work", Kind::kDuration, 0, 0, "", Taker::kServer},
    {"work_share", "--work-share", Kind::kReal, 0, 1, "", Taker::kServer},
    {"root", "--root", Kind::kText, 0, 0, "", Taker::kServer},
    {"path", "--path", Kind::kText},
    {"host", "--host", Kind::kText},
    {"method", "--method", Kind::kText},
    {"headers", "--header", Kind::kTexts},
    {"body", "--body", Kind::kText},
    {"body_file", "--body-file", Kind::kFile},
    {"expect_status", "--expect-status", Kind::kText},
    {"expect_body", "--expect-body", Kind::kText},
    {"expect_body_pattern", "--expect-body-pattern", Kind::kText},
    {"request", "--request", Kind::kText},
    {"reply_delimiter", "--reply-delimiter", Kind::kText},
    {"reply_pattern", "--reply-pattern", Kind::kText},
    {"reply_limit_bytes", "--reply-limit-bytes", Kind::kWhole, 1, 64 * kMillion},
    {"expect", "--expect", Kind::kText},
    {"greeting_delimiter", "--greeting-delimiter", Kind::kText},
    {"greeting_pattern", "--greeting-pattern", Kind::kText},
    {"setup_request", "--setup-request", Kind::kText},
    {"setup_reply_delimiter", "--setup-reply-delimiter", Kind::kText},
    {"setup_reply_bytes", "--setup-reply-bytes", Kind::kWhole, 1, 64 * kMillion},
    {"setup_reply_pattern", "--setup-reply-pattern", Kind::kText},
    {"setup_expect", "--setup-expect", Kind::kText},
    {"mix", "--mix", Kind::kMix},
    {"rate", "--rate", Kind::kReal, 0, kHighestRate},
    {"ramp", "--ramp", Kind::kRamp, 0, kHighestRate},
    {"arrival", "--arrival", Kind::kText, 0, 0, "poisson|uniform|bursts|trace"},
    {"burst_size", "--arrival", Kind::kWhole, 1, 10 * kMillion, "", Taker::kLoad, "bursts:"},
    {"trace", "--arrival", Kind::kFile, 0, 0, "", Taker::kLoad, "trace:"},
    {"pipeline", "--pipeline", Kind::kWhole, 1, 65535},
    {"think_time", "--think-time", Kind::kDuration},
    {"requests_per_connection", "--requests-per-connection", Kind::kWhole, 0, 1000 * kMillion},
    {"requests", "--requests", Kind::kWhole, 1, 1000 * kMillion},
    {"timeout", "--timeout", Kind::kDuration, 1},
    {"close", "--close", Kind::kText, 0, 0, "fin|rst|server"},
    {"send_bytes_per_s", "--send-bytes-per-s", Kind::kWhole, 1, 1000 * kMillion},
    {"read_bytes_per_s", "--read-bytes-per-s", Kind::kWhole, 1, 1000 * kMillion},
    {"receive_buffer_bytes", "--receive-buffer-bytes", Kind::kWhole, 1, 1000 * kMillion},
    {"trickle", "--trickle", Kind::kDuration, 10 * kMillion},
    {"idle_strategy", "--idle-strategy", Kind::kText, 0, 0, "auto|sleep|spin"},
    {"timestamps", "--timestamps", Kind::kFlag},
});

bool is_alternative(std::string_view text, std::string_view one_of) {
  for (std::string_view rest = one_of; !rest.empty();) {
    const auto bar = rest.find('|');
    if (rest.substr(0, bar) == text) {
      return true;
    }
    rest = bar == std::string_view::npos ? "" : rest.substr(bar + 1);
  }
  return false;
}

void check_text(const WorkloadKey& key, const JsonReader& value) {
  if (const std::string text = value.text(); !key.one_of.empty() && !is_alternative(text, key.one_of)) {
    value.fail(fmt::format("must be one of {}", key.one_of));
  }
}

void check_real(const WorkloadKey& key, const JsonReader& value) {
  if (const double number = value.number(); number <= 0 || number > static_cast<double>(key.high)) {
    value.fail(fmt::format("must be above 0 and at most {}", key.high));
  }
}

void check_texts(const JsonReader& value) {
  const std::vector<JsonReader> items = value.items();
  if (items.empty()) {
    value.fail("must hold at least one text");
  }
  for (const JsonReader& item : items) {
    item.text();
  }
}

// A run keeps a copy of it under the same path in its directory, so that it can go on by itself.
void check_file(const JsonReader& value) {
  const std::filesystem::path path(value.text());
  if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end()) {
    value.fail("must be the path of a file below the suite's folder, without '..': put it beside the suite");
  }
}

void check_ramp(const WorkloadKey& key, const JsonReader& value) {
  value.only_keys({"from_per_s", "to_per_s"});
  double highest = 0;
  for (const char* end : {"from_per_s", "to_per_s"}) {
    const JsonReader rate = value.at(end);
    if (rate.number() < 0 || rate.number() > static_cast<double>(key.high)) {
      rate.fail(fmt::format("must be from 0 to {}", key.high));
    }
    highest = std::max(highest, rate.number());
  }
  if (highest <= 0) {
    value.fail("asks for nothing: one of its rates must be above 0");
  }
}

std::string option_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

}  // namespace

void WorkloadKey::check(const JsonReader& value) const {
  switch (kind) {
    case Kind::kWhole:
      value.integer(low, high);
      break;
    case Kind::kReal:
      check_real(*this, value);
      break;
    case Kind::kText:
      check_text(*this, value);
      break;
    case Kind::kTexts:
      check_texts(value);
      break;
    case Kind::kDuration:
      if (value.duration() < Nanoseconds(low)) {
        value.fail(low == 1 ? "must be longer than nothing"
                            : fmt::format("must be {} or longer", format_duration(Nanoseconds(low))));
      }
      break;
    case Kind::kFlag:
      value.boolean();
      break;
    case Kind::kFile:
      check_file(value);
      break;
    case Kind::kRamp:
      check_ramp(*this, value);
      break;
    case Kind::kMix:
      check_mix(value);
      break;
  }
}

void WorkloadKey::append(const Json& value, std::vector<std::string>& arguments) const {
  const auto add = [&](const std::string& text) {
    arguments.emplace_back(option);
    arguments.push_back(std::string(prefix) + text);
  };
  if (kind == Kind::kFlag) {
    if (value == true) {
      arguments.emplace_back(option);
    }
  } else if (kind == Kind::kRamp) {
    add(fmt::format("{}..{}", value.at("from_per_s").dump(), value.at("to_per_s").dump()));
  } else if (kind == Kind::kTexts) {
    std::for_each(value.begin(), value.end(), [&](const Json& each) { add(option_text(each)); });
  } else if (kind == Kind::kMix) {
    std::for_each(value.begin(), value.end(), [&](const Json& each) { add(mix_class_text(each)); });
  } else {
    add(option_text(value));
  }
}

std::span<const WorkloadKey> workload_keys() { return kKeys; }

const WorkloadKey* find_workload_key(std::string_view name) {
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const WorkloadKey& key) { return key.name == name; });
  return found == kKeys.end() ? nullptr : &*found;
}

}  // namespace fanin::harness
