#include "servers/replicas.h"

#include "servers/worker_processes.h"

namespace fanin::server {

Replicas::Replicas(const ServerModel& model, Server& first) : model_(model), first_(first) {
  const auto count = static_cast<std::size_t>(first.options().model.processes);
  others_.reserve(count - 1);
  while (others_.size() + 1 < count) {
    others_.push_back(first.replica());
  }
  if (first.options().model.steer == "source-ip" && count > 1) {
    for (const Listener& listener : first.listeners()) {
      if (const Address address = listener.address(); !address.is_unix()) {
        steer_by_source_ip(listener.fd(), address.family(), static_cast<unsigned>(count));
      }
    }
  }
}

void Replicas::run() {
  if (others_.empty()) {
    model_.run(first_);
    return;
  }
  WorkerProcesses processes(static_cast<int>(others_.size()) + 1, [this](int number) {
    model_.run(number == 0 ? first_ : others_[static_cast<std::size_t>(number) - 1]);
  });
  while (processes.wait()) {
  }
}

}  // namespace fanin::server
