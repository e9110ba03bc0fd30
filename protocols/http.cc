// http: files below --root over HTTP/1.1.
#include <fmt/format.h>

#include <stdexcept>

#include "protocols/http_client.h"
#include "protocols/http_files.h"
#include "protocols/http_session.h"
#include "protocols/options.h"
#include "protocols/registry.h"

namespace fanin {
namespace {

SessionFactory make_sessions(const ServerProtocolOptions& options) {
  if (options.root.empty()) {
    throw std::invalid_argument("protocol http needs --root: name the directory that holds the files");
  }
  const auto files = std::make_shared<HttpFiles>(options.root);
  return [files] { return std::make_unique<HttpSession>(*files); };
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  return std::make_unique<HttpClient>(options);
}

}  // namespace

extern const Protocol kHttp{
    .name = "http",
    .summary = "HTTP/1.1: files below a directory (--root)",
    .make_sessions = make_sessions,
    .make_client = make_client,
    .server_options = "root",
    .client_options = "path host method header body body-file expect-status expect-body expect-body-pattern"};

}  // namespace fanin
