// fanin-ledger.so: passes what QEMU's plugin interface reports to the Ledger.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/options.h"
#include "ledger/qemu_plugin.h"

namespace fanin::ledger {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::invalid_argument(path.string() + ": cannot be read: " + std::strerror(errno));
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

// `make` takes the content of the file; what it throws is about the file.
template <typename Make>
auto parse_file(const std::filesystem::path& path, const Make& make) {
  const std::string content = read_file(path);
  try {
    return make(content);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(path.string() + ": " + error.what());
  }
}

ProgramText read_program(const std::filesystem::path& path) {
  return parse_file(path, [](const std::string& content) {
    return ProgramText(std::vector<std::uint8_t>(content.begin(), content.end()));
  });
}

// The number of instructions that the guest has executed, incremented by the translated code.
class InstructionCounter {
 public:
  static bool has_version_3() noexcept { return qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu != nullptr; }

  InstructionCounter() {
    if (has_version_3()) {
      score_ = qemu_plugin_scoreboard_new(sizeof(std::uint64_t));
    }
  }
  // Makes the translation of an instruction increment the number.
  void count(qemu_plugin_insn* instruction) {
    if (has_version_3()) {
      qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(instruction, QEMU_PLUGIN_INLINE_ADD_U64, {score_, 0}, 1);
      value_ = static_cast<const std::uint64_t*>(qemu_plugin_scoreboard_find(score_, 0));
    } else {
      qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64, &own_value_, 1);
    }
  }
  std::uint64_t value() const noexcept { return *value_; }

 private:
  std::uint64_t own_value_ = 0;
  const std::uint64_t* value_ = &own_value_;
  qemu_plugin_scoreboard* score_ = nullptr;
};

// What a plugin keeps between callbacks. QEMU calls them one at a time, since the guest has one CPU.
struct Plugin {
  explicit Plugin(const Options& options)
      : out_path(options.out),
        out(options.out),
        functions(parse_file(options.symbols,
                             [](const std::string& text) { return std::make_unique<KernelFunctions>(text); })),
        programs(read_program(options.server), read_program(options.generator)),
        ledger(options.skip, options.count, out) {
    if (!out) {
      throw std::invalid_argument(options.out.string() + ": cannot be written: " + std::strerror(errno));
    }
  }

  std::filesystem::path out_path;
  std::ofstream out;
  std::unique_ptr<KernelFunctions> functions;
  Programs programs;
  std::deque<Block> blocks;  // QEMU keeps pointers to them, for as long as it may execute them
  Ledger ledger;
  InstructionCounter executed;
};

Plugin* plugin = nullptr;  // from installation to exit, which no destructor of this library may precede

void on_block(unsigned /*cpu*/, void* block) {
  plugin->ledger.enter(*static_cast<const Block*>(block), plugin->executed.value());
}

void on_marker(unsigned /*cpu*/, void* marker) {
  plugin->ledger.mark(static_cast<Marker>(reinterpret_cast<std::uintptr_t>(marker)), plugin->executed.value());
}

void on_stack_switch(unsigned /*cpu*/, qemu_plugin_meminfo_t /*info*/, std::uint64_t address, void* offset) {
  plugin->ledger.switch_to(address - reinterpret_cast<std::uintptr_t>(offset), plugin->executed.value());
}

// The bytes of an instruction, in the buffer or in QEMU's own memory.
std::span<const std::uint8_t> read_bytes(const qemu_plugin_insn* instruction, std::array<std::uint8_t, 16>& buffer) {
  const std::size_t size = std::min(qemu_plugin_insn_size(instruction), buffer.size());
  const std::uintptr_t result = qemu_plugin_insn_data(instruction, buffer.data(), size);
  return {InstructionCounter::has_version_3() ? buffer.data() : reinterpret_cast<const std::uint8_t*>(result), size};
}

// Returns the instructions, with their bytes in the buffers.
std::vector<Instruction> read_instructions(const qemu_plugin_tb* tb,
                                           std::vector<std::array<std::uint8_t, 16>>& buffers) {
  std::vector<Instruction> instructions;
  buffers.resize(qemu_plugin_tb_n_insns(tb));
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const qemu_plugin_insn* const each = qemu_plugin_tb_get_insn(tb, i);
    instructions.push_back({qemu_plugin_insn_vaddr(each), read_bytes(each, buffers[i])});
  }
  return instructions;
}

void on_translation(qemu_plugin_id_t /*id*/, qemu_plugin_tb* tb) {
  std::vector<std::array<std::uint8_t, 16>> buffers;
  const std::vector<Instruction> instructions = read_instructions(tb, buffers);
  const Translation translation = translate(instructions, *plugin->functions, plugin->programs);
  // Callbacks come before the count of their instruction: always in version 1, in order of registration in version 3.
  for (const auto& [index, marker] : translation.markers) {
    qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, index), on_marker, QEMU_PLUGIN_CB_NO_REGS,
                                           reinterpret_cast<void*>(static_cast<std::uintptr_t>(marker)));
  }
  for (std::size_t i = 0; i < instructions.size(); ++i) {
    plugin->executed.count(qemu_plugin_tb_get_insn(tb, i));
  }
  if (translation.stack_switch) {
    const auto offset = static_cast<std::uintptr_t>(translation.stack_switch->offset);
    qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, translation.stack_switch->index), on_stack_switch,
                                     QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, reinterpret_cast<void*>(offset));
  }
  qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS,
                                       &plugin->blocks.emplace_back(translation.block));
}

void on_exit(qemu_plugin_id_t /*id*/, void* /*unused*/) {
  plugin->ledger.finish(plugin->executed.value());
  if (!plugin->out) {
    std::fprintf(stderr, "fanin-ledger: %s: cannot be written: is the disk full?\n", plugin->out_path.c_str());
  }
}

void install(qemu_plugin_id_t id, const qemu_info_t& info, std::span<char* const> arguments) {
  if (!info.system_emulation || std::string_view(info.target_name) != "x86_64" || info.system.max_vcpus != 1) {
    throw std::invalid_argument("the ledger needs qemu-system-x86_64 with -smp 1");
  }
  const std::vector<std::string_view> texts(arguments.begin(), arguments.end());
  plugin = new Plugin(parse_options(texts));
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_atexit_cb(id, on_exit, nullptr);
}

}  // namespace

extern "C" {

// QEMU looks for it after this initialisation.
[[gnu::visibility("default")]] int qemu_plugin_version = InstructionCounter::has_version_3() ? 3 : 1;

[[gnu::visibility("default")]] int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc,
                                                       char** argv) {
  try {
    install(id, *info, {argv, static_cast<std::size_t>(argc)});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fanin-ledger: %s\n", error.what());
    return 1;
  }
}

}  // extern "C"

}  // namespace fanin::ledger
