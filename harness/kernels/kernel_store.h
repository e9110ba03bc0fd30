#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/kernels/kernel_request.h"

namespace fanin::harness {

// What a program that ran to its end has left.
struct ToolResult {
  int code = 0;
  std::string out;
  std::string last_error;  // its last line on standard error that says why it failed
};

// Of what a program wrote to standard error: the last line, or the one that a full disk explains, since the last one
// may only say that a part of the program failed.
std::string find_error(const std::string& text);

// Runs a program in a directory. Throws std::invalid_argument if it is not installed or does not end.
using RunTool = std::function<ToolResult(const std::vector<std::string>& argv, const std::string& directory)>;
ToolResult run_tool(const std::vector<std::string>& argv, const std::string& directory);

// A kernel that is there to boot.
struct Kernel {
  std::string request;  // as --kernel has it
  std::string release;  // uname -r
  std::string version;  // of Debian's package; empty: a file
  std::string image;    // path of the bzImage
  std::string image_sha256;
  std::string config;  // the text of /boot/config-RELEASE; empty: unknown
};

// An image that apt offers.
struct KernelOffer {
  std::string package;
  std::string release;
  std::string version;
  bool is_signed = true;
};

// The cloud images for amd64 in the output of `apt-cache madison`; other lines are passed over.
std::vector<KernelOffer> parse_offers(const std::string& madison);

// The offer that a request means: the newest, and of equal ones the signed. Null: none.
const KernelOffer* choose_offer(const std::vector<KernelOffer>& offers, const KernelRequest& request);

// Where kernels are kept: XDG_CACHE_HOME, else ~/.cache. Throws std::invalid_argument if neither is known.
std::filesystem::path kernel_cache_directory();

// Kernel images of Debian's packages, unpacked below a directory without installing them and without root. Mirrors drop
// old point releases, so an image stays here. One thread; several processes may share the directory, since an image
// arrives by rename().
class KernelStore {
 public:
  explicit KernelStore(std::filesystem::path directory, RunTool run = run_tool);

  // Downloads what is missing. Throws std::invalid_argument with one line: no such kernel, no download, a damaged
  // image.
  Kernel find(const KernelRequest& request) const;
  // The newest image that is here, as --kernel names it: "debian:=6.12.117-1". Nothing: there is none.
  std::optional<std::string> find_newest_cached() const;

 private:
  struct Cached {
    std::filesystem::path directory;
    std::string package, release, version, image_sha256;
  };

  Kernel find_packaged(const KernelRequest& request) const;
  std::vector<Cached> list_cached() const;
  std::vector<KernelOffer> list_offers() const;
  Cached download(const KernelOffer& offer, const KernelRequest& request) const;
  Kernel open(const Cached& cached, const KernelRequest& request) const;

  std::filesystem::path directory_;
  RunTool run_;
};

}  // namespace fanin::harness
