#pragma once

#include <string>

namespace fanin::harness {

// A kernel as --kernel names it.
struct KernelRequest {
  enum class Kind {
    kSeries,  // debian:6.12, the newest cloud image of the series
    kPinned,  // debian:=6.12.117+deb12, one release or package version
    kFile,    // a path of an image
  } kind;
  std::string text;   // as given
  std::string value;  // "6.12", "6.12.117+deb12", the path
};

// Throws std::invalid_argument that names the option and the forms.
KernelRequest parse_kernel_request(const std::string& text);

// Whether a release or a package version belongs to a series: "6.1.0-57-cloud-amd64" to "6.1", not to "6.12".
bool is_of_series(const std::string& version, const std::string& series);

// The order of Debian's package versions, as `dpkg --compare-versions` has it for versions without an epoch: negative,
// 0 or positive.
int compare_versions(const std::string& a, const std::string& b);

}  // namespace fanin::harness
