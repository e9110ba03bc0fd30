#pragma once

#include <string>
#include <string_view>

namespace fanin::harness {

// The release of a kernel, such as "6.12.117+deb12-cloud-amd64", from the first bytes of its bzImage (the boot
// protocol, Documentation/arch/x86/boot.rst). Throws std::invalid_argument "FILE: what it is instead: what to do".
std::string parse_kernel_release(std::string_view image, const std::string& file);

// The same for a file.
std::string read_kernel_release(const std::string& file);

}  // namespace fanin::harness
