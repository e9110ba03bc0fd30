#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/plan/options.h"
#include "loadgen/plan/plan.h"
#include "protocols/registry.h"

namespace fanin::load {

// Makes plans from options. Each function throws std::invalid_argument with one line that says what is wrong and what
// to do.

// Checks everything that can be checked without touching the machine, and fills in the defaults. The driver `auto` is
// taken for one with event loops until choose_driver() has looked at the machine.
LoadPlan make_plan(const LoadOptions& options);

// The plans of `--target A --target B --interleave D`: one for each target, alike but for target, server and place in
// the order. `prepare` makes a plan of options with one target.
std::vector<LoadPlan> make_slice_plans(const LoadOptions& options,
                                       const std::function<LoadPlan(const LoadOptions&)>& prepare);

// The same options with a target of the form http://HOST:PORT/PATH taken apart into HOST:PORT, protocol http, --path
// and, unless a header names the Host, --host; all others come back as they are. Refuses a URL that is none or that
// asks for what is not there (TLS, a user's name), and where another option contradicts it.
LoadOptions without_url(LoadOptions options);

// Refuses an address on another machine.
void refuse_remote(const net::Address& address);

// The parts of make_plan() that say when requests are sent, and for how long. Driver, connections and protocol of the
// plan must have been set.
void set_loop(const LoadOptions& options, LoadPlan& plan);
void set_times(const LoadOptions& options, LoadPlan& plan);

// Takes \r \n \t \0 \\ \" \' and \xNN as C does.
std::string unescape(std::string_view text);

// Whether the option is a header that names the Host.
bool is_host_header(const GivenOption& option);

// The options for the protocol's client half, from those of the protocol in their order and the other options.
protocols::ClientProtocolOptions client_options(const protocols::Protocol& protocol,
                                                const std::vector<GivenOption>& given, const LoadOptions& options);

// Puts the protocol and its options into a plan whose driver is known.
void set_protocol(const LoadOptions& options, LoadPlan& plan);

// Puts the classes of --mix into the plan.
void set_mix(const LoadOptions& options, const protocols::Protocol& protocol, LoadPlan& plan);

// The body files that a class of --mix names.
std::vector<std::string> list_body_files(const std::string& mix);

}  // namespace fanin::load
