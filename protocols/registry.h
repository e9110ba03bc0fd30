#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocols/client_protocol.h"
#include "protocols/server_session.h"

namespace fanin::protocols {

struct ClientProtocolOptions;
struct ServerProtocolOptions;
struct ServerOption;

// A row of the protocol table. A factory is null if the protocol has no such half.
struct Protocol {
  std::string_view name;
  std::string_view summary;
  SessionFactory (*make_sessions)(const ServerProtocolOptions&);
  std::unique_ptr<ClientProtocol> (*make_client)(const ClientProtocolOptions&);
  // Sessions share state: models that put connections into different processes cannot serve it.
  bool needs_shared_memory = false;
  // Options of the halves; others are refused. Those of the client half are names, separated by spaces: rows of the
  // generator's option table.
  std::span<const ServerOption> server_options{};
  std::string_view client_options{};
};

// Their names, separated by spaces.
std::string list_names(std::span<const ServerOption> options);

// Whether `option`, without dashes, is one of `taken`.
bool is_taken(std::string_view taken, std::string_view option);

// Throws std::invalid_argument naming the first of `given` (option names without dashes) that is not one of `taken`
// (separated by spaces). `owner` names the subject of the message: "protocol 'echo'".
void refuse_other_options(std::string_view owner, std::string_view taken, std::span<const std::string> given);

std::span<const Protocol> registry();

// The half of a protocol to find.
enum class Half { kEither, kServers };

// Throws std::invalid_argument that lists the known names with such a half.
const Protocol& find_protocol(std::string_view name, Half half = Half::kEither);

}  // namespace fanin::protocols
