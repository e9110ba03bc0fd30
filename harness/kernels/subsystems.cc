#include "harness/kernels/subsystems.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace fanin::harness {
namespace {

struct Group {
  std::string_view subsystem;
  const char* prefixes;  // separated by blanks
};

constexpr Group kGroups[] = {
    {"entry/exit",
     "entry_ do_syscall x64_sys_call syscall_ asm_ irqentry_ exit_to_user enter_from_user sysvec_ common_interrupt "
     "irq_ error_entry error_return sync_regs ret_from_fork do_softirq handle_softirqs raise_softirq invoke_softirq "
     "local_bh_ x86_return_thunk x86_indirect srso_ retbleed_ audit_ handle_edge_irq handle_fasteoi handle_irq apic_ "
     "native_apic io_apic ack_apic swapgs_ fpregs_assert task_work_ resume_user_mode rcu_irq ct_irq ct_nmi "
     "handle_level_irq generic_handle fixup_bad_iret paranoid_ rseq_ arch_exit_to_user amd_clear_divider early_xen "
     "run_ksoftirqd ksoftirqd_ blkcg_maybe_throttle blk_cgroup_congested"},
    {"epoll", "ep_ epoll_ eventpoll_ do_epoll_ reverse_path epi_"},
    {"poll/select",
     "poll poll_ do_poll do_sys_poll pollwait select do_select core_sys_select kern_select pselect do_pselect ppoll "
     "max_select_fd set_fd_set get_fd_set do_restart_poll"},
    {"io_uring", "io_ tctx_ iou_ uring_ handle_tw_list ctx_flush_and_put"},
    {"sockets/TCP",
     "sock_ socket sockfd_ tcp_ inet_ inet6_ ip_ ip4_ ipv4_ ip6_ skb_ alloc_skb kfree_skb build_skb consume_skb "
     "pskb_ napi_ net_ netif_ dev_ loopback_ eth_ sk_ lock_sock release_sock send recv accept do_accept listen bind "
     "connect getsockopt setsockopt do_sock getsockname getpeername shutdown move_addr csum_ neigh_ dst_ rt_ fib_ "
     "nf_ qdisc_ bictcp_ cubictcp_ validate_xmit process_backlog enqueue_to_backlog secure_ siphash simple_copy "
     "validate_linkmsg kernel_accept copy_msghdr ipv4 raw_local_deliver xps_ get_xps netdev_ rps_ get_rps skbuff "
     "mptcp_ bpf_skops unix_ scm_ put_cmsg lock_two_sock sk_stream_ udp_ icmp_ busy_poll copy_skb xfrm_"},
    {"file descriptors",
     "fget fput fdget fd_ file_ alloc_file alloc_fd alloc_empty_file close_fd close close_range filp_ get_unused_fd "
     "put_unused_fd vfs_ ksys_ new_sync_ rw_verify_area do_iter_ do_readv do_writev read write fsnotify dput d_ iput "
     "inode_ path_ path_init dentry_ lockref_ init_file get_file fcntl do_fcntl dup pipe_ eventfd_ anon_inode "
     "new_inode alloc_inode destroy_inode evict lookup_ link_path_walk do_filp_open do_sys_open do_dentry_open "
     "expand_files expand_fdtable kiocb_ mntput mntget simple_ signalfd timerfd_ splice_ sendfile do_sendfile "
     "generic_file generic_perm generic_delete inode_permission mnt_ touch_atime current_time"},
    {"memory",
     "kmem_ kmalloc kfree kvmalloc kvfree slab_ ksize alloc_pages get_page_from_freelist free_pages free_unref "
     "free_one_page rmqueue page_ folio_ handle_mm_fault do_user_addr_fault do_anonymous_page do_fault "
     "exc_page_fault handle_pte_fault lru_ mod_lruvec mod_node mod_memcg mem_cgroup memcg_ obj_cgroup get_obj_cgroup "
     "get_mem_cgroup mm_ mmap munmap do_mmap do_munmap mprotect vm_ vma_ mas_ mt_ mtree_ memset memcpy memmove "
     "memcmp copy_user copyin copyout rep_movs rep_stos copy_to_ copy_from_ copy_page clear_page clear_user iov_iter "
     "check_object_size check_heap_object check_stack_object put_page refill_obj_stock refill_stock drain_obj_stock "
     "drain_stock consume_obj_stock consume_stock try_charge uncharge_ charge_ get_user put_user tlb_ flush_tlb pte_ "
     "pmd_ pud_ zap_ unmap_ free_pgtables free_pgd unlink_ anon_vma find_vma lock_vma cgroup_throttle get_partial "
     "put_cpu_partial unfreeze_partials deactivate_slab setup_object memdup strndup_user bad_range get_pfnblock "
     "zone_watermark put_folio swap_ should_fail_alloc policy_node alloc_percpu free_percpu alloc_frozen rss_stat "
     "percpu_counter brk do_brk madvise do_madvise kasan_ count_memcg cgroup_rstat wp_page_copy do_wp_page import_ "
     "virt_addr lruvec_ lock_mm_and access_error check_new_pages check_new_page release_pages folios_ mod_zone "
     "pfn_pte set_pte native_set_p vmf_ is_vmalloc mksaveddirty add_mm_counter compound_head p4d_ pgd_ sync_mm_rss "
     "hugepage_vma cache_from_obj should_failslab cmpxchg_double_slab cond_accept_memory get_vma_policy list_lru_ "
     "filemap_ next_uptodate do_set_pte free_swap_cache lock_page_memcg unlock_page_memcg free_pcppages"},
    {"scheduler",
     "schedule sched_ pick_ enqueue_ dequeue_ update_curr update_load_avg update_rq_clock update_cfs "
     "update_min_vruntime update_deadline update_entity update_se update_sd place_entity put_prev_ set_next_ "
     "select_task_rq select_idle select_fallback try_to_wake_up ttwu_ wake_up wakeup_ wake_q wake_affine "
     "default_wake_function autoremove_wake_function woken_wake check_preempt resched_ finish_task_switch switch_to "
     "switch_mm prepare_task_switch psi_ cpuacct vruntime_ entity_ avg_vruntime cfs_ task_tick scheduler_tick "
     "switch_fpu save_fpregs restore_fpregs fpregs_ load_new_mm enter_lazy_tlb raw_spin_rq rq_ hrtick migrate_ "
     "newidle_balance balance_ load_balance nohz_ idle_ do_idle cpuidle_ default_idle cpu_startup_entry "
     "prepare_to_wait finish_wait add_wait_queue remove_wait_queue init_wait wait_woken wait_for_completion complete "
     "complete_all swake_ yield io_schedule native_load_tls load_fs_gs save_fsgs native_load_gs kthread_ smpboot_ "
     "activate_task deactivate_task task_h_load available_idle_cpu attach_entity detach_entity reweight_ "
     "calc_group_shares runnable_avg calc_global_load clear_buddies set_load_weight task_mm_cid mm_cid_ dl_ "
     "rt_mutex_setprio pelt_ accumulate_sum decay_load cpu_util effective_cpu sugov_ cpufreq_ restore_extra os_xsave "
     "x86_task_fpu cpu_cgroup finish_swait prepare_to_swait do_sched_yield put_prev_task balance_fair cond_resched "
     "task_rq_lock requeue_delayed check_spread check_cfs clear_delayed arch_scale_ calc_delta trigger_load "
     "task_numa switch_ldt cr4_update invalidate_user_asid record_times min_vruntime"},
    {"timers",
     "hrtimer_ timer_ mod_timer add_timer del_timer try_to_del_timer run_timer tick_ ktime_ clockevents_ clocksource "
     "read_tsc timekeeping_ tsc_ lapic_ hpet_ update_wall_time update_process_times timerqueue_ enqueue_hrtimer "
     "enqueue_timer calc_wheel detach_if_pending lock_timer_base get_nohz_timer set_normalized native_sched_clock "
     "schedule_hrtimeout schedule_timeout sched_clock internal_add_timer nanosleep do_nanosleep clock_ itimer "
     "local_clock remove_hrtimer call_timer_fn expire_timers collect_expired next_expiry itimer_ get_timespec "
     "account_process_tick account_system account_user update_vsyscall ntp_ second_overflow do_timer gettimeofday "
     "timespec64 update_fast_timekeeper get_next_timer process_timeout acpi_pm_ it_real_fn posix_cpu run_posix "
     "usecs_to_jiffies msecs_to_jiffies jiffies_ next_timer_interrupt tmigr_ read_hpet profile_tick profile_pc "
     "timespec64_"},
    {"locks/RCU",
     "raw_spin raw_read raw_write raw_callee spin_ read_lock read_unlock write_lock write_unlock rcu_ call_rcu srcu_ "
     "mutex_ down_ up_ down up rwsem_ queued_ native_queued pv_queued osq_ percpu_ref percpu_down percpu_up "
     "refcount_ futex_ do_futex futex get_futex preempt_ rt_mutex_ seqcount_ local_lock note_gp_changes kfree_rcu "
     "kvfree_call_rcu synchronize_ wait_rcu"},
    {"security",
     "security_ apparmor_ aa_ selinux_ avc_ cap_ capable ns_capable has_capability lsm_ ima_ evm_ ipe_ tomoyo_ "
     "landlock_ yama_ seccomp_ secure_computing bpf_lsm_ call_int_hook label_ profile_ lockdown_ begin_current_label "
     "hook_"},
    {"processes",
     "kernel_clone copy_process copy_mm copy_files copy_fs copy_signal copy_sighand copy_thread copy_creds "
     "copy_namespaces copy_pte copy_p4d copy_page_range dup_mm dup_task dup_fd dup_mmap do_exit do_group_exit exit_ "
     "release_task release_thread wait_task do_wait kernel_wait wait_consider child_wait eligible_child "
     "begin_new_exec exec_ do_execve load_elf signal_ do_signal get_signal send_signal complete_signal "
     "dequeue_signal collect_signal recalc_sigpending kill_ sigprocmask rt_sig handle_signal restore_sigcontext "
     "do_notify alloc_pid free_pid attach_pid detach_pid change_pid pid_ find_pid free_task put_task_struct "
     "delayed_put_task get_task_mm mmput mmdrop cgroup_fork cgroup_exit cgroup_post_fork cgroup_can_fork "
     "prepare_creds commit_creds put_cred override_creds revert_creds acct_ taskstats_ getpid clone fork vfork wait4 "
     "waitid exit tgkill proc_ ptrace_ uprobe_ perf_event_ delayacct_ mm_release free_signal flush_sig "
     "cleanup_sighand sched_post_fork sched_fork set_user_sigmask get_sigset put_pid perf_adjust"},
};

// Prefix -> subsystem, by the order of letters.
const std::map<std::string, std::string_view, std::less<>>& prefixes() {
  static const auto kPrefixes = [] {
    std::map<std::string, std::string_view, std::less<>> all;
    for (const Group& group : kGroups) {
      std::istringstream words(group.prefixes);
      for (std::string word; words >> word;) {
        all.emplace(word, group.subsystem);
      }
    }
    return all;
  }();
  return kPrefixes;
}

// The bodies of a system call: __x64_sys_read, __se_sys_read, __do_sys_read, __sys_recvfrom stand for what they name.
std::string_view without_system_call(std::string_view name) {
  for (const std::string_view prefix : {"x64_sys_", "se_sys_", "do_sys_", "ia32_sys_", "sys_"}) {
    if (name.starts_with(prefix)) {
      return name.substr(prefix.size());
    }
  }
  return name;
}

// Empty where no prefix fits.
std::string_view find_longest_prefix(std::string_view name) {
  for (std::size_t length = name.size(); length > 0; --length) {
    if (const auto found = prefixes().find(name.substr(0, length)); found != prefixes().end()) {
      return found->second;
    }
  }
  return {};
}

}  // namespace

std::string_view subsystem_of(std::string_view function) {
  const std::string_view name = function.substr(std::min(function.find_first_not_of('_'), function.size()));
  std::string_view found = find_longest_prefix(name);
  if (found.empty()) {
    found = find_longest_prefix(without_system_call(name));
  }
  return found.empty() ? kOtherSubsystem : found;
}

}  // namespace fanin::harness
