#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/claims/claims_run.h"
#include "harness/claims/unit_record.h"
#include "harness/json/json_reader.h"
#include "harness/rounds/run_directory.h"

namespace fanin::harness {

// A claim file, or, of an interrupted run, the document that was read from it.
struct ClaimFile {
  std::string path;
  Json document;  // null: to be read
};

// What a run was asked for: the file plan.json of its directory, so that --resume measures the same.
struct ClaimsPlan {
  std::vector<ClaimFile> files;
  Json settings;

  // Sets what an interrupted run had: its id, start, seed, budget and looks.
  void restore(ClaimsRun& run) const;
};

// The directory of a run of claims: plan.json, units.jsonl, claims.json. Owns its lock. One thread.
class ClaimsStore {
 public:
  // Throws std::system_error if the directory cannot be written, std::invalid_argument if it holds a run.
  static ClaimsStore create(const std::string& directory, const ClaimsRun& run);
  // Throws std::invalid_argument if it holds none, or one that is complete.
  static ClaimsStore open(const std::string& directory);

  const std::string& directory() const noexcept { return directory_; }
  const ClaimsPlan& plan() const noexcept { return plan_; }
  std::string units_path() const { return directory_ + "/units.jsonl"; }
  std::string result_path() const { return directory_ + "/claims.json"; }
  // The finished units by case.
  std::map<std::string, std::vector<UnitRecord>> recover() const;

 private:
  explicit ClaimsStore(std::string directory) : directory_(std::move(directory)), lock_(directory_) {}

  std::string directory_;
  RunLock lock_;
  ClaimsPlan plan_;
};

}  // namespace fanin::harness
