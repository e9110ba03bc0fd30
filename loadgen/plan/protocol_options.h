#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/plan/make_plan.h"
#include "loadgen/plan/options.h"
#include "protocols/options.h"
#include "protocols/registry.h"

namespace fanin::load {

// The functions below throw std::invalid_argument as make_plan() does.

// Takes \r \n \t \0 \\ \" \' and \xNN as C does.
std::string unescape(std::string_view text);

// Whether it is a header that names the Host.
bool is_host_header(const GivenOption& option);

// What options of the protocol, in their order, tell its client's half in a run with these other options.
ClientProtocolOptions client_options(const Protocol& protocol, const std::vector<GivenOption>& given,
                                     const LoadOptions& options);

// Puts the protocol and its options into a plan whose driver is known.
void set_protocol(const LoadOptions& options, LoadPlan& plan);

// Puts the classes of --mix into the plan.
void set_mix(const LoadOptions& options, const Protocol& protocol, LoadPlan& plan);

// The body files that a class of --mix names.
std::vector<std::string> list_body_files(const std::string& mix);

}  // namespace fanin::load
