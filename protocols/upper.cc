// upper: returns bytes in upper case; appends --suffix to each line, before its newline.
#include <algorithm>

#include "protocols/client_options.h"
#include "protocols/payload.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols {
namespace {

class UpperSession : public ServerSession {
 public:
  explicit UpperSession(const std::string& suffix) : suffix_(suffix) {}

  Progress consume(std::string_view input, ReplyBuffer& out) override {
    std::size_t done = 0;
    while (done < input.size() && out.room() > suffix_.size()) {
      const std::string_view rest = input.substr(done);
      const std::size_t line = std::min(rest.find('\n'), rest.size());
      const std::size_t length = std::min(line, out.room() - suffix_.size());
      std::transform(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(length), out.extend(length),
                     [](char c) { return to_upper(c); });
      done += length;
      if (done < input.size() && input[done] == '\n' && out.room() > suffix_.size()) {
        out.append(suffix_);
        out.append("\n");
        ++done;
      }
    }
    return {done, false};
  }

 private:
  const std::string& suffix_;  // owned by the factory, which outlives every session
};

SessionFactory make_sessions(const ServerProtocolOptions& options) {
  const auto suffix = std::make_shared<const std::string>(options.suffix);
  return [suffix] { return std::make_unique<UpperSession>(*suffix); };
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  const Payload payload = options.suffix.empty() ? make_payload(options) : make_line_payload(options);
  std::string reply = to_upper(payload.text);
  if (!options.suffix.empty()) {
    reply.insert(reply.size() - 1, options.suffix);
  }
  return std::make_unique<TemplateClient>(
      payload, TemplateClient::Reply{.text = std::move(reply), .stamp = payload.stamp, .upper_case = true});
}

constexpr ServerOption kServerOptions[] = {
    {.name = "suffix",
     .place = &ServerProtocolOptions::suffix,
     .help = "text appended to every line",
     .max = kMaxReplyText},
};

}  // namespace

extern const Protocol kUpper{.name = "upper",
                             .summary = "returns bytes in upper case; appends --suffix to every line",
                             .make_sessions = make_sessions,
                             .make_client = make_client,
                             .server_options = kServerOptions,
                             .client_options = "payload-bytes payload suffix"};

}  // namespace fanin::protocols
