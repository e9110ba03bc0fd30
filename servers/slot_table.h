#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace fanin::server {

// Names a slot of a SlotTable and its current item. A reused slot has a new generation, so a late event for the old
// item never reaches the new one.
struct SlotId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;  // 24 bits
};

// Items indexed in constant time, in reused slots. Owns them; one thread. Growth moves the items: insert() invalidates
// references, and addresses known to the kernel must be outside of the items.
template <typename Thing>
class SlotTable {
 public:
  SlotId insert(Thing thing) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(places_.size()));
      places_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    places_[index].thing.emplace(std::move(thing));
    return {index, places_[index].generation};
  }

  // Null if the item is gone.
  Thing* find(SlotId id) noexcept {
    if (id.index >= places_.size() || places_[id.index].generation != id.generation || !places_[id.index].thing) {
      return nullptr;
    }
    return &*places_[id.index].thing;
  }

  void erase(SlotId id) {
    Place& place = places_[id.index];
    place.thing.reset();
    place.generation = (place.generation + 1) & 0xff'ffff;
    free_.push_back(id.index);
  }

  std::size_t size() const noexcept { return places_.size() - free_.size(); }

  template <typename Visit>
  void for_each(Visit visit) {
    for (Place& place : places_) {
      if (place.thing) {
        visit(*place.thing);
      }
    }
  }

 private:
  struct Place {
    std::optional<Thing> thing;
    std::uint32_t generation = 0;
  };
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace fanin::server
