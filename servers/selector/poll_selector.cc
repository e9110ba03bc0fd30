#include <poll.h>

#include <vector>

#include "servers/counters.h"
#include "servers/descriptor_table.h"
#include "servers/selector/selector.h"

namespace fanin::server {
namespace {

class PollSelector : public Selector {
 public:
  bool add(int fd, Interest interest, ReadyHandler& handler) override {
    registered_[fd] = {&handler, entries_.size()};
    entries_.push_back({fd, to_events(interest), 0});
    return true;
  }
  void change(int fd, Interest interest) override { find_entry(fd).events = to_events(interest); }
  void remove(int fd) override {
    find_entry(fd).fd = -1;  // removed at the end of the round
    gaps_ = true;
  }

  void wait(int timeout_ms) override {
    int ready = ::poll(entries_.data(), entries_.size(), timeout_ms);
    count_wait(ready);
    for (std::size_t i = 0; i < entries_.size() && ready > 0; ++i) {
      if (entries_[i].fd >= 0 && entries_[i].revents != 0) {
        --ready;
        registered_[entries_[i].fd].handler->on_ready();
      }
    }
    if (gaps_) {
      fill_gaps();
    }
  }

 private:
  struct Registered {
    ReadyHandler* handler = nullptr;
    std::size_t place = 0;  // among the entries
  };

  static short to_events(Interest interest) { return interest == Interest::kWrite ? POLLOUT : POLLIN; }
  pollfd& find_entry(int fd) { return entries_[registered_[fd].place]; }

  void fill_gaps() {
    for (std::size_t i = 0; i < entries_.size();) {
      if (entries_[i].fd >= 0) {
        ++i;
        continue;
      }
      entries_[i] = entries_.back();
      entries_.pop_back();
      if (i < entries_.size() && entries_[i].fd >= 0) {
        registered_[entries_[i].fd].place = i;
      }
    }
    gaps_ = false;
  }

  std::vector<pollfd> entries_;
  DescriptorTable<Registered> registered_;
  bool gaps_ = false;
};

bool available() { return ::poll(nullptr, 0, 0) == 0; }
std::unique_ptr<Selector> make() { return std::make_unique<PollSelector>(); }

}  // namespace

const SelectorMechanism kPollMechanism{"poll", available, make};

}  // namespace fanin::server
