#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "protocols/registry.h"
#include "servers/conformance/catalog.h"
#include "servers/conformance/protocol_setup.h"

namespace fanin::conformance {

// A model serving a protocol, the target of a case. A value; the protocol's row lives as long as the program.
struct Target {
  std::string server_program;
  ModelTraits model;
  const Protocol* protocol = nullptr;
  ProtocolSetup setup;
  bool quick = false;  // the subset before a measurement: short forms
  // Cases about the model alone run only with its first selected protocol.
  bool default_protocol = false;
  bool several_ports = false;  // the server program knows --listen

  // A client with this payload size, within the limits of the protocol.
  std::unique_ptr<ClientProtocol> client_half(std::size_t payload_bytes = 64) const {
    ClientProtocolOptions options = setup.client_options;
    options.payload_bytes = std::clamp(payload_bytes, setup.shortest_payload, setup.longest_payload);
    return protocol->make_client(options);
  }
  // The number of `wanted` connections that the model serves at the same time.
  std::size_t at_once(std::size_t wanted) const { return std::min(wanted, model.concurrency.value_or(wanted)); }
};

}  // namespace fanin::conformance
