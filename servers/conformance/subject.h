#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "protocols/registry.h"
#include "servers/conformance/catalog.h"
#include "servers/conformance/protocol_setup.h"

namespace fanin::conformance {

// What one case is run against: a model serving a protocol. A value; the protocol's row lives as long as the program.
struct Subject {
  std::string server_program;
  ModelTraits model;
  const Protocol* protocol = nullptr;
  ProtocolSetup setup;
  bool quick = false;  // the subset before a timing: short forms
  // Cases about the model alone run with one protocol only, this one.
  bool home_protocol = false;
  bool several_ports = false;  // the server program knows --listen

  // Of the size asked for, as far as the protocol allows it.
  std::unique_ptr<ClientProtocol> client_half(std::size_t payload_bytes = 64) const {
    ClientProtocolOptions options = setup.client_options;
    options.payload_bytes = std::clamp(payload_bytes, setup.shortest_payload, setup.longest_payload);
    return protocol->make_client(options);
  }
  // Of `wanted` connections, how many the model serves at the same time.
  std::size_t at_once(std::size_t wanted) const { return std::min(wanted, model.concurrency.value_or(wanted)); }
};

}  // namespace fanin::conformance
