#include "protocols/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "net/affinity.h"
#include "servers/model.h"

namespace fanin::server {

// The row at the end of each file of models/.
extern const ServerModel kCoroutine, kEpoll, kEpollEt, kEpollEtNodrain, kEpollMod, kEpollOneshot, kFiber, kIoUring,
    kIoUringMultishot, kIterative, kMultiReactor, kNonblocking, kPoll, kPrefork, kPreforkEpoll, kProcess, kReactorPool,
    kSelect, kSelectLarge, kSelector, kSigio, kThread, kThreadPool, kWorkStealing;

#ifdef FANIN_TEMPLATE_MODEL
extern const ServerModel kTemplate;  // only in the program that the tests run
#endif

namespace {

std::vector<ServerModel> checked(std::vector<ServerModel> table) {
  std::set<std::string_view> names;
  for (const ServerModel& model : table) {
    if (model.name.empty() || model.summary.empty() || model.family.empty() || model.run == nullptr ||
        !names.insert(model.name).second) {
      throw std::logic_error(fmt::format("the model table has a broken row '{}'", model.name));
    }
  }
  return table;
}

}  // namespace

std::span<const ServerModel> models() {
  static const std::vector<ServerModel> table = checked({
      // One client at a time, and all clients in turn.
      kIterative,
      kNonblocking,
      // A process or a thread per connection, on demand or pre-forked.
      kProcess,
      kPrefork,
      kThread,
      kThreadPool,
      // One thread that asks the kernel which connections are ready.
      kSelect,
      kSelectLarge,
      kPoll,
      kEpoll,
      kEpollMod,
      kEpollEt,
      kEpollEtNodrain,
      kSelector,
      // Several such threads or processes.
      kEpollOneshot,
      kReactorPool,
      kMultiReactor,
      kPreforkEpoll,
      // Straight-line code over an event loop.
      kCoroutine,
      kFiber,
      kWorkStealing,
      // The kernel sends a message per change.
      kSigio,
      // The kernel does the I/O as well.
      kIoUring,
      kIoUringMultishot,
#ifdef FANIN_TEMPLATE_MODEL
      kTemplate,
#endif
  });
  return table;
}

namespace {

std::vector<std::string> words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  return {std::istream_iterator<std::string>(stream), {}};
}

bool holds(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

bool ServerModel::carries(const protocols::Protocol& protocol) const noexcept {
  return protocol.make_sessions != nullptr && (shares_memory || !protocol.needs_shared_memory);
}

void apply_model(const ServerModel& model, std::span<const std::string> given, ServerOptions& options) {
  protocols::refuse_other_options(fmt::format("model '{}'", model.name), model.takes, given);
  const std::vector<std::string> modes = words(model.accept_modes);
  if (options.model.accept.empty() && !modes.empty()) {
    options.model.accept = modes.front();
  } else if (!modes.empty() && !holds(modes, options.model.accept)) {
    throw std::invalid_argument(fmt::format("--accept {} is unknown to '{}': choose one of {}", options.model.accept,
                                            model.name, fmt::join(modes, ", ")));
  }
  if (options.model.workers == 0) {
    options.model.workers = workers_by_default(model);
  }
  if (options.model.processes > 1 && protocols::find_protocol(options.protocol).needs_shared_memory) {
    throw std::invalid_argument(
        fmt::format("protocol '{}' needs all connections in one process: leave --processes out", options.protocol));
  }
  if (!model.carries(protocols::find_protocol(options.protocol))) {
    throw std::invalid_argument(
        fmt::format("model '{}' cannot serve protocol '{}': choose another", model.name, options.protocol));
  }
}

int workers_by_default(const ServerModel& model) {
  return model.default_workers > 0 ? model.default_workers : static_cast<int>(net::allowed_cpus().size());
}

const ServerModel& find_model(std::string_view name) {
  std::vector<std::string_view> names;
  for (const ServerModel& model : models()) {
    if (model.name == name) {
      return model;
    }
    names.push_back(model.name);
  }
  throw std::invalid_argument(fmt::format("unknown model '{}': choose one of {}", name, fmt::join(names, ", ")));
}

}  // namespace fanin::server
