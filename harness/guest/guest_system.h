#pragma once

#include <map>
#include <string>

namespace fanin::guest {

// What an init does for the system. Each throws std::system_error naming what it could not do.

// /dev, with the console as standard streams, /proc, /sys and /tmp; the loopback interface; the limit of descriptors.
void prepare_system();
// Writes below /proc/sys; names have dots.
void set_sysctls(const std::map<std::string, std::string>& values);
// Ends QEMU. Does not return.
[[noreturn]] void power_off();

// The whole of a file; empty where it cannot be read.
std::string read_whole(const std::string& path);

}  // namespace fanin::guest
