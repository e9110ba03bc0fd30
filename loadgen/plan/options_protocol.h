#pragma once

#include "loadgen/plan/options.h"
#include "protocols/options.h"
#include "protocols/registry.h"

namespace fanin::load {

// Reads a body file unless it has been read before. Throws std::invalid_argument as make_plan does.
void read_body_file(const std::string& path, BodyFiles& files);

// Whether it is a header that names the Host.
bool is_host_header(const GivenOption& option);

// What options of the protocol, in their order, tell its client's half in a run with these other options. Throws
// std::invalid_argument as make_plan does.
ClientProtocolOptions client_options(const Protocol& protocol, const std::vector<GivenOption>& given,
                                     const LoadOptions& options);

// Puts the protocol and its options into a plan whose driver is known. Throws std::invalid_argument as make_plan does.
void set_protocol(const LoadOptions& options, LoadPlan& plan);

}  // namespace fanin::load
