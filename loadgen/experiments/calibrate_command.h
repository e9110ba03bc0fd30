#pragma once

namespace fanin::load {

// `fanin-load calibrate [--cpus LIST] [--json FILE]`: what this machine lets the generator do. Returns the exit code.
// Throws what is wrong.
int calibrate(int argc, char** argv);

}  // namespace fanin::load
