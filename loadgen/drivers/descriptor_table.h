#pragma once

namespace fanin::load {

// Gives the calling thread a private copy of the descriptor table (unshare(CLONE_FILES)). Only this thread can use and
// close what it opens from then on, and RLIMIT_NOFILE applies to it alone. An unshared table also spares the kernel the
// reference counting of files, 1 to 2 % of a request's CPU time. Returns false if the kernel or a sandbox forbids it;
// the table then stays shared.
bool take_own_descriptor_table() noexcept;

// Whether threads of this process can have tables of their own.
bool descriptor_tables_can_be_split();

}  // namespace fanin::load
