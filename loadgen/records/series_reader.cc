#include "loadgen/records/series_reader.h"

#include <algorithm>

namespace fanin::load {

std::optional<SecondOfAll> SeriesReader::next() {
  std::vector<const Second*> parts(recorders_.size());
  bool any = false;
  bool all_finished = true;
  for (std::size_t i = 0; i < recorders_.size(); ++i) {
    const bool finished = recorders_[i]->finished();  // asked first: it adds nothing after that
    parts[i] = read_[i] != nullptr ? read_[i]->next() : recorders_[i]->seconds().first();
    if (parts[i] == nullptr && !finished) {
      return std::nullopt;
    }
    all_finished &= finished;
    any |= parts[i] != nullptr;
  }
  if (!any) {
    return std::nullopt;
  }
  SecondOfAll sum{.number = number_++, .all_finished = all_finished};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == nullptr) {
      continue;
    }
    read_[i] = parts[i];
    sum.completed += parts[i]->completed;
    sum.failed += parts[i]->failed;
    if (all_finished && parts[i]->next() == nullptr) {
      sum.late += recorders_[i]->completed_late();
    }
    sum.max = std::max(sum.max, parts[i]->max);
    for (const SecondBucket& bucket : parts[i]->buckets) {
      sum.responses.add_bucket(bucket.index, bucket.count);
    }
  }
  sum.responses.record_uncompleted(sum.failed);
  return sum;
}

}  // namespace fanin::load
