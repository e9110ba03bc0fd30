#pragma once

#include <cstddef>
#include <cstdint>

// The part of the interface of QEMU's TCG plugins that the ledger uses. Debian's packages of QEMU 7.2 ship no header;
// these are the declarations of QEMU's include/qemu/qemu-plugin.h. QEMU 4.2 to 8.x have version 1 of the interface, 9.1
// and later accept plugins of version 3; 9.0, with version 2, is not supported. Functions that only one of the two has
// are weak: they are null in the other.
namespace fanin::ledger {

extern "C" {

using qemu_plugin_id_t = std::uint64_t;
using qemu_plugin_meminfo_t = std::uint32_t;

struct qemu_info_t {
  const char* target_name;
  struct {
    int min;
    int cur;
  } version;
  bool system_emulation;
  union {
    struct {
      int smp_vcpus;
      int max_vcpus;
    } system;
  };
};

struct qemu_plugin_tb;    // a translation block
struct qemu_plugin_insn;  // one of its instructions
struct qemu_plugin_scoreboard;

struct qemu_plugin_u64 {
  qemu_plugin_scoreboard* score;
  std::size_t offset;
};

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_CB_R_REGS, QEMU_PLUGIN_CB_RW_REGS };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_MEM_RW };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

using qemu_plugin_udata_cb_t = void (*)(qemu_plugin_id_t id, void* userdata);
using qemu_plugin_vcpu_udata_cb_t = void (*)(unsigned vcpu_index, void* userdata);
using qemu_plugin_vcpu_tb_trans_cb_t = void (*)(qemu_plugin_id_t id, qemu_plugin_tb* tb);
using qemu_plugin_vcpu_mem_cb_t = void (*)(unsigned vcpu_index, qemu_plugin_meminfo_t info, std::uint64_t vaddr,
                                           void* userdata);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_tb_exec_cb(qemu_plugin_tb* tb, qemu_plugin_vcpu_udata_cb_t cb,
                                          qemu_plugin_cb_flags flags, void* userdata);
void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn* insn, qemu_plugin_vcpu_udata_cb_t cb,
                                            qemu_plugin_cb_flags flags, void* userdata);
// Version 1.
[[gnu::weak]] void qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_insn* insn, qemu_plugin_op op, void* counter,
                                                              std::uint64_t increment);
// Version 3: counters are elements of arrays with one for each CPU.
[[gnu::weak]] void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(qemu_plugin_insn* insn, qemu_plugin_op op,
                                                                       qemu_plugin_u64 counter,
                                                                       std::uint64_t increment);
[[gnu::weak]] qemu_plugin_scoreboard* qemu_plugin_scoreboard_new(std::size_t element_size);
[[gnu::weak]] void* qemu_plugin_scoreboard_find(qemu_plugin_scoreboard* score, unsigned vcpu_index);
void qemu_plugin_register_vcpu_mem_cb(qemu_plugin_insn* insn, qemu_plugin_vcpu_mem_cb_t cb, qemu_plugin_cb_flags flags,
                                      qemu_plugin_mem_rw rw, void* userdata);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void* userdata);

std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* tb);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb* tb, std::size_t index);
// Version 1 takes the first argument only and returns a pointer to the bytes of the instruction; the ABI allows more
// arguments. Version 3 copies the bytes to `dest` and returns their number.
std::uintptr_t qemu_plugin_insn_data(const qemu_plugin_insn* insn, void* dest, std::size_t size);
std::size_t qemu_plugin_insn_size(const qemu_plugin_insn* insn);
std::uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn* insn);

}  // extern "C"

}  // namespace fanin::ledger
